"""Who looks otherwise in a later shot that shows the same side, on made-up evidence."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.logistic import Logistic
from identity.explanations import later, other_look
from identity.explanations.drift_over_cuts import merge_drifts
from identity.explanations.model import DecisionModel, bundled_model
from identity.settings import FindingSettings
from tests.identity.people import body_of, calibration, colour_of

MODEL = DecisionModel(
    {"other_look": Logistic(0.0, dict.fromkeys(other_look.FEATURES, 0.0) | {"upper": 4.0})}, {}
)
WIDE, TALL = (100, 100), (60, 160)


def worn(name, shot, *, facing=1.0, size=TALL, score=0.8, looks=8):
    """Return a segment of ten frames in a shot."""
    means = {"body": body_of(name), "upper": colour_of(name)}
    if facing is not None:
        means["facing"] = np.array([facing, 0.0], np.float32)
    box = np.array([0, 0, *size], np.float32)
    return SimpleNamespace(
        tracklet=SimpleNamespace(shot_index=shot), means=means, sample_count=looks,
        xyxy=np.tile(box, (10, 1)), score=np.full(10, score, np.float32),
        start_frame=10 * shot, stop_frame=10 * shot + 10,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def drawn(monkeypatch):
    monkeypatch.setattr(later, "curve_over_cut", lambda _, early, late, cues: (early, late))


def told(*segments, labels=None, doubtful=None, explained=()):
    """Return (tracks, first frame, stop) of what is told; each segment is a track of its own."""
    labels = np.array([0] * len(segments) if labels is None else labels)
    cast = SimpleNamespace(
        labels=labels, character_count=int(labels.max(initial=-1)) + 1,
        doubtful=np.zeros(len(segments), bool) if doubtful is None else np.array(doubtful),
    )  # fmt: skip
    clip = SimpleNamespace(
        segments=segments, cast=cast, calibration=calibration(), model=MODEL,
        settings=FindingSettings(), track_of=lambda k: k,
        characters_explained=lambda: set(explained),
    )  # fmt: skip
    found = other_look.find_over_cuts(clip)
    assert all(one.over_cut and not one.vouched and one.kind == "drift" for one in found)
    for one in found:  # what decided is drawn
        assert {late: str(two) for late, two in one.curves.items()} == {
            one.tracks[1]: str(one.tracks)
        }
    return [(one.tracks, one.start_frame, one.stop_frame) for one in found]


CHANGED = [((0, 1), 10, 20)]


@pytest.mark.parametrize(
    ("segments", "more", "expect"),
    [
        pytest.param([], {}, [], id="nobody"),
        pytest.param([worn("A", 0)], {}, [], id="one shot"),
        pytest.param([worn("A", 0), worn("A", 1)], {}, [], id="stays"),
        pytest.param([worn("A", 0), worn("B", 1)], {}, CHANGED, id="looks otherwise"),
        pytest.param([worn("A", 0), worn("B", 0)], {}, [], id="in the same shot"),
        pytest.param([worn("B", 1), worn("A", 0)], {}, [((1, 0), 10, 20)], id="in any order"),
        pytest.param([worn("A", 0), worn("B", 1, facing=0.4)], {}, [], id="seen from another side"),
        pytest.param([worn("A", 0), worn("B", 1, facing=0.6)], {}, CHANGED, id="turned a little"),
        pytest.param([worn("A", 0), worn("B", 1, facing=None)], {}, [], id="facing is not known"),
        pytest.param([worn("A", 0), worn("B", 1, size=WIDE)], {}, [], id="another part in view"),
        pytest.param([worn("A", 0), worn("B", 1, score=0.3)], {}, [], id="a doubtful box"),
        pytest.param([worn("A", 0), worn("B", 1, looks=2)], {}, [], id="seen twice"),
        pytest.param([worn("A", 0), worn("B", 1)], {"labels": [0, 1]}, [], id="two characters"),
        pytest.param([worn("A", 0), worn("B", 1)], {"doubtful": [False, True]}, [], id="a thing"),
        pytest.param([worn("A", 0), worn("B", 1)], {"explained": [0]}, [], id="explained already"),
        pytest.param(
            [worn("A", 0), worn("B", 1), worn("A", 2)], {}, CHANGED, id="and back: told once"
        ),
        pytest.param(
            [worn("A", 0), worn("B", 1), worn("B", 2)], {}, CHANGED, id="as in one of those before"
        ),
    ],
)
def test_who_looks_otherwise(segments, more, expect):
    assert told(*segments, **more) == expect


@pytest.mark.parametrize("cues", [("head",), ("head", "upper"), ("body", "upper"), ("body",)])
def test_what_is_not_seen_is_taken_to_be_as_the_rest(cues):
    """Who stays the same is no other look, however little of him is known."""
    looks = {"body": body_of("A"), "head": colour_of("A"), "upper": colour_of("A")}
    means = [{cue: looks[cue] for cue in cues} | {"facing": np.array([1.0, 0.0], np.float32)}]
    shape = np.zeros(1)
    features, alike = other_look.features_of(
        means, means, calibration(), early_shape=shape, late_shape=shape
    )
    asked = [cue for cue in cues if cue in other_look.CUES]
    assert alike.tolist() == [[bool(asked)]]
    assert set(features) == set(other_look.FEATURES)
    if asked:
        seen = np.mean([features[cue][0, 0] for cue in asked])
        assert seen < -0.4
        assert features["lower"][0, 0] == pytest.approx(seen)
        assert bundled_model()["other_look"].log_odds(features)[0, 0] < -0.5


def test_a_hint_over_a_cut_makes_no_doubtful_change_a_major_one():
    from identity.explanations.contract import Explained

    doubtful = Explained("drift", (0,), 0, 9, 0.2, 0.4)
    hint = Explained("drift", (0, 1), 10, 20, 3.0, 0.6, over_cut=True, vouched=False)
    (found,) = merge_drifts([doubtful, hint], [0, 0])
    assert (found.log_odds, found.vouched, found.over_cut) == (0.2, True, True)
    assert (found.start_frame, found.stop_frame) == (0, 20)
