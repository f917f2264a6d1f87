"""Curves of similarity and the course of a change, on looks that can be reckoned on paper."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, index, truthy-function, union-attr, var-annotated"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence import consistency
from identity.evidence.calibration import Calibration, Scale, Weights
from identity.evidence.consistency import (
    SimilarityCurve,
    _first_look,
    _smooth,
    curve_from,
    similarity_curve,
    similarity_curves,
)
from identity.evidence.course import course_of
from tests.identity.people import track_of, turned

SCALES = Calibration(
    {"body": Scale(0.0, 0.8), "upper": Scale(0.5, 1.0)}, Weights(1, 1, 1, 1, 0)
)  # fmt: skip


@pytest.mark.parametrize(
    ("values", "smooth"),
    [
        ([], []),
        ([0.3], [0.3]),
        ([0.3, 0.9], [0.3, 0.9]),
        ([0.3, 0.9, 0.5], [0.3, 0.5, 0.5]),
        ([1, 1, 0, 1, 1], [1, 1, 1, 1, 1]),
        ([1, 0, 0, 1, 0.2], [1, 0, 0, 0.2, 0.2]),
    ],
)
def test_one_sample_alone_is_smoothed_away(values, smooth):
    assert _smooth(np.array(values, float)).tolist() == smooth


@pytest.mark.parametrize(("values", "lowest"), [([0.5, 0.2], None), ([0.5, 0.25, 0.75], 0.25)])
def test_the_lowest_point_of_three_at_least(values, lowest):
    curve = SimilarityCurve(np.arange(len(values)), np.array(values, np.float32))
    assert curve.lowest == lowest


def seen(*, shot=0, height=100, **cues):
    count = max((len(values) for values in cues.values()), default=1)
    return track_of(10 * np.arange(count), box=(0, 50, 40, 50 + height), shot=shot, **cues)


@pytest.mark.parametrize(
    ("cues", "value"),
    [
        pytest.param({"body": turned(*[1] * 8, 0.4)}, [1] * 8 + [0.5], id="half as alike"),
        pytest.param({"body": turned(*[1] * 8, -0.5)}, [1] * 8 + [0], id="no less than 0"),
        pytest.param(
            {"body": turned(*[1] * 8, 0.4, 0.4), "upper": turned(*[1] * 8, 0.8, 0.8)},
            [1] * 8 + [0.6] * 2, id="the better of the two",
        ),
        pytest.param(
            {"body": turned(*[1] * 8, 0.4, 0.4), "upper": turned(*[1] * 8, 0.6, 0.6)},
            [1] * 8 + [0.5] * 2, id="which is the body here",
        ),
        pytest.param(
            {"body": [*turned(*[1] * 8), None, *turned(0.4, 0.4)], "upper": turned(*[1] * 11)},
            [1] * 10, id="where the network looked",
        ),
        pytest.param({"body": []}, [], id="never seen"),
    ],
)  # fmt: skip
def test_how_alike_somebody_stays(cues, value):
    body = seen(**cues)
    curve = similarity_curve(body, SCALES)
    assert curve.value.tolist() == pytest.approx(value, abs=1e-3)  # looks are kept in halves
    assert curve.frame.tolist() == body.frame[body.vectors("body")[0]].tolist()


def test_it_is_compared_with_the_mean_of_the_first_eight_looks():
    body = seen(body=turned(*[1] * 8, *[0.0] * 8))
    assert _first_look(body, "body").tolist() == [1, 0]
    turning = seen(body=turned(*[1] * 4, *[0.0] * 4, *[1] * 8))
    assert _first_look(turning, "body") == pytest.approx([0.5**0.5, 0.5**0.5])
    assert _first_look(seen(body=[]), "body") is None
    late = seen(body=[None, *turned(0.0, 0.0)], upper=turned(1, 0.0, 0.0))
    assert _first_look(late, "upper").tolist() == [0, 1]  # where the network looked
    other = seen(body=turned(*[0.0] * 3))
    assert similarity_curve(body, SCALES, first=other).value.tolist() == [0] * 8 + [1] * 8


@pytest.mark.parametrize(
    ("labels", "more", "first"),
    [
        pytest.param([0, 0], {}, 0, id="the first shot of the set-up"),
        pytest.param([0, 1], {}, 1, id="somebody else"),
        pytest.param([-1, -1], {}, 1, id="nobody of the cast"),
        pytest.param([0, 0], {"setup": 0.9}, 0, id="like enough"),
        pytest.param([0, 0], {"setup": 0.89}, 1, id="another set-up"),
        pytest.param([0, 0], {"shot": 0}, 1, id="the same shot"),
    ],
)
def test_what_a_later_shot_is_compared_with(monkeypatch, labels, more, first):
    asked = []
    monkeypatch.setattr(
        consistency, "similarity_curve", lambda track, _, *, first: asked.append((track, first))
    )
    bodies = [seen(), seen(shot=more.get("shot", 1))]
    setup = more.get("setup", 1.0)
    similarity_curves(bodies, labels, np.array([[1, setup], [setup, 1]]), SCALES)
    assert asked == [(bodies[0], bodies[0]), (bodies[1], bodies[first])]


def test_a_curve_from_a_stretch_takes_the_mean_of_its_cues(monkeypatch):
    frames = np.array([0, 3, 6, 9, 12])
    nan = float("nan")

    def compare(agreement, before, after, calibration):
        assert agreement == (7, 7)
        assert [side.tolist() for side in before] == [[1] * 4, [3] * 4]
        assert [side.tolist() for side in after] == [[0, 1, 3, 4], [1, 2, 4, 5]]
        return SimpleNamespace(similarity={
            "body": np.array([1.0, 0.5, nan, 0.25]), "head_look": np.array([0.5, nan, nan, 0.25]),
            "upper": np.zeros(4),
        })  # fmt: skip

    monkeypatch.setattr(consistency, "compare", compare)
    seen = np.zeros((8, 5), bool)
    seen[7] = [True, True, False, True, True]
    samples = SimpleNamespace(frames=frames, seen={"body": seen}, agreement=lambda *who: who)
    curve = curve_from(samples, 7, (1, 3), ("body", "head_look", "face"), SCALES)
    assert curve.frame.tolist() == [0, 3, 12]
    assert curve.value.tolist() == [0.75, 0.5, 0.25]


# --- step or ramp ---------------------------------------------------------------------------------


def course(values, *, per_s=8.0, low=0, high=None, unseen=()):
    values = np.array(values, float)
    seen = np.ones((1, len(values)), bool)
    seen[0, list(unseen)] = False
    samples = SimpleNamespace(
        per_s=per_s, seen={"body": seen},
        looks={"body": np.stack([values, 0 * values], axis=1)[None]},
    )  # fmt: skip
    return course_of(samples, 0, low, len(values) if high is None else high)


def ramp(count, start, stop, noise=0.02):
    along = np.clip((np.arange(count) - start) / (stop - start), 0, 1)
    return along + noise * (-1.0) ** np.arange(count)


@pytest.mark.parametrize(
    ("values", "slow"),
    [
        pytest.param(ramp(24, 4, 20), True, id="two seconds"),
        pytest.param(ramp(24, 11, 12), False, id="a step"),
        pytest.param(ramp(24, 10, 14), False, id="half a second"),
        pytest.param(ramp(24, 8, 16, noise=0.0), True, id="a second"),
        pytest.param(np.zeros(24), False, id="nothing: a ramp is no better"),
    ],
)
def test_a_change_is_a_step_or_a_ramp(values, slow):
    found = course(values)
    assert found.slow is slow
    if slow:
        start, stop = (4, 20) if len(set(values)) > 12 else (8, 16)
        assert (found.start, found.stop) == (
            pytest.approx(start, abs=1),
            pytest.approx(stop, abs=1),
        )


@pytest.mark.parametrize(("count", "told"), [(6, True), (5, True), (4, False)])
def test_five_looks_are_needed(count, told):
    assert (course(np.arange(count), per_s=4.0) is not None) == told


def test_it_goes_from_the_first_third_to_the_last():
    """By the first two looks alone the third one would lie half way, and be a ramp."""
    a, b, c = np.eye(3)
    samples = SimpleNamespace(
        per_s=2.0, seen={"body": np.ones((1, 9), bool)},
        looks={"body": np.stack([a, a, b, c, c, c, c, c, c])[None]},
    )  # fmt: skip
    found = course_of(samples, 0, 0, 9)
    assert (found.slow, found.start, found.stop) == (False, 2, 3)


def test_where_all_is_slower_or_all_faster_nothing_is_compared():
    assert course(ramp(24, 4, 20), per_s=0.5) is None  # two seconds from sample to sample
    assert course(ramp(6, 1, 4), per_s=24.0) is None  # a quarter of a second in all


def test_only_the_samples_that_are_asked_about_and_were_seen_count():
    values = np.concatenate([np.full(6, 9.0), ramp(24, 4, 20, noise=0.0), np.full(6, -9.0)])
    found = course(values, low=6, high=30, unseen=(9, 20))
    assert (found.slow, found.start, found.stop) == (True, 10, 26)


def test_a_ramp_must_be_better_than_a_step_by_a_fifth():
    # Of a ramp that takes a little more than half a second, with noise, a step explains nearly all.
    errors = {noise: course(ramp(24, 9, 14, noise=noise)).slow for noise in (0.0, 0.4)}
    assert errors == {0.0: True, 0.4: False}
