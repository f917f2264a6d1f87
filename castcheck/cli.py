"""The command line: parse, build, check, write. Exit codes are part of the contract."""

from __future__ import annotations

import signal
import sys
from contextlib import redirect_stdout
from typing import Annotated, Any

import typer

from castcheck.console.commands import HELP_FLAGS, LazyGroup
from castcheck.console.exit_codes import EXIT_BAD_INPUT, EXIT_BUG, EXIT_INTERRUPTED, EXIT_OK
from castcheck.console.screen import Screen, report_internal_error
from castcheck.support.system_errors import refusal
from scenes.errors import CastcheckError

# Typer brought click along as a part of itself at some point; this is right for both.
_ClickError: type[Any] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


class _Group(LazyGroup):
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
            report_internal_error(screen, err)
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
    rich_markup_mode=None,
    context_settings=HELP_FLAGS,
)


def _version(wanted: bool) -> None:
    if wanted:
        from castcheck.version import __version__  # noqa: PLC0415 (reading it costs 20 ms)

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
    """Check that every character in a video keeps the same identity."""
    if context.invoked_subcommand is None:
        with redirect_stdout(sys.stderr):  # Typer prints the help itself
            typer.echo(context.get_help())
        raise typer.Exit(EXIT_BAD_INPUT)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Ended from outside, what is half written is taken away first.
    signal.signal(signal.SIGTERM, _terminated)
    app()


def _terminated(number: int, _: object) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
