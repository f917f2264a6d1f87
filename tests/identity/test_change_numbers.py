"""Features of changes and exchanges, on looks that are the same or at right angles to each other.

Log-odds that two looks are one person run here from -3 where they share nothing to 3 where they are
the same, in proportion. The network looks eight times a second, and a letter is a look.
"""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, index, var-annotated"

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.around import around, beside_itself
from identity.evidence.calibration import Calibration, Scale, Weights
from identity.evidence.moments import Moments
from identity.evidence.samples import COMPARED, compare, lay_out
from identity.explanations import change, clone, swap
from identity.explanations.contract import Scene, features_at
from identity.settings import FindingSettings
from tests.identity.people import track_of

SCALES = Calibration(
    dict.fromkeys(("body", "head", "upper", "lower"), Scale(0.0, 1.0)),
    Weights(body=3, body_same_view=0, upper=3, place=0, bias=-3),
)
LETTERS = {letter: row.tolist() for letter, row in zip("ABCD", np.eye(4), strict=True)}


def like_a(share):
    """Return a look that shares so much with A, and nothing with the others."""
    return [share, 0, 0, 0, (1 - share**2) ** 0.5]


def looks(words):
    return [[*LETTERS[word], 0] if isinstance(word, str) else word for word in words]


def body(words, *, first=0, box=(60, 60, 120, 220), score=0.9, **cues):
    """Return a body that is looked at at every third frame, and looks as the letters say."""
    seen = looks(words)
    frames = range(3 * first, 3 * (first + len(seen)), 3)
    return track_of(frames, box=box, score=score, **{"body": seen, "upper": seen, **cues})


def samples_of(*bodies):
    return lay_out(bodies, COMPARED, fps=24)


def change_of(*bodies, at=(8, 8), window_s=1.0):
    """Return what is said of the first body at a moment, and whether it can be judged."""
    samples = samples_of(*bodies)
    moment = Moments.between(samples, [at], window_s=window_s)
    found, judged = change.features_of(samples, 0, moment, SCALES)
    return features_at(found, 0), bool(judged[0])


# --- one becomes another --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "at", "said"),
    [
        pytest.param("A" * 8 + "B" * 40, 8, -1.0, id="it never does: no less than -1"),
        pytest.param("A" * 8 + "B" * 4 + "A" * 36, 8, 2.0, id="half a second later: 2 at most"),
        pytest.param("A" * 8 + "B" * 5 + "A" * 15 + "B" * 20, 8, 1.5, id="15 of samples 12 to 31"),
        pytest.param("B" * 15 + "A" * 9 + "B" * 24, 24, 1.5, id="15 of samples 0 to 19 were new"),
        pytest.param("B" * 6 + "A" * 6 + "B" * 36, 12, 1.5, id="6 of samples 0 to 7"),
        pytest.param("B" + "A" * 2 + "B" * 45, 3, -1.0, id="nothing is half a second before it"),
    ],
)
def test_the_old_look_comes_back_or_the_new_one_was_there(words, at, said):
    assert change_of(body(words), at=(at, at))[0]["returns"] == pytest.approx(said, abs=1e-5)


@pytest.mark.parametrize(
    ("words", "at", "said"),
    [
        pytest.param("A" * 8 + "B" * 8, 8, 3, id="there"),
        pytest.param("A" * 6 + "B" * 10, 8, -3, id="two samples before it"),
        pytest.param("A" * 7 + "B" * 9, 8, 0, id="one sample before it"),
        pytest.param("A" * 10 + "B" * 6, 8, -3, id="two samples after it"),
        pytest.param("A" * 9 + "B" * 7, 8, 0, id="one sample after it"),
        pytest.param("CA" + "C" * 14, 2, 0, id="at the start"),
        pytest.param("A" * 13 + "CAC", 14, 0, id="at the end"),
    ],
)
def test_the_step_is_from_two_looks_to_the_next_two(words, at, said):
    assert change_of(body(words), at=(at, at))[0]["step"] == pytest.approx(said, abs=1e-5)


def turned(share):
    """Return a look on the way from A to B."""
    return [np.cos(share * np.pi / 2), np.sin(share * np.pi / 2), 0, 0, 0]


