from __future__ import annotations

import pytest

from bench.quality_score import (
    ClipRow,
    EventRow,
    FindingRow,
    calibration,
    calibration_error,
    confusion,
    false_alarms,
    figures,
    kind_figures,
    splits,
)


def finding(confidence=0.9, *, right=False, kind="morph", severity="major", row=None, clip="x"):
    return FindingRow(clip, kind, row or kind, right, severity, confidence, 5, 6)


def event(delay=None, *, kind="morph", row=None, told="nothing"):
    found = delay is not None
    return EventRow("x", kind, row or kind, 5, 6, found, found, delay, kind if found else told)


def clip(events=(), findings=(), *, seconds=30.0, look=0.0, species="human", name="x"):
    return ClipRow(
        name, bool(events), seconds, species, look, "pass", tuple(events), tuple(findings)
    )


@pytest.mark.parametrize(
    ("events", "findings", "precision", "recall", "f1", "delays"),
    [
        pytest.param([], [], None, None, None, (None, None), id="empty"),
        pytest.param([event()], [], None, 0.0, 0.0, (None, None), id="missed"),
        pytest.param([], [finding()], 0.0, None, 0.0, (None, None), id="false"),
        pytest.param([event(2)], [finding(right=True)], 1.0, 1.0, 1.0, (2, 2), id="found"),
        pytest.param(
            [event(-3), event(1), event()], [finding(right=True)] * 2 + [finding()],
            2 / 3, 2 / 3, 2 / 3, (2, -1), id="some-of-each",
        ),
    ],
)  # fmt: skip
def test_figures(events, findings, precision, recall, f1, delays):
    row = figures(events, findings)
    assert (row["precision"], row["recall"], row["f1"]) == pytest.approx((precision, recall, f1))
    assert (row["delay_abs_median"], row["delay_median"]) == delays


def test_swaps_stand_apart_by_place_and_together():
    clips = [
        clip([event(0, kind="swap", row="swap, cut")],
             [finding(right=True, kind="swap", row="swap, cut")]),
        clip([event(kind="swap", row="swap, open")]),
        clip([], [finding(kind="swap", row="swap, open")]),
    ]  # fmt: skip
    table = kind_figures(clips)
    assert table["swap, cut"]["f1"] == 1.0
    assert table["swap, open"]["f1"] == 0.0
    assert table["swap, crossing"]["f1"] is None
    assert table["swap, all"]["f1"] == pytest.approx(0.5)
    assert (table["all"]["events"], table["all"]["told"]) == (2, 2)


@pytest.mark.parametrize(
    ("clips", "all_count", "major_per_minute", "major_per_100"),
    [
        pytest.param([], 0, None, None, id="no-clips"),
        pytest.param([clip([event()], [finding()])], 0, None, None, id="broken-clips-only"),
        pytest.param([clip()] * 2, 0, 0.0, 0.0, id="silent"),
        pytest.param(
            [clip(), clip(findings=[finding(), finding(severity="minor"),
                                    finding(severity="critical")])],
            3, 2.0, 100.0, id="three",
        ),
    ],
)  # fmt: skip
def test_false_alarms(clips, all_count, major_per_minute, major_per_100):
    alarms = false_alarms(clips)
    assert alarms["all"]["count"] == all_count
    assert alarms["major"]["per_minute"] == major_per_minute
    assert alarms["major"]["per_100_clips"] == major_per_100


def test_calibration_bins_hold_their_lower_edge_and_the_last_its_upper():
    findings = [finding(c, right=c > 0.85) for c in (0.6, 0.65, 0.8, 0.89, 0.9, 1.0)]
    rows = calibration(findings, edges=(0.0, 0.6, 0.8, 0.9, 1.0))
    assert [r["findings"] for r in rows] == [0, 2, 2, 2]
    assert [r["right"] for r in rows] == [None, 0.0, 0.5, 1.0]
    assert rows[2]["confidence"] == pytest.approx(0.845)


def test_calibration_error_is_the_gap_weighted_by_findings():
    assert calibration_error([]) is None
    honest = [finding(0.75, right=k < 3) for k in range(4)]
    assert calibration_error(honest) == pytest.approx(0.0)
    boastful = [*honest, *[finding(0.97)] * 4]
    assert calibration_error(boastful) == pytest.approx(0.97 / 2)


def test_confusion_counts_what_was_said_also_where_nothing_is_wrong():
    clips = [
        clip([event(told="drift")], [finding(kind="drift")]),
        clip([event(0)], [finding(right=True)]),
        clip([event()]),
        clip([], [finding(kind="vanish")]),
    ]
    table = confusion(clips)
    assert table["morph"] == {"drift": 1, "morph": 1, "nothing": 1}
    assert table["(clean clips)"] == {"vanish": 1}
    assert table["(left over in broken clips)"] == {"drift": 1}


def test_splits_by_look_and_species():
    groups = splits([clip(look=0.0), clip(look=0.3, species="toy"), clip(look=0.6)])
    assert {name: group["clips"] for name, group in groups.items()} == {
        "video look off": 1, "video look on": 2, "human": 2, "toy": 1,
    }  # fmt: skip
    assert splits([]) == {}
