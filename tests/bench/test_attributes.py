"""What is compared with what when one attribute changes, and how often it is told."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="the studio extra is not installed")

from bench.attribute_pictures import Pictured
from bench.attributes import FACE, FACE_TURNED, Shrunk, pairs_of, rate, scorers
from identity.appearance.open_embedder import open_embedder


def _row(view: str, worn: str = "", person: str = "ann", framing: str = "head") -> Pictured:
    file = f"{person}/{framing}_{view}_{worn or 'plain'}.jpg"
    return Pictured(person, framing, view, worn, file, [10, 20, 60, 180], [20, 20, 40, 60], 0.0)  # type: ignore[arg-type]


def _both(*views: str, **more: str) -> list[Pictured]:
    return [_row(view, worn, **more) for view in views for worn in ("", "glasses")]


@pytest.mark.parametrize(
    ("rows", "across", "count"),
    [
        ([], False, 0),
        ([_row("near0")], False, 0),
        ([_row("near0"), _row("near1")], False, 0),  # nobody changes: nothing to tell
        ([*_both("near0"), _row("near1")], False, 0),  # one twin could not be rendered
        (_both("near0", "near1"), False, 4),
        (_both("near0", "near1", "near2"), False, 12),
        ([*_both("near0"), _row("far0")], True, 2),
        ([*_both("near0"), _row("far0"), _row("far1")], True, 4),
        (_both("near0", "near1", framing="figure"), False, 0),  # glasses are looked for in heads
        ([*_both("near0"), *_both("near1", person="ben")], False, 0),  # never two people
    ],
)  # fmt: skip
def test_every_pair_with_a_change_has_a_twin_without(rows, across, count):
    pairs = pairs_of(rows, "glasses", across=across)
    assert len(pairs) == count
    changed = [pair for pair in pairs if pair[1]]
    assert 2 * len(changed) == count
    views = [[tuple(file.split("_")[1] for file in pair[2:]) for pair in pairs if pair[1] is told]
             for told in (True, False)]  # fmt: skip
    assert sorted(views[0]) == sorted(views[1])
    for _, told, one, two in pairs:
        assert told == (("glasses" in one) != ("glasses" in two))


@pytest.mark.parametrize(
    ("values", "eer"),
    [
        ([0.9, 0.1, 0.8, 0.2], 0.0),
        ([0.1, 0.9, 0.2, 0.8], 1.0),
        ([0.9, 0.1, np.nan, np.nan], 0.0),  # the second person shows no head
        ([np.nan] * 4, np.nan),
    ],
)
def test_the_rate_is_of_those_who_show_it(values, eer):
    pairs = [(who, told, "", "") for who in ("ann", "ben") for told in (False, True)]
    found = rate(pairs, np.array(values))
    assert np.isclose(found["eer"], eer, equal_nan=True)
    assert found["pairs"] == np.isfinite(values).sum()
    assert not found["low"] > found["eer"]
    assert not found["high"] < found["eer"]


@pytest.mark.parametrize(
    ("framing", "size_px", "tall"), [("head", 20, 20), ("figure", 80, 80), ("head", 400, 40)]
)
def test_pictures_shrink_to_the_size_asked_for_and_never_grow(tmp_path, framing, size_px, tall):
    import cv2

    (tmp_path / "ann").mkdir()
    row = _row("near0", framing=framing)
    cv2.imwrite(str(tmp_path / row.file), np.zeros((200, 100, 3), np.uint8))
    seen = Shrunk.read(tmp_path, row, size_px)
    head, figure = row.head[3] - row.head[1], row.box[3] - row.box[1]
    share = tall / (head if framing == "head" else figure)
    assert seen.rgb.shape[0] == pytest.approx(200 * share, abs=1)
    assert seen.box[3] - seen.box[1] == pytest.approx(figure * share, abs=1)
    assert seen.crop(seen.head).size


def test_a_picture_that_is_gone_is_named(tmp_path):
    with pytest.raises(OSError, match="head_near0_plain"):
        Shrunk.read(tmp_path, _row("near0"), 96)


@pytest.mark.parametrize(
    ("one", "two", "lost"),
    [
        ((0.0, 0.0), (0.0, 0.0), 0.0),
        ((0.0, 0.0), (0.3, 0.4), 0.2),
        ((0.0, 0.0), None, None),  # nobody's face from behind
    ],
)
def test_a_face_may_lose_what_its_turn_takes(one, two, lost):
    face = np.array([0.6, 0.8], np.float32)
    sides = [
        {} if turn is None else {FACE: face, "face_turn": np.array(turn, np.float32)}
        for turn in (one, two)
    ]
    embedder = open_embedder("bundled")
    assert embedder is not None
    found = scorers(embedder)(*sides)
    if lost is None:
        assert FACE_TURNED not in found
    else:
        assert found[FACE_TURNED] == pytest.approx(found[FACE] + lost)
