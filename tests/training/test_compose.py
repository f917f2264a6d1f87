from __future__ import annotations

import cv2
import numpy as np
import pytest

from scenes.errors import CastcheckError
from tests.training.conftest import SIZE_PX
from training import pictures
from training.compose import (
    Canvas,
    Cutout,
    Shelf,
    _near,
    before,
    big_headed,
    compose,
    write_composed,
)
from training.detector_data import write_dataset
from training.pictures import SOURCES, Source, fetch, pictures_of
from training.reid import Gallery


def spot(height_px: int, width_px: int, value: int = 255) -> Cutout:
    alpha = np.ones((height_px, width_px), np.float32)
    return Cutout(np.full((height_px, width_px, 3), value, np.uint8), alpha, 0.5)


@pytest.fixture(scope="module")
def shelf_pictures(tmp_path_factory):
    """One of each kind and two painted, as `python -m training pictures` leaves them."""
    folder = tmp_path_factory.mktemp("pictures")
    for kind in pictures.KINDS:
        (folder / kind).mkdir()
    cv2.imwrite(str(folder / "backdrops" / "a.png"), np.full((60, 100, 3), 40, np.uint8))
    for path, colour in (
        ("clutter/a", (0, 200, 0, 255)), ("creatures/a", (200, 0, 0, 255)),
        ("painted/a", (0, 0, 90, 255)), ("painted/b", (0, 0, 250, 255)),
    ):  # fmt: skip
        cut = np.zeros((40, 30, 4), np.uint8)
        cut[5:35, 5:25] = colour
        cv2.imwrite(str(folder / f"{path}.png"), cut)
    return folder


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        ([], []),
        ([(20, 10, 5, 10, True)], [[5, 10, 15, 30]]),
        ([(20, 10, 5, 10, False)], []),  # a thing
        ([(20, 10, -5, 30, True)], [[0, 30, 5, 40]]),  # reaches out of the picture
        ([(20, 10, 100, 10, True)], []),  # outside
        # Hidden below by a thing; hidden altogether by somebody.
        ([(20, 10, 5, 10, True), (10, 20, 0, 20, False)], [[5, 10, 15, 20]]),
        ([(20, 10, 5, 10, True), (30, 20, 0, 5, True)], [[0, 5, 20, 35]]),
    ],
)
def test_boxes_go_around_what_is_seen(layers, wanted):
    canvas = Canvas(np.zeros((40, 60, 3), np.float32))
    for height_px, width_px, left, top, character in layers:
        canvas.paste(spot(height_px, width_px), left, top, character=character)
    assert canvas.boxes() == wanted


def test_people_stand_before_the_backdrop_and_keep_their_colours():
    picture = np.full((20, 30, 3), 10, np.uint8)
    mask = np.zeros((20, 30), np.uint8)
    mask[:, 10:20] = 1
    moved = before(picture, mask, np.full((20, 30, 3), 200, np.float32))
    assert moved[10, 15].tolist() == [10, 10, 10]
    assert moved[10, 2].tolist() == [200, 200, 200]


def test_composed_pictures_hold_whom_their_labels_name(stills, shelf_pictures):
    shelf = Shelf(stills, shelf_pictures)
    boxes_of = []
    for seed in range(30):
        bgr, boxes = compose(shelf, np.random.default_rng(seed))
        again, _ = compose(shelf, np.random.default_rng(seed))
        assert np.array_equal(bgr, again)
        height, width = bgr.shape[:2]
        for x1, y1, x2, y2 in boxes:
            assert 0 <= x1 < x2 <= width
            assert 0 <= y1 < y2 <= height
        boxes_of.append(len(boxes))
    assert 0 in boxes_of  # a picture of things alone
    assert max(boxes_of) >= 2


def test_who_is_kept_back_stays_back(stills, shelf_pictures):
    train, val = (Shelf(stills, shelf_pictures, held_out=held) for held in (False, True))
    assert set(train.groups) == {1, 2, 3}
    assert set(val.groups) == {0}
    assert [[path.stem for path in half.painted] for half in (train, val)] == [["b"], ["a"]]


def test_painted_figures_are_among_the_people(stills, shelf_pictures):
    rng = np.random.default_rng(0)
    people = Shelf(stills, shelf_pictures).people(rng, 60)
    painted = [figure for figure in people if figure.bgr[10, 10].tolist() == [0, 0, 250]]
    assert 2 < len(painted) < 30
    # What is painted down to the lower edge of its picture stays cut there.
    assert all(figure.cut == (False, False, False, True) for figure in painted)


@pytest.mark.parametrize(
    ("head", "factor", "grown_px"),
    [
        ((6, 0, 14, 12), 1.0, 0),
        ((6, 0, 14, 12), 2.0, 12 + 0.6 * 12 / 2),  # the head, and the neck on average by half
        ((6, -12, 14, 0), 2.0, 0),  # above the picture
        ((6, 5, 14, 7), 2.0, 0),  # too small to be one
    ],
)
def test_a_big_headed_figure_grows_above_its_shoulders_alone(head, factor, grown_px):
    figure = Cutout(np.zeros((60, 20, 3), np.uint8), np.zeros((60, 20), np.float32), 0.5)
    figure.alpha[:12, 6:14] = 1  # a head
    figure.alpha[12:] = 1
    figure.bgr[..., 0] = np.arange(60)[:, None]
    grown = big_headed(figure, np.array(head, float), factor)
    assert grown.alpha.shape[0] == pytest.approx(60 + grown_px, abs=1)
    assert grown.alpha[4].sum() == pytest.approx((factor if grown_px else 1) * 8, abs=1)
    assert np.array_equal(grown.bgr[-30:].max(axis=1), figure.bgr[-30:].max(axis=1))
    assert (grown.share, grown.cut) == (figure.share, figure.cut)


