"""One person twice, exchanges over a cut, and judgements, on made-up evidence."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, comparison-overlap, index, truthy-function, var-annotated"

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from identity import judge
from identity.appearance.colour import HISTOGRAM_DIM
from identity.cast.characters import Cast
from identity.evidence.alignment import Alignment
from identity.evidence.calibration import FACE_SCALE
from identity.evidence.moments import Moments
from identity.explanations import attribute_swap, change, clone, over_cut, shot
from identity.explanations.contract import Explained, characters_of_tracks
from identity.settings import FindingSettings
from tests.identity.people import blend, body_of, calibration, colour_of

NAN = float("nan")


def told(kind, tracks, start=10, stop=11, *, odds=1.0, strength=0.5, **more):
    return Explained(kind, tracks, start, stop, odds, strength, **more)


# --- one person twice -----------------------------------------------------------------------------


def samples(seen_one, seen_two, *, overlap=(), per_s=8.0):
    """Return two tracks; where an overlap is given their boxes share that much."""
    grid = len(seen_one)
    xyxy = np.tile(np.array([0, 0, 100, 100], np.float32), (2, grid, 1))
    xyxy[1, :, [0, 2]] += 500
    for at, share in overlap:
        aside = 100 * (1 - share) / (1 + share)
        xyxy[1, at, [0, 2]] = aside, 100 + aside
    return SimpleNamespace(
        frames=3 * np.arange(grid), fps=24.0, per_s=per_s, xyxy=xyxy,
        seen={"body": np.array([seen_one, seen_two], bool)},
    )  # fmt: skip


ALL = [True] * 20


@pytest.mark.parametrize(
    ("two", "more", "first"),
    [
        pytest.param(ALL, {}, [*range(19)], id="from any sample on but the last"),
        pytest.param([False] * 20, {}, [], id="never at once"),
        pytest.param([True] * 3 + [False] * 17, {}, [], id="three samples at once"),
        pytest.param([True] * 4 + [False] * 16, {}, [0, 1, 2], id="four samples at once"),
        pytest.param([True, False] * 10, {}, [*range(0, 18, 2)], id="at every other sample"),
        pytest.param(
            ALL, {"overlap": [(10, 0.31)]}, [*range(9), *range(11, 19)], id="boxes lie over others"
        ),
        pytest.param(ALL, {"overlap": [(10, 0.29)]}, [*range(19)], id="boxes touch"),
    ],
)  # fmt: skip
def test_from_when_on_two_may_be_one(two, more, first):
    found = clone.moments_of(samples(ALL, two, **more), 0, 1)
    assert found.first.tolist() == first
    assert (found.last == found.first).all()


def test_windows_reach_one_second_back_and_three_on():
    found = clone.moments_of(samples(ALL * 3, ALL * 3), 0, 1)
    at = found.first.tolist().index(20)
    assert (found.start[at], found.last[at], found.first[at], found.stop[at]) == (12, 20, 20, 44)
    assert (found.start[0], found.stop[-1]) == (0, 60)
    mixed = clone.moments_of(samples(ALL, ALL, overlap=[(10, 0.9)]), 0, 1)
    late = mixed.first >= 11
    assert mixed.start[late].min() == 11
    assert mixed.stop[~late].max() == 10


def test_the_smallest_similarity_of_the_clothes():
    rows = {"head": [0.1, 0.1, 0.1], "upper": [0.5, NAN, NAN], "lower": [0.7, 0.6, NAN]}
    found = clone._smallest({cue: np.array(values) for cue, values in rows.items()})
    assert found[:2].tolist() == [0.5, 0.6]
    assert np.isnan(found[2])
    assert np.isnan(clone._smallest({"body": np.array([1.0, 1.0])})).tolist() == [True, True]


@pytest.mark.parametrize(
    ("features", "start", "vouched"),
    [
        pytest.param({"had_before": 1.0}, 17, False, id="from that frame on"),
        pytest.param({"had_before": 0.0}, 5, False, id="since both are there"),
        pytest.param({"had_before": 1.0, "became": 1.0}, 17, True, id="one became the other"),
        pytest.param({"had_before": 1.0, "became": 0.99}, 17, False, id="hardly"),
        pytest.param({"had_before": 1.0, "appears": 1.0}, 17, False, id="one appears: pixels say"),
    ],
)
def test_what_is_told_of_a_clone(features, start, vouched):
    bodies = [SimpleNamespace(frame=np.arange(a, b)) for a, b in ((0, 40), (5, 60))]
    row = {"became": 0.0, "appears": 0.0, "network": 0.25, **features}
    found = clone._explained(SimpleNamespace(tracks=bodies), (0, 1), 17, row, 2.0)
    assert (found.kind, found.tracks, found.log_odds) == ("clone", (0, 1), 2.0)
    assert (found.start_frame, found.stop_frame) == (start, 40)
    assert found.strength == 0.75
    assert found.vouched is vouched


def faces(similarity):
    """Return two faces that are so alike."""
    cosine = FACE_SCALE.different + similarity * (FACE_SCALE.same - FACE_SCALE.different)
    return [(1.0, 0.0), (cosine, (1 - cosine**2) ** 0.5)]


def dressed(lightness, *, hair=None, face=None, cues=("upper", "lower")):
    """Return a segment whose clothes have that CIE L*, of a grey."""
    from identity.appearance.colour import colour_histogram

    level = 255 * ((lightness + 16) / 116) ** 3
    grey = 255 * (1.055 * (level / 255) ** (1 / 2.4) - 0.055)
    vector = colour_histogram(np.full((8, 8, 3), round(grey), np.uint8))
    means = dict.fromkeys(cues, vector)
    if hair is not None:
        means |= {"hair": np.array(hair, np.float32), "facing": np.array([1.0, 0.0], np.float32)}
    if face is not None:
        means["face"] = np.array(face, np.float32)
    return SimpleNamespace(means=means)


@pytest.mark.parametrize(
    ("lightness", "cues", "black"),
    [
        (22, ("upper", "lower"), True),
        (34, ("upper", "lower"), False),
        (22, ("upper",), True),
        (22, (), False),
    ],
)
def test_who_wears_black(lightness, cues, black):
    assert clone.wears_black(dressed(lightness, cues=cues)) is black


def test_a_segment_in_black_trousers_alone_is_not_in_black():
    one = dressed(10)
    one.means["upper"] = dressed(60).means["upper"]
    assert not clone.wears_black(one)
    assert len(one.means["upper"]) == HISTOGRAM_DIM


@pytest.mark.parametrize(
    ("one", "two", "may_be"),
    [
        pytest.param(dressed(60), dressed(60), True, id="in colours"),
        pytest.param(dressed(10), dressed(10), False, id="both in black"),
        pytest.param(dressed(10), dressed(60), True, id="one in black"),
        pytest.param(dressed(60, hair=(1, 0)), dressed(60, hair=(0, 1)), False, id="other hair"),
        pytest.param(dressed(60, hair=(1, 0)), dressed(60, hair=(1, 0)), True, id="the same hair"),
    ],
)
def test_who_may_be_clones(one, two, may_be):
    features = {"became": 0.9, "appears": 0.0}  # no moment at which they became one
    found = told("clone", (0, 1), segments=(1, 0), features=features)
    assert clone.may_be_clones(found, [one, two]) is may_be


@pytest.mark.parametrize(
    ("similarity", "in_colours", "in_black", "one"),
    [
        pytest.param(1.0, True, True, True, id="one face"),
        pytest.param(0.82, True, True, True, id="nearly"),
        pytest.param(0.78, True, False, False, id="not quite"),
        pytest.param(0.42, True, False, False, id="somewhat alike"),
        pytest.param(0.38, False, False, False, id="another face"),
        pytest.param(-0.5, False, False, False, id="quite another face"),
        pytest.param(None, True, False, False, id="one face is not seen"),
    ],
)
def test_faces_say_who_is_a_clone(similarity, in_colours, in_black, one):
    features = {"became": 0.0, "appears": 0.0}
    found = told("clone", (0, 1), segments=(0, 1), features=features)
    both = [(1.0, 0.0), None] if similarity is None else faces(similarity)
    for lightness, may_be in ((60, in_colours), (10, in_black)):
        two = [dressed(lightness, face=face) for face in both]
        assert clone.may_be_clones(found, two) is may_be
        assert clone.shows_one_face(found, two) is one


@pytest.mark.parametrize("moment", [{"became": 1.0}, {"appears": 1.0}])
def test_of_two_in_black_a_moment_tells(moment):
    features = {"became": 0.0, "appears": 0.0, **moment}
    found = told("clone", (0, 1), segments=(1, 0), features=features)
    assert clone.may_be_clones(found, [dressed(10), dressed(10)])
    hair = dressed(10, hair=(1, 0)), dressed(10, hair=(0, 1))
    assert not clone.may_be_clones(found, hair)


# --- becoming another -----------------------------------------------------------------------------


def candidate(last, first, at, *, slow=False, odds=1.0):
    last, first = np.array(last), np.array(first)
    return change._Candidate(slow, odds, at, Moments(last - 2, last, first, first + 2))


def test_the_course_is_asked_over_all_that_is_known(monkeypatch):
    asked = []
    monkeypatch.setattr(change, "course_of", lambda *spans: asked.append(spans[1:]))
    change._course(None, 3, [candidate([4, 9], [6, 12], 0), candidate([9], [20], 0)])
    assert asked == [(3, 2, 22)]


# --- causes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [told("morph", (0,), 10, odds=5.0), told("swap", (0, 1), 12, odds=0.5)], ["swap"],
            id="an exchange explains more",
        ),
        pytest.param(
            [told("morph", (0,), 10, odds=5.0), told("swap", (0, 1), 12, odds=-0.5)], ["morph"],
            id="unless it is unlikely",
        ),
        pytest.param(
            [told("morph", (0,), 10, odds=5.0), told("swap", (0, 1), 12, odds=0.0)], ["swap"],
            id="as likely as not is enough",
        ),
        pytest.param(
            [told("morph", (0,), 34), told("clone", (0, 1), 10)], ["morph", "clone"][1:],
            id="a second apart is one cause",
        ),
        pytest.param(
            [told("morph", (0,), 35, odds=2.0), told("clone", (0, 1), 10)], ["morph", "clone"],
            id="more than a second apart",
        ),
        pytest.param(
            [told("morph", (2,), 10, odds=2.0), told("clone", (0, 1), 10)], ["morph", "clone"],
            id="of others",
        ),
        pytest.param(
            [told("swap", (0, 1), 10), told("swap", (0, 1), 20, odds=2.0)], ["swap", "swap"],
            id="there and back",
        ),
        pytest.param(
            [told("drift", (0,), 90), told("clone", (0, 1), 10)], ["clone"], id="slowly, whenever"
        ),
        pytest.param(
            [told("clone", (0, 1), 90, vouched=False), told("swap", (0, 1), 10)], ["swap"],
            id="the same two, who are alike all along",
        ),
        pytest.param(
            [told("clone", (0, 1), 10, odds=2.0), told("swap", (0, 1), 10)], ["clone"],
            id="... or one has become a copy of the other, which is surer",
        ),
        pytest.param(
            [told("clone", (0, 1), 10), told("swap", (0, 1), 10, odds=2.0)], ["swap"],
            id="... or they exchange, which is surer",
        ),
    ],
)  # fmt: skip
def test_one_cause_is_told_once(found, kept):
    said = shot.one_per_cause(found, fps=24)
    assert [one.kind for one in said] == kept
    assert [one.log_odds for one in said] == sorted((one.log_odds for one in said), reverse=True)


# --- over a cut -----------------------------------------------------------------------------------


def segment(number, *, shot=0, samples=9, tracklet=None, cues=("body",), first=0, xyxy=None):
    boxes = np.array([[0, 0, 50, 100]] * 10, np.float32) if xyxy is None else xyxy
    return SimpleNamespace(
        tracklet=SimpleNamespace(tracklet_id=number if tracklet is None else tracklet,
                                 shot_index=shot),
        sample_count=samples, means=dict.fromkeys(cues, np.array([1.0, 0.0])), xyxy=boxes,
        start_frame=first, stop_frame=first + 10, score=np.full(10, 0.8),
    )  # fmt: skip


def test_who_is_worn_at_the_edges_of_shots():
    segments = [
        segment(0, tracklet=7), segment(1, tracklet=7), segment(2, samples=1), segment(3, cues=()),
        segment(4, samples=2), segment(5, shot=2),
    ]  # fmt: skip
    ends, begins = over_cut._worn_at_the_edges(segments)
    assert ends == {0: [1, 4], 2: [5]}
    assert begins == {0: [0, 4], 2: [5]}


@pytest.mark.parametrize(
    ("fours", "independent"),
    [
        ([(0, 1, 2, 3), (2, 3, 4, 5)], True),
        ([(0, 1, 2, 3), (3, 9, 4, 5)], True),
        ([(0, 1, 2, 3), (0, 1, 4, 5)], False),
        ([(0, 1, 2, 3)], True),
    ],
)
def test_later_exchanges_that_change_back(fours, independent):
    found = [told("swap", (), segments=four) for four in fours]
    assert over_cut._independent(found) is independent


def placed(*boxes):
    return [segment(k, xyxy=np.array(rows, np.float32)) for k, rows in enumerate(boxes)]


def stands_in_place(segments, option, lay):
    sets = SimpleNamespace(
        picture_px=(500, 300),
        alignment=lambda a, b: lay,
        is_hidden=lambda a, b, near: False,
    )
    return bool(over_cut._placed(segments, [option], sets, (0, 1), lay))


LEFT, RIGHT = (0, 0, 50, 100), (200, 0, 250, 100)


@pytest.mark.parametrize(
    ("move", "scale", "in_place"),
    [
        pytest.param(0, 1.0, True, id="at the places of before"),
        pytest.param(26, 1.0, True, id="half of a width aside"),
        pytest.param(27, 1.0, False, id="more"),
        pytest.param(0, 1.5, False, id="another framing"),
    ],
)
def test_both_stand_where_the_other_one_stood(move, scale, in_place):
    early = [[(900, 0, 950, 100)] * 2 + [box] * 8 for box in (LEFT, RIGHT)]  # the last eight boxes
    late = [[box] * 8 + [(900, 0, 950, 100)] * 9 for box in (LEFT, RIGHT)]  # and the first eight
    segments = placed(*early, *late)
    lay = Alignment(1.0, scale, (move / 500, 0.0))
    option = told("swap", (), segments=(0, 1, 2, 3))
    assert stands_in_place(segments, option, lay) is in_place


@pytest.mark.parametrize(("aside", "in_place"), [(14, True), (14.1, False)])
def test_an_overlap_of_three_tenths_is_one_place(aside, in_place):
    """Of two boxes of 26 px, 14 px apart, 12 px are common and 40 px are covered."""
    one, two = (0, 0, 26, 100), (200, 0, 226, 100)
    late = [[(x1 + aside, y1, x2 + aside, y2)] * 8 for x1, y1, x2, y2 in (one, two)]
    option = told("swap", (), segments=(0, 1, 2, 3))
    segments = placed([one] * 8, [two] * 8, *late)
    lay = Alignment(1.0, 1.0, (0.0, 0.0))
    assert stands_in_place(segments, option, lay) is in_place


def test_what_lies_beyond_the_picture_does_not_count():
    early = [[LEFT] * 8, [RIGHT] * 8]
    late = [[(-200, 0, 50, 100)] * 8, [RIGHT] * 8]
    option = told("swap", (), segments=(0, 1, 2, 3))
    assert stands_in_place(placed(*early, *late), option, Alignment(1.0, 1.0, (0, 0)))


def exchange_over_cuts(
    *shots, aligned, moved=0, explained=(), one_aside=False, hidden=False, facing=None,
    vouched=True, cast="", alike=None, laid=None, farther=0,
):  # fmt: skip
    """Judge shots in each of which two stand side by side, and wear what their letters say."""
    segments = []
    laid = [] if laid is None else laid
    setups = np.eye(len(shots)) if alike is None else np.equal.outer([*alike], [*alike])
    for shot_, names in enumerate(shots):
        for k, name in enumerate(names):
            one = worn(name, 2 * shot_ + k, shot=shot_)
            at = 200 * k + (moved if shot_ else 0)
            one.xyxy = np.tile(np.array([at, 0, at + 50, 100], np.float32), (10, 1))
            if shot_ and one_aside:
                one.xyxy += 60 * k
            one.xyxy += farther * k * shot_
            if facing is not None:
                one.means["facing"] = np.array([facing[shot_], 0.0], np.float32)
            segments.append(one)

    def alignment(a, b):
        laid.append((a, b))
        return Alignment(1.0, 1.0, (0, 0)) if (a, b) in aligned else None

    sets = SimpleNamespace(
        picture_px=(500, 300), alignment=alignment, is_hidden=lambda a, b, near: hidden
    )
    clip = SimpleNamespace(
        sets=sets, segments=segments, explained=explained, calibration=calibration(), setups=setups,
        cast=cast_of(*(ord(name) for name in cast or "".join(shots))),
        model={"swap": SimpleNamespace(log_odds=lambda features: features["gain"])},
        settings=FindingSettings(), track_of=lambda k: k,
    )  # fmt: skip
    found = over_cut.find_over_cuts(clip)
    assert all(one.vouched == vouched for one in found)
    return [tuple(segments[k].tracklet.shot_index for k in one.segments[::2]) for one in found]


@pytest.mark.parametrize(
    ("shots", "alike", "laid"),
    [
        pytest.param(["AB", "BA"], "ab", [(0, 1)], id="two shots"),
        pytest.param(["AB", "BA", "BA"], "abb", [(0, 1), (0, 2)], id="twice of two set-ups"),
        pytest.param(["AB", "AB", "AB", "BA"], "aaab", [(2, 3), (1, 3)], id="no third time"),
        pytest.param(
            ["AB", "AB", "AB", "BA"], "ccdb", [(2, 3), (1, 3), (0, 3)], id="another set-up is asked"
        ),
        pytest.param(
            ["AB", "AB", "AB", "BA"], "aaaa", [(2, 3), (1, 3), (0, 3)], id="one set-up, hidden"
        ),
        pytest.param(["AB", "AB"], "ab", [], id="nobody looks crossed"),
    ],
)  # fmt: skip
def test_set_ups_are_laid_over_each_other_twice_at_most(shots, alike, laid):
    asked = []
    assert exchange_over_cuts(*shots, aligned=[], alike=alike, laid=asked) == []
    assert asked == laid


@pytest.mark.parametrize(("farther", "laid"), [(60, [(0, 1)]), (200, [])])
def test_whose_places_cannot_lie_so_at_any_scale_are_not_laid_over(farther, laid):
    asked = []
    found = exchange_over_cuts("AB", "BA", aligned=[(0, 1)], farther=farther, laid=asked)
    assert (found, asked) == ([], laid)


BY_CUT = (told("attribute_swap", (0, 1), over_cut=True),)
IN_SHOT = (told("attribute_swap", (0, 1)),)


@pytest.mark.parametrize(
    ("shots", "aligned", "more", "pairs"),
    [
        pytest.param(["AB", "BA"], [(0, 1)], {}, [(0, 1)], id="exchanged"),
        pytest.param(["AB", "AB"], [(0, 1)], {}, [], id="looks stay"),
        pytest.param(["AB", "BA"], [(0, 1)], {"cast": "ABAB"}, [], id="other shots say they stay"),
        pytest.param(["AB", "CD"], [(0, 1)], {}, [], id="others"),
        pytest.param(["A", "BA"], [(0, 1)], {}, [], id="one before"),
        pytest.param(["AB", "B"], [(0, 1)], {}, [], id="one after"),
        pytest.param(["AB", "BA"], [], {}, [], id="another set-up"),
        pytest.param(["AB", "BA"], [(0, 1)], {"moved": 40}, [], id="they stand elsewhere"),
        pytest.param(
            ["AB", "BA"], [], {"hidden": True, "facing": (0.9, 0.8), "vouched": False}, [(0, 1)],
            id="they hide the set, and are seen from the same side",
        ),
        pytest.param(
            ["AB", "BA"], [], {"hidden": True, "facing": (0.9, -0.8)}, [],
            id="they hide the set, and turn round: the camera stands behind them",
        ),
        pytest.param(
            ["AB", "BA"], [], {"hidden": True}, [], id="they hide the set; from which side?"
        ),
        pytest.param(
            ["AB", "BA"], [], {"hidden": True, "facing": (0.9, 0.8), "one_aside": True}, [],
            id="they hide the set, and only one of them has a place",
        ),
        pytest.param(
            ["AB", "BA"], [(0, 1)], {"hidden": True, "facing": (0.9, 0.8)}, [(0, 1)],
            id="little of the set is seen, and it agrees",
        ),
        pytest.param(["AB", "BA"], [(0, 1)], {"explained": BY_CUT}, [], id="their clothes were"),
        pytest.param(
            ["AB", "BA"], [(0, 1)], {"explained": IN_SHOT}, [(0, 1)], id="clothes, but in a shot"
        ),
        pytest.param(
            ["AB", "AB", "BA"], [(0, 2)], {}, [(0, 2)], id="over another set-up"
        ),
        pytest.param(
            ["AB", "AB", "BA"], [(0, 2), (1, 2)], {}, [(1, 2)],
            id="against the last shot of the set-up",
        ),
        pytest.param(
            ["AB", "BA", "BA"], [(0, 1), (0, 2)], {}, [(0, 1)], id="what lasts is told once"
        ),
        pytest.param(
            ["AB", "BA", "AB"], [(0, 1), (1, 2)], {}, [(0, 1), (1, 2)],
            id="there and back is told twice",
        ),
    ],
)  # fmt: skip
def test_exchanges_over_cuts(shots, aligned, more, pairs):
    assert exchange_over_cuts(*shots, aligned=aligned, **more) == pairs


def test_who_looks_nearly_as_another_in_a_later_shot_has_exchanged_nothing():
    """Each is nearer to the other than to himself, and neither is the other."""
    early = worn("A", 0), worn("B", 1)
    late = worn("C", 2, shot=1), worn("D", 3, shot=1)
    for one, other in zip(late, ("B", "A"), strict=True):
        one.means["upper"] = blend(one.means["upper"], colour_of(other), 0.4)
        one.means["body"] = blend(one.means["body"], body_of(other), 0.3)
    found, asked = crossed(early, late, labels=[0, 1, 1, 0])
    assert asked["gain"][0] > 0.3
    assert asked["crossed"][0] < 0
    assert found == []


def test_without_pictures_of_the_sets_nothing_is_told():
    assert over_cut.find_over_cuts(SimpleNamespace(sets=None, segments=[], explained=())) == []


def worn(name, number, *, shot=0, samples=9, score=0.8, height=100):
    """Return a segment whose looks are those of a name."""
    boxes = np.array([[0, 0, 50, height]] * 10, np.float32)
    one = segment(number, shot=shot, samples=samples, xyxy=boxes, first=20 * shot + number)
    one.means = {"body": body_of(name), "upper": colour_of(name)}
    one.score = np.full(10, score)
    one.name = name
    return one


def crossed(early, late, *, least=0.0, labels=None):
    """Return what is found, and what was asked; who is called alike is one in the cast."""
    segments = [*early, *late]
    labels = [ord(one.name) for one in segments] if labels is None else labels
    asked = {}

    def log_odds(features):
        asked.update(features)
        return features["gain"]

    clip = SimpleNamespace(
        segments=segments, calibration=calibration(), track_of=lambda k: 10 + k,
        model={"swap": SimpleNamespace(log_odds=log_odds)},
        settings=SimpleNamespace(least_log_odds=least),
        cast=SimpleNamespace(labels=np.array(labels, np.int64)),
    )  # fmt: skip
    numbers = list(range(len(early))), list(range(len(early), len(segments)))
    return over_cut._crossed(clip, *numbers), asked


def test_two_of_before_wear_each_others_looks():
    early = worn("A", 0, samples=5, score=0.9), worn("B", 1, samples=7, height=60)
    late = worn("B", 2, shot=1, samples=9, score=0.4), worn("A", 3, shot=1, samples=20)
    (found,), asked = crossed(early, late)
    assert found.segments == (0, 1, 2, 3)
    assert (found.tracks, found.over_cut) == ((10, 11, 12, 13), True)
    assert (found.start_frame, found.stop_frame) == (22, 23)
    assert found.log_odds == pytest.approx(asked["gain"][0])
    assert found.features["samples"] == pytest.approx(np.log(5))
    assert found.features["score"] == pytest.approx(0.4)
    assert found.strength == pytest.approx(found.features["network"])
    nothing = [found.features[name] for name in ("leap", "touch", "span")]
    assert nothing == [0, 0, 0]


@pytest.mark.parametrize(
    ("early", "late", "least", "fours"),
    [
        pytest.param("AB", "AB", 0.0, [(0, 1, 3, 2)], id="their places are asked afterwards"),
        pytest.param("AB", "BA", 99.0, [], id="not likely enough"),
        pytest.param("A", "BA", 0.0, [], id="one before"),
        pytest.param("AB", "", 0.0, [], id="nobody after"),
        pytest.param("AB", "BC", 0.0, [], id="one becomes a third"),
        pytest.param(
            "ABC", "BAC", 0.0, [(0, 1, 3, 4), (0, 2, 5, 4), (1, 2, 5, 3)], id="any two of three"
        ),
    ],
)
def test_who_may_have_exchanged_looks(early, late, least, fours):
    sides = (
        [worn(name, k, shot=shot_) for k, name in enumerate(side)]
        for shot_, side in enumerate((early, late))
    )
    found, _ = crossed(*sides, least=least)
    assert [one.segments for one in found] == fours


def test_more_than_eight_looks_say_no_more():
    early, late = ([worn(name, k, samples=30) for k, name in enumerate(side)]
                   for side in ("AB", "BA"))  # fmt: skip
    assert crossed(early, late)[0][0].features["samples"] == pytest.approx(np.log(8))


def test_labels_stay_with_heads_where_clothes_were_exchanged():
    labels = np.array([0, 1, 1, 0, 0])
    cast = Cast(labels, np.zeros((5, 5)), np.zeros((5, 5), bool), np.zeros(5, bool), 2, np.ones(5))
    segments = [segment(k, first=10 * k) for k in range(5)]
    clip = SimpleNamespace(segments=segments)
    exchange = told("attribute_swap", (), 20, over_cut=True, attribute="clothes",
                    segments=(0, 1, 2, 3))  # fmt: skip
    assert attribute_swap.relabelled(cast, clip, [exchange]).labels.tolist() == [0, 1, 0, 1, 1]
    for other in (
        told("attribute_swap", (), 20, over_cut=True, attribute="head", segments=(0, 1, 2, 3)),
        told("attribute_swap", (), 20, attribute="clothes", segments=(0, 1, 2, 3)),
        told("attribute_swap", (), 20, over_cut=True, attribute="clothes", segments=(0, 1, 3, 2)),
    ):
        assert attribute_swap.relabelled(cast, clip, [other]).labels.tolist() == labels.tolist()


# --- a judgement ----------------------------------------------------------------------------------


def cast_of(*labels):
    count = len(labels)
    return Cast(np.array(labels), np.zeros((count, count)), np.zeros((count, count), bool),
                np.zeros(count, bool), max(labels, default=-1) + 1, np.ones(count))  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "more", "expect", "count"),
    [
        pytest.param((0, 1, 2), {}, [0, 0, 1], 2, id="both get the earlier number"),
        pytest.param((1, 0, 2), {}, [0, 0, 1], 2, id="in either order"),
        pytest.param((0, 1, 1), {}, [0, 0, 0], 1, id="with all their pieces"),
        pytest.param((0, 1, 2), {"vouched": False}, [0, 1, 2], 3, id="they may be twins"),
        pytest.param((0, 1, 2), {"odds": 1.09}, [0, 1, 2], 3, id="not sure enough"),
        pytest.param((0, 1, 2), {"odds": 1.1}, [0, 0, 1], 2, id="just sure enough"),
        pytest.param((0, -1, 1), {}, [0, -1, 1], 2, id="one is nobody of the cast"),
    ],
)
def test_a_sure_clone_is_one_character(labels, more, expect, count):
    both = told("clone", (0, 1), segments=(0, 1), **{"odds": 3.0, **more})
    pieces = [SimpleNamespace(tracklet=object()) for _ in labels]
    settings = FindingSettings(major_confidence=0.75)
    cast = judge._join_clones(cast_of(*labels), [both], pieces, settings)
    assert (cast.labels.tolist(), cast.character_count) == (expect, count)


@pytest.mark.parametrize(
    ("labels", "expect", "count"),
    [
        pytest.param((0, 1, 1, 1), [0, 1, 0, 1], 2, id="the cast kept the name: he alone"),
        pytest.param((0, 1, 2, 2), [0, 1, 0, 0], 2, id="it has found another for him: all of it"),
        pytest.param((0, 1, 0, 0), [0, 1, 0, 0], 2, id="it has found the right one"),
        pytest.param((-1, 0, 0, 0), [-1, 0, -1, 0], 1, id="the other is nobody of the cast"),
    ],
)
def test_who_became_a_copy_was_another(labels, expect, count):
    both = told("clone", (0, 1), segments=(0, 2), odds=3.0)
    own, other, later = object(), object(), object()
    pieces = [SimpleNamespace(tracklet=one) for one in (other, own, own, later)]
    settings = FindingSettings(major_confidence=0.75)
    cast = judge._join_clones(cast_of(*labels), [both], pieces, settings)
    assert (cast.labels.tolist(), cast.character_count) == (expect, count)


def curve(lowest):
    return SimpleNamespace(lowest=lowest)


@pytest.mark.parametrize(
    ("worn", "lowest", "drifts", "expect"),
    [
        pytest.param([], [], [], (None, None), id="never seen"),
        pytest.param([0, 1], [0.9, 0.8], [], (0.9, 0.8), id="one body each"),
        pytest.param([0, 0, 1], [0.9, 0.7, 0.8], [], (0.7, 0.8), id="the lowest of several"),
        pytest.param([0, 1], [None, 0.8], [], (None, 0.8), id="too little to judge"),
        pytest.param([-1, 1], [0.1, 0.8], [], (None, 0.8), id="nobody of the cast"),
        pytest.param([0, 1], [0.9, 0.8], [((0,), 0.6)], (0.4, 0.8), id="a drift loses"),
        pytest.param([0, 1], [0.3, 0.8], [((0,), 0.6)], (0.3, 0.8), id="less than is lost"),
        pytest.param([0, 1], [0.9, 0.8], [((0, 1), 1.5)], (0.0, 0.0), id="no less than nothing"),
        pytest.param([0, 1], [None, 0.8], [((0,), 0.6)], (None, 0.8), id="still not judged"),
        pytest.param([-1, 1], [0.9, 0.8], [((0, 1), 0.6)], (None, 0.8), id="of one not in it"),
    ],
)
def test_consistency_of_a_character(worn, lowest, drifts, expect):
    found = judge._consistency(
        worn, cast_of(0, 1), [curve(value) for value in lowest],
        [told("drift", who, strength=lost) for who, lost in drifts],
    )  # fmt: skip
    assert found == pytest.approx(expect)


def track(*members):
    return SimpleNamespace(members=members)


def piece(tracklet, start, stop):
    return SimpleNamespace(
        tracklet=SimpleNamespace(tracklet_id=tracklet), start_frame=start, stop_frame=stop
    )


PIECES = [piece(0, 0, 10), piece(0, 10, 20), piece(1, 0, 20), piece(2, 25, 30)]


@pytest.mark.parametrize(
    ("frame", "number"), [(0, 0), (9, 0), (10, 1), (19, 1), (20, 3), (29, 3), (99, 3)]
)
def test_which_segment_a_track_wears(frame, number):
    assert judge._segment_at(track(0, 2), PIECES, frame) == number


def test_a_track_wears_its_first_character_at_first():
    labels = [4, 5, 6, -1]
    assert characters_of_tracks([track(0, 2), track(1), track(2), track(9)], PIECES, labels) == [
        4, 6, -1, -1,
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "segments"), [("clone", (1, 2)), ("swap", ())])
def test_segments_of_a_clone(kind, segments):
    one = told(kind, (0, 1), 12, features={"became": 0.0})
    found = judge._with_segments(one, [track(0, 2), track(1)], PIECES)
    assert found.segments == segments


@pytest.mark.parametrize(
    ("kind", "shots", "labels", "doubtful", "vouched"),
    [
        pytest.param("clone", (0, 0), (0, 1), (), False, id="no other shot"),
        pytest.param("clone", (0, 0, 1), (0, 1, 1), (), True, id="one of the two elsewhere"),
        pytest.param("clone", (0, 0, 1), (0, 1, 2), (), False, id="somebody else elsewhere"),
        pytest.param("clone", (0, 0, 0), (0, 1, 1), (), False, id="later in the same shot"),
        pytest.param("clone", (0, 0, 1), (0, 1, 1), (2,), False, id="who may be a thing"),
        pytest.param("clone", (0, 0, 1), (0, -1, -1), (), False, id="nobody of the cast"),
        pytest.param("drift", (0, 0, 1), (0, 1, 1), (), False, id="no clone"),
    ],
)
def test_another_shot_vouches_for_a_clone(kind, shots, labels, doubtful, vouched):
    pieces = [
        SimpleNamespace(tracklet=SimpleNamespace(shot_index=shot), means={}) for shot in shots
    ]
    cast = cast_of(*labels)
    cast.doubtful[list(doubtful)] = True
    one = told(kind, (0, 1), 12, vouched=False, segments=(0, 1))
    assert judge._clone_vouched(one, pieces, cast).vouched == vouched
    assert judge._clone_vouched(replace(one, vouched=True), pieces, cast).vouched
    for piece_, face in zip(pieces, faces(0.9), strict=False):
        piece_.means["face"] = np.array(face, np.float32)
    assert judge._clone_vouched(one, pieces, cast).vouched == (kind == "clone")


def test_numbers_of_a_shot_become_those_of_the_clip():
    found = judge._of_clip(told("swap", (0, 1), curves={1: "curve"}), [5, 7])
    assert (found.tracks, found.curves) == ((5, 7), {7: "curve"})


def test_what_is_known_of_a_frame():
    judgement = judge.Judgement(
        (SimpleNamespace(tracklet_at=lambda frame: 0 if frame < 22 else 2),), tuple(PIECES),
        cast_of(4, 5, 6, 7), (told("swap", (0, 1)), told("clone", (0, 1))), (), (), (),
    )  # fmt: skip
    at = [judgement.character_at(0, frame) for frame in (0, 9, 10, 19, 20, 24, 25, 29, 30)]
    assert at == [4, 4, 5, 5, -1, -1, 7, 7, -1]
    assert [one.kind for one in judgement.of_kind("clone")] == ["clone"]


def exchange(labels, *inside):
    """Return a clip of three shots of two people, and an exchange from the first to the last."""
    starts = (0, 0, 10, 10, 15, 15, 20, 20)
    tracklets = (0, 1, 2, 3, 2, 3, 4, 5)
    pieces = [piece(t, a, 0) for t, a in zip(tracklets, starts, strict=True)]
    for one, stop in zip(pieces, (10, 10, 15, 15, 20, 20, 30, 30), strict=True):
        one.stop_frame = stop
    clip = SimpleNamespace(
        segments=pieces, cast=cast_of(*labels), explained=inside,
        tracks=[track(k) for k in range(6)],
    )  # fmt: skip
    return clip, told("swap", (0, 1, 4, 5), 20, over_cut=True, segments=(0, 1, 6, 7))


SWAPPED_AT_15 = (0, 1, 0, 1, 1, 0, 1, 0)


@pytest.mark.parametrize(
    ("labels", "inside", "is_told"),
    [
        pytest.param(SWAPPED_AT_15, [], False, id="nothing inside"),
        pytest.param(SWAPPED_AT_15, [told("swap", (2, 3), 15)], True, id="since a shot before"),
        pytest.param(SWAPPED_AT_15, [told("swap", (2, 3), 15)] * 2, False, id="there and back"),
        pytest.param(
            SWAPPED_AT_15, [told("swap", (2, 3), 15, undone_frame=18)], False, id="for a moment"
        ),
        pytest.param(SWAPPED_AT_15, [told("swap", (4, 5), 25)], False, id="later"),
        pytest.param(SWAPPED_AT_15, [told("morph", (2,), 15)], False, id="something else"),
        pytest.param(
            (0, 1, 2, 3, 3, 2, 1, 0), [told("swap", (2, 3), 15)], False, id="two others"
        ),
    ],
)  # fmt: skip
def test_a_cut_only_goes_on_with_an_exchange_inside_a_shot(labels, inside, is_told):
    assert over_cut._is_told_inside(*exchange(labels, *inside)) == is_told


@pytest.mark.parametrize(
    ("late", "says_so"),
    [((1, 0), True), ((0, 1), False), ((1, 2), False), ((2, 0), False), ((-1, 0), False)],
)
def test_an_exchange_over_a_cut_is_one_of_the_cast_too(late, says_so):
    early, later = ([worn(name, k) for k, name in enumerate(side)] for side in ("AB", "BA"))
    found, _ = crossed(early, later, labels=[0, 1, *late])
    assert [one.segments for one in found] == [(0, 1, 2, 3)] * says_so
