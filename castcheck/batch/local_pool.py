"""Workers on this machine: one process each, started afresh, models loaded once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from castcheck.batch.machine import GPU_VARIABLE
from castcheck.batch.scheduler import (
    Done,
    Ready,
    WorkerDied,
    WorkerFailed,
    WorkerHandle,
    WorkerPool,
)
from castcheck.batch.work import Answer, ClipWorker, hush
from scenes.errors import CastcheckError
from scenes.threads import COUNT_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from castcheck.batch.scheduler import WorkerEvent
    from castcheck.batch.store import RunStore
    from castcheck.batch.work import Job, WorkerMaker
    from castcheck.config import Config

# "spawn": a fork would copy the state of threads and of a GPU that the child cannot use.
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(slots=True, eq=False, kw_only=True)
class _Process(WorkerHandle):
    """A worker, and the pipe to it."""

    process: BaseProcess
    pipe: Connection


class LocalPool(WorkerPool[_Process]):
    """A `Pool` of processes on this machine.

    Args:
        config: The settings.
        store: Where reports grow.
        size: How many workers.
        threads: For the networks of each worker.
        clips_at_once: How many clips each worker judges at once.
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
        clips_at_once: int = 1,
        gpus: Sequence[str] = (),
        worker: WorkerMaker = ClipWorker,
    ) -> None:
        super().__init__(size=size, clips_at_once=clips_at_once)
        self._config = config
        self._store = store
        self._threads = threads
        self._gpus = gpus
        self._worker = worker
        self._started = 0

    def close(self) -> None:
        """End all workers at once, also in the middle of a clip."""
        for handle in self._handles:
            handle.process.kill()
        for handle in self._handles:
            handle.process.join()
            handle.pipe.close()
        self._handles.clear()

    def _send(self, handle: _Process, job: Job) -> None:
        part = self._store.part(job.index)
        with suppress(OSError):  # it died just now: its pipe says so next
            handle.pipe.send((job, part))

    def _poll(self) -> Iterator[tuple[_Process, WorkerEvent]]:
        # A dead worker's pipe is ready too: it has come to its end.
        ready = wait([handle.pipe for handle in self._handles])
        for handle in [handle for handle in self._handles if handle.pipe in ready]:
            yield handle, self._receive(handle)

    def _receive(self, handle: _Process) -> WorkerEvent:
        try:
            event = handle.pipe.recv()
        except (EOFError, OSError):
            handle.pipe.close()
            handle.process.join()
            return WorkerDied(_ending(handle.process.exitcode))
        if isinstance(event, Answer):
            written = event.record.outcome == "judged" and not event.kept
            return Done(event, self._store.work / f"{event.index}" if written else None)
        told: Ready | WorkerFailed = event
        return told

    def _start(self) -> _Process:
        ours, theirs = _CONTEXT.Pipe()
        variables = {}
        if COUNT_VARIABLE not in os.environ:
            variables[COUNT_VARIABLE] = str(self._threads)
        if len(self._gpus) > 1:
            variables[GPU_VARIABLE] = self._gpus[self._started % len(self._gpus)]
        self._started += 1
        process = _CONTEXT.Process(
            target=_serve,
            args=(theirs, self._config, self._worker, self._clips_at_once),
            name="castcheck-worker",
            daemon=True,
        )
        with _environment(variables), _no_interrupts():
            process.start()
        theirs.close()  # else its end would not be seen when the worker dies
        return _Process(process=process, pipe=ours)


def _serve(pipe: Connection, config: Config, make_worker: WorkerMaker, clips_at_once: int) -> None:
    """Run a worker: load the models, judge what comes, until the pipe ends."""
    _end_with_leader()
    hush()
    try:
        worker = make_worker(config, clips_at_once)
    except CastcheckError as err:
        pipe.send(WorkerFailed(str(err)))
        return
    except Exception as err:  # noqa: BLE001 (the leader tells; it cannot see our stderr)
        what = " ".join(f"{type(err).__name__}: {err}".split())
        pipe.send(WorkerFailed(f"a bug in castcheck while loading the models ({what[:300]})"))
        return
    pipe.send(Ready())
    talking = threading.Lock()

    def judge(job: Job, part: Path) -> None:
        event: Answer | WorkerFailed
        try:
            event = worker.judge(job, part)
        except CastcheckError as err:  # nothing can be written
            event = WorkerFailed(str(err))
        except BaseException:  # noqa: BLE001 (a thread would end unheard, and the leader wait)
            os._exit(1)
        with talking:
            pipe.send(event)

    with ThreadPoolExecutor(clips_at_once, thread_name_prefix="castcheck-clip") as threads:
        while True:
            try:
                job, part = pipe.recv()
            except EOFError:
                return
            threads.submit(judge, job, part)


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
