"""One run over one or more clips: each is judged, shown, written; one bad clip stops no other."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.checking.earlier import lookalikes, remember, remove_earlier
from castcheck.checking.folders import SUMMARY_FILE, clip_folders
from castcheck.checking.messages import show, tell_github, tell_github_of_failure
from castcheck.console.exit_codes import EXIT_BAD_INPUT, EXIT_BUG, EXIT_OK
from castcheck.console.screen import DEBUG_VARIABLE, Screen, env_flag, report_internal_error
from castcheck.report.writers import OutputError, ReportInputs, check_writable, write_reports
from castcheck.support.system_errors import refusal
from castcheck.tables.formats import GITHUB
from scenes.errors import CastcheckError, VideoOpenError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from castcheck.config import Config
    from castcheck.facts.report import Report

_LIKE_A_URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # a path holds no "//"


@dataclass(frozen=True, slots=True)
class Run:
    """What all clips of one call share.

    Attributes:
        config: The resolved settings.
        out: Folder that holds one folder per clip.
        json_to_stdout: Print each report as one line of JSON.
    """

    config: Config
    out: Path
    screen: Screen
    json_to_stdout: bool = False


def check_clips(clips: Sequence[Path], run: Run) -> int:
    """Judge every clip and return the exit code: the worst of all.

    Raises:
        CastcheckError: Nothing can be done at all: the output folder or a model is bad.
    """
    check_writable(run.out)
    if (run.out / SUMMARY_FILE).exists():
        raise OutputError(
            "holds a run of `castcheck batch`, whose summary would no longer be true",
            where=run.out,
            hint="choose another folder with -o",
        )
    folders = [run.out / name for name in clip_folders(clips)]
    bad = {number for number, clip in enumerate(clips) if not _opens(clip, run)}
    for number in sorted(bad):
        _disown(folders[number], run)
    if len(bad) == len(clips):
        return EXIT_BAD_INPUT
    with run.screen.progress("castcheck") as progress, _suppress_stdout():
        progress("loading models", 0, None)
        models = _pipeline().load_models(run.config)
    for line in models.advice:
        run.screen.note(line)
    codes = [EXIT_BAD_INPUT] if bad else [EXIT_OK]
    for number, clip in enumerate(clips):
        if number not in bad:
            title = f"{clip.name}" if len(clips) == 1 else f"{number + 1}/{len(clips)} {clip.name}"
            codes.append(_check_safely(clip, folders[number], models, run, title))
    return max(codes)


def _opens(clip: Path, run: Run) -> bool:
    """Tell whether a clip can be opened, and say why not: before networks are loaded."""
    try:
        if not _exists(clip):
            is_url = _LIKE_A_URL.match(str(clip)) is not None
            hint = "`castcheck batch` takes URLs" if is_url else "check the path"
            raise VideoOpenError("no such file", where=clip, hint=hint)
        glance_at(clip, run.config)
    except CastcheckError as err:
        text = str(err) if err.where else f"{clip}: {err}"
        run.screen.error(text)
        tell_github_of_failure(str(clip), text, run.config, run.screen)
        return False
    return True


def _exists(clip: Path) -> bool:
    try:
        return clip.exists()
    except (OSError, ValueError):  # too long a name, a loop of links, a NUL: the reader tells
        return True


def glance_at(clip: Path, config: Config) -> None:
    """Read the first picture of a clip.

    Raises:
        CastcheckError: There is none.
    """
    from scenes.source import open_source  # noqa: PLC0415 (decoders, which --help does not need)

    with open_source(clip, limits=config.limits):
        pass


def _check_safely(clip: Path, folder: Path, models: Any, run: Run, title: str) -> int:
    """Judge one clip; turn what goes wrong into a message and a code."""
    try:
        return _check(clip, folder, models, run, title)
    except CastcheckError as err:
        text = str(err) if err.where else f"{clip}: {err}"
        run.screen.error(text)
        tell_github_of_failure(str(clip), text, run.config, run.screen)
        return EXIT_BAD_INPUT
    except Exception as err:  # noqa: BLE001 (whatever it is, the other clips are still judged)
        refused = refusal(err, where=clip)
        if refused is not None:
            run.screen.error(str(refused))
            return EXIT_BAD_INPUT
        report_internal_error(run.screen, err, where=str(clip))
        return EXIT_BUG


def _disown(folder: Path, run: Run) -> None:
    """Leave no report of an earlier run where a clip could not be judged."""
    try:
        remove_earlier(folder)
    except CastcheckError as err:
        run.screen.error(str(err))
    _say_lookalikes(folder, (), run)


def _say_lookalikes(folder: Path, written: Collection[Path], run: Run) -> None:
    for path in lookalikes(folder, written):
        run.screen.note(f"{path}: this run did not write it, and it says nothing about this clip")


def _check(clip: Path, folder: Path, models: Any, run: Run, title: str) -> int:
    config = run.config
    left_out: list[str] = []
    try:
        with run.screen.progress(title) as progress, _suppress_stdout():
            outcome = _pipeline().judge(clip, config=config, models=models, progress=progress)
            report: Report = outcome.report
            material = ReportInputs(report, outcome.visuals, config.report, clip, folder)
            remove_earlier(folder)
            written = write_reports(
                material,
                folder,
                config.report.format_list,
                progress=progress,
                note=left_out.append,
            )
            remember(folder, written.values())
    except Exception:
        _disown(folder, run)
        raise
    if run.json_to_stdout:
        run.screen.data(report.to_json(pretty=False))
    show(report, run.screen, label=str(clip))
    best = written.get("html") or next(iter(written.values()), None)
    if best is not None:
        run.screen.line(f"      report: {best}")
    if GITHUB in config.report.format_list:
        tell_github(report, config, run.screen)
    for line in left_out:
        run.screen.note(line)
    _say_lookalikes(folder, tuple(written.values()), run)
    code = config.parsed_gate().exit_code(report.findings)
    for line in report.degradations:
        if config.gate.strict:
            run.screen.error(f"{clip}: {line}; --strict makes this an error")
            code = EXIT_BAD_INPUT
        else:
            run.screen.note(f"{clip}: {line}")
    return code


@contextmanager
def _suppress_stdout() -> Iterator[None]:
    """Keep what other libraries print off stdout: results are the only thing there."""
    if env_flag(DEBUG_VARIABLE):
        with redirect_stdout(sys.stderr):
            yield
    else:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            yield


def _pipeline() -> Any:
    """Return the pipeline; imported late, since it brings the networks' engines along."""
    from castcheck import pipeline  # noqa: PLC0415

    return pipeline