@pytest.mark.parametrize(
    ("words", "leaps"),
    [
        pytest.param("A" * 12 + "B" * 12, True, id="from one look to the next"),
        pytest.param([*"A" * 4, *map(turned, np.linspace(0, 1, 16)), *"B" * 4], False, id="slowly"),
        pytest.param(
            [*"A" * 8, *map(turned, np.linspace(0.9, 1, 12)), *"B" * 4], True,
            id="more than half at once, and then on",
        ),
        pytest.param(
            [*"A" * 8, *map(turned, np.linspace(0.5, 1, 12)), *"B" * 4], False,
            id="a little at once, and then on",
        ),
    ],
)  # fmt: skip
def test_half_of_a_change_from_one_look_to_the_next_is_a_leap(words, leaps):
    samples = samples_of(body(words))
    ends = Moments(*np.array([[0], [4], [20], [24]]))
    whole = change._Candidate(True, 1.0, 0, ends)
    assert change._leaps(Scene(samples, SCALES, None, FindingSettings()), 0, [whole]) is leaps


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param("A" * 8 + "B" * 8, -2, id="both sides are calm: no less than -2"),
        pytest.param("A" * 4 + "C" * 4 + "B" * 8, 3, id="the old look is two"),
        pytest.param("A" * 8 + "B" * 4 + "C" * 4, 3, id="the new look is two"),
        pytest.param("A" * 3 + "C" * 5 + "B" * 8, 1.5, id="a quarter of the first half is like it"),
        pytest.param("A" * 8 + "B" * 5 + "C" * 3, 1.5, id="a quarter of the second half is"),
    ],
)
def test_noise_is_how_unlike_the_halves_of_a_side_are(words, said):
    assert change_of(body(words))[0]["noise"] == pytest.approx(said, abs=1e-5)


STAYS, BECOMES = "A" * 16, "A" * 8 + "B" * 8


@pytest.mark.parametrize(
    ("others", "worst", "together"),
    [
        pytest.param([], -2, 0, id="nobody"),
        pytest.param([body(STAYS)], -2, 1, id="one stays: no less than -2"),
        pytest.param([body(BECOMES)], 2, 1, id="one becomes another too: 2 at most"),
        pytest.param([body(["A"] * 8 + [like_a(0.75)] * 8)], -1.5, 1, id="a little"),
        pytest.param(
            [body(["A"] * 8 + [like_a(0.75)] * 8), body(["A"] * 8 + [like_a(0.7)] * 8)], -1.2, 1,
            id="who changes more",
        ),
        pytest.param([body("A" * 8), body("B" * 8, first=8)], -2, 0, id="seen on one side only"),
    ],
)  # fmt: skip
def test_how_unlike_themselves_others_are(others, worst, together):
    said, _ = change_of(body(BECOMES), *others)
    assert (said["others"], said["together"]) == pytest.approx((worst, together), abs=5e-3)


def test_what_a_change_is_judged_by():
    said, judged = change_of(body(BECOMES, hair=[[1, 0]] * 8 + [[0, 1]] * 8), at=(6, 10))
    assert judged
    assert said["unlike"] == pytest.approx(3)
    assert said["network"] == pytest.approx(1)
    assert said["hair"] == 2  # as of different people, and one more at most
    assert said["span"] == 0.5
    assert said["samples"] == pytest.approx(np.log(6))
    assert said["colour"] == 0  # of one colour alone nothing is said
    colours = {"head": looks(["A"] * 8 + [like_a(0.75)] * 8), "lower": looks(STAYS)}
    assert change_of(body(BECOMES, **colours))[0]["colour"] == pytest.approx(0.25, abs=1e-3)
    kept, _ = change_of(body(BECOMES, hair=[[1, 0]] * 16))
    assert kept["hair"] == pytest.approx(1 - 0.4 / 0.38)


@pytest.mark.parametrize(
    ("at", "window_s", "count"), [(1, 1.0, 1), (2, 1.0, 2), (16, 2.0, 8), (6, 2.0, 6)]
)
def test_more_than_eight_looks_say_no_more_of_a_change(at, window_s, count):
    said, judged = change_of(body("A" * at + "B" * (40 - at)), at=(at, at), window_s=window_s)
    assert said["samples"] == pytest.approx(np.log(count))
    assert judged == (count >= 2)


@pytest.mark.parametrize(("height", "said"), [(160, 1.6), (8, 0.08), (5, 0.08)])
def test_who_is_smaller_than_eight_pixels_is_eight_pixels_tall(height, said):
    small = body(BECOMES, box=(60, 60, 120, 60 + height))
    assert change_of(small)[0]["size"] == pytest.approx(np.log(said))


