"""The command line: parse, build, check, write. Exit codes are part of the contract."""

from __future__ import annotations

import signal
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from castcheck.batch.command import EPILOG as BATCH_EPILOG
from castcheck.batch.command import batch
from castcheck.checking import (
    EXIT_BAD_INPUT,
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_OK,
    Run,
    check_clips,
    say_bug,
)
from castcheck.config import Config
from castcheck.models_command import models_app
from castcheck.options import (
    OUTPUT,
    JsonTo,
    Quiet,
    hush_warnings,
    refuse,
    takes_settings,
)
from castcheck.planting.command import EPILOG as PLANT_EPILOG
from castcheck.planting.command import plant
from castcheck.review.command import EPILOG as REVIEW_EPILOG
from castcheck.review.command import review
from castcheck.runs import commands as on_runs
from castcheck.runs.compare_command import COMPARE_EPILOG, compare
from castcheck.screen import Screen
from castcheck.system_errors import refusal
from scenes.errors import CastcheckError

# Typer brought click along as a part of itself at some point; this is right for both.
_ClickError: type[Any] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)

_EPILOG = """\
[bold]Examples[/bold]

  castcheck check clip.mp4

     the verdict here, the page in castcheck-out/clip/report.html

  castcheck check *.mp4 -o reports --format json,html,video --fail-on critical

     many clips; exit code 1 only on a critical finding

  castcheck check clip.mp4 --cast people/

     against reference pictures: people/ben.jpg, people/mei-1.jpg, people/mei-2.jpg

  castcheck check clip.mp4 --json - --quiet | jq .verdict

     the report on stdout and nothing else

[bold]Exit codes[/bold]

  0  nothing at or above the gate    1  findings at or above the gate

  2  bad usage or a bad clip         3  a bug in castcheck

What a finding is, and what each setting does: the README and docs/configuration.md.
"""


class _Group(TyperGroup):
    """Gives every way of ending its exit code, and every expected failure one line on stderr."""

    def main(self, *args: Any, **extra: Any) -> Any:
        if not extra.get("standalone_mode", True):
            return super().main(*args, **extra)
        sys.exit(self._code(*args, **{**extra, "standalone_mode": False}))

    def _code(self, *args: Any, **extra: Any) -> int:
        screen = Screen()
        try:
            code = super().main(*args, **extra)
        except _ClickError as err:
            screen.error(_usage_line(err))
            return EXIT_BAD_INPUT
        except CastcheckError as err:
            screen.error(str(err))
            return EXIT_BAD_INPUT
        except (KeyboardInterrupt, typer.Abort):
            screen.error("interrupted")
            return EXIT_INTERRUPTED
        except Exception as err:  # noqa: BLE001 (Python would end with 1, which means "findings")
            refused = refusal(err)
            if refused is not None:
                screen.error(str(refused))
                return EXIT_BAD_INPUT
            say_bug(screen, err)
            return EXIT_BUG
        if code == EXIT_INTERRUPTED:  # newer versions of Typer return it without a word
            screen.error("interrupted")
        return code if isinstance(code, int) else EXIT_OK


def _usage_line(err: Any) -> str:
    context = getattr(err, "ctx", None)
    command = context.command_path if context else "castcheck"
    message = " ".join(err.format_message().split()).rstrip(".")
    return f"{message}; see `{command} --help`"


app = typer.Typer(
    cls=_Group,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from castcheck import __version__  # noqa: PLC0415 (reading it costs 20 ms)

        Screen().data(f"castcheck {__version__}")
        raise typer.Exit(EXIT_OK)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Read a clip and say who is in it, and whether everybody stays themselves."""
    if context.invoked_subcommand is None:
        with redirect_stdout(sys.stderr):  # Typer prints the help itself
            typer.echo(context.get_help())
        raise typer.Exit(EXIT_BAD_INPUT)


@app.command(epilog=_EPILOG)
@takes_settings
def check(
    *,
    clips: Annotated[
        list[Path],
        typer.Argument(metavar="CLIP...", help="Clips, or folders of numbered pictures."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            help="Reports go to DIR/<clip stem>/, of a second clip of that stem to <clip stem>-2/.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("castcheck-out"),
    settings: Config,
    json_to: JsonTo = None,
    quiet: Quiet = False,
) -> None:
    """Judge clips: who is in them, and whether everybody stays themselves."""
    refuse(json_to, settings)
    hush_warnings()
    screen = Screen(quiet=quiet, results_to_stderr=json_to is not None)
    run = Run(settings, out, screen, json_to_stdout=json_to is not None)
    raise typer.Exit(check_clips(clips, run))


app.add_typer(models_app, name="models")
app.command(epilog=BATCH_EPILOG)(batch)
app.command(epilog=on_runs.CALIBRATE_EPILOG)(on_runs.calibrate)
app.command(epilog=on_runs.BASELINE_EPILOG)(on_runs.baseline)
app.command(epilog=COMPARE_EPILOG)(compare)
app.command(epilog=PLANT_EPILOG)(plant)
app.command(epilog=REVIEW_EPILOG)(review)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Ended from outside, what is half written is taken away first.
    signal.signal(signal.SIGTERM, _terminated)
    app()


def _terminated(number: int, _: object) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
