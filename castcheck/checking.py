"""One run over one or more clips: each is judged, shown, written; one bad clip stops no other."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.exit_codes import EXIT_BAD_INPUT, EXIT_BUG, EXIT_OK
from castcheck.facts.parts import ordered
from castcheck.labels import clock, headline, kind_title, weight, when
from castcheck.report import github
from castcheck.report.writers import ReportInputs, check_writable, write_reports
from castcheck.screen import DEBUG_VARIABLE, Screen, env_flag, printable
from castcheck.system_errors import refusal
from castcheck.tables.formats import GITHUB
from scenes.errors import CastcheckError, VideoOpenError
from scenes.scratch import check_scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from castcheck.config import Config
    from castcheck.facts.report import Report

STEM_LIMIT_BYTES = 200  # of the 255 most file systems allow, room left for a number


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
    check_scratch_folder()
    bad = {number for number, clip in enumerate(clips) if not _opens(clip, run)}
    if len(bad) == len(clips):
        return EXIT_BAD_INPUT
    with run.screen.progress("castcheck") as progress, _suppress_stdout():
        progress("loading models", 0, None)
        models = _pipeline().load_models(run.config)
    for line in models.advice:
        run.screen.note(line)
    folders = clip_folders(clips)
    codes = [EXIT_BAD_INPUT] if bad else [EXIT_OK]
    for number, clip in enumerate(clips):
        if number not in bad:
            title = f"{clip.name}" if len(clips) == 1 else f"{number + 1}/{len(clips)} {clip.name}"
            codes.append(_check_safely(clip, run.out / folders[number], models, run, title))
    return max(codes)


def clip_folders(clips: Sequence[Path], *, taken: Iterable[str] = ()) -> list[str]:
    """Return the name of each clip's folder: its stem, with a number where two are alike.

    Two names that differ only in case are alike, since some file systems cannot tell them apart.

    Args:
        clips: The clips; only their names count.
        taken: Names that are given away already.

    Example:
        >>> from pathlib import Path
        >>> clip_folders([Path("a/x.mp4"), Path("b/X.mov"), Path("x-2.mp4")])
        ['x', 'X-3', 'x-2']
    """
    stems = [_stem(clip) for clip in clips]
    seen = {name.casefold() for name in taken}
    names: list[str] = []
    avoid = seen | {stem.casefold() for stem in stems}
    tried: dict[str, int] = {}  # ten thousand clips of one name want no search from 2 each time
    for stem in stems:
        name, number = stem, tried.get(stem.casefold(), 2)
        if stem.casefold() in seen:
            while f"{stem}-{number}".casefold() in avoid:
                number += 1
            name = f"{stem}-{number}"
            tried[stem.casefold()] = number + 1
        avoid.add(name.casefold())
        seen.add(name.casefold())
        names.append(name)
    return names


def _stem(clip: Path) -> str:
    """Return the stem of what the path points at: `.` and `..` never name a folder of reports."""
    stem = clip.stem if clip.name not in {"", ".."} else clip.resolve().stem
    encoded = stem.encode("utf-8", "surrogateescape")[:STEM_LIMIT_BYTES]
    return encoded.decode("utf-8", "ignore").strip() or "clip"


def _opens(clip: Path, run: Run) -> bool:
    """Tell whether a clip can be opened, and say why not: before networks are loaded."""
    try:
        if not _exists(clip):
            raise VideoOpenError("no such file", where=clip, hint="check the path")
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


def _check(clip: Path, folder: Path, models: Any, run: Run, title: str) -> int:
    config = run.config
    left_out: list[str] = []
    with run.screen.progress(title) as progress, _suppress_stdout():
        outcome = _pipeline().judge(clip, config=config, models=models, progress=progress)
        report: Report = outcome.report
        material = ReportInputs(report, outcome.visuals, config.report, clip, folder)
        written = write_reports(
            material,
            folder,
            config.report.format_list,
            progress=progress,
            note=left_out.append,
        )
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
    code = config.parsed_gate().exit_code(report.findings)
    for line in report.degradations:
        if config.gate.strict:
            run.screen.error(f"{clip}: {line}; --strict makes this an error")
            code = EXIT_BAD_INPUT
        else:
            run.screen.note(f"{clip}: {line}")
    return code


def show(report: Report, screen: Screen, *, label: str) -> None:
    """Print the verdict on one clip and a line per finding, worst first."""
    screen.verdict(report.verdict.upper(), f"{label}: {headline(report)}")
    for finding in ordered(report.findings):
        title = f"{weight(finding)} {kind_title(finding.kind).lower()}"
        screen.line(f"      {when(report, finding)}  {title}: {finding.message}")
    for gone in report.baseline.gone if report.baseline is not None else ():
        title = f"gone, accepted {kind_title(gone.kind).lower()}"
        screen.line(f"      {clock(gone.start_s)}  {title}: {gone.message}")


def tell_github(report: Report, config: Config, screen: Screen) -> None:
    """Print the annotations of a workflow, and add the report to the summary of its job."""
    for line in github.annotations_of(report, config.parsed_gate()):
        screen.data(printable(line))
    complaint = github.add_to_summary(report)
    if complaint:
        screen.note(complaint)


def tell_github_of_failure(clip: str, text: str, config: Config, screen: Screen) -> None:
    """Print the annotation of a clip that could not be judged, where a workflow listens."""
    if GITHUB in config.report.format_list:
        line = github.annotation("error", text, file=clip, title="Not judged")
        screen.data(printable(line))


def report_internal_error(screen: Screen, err: BaseException, *, where: str = "") -> None:
    """Tell of an error that should not have happened, in one line; with the traceback if wanted."""
    if env_flag(DEBUG_VARIABLE):
        traceback.print_exception(type(err), err, err.__traceback__)
    what = " ".join(f"{type(err).__name__}: {err}".split())
    screen.error(
        f"{where}{': ' if where else ''}a bug in castcheck ({what[:300]}); "
        f"set {DEBUG_VARIABLE}=1 to see where, and please report it"
    )


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
