"""What a worker does: judge one clip after the other with models that were loaded once."""

from __future__ import annotations

import os
import traceback
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.batch.record import Finished, Record, record_of
from castcheck.batch.remote import clip_path, fetched, is_remote, remote_stamp
from castcheck.console.screen import DEBUG_VARIABLE, env_flag
from castcheck.facts.provenance import flat
from castcheck.report.writers import OutputError, ReportInputs, write_reports
from castcheck.support.system_errors import refusal
from castcheck.version import __version__
from scenes.errors import CastcheckError, VideoOpenError
from scenes.source import clip_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from castcheck.batch.record import Outcome
    from castcheck.batch.shared_models import SharedModels
    from castcheck.config import Config
    from castcheck.report.visuals import Visuals

    # What judges, made in its process from the settings and how many clips it gets at once.
    WorkerMaker = Callable[[Config, int], "ClipWorker"]

RESULT_FILE = "result.json"
POSTER_FILE = "poster.jpg"
MESSAGE_CHARS = 500
# How the work is done, not what comes out.
_SPEED_ONLY = frozenset(
    {"run.device", "run.trust_weights", "run.settings_file", "detector.batch_size", "gate.strict"}
)
_NAMED_BY_CONTENT = frozenset(
    {"run.detector", "run.embedder", "looks.faces", "run.cast", "gate.baseline"}
)


@dataclass(frozen=True, slots=True)
class Job:
    """A clip to judge.

    Attributes:
        index: Its place in the list.
        clip: As the user named it.
        key: Absolute path or URL, where it is read.
        folder: Name of its folder below the run's folder.
        finished: What an earlier run found out, to be kept if it still holds.
        home: Where its folder will lie on the machine that leads the run.
    """

    index: int
    clip: str
    key: str
    folder: str
    finished: Finished | None = None
    home: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job.

    Attributes:
        record: The line of the summary.
        kept: The result of an earlier run still holds: nothing was judged or written.
        changed: Why it did not hold.
        details: A traceback, for those who debug.
    """

    index: int
    record: Record
    kept: bool = False
    changed: tuple[str, ...] = ()
    details: str = ""


class ClipWorker:
    """Loads the models, then judges clips; `judge` may be called from several threads at once.

    Args:
        config: The settings; the same for every worker of a run.
        clips_at_once: From how many; more than one share the networks' batches.

    Raises:
        CastcheckError: A model or device is bad: no clip can be judged.
    """

    _shared: SharedModels | None = None

    def __init__(self, config: Config, clips_at_once: int = 1) -> None:
        from castcheck import pipeline  # noqa: PLC0415 (brings the networks' engines along)

        self._pipeline = pipeline
        self._config = config
        self._models = pipeline.load_models(config)
        if clips_at_once > 1:
            from castcheck.batch.shared_models import SharedModels  # noqa: PLC0415 (as above)

            self._shared = SharedModels(self._models, config)

    def judge(self, job: Job, folder: Path) -> Answer:
        """Judge one clip and write its reports into `folder`, which must be new.

        Raises:
            OutputError: Nothing can be written there: no other clip would fare better.
        """
        try:
            return self._judge(job, folder)
        except OutputError:
            raise
        except CastcheckError as err:
            text = str(err).replace(job.key, job.clip) if err.where else f"{job.clip}: {err}"
            return _failed(job, "bad_input", text)
        except Exception as err:  # noqa: BLE001 (whatever it is, the other clips are still judged)
            refused = refusal(err, where=job.clip)
            if refused is not None:
                return _failed(job, "bad_input", str(refused))
            details = traceback.format_exc() if env_flag(DEBUG_VARIABLE) else ""
            what = " ".join(f"{type(err).__name__}: {err}".split())
            text = (
                f"{job.clip}: a bug in castcheck ({what[:300]}); "
                f"set {DEBUG_VARIABLE}=1 to see where, and please report it"
            )
            return replace(_failed(job, "bug", text), details=details)

    def _judge(self, job: Job, folder: Path) -> Answer:
        stamp = clip_fingerprint(job.key)
        changed: tuple[str, ...] = ()
        with _LocalClip(job.key) as clip:
            judged_with = self._judged_with(clip.path_for_names)
            if job.finished is not None:
                changed = _changes(job.finished, stamp, judged_with, clip)
                if not changed:
                    record = replace(job.finished.record, clip=job.clip)
                    return Answer(job.index, record, kept=True)
            lent = self._shared.one_clip() if self._shared else nullcontext(self._models)
            with lent as models:
                outcome = self._pipeline.judge(
                    clip.path, config=self._config, models=models, progress=_silent
                )
            facts = replace(outcome.report.clip, path=job.clip)
            report = replace(outcome.report, clip=facts)
            home = None if is_remote(job.key) else job.home
            material = ReportInputs(report, outcome.visuals, self._config.report, clip.path, home)
            formats = dict.fromkeys(("json", *self._config.report.format_list))
            lacks: list[str] = []
            write_reports(material, folder, formats, progress=_silent, note=lacks.append)
        record = record_of(report, folder=job.folder)
        record = replace(record, degradations=(*record.degradations, *_plain(lacks)))
        _write_poster(folder, outcome.visuals, record)
        finished = Finished(record=record, key=job.key, stamp=stamp, judged_with=judged_with)
        _write(folder / RESULT_FILE, finished.to_json().encode("utf-8", "backslashreplace"))
        return Answer(job.index, record, changed=changed)

    def _judged_with(self, clip: Path) -> dict[str, Any]:
        """Return what the result depends on besides the clip, flat."""
        detector, embedder = self._models.detector_for(clip), self._models.embedder
        faces = self._models.faces
        references, baseline = self._models.references, self._models.baseline
        named = {
            "castcheck": __version__,
            "detector": f"{detector.name} {detector.sha256}",
            "embedder": "colour" if embedder is None else f"{embedder.name} {embedder.sha256}",
            "faces": None if faces is None else f"{faces.name} {faces.sha256}",
            "the cast": None if references is None else references.sha256,
            "the baseline": None if baseline is None else baseline.sha256,
        }
        if detector.sha256 is None:
            named["run.detector"] = self._config.run.detector
        left_out = _SPEED_ONLY | _NAMED_BY_CONTENT
        settings = {k: v for k, v in flat(self._config.to_dict()) if k not in left_out}
        return {**named, **settings}


def _plain(lines: list[str]) -> Iterator[str]:
    """Yield lines about files without their paths: those of a worker's folder mean nothing."""
    for line in lines:
        path, _, what = line.partition(": ")
        yield f"{Path(path).name}: {what}"


