"""Numbers in what castcheck writes: times, frames and sizes, each checked on paper."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from castcheck import labels
from castcheck.facts.parts import CharacterFacts, ClipFacts, SegmentFacts, ShotFacts, TrackletFacts
from castcheck.facts.report import Report
from castcheck.report import github, html, page, video
from castcheck.report.edl import edl_text, timecode, timeline_frame
from castcheck.report.junit import junit_text
from castcheck.report.markdown import markdown_text
from castcheck.report.mot import mot_text
from castcheck.report.otio import otio_timeline
from castcheck.report.play import play_data, sides
from castcheck.report.sound import Sound
from castcheck.report.visuals import Visuals
from castcheck.report.writers import write_reports
from identity.findings import Finding

CLIP = ClipFacts("clips/a.mp4", "", 64, 48, 100, "10/1", 10.0)
LATE = tuple(k / 10 if k < 50 else k / 20 + 2.5 for k in range(100))  # half as fast from 5 s on


def finding(start, stop=None, *, kind="swap", severity="major", **more):
    stop = start + 1 if stop is None else stop
    return replace(
        Finding(kind, severity, 0.904, ("char-01",), (0,), (0,), start, stop, "It happens."), **more
    )


def report(*findings, **more):
    return Report(
        more.pop("clip", CLIP), "fail", (ShotFacts(0, 0, 40, 0, 4, "start"),
        ShotFacts(1, 40, 100, 4, 10, "cut")), findings=findings, **more,
    )  # fmt: skip


# --- editing programs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "beat", "code"),
    [
        (0, 24, "01:00:00:00"),
        (23, 24, "01:00:00:23"),
        (24, 24, "01:00:01:00"),
        (59 * 24, 24, "01:00:59:00"),
        (60 * 24, 24, "01:01:00:00"),
        (60 * 60 * 25 - 1, 25, "01:59:59:24"),
        (60 * 60 * 25, 25, "02:00:00:00"),
        (60 * 60 * 25 + 61 * 25 + 3, 25, "02:01:01:03"),
    ],
)
def test_time_codes(frame, beat, code):
    assert timecode(frame, beat) == code


@pytest.mark.parametrize(
    ("times", "fps", "frame", "place"),
    [((), "10/1", 60, 60), (LATE, "10/1", 60, 55), (LATE, "10/1", 50, 50), (LATE, "", 60, 60)],
)
def test_where_a_frame_lies_on_a_timeline(times, fps, frame, place):
    made = report(clip=replace(CLIP, fps=fps), frame_times_s=times)
    assert timeline_frame(made, frame) == place


@pytest.mark.parametrize(
    ("start", "stop", "length"), [(10, 11, 1), (10, 35, 25), (10, 10, 1), (60, 80, 10)]
)
def test_a_marker_of_an_edl_lasts_as_long_as_its_finding(start, stop, length):
    times = LATE if start == 60 else ()
    text = edl_text(report(finding(start, stop), frame_times_s=times))
    assert text.endswith(f"|M:Swap (major) |D:{length}\n")
    assert "\n001  AX " in text


def test_an_edl_without_a_rate_counts_by_25():
    text = edl_text(report(finding(25), clip=replace(CLIP, fps="")))
    assert " 01:00:01:00 01:00:01:01 " in text


@pytest.mark.parametrize(
    ("start", "shots"), [(0, [1, 0]), (39, [1, 0]), (40, [0, 1]), (99, [0, 1]), (100, [0, 1])]
)
def test_a_marker_of_a_timeline_lies_in_its_shot(start, shots):
    made = report(finding(start, start + 5))
    clips = otio_timeline(made)["tracks"]["children"][0]["children"]
    assert [len(clip["markers"]) for clip in clips] == shots
    assert [clip["name"] for clip in clips] == ["shot 1", "shot 2"]
    ranges = [clip["source_range"] for clip in clips]
    assert [one["start_time"]["value"] for one in ranges] == [0, 40]
    assert [one["duration"]["value"] for one in ranges] == [40, 60]
    whole = clips[0]["media_reference"]["available_range"]
    assert (whole["start_time"]["value"], whole["duration"]["value"]) == (0, 100)
    assert whole["duration"]["rate"] == 10.0
    marked = next(m for clip in clips for m in clip["markers"])["marked_range"]
    assert marked["start_time"]["value"] == min(start, 100)
    assert marked["duration"]["value"] == 5


def test_a_marker_of_a_timeline_lasts_a_frame_at_least():
    made = report(finding(10, 10), clip=replace(CLIP, fps=""))
    (marker,) = otio_timeline(made)["tracks"]["children"][0]["children"][0]["markers"]
    assert marker["marked_range"]["duration"] == {
        "OTIO_SCHEMA": "RationalTime.1", "value": 1.0, "rate": 25.0,
    }  # fmt: skip


# --- text -----------------------------------------------------------------------------------------


def test_boxes_of_motchallenge_count_from_one():
    segments = (SegmentFacts(3, 5, "char-01"), SegmentFacts(5, 6, None))
    track = TrackletFacts(7, 0, (3, 4, 5), ((10.0, 20.5, 40.0, 100.0),) * 3, (0.5,) * 3, segments)
    made = report(tracklets=(track,), characters=(CharacterFacts("char-01", None, 0.9, 1.0),))
    assert mot_text(made) == "4,1,11,21.5,30,79.5,0.5,-1,-1,-1\n5,1,11,21.5,30,79.5,0.5,-1,-1,-1\n"


@pytest.mark.parametrize(
    ("start", "stop", "said"), [(5, 6, "| 5 |"), (5, 7, "| 5 to 6 |"), (5, 5, "| 4 |")]
)
def test_frames_in_a_table(start, stop, said):
    text = markdown_text(report(finding(start, stop)))
    assert said in text
    assert "| 0.90 |" in text


@pytest.mark.parametrize(("before", "room"), [(0, True), (-1, False)])
def test_a_summary_that_would_be_dropped_is_left_alone(monkeypatch, tmp_path, before, room):
    made = report(finding(5))
    size = len((markdown_text(made) + "\n").encode())
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * (1024 * 1024 - size - before))
    monkeypatch.setenv(github.SUMMARY_VARIABLE, str(path))
    said = github.add_to_summary(made)
    assert (said == "") == room
    assert (path.stat().st_size == 1024 * 1024) == room


@pytest.mark.parametrize(
    ("severity", "fails", "silent", "level"),
    [
        ("major", True, False, "error"),
        ("major", True, True, "warning"),
        ("minor", False, False, "notice"),
        ("critical", False, False, "warning"),
    ],
)
def test_levels_of_annotations(severity, fails, silent, level):
    gate: Any = SimpleNamespace(trips=lambda _: fails, silent=silent)
    (line,) = github.annotations_of(report(finding(5, severity=severity)), gate)
    assert line.startswith(f"::{level} file=")


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "start", "stop", "frames"),
    [
        pytest.param("swap", 10, 11, (9, 10), id="before it and after it"),
        pytest.param("swap", 0, 1, (0, 0), id="at the first frame"),
        pytest.param("swap", 100, 101, (99, 99), id="after the last frame"),
        pytest.param("drift", 10, 31, (10, 30), id="both ends"),
        pytest.param("drift", 10, 200, (10, 99), id="no further than the clip"),
        pytest.param("clone", 10, 31, (10, 20), id="its beginning and its middle"),
        pytest.param("clone", 10, 11, (10, 10), id="one frame"),
        pytest.param("of another version", 10, 31, (9, 10), id="unknown"),
    ],
)
def test_which_two_frames_show_a_finding(kind, start, stop, frames):
    made = report(finding(start, stop, kind=kind))
    assert sides(made, made.findings[0]) == frames


def test_of_a_clip_without_frames_the_first_is_shown():
    made = report(finding(3), clip=replace(CLIP, frames=0, duration_s=0.0))
    assert sides(made, made.findings[0]) == (0, 0)


def test_what_is_played():
    segments = (SegmentFacts(3, 5, "char-02"), SegmentFacts(5, 7, None, doubtful=True))
    boxes = ((10.4, 20.6, 40.0, 99.5),) * 3
    track = TrackletFacts(7, 0, (3, 4, 6), boxes, (0.5,) * 3, segments)
    none = TrackletFacts(8, 0, (), (), (), ())
    two = tuple(CharacterFacts(f"char-0{k}", None, 0.9, 1.0) for k in (1, 2))
    made = report(
        finding(5, severity="minor"), finding(9, characters=("char-02", "char-09")),
        tracklets=(track, none), characters=two,
    )  # fmt: skip
    data = play_data(made)
    box = [10, 21, 40, 100]
    assert data["tracks"][0] == {
        "id": 7, "start": 3, "boxes": [box, box, 0, box],
        "segments": [[3, 5, 1, 0], [5, 7, -1, 1]],
    }  # fmt: skip
    assert (data["tracks"][1]["start"], data["tracks"][1]["boxes"]) == (0, [])
    worst, least = data["findings"]
    assert (worst["number"], worst["start"], worst["stop"], worst["people"]) == (1, 9, 10, [1])
    assert (least["number"], least["percent"], least["sides"]) == (2, 90, [4, 5])
    assert (data["rate"], data["times"]) == (10.0, None)
    varying = play_data(report(clip=replace(CLIP, fps=""), frame_times_s=LATE))
    assert varying["rate"] is None
    assert varying["times"][60] == 5.5


@pytest.mark.parametrize(
    ("start", "stop", "said"),
    [(5, 6, "frame 5"), (5, 5, "frame 5"), (5, 7, "frames 5 to 6"), (5, 31, "frames 5 to 30")],
)
def test_frames_of_a_card_and_of_a_junit_case(start, stop, said):
    assert labels.frames(finding(start, stop)) == said
    assert f" swap, {said}, confidence" in junit_text(report(finding(start, stop)))


@pytest.mark.parametrize(("shots", "said"), [((), ""), ((0,), "shot 1"), ((0, 2), "shots 1, 3")])
def test_shots_of_a_card(shots, said):
    assert page._shots(finding(5, shots=shots)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "on screen for a moment"), (0.1, "0.1 s on screen"), (2.55, "2.5 s on screen")],
)
def test_how_long_somebody_is_on_screen(seconds, said):
    assert page._seen(seconds) == said


def made_page(*findings, **more):
    two = (CharacterFacts("char-01", "Ann", 0.876, 4.0), CharacterFacts("char-02", None, None, 0.0))
    made = report(*findings, characters=two, **more)
    return page.build_page(made, Visuals(), budget_bytes=10**6)


def test_numbers_of_the_page():
    made = made_page(finding(5, 9), finding(50, characters=("char-02",)))
    assert [card.number for card in made.cards] == [1, 2]
    assert [card.confidence for card in made.cards] == ["90 % sure"] * 2
    assert [[badge.anchor for badge in card.badges] for card in made.cards] == [["c1"], ["c2"]]
    ann, other = made.people
    assert (ann.consistency, ann.percent) == ("88 %", 87.6)
    assert (other.consistency, other.percent) == ("not judged", None)
    assert [[marker.number for marker in one.findings] for one in made.people] == [[1], [2]]
    assert made.marker_levels == 1
    assert [shot.number for shot in made.shots] == [1, 2]
    assert made.facts[:4] == ("0:10.00", "100 frames", "64\u00d748", "10 fps")
    assert made_page(finding(5), finding(6)).marker_levels == 2
    assert made_page().marker_levels == 1


@pytest.mark.parametrize(("count", "filterable"), [(0, False), (page.MANY_FINDINGS - 1, False),
                                                   (page.MANY_FINDINGS, True)])  # fmt: skip
def test_many_findings_can_be_filtered(count, filterable):
    assert made_page(*(finding(k) for k in range(count))).filterable is filterable


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "unknown"), (0.123456, "0.1235"), (3, "3"), ("a", "a"), (True, "true"), ([1], "[1]")],
)
def test_plain_values(value, said):
    assert page._plain(value) == said


def test_a_page_holds_no_more_than_200_megabytes(monkeypatch, tmp_path):
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"12345")
    inputs: Any = SimpleNamespace(settings=SimpleNamespace(embed_video=True), clip=clip)
    assert html.EMBED_LIMIT_BYTES == 200_000_000
    for limit, held in ((5, True), (4, False)):
        monkeypatch.setattr(html, "EMBED_LIMIT_BYTES", limit)
        assert (html._embedded(inputs)[0] != "") == held


# --- the video ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((1280, 720), (1280, 720)),
        ((3840, 2160), (3840, 2160)),
        ((3841, 2160), (3840, 2159)),
        ((4320, 7680), (2160, 3840)),
        ((100_000, 2), (3840, 1)),
    ],
)
def test_no_side_is_longer_than_4k(size, drawn):
    assert video.fitting_size(*size) == drawn


@pytest.mark.parametrize(("size", "even"), [(1, 16), (15, 16), (16, 16), (17, 18), (64, 64)])
def test_sizes_are_even_and_large_enough_for_the_encoder(size, even):
    assert video._even(size) == even


@pytest.mark.parametrize(
    ("size", "padded"),
    [((16, 16), (16, 16)), ((17, 20), (18, 20)), ((20, 17), (20, 18)), ((3, 5), (16, 16))],
)
def test_pictures_are_padded_with_their_edge(size, padded):
    picture = np.zeros((*size, 3), np.uint8)
    picture[-1, -1] = 9
    whole = video._padded(picture)
    assert whole.shape == (*padded, 3)
    assert (whole[size[0] - 1 :, size[1] - 1 :] == 9).all()
    assert whole.sum() == 27 * (padded[0] - size[0] + 1) * (padded[1] - size[1] + 1)


def test_ticks_of_frames():
    steady = video._Timing(report())
    assert (steady.rate, steady.time_base) == (Fraction(10), Fraction(1, 10))
    assert [steady.pts(frame) for frame in (0, 1, 5)] == [0, 1, 5]
    varying = video._Timing(report(frame_times_s=LATE))
    assert varying.time_base == Fraction(1, 90_000)
    assert [varying.pts(frame) for frame in (0, 60)] == [0, 495_000]
    assert varying.pts(60) == 495_001  # always later than the one before
    unknown = video._Timing(report(clip=replace(CLIP, fps="")))
    assert (unknown.rate, unknown.time_base) == (Fraction(25), Fraction(1, 90_000))


# --- sound ----------------------------------------------------------------------------------------


def packet(pts, *, dts="same", duration=10):
    return SimpleNamespace(pts=pts, dts=pts if dts == "same" else dts, duration=duration)


@pytest.mark.parametrize(
    ("first_s", "packets", "kept"),
    [
        pytest.param(0, [packet(0), packet(10)], [(0, 0), (0.1, 10)], id="as it is"),
        pytest.param(0.5, [packet(50), packet(60)], [(0, 0), (0.1, 10)], id="begins later"),
        pytest.param(0.5, [packet(40), packet(50)], [(0, 0)], id="over before the picture"),
        pytest.param(0.5, [packet(41), packet(50)], [(-0.09, -9), (0, 0)], id="not quite over"),
        pytest.param(0, [packet(0, dts=None), packet(None), packet(10)], [(0.1, 10)], id="damaged"),
        pytest.param(0, [packet(-1, duration=None)], [], id="of no length, before it"),
        pytest.param(0, [packet(1, duration=None)], [(0.01, 1)], id="of no length, after it"),
        pytest.param(0, [packet(7, dts=5)], [(0.07, 7)], id="decoded earlier"),
    ],
)
def test_packets_of_sound_keep_their_time(tmp_path, first_s, packets, kept):
    sound = Sound(tmp_path / "none.mp4", SimpleNamespace())
    sound._source = SimpleNamespace(demux=lambda stream: iter(packets), close=lambda: None)
    stream = SimpleNamespace(time_base=Fraction(1, 100))
    found = list(sound._copied(stream, "out", Fraction(first_s)))
    assert [(float(start), one.pts) for start, one in found] == kept
    assert all(one.stream == "out" for _, one in found)
    if packets[0].dts == 5:
        assert packets[0].dts == 5
    sound.close()


def test_sound_is_written_up_to_a_time(tmp_path):
    muxed: list[str] = []
    sound = Sound(tmp_path / "none.mp4", SimpleNamespace(mux=muxed.append))
    sound._packets = iter([(Fraction(k), f"at {k} s") for k in range(5)])
    for until, count in ((Fraction(-1), 0), (Fraction(1), 2), (Fraction(1), 2), (Fraction(9), 5)):
        sound.mux_until(until)
        assert len(muxed) == count
    assert muxed == [f"at {k} s" for k in range(5)]


# --- files ----------------------------------------------------------------------------------------


def test_a_file_can_be_read_by_whom_the_system_lets_read(tmp_path):
    mask = os.umask(0o027)
    try:
        inputs: Any = SimpleNamespace(report=report())
        files = write_reports(inputs, tmp_path, ("mot",), progress=lambda *_: None)
        assert files["mot"].stat().st_mode & 0o777 == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)
