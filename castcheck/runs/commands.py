"""`castcheck calibrate` and `castcheck baseline`: parse, read the runs, write, say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castcheck.console.exit_codes import EXIT_OK
from castcheck.console.options import OUTPUT, Quiet
from castcheck.console.screen import Screen
from castcheck.labels import plural
from castcheck.tables.kinds import KINDS
from scenes.errors import CastcheckError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.facts.report import Report
    from castcheck.runs.decisions import Decisions
    from castcheck.runs.evidence import Evidence
    from castcheck.runs.reading import Run

CALIBRATE_EPILOG = """\
Examples:
  castcheck calibrate run-of-good-clips -o castcheck.toml
     every clip of the run is known to be good: of 100 like them at most 1 shall fail

  castcheck calibrate good planted reviewed -o castcheck.toml --false-alarms-per-100-clips 3
     with planted errors (their truth beside them) and decisions of a review, recall is stated too

  castcheck check clip.mp4 --config castcheck.toml

More: docs/runs.md
"""
BASELINE_EPILOG = """\
Examples:
  castcheck baseline run -o accepted.json
     what was decided to be wrong or a duplicate (castcheck review run); all of it without decisions

  castcheck batch renders -o tonight --baseline accepted.json
     only what is new fails

More: docs/runs.md
"""

Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN...", help="Folders that castcheck batch wrote.", show_default=False
    ),
]
DecisionFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--decisions",
        metavar="FILE",
        help="Decisions of a review, besides those in the runs; may be repeated.",
        show_default=False,
    ),
]


def calibrate(
    *,
    runs: Runs,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="FILE", help="The settings to write.", rich_help_panel=OUTPUT
        ),
    ],
    decisions: DecisionFiles = None,
    false_alarms_per_100_clips: Annotated[
        float,
        typer.Option(
            "--false-alarms-per-100-clips",
            metavar="X",
            help="How many of 100 good clips may fail.",
        ),
    ] = 1.0,
    quiet: Quiet = False,
) -> None:
    """Set how confident each kind must be, for a stated false-alarm rate on good clips."""
    from castcheck.facts.provenance import models_of  # noqa: PLC0415
    from castcheck.runs.calibrate import calibrate as fitted  # noqa: PLC0415 (brings SciPy along)
    from castcheck.runs.calibration_file import (  # noqa: PLC0415
        alarm_line,
        bar_lines,
        config_text,
        recall_lines,
        shortfall,
    )
    from castcheck.runs.evidence import collect  # noqa: PLC0415
    from castcheck.runs.writing import write_text  # noqa: PLC0415

    asked = false_alarms_per_100_clips
    if not 0 < asked <= 100:
        raise ConfigError(
            f"{asked:g} is out of range, allowed is more than 0, up to 100",
            where="--false-alarms-per-100-clips",
        )
    screen = Screen(quiet=quiet)
    chosen, reports = _read(runs)
    known = _decisions(chosen, decisions or (), screen)
    every = [report for own in reports for report in own]
    provenance = _one_provenance(every)
    evidence = collect(chosen, reports, known)
    _say_decisions(every, known, screen)
    if not evidence.good:
        raise CastcheckError(
            "there is no good clip in these runs, so no rate of false alarms",
            where="calibrate",
            hint="give a run over clips in which nothing is wrong, or decide on what was found",
        )
    config = provenance["config"]
    default = config["findings"]["major_confidence"]
    found = fitted(
        evidence.clips,
        asked=asked / 100,
        before={kind: config["confidence"][kind] or default for kind in KINDS},
        floor=config["findings"]["min_confidence"],
    )
    names = ", ".join(run.name for run in chosen)
    origins = [f"{plural(n, 'clip')} {origin}" for origin, n in evidence.origins.most_common()]
    missing = shortfall(found)
    head = [
        f"Written by castcheck calibrate from {names}: {', '.join(origins)}.",
        "For the gates major and critical; a gate that names minor or a kind heeds no bar.",
        *[f"{line}." for line in [missing] if line],
    ]
    write_text(out, config_text(found, config, judged_with=models_of(provenance), notes=head))
    _say_left_out(evidence, screen)
    for line in origins:
        screen.line(f"from:     {line}")
    screen.line(f"before:   {alarm_line(found.alarms_before)}")
    for line in bar_lines(found):
        screen.line(f"bar:      {line}")
    screen.line(f"expected: {alarm_line(found.alarms)}, on clips the bars were not fitted to")
    for line in recall_lines(found) if found.recalls else ["recall unknown: no clip has an error"]:
        screen.line(f"expected: {line}")
    if missing:
        screen.note(missing)
    screen.line(f"settings: {out}")
    raise typer.Exit(EXIT_OK)


def baseline(
    *,
    runs: Runs,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="FILE", help="The baseline to write.", rich_help_panel=OUTPUT
        ),
    ],
    decisions: DecisionFiles = None,
    quiet: Quiet = False,
) -> None:
    """Store accepted findings, so that only new ones fail (`--baseline FILE`)."""
    from castcheck.acceptance.baseline import baseline_json, entry_of  # noqa: PLC0415 (SciPy)
    from castcheck.runs.writing import write_text  # noqa: PLC0415

    screen = Screen(quiet=quiet)
    chosen, reports = _read(runs)
    known = _decisions(chosen, decisions or (), screen)
    every = [report for own in reports for report in own]
    _say_decisions(every, known, screen)
    decided = any(known.votes.values())
    entries = []
    for report in {report.clip.sha256: report for report in every}.values():
        for finding in report.findings:
            word = known.word(report.clip.sha256, finding.finding_id)
            # What was accepted before stays so until somebody says otherwise.
            accepted = word in {"wrong", "duplicate"} or (word is None and finding.accepted)
            if accepted or not decided:
                entries.append(entry_of(report, finding))
    write_text(out, baseline_json(entries))
    total = sum(len(report.findings) for report in every)
    how = "by what was decided" if decided else "since nothing was decided"
    screen.line(f"{len(entries)} of {plural(total, 'finding')} accepted, {how}: {out}")
    raise typer.Exit(EXIT_OK)


def _read(folders: Sequence[Path]) -> tuple[list[Run], list[list[Report]]]:
    """Read runs and the reports of all clips that were judged."""
    from castcheck.runs.reading import read_run  # noqa: PLC0415

    runs = [read_run(folder) for folder in folders]
    return runs, [[clip.report() for clip in run.judged] for run in runs]


def _decisions(runs: Sequence[Run], files: Sequence[Path], screen: Screen) -> Decisions:
    """Read the decisions in the runs and in files besides; tell of lines that are none."""
    from castcheck.review.decisions import most_of  # noqa: PLC0415
    from castcheck.runs.decisions import DECISIONS_FILE, read_decisions  # noqa: PLC0415

    own = [run.folder / DECISIONS_FILE for run in runs]
    known = read_decisions([path for path in own if path.exists()], files)
    for line in most_of(known.problems):
        screen.error(line)
    return known


def _say_decisions(reports: Sequence[Report], known: Decisions, screen: Screen) -> None:
    """Tell of decisions that are about nothing in these runs."""
    from castcheck.runs.evidence import unknown_decisions  # noqa: PLC0415

    clips, findings = unknown_decisions(reports, known)
    if clips:
        screen.note(f"decisions about {plural(clips, 'clip')} that these runs do not hold")
    if findings:
        screen.note(
            f"{plural(findings, 'decision')} about findings that these runs do not have: they were "
            "made on another run, or it was judged again since"
        )


def _one_provenance(reports: Sequence[Report]) -> dict[str, dict[str, dict[str, float]]]:
    """Return what all clips were judged with.

    Raises:
        CastcheckError: They were not all judged alike, or by a version without bars.
    """
    from castcheck.facts.provenance import differences, judged_with  # noqa: PLC0415

    first = dict(reports[0].provenance)
    for report in reports[1:]:
        apart = differences(judged_with(first), judged_with(report.provenance))
        if apart:
            raise CastcheckError(
                f"was judged otherwise than the first clip ({apart[0]})",
                where=report.clip.path,
                hint="bars hold for one version, models and settings: judge all clips alike",
            )
    config = first.get("config")
    if not isinstance(config, dict) or "confidence" not in config:
        raise CastcheckError(
            "was judged by a version of castcheck that has no bars per kind",
            where=reports[0].clip.path,
            hint="judge the clips again",
        )
    return first


def _say_left_out(evidence: Evidence, screen: Screen) -> None:
    for why, count in (+Counter(evidence.left_out)).most_common():
        screen.note(f"{plural(count, 'clip')} left out: {why}")
