"""Who does which job, and a second try, alone, for one that was there when its worker died.

What both pools share, local and Ray. No process is touched here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from castcheck.batch.record import Record
from castcheck.batch.work import Answer
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from castcheck.batch.work import Job

TRIES = 2  # a clip that killed two workers kills a third
_STARTS_ALLOWED = 2  # deaths in a row while loading, beyond one per worker


class WorkersError(CastcheckError):
    """No worker can be started: the models are bad, or workers die while they load them."""


@dataclass(frozen=True, slots=True)
class Done:
    """A job that is answered.

    Attributes:
        answer: What became of it.
        part: Where its reports lie, complete; `None` where there are none.
    """

    answer: Answer
    part: Path | None


class Pool(Protocol):
    """Workers that judge clips, each with models it loaded once."""

    @property
    def size(self) -> int:
        """How many workers there are."""
        ...

    def run(self, jobs: Sequence[Job]) -> Iterator[Done]:
        """Yield every job once, in the order they end.

        Raises:
            WorkersError: No worker can be started.
        """
        ...

    def close(self) -> None:
        """End all workers at once, also in the middle of a clip."""
        ...


class Queue:
    """The jobs that wait, and what is known of those that were there when a worker died.

    Such a job is a suspect: it is tried once more, in a worker that has nothing else to do, so that
    a second death leaves no doubt, and no clip is blamed for one that was judged beside it.
    """

    def __init__(self, jobs: Iterable[Job], *, starts_allowed: int) -> None:
        self._waiting = deque(jobs)
        self._suspects: deque[Job] = deque()
        self._open = len(self._waiting)
        self._deaths: dict[int, int] = {}
        self._failed_starts = 0
        self._starts_allowed = starts_allowed

    @property
    def open(self) -> int:
        """How many jobs are not answered."""
        return self._open

    def take(self, *, idle: bool) -> Job | None:
        """Return the next job for a worker; `None` where none waits for one like it.

        Args:
            idle: The worker has no other job, so that it may take a suspect.
        """
        if idle and self._suspects:
            return self._suspects.popleft()
        return self._waiting.popleft() if self._waiting else None

    def is_suspect(self, job: Job) -> bool:
        """Return whether a worker died while it had this job: nothing else may go beside it."""
        return job.index in self._deaths

    def answered(self) -> None:
        """Take note that a job is answered."""
        self._open -= 1

    def started(self) -> None:
        """Take note that a worker has loaded its models."""
        self._failed_starts = 0

    def died_loading(self, how: str) -> None:
        """Take note that a worker died before it had any job.

        Raises:
            WorkersError: That happened too often in a row to be an accident.
        """
        self._failed_starts += 1
        if self._failed_starts >= self._starts_allowed:
            raise WorkersError(
                f"workers die while they load the models ({how})",
                where="castcheck batch",
                hint="is there memory enough? try fewer --workers",
            )

    def died(self, job: Job, how: str) -> Answer | None:
        """Return the answer to a job that killed its last worker; `None` = it waits again."""
        deaths = self._deaths[job.index] = self._deaths.get(job.index, 0) + 1
        if deaths < TRIES:
            self._suspects.append(job)
            return None
        self.answered()
        text = f"{job.clip}: killed the process that judged it, twice ({how}); is the clip damaged?"
        return Answer(job.index, Record(clip=job.clip, outcome="crashed", message=text))


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker says: its models are loaded."""


@dataclass(frozen=True, slots=True)
class WorkerFailed:
    """A worker says: no clip can be judged at all."""

    message: str


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """A worker has died.

    Attributes:
        how: In words that are the same each time, since they go into the summary.
        details: What else is known.
    """

    how: str
    details: str = ""


WorkerEvent = Ready | WorkerFailed | WorkerDied | Done


@dataclass(slots=True, eq=False)
class WorkerHandle:
    """A worker as its leader sees it.

    Attributes:
        ready: Its models are loaded.
        jobs: What it was given and has not answered, by index.
        alone: It has a suspect, and gets nothing beside it.
    """

    ready: bool = False
    jobs: dict[int, Job] = field(default_factory=dict)
    alone: bool = False


AnyHandle = TypeVar("AnyHandle", bound=WorkerHandle)


class WorkerPool(ABC, Generic[AnyHandle]):
    """A `Pool` whose workers are led here; how to start, tell and hear one is left to it.

    Args:
        size: How many workers.
        clips_at_once: How many clips each judges at once.
    """

    def __init__(self, *, size: int, clips_at_once: int) -> None:
        self._size = size
        self._clips_at_once = clips_at_once
        self._handles: list[AnyHandle] = []

    @property
    def size(self) -> int:
        """How many workers there are."""
        return self._size

    def run(self, jobs: Sequence[Job]) -> Iterator[Done]:
        """Yield every job once, in the order they end.

        A worker is never given more clips than it judges at once: so no more results than that ever
        wait to be taken in, however slow the leader's disk is.

        Raises:
            WorkersError: No worker can be started.
        """
        queue = Queue(jobs, starts_allowed=self._size + _STARTS_ALLOWED)
        while queue.open:
            while len(self._handles) < min(self._size, queue.open):
                self._handles.append(self._start())
            self._hand_out(queue)
            for handle, event in self._poll():
                yield from self._handle_event(handle, event, queue)

    def _hand_out(self, queue: Queue) -> None:
        """Give jobs to those who have room, the idlest first."""
        while True:
            free = [handle for handle in self._handles if self._has_room(handle)]
            handle = min(free, key=lambda handle: len(handle.jobs), default=None)
            job = None if handle is None else queue.take(idle=not handle.jobs)
            if handle is None or job is None:
                return
            handle.jobs[job.index] = job
            handle.alone = queue.is_suspect(job)
            self._send(handle, job)

    def _has_room(self, handle: AnyHandle) -> bool:
        if not handle.ready or (handle.alone and handle.jobs):
            return False
        return len(handle.jobs) < self._clips_at_once

    def _handle_event(self, handle: AnyHandle, event: WorkerEvent, queue: Queue) -> Iterator[Done]:
        """Act on what a worker says, or on its death."""
        if isinstance(event, WorkerFailed):
            raise WorkersError(event.message)
        if isinstance(event, Ready):
            handle.ready = True
            queue.started()
        elif isinstance(event, Done):
            handle.jobs.pop(event.answer.index)
            queue.answered()
            yield event
        else:
            self._handles.remove(handle)
            if not handle.ready:
                queue.died_loading(": ".join(filter(None, (event.how, event.details))))
            for job in handle.jobs.values():
                answer = queue.died(job, event.how)
                if answer is not None:
                    yield Done(answer, None)

    @abstractmethod
    def _start(self) -> AnyHandle:
        """Start a worker."""

    @abstractmethod
    def _send(self, handle: AnyHandle, job: Job) -> None:
        """Give a worker a job; one that died just now is heard of later."""

    @abstractmethod
    def _poll(self) -> Iterator[tuple[AnyHandle, WorkerEvent]]:
        """Wait until at least one worker has news, and yield at most one of each worker."""
