"""Every option, in one frozen tree: default, then `castcheck.toml`, then flags.

Each package declares its own settings; a section here is one line. The table in
`docs/configuration.md` is made from the same fields: `python -m castcheck.config > FILE`.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import asdict, dataclass, field, fields, is_dataclass, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.acceptance.gate import DEFAULT_GATE, Gate, parse_gate
from castcheck.support.suggestions import did_you_mean
from castcheck.support.toml_file import read_toml
from castcheck.tables.formats import FORMATS
from castcheck.tables.kinds import KINDS
from identity.settings import ClusteringSettings, FindingSettings, LooksSettings
from scenes.cut_settings import ShotSettings
from scenes.errors import ConfigError
from scenes.limits import LimitSettings
from scenes.settings import check_ranges, setting
from tracker.settings import DetectorSettings, TrackerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Which models judge, and where they run."""

    detector: str = setting(
        AUTO, "model that finds the characters: a known name or a path to weights"
    )
    embedder: str = setting(
        AUTO, "model that compares their looks: a known name or a path to weights"
    )
    cast: str = setting(
        "",
        "who should be in the clip: a cast file, or a folder of reference pictures; "
        "empty = castcheck works out who is there",
    )
    device: str = setting(AUTO, "where the networks run: auto, cpu, cuda or cuda:N")
    decoder: str = setting(
        "cpu",
        "device that decodes clips: cpu; auto = the GPU if the networks run on one; or a "
        "device of FFmpeg, such as cuda, vaapi, qsv or videotoolbox; the result is the same",
    )
    half: bool = setting(default=True, text="use half precision on a GPU; ignored on a CPU")
    bfloat16: bool = setting(
        default=False,
        text="run the detector in bfloat16 on a CPU that supports it: about half the time, boxes "
        "within about a pixel",
    )
    trust_weights: bool = setting(
        default=False,
        text="load weights whose sha256 is unknown even if loading them can run code",
    )
    settings_file: str = setting(
        "", "file the settings were read from, for the report; --config sets it"
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="run")
        name, _, number = self.device.partition(":")
        if name not in {AUTO, "cpu", "cuda"} or (":" in self.device and not number.isdecimal()):
            raise ConfigError(
                f"{self.device!r} is unknown, allowed is auto, cpu, cuda or cuda:N",
                where="run.device",
            )

    def decoder_at(self, device: str) -> str:
        """Return what decodes clips whose networks run on `device`.

        Example:
            >>> RunSettings(decoder="auto").decoder_at("cuda:1"), RunSettings().decoder_at("cuda:1")
            ('cuda:1', 'cpu')
        """
        return device if self.decoder == AUTO else self.decoder


def _bar(kind: str) -> Any:
    text = (
        f"findings of kind {kind} less confident than this are minor at most; 1 = always minor; "
        "0 = use `findings.major_confidence`"
    )
    return setting(0.0, text, low=0, high=1)


class _Bars:
    """How sure findings have to be: a field per row of the table of kinds."""

    __slots__ = ()

    def __post_init__(self) -> None:
        check_ranges(self, section="confidence")

    def bar(self, kind: str, *, default: float) -> float:
        """Return how sure a finding of `kind` has to be; `default` where nothing is set.

        Example:
            >>> ConfidenceSettings(swap=0.9).bar("swap", default=0.75)
            0.9
        """
        return float(getattr(self, kind)) or default


if TYPE_CHECKING:

    class ConfidenceSettings(_Bars):
        """What type checkers see of the class below."""

        def __init__(self, **bars: float) -> None: ...

        def __getattr__(self, kind: str) -> float: ...

