"""The state behind the page: one run, one reviewer, and the decisions made so far."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from castcheck.batch.store import DECISIONS_FILE
from castcheck.batch.work import POSTER_FILE
from castcheck.labels import plural
from castcheck.report.play import play_data
from castcheck.report.writers import OutputError
from castcheck.review.agreement import agreements, disputed
from castcheck.review.decisions import (
    Decision,
    DecisionError,
    append_decisions,
    current,
    now,
    read_decisions,
)
from castcheck.review.drawn import clip_row, drawn
from castcheck.review.frames import FrameShelf
from castcheck.support.locking import try_lock
from castcheck.tables.formats import FORMATS
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import IO

    from castcheck.facts.report import Report
    from castcheck.review.decisions import Reading
    from castcheck.review.run_folder import ClipFinder, Run, RunClip, Whereabouts

LOCK_FILE = ".review.lock"
VIDEO_FILE, PAGE_FILE = FORMATS["video"].filename, FORMATS["html"].filename


@dataclass(frozen=True, slots=True)
class Media:
    """What there is to look at: the clip itself, the annotated video, the report's page."""

    where: Whereabouts
    annotated: Path | None
    page: Path | None

    @property
    def frames_from(self) -> Path | None:
        """What single frames are read from."""
        return self.where.path or self.annotated


class Desk:
    """Everything the server needs; safe to use from several threads.

    Args:
        run: The run.
        finder: Finds its clips.
        reviewer: Who decides.

    Raises:
        OutputError: Another review of this run is open, or nothing can be written there.
        DecisionError: The decisions cannot be read.
    """

    def __init__(self, run: Run, finder: ClipFinder, *, reviewer: str) -> None:
        self.run = run
        self.reviewer = reviewer
        self.shelf = FrameShelf()
        self._finder = finder
        self._path = run.folder / DECISIONS_FILE
        self._mutex = threading.Lock()
        self._lock = _locked(run.folder / LOCK_FILE)
        try:
            reading = read_decisions(self._path)
        except DecisionError:
            self.close()
            raise
        self._decisions = list(reading.decisions)
        self.complaints = (*run.complaints, *reading.complaints, *strays(run, reading))
        self._report = lru_cache(maxsize=8)(lambda index: run.clips[index].report())

    def close(self) -> None:
        """Give the lock back and close what is open."""
        self.shelf.close()
        self._lock.close()

    def overview(self) -> dict[str, Any]:
        """Return the clips with their findings, and all that was decided."""
        return {
            # Two runs may have one name; what waits in a browser must not go to the other one.
            "id": hashlib.sha256(os.fsencode(self.run.folder.resolve())).hexdigest()[:16],
            "title": self.run.folder.resolve().name,
            "reviewer": self.reviewer,
            "complaints": list(self.complaints),
            "kinds": {kind.name: kind.title for kind in KINDS.values()},
            "meanings": {kind.name: kind.meaning for kind in KINDS.values()},
            "clips": [clip_row(index, clip) for index, clip in enumerate(self.run.clips)],
            **self.verdicts(),
        }

    def verdicts(self) -> dict[str, Any]:
        """Return what counts now, of everybody, and how far they agree."""
        with self._mutex:
            decisions = tuple(self._decisions)
        known = {clip.sha256 for clip in self.run.clips}
        said = [d for d in decisions if d.clip_sha256 in known]
        return {
            "decisions": [d.to_dict() for d in current(said).values()],
            "agreements": [asdict(row) for row in agreements(said)],
            "disputed": [list(subject) for subject in sorted(disputed(said))],
        }

    def summary(self) -> str:
        """Return in words what this reviewer has decided, and where it is written."""
        mine = [d for d in self.verdicts()["decisions"] if d["by"] == self.reviewer]
        words = Counter(d["decision"] for d in mine if d["finding"] is not None)
        missed = len(mine) - words.total()
        told = [f for clip in self.run.clips for f in clip.record.findings]
        asked = max(words.total(), sum(not f.get("accepted") for f in told))
        counts = [f"{count} {word.replace('_', ' ')}" for word, count in words.most_common()]
        parts = [f"{words.total()} of {plural(asked, 'finding')} decided"]
        parts += [f"({', '.join(counts)})"] if counts else []
        parts += [f"and {missed} missed"] if missed else []
        return f"{' '.join(parts)}; in {self._path}"

    def clip(self, index: int) -> dict[str, Any]:
        """Return all about one clip.

        Raises:
            CastcheckError: Its report cannot be read.
            IndexError: There is no such clip.
        """
        clip = self.run.clips[index]
        report: Report = self._report(index)
        media = self.media(index)
        playable = media.where.path is not None and media.where.path.is_file()
        base = f"clips/{index}/"
        return {
            "index": index,
            **play_data(report),
            **drawn(report),
            "verdict": report.verdict,
            "media": {
                "video": f"{base}video" if playable else None,
                "annotated": f"{base}annotated" if media.annotated else None,
                "frames": f"{base}frames/" if media.frames_from else None,
                "frames_are_annotated": media.where.path is None,
                "page": f"{base}report" if media.page else None,
                "note": media.where.note,
            },
            "path": clip.record.clip,
        }

    def media(self, index: int) -> Media:
        """Return what there is to look at."""
        clip = self.run.clips[index]
        files = [clip.folder / VIDEO_FILE, clip.folder / PAGE_FILE]
        annotated, page = (file if file.is_file() else None for file in files)
        return Media(self._finder.find(clip), annotated, page)

    def poster(self, index: int) -> Path | None:
        """Return the small picture of a clip, if there is one."""
        path = self.run.clips[index].folder / POSTER_FILE
        return path if path.is_file() else None

    def decide(self, wish: Mapping[str, Any]) -> Decision:
        """Write down what the reviewer decided, and return it once it is on the disk.

        Args:
            wish: `clip_sha256`, `finding`, `decision` and, where it matters, `kind`, `note`,
                `start_frame`, `stop_frame` and `characters`.

        Raises:
            DecisionError: It makes no sense, or is about a clip or finding not in this run.
            OutputError: It cannot be written.
        """
        decision = self._decision(wish)
        with self._mutex:
            append_decisions(self._path, [decision])
            self._decisions.append(decision)
        return decision

    def _decision(self, wish: Mapping[str, Any]) -> Decision:
        sha256, finding = wish.get("clip_sha256"), wish.get("finding")
        clip = next((clip for clip in self.run.clips if clip.sha256 == sha256), None)
        if clip is None:
            raise DecisionError(f"clip {sha256!r} is not in this run")
        names = wish.get("characters") or ()
        decision = Decision.from_dict(
            {
                "schema": "castcheck.decision/1",
                **{name: wish.get(name) for name in ("kind", "start_frame", "stop_frame")},
                "clip_sha256": sha256,
                "finding": finding,
                "decision": wish.get("decision"),
                "characters": names,
                "by": self.reviewer,
                "at": now(),
                "note": wish.get("note") or "",
            }
        )
        if finding is None:
            return _within(decision, clip)
        facts = next((f for f in clip.record.findings if f["id"] == finding), None)
        if facts is None:
            raise DecisionError(f"{clip.name} has no finding {finding!r}")
        return replace(
            decision,
            start_frame=facts["start_frame"],
            stop_frame=facts["stop_frame"],
            characters=tuple(facts["characters"]),
        )


