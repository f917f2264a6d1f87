"""The file of decisions: whole lines, nothing lost, the last word counts, reviewers compared."""

from __future__ import annotations

import json
import multiprocessing
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from castcheck.report.writers import OutputError
from castcheck.review.agreement import agreements, cohen_kappa, disputed, merge
from castcheck.review.decisions import (
    Decision,
    DecisionError,
    append_decisions,
    current,
    most_of,
    read_decisions,
    read_named,
)

CLIP, OTHER = "a" * 64, "b" * 64


def said(word="right", *, finding="swap-38-0-1", by="ann", minute=0, clip=CLIP, **more):
    at = f"2026-01-02T03:{minute:02d}:05Z"
    return Decision(clip_sha256=clip, finding=finding, decision=word, by=by, at=at, **more)


def missed(start, *, kind="clone", by="ann", clip=CLIP, word="missed", stop=None):
    frames = {"start_frame": start, "stop_frame": stop or start + 1}
    return said(word, finding=None, by=by, clip=clip, kind=kind, **frames)


@pytest.mark.parametrize(
    ("change", "expect"),
    [
        pytest.param({}, nullcontext(), id="plain"),
        pytest.param({"decision": None}, nullcontext(), id="taken-back"),
        pytest.param({"at": "2026-01-02T03:04:05+01:00"}, nullcontext(), id="another-zone"),
        pytest.param({"extra": 1}, nullcontext(), id="field-of-a-later-version"),
        pytest.param(
            {"decision": "perhaps"}, pytest.raises(DecisionError, match="perhaps"), id="word"
        ),
        pytest.param(
            {"decision": "missed"}, pytest.raises(DecisionError, match="missed"), id="missed"
        ),
        pytest.param({"finding": None}, pytest.raises(DecisionError, match="missed"), id="nothing"),
        pytest.param(
            {"decision": "other_kind"}, pytest.raises(DecisionError, match="kind"), id="kind"
        ),
        pytest.param(
            {"kind": "blur"}, pytest.raises(DecisionError, match="blur"), id="unknown-kind"
        ),
        pytest.param(
            {"start_frame": -1}, pytest.raises(DecisionError, match="whole"), id="negative"
        ),
        pytest.param(
            {"start_frame": True}, pytest.raises(DecisionError, match="whole"), id="truth"
        ),
        pytest.param(
            {"start_frame": 4, "stop_frame": 4},
            pytest.raises(DecisionError, match="behind"),
            id="empty",
        ),
        pytest.param({"by": ""}, pytest.raises(DecisionError, match="empty"), id="nobody"),
        pytest.param(
            {"at": "yesterday"}, pytest.raises(DecisionError, match="RFC 3339"), id="time"
        ),
        pytest.param(
            {"at": "2026-01-02T03:04:05"}, pytest.raises(DecisionError, match="zone"), id="zone"
        ),
        pytest.param(
            {"schema": "castcheck.decision/9"},
            pytest.raises(DecisionError, match="/9"),
            id="schema",
        ),
        pytest.param(
            {"characters": "char-01"}, pytest.raises(DecisionError, match="list"), id="text"
        ),
    ],
)
def test_a_line_is_a_decision_or_says_why_not(change, expect):
    table = {**json.loads(said().to_json()), **change}
    with expect:
        decision = Decision.from_dict(table)
        assert Decision.from_dict(json.loads(decision.to_json())) == decision


def test_the_fields_are_those_of_the_contract():
    table = json.loads(said(characters=("char-01",), start_frame=38, stop_frame=39).to_json())
    assert list(table) == [
        *("schema", "clip_sha256", "finding", "decision", "kind", "start_frame", "stop_frame"),
        *("characters", "by", "at", "note"),
    ]


@pytest.mark.parametrize("field", ["clip_sha256", "finding", "decision", "by", "at"])
def test_a_missing_field_is_named(field):
    table = json.loads(said().to_json())
    del table[field]
    with pytest.raises(DecisionError, match=field):
        Decision.from_dict(table)


