"""What the pytest plugin does once clips are judged: load models, judge, and tell."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from castcheck.api import settings_of
from castcheck.checking.earlier import remember, remove_earlier
from castcheck.checking.folders import clip_folders
from castcheck.facts.parts import ordered
from castcheck.labels import headline, kind_title, when
from castcheck.pytest_plugin.keys import CHECKED, MARKER
from scenes.errors import CastcheckError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.config import Config
    from castcheck.facts.report import Report
    from castcheck.pipeline import Models, Outcome

_KEPT_OUTCOMES = 32  # with their pictures, some hundred kB each
# What decides which networks are loaded, and how; everything else may differ from clip to clip.
_MODEL_SECTIONS = ("run", "detector", "looks")


class ClipFailed(Exception):  # noqa: N818 (what pytest shows is a sentence)
    """A clip with findings at or above the gate, or one that cannot be judged as asked."""


@dataclass
class Checker:
    """Judges clips for one session.

    Attributes:
        config: The settings where a test names none.
        out: Where reports are written; `None` = nowhere.
        folders: Absolute path of a collected clip to the name of its folder.
    """

    config: Config
    out: Path | None = None
    folders: dict[str, str] = field(default_factory=dict)
    _models: dict[str, Models] = field(default_factory=dict)
    _outcomes: OrderedDict[tuple[str, ...], Outcome] = field(default_factory=OrderedDict)

    @staticmethod
    def of(config: pytest.Config) -> Checker:
        """Build it from options and ini file.

        Raises:
            CastcheckError: A setting is bad.
        """
        path, cast, out = (
            config.getoption(f"castcheck_{name}") or config.getini(f"castcheck_{name}")
            for name in ("config", "cast", "out")
        )
        settings = settings_of(path or None)
        if cast:
            settings = settings.updated({"run": {"cast": str(cast)}})
        return Checker(settings, Path(out) if out else None)

    def outcome(self, clip: Path, *, cast: Any = None, config: Any = None) -> Outcome:
        """Judge one clip, or return what was found when it was judged before.

        Raises:
            CastcheckError: The clip, the weights or a setting is bad; one line.
        """
        from castcheck import pipeline  # noqa: PLC0415 (brings the networks' engines along)

        settings = self.config if config is None else settings_of(config)
        if config is not None and not settings.run.cast and self.config.run.cast:
            settings = settings.updated({"run": {"cast": self.config.run.cast}})
        if cast is not None:
            settings = settings.updated({"run": {"cast": str(cast)}})
        key = (*_stamp(clip), str(settings.to_dict()))
        if key in self._outcomes:
            self._outcomes.move_to_end(key)
            return self._outcomes[key]
        if self.out is not None:
            remove_earlier(self._folder(clip))
        outcome = pipeline.judge(
            clip, config=settings, models=self._models_for(settings), progress=_silent
        )
        self._write(clip, outcome, settings)
        self._outcomes[key] = outcome
        if len(self._outcomes) > _KEPT_OUTCOMES:
            self._outcomes.popitem(last=False)
        return outcome

    def show(self, item: pytest.Item, outcome: Outcome) -> None:
        """Put what was found into the report of a test."""
        seen = item.stash.setdefault(CHECKED, [])
        if outcome in seen:
            return
        seen.append(outcome)
        item.user_properties.append((f"castcheck {outcome.report.clip.path}", _short(outcome)))
        if outcome.report.findings or outcome.report.degradations:
            lines = list(told(outcome.report))
            if self.out is not None:
                lines.append(f"      reports: {self._folder(Path(outcome.report.clip.path))}")
            item.add_report_section("call", "castcheck", "\n".join(lines))

    def _models_for(self, settings: Config) -> Models:
        from castcheck import pipeline  # noqa: PLC0415 (as above)

        table = settings.to_dict()
        key = str([table[name] for name in _MODEL_SECTIONS])
        if key not in self._models:
            self._models[key] = pipeline.load_models(settings)
        return self._models[key]

    def _write(self, clip: Path, outcome: Outcome, settings: Config) -> None:
        if self.out is None:
            return
        from castcheck.report.writers import ReportInputs, write_reports  # noqa: PLC0415 (as above)

        material = ReportInputs(outcome.report, outcome.visuals, settings.report, clip)
        folder = self._folder(clip)
        formats = settings.report.format_list
        remember(folder, write_reports(material, folder, formats, progress=_silent).values())

    def _folder(self, clip: Path) -> Path:
        """Return where the reports of a clip go, below the folder for all."""
        place = str(clip.resolve())
        # A clip that only a test knows of: other workers cannot be asked for a free name.
        lone = f"{clip.stem}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"
        return (self.out or Path()) / self.folders.get(place, lone)


class Clips(pytest.Collector):
    """All clips that `--castcheck` names."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test per clip, in natural order.

        Raises:
            CollectError: Something named is no clip, or a setting is bad.
        """
        from castcheck.batch.inputs import find_clips  # noqa: PLC0415 (as above)

        paths = self.config.getoption("castcheck")
        remote = [path for path in paths if "://" in path]
        if remote:
            raise self.CollectError(f"castcheck: {remote[0]}: fetch it first, tests stay offline")
        try:
            checker = checker_of(self.config)
            clips, complaints = find_clips(
                paths, stdin=_no_stdin, run_folder=checker.out or Path("castcheck-out")
            )
        except CastcheckError as err:
            raise self.CollectError(f"castcheck: {err}") from err
        if complaints or not clips:
            lines = complaints or [f"{', '.join(paths)}: no clips there"]
            raise self.CollectError("\n".join(f"castcheck: {line}" for line in lines))
        files = [Path(named.key) for named in clips]
        checker.folders = {
            str(file.resolve()): name for file, name in zip(files, clip_folders(files), strict=True)
        }
        for named in clips:
            yield ClipItem.from_parent(self, name=named.clip, clip=Path(named.clip))


class ClipItem(pytest.Item):
    """One clip as a test: fails on findings at or above the gate, is skipped where it abstains."""

    def __init__(self, *, clip: Path, **more: Any) -> None:
        super().__init__(**more)
        self.clip = clip
        self.add_marker(MARKER)

    def runtest(self) -> None:
        """Judge the clip.

        Raises:
            ClipFailed: It fails.
        """
        checker = checker_of(self.config)
        outcome = checker.outcome(self.clip)
        checker.show(self, outcome)
        report = outcome.report
        if checker.config.gate.strict and report.degradations:
            raise ClipFailed(f"{report.degradations[0]}; strict makes this an error")
        if checker.config.parsed_gate().exit_code(report.findings):
            raise ClipFailed(headline(report))
        if report.verdict == "abstain":
            pytest.skip(headline(report))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return one line for what was to be expected, the traceback for a bug."""
        if isinstance(excinfo.value, (ClipFailed, CastcheckError)):
            text = str(excinfo.value)
            return text if str(self.clip) in text else f"{self.clip}: {text}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the clip as the place of the test."""
        return self.clip, None, f"castcheck {self.clip}"


