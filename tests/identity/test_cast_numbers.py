"""Who is who, piece by piece: evidence of a pair, who was seen together, who is background."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, comparison-overlap, index, truthy-function, var-annotated"

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from identity.cast import characters, matching
from identity.cast.characters import (
    Cast,
    _by_screen_time,
    _drop_background,
    _makers,
    _size_share,
    _tallest,
    _with_others,
    build_cast,
    most_at_once,
    pairwise_log_odds,
    seen_together,
)
from identity.cast.matching import (
    CastMatch,
    Member,
    ReferenceFeatures,
    _match,
    match_to_cast,
    with_schedule,
)
from identity.cast.schedule import indistinct, match_by_schedule
from identity.settings import ClusteringSettings

INF = float("inf")
NAN = float("nan")


def segment(frames, box=(0, 0, 60, 160), *, shot=0, samples=4, number=0, score=1.0):
    frames = np.array(frames)
    return SimpleNamespace(
        frames=frames,
        xyxy=np.tile(np.array(box, np.float32), (len(frames), 1)),
        start_frame=int(frames[0]),
        stop_frame=int(frames[-1]) + 1,
        sample_count=samples,
        score=np.full(len(frames), score, np.float32),
        means={},
        tracklet=SimpleNamespace(shot_index=shot, tracklet_id=number),
    )


class Scales:
    """Says of two at one place what their boxes share."""

    def same_place(self, overlap):
        return 10 * overlap


# --- evidence of a pair ---------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    """What looks were compared with; looks say 3 for each pair."""
    seen = {}

    def same_look(one, two, calibration, *, view_gap):
        seen["view_gap"] = view_gap
        return np.full((len(one), len(two)), 3.0)

    monkeypatch.setattr(characters, "same_look", same_look)
    return seen


@pytest.mark.parametrize(
    ("samples", "setup", "odds"),
    [
        pytest.param((8, 8), 0.0, 3 * 0.8, id="eight samples each: trust 8 of 10"),
        pytest.param((2, 8), 0.0, 3 * 0.5, id="the poorer one: 2 of 4"),
        pytest.param((0, 8), 0.0, 0.0, id="nothing was seen of one"),
        pytest.param((8, 8), 0.9, (3 + 10 / 3) * 0.8, id="one set-up: their place counts too"),
        pytest.param((8, 8), 0.89, 3 * 0.8, id="not quite one set-up"),
    ],
)
def test_log_odds_of_two_segments(asked, samples, setup, odds):
    two = [
        segment(range(5), (0, 0, 60, 120), samples=samples[0]),
        segment(range(9, 14), (30, 0, 90, 120), samples=samples[1], shot=1),
    ]
    setups = np.array([[1, setup], [setup, 1]], np.float32)
    found = pairwise_log_odds(two, setups, Scales())
    assert found.tolist() == pytest.approx(np.array([[0, odds], [odds, 0]]))
    assert asked["view_gap"].tolist() == [[0, 0], [0, 0]]


def test_views_differ_by_how_tall_boxes_are_for_their_width(asked):
    two = [segment(range(3), (10, 20, 40, 110)), segment(range(3), (70, 30, 170, 130), shot=1)]
    pairwise_log_odds(two, np.zeros((2, 2), np.float32), Scales())
    assert asked["view_gap"] == pytest.approx(np.log(3) * np.array([[0, 1], [1, 0]]))
    flat = [segment(range(3), (10, 20, 10.5, 20.5)), segment(range(3), (70, 30, 71, 33), shot=1)]
    pairwise_log_odds(flat, np.zeros((2, 2), np.float32), Scales())
    assert asked["view_gap"][0, 1] == pytest.approx(np.log(3))


def test_a_table_made_block_by_block_is_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    some = [
        segment(range(9 * k, 9 * k + 5), (x, 0, x + 60, 120), samples=k, shot=k)
        for k, x in enumerate(rng.integers(0, 60, 5).tolist())
    ]
    monkeypatch.setattr(
        characters, "same_look", lambda _one, _two, _, view_gap: 3.0 + np.asarray(view_gap)
    )
    setups = np.full((5, 5), 0.95, np.float32)
    whole = pairwise_log_odds(some, setups, Scales())
    monkeypatch.setattr(characters, "BLOCK_SAMPLES", 2)
    assert np.array_equal(pairwise_log_odds(some, setups, Scales()), whole)
    assert np.array_equal(whole, whole.T)
    assert len(np.unique(whole)) > 5


def test_nobody_has_no_pairs():
    assert pairwise_log_odds([], np.zeros((0, 0), np.float32), Scales()).shape == (0, 0)


# --- seen together --------------------------------------------------------------------------------

WHOLE = (0, 0, 100, 100)
LONG = range(20)
SURE = 9.0


def overlap(share):
    """Return a box that shares so much with WHOLE, of what both cover."""
    aside = 100 * (1 - share) / (1 + share)
    return (aside, 0, 100 + aside, 100)


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        pytest.param(segment(LONG), segment(LONG, (200, 0, 260, 160)), True, id="side by side"),
        pytest.param(segment(LONG), segment(range(18, 30), (200, 0, 260, 160)), True, id="twice"),
        pytest.param(segment(LONG), segment(range(19, 30), (200, 0, 260, 160)), False, id="once"),
        pytest.param(segment(LONG), segment(range(20, 30), (200, 0, 260, 160)), False, id="never"),
        pytest.param(
            segment(LONG), segment(LONG, (200, 0, 260, 160), shot=1), False, id="in other shots"
        ),
        pytest.param(segment(LONG, WHOLE), segment(LONG, overlap(0.59)), True, id="near together"),
        pytest.param(segment(LONG, WHOLE), segment(LONG, overlap(0.61)), False, id="one body"),
        pytest.param(
            segment(LONG, WHOLE), segment(LONG, (0, 0, 40, 100)), True,
            id="one in the other, from the same frame on",
        ),
        pytest.param(
            segment(LONG, WHOLE), segment(range(5, 30), (0, 0, 40, 100)), False, id="takes over"
        ),
        pytest.param(
            segment(range(5, 30), WHOLE), segment(LONG, (0, 0, 40, 100)), False,
            id="takes over from it",
        ),
        pytest.param(
            segment(LONG, WHOLE), segment(range(5, 20), (0, 0, 40, 100)), True,
            id="begins later, ends with it",
        ),
        pytest.param(
            segment(LONG, WHOLE), segment(range(1, 21), (0, 0, 40, 100)), False,
            id="a frame later at both ends",
        ),
        pytest.param(
            segment(LONG, WHOLE), segment(range(5, 30), (66, 0, 106, 100)), False,
            id="85 of 100 lie in it",
        ),
        pytest.param(
            segment(LONG, WHOLE), segment(range(5, 30), (67, 0, 107, 100)), True, id="82 of 100"
        ),
    ],
)  # fmt: skip
def test_who_is_seen_together(one, two, apart):
    assert seen_together([one, two]).tolist() == [[False, apart], [apart, False]]


@pytest.mark.parametrize(("same_frames", "apart"), [(9, True), (10, False), (11, False)])
def test_one_body_for_half_of_the_time_is_one_body(same_frames, apart):
    two = segment(LONG, (300, 0, 400, 100))
    two.xyxy[:same_frames] = WHOLE
    assert seen_together([segment(LONG, WHOLE), two])[0, 1] == apart


def test_nobody_is_seen_together():
    assert seen_together([]).shape == (0, 0)
    assert not seen_together([segment(LONG)]).any()


BESIDE = (300, 0, 400, 100)


@pytest.mark.parametrize(
    ("tracks", "most"),
    [
        pytest.param([], 0, id="nobody"),
        pytest.param([(range(9), WHOLE)], 1, id="one"),
        pytest.param([(range(9), WHOLE), (range(9), BESIDE)], 2, id="two"),
        pytest.param([(range(5), WHOLE), (range(5, 9), BESIDE)], 1, id="one after the other"),
        pytest.param([(range(5), WHOLE), (range(4, 9), BESIDE)], 1, id="for a single frame"),
        pytest.param(
            [(range(5), WHOLE), (range(3, 9), WHOLE), (range(9), BESIDE)], 2,
            id="where one track takes over from another",
        ),
        pytest.param(
            [(range(9), WHOLE), (range(9), WHOLE), (range(9), BESIDE), (range(9), BESIDE)], 2,
            id="two who are seen twice each",
        ),
        pytest.param(
            [(range(9), (k * 100, 0, k * 100 + 80, 100)) for k in range(4)], 4, id="a crowd"
        ),
    ],
)  # fmt: skip
def test_how_many_are_there_at_once(tracks, most):
    segments = [segment(frames, box) for frames, box in tracks]
    assert most_at_once(segments, seen_together(segments)) == most


@pytest.mark.parametrize(
    ("doubles", "count", "most"),
    [
        pytest.param([], 4, 4, id="all apart"),
        pytest.param([(0, 1), (1, 2)], 3, 2, id="a box around two counts for neither"),
        pytest.param([(0, 1), (1, 2), (0, 2)], 4, 2, id="seen three times, beside another"),
        pytest.param([(k, (k + 1) % 5) for k in range(5)], 5, 2, id="a ring of five"),
    ],
)
def test_who_may_be_one_person_counts_once(doubles, count, most):
    apart = ~np.eye(count, dtype=bool)
    for a, b in doubles:
        apart[a, b] = apart[b, a] = False
    assert most_at_once([segment(range(9)) for _ in range(count)], apart) == most


# --- background -----------------------------------------------------------------------------------

SETTINGS = ClusteringSettings(min_screen_share=0.2, min_size_share=0.5, likely_characters=2)
TALL, HALF, SMALL = (0, 0, 60, 100), (80, 50, 110, 100), (80, 51, 110, 100)


@pytest.mark.parametrize(
    ("segments", "labels", "left"),
    [
        pytest.param([], [], [], id="nobody"),
        pytest.param([segment(LONG)], [0], [0], id="one"),
        pytest.param([segment(LONG), segment(range(4))], [0, 1], [0, 1], id="a fifth of the time"),
        pytest.param([segment(LONG), segment(range(3))], [0, 1], [0, -1], id="less"),
        pytest.param(
            [segment(LONG), segment(range(3)), segment(range(9, 10))], [0, 1, 1], [0, 1, 1],
            id="in pieces",
        ),
        pytest.param([segment(LONG, TALL), segment(LONG, HALF)], [0, 1], [0, 1], id="half as tall"),
        pytest.param([segment(LONG, TALL), segment(LONG, SMALL)], [0, 1], [0, -1], id="smaller"),
        pytest.param(
            [segment(LONG, TALL), segment(LONG, SMALL), segment(LONG, SMALL, shot=1)], [0, 1, 1],
            [0, 1, 1], id="the tallest of another shot",
        ),
        pytest.param(
            [segment(LONG), segment(LONG), segment(LONG, samples=0)], [0, 1, 2], [0, 1, -1],
            id="a third one whom nobody can compare",
        ),
        pytest.param(
            [segment(LONG), segment(LONG, samples=0)], [0, 1], [0, 1], id="a second one may be so"
        ),
        pytest.param(
            [segment(LONG), segment(LONG), segment(LONG, samples=0), segment(LONG, samples=1)],
            [0, 1, 2, 2], [0, 1, 2, 2], id="one look in some piece is enough",
        ),
    ],
)  # fmt: skip
def test_who_is_background(segments, labels, left):
    before = np.array(labels, np.int64)
    assert _drop_background(before, segments, SETTINGS).tolist() == left
    assert before.tolist() == labels


def test_how_tall_somebody_is_beside_others():
    segments = [segment(LONG, TALL), segment(LONG, HALF), segment(LONG, SMALL)]
    assert _size_share(np.array([0]), segments, _tallest(segments)) == 1
    assert _size_share(np.array([1]), segments, _tallest(segments)) == pytest.approx(0.5)
    assert _size_share(np.array([1, 2]), segments, _tallest(segments)) == pytest.approx(0.5)
    low = [segment(LONG, (0, 400, 60, 500)), segment(LONG, (0, 490, 60, 500))]
    assert _size_share(np.array([1]), low, _tallest(low)) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("lengths", "labels", "expect"),
    [
        pytest.param([], [], ([], 0), id="nobody"),
        pytest.param([3], [-1], ([-1], 0), id="nobody of the cast"),
        pytest.param([3, 5], [0, 1], ([1, 0], 2), id="longest first"),
        pytest.param([3, 5, 3], [0, 1, 0], ([0, 1, 0], 2), id="all pieces together"),
        pytest.param([4, 4, 9], [7, 2, -1], ([0, 1, -1], 2), id="who comes first"),
    ],
)
def test_characters_are_numbered_by_their_time_on_screen(lengths, labels, expect):
    found, count = _by_screen_time(
        np.array(labels, np.int64), [segment(range(one)) for one in lengths]
    )
    assert (found.tolist(), count) == expect


# --- who makes a character, and who joins one -----------------------------------------------------


def grouping(names, asked):
    """Return a grouping in which those of one letter are one character."""

    def grouped(makers):
        asked.append(makers.tolist())
        labels = np.full(len(names), -1, np.int64)
        labels[makers] = [sorted(set(names)).index(names[k]) for k in makers]
        return labels

    return grouped


@pytest.mark.parametrize(
    ("names", "odds", "wanted", "makers", "asked"),
    [
        pytest.param("AB", [2.0, 1.0], 2, [0, 1], 1, id="both are surely somebody"),
        pytest.param("AB", [2.0, 0.9], 2, [0, 1], 2, id="one less so, but one is missing"),
        pytest.param("AB", [2.0, 0.9], 1, [0], 1, id="one is enough"),
        pytest.param("AB", [2.0, 0.4], 2, [0], 1, id="hardly likelier somebody"),
        pytest.param("AB", [2.0, 0.41], 2, [0, 1], 2, id="rather somebody"),
        pytest.param("AB", [0.4, 0.39], 2, [0], 2, id="hardly, but somebody is there"),
        pytest.param("AB", [0.0, -0.1], 2, [], 1, id="as likely nobody, and nobody is there"),
        pytest.param("AAB", [2.0, 0.9, 0.5], 2, [0, 2], 3, id="one who makes no other is left"),
        pytest.param("ABC", [2.0, 0.5, 0.9], 2, [0, 2], 2, id="the likeliest first"),
        pytest.param("ABC", [2.0, 0.5, 0.9], 3, [0, 1, 2], 3, id="both are wanted"),
        pytest.param("AAB", [0.9, 0.5, -1.0], 2, [0], 3, id="nobody is sure"),
        pytest.param("A" * 12, [2.0] + [0.9] * 11, 2, [0], 9, id="eight are asked at most"),
    ],
)
def test_who_makes_a_character(names, odds, wanted, makers, asked):
    calls = []
    settings = ClusteringSettings(min_someone_confidence=1 / (1 + np.exp(-0.95)), characters=wanted)
    found, labels = _makers(np.array(odds), grouping(names, calls), settings)
    assert found.tolist() == makers
    assert np.flatnonzero(labels >= 0).tolist() == makers
    assert len(calls) == asked


@pytest.mark.parametrize(
    ("pairs", "apart", "believed", "expect"),
    [
        pytest.param({}, [], [1] * 4, [0, 1, 0, 0], id="alike: the first"),
        pytest.param({(2, 1): 2, (3, 0): 1}, [], [1] * 4, [0, 1, 1, 0], id="whom it is most like"),
        pytest.param({(2, 1): -2, (2, 0): -3}, [], [1] * 4, [0, 1, 1, 0], id="or least unlike"),
        pytest.param({(2, 1): 2}, [(2, 1)], [1] * 4, [0, 1, 0, 0], id="not who is beside it"),
        pytest.param({}, [(2, 0), (2, 1)], [1] * 4, [0, 1, -1, 0], id="beside everybody: nobody"),
        pytest.param(
            {(2, 1): 2, (3, 1): 9}, [(2, 3)], [1, 1, 5, 4], [0, 1, 1, 0], id="the surer one first"
        ),
        pytest.param(
            {(2, 1): 2, (3, 1): 9}, [(2, 3)], [1, 1, 4, 5], [0, 1, 0, 1], id="the other one first"
        ),
    ],
)
def test_others_join_whom_they_are_most_like_of_their_shot(pairs, apart, believed, expect):
    odds, together = np.zeros((4, 4)), np.zeros((4, 4), bool)
    for (a, b), value in pairs.items():
        odds[a, b] = odds[b, a] = value
    for a, b in apart:
        together[a, b] = together[b, a] = True
    labels = np.array([0, 1, -1, -1])
    found = _with_others(
        labels, np.array([2, 3]), np.full(4, SURE), odds, together, believed, np.zeros(4, int)
    )
    assert found.tolist() == expect
    assert labels.tolist() == [0, 1, -1, -1]


@pytest.mark.parametrize(
    ("alike", "shot", "expect"),
    [
        pytest.param((-3.0, -2.0), (0, 0, 0), 1, id="in one shot he is one of them"),
        pytest.param((-3.0, -2.0), (0, 1, 0), 0, id="and who is there as well is likelier"),
        pytest.param((-3.0, 0.1), (0, 1, 0), 1, id="than another whom he is not like"),
        pytest.param((-3.0, -0.1), (0, 0, 1), -1, id="in another shot he is nobody"),
        pytest.param((-3.0, 0.1), (0, 0, 1), 1, id="if looks do not say so"),
        pytest.param((0.0, 0.0), (0, 0, 1), -1, id="as likely as not"),
    ],
)
def test_a_piece_belongs_to_its_shot_unless_looks_say_otherwise(alike, shot, expect):
    odds = np.zeros((3, 3))
    odds[2, :2] = alike
    nobody = np.zeros((3, 3), np.bool_)
    labels = np.array([0, 1, -1])
    found = _with_others(
        labels, np.array([2]), np.full(3, SURE), odds, nobody, [1.0] * 3, np.array(shot)
    )
    assert found.tolist() == [0, 1, expect]


@pytest.mark.parametrize(
    ("someone", "alike", "shot", "expect"),
    [
        pytest.param(-1.6, 1.1, 1, -1, id="a lamp that is a little like him"),
        pytest.param(-1.2, 1.5, 1, 0, id="a moment of him, from looks that say so"),
        pytest.param(0.5, -0.4, 0, 0, id="likely somebody, of his shot"),
        pytest.param(0.3, -0.4, 0, -1, id="neither, though of his shot"),
        pytest.param(-0.5, 0.5, 0, -1, id="as likely as not"),
    ],
)
def test_who_may_be_a_thing_has_to_look_like_a_character_to_be_one(someone, alike, shot, expect):
    odds = np.array([[0, alike], [alike, 0]])
    found = _with_others(
        np.array([0, -1]), np.array([1]), np.array([SURE, someone]), odds,
        np.zeros((2, 2), bool), [1.0] * 2, np.array([0, shot]),
    )  # fmt: skip
    assert found.tolist() == [0, expect]


def test_a_character_of_several_is_as_like_as_the_mean_of_them():
    odds = np.zeros((4, 4))
    odds[3, :3] = 3, -9, 1
    found = _with_others(
        np.array([0, 0, 1, -1]), np.array([3]), np.full(4, SURE), odds, np.zeros((4, 4), bool),
        [1] * 4, np.zeros(4, int),
    )  # fmt: skip
    assert found.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("setups", "free", "discount"),
    [
        pytest.param(np.eye(4), {}, 1.0, id="four set-ups"),
        pytest.param(np.ones((4, 4)), {}, 0.5, id="one set-up in four shots: two of them count"),
        pytest.param(np.ones((1, 1)), {}, 1.0, id="one shot: never more than all"),
        pytest.param(np.ones((4, 4)), {"likely_characters": 3}, 0.5, id="three are likely"),
        pytest.param(np.ones((4, 4)), {"characters": 4}, 0.5, id="four are told"),
        pytest.param(np.ones((4, 4)), {"likely_characters": 1}, 0.5, id="two are seen at once"),
    ],
)
def test_what_the_grouping_is_asked(monkeypatch, setups, free, discount):
    asked = {}

    def partition(odds, apart, *, items, discount, group_cost, free_groups):
        asked.update(odds=odds * discount, items=items, cost=group_cost, free=free_groups)
        return np.arange(len(items))

    monkeypatch.setattr(characters, "partition", partition)
    monkeypatch.setattr(characters, "pairwise_log_odds", lambda *_: np.array([[0, 3.0], [3.0, 0]]))
    settings = replace(
        ClusteringSettings(independent_shots=2, new_character_cost=1.25, same_prior=-0.5), **free
    )
    two = [segment(LONG), segment(LONG, (200, 0, 260, 160), number=1)]
    cast = build_cast(two, setups.astype(np.float32), Scales(), settings, someone=np.full(2, 9.0))
    assert asked["odds"][0, 1] == pytest.approx(2.5 * discount)
    assert asked["items"].tolist() == [0, 1]
    assert asked["cost"] == 1.25
    assert asked["free"] == max(2, *free.values(), 0)
    assert cast.log_odds[0, 1] == 2.5
    assert cast.labels.tolist() == [0, 1]
    assert cast.doubtful.tolist() == [False, False]


# --- matching with a known cast -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("odds", "apart", "judged", "expect"),
    [
        pytest.param([[2.0, -1.0]], [], [True], [0], id="one"),
        pytest.param([[-0.1, -1.0]], [], [True], [-1], id="nobody of them"),
        pytest.param([[2.0, -1.0]], [], [False], [-1], id="not seen well enough"),
        pytest.param([[2.0, 1.5], [2.0, -3.0]], [(0, 1)], [True] * 2, [1, 0], id="who is left"),
        pytest.param([[2.0, 1.5], [2.0, -3.0]], [], [True] * 2, [0, 0], id="never at once: both"),
        pytest.param([], [], [], [], id="nobody there"),
    ],
)
def test_characters_and_members_are_decided_together(odds, apart, judged, expect):
    count = len(odds)
    together = np.zeros((count, count), bool)
    for a, b in apart:
        together[a, b] = together[b, a] = True
    found = _match(np.array(odds, float).reshape(count, 2), together, np.array(judged, bool))
    assert found == expect


def member(name, *shapes, presence="required"):
    return Member(name, tuple(ReferenceFeatures({}, shape) for shape in shapes), presence)


@pytest.fixture
def views(monkeypatch):
    """Let looks say what a test puts in here: (log-odds of each view), and keep the view gaps."""
    said = {"odds": [1.0], "gaps": []}

    def same_look(one, two, calibration, *, view_gap):
        said["gaps"].append(view_gap.tolist())
        return np.array([said["odds"][: len(two)]], float)

    monkeypatch.setattr(matching, "same_look", same_look)
    return said


def odds_of(segments, who, **more):
    settings = ClusteringSettings(reference_prior=-0.25, independent_shots=1.5, **more)
    return matching._odds(segments, who, None, settings)


@pytest.mark.parametrize(
    ("said", "samples", "expect"),
    [
        pytest.param([2.0], [8], 0.8 * 2 - 0.25, id="one view, trusted by its samples"),
        pytest.param([2.0], [2], 0.5 * 2 - 0.25, id="two samples"),
        pytest.param([2.0, 2.0], [8], 0.8 * 2 - 0.25, id="a second view that says the same"),
        pytest.param(
            [3.0, -1.0], [8], 0.8 * (np.log((np.exp(3) + np.exp(-1)) / 2)) - 0.25, id="a mixture"
        ),
        pytest.param([2.0, NAN], [8], 0.8 * 2 - 0.25, id="a view that shows nothing"),
        pytest.param([NAN], [8], 0.0, id="nothing to compare"),
        pytest.param([2.0], [0], 0.0, id="nothing was seen"),
        pytest.param([2.0], [8, 8], 2 * 1.5 - 0.25, id="1.6 trusts count as 1.5"),
        pytest.param([2.0], [2, 2], 2 * 1.0 - 0.25, id="two halves are one"),
        pytest.param([2.0], [2, 8], 2 * 1.3 - 0.25, id="as they are, together"),
    ],
)
def test_log_odds_of_a_member(views, said, samples, expect):
    views["odds"] = said
    segments = [segment(range(9), samples=count) for count in samples]
    assert odds_of(segments, member("a", *[0.0] * len(said))) == pytest.approx(expect)


def test_a_member_without_pictures_is_nobody_by_looks(views):
    assert odds_of([segment(LONG)], member("a")) == -30
    assert views["gaps"] == []


def test_views_are_compared_by_shape(views):
    views["odds"] = [1.0, 1.0]
    odds_of([segment(LONG, (10, 20, 40, 110))], member("a", 0.0, np.log(2)))
    assert views["gaps"][-1][0] == pytest.approx([np.log(3), np.log(1.5)])
    odds_of([segment(LONG, (10, 20, 10.5, 20.25))], member("a", np.log(4)))
    assert views["gaps"][-1][0] == pytest.approx([np.log(4)])  # no less than a pixel: a square


@pytest.fixture
def by_name(monkeypatch):
    """Let looks say a number per segment and member."""
    table = {}

    def odds(segments, who, calibration, settings):
        return table.get((segments[0].tracklet.tracklet_id, who.name), -5.0)

    monkeypatch.setattr(matching, "_odds", odds)
    return table


def cast_of(labels, apart=(), there=0.0):
    together = np.zeros((len(labels), len(labels)), bool)
    for a, b in apart:
        together[a, b] = together[b, a] = True
    count = max(labels, default=-1) + 1
    someone = np.full(len(labels), there)
    none = np.zeros(len(labels), bool)
    return Cast(np.array(labels), together * 0.0, together, none, count, someone)


def sure(odds):
    return 1 / (1 + np.exp(-odds))


def matched(segments, cast, *names):
    members = [member(name, 0.0) for name in names]
    return match_to_cast(segments, cast, members, None, ClusteringSettings())


def test_how_sure_a_member_is(by_name):
    by_name.update({(0, "a"): 2.0, (0, "b"): 0.0})
    found = matched([segment(LONG)], cast_of([0]), "a", "b")
    whole = 1 + np.exp(2) + 1
    assert found.share[0] == pytest.approx([np.exp(2) / whole, 1 / whole])
    assert found.nobody == pytest.approx([1 / whole])
    assert found.member_of == (0,)
    assert found.present == pytest.approx(found.share[0])
    assert found.odds.tolist() == [[2.0, 0.0]]


@pytest.mark.parametrize(("odds", "who"), [(0.01, 0), (-0.01, -1)])
def test_a_name_is_told_from_half_on(by_name, odds, who):
    by_name[0, "a"] = odds
    assert matched([segment(LONG)], cast_of([0]), "a").member_of == (who,)


def test_two_who_may_be_one_member_are_not_told(by_name):
    by_name.update({(0, "a"): 2.0, (0, "b"): 1.9})
    found = matched([segment(LONG)], cast_of([0]), "a", "b")
    assert found.share[0, 0] == pytest.approx(np.exp(2) / (1 + np.exp(2) + np.exp(1.9)))
    assert found.member_of == (-1,)


def test_who_is_seen_beside_a_member_is_not_that_member(by_name):
    by_name.update({(0, "a"): 4.0, (1, "a"): 3.0})
    two = [segment(LONG, number=0), segment(LONG, number=1)]
    found = matched(two, cast_of([0, 1], apart=[(0, 1)]), "a")
    assert found.member_of == (0, -1)
    assert found.share[:, 0] == pytest.approx([sure(4.0), 0])
    assert found.present == pytest.approx([sure(4.0)])
    both = matched(two, cast_of([0, 1]), "a")
    assert both.share[:, 0] == pytest.approx([sure(4.0), sure(3.0)])
    assert both.present == pytest.approx([1 - (1 - sure(4.0)) * (1 - sure(3.0))])


def test_a_clone_is_the_member_that_both_of_them_look_like(by_name):
    by_name[0, "a"] = 4.0
    twice = [segment(LONG), segment(LONG, number=1)]
    found = matched(twice, cast_of([0, 0], apart=[(0, 1)]), "a", "b")
    assert found.member_of == (0,)
    assert found.nobody == pytest.approx([1 - sure(4.0)], abs=0.01)
    assert found.present == pytest.approx([sure(4.0), 0], abs=0.01)


@pytest.mark.parametrize(("samples", "judged"), [((2, 1), True), ((2, 0), False)])
def test_three_looks_are_needed(by_name, samples, judged):
    by_name[0, "a"] = 2.0
    pieces = [segment(LONG, samples=count) for count in samples]
    found = matched(pieces, cast_of([0, 0]), "a", "b", "c")
    assert found.judged.tolist() == [judged]
    assert found.member_of == (0 if judged else -1,)
    if not judged:  # could be anybody of the three, or nobody of them
        assert found.share[0] == pytest.approx([0.25] * 3)
        assert found.nobody[0] == 1


@pytest.mark.parametrize(
    ("there", "odds", "present"),
    [
        pytest.param(30.0, {"a": 2.0}, [sure(2.0), 0], id="somebody who looks like one"),
        pytest.param(0.0, {"a": 2.0}, [sure(2.0) / 2, 0], id="perhaps nobody"),
        pytest.param(-30.0, {"a": 2.0}, [0, 0], id="a lamp, like one or not"),
        pytest.param(30.0, {"a": 0.0, "b": 0.0}, [1 / 3, 1 / 3], id="one of both, or neither"),
    ],
)
def test_a_member_may_be_among_the_background(there, odds, present, by_name):
    by_name.update({(1, name): value for name, value in odds.items()} | {(0, "b"): -30.0})
    by_name.update({(1, name): -30.0 for name in {"a", "b"} - odds.keys()} | {(0, "a"): -30.0})
    both = [segment(LONG), segment(LONG, number=1)]
    found = matched(both, cast_of([0, -1], there=there), "a", "b")
    assert found.present == pytest.approx(present, abs=1e-6)
    alone = matched(both[1:], cast_of([-1], there=there), "a", "b")
    assert alone.present == pytest.approx(present, abs=1e-6)


def test_a_character_and_somebody_behind_both_may_be_a_member(by_name):
    by_name.update({(0, "a"): 1.0, (1, "a"): 2.0})
    both = [segment(LONG), segment(LONG, number=1)]
    found = matched(both, cast_of([0, -1], there=30.0), "a")
    assert found.present == pytest.approx([1 - (1 - found.share[0, 0]) * (1 - sure(2.0))])


# --- schedule -------------------------------------------------------------------------------------


def rows(*words):
    return np.array([[letter == "x" for letter in word] for word in words], bool)


@pytest.mark.parametrize(
    ("seen", "expected", "who"),
    [
        pytest.param(["x"], ["x"], [0], id="where he is expected"),
        pytest.param(["x."], [".x"], [-1], id="where he is not"),
        pytest.param(["xx"], ["x."], [0], id="once more than expected, but first where he is"),
        pytest.param(["xx"], [".x"], [-1], id="not where he is first seen"),
        pytest.param(["xxx"], ["x.."], [-1], id="twice more than expected: nothing is left"),
        pytest.param(["x..."], ["xxxx"], [0], id="three times less than expected"),
        pytest.param(["x...."], ["xxxxx"], [-1], id="four times less"),
        pytest.param(["..."], ["xxx"], [-1], id="never seen"),
        pytest.param(["x.", ".x"], [".x", "x."], [1, 0], id="crosswise"),
        pytest.param(["x.", "x."], ["x."], [0, -1], id="one is left"),
        pytest.param(["xx", "x."], ["x.", "xx"], [1, 0], id="the best together"),
    ],
)
def test_who_is_who_by_schedule(seen, expected, who):
    assert match_by_schedule(rows(*seen), rows(*expected)) == who


@pytest.mark.parametrize(
    ("seen", "expected", "who"),
    [((0, 3), (2, 3), []), ((2, 3), (0, 3), [-1, -1]), ((2, 0), (2, 0), [-1, -1])],
)
def test_nobody_and_no_schedule(seen, expected, who):
    assert match_by_schedule(np.zeros(seen, bool), np.zeros(expected, bool)) == who


@pytest.mark.parametrize(
    ("member_of", "odds", "judged", "are_one"),
    [
        pytest.param((0, 1), [[4.0, 3.0], [3.0, 4.0]], [True, True], False, id="two members"),
        pytest.param((0, 0), [[4.0, 3.0], [4.0, 3.0]], [True, True], True, id="one member"),
        pytest.param((0, -1), [[4.0, -2.0], [3.0, -2.0]], [True, True], True, id="a member again"),
        pytest.param((0, -1), [[4.0, -2.0], [2.1, -2.0]], [True, True], None, id="too unsure"),
        pytest.param((0, -1), [[4.0, -2.0], [2.2, -2.0]], [True, True], True, id="just sure"),
        pytest.param((0, -1), [[4.0, -2.0], [3.0, 3.5]], [True, True], None,
                     id="more like one who is missing"),
        pytest.param((0, -1), [[4.0, -2.0], [3.0, -2.0]], [True, False], None,
                     id="seen too seldom"),
        pytest.param((-1, -1), [[1.0, -2.0], [1.0, -2.0]], [True, True], None,
                     id="neither is a member"),
        pytest.param((-1, -1), [[], []], [True, True], None, id="without a cast"),
    ],
)  # fmt: skip
def test_whether_two_are_one_by_the_cast(member_of, odds, judged, are_one):
    table = np.array(odds, float).reshape(2, -1)
    roll = CastMatch(
        table, member_of, np.zeros(2), np.array(judged, bool), np.zeros(table.shape[1]),
        np.zeros_like(table),
    )  # fmt: skip
    assert roll.are_one(0, 1) is are_one
    assert roll.are_one(1, 0) is are_one


def test_members_whom_the_schedule_cannot_tell_apart():
    expected = rows("x.", ".x", "x.", "x.")
    assert indistinct(expected, [0, 1, 2]) == {0, 2}
    assert indistinct(expected, [0, 1]) == frozenset()


def test_a_schedule_names_whom_no_picture_names():
    members = [member("pictured", 0.0), member("bare"), member("absent"), member("other bare")]
    roll = CastMatch(
        np.zeros((3, 4)), (0, -1, -1), np.array([0.1, 0.8, 1.0]), np.array([True, True, False]),
        np.array([0.9, 0.2, 0.2, 0.2]), np.full((3, 4), 0.05),
    )  # fmt: skip
    expected = rows("xx", "x.", ".x", "xx")
    named = with_schedule(roll, members, rows("xx", "x.", ".x"), expected)
    assert named.member_of == (0, 1, -1)
    assert named.share[1].tolist() == pytest.approx([0.05, 0.9, 0.05, 0.05])
    assert named.nobody.tolist() == pytest.approx([0.1, 0.1, 1.0])
    assert named.present.tolist() == pytest.approx([0.9, 0.9, 0.0, 0.0])
    assert named.vague == frozenset()
    assert roll.share[1, 1] == 0.05
    unknown = with_schedule(roll, members, np.zeros((3, 0), bool), np.zeros((4, 0), bool))
    assert unknown.present[0] == 0.9
    assert np.isnan(unknown.present[1:]).all()
    assert with_schedule(roll, members[:1], rows("x", "x", "x"), rows("x")) is roll
