"""The options that several commands share: declared once, defaults and help from the settings."""

from __future__ import annotations

import sys
import warnings
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from castcheck.config import Config, GateSettings, ReportSettings, RunSettings
from castcheck.screen import DEBUG_VARIABLE, env_flag
from scenes.errors import ConfigError
from tracker.settings import DetectorSettings

MODELS, JUDGING, OUTPUT = "Models", "Judging", "Output"


def _option(settings: type[Any], name: str, *flags: str, panel: str, **extra: Any) -> Any:
    """Return the option for one setting: help and default come from where it is declared."""
    item = next(item for item in fields(settings) if item.name == name)
    text = item.metadata["help"]
    if item.default not in ("", False):
        text += f" (default: {'yes' if item.default is True else item.default})"
    return typer.Option(*flags, help=text, rich_help_panel=panel, show_default=False, **extra)


Formats = Annotated[
    str | None, _option(ReportSettings, "formats", "--format", panel=OUTPUT, metavar="LIST")
]
JsonTo = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="-",
        help="Print each report to stdout as one line of JSON, and nothing else there.",
        rich_help_panel=OUTPUT,
    ),
]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="Say nothing but errors.", rich_help_panel=OUTPUT)
]
FailOn = Annotated[
    str | None, _option(GateSettings, "fail_on", "--fail-on", panel=JUDGING, metavar="SPEC")
]
Strict = Annotated[bool | None, _option(GateSettings, "strict", "--strict", panel=JUDGING)]
Classes = Annotated[
    str | None, _option(DetectorSettings, "classes", "--classes", panel=JUDGING, metavar="LIST")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Read settings from a TOML file; a flag beats the file.",
        rich_help_panel=JUDGING,
    ),
]
DetectorSpec = Annotated[
    str | None, _option(RunSettings, "detector", "--detector", panel=MODELS, metavar="SPEC")
]
EmbedderSpec = Annotated[
    str | None, _option(RunSettings, "embedder", "--embedder", panel=MODELS, metavar="SPEC")
]
Device = Annotated[
    str | None, _option(RunSettings, "device", "--device", panel=MODELS, metavar="DEVICE")
]
Half = Annotated[bool | None, _option(RunSettings, "half", "--half/--no-half", panel=MODELS)]
BatchSize = Annotated[
    int | None,
    _option(DetectorSettings, "batch_size", "--batch-size", panel=MODELS, metavar="N"),
]
Stride = Annotated[
    int | None, _option(DetectorSettings, "stride", "--stride", panel=MODELS, metavar="N")
]
TrustWeights = Annotated[
    bool | None, _option(RunSettings, "trust_weights", "--trust-weights", panel=MODELS)
]
Cast = Annotated[str | None, _option(RunSettings, "cast", "--cast", panel=JUDGING, metavar="PATH")]

_SECTIONS = {
    "formats": "report",
    "fail_on": "gate",
    "strict": "gate",
    "classes": "detector",
    "detector": "run",
    "embedder": "run",
    "device": "run",
    "half": "run",
    "batch_size": "detector",
    "stride": "detector",
    "trust_weights": "run",
    "cast": "run",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The settings that have a flag of their own; `None` = the flag was not given."""

    formats: str | None
    fail_on: str | None
    strict: bool | None
    classes: str | None
    detector: str | None
    embedder: str | None
    device: str | None
    half: bool | None
    batch_size: int | None
    stride: int | None = None
    trust_weights: bool | None
    cast: str | None

    def over(self, file: Path | None) -> Config:
        """Return the settings: a flag beats the file, the file beats the default.

        Args:
            file: The TOML file, if any.

        Raises:
            ConfigError: The file or a flag holds something unknown or out of range.
        """
        config = Config() if file is None else Config.load(file)
        given: dict[str, dict[str, Any]] = {}
        for name, value in asdict(self).items():
            if value is not None:
                given.setdefault(_SECTIONS[name], {})[name] = value
        return config.updated(given)


def hush_warnings() -> None:
    """Leave out other people's advice to other people's developers, unless somebody debugs."""
    if not sys.warnoptions and not env_flag(DEBUG_VARIABLE):
        warnings.simplefilter("ignore")


def refuse(json_to: str | None) -> None:
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