def clip_fingerprint(key: str) -> str:
    """Return a text that changes when the clip does: size and time of its file or pictures.

    Raises:
        VideoOpenError: There is nothing to read.
    """
    if is_remote(key):
        return remote_stamp(key)
    path = Path(key)
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        facts = [file.stat() for file in files]
    except FileNotFoundError:
        raise VideoOpenError("no such file", where=path, hint="check the path") from None
    except (OSError, ValueError) as err:
        reason = str(getattr(err, "strerror", None) or err).lower()
        raise VideoOpenError(f"cannot be opened: {reason}", where=path) from err
    size, newest = sum(f.st_size for f in facts), max((f.st_mtime_ns for f in facts), default=0)
    return f"files={len(facts)} size={size} mtime_ns={newest}"


class _LocalClip:
    """The clip as a local path; a remote one is fetched only once its path is asked for."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._fetch: Any = None
        self._path: Path | None = None if is_remote(key) else Path(key)

    def __enter__(self) -> _LocalClip:
        return self

    def __exit__(self, *error: object) -> None:
        if self._fetch is not None:
            self._fetch.__exit__(*error)

    @property
    def path(self) -> Path:
        """Where it can be read."""
        if self._path is None:
            self._fetch = fetched(self._key)
            self._path = self._fetch.__enter__()
        return self._path

    @property
    def path_for_names(self) -> Path:
        """A path with its name and stem; it need not lead anywhere."""
        return Path(clip_path(self._key))


def _changes(
    finished: Finished, stamp: str, judged_with: Mapping[str, Any], clip: _LocalClip
) -> tuple[str, ...]:
    """Return why an earlier result no longer holds; empty = it does."""
    before = finished.judged_with
    keys = dict.fromkeys([*judged_with, *before])
    # JSON knows lists only, settings have tuples.
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in judged_with.items()}
    changed = [key for key in keys if key not in before or before[key] != plain.get(key)]
    if stamp != finished.stamp and clip_sha256(clip.path) != finished.record.sha256:
        changed.append("the clip")
    return tuple(changed)


def _failed(job: Job, outcome: Outcome, message: str) -> Answer:
    record = Record(
        clip=job.clip, outcome=outcome, message=" ".join(message.split())[:MESSAGE_CHARS]
    )
    return Answer(job.index, record)


def _write_poster(folder: Path, visuals: Visuals, record: Record) -> None:
    """Write a small picture for the index: the shot of the worst finding, else the first shot."""
    shots = [shot for finding in record.findings for shot in finding["shots"]]
    pictures = visuals.shot_pictures
    for shot in (*shots, *sorted(pictures)):
        if shot in pictures:
            _write(folder / POSTER_FILE, pictures[shot])
            return


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise OutputError(f"cannot be written: {reason}", where=path) from err


def _silent(stage: str, done: int, total: int | None) -> None:
    """Take the news and say nothing."""


def hush() -> None:
    """Send what other libraries print in this process to nowhere, unless somebody debugs.

    File descriptors, not Python's streams: decoders print from C.
    """
    target = os.dup(2) if env_flag(DEBUG_VARIABLE) else os.open(os.devnull, os.O_WRONLY)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
