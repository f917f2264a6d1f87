from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.training.conftest import SIZE_PX
from tracker.bundled import load_bundled
from tracker.known_weights import resolve_weights
from training.film_boxes import ALL, CHARACTER, HEAD, agreed, head_of_face
from training.fine_tune import FineTuning, GappedLoss, Plan, still_samples, varied, with_heads
from training.touching import Figure, figures_of_stills, touching

BUNDLED = resolve_weights("bundled")


@pytest.fixture(scope="module")
def taught():
    return with_heads(BUNDLED)


def test_characters_stay_as_they_were_before_heads(taught):
    picture = torch.rand(1, 3, 96, 128)
    with torch.inference_mode():
        old, new = (m.eval()(picture)[0] for m in (load_bundled(BUNDLED), taught))
    if len(load_bundled(BUNDLED).names) == 1:
        torch.testing.assert_close(new[:, :5], old)
        assert float(new[:, 4 + HEAD].max()) < 0.1
    assert list(taught.names.values()) == ["character", "creature", "head"]


@pytest.mark.parametrize(("kind", "open_classes"), [(None, []), (HEAD, [HEAD]), (ALL, [0, 1, 2])])
def test_what_is_left_out_teaches_nothing(taught, kind, open_classes):
    taught.args = type("Gains", (), {"box": 7.5, "cls": 0.5, "dfl": 1.5})()
    taught.train()
    with torch.no_grad():
        preds = taught(torch.rand(1, 3, 64, 64))
    scores = preds["scores"].clone().requires_grad_()
    rows = [] if kind is None else [[0, 0, 0, 64, 64, kind]]
    batch = {
        "batch_idx": torch.zeros(0), "cls": torch.zeros(0), "bboxes": torch.zeros(0, 4),
        "left_out": torch.tensor(rows, dtype=torch.float32).reshape(-1, 6),
    }  # fmt: skip
    GappedLoss(taught).of({**preds, "scores": scores}, batch).backward()
    pulls = scores.grad.abs().sum(dim=(0, 2))
    assert [k for k in range(3) if pulls[k] == 0] == open_classes


@pytest.mark.parametrize(
    ("boxes", "kept", "opened"),
    [
        ([], 0, 0),
        ([[10, 10, 60, 90, CHARACTER]], 1, 0),
        ([[10, 10, 15, 90, CHARACTER]], 0, 1),  # too narrow to be learnt, too wide to be denied
    ],
)
def test_a_picture_is_fitted_with_its_boxes(boxes, kept, opened):
    bgr = np.zeros((SIZE_PX[1], SIZE_PX[0], 3), np.uint8)
    table = np.array(boxes, np.float32).reshape(-1, 5)
    out, one, two = varied(bgr, table, table[:0], (128, 128), None)
    assert out.shape == (128, 128, 3)
    assert (len(one), len(two)) == (kept, opened)
    if kept:
        assert one[0].tolist() == [10, 26, 60, 106, CHARACTER]  # 16 px of padding above


def test_people_who_touch_are_boxed_each(stills):
    figures = figures_of_stills(stills)
    assert figures
    assert all(f.head is not None for f in figures)
    rng = np.random.default_rng(3)
    most = 0
    for _ in range(12):
        bgr, wanted, left_out = touching(figures, [np.zeros((90, 160, 3), np.uint8)], rng)
        height, width = bgr.shape[:2]
        for x1, y1, x2, y2, _ in wanted + left_out:
            assert 0 <= x1 < x2 <= width
            assert 0 <= y1 < y2 <= height
        most = max(most, sum(row[4] == CHARACTER for row in wanted))
    assert most >= 2


def test_who_is_hidden_is_neither_asked_for_nor_denied():
    full = Figure(
        np.full((60, 30, 3), 200, np.uint8), np.ones((60, 30), np.float32), (5, 0, 25, 20)
    )
    from training.touching import Canvas

    canvas = Canvas(np.zeros((80, 80, 3), np.uint8))
    canvas.paste(full, 10, 10)
    canvas.paste(full, 14, 10)  # hides all but a strip of the first
    wanted, left_out = canvas.labels()
    assert [row for row in wanted if row[4] == CHARACTER] == [[14.0, 10.0, 44.0, 70.0, CHARACTER]]
    assert [10.0, 10.0, 14.0, 70.0, ALL] in left_out


def test_heads_are_larger_than_faces_and_twins_are_averaged():
    assert head_of_face(np.zeros((0, 4), np.float32)).shape == (0, 4)
    box = np.array([[0, 0, 10, 10]], np.float32)
    place, score = agreed(box, np.array([0.8], np.float32), box[:0], np.zeros(0, np.float32))
    assert place.tolist() == box.tolist()
    assert score.tolist() == pytest.approx([0.4])


def test_a_short_run_leaves_a_network_that_opens(stills, tmp_path: Path):
    samples = still_samples(stills)
    assert {int(k) for s in samples for k in s.boxes[:, 4]} == {CHARACTER, HEAD}
    assert cv2.imread(str(samples[0].path)) is not None
    plan = Plan(minutes=1e-6, size_px=(96, 64), batch=2, composed=0.0)
    model = with_heads(BUNDLED)
    run = FineTuning(model, samples, [], [], tmp_path, plan)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    run._step()
    moved = [k for k, v in model.state_dict().items() if not torch.equal(v, before[k])]
    assert any(".cv3." in key for key in moved)
    assert not any(key.startswith("model.0.m.0.") for key in moved)
    assert len(load_bundled(run.run()).names) == 3
