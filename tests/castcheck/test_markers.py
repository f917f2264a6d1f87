"""Markers for editing programs: read back by the adapters of OpenTimelineIO."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from castcheck.report.edl import edl_text
from castcheck.report.otio import otio_timeline
from identity.findings import Finding
from tests.castcheck import support

otio = pytest.importorskip("opentimelineio")


def at(frame, stop=None, *, severity="major", message="It's wrong | here — ü."):
    return Finding(
        "morph", severity, 0.9, ("char-01",), (frame,), (0,), frame, stop or frame + 1, message
    )


def report(*findings, fps="24/1", times=()):
    full = support.full_report()
    return replace(full, findings=findings, frame_times_s=times, clip=replace(full.clip, fps=fps))


def needs(adapter):
    if adapter not in otio.adapters.available_adapter_names():
        pytest.skip(f"the adapter {adapter} is not installed")


def edl_markers(text, rate):
    needs("cmx_3600")
    timeline = otio.adapters.read_from_string(text, "cmx_3600", rate=rate)
    return [
        (round(marker.marked_range.start_time.value) - 3600 * rate, marker)
        for clip in timeline.find_clips()
        for marker in clip.markers
    ]


@pytest.mark.parametrize(
    ("findings", "fps", "rate", "places"),
    [
        pytest.param((at(38),), "24/1", 24, [38], id="one"),
        pytest.param((at(140), at(0), at(24, 90)), "24/1", 24, [0, 24, 140], id="in order"),
        pytest.param((at(9), at(9), at(10)), "24/1", 24, [9, 10, 11], id="two on one frame"),
        pytest.param((at(130),), "30000/1001", 30, [130], id="frames of 29.97 are counted by 30"),
        pytest.param((at(61),), "60/1", 60, [61], id="60"),
    ],
)
def test_edl_is_read_by_its_adapter(findings, fps, rate, places):
    found = edl_markers(edl_text(report(*findings, fps=fps)), rate)
    assert [place for place, _ in found] == places
    first = min(findings, key=lambda f: f.start_frame)
    assert found[0][1].name.startswith(f"Morph (major) frame {first.start_frame}: It's wrong")
    assert found[0][1].color == "YELLOW"


def test_edl_has_the_line_by_which_resolve_imports_markers():
    lines = edl_text(report(at(38, 48, severity="critical"))).splitlines()
    assert lines[0] == "TITLE: castcheck room_swap.mp4"
    assert lines[3] == (
        "001  AX       V     C        01:00:01:14 01:00:01:15 01:00:01:14 01:00:01:15"
    )
    assert lines[5] == (
        "frame 38: It's wrong / here ? ?. |C:ResolveColorRed |M:Morph (critical) |D:10"
    )


def test_edl_of_a_clip_without_findings_is_a_head():
    needs("cmx_3600")
    text = edl_text(support.pass_report())
    assert text == "TITLE: castcheck room_clean.mp4\nFCM: NON-DROP FRAME\n"
    assert not list(otio.adapters.read_from_string(text, "cmx_3600", rate=24).find_clips())


def test_without_a_steady_rate_markers_lie_where_time_puts_them():
    times = tuple(k / 24 + (0.5 if k >= 30 else 0) for k in range(150))
    uneven = report(at(40), times=times)
    assert [place for place, _ in edl_markers(edl_text(uneven), 24)] == [52]
    timeline = otio.adapters.read_from_string(json.dumps(otio_timeline(uneven)), "otio_json")
    (marker,) = [m for shot in timeline.find_clips() for m in shot.markers]
    assert marker.marked_range.start_time.value == 52


def test_otio_becomes_xml_for_premiere_with_its_markers():
    needs("fcp_xml")
    timeline = otio.adapters.read_from_string(
        json.dumps(otio_timeline(report(at(38, 48)))), "otio_json"
    )
    again = otio.adapters.read_from_string(
        otio.adapters.write_to_string(timeline, "fcp_xml"), "fcp_xml"
    )
    (marker,) = [m for shot in again.find_clips() for m in shot.markers]
    assert (marker.name, marker.marked_range.start_time.value) == ("Morph (major)", 38)
    assert marker.marked_range.duration.value == 10
    assert "It's wrong" in str(marker.metadata)