def told(report: Report) -> Iterator[str]:
    """Yield the verdict, a line per finding, worst first, and what was degraded."""
    yield f"{report.verdict.upper()}  {report.clip.path}: {headline(report)}"
    for finding in ordered(report.findings):
        title = f"{finding.severity} {kind_title(finding.kind).lower()}"
        yield f"      {when(report, finding)}  {title}: {finding.message}"
    yield from (f"      note: {line}" for line in report.degradations)


def _short(outcome: Outcome) -> str:
    return next(iter(told(outcome.report))).partition("  ")[0].lower()


def _stamp(clip: Path) -> tuple[str, str]:
    """Return place and state of a clip; of one that is not there the reader tells."""
    try:
        facts = clip.stat()
    except (OSError, ValueError):
        return str(clip), ""
    return str(clip.resolve()), f"{facts.st_size} {facts.st_mtime_ns}"


def _no_stdin() -> bytes:
    raise ConfigError("a list on stdin cannot be read here", where="--castcheck", hint="give @FILE")


def _silent(stage: str, done: int, total: int | None) -> None:
    """Take the news and say nothing."""


_CHECKER = pytest.StashKey[Checker]()


def checker_of(config: pytest.Config) -> Checker:
    """Return what judges for this session, with its models."""
    if _CHECKER not in config.stash:
        config.stash[_CHECKER] = Checker.of(config)
    return config.stash[_CHECKER]
