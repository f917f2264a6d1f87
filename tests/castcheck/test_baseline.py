"""What was accepted is known again, what is new fails, and what is gone is said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from castcheck.acceptance.baseline import (
    Baseline,
    apply_baseline,
    baseline_json,
    entry_of,
    load_baseline,
)
from castcheck.acceptance.gate import parse_gate
from castcheck.cli import app
from castcheck.facts.report import report_from_json
from castcheck.labels import headline
from castcheck.report.csv_out import csv_text
from castcheck.report.junit import junit_text
from scenes.errors import CastcheckError
from tests.castcheck.runs_made_up import make_report, told, write_run

MAJOR = parse_gate("major")
BOTH = (0, 1)

AT = "2026-11-28T22:00:00Z"


def entries_of(report):
    return [entry_of(report, finding) for finding in report.findings]


@pytest.mark.parametrize(
    ("then", "now", "shift", "known"),
    [
        pytest.param(told("swap"), told("swap"), 0, True, id="the-same"),
        pytest.param(told("swap", start=10), told("swap", start=17), 0, True, id="a-bit-later"),
        pytest.param(told("swap", start=10), told("swap", start=30), 0, False, id="much-later"),
        pytest.param(told("swap"), told("morph"), 0, False, id="another-kind"),
        pytest.param(told("swap"), told("swap", tracklets=(1,)), 0, False, id="another-person"),
        pytest.param(told("swap"), told("swap"), 15, True, id="a-wider-box"),
        pytest.param(told("swap"), told("swap"), 55, False, id="at-another-place"),
        pytest.param(told("swap", tracklets=BOTH), told("swap"), 0, False, id="half-of-them"),
        pytest.param(told("drift", stop=30), told("drift", start=16, stop=40), 0, True,
                     id="overlapping"),
        pytest.param(told("drift", stop=20), told("drift", start=22, stop=40), 0, False,
                     id="one-after-the-other"),
        pytest.param(told("missing", tracklets=(), evidence={"member": "Ben"}, stop=48),
                     told("missing", tracklets=(), evidence={"member": "Ben"}, stop=48), 0, True,
                     id="who-is-not-there"),
        pytest.param(told("missing", tracklets=(), evidence={"member": "Ben"}, stop=48),
                     told("missing", tracklets=(), evidence={"member": "Mei"}, stop=48), 0, False,
                     id="another-who-is-not-there"),
    ],
)  # fmt: skip
def test_what_is_known_again(then, now, shift, known):
    entries = entries_of(make_report("a.mp4", then))
    report = apply_baseline(make_report("a.mp4", now, shift=shift), Baseline(tuple(entries)), MAJOR)
    assert report.findings[0].accepted is known
    assert (report.verdict, MAJOR.exit_code(report.findings)) == (
        ("pass", 0) if known else ("fail", 1)
    )
    assert report.baseline is not None
    assert report.baseline.accepted == known
    assert [gone.finding for gone in report.baseline.gone] == ([] if known else [then.finding_id])


@pytest.mark.parametrize(
    ("then", "now", "accepted", "gone", "verdict"),
    [
        pytest.param([], [], 0, 0, "pass", id="empty"),
        pytest.param([], ["swap"], 0, 0, "fail", id="all-new"),
        pytest.param(["swap"], [], 0, 1, "pass", id="all-gone"),
        pytest.param(["swap"], ["swap", "drift"], 1, 0, "fail", id="one-new"),
        pytest.param(["swap"], ["swap", "swap"], 1, 0, "fail", id="one-accepted-covers-one"),
    ],
)
def test_counts_and_verdict(then, now, accepted, gone, verdict):
    entries = entries_of(make_report("a.mp4", *(told(kind, stop=20) for kind in then)))
    now_told = [told(kind, start=10 + k, stop=21) for k, kind in enumerate(now)]
    report = apply_baseline(make_report("a.mp4", *now_told), Baseline(tuple(entries)), MAJOR)
    assert report.baseline is not None
    assert sum(f.accepted for f in report.findings) == report.baseline.accepted == accepted
    assert len(report.baseline.gone) == gone
    assert report.verdict == verdict


def test_another_clip_is_another_clip_and_one_that_moved_is_not():
    entries = tuple(entries_of(make_report("a.mp4", told("swap"), content="x")))
    for path, content, known in (("b/c.mp4", "x", True), ("a.mp4", "y", False)):
        report = make_report(path, told("swap"), content=content)
        report = apply_baseline(report, Baseline(entries), MAJOR)
        assert report.findings[0].accepted is known
        assert report.baseline is not None
        assert not report.baseline.gone


def test_nobody_judged_stays_an_abstention():
    report = make_report("a.mp4", told("swap"))
    entries = tuple(entries_of(report))
    people = tuple(replace(c, abstained="too small") for c in report.characters)
    report = apply_baseline(replace(report, characters=people), Baseline(entries), MAJOR)
    assert report.verdict == "abstain"


def test_reports_say_what_is_accepted_and_what_is_gone(tmp_path):
    before = make_report("a.mp4", told("swap"), told("drift", stop=30))
    path = tmp_path / "accepted.json"
    path.write_text(baseline_json(entries_of(before)))
    report = apply_baseline(make_report("a.mp4", told("swap")), load_baseline(path), MAJOR)
    table = json.loads(report.to_json())
    assert table["findings"][0]["accepted"] is True
    assert table["baseline"]["name"] == str(path)
    assert [gone["kind"] for gone in table["baseline"]["gone"]] == ["drift"]
    assert report_from_json(report.to_json()) == report
    assert headline(report).startswith("1 swap (accepted)")
    assert 'failures="0"' in junit_text(report)
    assert 'message="accepted: swap at 10"' in junit_text(report)
    assert csv_text(report).splitlines()[1].endswith(",true")
    assert "accepted" not in json.loads(before.to_json())["findings"][0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a baseline"),
        ("[]", "is not a baseline"),
        ('{"schema": "castcheck.baseline/2", "findings": []}', "of a schema this version knows"),
        ('{"schema": "castcheck.baseline/1", "findings": [{}]}', "field 'clip_sha256' is missing"),
        (None, "cannot be read: no such file or directory; check --baseline"),
    ],
)
def test_a_bad_file_is_one_line(text, message, tmp_path):
    path = tmp_path / "b.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CastcheckError) as caught:
        load_baseline(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.mark.parametrize(
    ("decided", "kept"),
    [
        pytest.param([], ["drift-10-1", "swap-10-0"], id="all-without-decisions"),
        pytest.param([("swap-10-0", "right")], [], id="what-is-right-is-not"),
        pytest.param([("swap-10-0", "wrong")], ["swap-10-0"], id="what-is-wrong"),
        pytest.param([("swap-10-0", "duplicate"), ("drift-10-1", "other_kind")], ["swap-10-0"],
                     id="a-duplicate"),
        pytest.param([("swap-10-0", "wrong"), ("swap-10-0", None)], ["drift-10-1", "swap-10-0"],
                     id="taken-back"),
    ],
)  # fmt: skip
def test_what_a_run_gives(decided, kept, tmp_path):
    report = make_report(tmp_path / "a.mp4", told("swap"), told("drift", stop=30, tracklets=(1,)))
    write_run(tmp_path / "run", [report])
    lines = [
        json.dumps({"schema": "castcheck.decision/1", "clip_sha256": report.clip.sha256,
                    "finding": finding, "decision": word, "by": "ann", "at": AT})
        for finding, word in decided
    ]  # fmt: skip
    (tmp_path / "decisions.jsonl").write_text("".join(f"{line}\n" for line in lines))
    result = run("baseline", tmp_path / "run", "-o", tmp_path / "b.json", "--decisions",
                 tmp_path / "decisions.jsonl")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert sorted(e.finding for e in load_baseline(tmp_path / "b.json").entries) == kept


def test_two_who_disagree_accept_nothing(tmp_path):
    report = make_report(tmp_path / "a.mp4", told("swap"))
    write_run(tmp_path / "run", [report])
    with (tmp_path / "run" / "decisions.jsonl").open("w") as file:
        for by, word in (("ann", "right"), ("bob", "wrong")):
            line = {"schema": "castcheck.decision/1", "clip_sha256": report.clip.sha256,
                    "finding": "swap-10-0", "decision": word, "by": by, "at": AT}  # fmt: skip
            file.write(json.dumps(line) + "\n")
    assert run("baseline", tmp_path / "run", "-o", tmp_path / "b.json").exit_code == 0
    assert load_baseline(tmp_path / "b.json").entries == ()


def test_what_was_accepted_before_stays_accepted(tmp_path):
    first = make_report(tmp_path / "a.mp4", told("swap"), told("drift", stop=30, tracklets=(1,)))
    second = apply_baseline(first, Baseline(tuple(entries_of(first)[:1])), MAJOR)
    write_run(tmp_path / "run", [second])
    (tmp_path / "run" / "decisions.jsonl").write_text(
        json.dumps({"schema": "castcheck.decision/1", "clip_sha256": first.clip.sha256,
                    "finding": "drift-10-1", "decision": "right", "by": "ann", "at": AT}) + "\n"
    )  # fmt: skip
    assert run("baseline", tmp_path / "run", "-o", tmp_path / "b.json").exit_code == 0
    (entry,) = load_baseline(tmp_path / "b.json").entries
    assert entry.finding == "swap-10-0"