def grown(width):
    """Return who becomes another and so wide, at 60 px before."""
    made = body(BECOMES)
    made.xyxy[8:, 2] = 60 + width
    return made


def in_other_clothes(share):
    """Return who is so much alike to the network, and whose clothes are others."""
    return body(["A"] * 8 + [like_a(share)] * 8, upper=looks(BECOMES))


@pytest.mark.parametrize(
    ("changing", "judged"),
    [
        pytest.param(in_other_clothes(0.74), True, id="networks lose .26"),
        pytest.param(in_other_clothes(0.76), False, id="networks lose .24"),
        pytest.param(grown(108), True, id="1.8 times as wide"),
        pytest.param(grown(111), False, id="1.85 times: another part of a body"),
        pytest.param(
            body(["A"] * 8 + ["B"] * 4 + [like_a(0.545)] * 20), True, id="hardly comes back: .27"
        ),
        pytest.param(
            body(["A"] * 8 + ["B"] * 4 + [like_a(0.555)] * 20), False, id="comes back: .33"
        ),
    ],
)
def test_which_changes_can_be_judged(changing, judged):
    assert change_of(changing)[1] is judged


# --- two exchange identity ------------------------------------------------------------------------


def exchange_of(*bodies, at=(8, 8), window_s=1.0, **more):
    """Return what is said of the first two bodies at a moment, and whether it can be judged."""
    samples = samples_of(*bodies)
    moment = Moments.between(samples, [at], window_s=window_s)
    found, judged = swap.features_of(samples, 0, 1, moment, SCALES, **more)
    return features_at(found, 0), bool(judged[0])


BECOMES_A = "B" * 8 + "A" * 8
FAR = (400, 60, 460, 220)


def moved(words, *, left, at=8):
    """Return somebody of 60 px whose box is so far to the left from a sample on."""
    made = body(words, box=FAR)
    made.xyxy[at:, [0, 2]] -= left
    return made


@pytest.mark.parametrize(
    ("left", "leap"),
    [
        pytest.param(0, 0, id="stays"),
        pytest.param(20, 0, id="by a third of a width: half of both"),
        pytest.param(36, 0.15, id="by .6 of it: a quarter of both"),
        pytest.param(60, 0.4, id="away"),
    ],
)
def test_who_leaps_from_one_body_to_another(left, leap):
    said, _ = exchange_of(body(BECOMES), moved(BECOMES_A, left=left))
    turned, _ = exchange_of(moved(BECOMES_A, left=left), body(BECOMES))
    assert said["leap"] == turned["leap"] == pytest.approx(leap, abs=1e-5)


def test_what_an_exchange_is_judged_by():
    near = (90, 60, 150, 220)  # a third of both is common to both
    sure, unsure = body(BECOMES, score=0.8), body(BECOMES_A, box=near, score=0.6)
    said, judged = exchange_of(sure, unsure, at=(7, 9))
    assert judged
    assert exchange_of(unsure, sure)[0]["score"] == pytest.approx(0.6)
    assert (said["gain"], said["worse"], said["crossed"]) == pytest.approx((6, 6, 3))
    assert said["network"] == pytest.approx(1)
    assert said["touch"] == pytest.approx(1 / 3)
    assert said["score"] == pytest.approx(0.6)
    assert said["span"] == 0.25


@pytest.mark.parametrize(
    ("at", "window_s", "count"), [(1, 1.0, 1), (2, 1.0, 2), (8, 1.0, 8), (16, 2.0, 8)]
)
def test_more_than_eight_looks_say_no_more_of_an_exchange(at, window_s, count):
    pair = body("A" * at + "B" * (40 - at)), body("B" * at + "A" * (40 - at), box=FAR)
    said, judged = exchange_of(*pair, at=(at, at), window_s=window_s)
    assert said["samples"] == pytest.approx(np.log(count))
    assert judged == (count >= 2)
    assert exchange_of(*pair, at=(at, at), window_s=window_s, min_samples=1)[1]


@pytest.mark.parametrize(
    ("share", "judged"),
    [
        pytest.param(0.61, True, id="crossed by .22 of what tells two apart"),
        pytest.param(0.59, False, id="crossed by .18"),
    ],
)
def test_how_far_crossed_must_be_ahead(share, judged):
    """Both become a look that is so much of the other's, and the rest of their own."""

    def mixed(own, other):
        return [*((1 - share) * np.array(LETTERS[own]) + share * np.array(LETTERS[other])), 0]

    pair = (
        body(["A"] * 8 + [mixed("A", "B")] * 8),
        body(["B"] * 8 + [mixed("B", "A")] * 8, box=FAR),
    )
    said, found = exchange_of(*pair)
    assert said["gain"] == pytest.approx(6 * (2 * share - 1), abs=0.02)
    assert said["network"] == pytest.approx(2 * share - 1, abs=0.01)
    assert found is judged


