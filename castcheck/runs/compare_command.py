"""`castcheck compare`: parse, and hand on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from castcheck.acceptance.gate import DEFAULT_GATE, parse_gate
from castcheck.console.exit_codes import EXIT_FINDINGS, EXIT_OK
from castcheck.console.options import OUTPUT, Quiet
from castcheck.console.screen import Screen
from scenes.errors import ConfigError

COMPARE_EPILOG = """\
Examples:
  castcheck compare run-a run-b -o comparison
     clips of one name are pairs; the page in comparison/index.html

  castcheck compare run-a run-b --margin 0.05 --cohorts prompts.csv
     exit code 1 if B is shown to have over 0.05 findings per clip more; a row per prompt, seed ...

  castcheck compare run-a run-b run-c
     a leaderboard

Exit codes:
  0  B is not shown to be worse    1  B is worse than the margin    2  bad input

More: docs/runs.md
"""


def compare(
    *,
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN_A RUN_B...",
            help="Folders that castcheck batch wrote; more than two make a leaderboard.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            help="Folder for the page and compare.json.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("castcheck-compare"),
    margin: Annotated[
        float,
        typer.Option(
            "--margin",
            metavar="X",
            help="Additional findings per clip that still count as no worse.",
        ),
    ] = 0.0,
    pairs: Annotated[
        Path | None,
        typer.Option(
            "--pairs",
            metavar="CSV",
            help="Table that pairs the clips: columns a and b.",
            show_default=False,
        ),
    ] = None,
    cohorts: Annotated[
        Path | None,
        typer.Option(
            "--cohorts",
            metavar="CSV",
            help="Column clip, and others such as prompt, seed or model: a row for each value.",
            show_default=False,
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option("--fail-on", metavar="SPEC", help="Which findings count, as for check."),
    ] = DEFAULT_GATE,
    quiet: Quiet = False,
) -> None:
    """Say whether one run is better than another on the same clips, and where."""
    from castcheck.runs.comparing import Comparing  # noqa: PLC0415 (brings SciPy and Jinja along)

    if len(runs) < 2:
        raise ConfigError("two runs or more are wanted", where="compare", hint="name RUN_A RUN_B")
    if not 0 <= margin < float("inf"):
        raise ConfigError(f"{margin:g} is out of range, allowed is 0 or more", where="--margin")
    work = Comparing(tuple(runs), out, margin, parse_gate(fail_on), fail_on, Screen(quiet=quiet))
    worse = work.run(pairs=pairs, cohorts=cohorts)
    raise typer.Exit(EXIT_FINDINGS if worse else EXIT_OK)
