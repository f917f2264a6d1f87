"""The commands, each imported when it is asked for, and their help as plain text.

What `castcheck --help` shows stands in the table below, so that it brings none of the commands
along; a test compares it with what they say of themselves. Help is laid out here and not by Rich,
whose import alone takes longer than all that `--help` does.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

HELP_FLAGS = {"help_option_names": ["-h", "--help"]}
_HELP_COLUMN = 30  # characters that the names of options take at most, before their texts


@dataclass(frozen=True, slots=True)
class Row:
    """One command.

    Attributes:
        home: "module:name" of its function, or of a `typer.Typer` with commands of its own.
        epilog: Name of the text in that module that its help ends with.
        help: The first line of its docstring.
    """

    home: str
    epilog: str
    help: str

    def load(self, name: str) -> Any:
        """Return the command that Typer makes of it."""
        module, _, target = self.home.partition(":")
        home = import_module(module)
        found = getattr(home, target)
        if isinstance(found, typer.Typer):
            return get_command(found)
        holder = typer.Typer(
            add_completion=False, rich_markup_mode=None, context_settings=HELP_FLAGS
        )
        holder.command(name, cls=PlainCommand, epilog=getattr(home, self.epilog))(found)
        return get_command(holder)


COMMANDS = {
    "check": Row(
        "castcheck.checking.command:check",
        "EPILOG",
        "Check clips: who is in them, and whether every character keeps the same identity.",
    ),
    "batch": Row(
        "castcheck.batch.command:batch",
        "EPILOG",
        "Check many clips with workers; run the same command again to resume.",
    ),
    "calibrate": Row(
        "castcheck.runs.commands:calibrate",
        "CALIBRATE_EPILOG",
        "Set how confident each kind must be, for a stated false-alarm rate on good clips.",
    ),
    "baseline": Row(
        "castcheck.runs.commands:baseline",
        "BASELINE_EPILOG",
        "Store accepted findings, so that only new ones fail (`--baseline FILE`).",
    ),
    "compare": Row(
        "castcheck.runs.compare_command:compare",
        "COMPARE_EPILOG",
        "Say whether one run is better than another on the same clips, and where.",
    ),
    "plant": Row(
        "castcheck.planting.command:plant",
        "EPILOG",
        "Plant known errors in clips that have none, to see what castcheck finds in your footage.",
    ),
    "review": Row(
        "castcheck.review.command:review",
        "EPILOG",
        "Open a local page with the clip playing, to mark findings as right, wrong or missed.",
    ),
    "models": Row(
        "castcheck.models.command:models_app",
        "",
        "List, fetch and check the known model weights.",
    ),
}


class LazyCommands(MutableMapping[str, Any]):
    """Name to command, made at the first look at it."""

    def __init__(self, rows: dict[str, Row]) -> None:
        self._rows = rows
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the command, importing it."""
        if name not in self._loaded:
            self._loaded[name] = self._rows[name].load(name)
        return self._loaded[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the command, or `default` where there is none of that name."""
        return self[name] if name in self._rows else default

    def __setitem__(self, name: str, command: Any) -> None:
        """Add a command that exists already."""
        self._rows[name], self._loaded[name] = Row("", "", command.help or ""), command

    def __delitem__(self, name: str) -> None:
        """Take a command away."""
        del self._rows[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        """Yield the names, in the order of the table; imports nothing."""
        return iter(self._rows)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)


class PlainCommand(TyperCommand):
    """A command whose help groups its options under the headings they name."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows the name of the command in the line of usage.

        Versions of Typer differ in the brackets, dots and types they add to the name of an
        argument; here it stands as it was declared.
        """
        names = [_name(given) for given in self.get_params(ctx) if _is_argument(given)]
        return [*names, "[OPTIONS]"]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, group by group, in the order in which groups first appear."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = _is_argument(parameter)
                record = (_name(parameter), record[1]) if is_argument else record
                usual = "Arguments" if is_argument else "Options"
                title = getattr(parameter, "rich_help_panel", None) or usual
                groups.setdefault(title, []).append(record)
        for title in sorted(groups, key=lambda title: title == "Options"):  # --help comes last
            with formatter.section(title):
                formatter.write_dl(groups[title], col_max=_HELP_COLUMN)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (the engine's)
        """Write the epilog as it stands."""
        if self.epilog:
            formatter.write_paragraph()
            formatter.write(self.epilog)


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _name(argument: Any) -> str:
    return str(argument.metavar)


class PlainGroup(TyperGroup):
    """A group whose help gives every command its whole line."""

    def lines(self) -> list[tuple[str, str]]:
        """Return the name of each command, and what it does."""
        return [
            (name, (command.help or "").split("\n")[0]) for name, command in self.commands.items()
        ]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (the engine's)
        """Write a line for each command."""
        with formatter.section("Commands"):
            formatter.write_dl(self.lines())


class LazyGroup(PlainGroup):
    """A group that knows its commands by the table until one is called."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._rows = dict(COMMANDS)
        self.commands = LazyCommands(self._rows)

    def lines(self) -> list[tuple[str, str]]:
        """Return the name of each command, and what it does; imports nothing."""
        return [(name, row.help) for name, row in self._rows.items()]
