"""Who keeps his head and wears other clothes in a later shot, on made-up evidence."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.alignment import Alignment
from identity.explanations import later, other_clothes
from identity.explanations.model import bundled_model
from identity.settings import FindingSettings
from tests.identity.people import body_of, calibration, colour_of

CLEAR = np.full(10, 0.8, np.float32)
AS_BEFORE = Alignment(0.99, 1.0, (0.0, 0.0))


def worn(head, clothes, shot, *, without=(), score=CLEAR, looks=8):
    """Return a segment of ten frames in a shot."""
    means = {"body": body_of(clothes), "head": colour_of(head), "upper": colour_of(clothes)}
    return SimpleNamespace(
        tracklet=SimpleNamespace(shot_index=shot), sample_count=looks, score=score,
        means={cue: mean for cue, mean in means.items() if cue not in without},
        start_frame=10 * shot, stop_frame=10 * shot + 10,
    )  # fmt: skip


def told(monkeypatch, *segments, labels=None, returns=True, sets=True, explained=()):
    """Return (tracks, whether it is vouched for) of what is told; a segment is a track."""
    monkeypatch.setattr(later, "curve_over_cut", lambda _, early, late, cues: late)
    labels = np.array([0] * len(segments) if labels is None else labels)
    clip = SimpleNamespace(
        segments=segments, calibration=calibration(), model=bundled_model(),
        cast=SimpleNamespace(
            labels=labels, character_count=int(labels.max(initial=-1)) + 1,
            doubtful=np.zeros(len(segments), bool),
        ),
        settings=FindingSettings(), track_of=lambda k: k,
        characters_explained=lambda: set(explained),
        sets=SimpleNamespace(alignment=lambda *_: AS_BEFORE if returns else None) if sets else None,
    )  # fmt: skip
    found = other_clothes.find_over_cuts(clip)
    assert all(one.over_cut and one.kind == "drift" for one in found)
    assert all(set(one.features) == set(other_clothes.FEATURES) for one in found)
    for one in found:  # what decided is drawn
        assert {k: str(curve) for k, curve in one.curves.items()} == {
            one.tracks[1]: str(one.tracks[1])
        }
    return [(one.tracks, one.vouched) for one in found]


CHANGED = [((0, 1), True)]
DOUBTED = [((0, 1), False)]
BESIDE = (worn("D", "D", 0), worn("D", "D", 1))
BESIDE_ANEW = (worn("D", "D", 0), worn("D", "F", 1))


@pytest.mark.parametrize(
    ("segments", "more", "expect"),
    [
        pytest.param([], {}, [], id="nobody"),
        pytest.param([worn("A", "A", 0)], {}, [], id="one shot"),
        pytest.param([worn("A", "A", 0), worn("A", "A", 1)], {}, [], id="stays"),
        pytest.param([worn("A", "A", 0), worn("A", "B", 1)], {}, CHANGED, id="other clothes"),
        pytest.param([worn("A", "A", 0), worn("B", "B", 1)], {}, [], id="head and clothes: light"),
        pytest.param([worn("A", "A", 0), worn("B", "A", 1)], {}, [], id="the head alone"),
        pytest.param([worn("A", "A", 0), worn("A", "B", 0)], {}, [], id="in the same shot"),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1, without=("head",))], {}, [], id="no head in view"
        ),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1, without=("upper",))], {}, [], id="no clothes"
        ),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1, score=CLEAR / 4)], {}, [], id="a doubtful box"
        ),
        pytest.param([worn("A", "A", 0), worn("A", "B", 1, looks=2)], {}, [], id="seen twice"),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1)], {"labels": [0, 1]}, [], id="two characters"
        ),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1)], {"explained": [0]}, [], id="explained already"
        ),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1)], {"returns": False}, DOUBTED, id="another set"
        ),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1)], {"sets": False}, DOUBTED, id="no set is known"
        ),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1), *BESIDE], {"labels": [0, 0, 1, 1]}, CHANGED,
            id="who is beside keeps his",
        ),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1), *BESIDE_ANEW], {"labels": [0, 0, 1, 1]},
            [((0, 1), False), ((2, 3), False)], id="everybody is dressed anew: another day",
        ),
        pytest.param(
            [worn("A", "A", 0), worn("A", "B", 1), worn("A", "A", 2)], {}, CHANGED,
            id="and back: told once",
        ),
    ],
)  # fmt: skip
def test_who_wears_other_clothes(monkeypatch, segments, more, expect):
    assert told(monkeypatch, *segments, **more) == expect


def test_what_clothes_lose_is_measured_beside_the_head():
    looks = [worn(head, clothes, 0).means for head, clothes in ("AA", "AB", "BB", "BA")]
    features, comparable = other_clothes.features_of(looks[:1], looks, calibration())
    assert comparable.all()
    alone = features["alone"][0]
    assert alone[1] > 0.5
    assert alone[[0, 2, 3]].max() < 0.2
    assert np.isnan(features["hair"]).all()  # nobody's was seen
