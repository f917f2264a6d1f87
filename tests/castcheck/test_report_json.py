"""The report as JSON: the published schema, there and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castcheck.facts.report import (
    CharacterFacts,
    ClipFacts,
    Curve,
    Report,
    ReportReadError,
    SegmentFacts,
    ShotFacts,
    TrackletFacts,
    report_to_dict,
)
from castcheck.tables.kinds import KIND_NAMES
from identity.findings import SEVERITIES, Finding
from scenes.errors import CastcheckError
from tests.castcheck import support

GOLDEN = Path(__file__).parent / "golden/report.json"

texts = st.text(max_size=12)
frames = st.integers(0, 10**6)
numbers = st.floats(0, 1, allow_nan=False)
seconds = st.floats(0, 1e5, allow_nan=False)
rows = st.lists(frames, max_size=6)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.floats(-1e9, 1e9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
tables = st.dictionaries(texts, plain, max_size=3)


def tuples(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


@st.composite
def tracklets(draw):
    found = draw(rows)
    boxes = [draw(st.tuples(*[st.floats(-1e4, 1e4)] * 4)) for _ in found]
    curve = draw(st.none() | st.just(found))
    return TrackletFacts(
        draw(frames), draw(frames), tuple(found), tuple(boxes), tuple(draw(numbers) for _ in found),
        draw(tuples(st.builds(SegmentFacts, frames, frames, st.none() | texts))),
        None if curve is None else Curve(tuple(curve), tuple(draw(numbers) for _ in curve)),
    )  # fmt: skip


findings = st.builds(
    Finding, st.sampled_from(KIND_NAMES), st.sampled_from(SEVERITIES), numbers, tuples(texts),
    tuples(frames), tuples(frames), frames, frames, texts, tables,
)  # fmt: skip
reports = st.builds(
    Report,
    clip=st.builds(
        ClipFacts, texts, texts, frames, frames, st.integers(1, 10**6),
        st.sampled_from(["24/1", "30000/1001", "0/0", ""]), seconds,
    ),
    verdict=st.sampled_from(["pass", "fail", "abstain"]),
    shots=tuples(st.builds(ShotFacts, frames, frames, frames, seconds, seconds, texts)),
    characters=tuples(
        st.builds(
            CharacterFacts, texts, st.none() | texts, st.none() | numbers, seconds, texts, texts
        )
    ),
    tracklets=tuples(tracklets()),
    findings=tuples(findings),
    frame_times_s=tuples(seconds),
    provenance=tables,
    degradations=tuples(texts),
    timings=st.dictionaries(texts, seconds, max_size=3),
)  # fmt: skip


@given(reports, st.booleans())
def test_there_and_back(report, pretty):
    assert Report.from_json(report.to_json(pretty=pretty)) == report


@pytest.mark.parametrize("pretty", [True, False])
@pytest.mark.parametrize(
    "make", [support.empty_report, support.single_report, support.full_report, support.crowd_report]
)
def test_made_up_reports_come_back(make, pretty):
    report = make()
    assert Report.from_json(report.to_json(pretty=pretty)) == report


def test_golden(request):
    """`make goldens` writes it anew; look at the difference before you commit it."""
    text = support.full_report().to_json()
    assert text == GOLDEN.read_text(encoding="utf-8"), "if this was meant: make goldens"


def test_fields_of_the_contract_are_there_in_their_order():
    table = report_to_dict(support.full_report())
    assert list(table) == [
        "schema", "clip", "verdict", "shots", "characters", "tracklets", "findings", "provenance",
        "degradations", "timings",
    ]  # fmt: skip
    assert table["schema"] == "castcheck.report/1"
    assert list(table["clip"]) == [
        "path", "sha256", "width", "height", "frames", "fps", "duration_s"
    ]  # fmt: skip
    assert list(table["shots"][0]) == [
        "index", "start_frame", "stop_frame", "start_s", "stop_s", "opens_with"
    ]  # fmt: skip
    assert list(table["characters"][0])[:4] == ["id", "name", "consistency", "screen_s"]
    assert list(table["tracklets"][0])[:6] == [
        "id", "shot", "frames", "boxes", "scores", "segments"
    ]  # fmt: skip
    swap = table["findings"][1]
    assert list(swap) == [
        "id", "kind", "severity", "confidence", "characters", "tracklets", "shots", "start_frame",
        "stop_frame", "start_s", "stop_s", "message", "evidence",
    ]  # fmt: skip
    assert (swap["id"], swap["start_s"], swap["stop_s"]) == ("swap-38-0-1", 1.583333, 1.625)
    assert table["characters"][2]["consistency"] is None


def test_times_are_kept_only_where_the_rate_varies():
    clip = ClipFacts("a", "", 8, 8, 3, "24/1", 0.2)
    steady = Report(clip, "pass", frame_times_s=(0.0, 0.042, 0.083))
    varying = Report(clip, "pass", frame_times_s=(0.0, 0.05, 0.12))
    assert "frame_times_s" not in report_to_dict(steady)
    assert report_to_dict(varying)["frame_times_s"] == [0.0, 0.05, 0.12]
    assert [varying.time_s(frame) for frame in (1, 2, 3)] == [0.05, 0.12, 0.2]
    assert steady.time_s(2) == pytest.approx(2 / 24)


def test_pretty_json_has_one_line_per_row_and_compact_json_one_line():
    report = support.full_report()
    assert len(report.to_json().splitlines()) < 50
    assert "\n" not in report.to_json(pretty=False)
    assert json.loads(report.to_json()) == json.loads(report.to_json(pretty=False))


def test_not_a_number_is_never_written():
    report = support.pass_report()
    broken = Report(report.clip, "pass", timings={"decode": float("nan")})
    with pytest.raises(ValueError, match="JSON compliant"):
        broken.to_json()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "schema is None"),
        ('{"schema": "castcheck.report/2"}', "this version reads 'castcheck.report/1'"),
        ('{"schema": "castcheck.report/1"}', "'clip' is missing"),
        ('{"schema": "castcheck.report/1", "clip": {}}', "wrong kind"),
    ],
)
def test_what_is_no_report_says_why(text, says):
    with pytest.raises(ReportReadError, match=says) as caught:
        Report.from_json(text)
    assert isinstance(caught.value, CastcheckError)


def test_unknown_fields_of_a_later_version_are_passed_over():
    report = support.full_report()
    table = report_to_dict(report)
    table["new"] = 1
    table["clip"]["new"] = 1
    table["findings"][0]["new"] = 1
    assert Report.from_json(json.dumps(table)) == report


@pytest.mark.parametrize(
    ("frame", "who"),
    [(4, None), (5, "char-01"), (9, "char-01"), (10, "char-02"), (11, "char-02"), (12, None)],
)
def test_a_segment_holds_its_first_frame_and_not_its_stop_frame(frame, who):
    one = TrackletFacts(
        0, 0, (5, 11), ((0, 0, 1, 1),) * 2, (0.9, 0.9),
        (SegmentFacts(5, 10, "char-01"), SegmentFacts(10, 12, "char-02")), None,
    )  # fmt: skip
    assert one.character_at(frame) == who
    segment = one.segment_at(frame)
    assert (segment and segment.character) == who
