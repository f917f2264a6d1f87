"""Where things are drawn on the video, which pictures fit into the page, and colours in numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from castcheck.facts.report import (
    CharacterFacts,
    ClipFacts,
    Report,
    SegmentFacts,
    ShotFacts,
    TrackletFacts,
)
from castcheck.report import draw
from castcheck.report.draw import Annotator, text_patch
from castcheck.report.palette import SEVERITY_COLOURS, UNTOLD_COLOUR, contrast, rgb, style_of
from castcheck.report.pictures import MARKUP_BYTES, choose
from castcheck.report.visuals import Comparison, Picture, Visuals
from identity.findings import Finding

WHITE, DARK = rgb(draw.INK), rgb(draw.PAPER)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#FFFFFF", 21.0),
        ("#FFFFFF", "#000000", 21.0),
        ("#777777", "#FFFFFF", 4.478),
        ("#FF0000", "#000000", 5.252),
        ("#00FF00", "#000000", 15.304),
        ("#0000FF", "#000000", 2.444),
        ("#0A0A0A", "#000000", 1.0607),
        ("#0072B2", "#0072B2", 1.0),
    ],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=1e-3)


def test_styles_repeat_after_32_and_text_on_them_can_be_read():
    styles = [style_of(index) for index in range(33)]
    looks = [(one.colour, one.pattern) for one in styles]
    assert len(set(looks[:32])) == 32
    assert looks[32] == looks[0]
    assert all(contrast(one.colour, one.ink) > 4.4 for one in styles)


# --- pictures -------------------------------------------------------------------------------------


def picture(size, frame=0):
    return Picture(frame, 0, b"x" * (size - MARKUP_BYTES), 8, 8)


def finding(start, stop=None, *, severity="major", tracklets=(0,)):
    stop = start + 1 if stop is None else stop
    return Finding("swap", severity, 0.9, ("char-01",), tracklets, (0,), start, stop, "It happens.")


def report(*findings, width=200, height=100, doubtful=False, cut=40):
    frames = tuple(range(100))
    return Report(
        ClipFacts("a.mp4", "", width, height, 100, "10/1", 10.0),
        "fail",
        shots=(
            ShotFacts(0, 0, cut, 0.0, cut / 10, "start"),
            ShotFacts(1, cut, 100, cut / 10, 10.0, "cut"),
        ),
        characters=(CharacterFacts("char-01", None, 0.9, 4.0),),
        tracklets=(
            TrackletFacts(
                0, 0, frames, tuple((40, 20, 120, 80) for _ in frames), (0.9,) * 100,
                (SegmentFacts(0, 100, "char-01", doubtful),), None,
            ),
        ),
        findings=findings,
    )  # fmt: skip


def visuals(findings, *, strips=(4, 2), shots=3):
    pairs: dict[str, tuple[Comparison, ...]] = {
        one.finding_id: (
            Comparison("char-01", (picture(1000, 1), picture(1000, 2)), (picture(1000, 3),)),
        )
        for one in findings
    }
    return Visuals(
        strips={
            f"char-0{k}": tuple(picture(1000, f) for f in range(n)) for k, n in enumerate(strips)
        },
        comparisons=pairs,
        shot_pictures=dict.fromkeys(range(shots), b"y" * 1000),
    )


@pytest.mark.parametrize(
    ("budget", "pairs", "shots", "strips", "notes"),
    [
        pytest.param(15_000, [3, 3], [0, 1, 2], [4, 2], 0, id="just all"),
        pytest.param(14_999, [3, 3], [0, 1, 2], [3, 2], 1, id="strips are thinned first"),
        pytest.param(12_000, [3, 3], [0, 1, 2], [1, 1], 1, id="to one each"),
        pytest.param(11_000, [3, 3], [0, 2], [1, 1], 2, id="then shots, to a quarter"),
        pytest.param(9_000, [3, 2], [0, 2], [1, 1], 3, id="then pairs, of the lesser finding"),
        pytest.param(7_000, [3], [0], [1, 1], 3, id="then the lesser finding"),
        pytest.param(1_000, [], [], [], 3, id="nothing"),
    ],
)
def test_what_fits_into_the_page(budget, pairs, shots, strips, notes):
    made = finding(50, severity="critical"), finding(10, severity="minor")
    found = choose(visuals(made), report(*made), budget_bytes=budget)
    kept = found.visuals
    sizes = [
        sum(len(p.before) + len(p.after) for p in kept.comparisons[one.finding_id])
        for one in made
        if one.finding_id in kept.comparisons
    ]
    assert sizes == pairs
    assert sorted(kept.shot_pictures) == shots
    assert [len(strip) for strip in kept.strips.values()] == strips
    assert len(found.notes) == notes


def test_of_a_pair_that_is_thinned_what_is_nearest_the_change_stays():
    one = finding(50)
    kept = choose(visuals([one], strips=(), shots=0), report(one), budget_bytes=2_999)
    assert kept.visuals.comparisons == {}  # 60 % of it is less than two pictures
    kept = choose(visuals([one], strips=(4,), shots=3), report(one), budget_bytes=4_000)
    (pair,) = kept.visuals.comparisons[one.finding_id]
    assert [p.frame for p in (*pair.before, *pair.after)] == [2, 3]
    assert "2 of 3 before-and-after pictures shown" in kept.notes


# --- drawing --------------------------------------------------------------------------------------


def drawn(made, frame, size=(200, 100)):
    width, height = size
    canvas = np.full((height, width, 3), 90, np.uint8)
    Annotator(made, width_px=width, height_px=height).draw(canvas, frame)
    return canvas


def test_a_box_lies_where_it_is_in_pictures_of_any_size():
    colour = rgb(style_of(0).colour)
    for size, scale in (((200, 100), 1), ((400, 200), 2), ((400, 100), 2)):
        canvas = drawn(report(), 20, size)
        high = size[1] // 100
        for y, x in ((50, 120), (50, 40), (80, 80)):
            off = np.abs(canvas[y * high, x * scale].astype(int) - colour)
            assert off.max() < 20  # edges are smoothed
        assert tuple(canvas[50 * high, 80 * scale]) == (90, 90, 90)


def test_who_is_concerned_has_a_white_edge_as_long_as_the_banner_stands():
    made = report(finding(50), finding(5, tracklets=(9,)))
    beside = [int(drawn(made, frame)[50, 121].min()) for frame in (49, 50, 59, 60, 6)]
    assert [light > 110 for light in beside] == [False, True, True, False, False]


def test_a_doubtful_box_is_dashed():
    canvas = np.zeros((60, 80, 3), np.uint8)
    draw._dash(canvas, (5, 5, 65, 45), (255, 255, 255), 1)
    on = canvas[..., 0] > 128
    for line in (on[5, :], on[45, :]):
        assert [bool(line[x]) for x in (7, 13, 17, 23, 27, 57, 63)] == [
            True, False, True, False, True, True, False,
        ]  # fmt: skip
    for line in (on[:, 5], on[:, 65]):
        assert [bool(line[y]) for y in (7, 13, 17, 23, 37, 43)] == [
            True, False, True, False, True, False,
        ]  # fmt: skip


def test_banners_stand_for_a_second_and_longer_where_the_finding_lasts():
    made = report(finding(50), finding(10, 45))
    held = [(start, stop) for _, start, stop in draw._held(made)]
    assert sorted(held) == [(10, 45), (50, 60)]
    still = replace(made, clip=replace(made.clip, duration_s=0.0))
    assert sorted((a, b) for _, a, b in draw._held(still)) == [(10, 45), (50, 51)]


def test_the_worst_banner_is_on_top_of_at_most_three():
    severities = ("minor", "critical", "major", "minor")
    made = report(*(finding(50 + k, severity=said) for k, said in enumerate(severities)))
    canvas = drawn(made, 53, (400, 200))
    patch_px, bar_px = 15, 2
    rows = [200 - bar_px - patch_px * k + 1 for k in (3, 2, 1)]
    assert [tuple(canvas[row, 399]) for row in rows] == [
        rgb(SEVERITY_COLOURS[s]) for s in ("critical", "major", "minor")
    ]
    assert tuple(canvas[rows[0] - 3, 399]) == (90, 90, 90)


def test_a_cut_is_said_for_six_tenths_of_a_second_and_edged_at_its_frame():
    edges = [tuple(drawn(report(), frame)[50, 0]) == WHITE for frame in (39, 40, 41)]
    assert edges == [False, True, False]
    assert tuple(drawn(report(), 40)[50, 199]) == WHITE
    named = [tuple(drawn(report(), frame)[0, 4]) == DARK for frame in (0, 5, 6, 39, 40, 45, 47)]
    assert named == [True, True, False, False, True, True, False]


def test_the_bar_shows_findings_cuts_and_where_it_is():
    made = report(finding(20, 50), finding(70))
    bar = draw._bar(made, 200, 4)
    major = rgb(SEVERITY_COLOURS["major"])
    said = [tuple(bar[2, x]) for x in (39, 40, 79, 80, 81, 99, 100, 139, 140, 142, 143)]
    cut = rgb(UNTOLD_COLOUR)
    assert said == [DARK, major, major, cut, major, major, DARK, DARK, major, major, DARK]
    canvas = drawn(made, 30)
    assert [tuple(canvas[99, x]) == WHITE for x in (58, 59, 60, 61, 62)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert (draw._bar_x(made, 100, 200), draw._bar_x(made, 0, 200)) == (199, 0)
    assert draw._bar_x(replace(made, clip=replace(made.clip, duration_s=0.0)), 50, 200) == 0


@pytest.mark.parametrize(
    ("x", "y", "corner"),
    [(3, 4, (3, 4)), (-5, -5, (0, 0)), (18, 9, (16, 7)), (99, 99, (16, 7))],
)
def test_a_patch_is_moved_inside(x, y, corner):
    canvas = np.zeros((10, 20, 3), np.uint8)
    draw._paste(canvas, np.full((3, 4, 3), 9, np.uint8), x, y)
    rows, columns = np.nonzero(canvas[..., 0])
    assert (columns.min(), rows.min()) == corner
    assert len(rows) == 12


def test_a_patch_that_is_too_large_is_cut():
    canvas = np.zeros((2, 3, 3), np.uint8)
    draw._paste(canvas, np.full((5, 5, 3), 9, np.uint8), 1, 1)
    assert (canvas == 9).all()


def test_text_is_as_wide_as_it_is_or_as_wanted():
    patch = text_patch("shot 2", 20, draw.PAPER, draw.INK)
    assert patch.shape[0] == 30
    assert 6 * 2 < patch.shape[1] - 2 * 6 < 6 * 20
    assert tuple(patch[0, 0]) == DARK
    assert (patch[:, 6:-6] > 200).any()
    assert not (patch[:, :4] > 200).any()
    assert text_patch("shot 2", 20, draw.PAPER, draw.INK, width_px=50).shape == (30, 50, 3)