@pytest.mark.parametrize(
    ("lines", "expect"),
    [
        pytest.param([], {}, id="none"),
        pytest.param([said()], {("ann", "swap-38-0-1"): "right"}, id="one"),
        pytest.param(
            [said(), said("wrong")], {("ann", "swap-38-0-1"): "wrong"}, id="the-last-counts"
        ),
        pytest.param([said(), said(None)], {}, id="taken-back"),
        pytest.param(
            [said(), said(None), said("wrong")], {("ann", "swap-38-0-1"): "wrong"}, id="again"
        ),
        pytest.param(
            [said(), said("wrong", by="ben")],
            {("ann", "swap-38-0-1"): "right", ("ben", "swap-38-0-1"): "wrong"},
            id="two-reviewers",
        ),
        pytest.param(
            [missed(3), missed(9)],
            {("ann", None, 3): "missed", ("ann", None, 9): "missed"},
            id="missed",
        ),
        pytest.param(
            [missed(3), missed(9), missed(3, word=None)],
            {("ann", None, 9): "missed"},
            id="one-back",
        ),
    ],
)
def test_what_counts(lines, expect):
    found = {
        (d.by, d.finding, d.start_frame) if d.finding is None else (d.by, d.finding): d.decision
        for d in current(lines).values()
    }
    assert found == expect


@pytest.mark.parametrize(
    ("text", "count", "complaint"),
    [
        pytest.param(None, 0, "", id="no-file"),
        pytest.param(b"", 0, "", id="empty"),
        pytest.param(said().to_json().encode() + b"\n\n", 1, "", id="blank-line"),
        pytest.param(said().to_json().encode(), 1, "", id="no-end"),
        pytest.param(b'{"schema": "castch\n' + said().to_json().encode(), 1, "line 1", id="half"),
        pytest.param(said().to_json().encode() + b"\n[1]\n", 1, "line 2", id="no-object"),
        pytest.param(b"\xff\xfe\n" + said().to_json().encode(), 1, "line 1", id="no-text"),
        pytest.param(b"[" * 5000 + b"\n" + said().to_json().encode(), 1, "line 1", id="deep"),
    ],
)
def test_a_broken_line_is_told_and_passed_over(tmp_path, text, count, complaint):
    path = tmp_path / "decisions.jsonl"
    if text is not None:
        path.write_bytes(text)
    reading = read_decisions(path)
    assert len(reading.decisions) == count
    assert len(reading.complaints) == bool(complaint)
    for line in reading.complaints:
        assert f"{path}: {complaint} is not a decision" in line
        assert "\n" not in line
    if text is not None:
        append_decisions(path, [said("wrong")])
        assert path.read_bytes().startswith(text)  # nothing is lost, not even what is broken
        assert read_decisions(path).decisions[-1].decision == "wrong"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param(b"", 0, id="empty"),
        pytest.param(b"half a li\n" + said().to_json().encode(), 1, id="one, and a broken line"),
        pytest.param(b"half a li\n", None, id="one broken line"),
        pytest.param(b"\0\n" * 3000, None, id="no text"),
    ],
)
def test_a_named_file_of_which_no_line_is_a_decision_is_refused(tmp_path, text, count):
    path = tmp_path / "clip.mp4"
    path.write_bytes(text)
    if count is None:
        with pytest.raises(DecisionError, match=r"clip\.mp4: holds no decisions"):
            read_named(path)
    else:
        assert len(read_named(path).decisions) == count


@pytest.mark.parametrize(
    ("count", "told"), [(0, 0), (5, 5), (6, 6), (3000, 6)], ids=["none", "five", "six", "many"]
)
def test_of_many_broken_lines_the_first_are_told(tmp_path, count, told):
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(b"half a li\n" * count)
    lines = most_of(read_decisions(path).complaints)
    assert len(lines) == told
    assert (f"{count - 5} more such lines" in lines) == (count > 5)


def test_a_line_cut_off_by_a_kill_does_not_swallow_the_next(tmp_path):
    path = tmp_path / "decisions.jsonl"
    append_decisions(path, [said(), said("wrong")])
    path.write_bytes(path.read_bytes()[:-20])
    append_decisions(path, [said("duplicate")])
    reading = read_decisions(path)
    assert [d.decision for d in reading.decisions] == ["right", "duplicate"]
    assert len(reading.complaints) == 1


def _append_many(path: Path, by: str) -> None:
    for minute in range(50):
        append_decisions(path, [said(by=by, minute=minute), said("wrong", by=by, minute=minute)])


