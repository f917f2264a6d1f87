"""A change of style is told once; light, a flash, a cut to another place and others are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from castcheck.planting.restyled import STYLES
from identity.appearance import texture
from identity.appearance.texture import BLOCKS, DIM, TextureNetwork, channel_statistics
from identity.evidence import picture_style
from identity.evidence.picture_style import (
    STYLE_PARTS,
    STYLE_PLACES,
    PictureStyles,
    StyleReader,
    _median,
    goes_on,
    grade_of,
    learnt_directions,
    style_picture,
    texture_of,
)
from identity.explanations.contract import Explained
from identity.explanations.model import bundled_model
from identity.explanations.restyle import (
    FEATURES,
    find_restyles,
    moments_of,
    stay_over,
    without_restyled,
)
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from scenes.errors import WeightsError
from scenes.shots import Cut, shots_from_cuts
from tests.identity.people import FPS, looks, tracklet
from tests.tracker.worlds import batch_of

COUNT, AT = 72, 36
COLOURS, RED, BLUE, STROKES, GRAIN, LINES = range(len(STYLE_PARTS))
SET, PEOPLE, PICTURE = range(len(STYLE_PLACES))
# As the free clips of the fit change in the middle.
GREY = {COLOURS: -2.2, STROKES: 1.4, GRAIN: 0.9, LINES: 0.2}
CARTOON = {STROKES: 0.6, GRAIN: 1.7, LINES: 0.2}
PENCIL = {STROKES: 2.0, GRAIN: 0.7, LINES: 0.4}
WARM_LIGHTS = {RED: 1.0, BLUE: -1.0}
LAMP = {RED: 0.05, COLOURS: 0.1}


def film(
    change=None,
    *,
    at=AT,
    over=1,
    until=COUNT,
    where=(SET, PEOPLE, PICTURE),
    stays=0.95,
    count=COUNT,
):
    """Return the styles of pictures that change in some of their parts."""
    rng = np.random.default_rng(0)
    parts = 0.02 * rng.standard_normal((count, len(STYLE_PLACES), len(STYLE_PARTS)))
    share = np.clip((np.arange(count) - at + over / 2) / over, 0, 1)
    if over == 1:
        share = (np.arange(count) >= at).astype(float)
    share[until:] = 0
    for place in where:
        for part, size in (change or {}).items():
            parts[:, place, part] += size * share
    edges = np.full(count, 0.95)
    edges[at : at + over] = stays
    edges[:1] = 1.0
    return PictureStyles(parts.astype(np.float32), edges.astype(np.float32))


def body(frames, *, at=(60, 60)):
    own = tracklet(0, list(frames), at=at)
    (chain,) = link_tracklets([own], fps=FPS)
    return make_body_track(chain, [own], [looks(list(frames), ["A"] * len(frames))])


def find(styles, *, cuts=(), people=2):
    shots = shots_from_cuts([Cut(c) for c in cuts], frame_count=len(styles.stays))
    count = len(styles.stays)
    tracks = [body(range(count), at=(60 + 200 * k, 60)) for k in range(people) if count]
    return find_restyles(styles, shots, tracks, fps=FPS, least_log_odds=0.0)


@pytest.mark.parametrize(
    ("styles", "cuts", "frames"),
    [
        pytest.param(film(GREY), (), [AT], id="black and white, at once"),
        pytest.param(film(GREY, over=8), (), [AT], id="black and white, over eight pictures"),
        pytest.param(film(GREY), (AT,), [AT], id="over a cut after which the set goes on"),
        pytest.param(film(CARTOON), (), [AT], id="a cartoon"),
        pytest.param(film(), (), [], id="nothing changes"),
        pytest.param(film(LAMP), (), [], id="a lamp goes on"),
        pytest.param(film(LAMP, over=12), (), [], id="exposure follows"),
        pytest.param(film(GREY, until=AT + 4), (), [], id="a flash"),
        pytest.param(film(GREY, stays=0.0), (AT,), [], id="a cut to another place"),
        pytest.param(film(GREY, where=(SET, PICTURE)), (), [], id="the set alone"),
        pytest.param(film(GREY, where=(PEOPLE, PICTURE)), (), [], id="the people alone"),
        pytest.param(film(GREY, at=1), (), [], id="too early to be known"),
        pytest.param(film(GREY, count=5, at=2), (), [], id="too short"),
        pytest.param(film(GREY, count=0), (), [], id="no picture"),
    ],
)
def test_a_change_of_style_is_told_once(styles, cuts, frames):
    found = find(styles, cuts=cuts)
    assert [
        abs(one.start_frame - frame) <= 3 for one, frame in zip(found, frames, strict=True)
    ] == [True for _ in frames]
    assert all(one.everybody and one.kind == "morph" and one.tracks == (0, 1) for one in found)


def test_nobody_in_the_picture_is_nobodys_change():
    assert find(film(GREY), people=0) == []


@pytest.mark.parametrize(
    "tracks",
    [
        pytest.param([range(COUNT), range(AT, COUNT)], id="a box begins beside who stays"),
        pytest.param([range(AT), range(COUNT)], id="a box ends beside who stays"),
        pytest.param([range(AT), range(AT, COUNT)], id="one box ends and another begins"),
        pytest.param([range(AT)], id="all boxes end"),
    ],
)
def test_boxes_come_and_go_where_the_style_changes(tracks):
    bodies = [body(seen, at=(60 + 200 * k, 60)) for k, seen in enumerate(tracks)]
    shots = shots_from_cuts([], frame_count=COUNT)
    found = find_restyles(film(GREY), shots, bodies, fps=FPS, least_log_odds=0.0)
    assert [one.start_frame for one in found] == [AT]


@pytest.mark.parametrize(
    ("change", "place", "unknown", "frames"),
    [
        pytest.param(GREY, SET, slice(None), [AT], id="people fill the picture"),
        pytest.param(GREY, SET, slice(AT, None), [AT], id="boxes hide the set from then on"),
        pytest.param(GREY, PEOPLE, slice(AT, None), [AT], id="boxes are lost then"),
        pytest.param(GREY, PICTURE, slice(None), [], id="nothing is known"),
        pytest.param(WARM_LIGHTS, SET, slice(0, 0), [AT], id="a grade of set and people"),
        pytest.param(WARM_LIGHTS, SET, slice(AT, None), [], id="a grade, and the set is hidden"),
    ],
)
def test_all_of_the_picture_stands_for_what_is_not_seen(change, place, unknown, frames):
    styles = film(change)
    styles.parts[unknown, place] = np.nan
    assert [one.start_frame for one in find(styles)] == frames


def test_a_white_page_is_known_by_what_it_is_drawn_with():
    styles = film(PENCIL)
    styles.parts[AT:, :, :STROKES] = np.nan
    assert [one.start_frame for one in find(styles)] == [AT]


def test_who_comes_so_near_that_the_set_is_hidden_is_no_change_of_style():
    styles = film(GREY, where=(PICTURE,))
    styles.parts[AT:, SET] = np.nan
    assert find(styles) == []


def test_a_long_take_is_judged_like_a_short_one():
    long = film(GREY, count=9000, at=8500, until=9000)
    assert [one.start_frame for one in find(long)] == [8500]


def test_the_model_knows_the_features():
    features = moments_of(film(), shots_from_cuts([], frame_count=COUNT), fps=FPS).features
    assert set(bundled_model("restyle.json")["restyle"].weights) == set(FEATURES) == set(features)


@pytest.mark.parametrize(
    ("start", "stop", "kept"),
    [
        pytest.param(AT, AT + 1, False, id="just then"),
        pytest.param(AT - 20, AT + 20, False, id="around it"),
        pytest.param(AT + 10, AT + 30, False, id="right after it"),
        pytest.param(AT - 40, AT + 8, False, id="two seconds around it"),
        pytest.param(AT - 40, AT + 9, True, id="longer than that"),
        pytest.param(AT + 30, AT + 31, True, id="later"),
        pytest.param(AT - 31, AT - 30, True, id="before it"),
    ],
)
def test_one_cause_is_one_finding(start, stop, kept):
    style = Explained("morph", (0,), AT, AT + 1, 2.0, 1.0, everybody=True)
    one = Explained("drift", (0,), start, stop, 2.0, 1.0)
    assert without_restyled([one, style], [style], fps=FPS) == ([one, style] if kept else [style])


def test_who_stands_where_he_stood_goes_on_over_the_cut():
    tracks = [
        body(range(AT), at=(60, 60)),
        body(range(AT), at=(400, 60)),
        body(range(AT, COUNT), at=(404, 60)),
        body(range(AT, COUNT), at=(220, 60)),
    ]
    style = Explained("morph", (0, 1, 2, 3), AT, AT + 1, 2.0, 1.0, everybody=True)
    assert stay_over(style, tracks) == ([1], [2])
    assert stay_over(Explained("morph", (0, 1), AT, AT + 1, 2.0, 1.0), tracks) == ([], [])


@pytest.fixture(scope="module")
def picture():
    """A room of patches: colours of their own, fine texture, light from one side."""
    rng = np.random.default_rng(3)
    patches = rng.integers(70, 200, (9, 16, 1)) + rng.integers(-30, 30, (9, 16, 3))
    patches = patches.repeat(12, axis=0).repeat(12, axis=1)
    light = np.linspace(0.5, 1.0, 192)[None, :, None]
    grain = rng.normal(0, 3, (108, 192, 1))
    return (patches * light + grain).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "part", "least", "most"),
    [
        pytest.param(lambda p: p[..., :1].repeat(3, axis=2), COLOURS, -9, -1, id="no colours"),
        pytest.param(lambda p: p // 3, COLOURS, -0.3, 0.3, id="a third of the light"),
        pytest.param(lambda p: (p * [1.2, 1, 0.8]).clip(0, 255), RED, -0.1, 0.1, id="warm light"),
        pytest.param(
            lambda p: (p * 1.6).clip(0, 255), COLOURS, -0.3, 0.3, id="too much for the camera"
        ),
        pytest.param(
            lambda p: p.mean(axis=2)[..., None] * [1.07, 0.86, 0.62], COLOURS, -9, -1, id="sepia"
        ),
        pytest.param(lambda p: p, BLUE, 0, 0, id="as it is"),
    ],
)
def test_light_is_no_style(picture, change, part, least, most):
    nobody = np.zeros((0, 4), np.float32)
    before, after = (
        grade_of(np.asarray(p, np.uint8), nobody, picture_px=(192, 108))[0]
        for p in (picture, change(picture))
    )
    assert least <= after[part] - before[part] <= most


def test_what_hardly_shows_has_no_style(picture):
    nobody = np.zeros((0, 4), np.float32)
    for level in (0, 255):
        plain = np.full_like(picture, level)
        assert np.isnan(grade_of(plain, nobody, picture_px=(192, 108))).all()
    whole = np.array([[0, 0, 192, 108]], np.float32)
    assert np.isnan(grade_of(picture, whole, picture_px=(192, 108))[0]).all()


def test_edges_or_light_tell_the_same_place_from_another(picture):
    nobody = np.zeros((0, 4), np.float32)
    reader = StyleReader(fps=12)
    grey = picture[..., 1:2].repeat(3, axis=2)
    # Light and dark are exchanged and edges stay; strokes lie over everything and the light stays.
    strokes = np.random.default_rng(0).choice([0.4, 1.0], picture.shape[:2])[..., None]
    drawn = np.asarray(grey * strokes, np.uint8)
    same = (picture, grey, grey // 2, 255 - grey, grey, drawn)
    for shown in (*same, drawn[::-1, ::-1], np.zeros_like(picture)):
        reader.read(batch_of(shown[None]), 0, shown[::2, ::2], nobody)
    seen = reader.finish()
    assert (seen.stays[: len(same)] > 0.5).all()
    assert (seen.stays[len(same) :] < 0.5).all()
    assert seen.parts.shape == (8, len(STYLE_PLACES), len(STYLE_PARTS))


def test_nothing_read_is_nothing_known():
    parts = StyleReader(fps=12).finish().parts
    assert parts.shape == (0, len(STYLE_PLACES), len(STYLE_PARTS))


def test_joined_clips_are_known_as_far_as_each_is():
    one = film(count=4)
    both = PictureStyles.joined([one, one])
    assert both is not None
    assert both.parts.shape == (8, len(STYLE_PLACES), len(STYLE_PARTS))
    assert both.stays[4] == 0.0
    assert PictureStyles.joined([one, None]) is None
    assert PictureStyles.joined([]) is None


def _lit(rgb):
    return (rgb * [1.0, 0.9, 0.8]).astype(np.uint8)


@pytest.fixture(scope="module")
def network():
    return TextureNetwork()


@pytest.mark.parametrize(
    ("change", "least", "most"),
    [
        pytest.param("pencil", 1.0, 99, id="drawn in pencil"),
        pytest.param("cartoon", 1.0, 99, id="a cartoon"),
        pytest.param("lamp", 0.0, 0.6, id="a lamp of another colour"),
        pytest.param("nothing", 0.0, 0.0, id="as it is"),
    ],
)
def test_strokes_are_seen_and_light_is_not(network, picture, change, least, most):
    changes: dict[str, Any] = {**STYLES, "lamp": _lit, "nothing": np.copy}
    nobody = np.zeros((0, 4), np.float32)
    before, after = (
        texture_of(network.maps(style_picture(p)), nobody, picture_px=(192, 108))[0]
        for p in (picture, changes[change](picture))
    )
    assert least <= float(np.linalg.norm(after - before)) <= most


def test_the_texture_of_set_and_people_is_told_apart(network, picture):
    half = picture.copy()
    half[:, :96] = STYLES["pencil"](picture)[:, :96]
    box = np.array([[100, 0, 192, 108]], np.float32)
    old, new = (texture_of(network.maps(p), box, picture_px=(192, 108)) for p in (picture, half))
    set_moves, people_move, picture_moves = np.linalg.norm(new - old, axis=1)
    assert set_moves > picture_moves > 3 * people_move
    whole = np.array([[0, 0, 192, 108]], np.float32)
    assert np.isnan(texture_of(network.maps(picture), whole, picture_px=(192, 108))[0]).all()


def test_directions_fit_the_statistics(network, picture):
    assert learnt_directions().shape == (DIM, len(STYLE_PARTS) - STROKES)
    maps = network.maps(picture)
    assert len(maps) == len(BLOCKS)
    everywhere = [np.ones(cells.shape[1:], np.bool_) for cells in maps]
    assert channel_statistics(maps, everywhere).shape == (DIM,)


def test_a_package_without_the_graph_says_so(monkeypatch):
    monkeypatch.setattr(texture, "GRAPH_NAME", "none.graph.onnx")
    with pytest.raises(WeightsError, match="none.graph.onnx"):
        TextureNetwork()


@pytest.mark.parametrize("count", [1, 2, 3, 1000, 1001])
@pytest.mark.parametrize("spread", [0.0, 1.0, 1e-30, 1e30])
def test_a_median_by_a_histogram_is_the_median(count, spread):
    values = (np.random.default_rng(count).normal(0, 1, count) ** 3 * spread).astype(np.float32)
    assert _median(values) == np.median(values)


@pytest.mark.parametrize(
    ("edges", "light", "stays", "asked"),
    [
        pytest.param(0.2, 0.1, 0.2, 2, id="neither goes on"),
        pytest.param(0.2, 0.9, 0.75, 2, id="light does"),
        pytest.param(0.84, 1.0, 0.85, 2, id="light does as well as it can"),
        pytest.param(0.9, 1.0, 0.9, 1, id="edges do better than light ever can"),
    ],
)
def test_light_is_asked_about_where_it_can_say_more(monkeypatch, edges, light, stays, asked):
    told = [edges, light]
    monkeypatch.setattr(picture_style, "_agreement", lambda *_: told.pop(0))
    layout = np.zeros((2, 54, 96), np.float32)
    assert goes_on(layout, layout) == pytest.approx(stays)
    assert len(told) == 2 - asked
