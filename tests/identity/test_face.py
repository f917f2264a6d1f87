"""A face that alone changes: at which moment, and what speaks against it.

The network looks at every third frame. Eyes and jaw are unit vectors at some angle to the east; on
the scale of each level its own median of one person is 1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from identity.evidence.calibration import Calibration, Scale, Weights
from identity.evidence.logistic import Logistic
from identity.evidence.moments import Moments
from identity.evidence.samples import COMPARED, lay_out
from identity.explanations import face
from identity.explanations.contract import Explained, Scene, features_at
from identity.explanations.drift_over_cuts import merge_drifts
from identity.explanations.model import DecisionModel
from identity.settings import FindingSettings
from tests.identity.people import track_of, turned

SCALES = Calibration(
    {"body": Scale(0.0, 1.0)},
    Weights(body=3, body_same_view=0, upper=3, place=0, bias=-3),
)
EYES, JAW = Scale(0.52, 0.98), Scale(0.40, 0.98)
COUNT, AT = 24, 12
STAYS = [1.0] * COUNT
STEP = [1.0] * AT + [0.75] * (COUNT - AT)
PLAIN = dict.fromkeys(face.FEATURES, 0.0)


def person(*, eyes=STAYS, jaw=STAYS, facing=None, x=60, body=None):
    """Return a body whose levels have these cosines to the east; `None` = not seen."""
    return track_of(
        range(0, 3 * COUNT, 3),
        box=(x, 20, x + 60, 180),
        body=turned(*(body or STAYS)),
        facing=turned(*(facing or [0.9] * COUNT)),
        eyes=[None if c is None else turned(c)[0] for c in eyes],
        jaw=[None if c is None else turned(c)[0] for c in jaw],
    )


def told(*people, explained=(), weights=None):
    """Return what is found where only how much changes counts, from 0.3 on."""
    model = DecisionModel({"face": Logistic(-3.0, PLAIN | (weights or {"changed": 10.0}))}, {})
    scene = Scene(
        lay_out(people, COMPARED, fps=24), SCALES, model, FindingSettings(), explained=explained
    )
    return face.find(scene)


def features(*people, at=AT, track=0):
    samples = lay_out(people, COMPARED, fps=24)
    moment = Moments.between(samples, [(at, at)])
    found, judged = face.features_of(samples, track, moment, SCALES)
    return features_at(found, 0), bool(judged[0])


@pytest.mark.parametrize(
    ("cues", "found"),
    [
        pytest.param({}, False, id="nothing changes"),
        pytest.param({"eyes": STEP}, True, id="glasses"),
        pytest.param({"jaw": STEP}, True, id="a beard"),
        pytest.param({"eyes": STEP, "jaw": STEP}, True, id="a mask"),
        pytest.param({"eyes": [1.0, 0.75] * AT}, False, id="it flickers"),
        pytest.param({"eyes": [None] * COUNT, "jaw": [None] * COUNT}, False, id="no face is seen"),
        pytest.param({"eyes": [1.0] + [0.75] * (COUNT - 1)}, False, id="seen once before"),
    ],
)
def test_whose_face_changes(cues, found):
    told_of = told(person(**cues))
    assert [(one.kind, one.tracks, one.attribute) for one in told_of] == [
        ("drift", (0,), "face")
    ] * found
    for one in told_of:
        assert one.start_frame <= 3 * AT < one.stop_frame
        assert one.stop_frame - one.start_frame <= 3
        assert not one.vouched  # a hint: it stops no release
        assert one.strength == 0  # the look as a whole stays
        assert one.curves[0].value[0] > one.curves[0].value[-1]


def test_nobody_is_asked_of_whom_something_is_known():
    known = (Explained("morph", (0,), 36, 37, 3.0, 0.5),)
    assert told(person(eyes=STEP), explained=known) == []
    assert len(told(person(), person(eyes=STEP, x=300), explained=known)) == 1


def test_numbers_fitted_before_there_was_this_question_ask_nobody():
    samples = lay_out([person(eyes=STEP)], COMPARED, fps=24)
    older = Scene(samples, SCALES, DecisionModel({}, {}), FindingSettings())
    assert face.find(older) == []


def test_looks_kept_from_before_faces_were_seen_say_nothing():
    before = track_of(range(0, 3 * COUNT, 3), body=turned(*STAYS), facing=turned(*[0.9] * COUNT))
    assert told(before) == []
    assert told() == []


@pytest.mark.parametrize("level", ["eyes", "jaw"])
def test_what_a_level_loses(level):
    found, judged = features(person(**{level: STEP}))
    scale = EYES if level == "eyes" else JAW
    lost = scale.similarity(1.0) - scale.similarity(0.75)
    assert judged
    assert found[level] == found["changed"] == pytest.approx(lost, abs=2e-3)
    assert found["eyes" if level == "jaw" else "jaw"] == 0
    assert found["noise"] == pytest.approx(1 - scale.similarity(1.0), abs=0.04)
    assert found["returns"] == pytest.approx(0, abs=2e-3)
    assert found["network"] == pytest.approx(0, abs=2e-3)


def test_what_comes_back_says_so():
    passing = [1.0] * AT + [0.75] * 3 + [1.0] * (COUNT - AT - 3)
    assert features(person(eyes=passing))[0]["returns"] > 0.2


def test_what_the_face_of_somebody_else_does_at_once():
    both, _ = features(person(eyes=STEP), person(jaw=STEP, x=300))
    assert both["others"] == pytest.approx(JAW.similarity(1.0) - JAW.similarity(0.75), abs=2e-3)
    alone, _ = features(person(eyes=STEP), person(x=300))
    assert alone["others"] == 0


def test_a_turn_is_told():
    facing = [0.9] * AT + [0.6] * (COUNT - AT)
    assert features(person(eyes=STEP, facing=facing))[0]["turn"] == pytest.approx(0.3, abs=2e-3)


def test_weights_decide():
    turning = person(eyes=STEP, facing=[0.9] * AT + [0.6] * (COUNT - AT))
    weights = {"changed": 10.0, "turn": -10.0}
    assert told(person(eyes=STEP), weights=weights)
    assert told(turning, weights=weights) == []


FACE = Explained("drift", (0,), 30, 31, 1.0, 0.0, attribute="face", vouched=False)
SLOW = Explained("drift", (0,), 10, 50, 1.0, 0.5)


@pytest.mark.parametrize(
    ("drifts", "kept"),
    [
        pytest.param([FACE], [FACE], id="alone"),
        pytest.param([SLOW, FACE], [SLOW], id="beside a slow change of the same one"),
        pytest.param([replace(SLOW, is_hint=True), FACE], [FACE], id="beside a hint"),
        pytest.param([FACE, replace(FACE, log_odds=2.0)], [replace(FACE, log_odds=2.0)], id="two"),
        pytest.param([SLOW, replace(FACE, tracks=(1,))], [SLOW, replace(FACE, tracks=(1,))],
                     id="of somebody else"),
    ],
)  # fmt: skip
def test_a_face_lengthens_no_slow_change(drifts, kept):
    assert merge_drifts(drifts, [0, 1]) == kept


def test_who_shows_no_face_beside_somebody_who_does_is_not_judged():
    unseen = [None] * COUNT
    found, judged = features(person(), person(eyes=unseen, jaw=unseen, x=300), track=1)
    assert not judged
    assert np.isfinite(list(found.values())).all()