else:
    ConfidenceSettings = make_dataclass(
        "ConfidenceSettings",
        [(kind, float, _bar(kind)) for kind in KINDS],
        bases=(_Bars,),
        namespace={
            "__module__": __name__,
            "__doc__": "How sure a finding of each kind has to be to stop a clip; "
            "`castcheck calibrate` fits it.",
        },
        frozen=True,
        slots=True,
    )


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When a clip fails."""

    fail_on: str = setting(
        DEFAULT_GATE,
        "fail on findings this severe or worse (minor, major, critical), or of these kinds "
        "(a comma-separated list); never = keep the exit code 0",
    )
    strict: bool = setting(
        default=False,
        text="exit with code 2 instead of falling back, for example from a GPU to the CPU",
    )
    baseline: str = setting(
        "",
        "accepted findings, a file written by `castcheck baseline`: they are reported and fail no "
        "clip",
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="gate")
        parse_gate(self.fail_on)


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """What `[confidence]` was fitted to: for the report alone, it changes no judgement."""

    statement: str = setting("", "what to expect, in words, as `castcheck calibrate` wrote it")
    asked_per_100_clips: float = setting(
        0.0, "how many of 100 good clips may fail, as it was asked for", low=0, high=100
    )
    judged_with: str = setting(
        "",
        "the detector and the embedder it was fitted with; the report says so if others are used",
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="calibration")


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What is written about a clip."""

    formats: str = setting("json,html", f"comma-separated list of {', '.join(FORMATS)}")
    picture_kb: int = setting(
        1200,
        "size limit of the pictures in the HTML page, in kB; beyond it, fewer are shown",
        low=50,
        high=100_000,
    )
    strip_height_px: int = setting(
        128, "height of the pictures of a character in the HTML page", low=32, high=512
    )
    embed_video: bool = setting(
        default=False,
        text="put the clip into the HTML page, so that it plays wherever the page goes; without it "
        "the page plays the file in place",
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="report")
        known = ", ".join(FORMATS)
        for name in self.format_list:
            if name not in FORMATS:
                raise ConfigError(
                    f"format {name!r} is unknown{did_you_mean(name, FORMATS)}",
                    where="report.formats",
                    hint=f"allowed is a comma-separated list of {known}",
                )
        if not self.format_list:
            raise ConfigError(f"no format given, allowed is {known}", where="report.formats")

    @property
    def format_list(self) -> tuple[str, ...]:
        """The formats asked for, each once, in the order given.

        Example:
            >>> ReportSettings(formats="html, json,html").format_list
            ('html', 'json')
        """
        words = (word.strip() for word in self.formats.split(","))
        return tuple(dict.fromkeys(word for word in words if word))


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of a run. A section of `castcheck.toml` is a field here, a key a field of it.

    Example:
        >>> Config.from_dict({"run": {"device": "cpu"}}).run.device
        'cpu'
    """

    run: RunSettings = field(default_factory=RunSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    shots: ShotSettings = field(default_factory=ShotSettings)
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    looks: LooksSettings = field(default_factory=LooksSettings)
    clustering: ClusteringSettings = field(default_factory=ClusteringSettings)
    findings: FindingSettings = field(default_factory=FindingSettings)
    confidence: ConfidenceSettings = field(default_factory=ConfidenceSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    report: ReportSettings = field(default_factory=ReportSettings)

    @staticmethod
    def load(path: str | Path) -> Config:
        """Read a TOML file.

        Raises:
            ConfigError: It cannot be read, is not TOML, or holds an unknown or bad setting.
        """
        path = Path(path)
        table = read_toml(
            path, ConfigError, option="--config", hint="docs/configuration.md lists the settings"
        )
        config = Config.from_dict(table, source=str(path))
        return config.updated({"run": {"settings_file": str(path)}})

    @staticmethod
    def from_dict(table: Mapping[str, Any], *, source: str = "") -> Config:
        """Build the tree from nested mappings; what is not named keeps its default.

        Args:
            table: Section to key to value.
            source: The file it came from, put in front of error messages.

        Raises:
            ConfigError: Naming the key, what is allowed, and the nearest known name.
        """
        return Config().updated(table, source=source)

    def updated(self, table: Mapping[str, Any], *, source: str = "") -> Config:
        """Return a copy with the settings named in `table` in place of those here.

        A setting by an earlier name counts as the one of today, with a FutureWarning.
        """
        table, notes = with_current_names(table)
        for note in notes:
            warnings.warn(f"{source}: {note}" if source else note, FutureWarning, stacklevel=3)
        try:
            merged: Config = _merge(self, table, where="")
        except ConfigError as err:
            if not source:
                raise
            where = source if err.where is None else f"{source}: {err.where}"
            raise ConfigError(err.message, where=where, hint=err.hint) from err
        return merged

    def parsed_gate(self) -> Gate:
        """Return the bar that findings have to reach."""
        return parse_gate(self.gate.fail_on)

    def to_dict(self) -> dict[str, Any]:
        """Return the resolved tree as JSON types, for the report."""
        return asdict(self)


# Earlier names of sections and settings; those of settings under today's name of their section.
_RENAMED = {
    "cast": "clustering",
    "shots.detector": "method",
    "tracker.hidden_s": "max_gap_s",
    "tracker.lead_score": "backfill_score",
}
# Settings that decide nothing any more, by all names they had.
_LEARNT = "what makes a character is learnt now, see clustering.min_someone_confidence"
_ALSO = "who faces the camera is part of what two looks say, which is learnt"
_GONE = {
    "clustering.reverse_shot": _ALSO,
    "clustering.reverse_shot_penalty": _ALSO,
    "clustering.min_box_score": _LEARNT,
    "clustering.min_piece_share": _LEARNT,
    "clustering.min_tracklet_share": _LEARNT,
}


def with_current_names(table: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return settings under today's names, and a sentence for each that had an earlier one.

    What is given under both names keeps today's; what decides nothing any more is left out.

    Example:
        >>> with_current_names({"tracker": {"hidden_s": 1.5}})
        ({'tracker': {'max_gap_s': 1.5}}, ('tracker.hidden_s is now tracker.max_gap_s',))
    """
    sections: dict[str, Any] = {}
    notes = []
    for old, values in table.items():
        section = _RENAMED.get(old) or old
        if section != old:
            notes.append(f"[{old}] is now [{section}]")
        if not isinstance(values, dict):
            sections[section] = values
            continue
        made: dict[str, Any] = {}
        for key, value in values.items():
            if f"{section}.{key}" in _GONE:
                notes.append(f"{old}.{key} has no effect: {_GONE[f'{section}.{key}']}")
                continue
            name = _RENAMED.get(f"{section}.{key}") or key
            if name != key:
                notes.append(f"{old}.{key} is now {section}.{name}")
            if name == key or name not in values:
                made[name] = value
        other = sections.get(section, {})
        if isinstance(other, dict):  # given under both names
            made = {**other, **made} if section == old else {**made, **other}
        sections[section] = made
    return sections, tuple(notes)


