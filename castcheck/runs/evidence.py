"""What runs show about the findings of known clips: who alarms on good ones, who tells the errors.

A clip is known by the truth beside it, else by what people decided about it; in a run nobody
decided anything about, every clip is taken for a good one, as the user says.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castcheck.runs.matching import Truth, followed, match
from castcheck.runs.reading import RunReadError
from castcheck.support.json_text import from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from castcheck.facts.report import Report
    from castcheck.runs.decisions import Decisions
    from castcheck.runs.reading import Run, RunClip
    from identity.findings import Finding

TRUTH_SUFFIX, TRUTH_FILE = ".truth.json", "truth.json"
_GRAVE = frozenset({"major", "critical"})


@dataclass(frozen=True, slots=True)
class Alarm:
    """A finding in a good clip that stops it where its kind's bar is no higher."""

    kind: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Error:
    """A known error.

    Attributes:
        kind: As in the contract.
        confidence: Of the finding that tells it, if that is grave enough to stop a clip; `None`
            where none is.
        planted: Put there on purpose; else found by a person.
    """

    kind: str
    confidence: float | None
    planted: bool


@dataclass(frozen=True, slots=True)
class KnownClip:
    """A clip of which is known what is wrong with it.

    Attributes:
        source: What it comes from; clips of one source are no independent evidence.
        good: Nothing is wrong with it.
        alarms: What is told of it all the same; only of good ones.
        errors: What is wrong with it.
    """

    source: str
    good: bool
    alarms: tuple[Alarm, ...] = ()
    errors: tuple[Error, ...] = ()


@dataclass(slots=True)
class Evidence:
    """Everything that bars can be fitted to.

    Attributes:
        clips: Good ones and others.
        left_out: Why clips say nothing, and how many.
        origins: Where what is known comes from, and of how many clips.
    """

    clips: list[KnownClip] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> list[KnownClip]:
        """The good ones."""
        return [clip for clip in self.clips if clip.good]


def collect(
    runs: Sequence[Run], reports: Sequence[Sequence[Report]], decisions: Decisions
) -> Evidence:
    """Return what the runs show.

    Args:
        runs: Each with its decisions read.
        reports: Per run, those of its judged clips, in order.
        decisions: Of all runs.

    Raises:
        RunReadError: A truth beside a clip is broken.
    """
    evidence = Evidence()
    seen: set[str] = set()
    for run, own in zip(runs, reports, strict=True):
        evidence.left_out["not judged"] += len(run.clips) - len(run.judged)
        reviewed = any(report.clip.sha256 in decisions.clips for report in own)
        pending: list[tuple[Report, bool]] = []
        for clip, report in zip(run.judged, own, strict=True):
            if report.clip.sha256 in seen:
                evidence.left_out["judged twice"] += 1
                continue
            seen.add(report.clip.sha256)
            truth = read_truth_of(clip)
            if all(character.abstained for character in report.characters):
                evidence.left_out["no one is seen well enough to judge"] += 1
            elif truth is not None:
                _add(evidence, _of_truth(report, truth), "with truth beside them")
            elif reviewed:
                pending.append((report, bool(_grave(report))))
            else:
                alarms = tuple(Alarm(f.kind, f.confidence) for f in _grave(report))
                known = KnownClip(report.clip.sha256, good=True, alarms=alarms)
                _add(evidence, known, "taken for good")
        _add_reviewed(evidence, pending, decisions)
    return evidence


def _add(evidence: Evidence, clip: KnownClip, origin: str) -> None:
    evidence.clips.append(clip)
    evidence.origins[origin] += 1


def read_truth_of(clip: RunClip) -> Truth | None:
    """Return the truth that lies beside a clip; `None` where none does.

    Raises:
        RunReadError: It is broken.
    """
    source = clip.source()
    if source is None:
        return None
    beside = source.with_name(source.stem + TRUTH_SUFFIX)
    shared = source.with_name(TRUTH_FILE)
    if beside.exists():
        return _truth(beside, source, must_name=False)
    return _truth(shared, source, must_name=True) if shared.exists() else None


