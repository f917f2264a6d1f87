"""The plain words for verdicts, kinds and times: the same on screen and on every page. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from castcheck.acceptance.verdict import doubted
from castcheck.facts.parts import ordered
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from castcheck.facts.parts import CharacterFacts
    from castcheck.facts.report import Report
    from identity.findings import Finding


def kind_title(kind: str) -> str:
    """Return what people call a kind, also one that only another version knows.

    Example:
        >>> kind_title("pop_in"), kind_title("made_up")
        ('Pop-in', 'Made up')
    """
    return KINDS[kind].title if kind in KINDS else kind.replace("_", " ").capitalize()


def kind_meaning(kind: str) -> str:
    """Return what a kind means, in one sentence; empty where only another version knows it."""
    return KINDS[kind].meaning if kind in KINDS else ""


def kind_count(count: int, kind: str) -> str:
    """Return how many findings of a kind there are.

    Example:
        >>> kind_count(1, "vanish"), kind_count(2, "vanish"), kind_count(2, "missing")
        ('1 vanish', '2 vanishes', '2 missing')
    """
    many = KINDS[kind].plural if kind in KINDS else f"{kind_title(kind).lower()}s"
    return f"{count} {kind_title(kind).lower() if count == 1 else many}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun.

    Example:
        >>> plural(1, "shot"), plural(0, "character")
        ('1 shot', '0 characters')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def clock(seconds: float) -> str:
    """Return a time for people: minutes, seconds and hundredths.

    Example:
        >>> clock(1.584), clock(75.0), clock(3661.999)
        ('0:01.58', '1:15.00', '1:01:02.00')
    """
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    text = f"{rest // 100:02d}.{rest % 100:02d}"
    if minutes < 60:
        return f"{minutes}:{text}"
    return f"{minutes // 60}:{minutes % 60:02d}:{text}"


def letter(index: int) -> str:
    """Return the letter of the character at `index`: A to Z, then AA and on.

    Example:
        >>> letter(0), letter(25), letter(26), letter(52)
        ('A', 'Z', 'AA', 'BA')
    """
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def display_name(character: CharacterFacts) -> str:
    """Return what people call a character: its name, else its id."""
    return character.name or character.id


def tally(findings: tuple[Finding, ...]) -> str:
    """Return how many of what, worst first.

    Example:
        >>> from identity.findings import Finding
        >>> swap = Finding("swap", "critical", 0.9, (), (), (), 3, 4, "")
        >>> tally((swap, swap))
        '2 swaps (critical)'
    """
    counts = Counter((f.kind, weight(f)) for f in ordered(findings))
    return ", ".join(f"{kind_count(count, kind)} ({how})" for (kind, how), count in counts.items())


def weight(finding: Finding) -> str:
    """Return how much a finding counts: its severity, or that a person accepted it."""
    return "accepted" if finding.accepted else finding.severity


def headline(report: Report) -> str:
    """Return the verdict in plain words, without the name of the clip.

    Example:
        >>> from castcheck.facts.report import ClipFacts, Report
        >>> clip = ClipFacts("a.mp4", "", 64, 64, 5, "24/1", 0.2)
        >>> headline(Report(clip, "abstain"))
        'no one is seen well enough to judge'
    """
    cast = f"{plural(len(report.characters), 'character')} in {plural(len(report.shots), 'shot')}"
    if report.findings:
        # What is not sure enough to fail a clip may be nothing.
        perhaps = "perhaps " if report.verdict == "abstain" else ""
        return f"{perhaps}{tally(report.findings)} — {cast}"
    low = doubted(report.characters, report.findings)
    if report.verdict == "abstain" and not low:
        return "no one is seen well enough to judge"
    verb = "keeps its identity" if len(report.characters) == 1 else "keep their identity"
    if not report.characters:
        return f"no character found in {plural(len(report.shots), 'shot')}"
    unsure = sum(1 for character in report.characters if character.abstained)
    note = f"; {unsure} not seen well enough to judge" if unsure else ""
    if low:  # nothing is sure enough to be told, but nobody may say that they keep their identity
        share = min(character.consistency or 0.0 for character in low)
        look = f"look at {', '.join(character.id for character in low)} ({share:.0%} consistent)"
        return f"{cast}, nothing certain enough to report; {look}{note}"
    return f"{cast} {verb}{note}"


def frames(finding: Finding) -> str:
    """Return the frames of a finding: one for a moment, first and last for a stretch.

    Example:
        >>> from identity.findings import Finding
        >>> frames(Finding("swap", "minor", 0.6, (), (), (), 3, 4, ""))
        'frame 3'
        >>> frames(Finding("drift", "minor", 0.6, (), (), (), 3, 9, ""))
        'frames 3 to 8'
    """
    if finding.stop_frame - finding.start_frame <= 1:
        return f"frame {finding.start_frame}"
    return f"frames {finding.start_frame} to {finding.stop_frame - 1}"


def when(report: Report, finding: Finding) -> str:
    """Return when a finding holds: one time for a moment, two for a stretch."""
    start = clock(report.time_s(finding.start_frame))
    if finding.stop_frame - finding.start_frame <= 1:
        return start
    return f"{start} to {clock(report.time_s(finding.stop_frame))}"