def test_several_processes_append_whole_lines(tmp_path):
    path = tmp_path / "decisions.jsonl"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_append_many, args=(path, by)) for by in ("ann", "ben")]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    reading = read_decisions(path)
    assert reading.complaints == ()
    assert len(reading.decisions) == 200


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "decisions.jsonl"
    append_decisions(path, [said()])
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", _no_space)
    with pytest.raises(OutputError, match="no space left"):
        append_decisions(path, [said("wrong")])
    assert path.read_bytes() == before


def _no_space(_: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("here", "there", "new", "known", "foreign"),
    [
        pytest.param([], [], 0, 0, 0, id="nothing"),
        pytest.param([], [said()], 1, 0, 0, id="first"),
        pytest.param([said()], [said()], 0, 1, 0, id="the-same-twice"),
        pytest.param([said()], [said("wrong", by="ben")], 1, 0, 0, id="another-reviewer"),
        pytest.param([said(minute=5)], [said("wrong", minute=1)], 0, 1, 0, id="older-than-ours"),
        pytest.param([said(minute=1)], [said("wrong", minute=5)], 1, 0, 0, id="newer-than-ours"),
        pytest.param([said(minute=1)], [said(None, minute=5)], 1, 0, 0, id="taken-back-there"),
        pytest.param([], [said(clip=OTHER)], 0, 0, 1, id="another-run"),
        pytest.param([], [said(finding="gone-1")], 0, 0, 1, id="a-finding-of-another-run"),
        pytest.param([], [missed(3)], 1, 0, 0, id="missed-has-no-finding"),
    ],
)
def test_merge(here, there, new, known, foreign):
    findings = {CLIP: {"swap-38-0-1"}}
    found = merge(here, there, findings=findings)
    assert (len(found.new), found.known, found.foreign) == (new, known, foreign)
    again = merge([*here, *found.new], there, findings=findings)
    assert again.new == ()


NAMES = [f"swap-{n}" for n in range(10)]


def words(by, text):
    word = {"r": "right", "w": "wrong", "d": "duplicate"}
    return [
        said(word[char], finding=name, by=by)
        for name, char in zip(NAMES, text, strict=False)
        if char != " "
    ]


@pytest.mark.parametrize(
    ("ann", "ben", "both", "same", "kappa"),
    [
        pytest.param("", "", 0, 0, None, id="nothing"),
        pytest.param("rr  ", "  rr", 0, 0, None, id="nothing-in-common"),
        pytest.param("rrrr", "rrrr", 4, 4, None, id="one-word-only"),
        pytest.param("rrww", "rrww", 4, 4, 1.0, id="all-alike"),
        pytest.param("rrww", "wwrr", 4, 0, -1.0, id="all-different"),
        pytest.param("rrww", "rwrw", 4, 2, 0.0, id="as-chance-has-it"),
        pytest.param("rrwwd", "rrww ", 4, 4, 1.0, id="one-left-open"),
    ],
)
def test_agreement(ann, ben, both, same, kappa):
    decisions = [
        *words("ann", ann),
        *words("ben", ben),
        said(None, finding="x", by="ann"),
        said(None, finding="x", by="ben"),
    ]
    rows = agreements(decisions)
    if not ann:
        assert rows == ()
        return
    (row,) = rows
    assert (row.one, row.other, row.both, row.same, row.kappa) == ("ann", "ben", both, same, kappa)
    assert len(disputed(decisions)) == both - same


def test_kappa_of_a_worked_example():
    """20 both yes, 5 only the first, 10 only the second, 15 both no: (0.7 - 0.5) / (1 - 0.5)."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen_kappa(pairs) == 0.4


@pytest.mark.parametrize(
    ("theirs", "both", "either"),
    [
        pytest.param([missed(40, by="ben")], 1, 1, id="the-same"),
        pytest.param([missed(43, by="ben")], 1, 1, id="three-frames-off"),
        pytest.param([missed(44, by="ben")], 0, 2, id="four-frames-off"),
        pytest.param([missed(30, by="ben", stop=60)], 1, 1, id="around-it"),
        pytest.param([missed(40, by="ben", kind="swap")], 0, 2, id="another-kind"),
        pytest.param([missed(40, by="ben", clip=OTHER)], 0, 2, id="another-clip"),
        pytest.param([missed(40, by="ben"), missed(41, by="ben")], 1, 2, id="one-for-one"),
    ],
)
def test_two_who_point_at_one_thing(theirs, both, either):
    (row,) = agreements([missed(40), *theirs])
    assert (row.both_missed, row.either_missed) == (both, either)
