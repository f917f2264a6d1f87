"""One run over many clips: hand them out, keep what is finished, sum up, say how it went."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castcheck.batch.findings_table import findings_parquet
from castcheck.batch.index_page import render_index
from castcheck.batch.progress import BatchProgress, ordered_counts, outcome_word
from castcheck.batch.record import Record
from castcheck.batch.store import FINDINGS_FILE, PAGE_FILE, RunStore
from castcheck.batch.work import Job, clip_fingerprint
from castcheck.checking.folders import SUMMARY_FILE
from castcheck.checking.messages import tell_github, tell_github_of_failure
from castcheck.console.exit_codes import EXIT_BAD_INPUT, EXIT_INTERRUPTED, EXIT_OK
from castcheck.facts.report import report_from_json
from castcheck.labels import kind_count, plural
from castcheck.tables.formats import FORMATS, GITHUB
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from castcheck.batch.inputs import Named
    from castcheck.batch.record import Finished
    from castcheck.batch.scheduler import Done, Pool
    from castcheck.config import Config
    from castcheck.console.screen import Screen
    from castcheck.facts.report import Report

    PoolMaker = Callable[[RunStore, int], Pool]


@dataclass(slots=True)
class Batch:
    """One call of `castcheck batch`.

    Attributes:
        config: The resolved settings.
        out: The run's folder.
        make_pool: Called with the store and the number of clips, once there is work.
        json_to_stdout: Print each report as one line of JSON, in the order of the list.
    """

    config: Config
    out: Path
    screen: Screen
    make_pool: PoolMaker
    json_to_stdout: bool = False
    changed: Counter[str] = field(default_factory=Counter)
    records: dict[int, Record] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)

    def run(self, clips: Sequence[Named], complaints: Sequence[str]) -> int:
        """Judge the clips and return the exit code: the worst of all.

        Args:
            clips: In the order of the summary.
            complaints: What the user named and what is no clip.

        Raises:
            CastcheckError: Nothing can be judged: the folder or a model is bad.
        """
        for line in complaints:
            self.screen.error(line)
        if not clips:
            if not complaints:
                self.screen.error("there are no clips to judge; name clips, folders or a list")
            return EXIT_BAD_INPUT
        with RunStore(self.out) as store:
            interrupted = self._judge(clips, store)
            records = [
                self.records.get(index) or _not_judged(named) for index, named in enumerate(clips)
            ]
            self._sum_up(records, store)
        self._say(records)
        if interrupted:
            self.screen.error(
                f"{len(self.records)} of {plural(len(clips), 'clip')} are done: "
                "the same command goes on with the others"
            )
            return EXIT_INTERRUPTED
        return max([EXIT_BAD_INPUT if complaints else EXIT_OK, *map(self._code, records)])

    def _judge(self, clips: Sequence[Named], store: RunStore) -> bool:
        """Judge the clips; return whether somebody ended that early."""
        finished = store.finished()
        home = self.out.resolve()
        jobs = [
            Job(index, named.clip, named.key, folder, finished.get(named.key), home / folder)
            for index, (named, folder) in enumerate(
                zip(clips, store.folders_for(clips, finished), strict=True)
            )
        ]
        self._say_start(jobs, finished)
        progress = BatchProgress(len(jobs), quiet=self.screen.quiet)
        printer = _InOrder(self._print, len(jobs))
        pool: Pool | None = None
        try:
            with _ended_politely():
                pool = self.make_pool(store, len(jobs))
                for done in pool.run(jobs):
                    self._take(done, jobs, store)
                    record = done.answer.record
                    progress.clear()
                    printer.add(done.answer.index, record)
                    progress.add(record, kept=done.answer.kept)
        except KeyboardInterrupt:
            return True
        finally:
            progress.clear()
            if progress.summary():
                self.screen.note(progress.summary())
            if pool is not None:
                pool.close()
        return False

    def _take(self, done: Done, jobs: Sequence[Job], store: RunStore) -> None:
        """Put a clip's results in place."""
        answer = done.answer
        job = jobs[answer.index]
        if done.part is not None:
            store.commit(done.part, job.folder)
        elif answer.record.outcome != "judged" and job.finished is not None and _is_there(job.key):
            store.discard(job.folder)  # what was found in it before no longer holds
        self.records[answer.index] = answer.record
        if answer.kept:
            self.kept.add(answer.index)
        self.changed.update(answer.changed[:1])
        if answer.details:
            self.screen.note(answer.details)

    def _print(self, index: int, record: Record) -> None:
        """Print what became of one clip."""
        if record.outcome != "judged":
            self.screen.error(record.message)
            tell_github_of_failure(record.clip, record.message, self.config, self.screen)
            return
        if self.json_to_stdout:
            self.screen.data(self._report(record).to_json(pretty=False))
        if index not in self.kept:
            self.screen.verdict(str(record.verdict).upper(), f"{record.clip}: {record.message}")
        if GITHUB in self.config.report.format_list:
            tell_github(self._report(record), self.config, self.screen)

    def _report(self, record: Record) -> Report:
        path = self.out / str(record.folder) / FORMATS["json"].filename
        return report_from_json(path.read_text(encoding="utf-8"))

    def _sum_up(self, records: Sequence[Record], store: RunStore) -> None:
        lines = "".join(f"{record.to_json()}\n" for record in records)
        store.write(SUMMARY_FILE, lines.encode("utf-8", "backslashreplace"))
        store.write(FINDINGS_FILE, findings_parquet(records))
        formats = self.config.report.format_list
        report_file = FORMATS["html" if "html" in formats else "json"].filename
        title = self.out.resolve().name or "run"
        page = render_index(records, title=title, report_file=report_file)
        store.write(PAGE_FILE, page.encode("utf-8", "backslashreplace"))

    def _code(self, record: Record) -> int:
        return record.exit_code(self.config.parsed_gate(), strict=self.config.gate.strict)

    def _say_start(self, jobs: Sequence[Job], finished: dict[str, Finished]) -> None:
        known = sum(job.finished is not None for job in jobs)
        if known:
            verb = "was" if known == 1 else "were"
            self.screen.note(f"{plural(known, 'clip')} of {len(jobs)} {verb} judged before")
        others = len(finished) - known
        if others:
            self.screen.note(f"{plural(others, 'other clip')} in {self.out} not named this time")

    def _say(self, records: Sequence[Record]) -> None:
        """Say how the run went."""
        for what, count in self.changed.most_common():
            self.screen.note(f"{plural(count, 'clip')} judged again, since {what} changed")
        self._say_degradations(records)
        counts = ", ".join(f"{n} {w}" for w, n in ordered_counts(_counted(records)))
        self.screen.line(f"{plural(len(records), 'clip')}: {counts}")
        kinds = sum((record.kinds for record in records), Counter[str]())
        if kinds:
            found = (kind_count(n, kind) for kind, n in kinds.most_common())
            self.screen.line(f"found: {', '.join(found)}")
        self._say_baseline(records)
        self.screen.line(f"page:  {self.out / PAGE_FILE}")

    def _say_baseline(self, records: Sequence[Record]) -> None:
        if not self.config.gate.baseline:
            return
        accepted = sum(bool(f.get("accepted")) for r in records for f in r.findings)
        gone = sum(len(record.gone) for record in records)
        self.screen.line(f"baseline: {plural(accepted, 'finding')} accepted, {gone} gone")
        for record in records:
            for entry in record.gone[:1]:
                more = f", and {len(record.gone) - 1} more" if len(record.gone) > 1 else ""
                self.screen.note(f"{record.clip}: gone: {entry['message']}{more}")

    def _say_degradations(self, records: Sequence[Record]) -> None:
        counts = Counter(line for record in records for line in record.degradations)
        for line, count in counts.most_common():
            if self.config.gate.strict:
                clips = plural(count, "clip")
                self.screen.error(f"{clips}: {line}; --strict makes this an error")
            else:
                self.screen.note(f"{plural(count, 'clip')}: {line}")


class _InOrder:
    """Prints clips in the order of the list, each as soon as those before it are printed."""

    def __init__(self, show: Callable[[int, Record], None], total: int) -> None:
        self._show = show
        self._total = total
        self._next = 0
        self._held: dict[int, Record] = {}

    def add(self, index: int, record: Record) -> None:
        """Take in a clip."""
        self._held[index] = record
        while self._next in self._held:
            self._show(self._next, self._held.pop(self._next))
            self._next += 1


def _is_there(key: str) -> bool:
    """Tell whether a clip can be reached: what is not may be back when the run is resumed."""
    try:
        clip_fingerprint(key)
    except CastcheckError:
        return False
    return True


def _not_judged(named: Named) -> Record:
    text = f"{named.clip}: not judged, the run was ended before its turn"
    return Record(clip=named.clip, outcome="not_judged", message=text)


def _counted(records: Sequence[Record]) -> Counter[str]:
    return Counter(map(outcome_word, records))


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Treat a request to end (SIGTERM, as schedulers send it) like Ctrl-C while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