# --- one person twice -----------------------------------------------------------------------------


def twice(*bodies, at=8, twins=-2.0):
    """Return what is said of the first two bodies from a sample on, and whether it is judged."""
    samples = samples_of(*bodies)
    moment = Moments.between(samples, [(at, at)])
    found, judged = clone.features_of(samples, 0, 1, moment, SCALES, twins=twins)
    return features_at(found, 0), bool(judged[0])


def test_what_is_said_of_two_who_look_the_same():
    hair = {"hair": [[1, 0]] * 16, "lower": looks(STAYS)}
    said, judged = twice(body(STAYS, **hair), body("B" * 8 + "A" * 8, box=FAR, **hair))
    assert judged
    assert (said["alike"], said["became"]) == pytest.approx((3, 6))
    assert (said["network"], said["colour"]) == pytest.approx((0.5, 0.5))
    assert said["hair"] == pytest.approx(0.4 / 0.38 - 0.5)


@pytest.mark.parametrize(
    ("share", "twins", "judged"),
    [
        pytest.param(1.0, 2.6, True, id="more alike than any others by .4"),
        pytest.param(1.0, 2.61, False, id="by less"),
        pytest.param(0.52, -9.0, True, id="rather one than two"),
        pytest.param(0.48, -9.0, False, id="rather two"),
    ],
)
def test_how_alike_two_must_be(share, twins, judged):
    assert twice(body(STAYS), body([like_a(share)] * 16, box=FAR), twins=twins)[1] is judged


@pytest.mark.parametrize(("at", "had_before", "became"), [(1, 0, 0), (2, 1, 6)])
def test_two_looks_before_are_needed_to_become_another(at, had_before, became):
    said, _ = twice(body(STAYS), body("B" * at + "A" * (16 - at), box=FAR), at=at)
    assert (said["had_before"], said["became"]) == pytest.approx((had_before, became))


@pytest.mark.parametrize(
    ("comes", "at", "appears"),
    [
        pytest.param(3, 1, 0, id="an eighth of a second after the shot opens: there all along"),
        pytest.param(6, 2, 1, id="a quarter of a second after it"),
        pytest.param(6, 4, 1, id="asked two samples later"),
        pytest.param(6, 5, 0, id="asked three samples later"),
    ],
)
def test_who_appears(comes, at, appears):
    late = body("A" * 12, first=comes // 3, box=FAR)
    for pair in ((body(STAYS), late), (late, body(STAYS))):
        assert twice(*pair, at=at)[0]["appears"] == appears


def test_all_looks_from_when_both_are_there_are_compared():
    pair = body("CCAAAB"), body("BBBA", first=2, box=FAR)
    ((two, odds),) = clone.alike_at_once(samples_of(*pair), SCALES).items()
    assert two == (0, 1)
    assert odds == pytest.approx(-3 + 6 * (3 * 1 + 1 * 3) / 16, abs=1e-3)


# --- stretches between meetings -------------------------------------------------------------------


def test_an_exchange_needs_no_meeting_and_none_is_told_of_who_is_seen_once():
    """The whole way, with a model that takes the gain for the log-odds."""
    model = {"swap": SimpleNamespace(log_odds=lambda features: features["gain"])}

    def told(*bodies):
        scene = Scene(samples_of(*bodies), SCALES, model, FindingSettings())
        return [(one.tracks, one.start_frame, one.undone_frame) for one in swap.find(scene)]

    far = (800, 60, 860, 220)
    assert told(body(BECOMES), body(BECOMES_A, box=FAR)) == [((0, 1), 24, None)]
    assert told(body("C" * 16, box=far), body(BECOMES), body(BECOMES_A, box=FAR)) == [
        ((1, 2), 24, None)
    ]
    assert told(body(STAYS), body("B" * 16, box=FAR)) == []
    assert told(body(BECOMES), body(BECOMES_A[:3], box=FAR)) == []
    assert told(body(BECOMES)) == []
    brief = ["A" * 14 + "BBB" + "A" * 15, "B" * 14 + "AAA" + "B" * 15]
    assert told(body(brief[0]), body(brief[1], box=FAR)) == [((0, 1), 42, 51)]


# --- what is worked out once ----------------------------------------------------------------------

PLAIN = Calibration(SCALES.scales, Weights(body=1, body_same_view=0, upper=1, place=0, bias=0))


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([("jump", 0, b"1")], 1, id="once"),
        pytest.param([("jump", 0, b"1")] * 3, 1, id="the same again"),
        pytest.param([("jump", 0, b"1"), ("jump", 0, b"2")], 2, id="other moments"),
        pytest.param([("jump", 0, b"1"), ("jump", 1, b"1")], 2, id="another track"),
        pytest.param([("jump", 0, b"1"), ("zoom", 0, b"1")], 2, id="something else"),
        pytest.param([("jump", 0, b"1" * 99_999)] * 3, 3, id="of very many nothing is kept"),
        pytest.param(
            [("jump", k, b"1") for k in range(300)] + [("jump", 0, b"1")], 301,
            id="what was asked long ago is worked out anew",
        ),
    ],
)  # fmt: skip
def test_what_was_worked_out_lately_is_kept(asked, made):
    samples, numbers = samples_of(body("AA")), count(1)
    found = [samples.lately(*one, lambda: next(numbers)) for one in asked]
    assert max(found, default=0) == made
    assert next(numbers) == made + 1


