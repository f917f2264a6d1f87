"""Who does which job: one at a time per worker, and a second try for one that killed its worker.

What both pools share, local and Ray. No process is touched here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from castcheck.batch.record import Record
from castcheck.batch.work import Answer
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from castcheck.batch.work import Job

TRIES = 2  # a clip that killed two workers kills a third


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
    """The jobs that wait, and what is known of those that killed a worker."""

    def __init__(self, jobs: Iterable[Job], *, starts_allowed: int) -> None:
        self._waiting = deque(jobs)
        self._open = len(self._waiting)
        self._deaths: dict[int, int] = {}
        self._failed_starts = 0
        self._starts_allowed = starts_allowed

    @property
    def waiting(self) -> int:
        """How many jobs no worker has taken."""
        return len(self._waiting)

    @property
    def open(self) -> int:
        """How many jobs are not answered."""
        return self._open

    def take(self) -> Job | None:
        """Return the next job; `None` where none waits."""
        return self._waiting.popleft() if self._waiting else None

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
            self._waiting.appendleft(job)
            return None
        self.answered()
        text = f"{job.clip}: killed the process that judged it, twice ({how}); is the clip damaged?"
        return Answer(job.index, Record(clip=job.clip, outcome="crashed", message=text))
