"""Where things are on the page, in numbers that can be checked on paper.

The clip has 100 frames at 10 a second: frame 25 begins at 2.5 s, a quarter of the way.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from castcheck.facts.report import (
    CharacterFacts,
    ClipFacts,
    Curve,
    Report,
    SegmentFacts,
    ShotFacts,
    TrackletFacts,
)
from castcheck.report.curves import CONTEXT_S, MOST_POINTS, character_plot, finding_plot
from castcheck.report.timeline import (
    LAST_TICK_PERCENT,
    MARKER_GAP_PERCENT,
    MARKER_LEVELS,
    Axis,
    Lane,
    Link,
    Marker,
    finding_markers,
    lanes,
    links,
    shot_blocks,
)
from identity.findings import Finding

FRAMES, FPS = 100, 10


def tracklet(number, start, stop, segments, *, shot=0, values=None):
    frames = tuple(range(start, stop))
    curve = None if values is None else Curve(tuple(frames[: len(values)]), tuple(values))
    return TrackletFacts(
        number, shot, frames, tuple((0, 0, 10, 20) for _ in frames), (0.9,) * len(frames),
        tuple(SegmentFacts(*one) for one in segments), curve,
    )  # fmt: skip


def finding(start, stop=None, *, characters=("char-01",), tracklets=(0,), severity="major"):
    stop = start + 1 if stop is None else stop
    return Finding("swap", severity, 0.9, characters, tracklets, (0,), start, stop, "It happens.")


def report(*, frames=FRAMES, tracklets=(), findings=(), times=()):
    return Report(
        ClipFacts("a.mp4", "", 64, 48, frames, f"{FPS}/1", frames / FPS),
        "fail",
        shots=(ShotFacts(0, 0, 40, 0.0, 4.0, "start"), ShotFacts(1, 40, 100, 4.0, 10.0, "cut")),
        characters=(
            CharacterFacts("char-01", None, 0.9, 4.0),
            CharacterFacts("char-02", "Mei", 0.9, 4.0),
        ),
        tracklets=tracklets,
        findings=findings,
        frame_times_s=times,
    )


@pytest.mark.parametrize(
    ("frame", "percent"), [(0, 0.0), (25, 25.0), (99, 99.0), (100, 100.0), (140, 100.0)]
)
def test_a_frame_is_where_its_time_is(frame, percent):
    assert Axis(report()).percent(frame) == percent


def test_where_the_rate_varies_time_counts_and_not_the_number_of_the_frame():
    late = tuple(k / 10 if k < 50 else k / 20 + 2.5 for k in range(FRAMES))
    axis = Axis(report(times=late))
    assert axis.percent(50) == 50.0
    assert axis.percent(60) == 55.0  # 5.5 s of 10


@pytest.mark.parametrize(
    ("start", "stop", "left", "width"),
    [(0, 100, 0.0, 100.0), (40, 41, 40.0, 1.0), (90, 120, 90.0, 10.0), (30, 30, 30.0, 0.0)],
)
def test_a_span_is_as_wide_as_it_lasts(start, stop, left, width):
    span = Axis(report()).span(start, stop, "it")
    assert (span.left, span.width, span.title) == (left, width, "it")


def test_a_clip_without_length_has_spans_and_no_ticks():
    axis = Axis(report(frames=0))
    assert (axis.span(0, 0, "").left, axis.span(0, 0, "").width) == (0.0, 100.0)
    assert axis.ticks() == ()


@pytest.mark.parametrize(
    ("frames", "texts", "lefts"),
    [
        pytest.param(
            100, [f"0:{k:02d}" for k in range(10)], [10.0 * k for k in range(10)], id="10 s"
        ),
        pytest.param(
            10,
            ["0:00.0", "0:00.1", "0:00.2", "0:00.3", "0:00.4", "0:00.5", "0:00.6", "0:00.7",
             "0:00.8", "0:00.9"],
            [10.0 * k for k in range(10)],
            id="1 s",
        ),
        pytest.param(
            1500,
            ["0:00", "0:20", "0:40", "1:00", "1:20", "1:40", "2:00"],
            [0.0, 13.333, 26.667, 40.0, 53.333, 66.667, 80.0],
            id="150 s: the tick at 93.3 % would not fit",
        ),
        pytest.param(
            110,
            ["0:00", "0:02", "0:04", "0:06", "0:08", "0:10"],
            [0.0, 18.182, 36.364, 54.545, 72.727, 90.909],
            id="11 s: a tick a second would be eleven",
        ),
        pytest.param(1, ["0:00.0"], [0.0], id="one frame"),
    ],
)  # fmt: skip
def test_ticks_are_at_round_times_and_at_most_ten(frames, texts, lefts):
    ticks = Axis(report(frames=frames)).ticks()
    assert [tick.text for tick in ticks] == texts
    assert [tick.left for tick in ticks] == lefts
    assert max(lefts) <= LAST_TICK_PERCENT


@pytest.mark.parametrize(
    ("length_s", "step_s"),
    [(1, 0.1), (2, 0.2), (5, 0.5), (10, 1), (20, 2), (50, 5), (100, 10), (200, 20), (300, 30),
     (600, 60), (1200, 120), (3000, 300), (6000, 600), (12_000, 1200), (36_000, 3600),
     (40_000, 7200)],
)  # fmt: skip
def test_the_longer_the_clip_the_further_apart_are_the_ticks(length_s, step_s):
    ticks = Axis(report(frames=length_s * FPS)).ticks()
    assert ticks[1].left == pytest.approx(100 * step_s / length_s, abs=1e-3)
    longer = Axis(report(frames=length_s * FPS + 1)).ticks()  # would need an eleventh
    if step_s < 7200:
        assert longer[1].left > 1.4 * ticks[1].left


def test_shots_tile_the_axis():
    one, two = shot_blocks(report(), Axis(report()), frozenset({1}))
    assert (one.span.left, one.span.width, one.picture, one.number) == (0.0, 40.0, False, 1)
    assert (two.span.left, two.span.width, two.picture, two.number) == (40.0, 60.0, True, 2)
    assert two.span.title == "Shot 2, 0:04.00 to 0:10.00"
    assert (one.opens_with, two.opens_with) == ("start", "cut")


def test_a_marker_is_as_wide_as_its_finding_and_says_what_it_is():
    made = report()
    (marker,) = finding_markers(made, Axis(made), [finding(20, 50)])
    assert (marker.left, marker.width, marker.level, marker.number) == (20.0, 30.0, 0, 1)
    assert marker.title == "0:02.00 to 0:05.00 Swap: It happens."


@pytest.mark.parametrize(
    ("starts", "levels"),
    [
        pytest.param([], [], id="none"),
        pytest.param([10, 50], [0, 0], id="apart"),
        pytest.param([10, 13, 14], [0, 1, 0], id="3 % is too close, 4 % is not"),
        pytest.param([14, 13, 10], [0, 1, 0], id="the order given does not count, time does"),
        pytest.param([10, 10, 10, 10], [0, 1, 2, 3], id="all at once"),
        pytest.param([10] * 6, [0, 1, 2, 3, 3, 3], id="more than there are levels"),
    ],
)
def test_markers_that_would_touch_are_on_other_levels(starts, levels):
    made = report()
    markers = finding_markers(made, Axis(made), [finding(start) for start in starts])
    assert [marker.level for marker in markers] == levels
    assert [marker.number for marker in markers] == list(range(1, len(starts) + 1))
    assert max(levels, default=0) < MARKER_LEVELS
    assert 3.0 < MARKER_GAP_PERCENT < 4.0


def test_lanes_hold_who_is_on_screen_when_and_what_concerns_them():
    tracklets = (
        tracklet(0, 0, 40, [(0, 30, "char-01"), (30, 40, "char-02")]),
        tracklet(1, 50, 60, [(50, 60, "char-01")], shot=1),
        tracklet(2, 10, 20, [(10, 20, None)]),
    )
    findings = [finding(30, characters=("char-01", "char-02")), finding(5, characters=("char-02",))]
    made = report(tracklets=tracklets, findings=tuple(findings))
    axis = Axis(made)
    first, second, rest = lanes(made, axis, findings, finding_markers(made, axis, findings))
    assert [(s.left, s.width) for s in first.spans] == [(0.0, 30.0), (50.0, 10.0)]
    assert [(s.left, s.width) for s in second.spans] == [(30.0, 10.0)]
    assert second.spans[0].title == "Mei, shot 1, 0:03.00 to 0:04.00, track 0"
    assert [m.number for m in first.markers] == [1]
    assert [m.number for m in second.markers] == [1, 2]
    assert (rest.name, rest.look, [(s.left, s.width) for s in rest.spans]) == (
        "unassigned", None, [(10.0, 10.0)],
    )  # fmt: skip
    assert [(first.anchor, first.name), (second.anchor, second.name)] == [
        ("c1", "char-01"), ("c2", "Mei"),
    ]  # fmt: skip
    (link,) = links((first, second, rest))
    assert (link.left, link.top, link.rows, link.severity) == (30.0, 0, 1, "major")


def test_everyone_is_known_and_no_lane_is_left_over():
    made = report(tracklets=(tracklet(0, 0, 40, [(0, 40, "char-01")]),))
    assert [lane.name for lane in lanes(made, Axis(made), (), ())] == ["char-01", "Mei"]
    assert links(lanes(made, Axis(made), (), ())) == ()


def test_a_curve_runs_over_the_whole_clip_and_breaks_where_the_look_changes_owner():
    values = [1.0] * 20 + [0.5] * 10 + [0.25] * 10
    made = report(
        tracklets=(tracklet(0, 0, 40, [(0, 30, "char-01"), (30, 40, "char-02")], values=values),),
    )
    plot = character_plot(made, "char-01", [(3, finding(20, 25, severity="critical"))])
    assert plot is not None
    (line,) = plot.lines
    points = line.points.split(" ")
    assert len(points) == 30
    assert (points[0], points[19], points[20], points[29]) == ("0,0", "190,0", "200,50", "290,50")
    assert (line.owner, line.single) == (0, None)
    assert plot.cuts == (400.0,)  # the cut at frame 40; the first shot opens with none
    assert plot.marks == ((200.0, 50.0, 3, "critical"),)
    assert (plot.start_s, plot.stop_s, plot.lowest) == (0.0, 10.0, 0.5)


def test_a_finding_shows_what_is_around_it_and_whose_looks_they_are():
    values = [k / 40 for k in range(40)]
    one = finding(20, characters=("char-01", "char-02"))
    made = report(
        tracklets=(
            tracklet(0, 0, 40, [(0, 20, "char-01"), (20, 40, "char-02")], values=values),
            tracklet(1, 0, 40, [(0, 40, "char-02")], values=values),
        ),
    )
    plot = finding_plot(made, 1, one)
    assert plot is not None
    assert round(CONTEXT_S * FPS) == 15  # frames 5 to 36
    assert [line.owner for line in plot.lines] == [0, 1]
    before, after = (line.points.split(" ") for line in plot.lines)
    assert (len(before), len(after)) == (15, 16)
    assert before[0] == "0,87.5"  # frame 5: 5/40 = 0.125 from the bottom of 100
    assert after[0] == "483.9,50"  # frame 20: 15 of 31 frames
    assert (plot.start_s, plot.stop_s, plot.lowest) == (0.5, 3.6, 0.125)
    assert plot.cuts == ()  # frame 40 is outside


def test_a_window_ends_with_the_clip():
    made = report(tracklets=(tracklet(0, 90, 100, [(90, 100, "char-01")], values=[0.5] * 10),))
    plot = finding_plot(made, 1, finding(99))
    assert plot is not None
    assert (plot.start_s, plot.stop_s) == (8.4, 10.0)
    assert plot.lines[0].points.split(" ")[0] == "375,50"  # 0.6 s of 1.6


@pytest.mark.parametrize(
    ("tracklets", "character"),
    [
        pytest.param((), "char-01", id="nobody"),
        pytest.param((tracklet(0, 0, 9, [(0, 9, "char-01")]),), "char-01", id="no curve"),
        pytest.param(
            (tracklet(0, 0, 9, [(0, 9, "char-02")], values=[1.0] * 9),), "char-01", id="another"
        ),
    ],
)
def test_no_curve_is_no_plot(tracklets, character):
    assert character_plot(report(tracklets=tracklets), character, []) is None


def test_one_sample_is_a_dot_and_values_outside_are_put_at_the_edge():
    made = report(tracklets=(tracklet(0, 50, 52, [(50, 52, "char-01")], values=[1.4]),))
    plot = character_plot(made, "char-01", [])
    assert plot is not None
    assert (plot.lines[0].points, plot.lines[0].single) == ("500,0", (500.0, 0.0))


def test_a_long_curve_is_thinned_and_keeps_its_dip():
    values = [1.0] * 1000
    values[517] = 0.0
    made = replace(
        report(frames=1000),
        tracklets=(tracklet(0, 0, 1000, [(0, 1000, "char-01")], values=values),),
    )
    plot = character_plot(made, "char-01", [])
    assert plot is not None
    points = plot.lines[0].points.split(" ")
    assert 100 < len(points) <= MOST_POINTS
    assert "517,100" in points
    assert points == sorted(points, key=lambda point: float(point.split(",")[0]))


def points_of(values, **where):
    made = replace(
        report(frames=len(values)),
        tracklets=(tracklet(0, 0, len(values), [(0, len(values), "char-01")], values=values),),
        **where,
    )
    plot = character_plot(made, "char-01", [])
    assert plot is not None
    return plot.lines[0].points.split(" ")


def test_a_curve_is_thinned_from_241_points_on_and_keeps_its_first_point_and_its_peak():
    assert len(points_of([0.5] * 240)) == MOST_POINTS == 240
    assert len(points_of([0.5, 0.6] * 120 + [0.5])) == 2 * 80 + 1  # two of every three
    values = [0.0] * 1000
    values[517] = 1.0
    points = points_of(values)
    assert points[0] == "0,100"
    assert "517,0" in points


def test_heights_are_told_to_a_tenth():
    assert points_of([0.1234] * 2) == ["0,87.7", "500,87.7"]


@pytest.mark.parametrize(
    ("at", "start_s", "stop_s", "cuts"),
    [
        pytest.param(5, 0.0, 2.1, (), id="not before the clip"),
        pytest.param(24, 0.9, 4.0, (), id="the cut is where the window ends"),
        pytest.param(55, 4.0, 7.1, (), id="the cut is where the window begins"),
        pytest.param(54, 3.9, 7.0, (32.3,), id="a frame after that"),
    ],
)
def test_a_window_shows_cuts_inside_it(at, start_s, stop_s, cuts):
    made = report(tracklets=(tracklet(0, 0, 100, [(0, 100, None)], values=[0.5] * 100),))
    plot = finding_plot(made, 1, finding(at))
    assert plot is not None
    assert (plot.start_s, plot.stop_s, plot.cuts) == (start_s, stop_s, cuts)
    assert [line.owner for line in plot.lines] == [-1]


def test_of_a_very_slow_clip_a_frame_on_either_side_is_shown():
    made = replace(
        report(frames=10, tracklets=(tracklet(0, 0, 10, [(0, 10, "char-01")], values=[1.0] * 10),)),
        clip=ClipFacts("a.mp4", "", 64, 48, 10, "1/5", 50.0),
    )
    plot = finding_plot(made, 1, finding(5))
    assert plot is not None
    assert (plot.start_s, plot.stop_s) == (20.0, 35.0)


def test_a_mark_ends_with_the_picture():
    late = replace(finding(40, 80), start_frame=40)
    made = report(tracklets=(tracklet(0, 0, 50, [(0, 50, "char-01")], values=[1.0] * 50),))
    plot = finding_plot(made, 1, finding(0, characters=("char-01",)))
    assert plot is not None
    assert plot.marks == ((0.0, 62.5, 1, "major"),)
    shown = character_plot(
        replace(made, clip=replace(made.clip, frames=50, duration_s=5.0)), "char-01", [(2, late)]
    )
    assert shown is not None
    assert shown.marks == ((800.0, 200.0, 2, "major"),)  # 4 s of 5, to the end


@pytest.mark.parametrize(
    ("frames", "duration_s", "frame", "percent"),
    [
        pytest.param(5, 0.5, 1, 20.0, id="half a second"),
        pytest.param(7, 0.7, 1, 14.286, id="to a thousandth"),
        pytest.param(100, 20.0, 50, 25.0, id="the length that is stated"),
        pytest.param(100, 5.0, 80, 100.0, id="never more than all of it"),
    ],
)
def test_percent_of_the_length(frames, duration_s, frame, percent):
    made = report(frames=frames)
    axis = Axis(replace(made, clip=replace(made.clip, duration_s=duration_s)))
    assert axis.percent(frame) == percent
    span = axis.span(frame, frames, "")
    assert (span.left, span.width) == (percent, round(100.0 - percent, 3))


@pytest.mark.parametrize(
    ("starts", "levels"),
    [
        pytest.param([0], [0], id="at the very start"),
        pytest.param([100, 131], [0, 1], id="3.1 % is too close"),
        pytest.param([100, 132], [0, 0], id="3.2 % is not"),
    ],
)
def test_how_close_is_too_close(starts, levels):
    made = report(frames=1000)
    markers = finding_markers(made, Axis(made), [finding(start) for start in starts])
    assert [marker.level for marker in markers] == levels


def test_a_link_reaches_from_the_first_lane_to_the_last():
    one, two = (Marker(n, "swap", "minor", 10.0 * n, 1.0, 0, "") for n in (1, 2))
    shared = [(), (one,), (one, two), (), (one,)]
    found = links([Lane(None, "", "", (), markers) for markers in shared])
    assert found == (Link(10.0, 1, 3, "minor"),)
