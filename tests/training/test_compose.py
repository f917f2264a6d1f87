from __future__ import annotations

import cv2
import numpy as np
import pytest

from scenes.errors import CastcheckError
from tests.training.conftest import SIZE_PX
from training import cartoons, pictures
from training.cartoons import PACKAGES, draw_cartoons
from training.compose import (
    Canvas,
    Cutout,
    Shelf,
    _near,
    _place,
    before,
    big_headed,
    compose,
    new_headed,
    write_composed,
)
from training.detector_data import write_dataset
from training.pictures import SOURCES, Source, fetch, pictures_of
from training.reid import Gallery

KINDS = (*pictures.KINDS, *cartoons.KINDS)


def spot(height_px: int, width_px: int, value: int = 255) -> Cutout:
    alpha = np.ones((height_px, width_px), np.float32)
    return Cutout(np.full((height_px, width_px, 3), value, np.uint8), alpha, 0.5)


@pytest.fixture(scope="module")
def shelf_pictures(tmp_path_factory):
    """One of each kind and two painted, as `python -m training pictures` leaves them."""
    folder = tmp_path_factory.mktemp("pictures")
    for kind in KINDS:
        (folder / kind).mkdir()
    cv2.imwrite(str(folder / "backdrops" / "a.png"), np.full((60, 100, 3), 40, np.uint8))
    for path, colour in (
        ("clutter/a", (0, 200, 0, 255)), ("creatures/a", (200, 0, 0, 255)),
        ("painted/a", (0, 0, 90, 255)), ("painted/b", (0, 0, 250, 255)),
        ("busts/a", (9, 9, 90, 255)), ("busts/b", (9, 9, 251, 255)),
        ("people/a", (8, 8, 90, 255)), ("people/b", (8, 8, 252, 255)),
        ("heads/a", (7, 7, 90, 255)), ("heads/b", (7, 7, 253, 255)),
        ("animals/a", (255, 6, 6, 255)),
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
    for kind in ("painted", "busts", "cartoons", "heads"):
        assert [[path.stem for path in getattr(half, kind)] for half in (train, val)] == [
            ["b"],
            ["a"],
        ]


@pytest.mark.parametrize("colour", [(0, 0, 250), (9, 9, 251), (8, 8, 252)])
def test_drawn_figures_are_among_the_people(colour, stills, shelf_pictures):
    rng = np.random.default_rng(0)
    people = Shelf(stills, shelf_pictures).people(rng, 90)
    drawn = [figure for figure in people if figure.bgr[10, 10].tolist() == list(colour)]
    assert 1 < len(drawn) < 45
    # What is drawn down to the lower edge of its picture stays cut there.
    assert all(figure.cut == (False, False, False, True) for figure in drawn)


def test_some_rendered_figures_wear_the_head_of_a_cartoon(stills, shelf_pictures):
    shelf = Shelf(stills, shelf_pictures)
    people = shelf.people(np.random.default_rng(0), 150)
    worn = [p for p in people if (p.bgr == (7, 7, 253)).all(axis=2).any()]
    assert 1 < len(worn) < 75
    assert all((p.bgr != (7, 7, 253)).any(axis=2).any() for p in worn)  # on a body


def test_animals_are_photographed_or_drawn(stills, shelf_pictures):
    shelf = Shelf(stills, shelf_pictures)
    rng = np.random.default_rng(0)
    seen = [shelf.creature(rng).bgr[10, 10] for _ in range(40)]
    drawn = sum(int(colour[1]) > 0 for colour in seen)
    assert 5 < drawn < 35


@pytest.mark.parametrize(
    ("head", "factor", "cut_above", "shape"),
    [
        ((8, 0, 16, 10), 2.0, False, (70, 24)),  # as tall again, and no wider than the body
        ((8, 0, 16, 10), 4.0, False, (90, 40)),  # wider than the body, too
        ((8, 0, 16, 10), 2.0, True, (60, 24)),  # what the upper edge cuts stays cut
        ((8, -9, 16, 1), 2.0, False, (60, 24)),  # out of the picture
    ],
)
def test_another_head_sits_where_the_own_was(head, factor, cut_above, shape):
    cut = (False, cut_above, False, False)
    figure = Cutout(np.zeros((60, 24, 3), np.uint8), np.ones((60, 24), np.float32), 0.6, cut)
    other = Cutout(np.full((9, 9, 3), 200, np.uint8), np.ones((9, 9), np.float32), 1.0)
    worn = new_headed(figure, np.array(head, float), other, factor)
    assert worn.alpha.shape == shape
    assert worn.bgr.shape == (*shape, 3)
    assert not worn.bgr[-50:].any()  # the body is as it was
    assert bool(worn.bgr.any()) == (shape != (60, 24) or cut_above)
    assert worn.share == pytest.approx(0.6 * shape[0] / 60)
    assert worn.cut == cut


@pytest.mark.parametrize(
    ("cut_above", "cut_below", "tall", "wanted"),
    [(True, True, 140, 0), (True, False, 60, 0), (False, True, 60, 40), (True, True, 60, 40)],
)
def test_what_the_edges_cut_stays_cut(cut_above, cut_below, tall, wanted):
    figure = Cutout(
        np.zeros((tall, 20, 3), np.uint8), np.ones((tall, 20), np.float32), 1.0,
        (False, cut_above, False, cut_below),
    )  # fmt: skip
    for seed in range(5):
        assert _place(figure, np.random.default_rng(seed), (100, 100), stands=True)[1] == wanted


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


@pytest.mark.parametrize("missing", KINDS)
def test_a_shelf_says_what_is_missing(missing, stills, shelf_pictures, tmp_path):
    for kind in set(KINDS) - {missing}:
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
    with pytest.raises(CastcheckError, match="npm is not installed"):
        draw_cartoons(tmp_path)


def test_every_source_names_its_licence_and_kinds():
    assert len({source.package for source in SOURCES}) == len(SOURCES)
    for source in SOURCES:
        assert source.licence
        assert {kind for _, kind in source.takes} <= set(pictures.KINDS)
    assert all(PACKAGES.values())


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
