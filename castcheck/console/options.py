"""The options that several commands share: declared once, defaults and help from the settings."""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from castcheck.config import Config, GateSettings, ReportSettings, RunSettings
from castcheck.console.screen import DEBUG_VARIABLE, Screen, env_flag
from identity.settings import ClusteringSettings, LooksSettings
from scenes.errors import ConfigError
from scenes.scratch import check_scratch_folder
from tracker.settings import DetectorSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MODELS, JUDGING, OUTPUT = "Models", "Judging", "Output"


_SECTIONS = {
    "run": RunSettings,
    "detector": DetectorSettings,
    "gate": GateSettings,
    "report": ReportSettings,
    "clustering": ClusteringSettings,
    "looks": LooksSettings,
}
# The settings that have a flag of their own: section, name, type, flag, metavar and panel.
_FLAGS: tuple[tuple[str, str, type[Any], str, str | None, str], ...] = (
    ("report", "formats", str, "--format", "LIST", OUTPUT),
    ("report", "embed_video", bool, "--embed-video", None, OUTPUT),
    ("gate", "fail_on", str, "--fail-on", "SPEC", JUDGING),
    ("gate", "strict", bool, "--strict", None, JUDGING),
    ("gate", "baseline", str, "--baseline", "FILE", JUDGING),
    ("detector", "classes", str, "--classes", "LIST", JUDGING),
    ("run", "cast", str, "--cast", "PATH", JUDGING),
    ("clustering", "characters", int, "--characters", "N", JUDGING),
    ("run", "detector", str, "--detector", "SPEC", MODELS),
    ("run", "embedder", str, "--embedder", "SPEC", MODELS),
    ("looks", "faces", str, "--faces", "NAME", MODELS),
    ("run", "device", str, "--device", "DEVICE", MODELS),
    ("run", "decoder", str, "--decoder", "DEVICE", MODELS),
    ("run", "half", bool, "--half/--no-half", None, MODELS),
    ("run", "bfloat16", bool, "--bfloat16", None, MODELS),
    ("detector", "batch_size", int, "--batch-size", "N", MODELS),
    ("detector", "search_fps", float, "--search-fps", "N", MODELS),
    ("detector", "stride", int, "--stride", "N", MODELS),
    ("run", "trust_weights", bool, "--trust-weights", None, MODELS),
)


def _annotation(section: str, name: str, kind: Any, flag: str, metavar: Any, panel: str) -> Any:
    """Return the option for one setting: help and default come from where it is declared."""
    item = next(item for item in fields(_SECTIONS[section]) if item.name == name)
    text = item.metadata["help"]
    if item.default not in ("", False, None):
        text += f" (default: {'yes' if item.default is True else item.default})"
    option = typer.Option(
        flag, help=text, rich_help_panel=panel, show_default=False, metavar=metavar
    )
    return Annotated[kind | None, option]


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Read settings from a TOML file; a flag beats the file.",
        rich_help_panel=JUDGING,
    ),
]
JsonTo = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="-",
        help="Print each report to stdout as one line of JSON, and nothing else.",
        rich_help_panel=OUTPUT,
    ),
]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="Print errors only.", rich_help_panel=OUTPUT)
]


def with_config_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that judges clips the flags of the settings and `--config`.

    It is called with what they come to, as `settings: Config`: a flag beats the file, the file
    beats the default. A value that is unknown or out of range raises ConfigError before the command
    is called, and a folder for temporary files that cannot be written ScratchError: that is to be
    said once, not per clip and worker.
    """
    own = inspect.signature(command, eval_str=True).parameters
    kind = inspect.Parameter.KEYWORD_ONLY
    options = {row[1]: _annotation(*row) for row in _FLAGS} | {"config": ConfigFile}
    parameters = []
    for name, parameter in own.items():
        if name == "settings":
            parameters += [
                inspect.Parameter(name, kind, default=None, annotation=option)
                for name, option in options.items()
            ]
        else:
            parameters.append(parameter.replace(kind=kind))

    @functools.wraps(command)
    def with_flags(**given: Any) -> None:
        config = Config() if given["config"] is None else _load(given["config"], given)
        flags: dict[str, dict[str, Any]] = {}
        for section, name, *_ in _FLAGS:
            if given[name] is not None:
                flags.setdefault(section, {})[name] = given[name]
        settings = config.updated(flags)
        check_scratch_folder()
        others = {name: value for name, value in given.items() if name not in options}
        command(**others, settings=settings)

    with_flags.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_flags.__annotations__ = {item.name: item.annotation for item in parameters}
    return with_flags


def _load(path: Path, given: Mapping[str, Any]) -> Config:
    """Read the settings, and say which of them have another name by now."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FutureWarning)
        config = Config.load(path)
    screen = Screen(quiet=bool(given.get("quiet")))
    for one in caught:
        screen.note(str(one.message))
    return config


def silence_warnings() -> None:
    """Leave out other people's advice to other people's developers, unless somebody debugs."""
    if not sys.warnoptions and not env_flag(DEBUG_VARIABLE):
        warnings.simplefilter("ignore")


def validate_json_target(json_to: str | None, settings: Config) -> None:
    """Raise for values that the parser lets pass and this version has no use for.

    Raises:
        ConfigError: Naming the option.
    """
    if json_to not in (None, "-"):
        raise ConfigError(
            f"{json_to!r} is unknown, allowed is -",
            where="--json",
            hint="the file report.json is written with `--format json`",
        )
    if json_to is not None and "github" in settings.report.format_list:
        raise ConfigError(
            "both print to stdout: `--json -` and the format github",
            where="--format",
            hint="leave out one of them",
        )