def _merge(current: Any, table: Any, *, where: str) -> Any:
    """Return the dataclass `current` with the values of `table`, recursively."""
    if not isinstance(table, dict):
        raise ConfigError(f"expected a section, got {table!r}", where=where or None)
    known = {item.name: item for item in fields(current)}
    values = {item.name: getattr(current, item.name) for item in fields(current)}
    for name, value in table.items():
        path = f"{where}.{name}" if where else str(name)
        if name not in known:
            what = "setting" if where else "section"
            raise ConfigError(
                f"unknown {what}{did_you_mean(name, known)}",
                where=path,
                hint=f"known here: {', '.join(known)}",
            )
        old = values[name]
        values[name] = (
            _merge(old, value, where=path) if is_dataclass(old) else _cast(old, value, where=path)
        )
    return type(current)(**values)


def _cast(old: Any, value: Any, *, where: str) -> Any:
    """Return `value` as the type of the setting it replaces; ranges are checked by the section."""
    if isinstance(old, tuple):
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"expected a list, got {value!r}", where=where)
        return tuple(value)
    if isinstance(value, str) and "\0" in value:
        raise ConfigError("holds a NUL character", where=where, hint="take it out")
    if isinstance(old, bool) != isinstance(value, bool) and old is not None:
        expected = "true or false" if isinstance(old, bool) else _type_name(old)
        raise ConfigError(f"expected {expected}, got {value!r}", where=where)
    if isinstance(old, float) and isinstance(value, int):
        return float(value)
    if old is not None and not isinstance(value, type(old)):
        raise ConfigError(f"expected {_type_name(old)}, got {value!r}", where=where)
    return value


def _type_name(value: object) -> str:
    names = {int: "a whole number", float: "a number", str: "a text in quotes"}
    return names.get(type(value), type(value).__name__)


_PREFACE = """\
# Configuration

`castcheck check --config castcheck.toml` reads these settings from a file. A flag beats the file,
the file beats the default. An unknown section or key, a wrong type or a value out of range is an
error that names it. This page is made from the code: `make docs`.
"""


def reference() -> str:
    """Return the reference of all settings as Markdown."""
    lines = [_PREFACE]
    for item in fields(Config):
        lines += _section_lines(item.name, getattr(Config(), item.name))
    return "\n".join(lines)


def _section_lines(name: str, settings: Any) -> Iterator[str]:
    yield f"## `[{name}]`"
    yield ""
    yield (type(settings).__doc__ or "").strip().splitlines()[0]
    yield ""
    yield "| key | default | allowed | what it does |"
    yield "|---|---|---|---|"
    nested = []
    for item in fields(settings):
        value = getattr(settings, item.name)
        if is_dataclass(value):
            nested.append((f"{name}.{item.name}", value))
        else:
            yield (
                f"| `{item.name}` | `{_toml(value)}` | {_allowed(value, item.metadata)} "
                f"| {item.metadata.get('help', '')} |"
            )
    yield ""
    for path, value in nested:
        yield from _section_lines(path, value)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "none"
    if isinstance(value, str):
        return f'"{value}"'
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _allowed(value: Any, meta: Mapping[str, Any]) -> str:
    if meta.get("choices"):
        return ", ".join(meta["choices"])
    if isinstance(value, bool):
        return "true, false"
    low, high = meta.get("low"), meta.get("high")
    if low is None and high is None:
        return "any" if isinstance(value, (int, float)) else "text"
    if high is None:
        return f"{low} or more"
    return f"{high} or less" if low is None else f"{low} to {high}"


if __name__ == "__main__":
    sys.stdout.write(reference())
