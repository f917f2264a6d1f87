"""Workers on this machine: one process each, started afresh, models loaded once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from castcheck.batch.crew import Done, Queue, WorkersError
from castcheck.batch.machine import GPU_VARIABLE
from castcheck.batch.work import Answer, ClipWorker, hush
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from castcheck.batch.store import RunStore
    from castcheck.batch.work import Job
    from castcheck.config import Config

# "spawn": a fork would copy the state of threads and of a GPU that the child cannot use.
_CONTEXT = multiprocessing.get_context("spawn")
_STARTS_ALLOWED = 2  # deaths in a row while loading, beyond one per worker
_THREAD_VARIABLE = "OMP_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class _Ready:
    """The models are loaded."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """No clip can be judged at all."""

    message: str


@dataclass(slots=True)
class _Hand:
    """A worker as its leader sees it."""

    process: BaseProcess
    pipe: Connection
    ready: bool = False
    job: Job | None = None


class LocalPool:
    """A `Pool` of processes on this machine.

    Args:
        config: The settings.
        store: Where reports grow.
        size: How many workers.
        threads: For the networks of each worker.
        gpus: GPUs that the workers take in turns; fewer than two = as the settings say.
        worker: Makes what judges, in each process; an importable name, since it is sent there.
    """

    def __init__(
        self,
        config: Config,
        store: RunStore,
        *,
        size: int,
        threads: int,
        gpus: Sequence[str] = (),
        worker: Callable[[Config], ClipWorker] = ClipWorker,
    ) -> None:
        self._config = config
        self._store = store
        self._size = size
        self._threads = threads
        self._gpus = gpus
        self._worker = worker
        self._hands: list[_Hand] = []
        self._started = 0

    @property
    def size(self) -> int:
        """How many workers there are."""
        return self._size

    def run(self, jobs: Sequence[Job]) -> Iterator[Done]:
        """Yield every job once, in the order they end.

        Raises:
            WorkersError: No worker can be started.
        """
        queue = Queue(jobs, starts_allowed=self._size + _STARTS_ALLOWED)
        while queue.open:
            while len(self._hands) < min(self._size, queue.open):
                self._hands.append(self._start())
            # A dead worker's pipe is ready too: it has come to its end.
            ready = wait([hand.pipe for hand in self._hands])
            for hand in [hand for hand in self._hands if hand.pipe in ready]:
                yield from self._hear(hand, queue)

    def close(self) -> None:
        """End all workers at once, also in the middle of a clip."""
        for hand in self._hands:
            hand.process.kill()
        for hand in self._hands:
            hand.process.join()
            hand.pipe.close()
        self._hands.clear()

    def _hear(self, hand: _Hand, queue: Queue) -> Iterator[Done]:
        """Take in what a worker says, or that it died."""
        try:
            news = hand.pipe.recv()
        except (EOFError, OSError):
            yield from self._bury(hand, queue)
            return
        if isinstance(news, _Refusal):
            raise WorkersError(news.message)
        if isinstance(news, _Ready):
            hand.ready = True
            queue.started()
        if isinstance(news, Answer):
            job, hand.job = hand.job, None
            queue.answered()
            if job is not None:
                yield self._done(news, job)
        self._hand_out(hand, queue)

    def _done(self, answer: Answer, job: Job) -> Done:
        written = answer.record.outcome == "judged" and not answer.kept
        return Done(answer, self._store.work / f"{job.index}" if written else None)

    def _hand_out(self, hand: _Hand, queue: Queue) -> None:
        """Give an idle worker its next job; where none waits it stays, for one that returns."""
        hand.job = queue.take()
        if hand.job is not None:
            part = self._store.part(hand.job.index)
            with suppress(OSError):  # it died just now: its pipe says so next
                hand.pipe.send((hand.job, part))

    def _bury(self, hand: _Hand, queue: Queue) -> Iterator[Done]:
        """See what a dead worker was at."""
        self._hands.remove(hand)
        hand.pipe.close()
        hand.process.join()
        how = _ending(hand.process.exitcode)
        if not hand.ready:
            queue.died_loading(how)
        elif hand.job is not None:
            answer = queue.died(hand.job, how)
            if answer is not None:
                yield Done(answer, None)
            else:
                self._wake_idle(queue)

    def _wake_idle(self, queue: Queue) -> None:
        """Give a job that came back to a worker that has nothing to do, if there is one."""
        for hand in self._hands:
            if hand.ready and hand.job is None and queue.waiting:
                self._hand_out(hand, queue)

    def _start(self) -> _Hand:
        ours, theirs = _CONTEXT.Pipe()
        variables = {}
        if _THREAD_VARIABLE not in os.environ:
            variables[_THREAD_VARIABLE] = str(self._threads)
        if len(self._gpus) > 1:
            variables[GPU_VARIABLE] = self._gpus[self._started % len(self._gpus)]
        self._started += 1
        process = _CONTEXT.Process(
            target=_serve,
            args=(theirs, self._config, self._worker),
            name="castcheck-worker",
            daemon=True,
        )
        with _environment(variables), _no_interrupts():
            process.start()
        theirs.close()  # else its end would not be seen when the worker dies
        return _Hand(process, ours)


def _serve(pipe: Connection, config: Config, make_worker: Callable[[Config], ClipWorker]) -> None:
    """Run a worker: load the models, judge what comes, until the pipe ends."""
    _end_with_leader()
    hush()
    try:
        worker = make_worker(config)
    except CastcheckError as err:
        pipe.send(_Refusal(str(err)))
        return
    except Exception as err:  # noqa: BLE001 (the leader tells; it cannot see our stderr)
        what = " ".join(f"{type(err).__name__}: {err}".split())
        pipe.send(_Refusal(f"a bug in castcheck while loading the models ({what[:300]})"))
        return
    pipe.send(_Ready())
    while True:
        try:
            job, part = pipe.recv()
        except EOFError:
            return
        try:
            answer = worker.judge(job, part)
        except CastcheckError as err:  # nothing can be written
            pipe.send(_Refusal(str(err)))
            return
        pipe.send(answer)


def _end_with_leader() -> None:
    """End this process when its leader ends, however that ends: no orphan keeps a GPU busy."""
    leader = multiprocessing.parent_process()

    def watch() -> None:
        if leader is not None:
            leader.join()
            os._exit(1)

    threading.Thread(target=watch, name="leader-watch", daemon=True).start()


def _ending(code: int | None) -> str:
    """Return how a process ended, in words.

    Example:
        >>> _ending(-9), _ending(1)
        ('SIGKILL, perhaps out of memory', 'exit code 1')
    """
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"{name}, perhaps out of memory" if name == "SIGKILL" else name


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back while the block runs; processes started in it never hear of it.

    The terminal sends it to the workers too, and it is the leader who decides.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables while the block runs."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