def test_another_calibration_and_other_moments_are_no_old_answer():
    samples = samples_of(body("A" * 8 + "B" * 8), body("B" * 8 + "A" * 8))
    change_here, earlier = (Moments.between(samples, [(at, at)]) for at in (8, 4))
    by_scales, again, plain, elsewhere = (
        swap.compare_pair(samples, 0, 1, moments, calibration).straight[0].log_odds[0]
        for moments, calibration in (
            (change_here, SCALES), (change_here, SCALES), (change_here, PLAIN), (earlier, SCALES),
        )
    )  # fmt: skip
    fresh = samples_of(body("A" * 8 + "B" * 8), body("B" * 8 + "A" * 8))
    assert by_scales == again != plain
    assert plain == swap.compare_pair(fresh, 0, 1, change_here, PLAIN).straight[0].log_odds[0]
    assert elsewhere == swap.compare_pair(fresh, 0, 1, earlier, SCALES).straight[0].log_odds[0]
    assert elsewhere != by_scales


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([], id="no moment"),
        pytest.param([(8, 8)], id="one"),
        pytest.param([(2, 3), (8, 8), (15, 15)], id="several, at the edges too"),
    ],
)
def test_what_lies_around_moments_is_compared_as_each_of_it_alone(pairs):
    samples = samples_of(body("A" * 8 + "B" * 5 + "A" * 3))
    moments = Moments.between(samples, pairs)
    (start, last), (first, stop) = moments.sides
    before, after = (start + last) // 2, (first + stop) // 2
    found = around(samples, 0, moments, SCALES)

    def alone(one, two):
        return compare(samples.agreement(0, 0), one, two, SCALES).log_odds.tolist()

    def told(compared):
        return pytest.approx(compared.log_odds.tolist(), nan_ok=True)

    assert told(found.over) == alone((start, last), (first, stop))
    assert told(found.within[0]) == alone((start, before), (before, last))
    assert told(found.within[1]) == alone((first, after), (after, stop))
    near = np.maximum(last - 2, 0), np.minimum(first + 2, len(samples.frames))
    assert told(found.step) == alone((near[0], last), (first, near[1]))
    assert told(beside_itself(samples, 0, moments, SCALES)) == alone(*moments.sides)


@pytest.mark.parametrize(
    ("words", "back", "already"),
    [
        pytest.param("A" * 8 + "B" * 8, -3, -3, id="neither"),
        pytest.param("A" * 8 + "B" * 4 + "A" * 4, 3, -3, id="the old look comes back"),
        pytest.param("B" * 4 + "A" * 4 + "B" * 8, -3, 3, id="the new one was there before"),
    ],
)
def test_a_look_that_is_back_or_was_there_already(words, back, already):
    samples = samples_of(body(words))
    found = around(samples, 0, Moments.between(samples, [(8, 8)], window_s=0.5), SCALES)
    assert found.back.log_odds.tolist() == [pytest.approx(back)]
    assert found.already.log_odds.tolist() == [pytest.approx(already)]
