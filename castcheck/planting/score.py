"""What castcheck finds of the errors of a planted set: X of Y, per kind and way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castcheck.facts.parts import VERDICTS
from castcheck.facts.report import Report
from castcheck.runs.matching import Truth, followed, match, said_instead
from castcheck.support.json_text import from_json
from scenes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from castcheck.facts.parts import Verdict

TRUTH_SUFFIX = ".truth.json"
Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Judged:
    """One planted clip and what was said of it.

    Attributes:
        clip: File name.
        source: Name of the clip it was made of.
        kind: Of the planted error; the look-alike's name, or "clean".
        where: How it comes.
        error: Whether there is an error in it.
        found: Whether it was told, by the rule of the contract.
        delay: Frames from the event to the finding, where it was.
        instead: What was said of an error that was not found; "nothing" where nothing was.
        false: Findings that tell no planted error, at or above "major".
        all_false: The same, minor ones too.
        strength: Measured; `None` where there is none.
        seconds: Length of the clip.
        major: Whether it was told at or above "major", which stops a release.
        verdict: On the whole clip.
    """

    clip: str
    source: str
    kind: str
    where: str
    error: bool
    found: bool = False
    delay: int | None = None
    instead: str = ""
    false: int = 0
    all_false: int = 0
    strength: float | None = None
    seconds: float = 0.0
    major: bool = False
    verdict: Verdict = "pass"


def judged_clip(data: dict[str, Any], report: Report) -> Judged:
    """Compare one report with the truth of its clip.

    Args:
        data: What stands in the `.truth.json`.
        report: Of `castcheck check` on the clip.
    """
    truth = Truth.from_dict(data)
    follows = followed(report, truth)
    matches = match(report.findings, truth, follows)
    used = {m.finding for m in matches}
    spare = [f for k, f in enumerate(report.findings) if k not in used]
    first = data["events"][0] if data["events"] else {}
    source = str(data.get("planted", {}).get("source", data["clip"].partition("__")[0]))
    loud = sum(f.severity != "minor" for f in spare)
    found = bool(matches)
    delay, instead = None, ""
    if truth.events and found:
        event = truth.events[matches[0].event]
        delay = report.findings[matches[0].finding].start_frame - event.start_frame
    elif truth.events:
        instead = said_instead(truth.events[0], report.findings, truth, follows)
    return Judged(
        str(data["clip"]),
        source,
        str(first.get("kind", "clean")),
        str(first.get("where", "")),
        bool(truth.events),
        found,
        delay,
        instead,
        loud,
        len(spare),
        first.get("strength"),
        truth.frames / truth.fps,
        any(report.findings[m.finding].severity != "minor" for m in matches),
        report.verdict,
    )


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the interval that holds a share with 95 % (Wilson 1927).

    Example:
        >>> [round(v, 2) for v in wilson(0, 10)]
        [0.0, 0.28]
    """
    if not count:
        return 0.0, 1.0
    share, z2 = hits / count, Z_95 * Z_95
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z_95 / (1 + z2 / count) * (share * (1 - share) / count + z2 / (4 * count**2)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def truths(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the clips of a planted set with their truth, by name.

    Raises:
        ConfigError: There are none, or one cannot be read.
    """
    files = sorted(folder.glob(f"*{TRUTH_SUFFIX}")) if folder.is_dir() else []
    if not files:
        raise ConfigError("holds no planted clips", where=folder, hint="see `castcheck plant`")
    for file in files:
        try:
            data = from_json(file.read_text(encoding="utf-8"))
            Truth.from_dict(data)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
            raise ConfigError("is not the truth of a clip", where=file, hint="plant anew") from err
        yield file.with_name(file.name.removesuffix(TRUTH_SUFFIX) + ".mp4"), data


def score_run(planted: Path, run: Path) -> list[str]:
    """Return, in lines, how many planted errors the reports of a run tell.

    Args:
        planted: Folder of the planted set.
        run: Folder of `castcheck batch planted -o RUN`, or of `castcheck check ... -o RUN`.

    Raises:
        ConfigError: There are no planted clips, or no reports of them.
    """
    rows, missing = [], []
    for clip, data in truths(planted):
        file = run / clip.stem / "report.json"
        if not file.exists():
            missing.append(clip.name)
            continue
        rows.append(judged_clip(data, Report.from_json(file.read_text(encoding="utf-8"))))
    if not rows:
        raise ConfigError(
            "holds no reports of these clips",
            where=run,
            hint=f"judge them first: castcheck batch {planted} -o {run}",
        )
    return [*summary_lines(rows), *([f"not judged: {len(missing)} clips"] if missing else [])]


def summary_lines(rows: Sequence[Judged]) -> list[str]:
    """Return what was found, per kind, and what was told of clips without an error."""
    errors = [row for row in rows if row.error]
    lines = [f"of the errors planted in your clips castcheck finds {_of(errors)}"]
    kinds = Counter(row.kind for row in errors)
    for kind, _ in sorted(kinds.items()):
        own = [row for row in errors if row.kind == kind]
        ways = dict.fromkeys(row.where for row in own)
        parts = [f"{way or 'open'} {_short([r for r in own if r.where == way])}" for way in ways]
        detail = f"  ({', '.join(parts)})" if len(parts) > 1 else ""
        lines.append(f"  {kind:<15}{_of(own)}{detail}")
    if errors:
        verdicts = Counter(row.verdict for row in errors)
        counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS)
        lines.append(f"of the {len(errors)} clips with an error: {counts}")
    good = [row for row in rows if not row.error]
    clean = [row for row in good if row.kind == "clean"]
    alike = [row for row in good if row.kind != "clean"]
    for name, own in (("clean twins", clean), ("legal look-alikes", alike)):
        if own:
            told = sum(row.false > 0 for row in own)
            lines.append(f"false alarms (major or worse) in {told} of {len(own)} {name}")
    return lines


def _short(rows: Sequence[Judged]) -> str:
    return f"{sum(row.found for row in rows)}/{len(rows)}"


def _of(rows: Sequence[Judged]) -> str:
    if not rows:
        return "0 of 0"
    hits = sum(row.found for row in rows)
    low, high = wilson(hits, len(rows))
    return f"{hits} of {len(rows)} (95 % between {low:.0%} and {high:.0%})"
