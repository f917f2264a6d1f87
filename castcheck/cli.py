"""The command line: parse, build, check, write. Exit codes are part of the contract."""

from __future__ import annotations

import sys
import warnings
from contextlib import redirect_stdout
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from castcheck.checking import (
    EXIT_BAD_INPUT,
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_OK,
    Run,
    check_clips,
    say_bug,
)
from castcheck.config import Config, GateSettings, ReportSettings, RunSettings
from castcheck.screen import DEBUG_VARIABLE, Screen, env_flag
from scenes.errors import CastcheckError, ConfigError
from tracker.settings import DetectorSettings

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


def _option(settings: type[Any], name: str, *flags: str, panel: str, **extra: Any) -> Any:
    """Return the option for one setting: help and default come from where it is declared."""
    item = next(item for item in fields(settings) if item.name == name)
    text = item.metadata["help"]
    if item.default not in ("", False):
        text += f" (default: {'yes' if item.default is True else item.default})"
    return typer.Option(*flags, help=text, rich_help_panel=panel, show_default=False, **extra)


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


_MODELS, _JUDGING, _OUTPUT = "Models", "Judging", "Output"


@app.command(epilog=_EPILOG)
def check(
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
            rich_help_panel=_OUTPUT,
        ),
    ] = Path("castcheck-out"),
    formats: Annotated[
        str | None,
        _option(ReportSettings, "formats", "--format", panel=_OUTPUT, metavar="LIST"),
    ] = None,
    json_to: Annotated[
        str | None,
        typer.Option(
            "--json",
            metavar="-",
            help="Print each report to stdout as one line of JSON, and nothing else there.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option("-q", "--quiet", help="Say nothing but errors.", rich_help_panel=_OUTPUT),
    ] = False,
    fail_on: Annotated[
        str | None,
        _option(GateSettings, "fail_on", "--fail-on", panel=_JUDGING, metavar="SPEC"),
    ] = None,
    strict: Annotated[
        bool | None, _option(GateSettings, "strict", "--strict", panel=_JUDGING)
    ] = None,
    classes: Annotated[
        str | None,
        _option(DetectorSettings, "classes", "--classes", panel=_JUDGING, metavar="LIST"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Read settings from a TOML file; a flag beats the file.",
            rich_help_panel=_JUDGING,
        ),
    ] = None,
    detector: Annotated[
        str | None,
        _option(RunSettings, "detector", "--detector", panel=_MODELS, metavar="SPEC"),
    ] = None,
    embedder: Annotated[
        str | None,
        _option(RunSettings, "embedder", "--embedder", panel=_MODELS, metavar="SPEC"),
    ] = None,
    device: Annotated[
        str | None, _option(RunSettings, "device", "--device", panel=_MODELS, metavar="DEVICE")
    ] = None,
    half: Annotated[
        bool | None, _option(RunSettings, "half", "--half/--no-half", panel=_MODELS)
    ] = None,
    batch_size: Annotated[
        int | None,
        _option(DetectorSettings, "batch_size", "--batch-size", panel=_MODELS, metavar="N"),
    ] = None,
    trust_weights: Annotated[
        bool | None,
        _option(RunSettings, "trust_weights", "--trust-weights", panel=_MODELS),
    ] = None,
    cast: Annotated[Path | None, typer.Option("--cast", hidden=True)] = None,
) -> None:
    """Judge clips: who is in them, and whether everybody stays themselves."""
    _refuse(json_to, cast)
    flags: dict[str, dict[str, Any]] = {
        "run": {
            "detector": detector,
            "embedder": embedder,
            "device": device,
            "half": half,
            "trust_weights": trust_weights,
        },
        "detector": {"batch_size": batch_size, "classes": classes},
        "gate": {"fail_on": fail_on, "strict": strict},
        "report": {"formats": formats},
    }
    settings = resolve(config, flags)
    if not sys.warnoptions and not env_flag(DEBUG_VARIABLE):
        warnings.simplefilter("ignore")  # other people's advice to other people's developers
    screen = Screen(quiet=quiet, results_to_stderr=json_to is not None)
    run = Run(settings, out, screen, json_to_stdout=json_to is not None)
    raise typer.Exit(check_clips(clips, run))


def resolve(file: Path | None, flags: dict[str, dict[str, Any]]) -> Config:
    """Return the settings: a flag beats the file, the file beats the default.

    Args:
        file: The TOML file, if any.
        flags: Section to key to value; `None` = the flag was not given.

    Raises:
        ConfigError: The file or a flag holds something unknown or out of range.
    """
    config = Config() if file is None else Config.load(file)
    given = {
        section: {key: value for key, value in table.items() if value is not None}
        for section, table in flags.items()
    }
    return config.updated(given)


def _refuse(json_to: str | None, cast: Path | None) -> None:
    if json_to not in (None, "-"):
        raise ConfigError(
            f"{json_to!r} is unknown, allowed is -",
            where="--json",
            hint="the file report.json is written with `--format json`",
        )
    if cast is not None:
        raise ConfigError(
            "judging against a cast is not part of this version yet",
            where="--cast",
            hint="leave it out: castcheck finds out by itself who is in the clip",
        )


def main() -> None:
    """Run the command line and end the process with its exit code."""
    app()


if __name__ == "__main__":
    main()