def test_figures_that_are_painted_are_taken_whatever_their_names(tmp_path):
    (tmp_path / "portraits").mkdir()
    for name in ("woman", "horseman"):
        cv2.imwrite(
            str(tmp_path / "portraits" / f"{name}.png"), np.full((30, 30, 4), 255, np.uint8)
        )
    source = Source("x", "CC0", (("portraits/*.png", "painted"),), "horse")
    assert [name for _, name, _ in pictures_of(source, tmp_path)] == ["portraits_woman"]


def test_composing_goes_on_where_it_stopped_and_joins_the_stills(stills, shelf_pictures, tmp_path):
    shelf = Shelf(stills, shelf_pictures)
    write_composed(shelf, tmp_path / "composed" / "train", 2)
    first = tmp_path / "composed" / "train" / "000000.jpg"
    before_ns = first.stat().st_mtime_ns
    write_composed(shelf, tmp_path / "composed" / "train", 3)
    assert first.stat().st_mtime_ns == before_ns
    assert len(list(first.parent.glob("*.txt"))) == 3
    write_dataset(stills, SIZE_PX, tmp_path / "work", tmp_path / "composed")
    listed = (tmp_path / "work" / "train.txt").read_text().splitlines()
    assert len(listed) == 3 * 4 + 3
    assert str(first.resolve()) in listed


@pytest.mark.parametrize("missing", pictures.KINDS)
def test_a_shelf_says_what_is_missing(missing, stills, shelf_pictures, tmp_path):
    for kind in set(pictures.KINDS) - {missing}:
        (tmp_path / kind).symlink_to(shelf_pictures / kind)
    with pytest.raises(CastcheckError, match="training pictures"):
        Shelf(stills, tmp_path)


def test_crops_stand_before_other_backdrops_now_and_then(stills, shelf_pictures):
    gallery = Gallery(stills, shelf_pictures)
    figure = next(iter(gallery.groups[1].values()))[0]
    plain = gallery.picture(figure)
    rng = np.random.default_rng(0)
    shown = [gallery.elsewhere(figure, rng) for _ in range(12)]
    kept = sum(np.array_equal(plain, one) for one in shown)
    assert 0 < kept < 12
    x1, y1, x2, y2 = (int(v) for v in figure.box)
    inside = (slice(y1 + 5, y2 - 5), slice(x1 + 5, x2 - 5))
    assert all(np.abs(one[inside].astype(int) - plain[inside]).max() <= 1 for one in shown)


def test_sources_are_sorted_and_human_figures_left_out(tmp_path):
    room = tmp_path / "usr" / "furniture.sh3f" / "maker"
    room.mkdir(parents=True)
    solid, half = np.full((30, 30, 4), 255, np.uint8), np.zeros((60, 30, 4), np.uint8)
    half[30:] = 255
    for name in ("chair", "figure7", "fireman"):
        cv2.imwrite(str(room / f"{name}.png"), solid)
    cv2.imwrite(str(room / "opaque.png"), solid[..., :3])
    (room.parent / "PluginFurnitureCatalog.properties").write_text(
        "name#1=Chair\nicon#1=/maker/chair.png\n"
        "name#2=Sitting\ncategory#2=Characters\nicon#2=/maker/figure7.png\n"
    )
    cv2.imwrite(str(tmp_path / "land.png"), half)
    cv2.imwrite(str(tmp_path / "land_fog.png"), half)
    source = Source("x", "CC0", (("**/*.sh3f/*/*.png", "clutter"), ("*.png", "backdrops")))
    found = [(kind, name, p.shape) for kind, name, p in pictures_of(source, tmp_path)]
    assert found == [
        ("clutter", "usr_furniture_sh3f_maker_chair", (30, 30, 4)),
        ("backdrops", "land", (30, 30, 3)),
    ]


def test_without_a_package_manager_one_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(CastcheckError, match="apt-get is not installed"):
        fetch(tmp_path)


def test_every_source_names_its_licence_and_kinds():
    assert len({source.package for source in SOURCES}) == len(SOURCES)
    for source in SOURCES:
        assert source.licence
        assert {kind for _, kind in source.takes} <= set(pictures.KINDS)


def test_a_near_view_holds_its_people_and_cuts_the_shoulder_in_front(stills, shelf_pictures):
    shelf = Shelf(stills, shelf_pictures)
    tallest, cut, empty = [], 0, 0
    for seed in range(40):
        canvas = Canvas(np.zeros((252, 448, 3), np.float32))
        _near(canvas, shelf, np.random.default_rng(seed), (448, 252))
        found = canvas.boxes()
        assert len(found) <= 4
        empty += not found
        tallest.append(max((box[3] - box[1] for box in found), default=0))
        cut += any(box[0] == 0 or box[2] == 448 for box in found)
    assert 0 < empty < 10  # things alone, now and then
    assert np.median(tallest) > 0.6 * 252
    assert 10 <= cut < 40