def _truth(path: Path, clip: Path, *, must_name: bool) -> Truth | None:
    try:
        table = from_json(path.read_text(encoding="utf-8"))
        if must_name and table.get("clip") != clip.name:
            return None
        return Truth.from_dict(table)
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise RunReadError(f"cannot be read: {reason}", where=path) from err
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as err:
        what = f"field {err} is missing" if isinstance(err, KeyError) else str(err)
        raise RunReadError(
            f"is not the truth of a clip: {what}", where=path, hint="repair it, or move it away"
        ) from err


def _grave(report: Report) -> list[Finding]:
    """Return the findings that stop a clip if they are sure enough."""
    return [f for f in report.findings if f.severity_if_sure in _GRAVE]


def _of_truth(report: Report, truth: Truth) -> KnownClip:
    source = truth.planted_from or report.clip.sha256
    if not truth.events:
        alarms = tuple(Alarm(f.kind, f.confidence) for f in _grave(report))
        return KnownClip(source, good=True, alarms=alarms)
    teller = {m.event: m.finding for m in match(report.findings, truth, followed(report, truth))}
    errors = []
    for i, event in enumerate(truth.events):
        finding = report.findings[teller[i]] if i in teller else None
        told = finding is not None and finding.severity_if_sure in _GRAVE
        errors.append(
            Error(event.kind, finding.confidence if told and finding else None, planted=True)
        )
    return KnownClip(source, good=False, errors=tuple(errors))


def _add_reviewed(
    evidence: Evidence, pending: Sequence[tuple[Report, bool]], decisions: Decisions
) -> None:
    """Add the clips of a reviewed run.

    Of clips without anything to decide about, the same share counts as of those with: a reviewer
    who has seen ten of a hundred clips with findings has not shown that all the others are good.
    """
    quiet, done, asked = [], 0, 0
    for report, told in pending:
        if not told and report.clip.sha256 not in decisions.clips:
            quiet.append(report)
            continue
        asked += 1
        known = _of_decisions(report, decisions)
        if known is None:
            evidence.left_out["findings without a decision, or on which reviewers disagree"] += 1
            continue
        done += 1
        _add(evidence, known, "decided by people")
    share = done / asked if asked else 0.0
    taken = round(share * len(quiet))
    quiet.sort(key=lambda report: hashlib.sha256(report.clip.sha256.encode()).digest())
    for report in quiet[:taken]:
        known = KnownClip(report.clip.sha256, good=True)
        _add(evidence, known, "without findings in a run that was reviewed")
    if len(quiet) > taken:
        why = "without findings, in proportion to the findings that are not decided yet"
        evidence.left_out[why] += len(quiet) - taken


def _of_decisions(report: Report, decisions: Decisions) -> KnownClip | None:
    """Return what people decided about a clip; `None` where they have not, or do not agree."""
    sha = report.clip.sha256
    errors = [Error(m.kind, None, planted=False) for m in decisions.missed(sha)]
    alarms = []
    for finding in report.findings:
        grave = finding.severity_if_sure in _GRAVE
        word = decisions.word(sha, finding.finding_id)
        if word in {"right", "other_kind"}:
            confidence = finding.confidence if grave else None
            errors.append(Error(finding.kind, confidence, planted=False))
        elif word in {"wrong", "duplicate"} and grave:
            alarms.append(Alarm(finding.kind, finding.confidence))
        elif grave and word not in {"wrong", "duplicate"}:
            return None
    if errors:
        return KnownClip(sha, good=False, errors=tuple(errors))
    return KnownClip(sha, good=True, alarms=tuple(alarms))


def unknown_decisions(reports: Iterable[Report], decisions: Decisions) -> tuple[int, int]:
    """Return how many decisions are about clips and about findings that are not in these runs."""
    told = {report.clip.sha256: {f.finding_id for f in report.findings} for report in reports}
    clips = sum(sha not in told for sha in decisions.clips)
    findings = sum(
        sha in told and name not in told[sha] and bool(votes)
        for (sha, name), votes in decisions.votes.items()
    )
    return clips, findings