def _within(decision: Decision, clip: RunClip) -> Decision:
    frames = clip.record.frames
    if frames is not None and (decision.stop_frame or 0) > frames:
        raise DecisionError(f"{clip.name} has {plural(frames, 'frame')}, not {decision.stop_frame}")
    return decision


def strays(run: Run, reading: Reading) -> tuple[str, ...]:
    """Return a line each for decisions about other clips and about findings that are gone."""
    findings = {c.sha256: {str(f["id"]) for f in c.record.findings} for c in run.clips}
    said = current(reading.decisions).values()
    foreign = [d for d in said if d.clip_sha256 not in findings]
    gone = [
        d
        for d in said
        if d.finding is not None and d.finding not in findings.get(d.clip_sha256, {d.finding})
    ]
    lines = []
    path = run.folder / DECISIONS_FILE
    if foreign:
        lines.append(
            f"{path}: {plural(len(foreign), 'decision')} about clips that are not in this run; "
            "passed over, they stay there"
        )
    if gone:
        lines.append(
            f"{path}: {plural(len(gone), 'decision')} about findings that this run no longer has; "
            "passed over, they stay there"
        )
    return tuple(lines)


def _locked(path: Path) -> IO[str]:
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise OutputError(f"cannot be written: {reason}", where=path.parent) from err
    if not try_lock(file):
        file.close()
        raise OutputError(
            "another review of this run is open", where=path.parent, hint="use that page, or end it"
        )
    return file
