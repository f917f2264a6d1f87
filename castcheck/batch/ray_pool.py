"""Workers on a Ray cluster: actors that hold the models. The only file that imports Ray.

The leader alone writes the run's folder: an actor judges into a folder of its own machine and sends
the files back, so machines need to share the clips, but not the run's folder.
"""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.api import __version__
from castcheck.batch.crew import Done, Queue, WorkersError
from castcheck.batch.work import ClipWorker
from scenes.errors import CastcheckError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from castcheck.batch.store import RunStore
    from castcheck.batch.work import Answer, Job
    from castcheck.config import Config
    from castcheck.screen import Screen

_STARTS_ALLOWED = 2  # deaths in a row while loading, beyond one per worker
_ACTOR_CPUS = 1.0
_ACTOR_GPU_SHARE = 0.25  # while one decodes or judges, the others keep the GPU busy
# Of a cluster that is started here: results pass through it one at a time, and are small.
_LOCAL_STORE_BYTES = 200 * 1024 * 1024
_CONNECT_S = 10.0
_START_HINT = "start one with `ray start --head`, or give its address"


@dataclass(frozen=True, slots=True)
class _Parcel:
    """An answer with the files that belong to it."""

    answer: Answer
    files: dict[str, bytes]


class _Actor:
    """What runs in the cluster: one worker, one clip at a time."""

    def __init__(
        self, config: Config, make_worker: Callable[[Config], ClipWorker], *, folder: str
    ) -> None:
        # Relative paths mean what they mean where the command was given, if that folder is here.
        with suppress(OSError):
            os.chdir(folder)
        self._config = config
        self._make_worker = make_worker
        self._worker: ClipWorker | None = None

    def load(self) -> tuple[str, str]:
        """Load the models; return the version of castcheck here, and what is wrong, if anything."""
        try:
            self._worker = self._make_worker(self._config)
        except CastcheckError as err:
            return __version__, str(err)
        return __version__, ""

    def judge(self, job: Job) -> _Parcel | str:
        """Judge a clip; return the answer with its files, or why nothing can be written."""
        if self._worker is None:
            raise RuntimeError("judge before load")
        with tempfile.TemporaryDirectory(prefix="castcheck-") as scratch:
            folder = Path(scratch) / "part"
            try:
                answer = self._worker.judge(job, folder)
            except CastcheckError as err:
                return str(err)
            files = {f.name: f.read_bytes() for f in folder.iterdir()} if folder.is_dir() else {}
        return _Parcel(answer, files)


@dataclass(slots=True)
class _Hand:
    """An actor as the leader sees it: what it was last asked, and for which job."""

    actor: Any
    asked: Any
    job: Job | None = None
    ready: bool = False


class RayPool:
    """A `Pool` of actors on a cluster that this process is connected to.

    Args:
        config: The settings.
        store: Where results are put in place.
        size: How many actors.
        cpus: Cores that each asks of the cluster.
        gpus: GPUs that each asks of the cluster; a fraction = that many share one.
        worker: Makes what judges, in each actor.
        owns_ray: End Ray with the pool.
    """

    def __init__(
        self,
        config: Config,
        store: RunStore,
        *,
        size: int,
        cpus: float = _ACTOR_CPUS,
        gpus: float = 0.0,
        worker: Callable[[Config], ClipWorker] = ClipWorker,
        owns_ray: bool = False,
    ) -> None:
        import ray  # noqa: PLC0415

        self._ray = ray
        self._config = config
        self._store = store
        self._size = size
        self._worker = worker
        self._owns_ray = owns_ray
        # No restart by Ray: a clip that kills its actor is ours to count.
        self._class = ray.remote(_Actor).options(
            num_cpus=cpus, num_gpus=gpus, max_restarts=0, max_task_retries=0
        )
        self._hands: list[_Hand] = []

    @property
    def size(self) -> int:
        """How many workers there are."""
        return self._size

    def run(self, jobs: Sequence[Job]) -> Iterator[Done]:
        """Yield every job once, in the order they end.

        Each actor is asked for one clip at a time: so no more results than actors ever wait in the
        cluster's memory, however slow the leader's disk is.

        Raises:
            WorkersError: No worker can be started.
        """
        queue = Queue(jobs, starts_allowed=self._size + _STARTS_ALLOWED)
        while queue.open:
            while len(self._hands) < min(self._size, queue.open):
                self._hands.append(self._start())
            self._wake_idle(queue)
            asked = [hand.asked for hand in self._hands if hand.asked is not None]
            ended, _ = self._ray.wait(asked, num_returns=1)
            for hand in [hand for hand in self._hands if hand.asked in ended]:
                yield from self._hear(hand, queue)

    def close(self) -> None:
        """End all workers at once, also in the middle of a clip."""
        for hand in self._hands:
            self._ray.kill(hand.actor)
        self._hands.clear()
        if self._owns_ray:
            self._ray.shutdown()

    def _start(self) -> _Hand:
        actor = self._class.remote(self._config, self._worker, folder=str(Path.cwd()))
        return _Hand(actor, actor.load.remote())

    def _hear(self, hand: _Hand, queue: Queue) -> Iterator[Done]:
        """Take in what an actor says, or that it died."""
        job, asked = hand.job, hand.asked
        hand.job = hand.asked = None
        try:
            news = self._ray.get(asked)
        except self._ray.exceptions.RayActorError as err:
            yield from self._bury(hand, job, queue, err)
            return
        except self._ray.exceptions.RayTaskError as err:
            raise WorkersError(f"a bug in castcheck on a worker ({_line(err)})") from err
        if isinstance(news, _Parcel) and job is not None:
            queue.answered()
            yield Done(news.answer, self._unpack(news, job))
        elif isinstance(news, tuple):
            hand.ready = True
            queue.started()
            _check_start(*news)
        else:
            raise WorkersError(str(news))

    def _unpack(self, parcel: _Parcel, job: Job) -> Path | None:
        if not parcel.files:
            return None
        part = self._store.part(job.index)
        self._store.fill(part, parcel.files)
        return part

    def _bury(self, hand: _Hand, job: Job | None, queue: Queue, err: Exception) -> Iterator[Done]:
        """See what a dead actor was at."""
        self._hands.remove(hand)
        if job is None:
            queue.died_loading(_line(err))
            return
        answer = queue.died(job, "its Ray actor died")
        if answer is not None:
            yield Done(answer, None)

    def _wake_idle(self, queue: Queue) -> None:
        """Give every actor that has nothing to do a job, while there are any."""
        for hand in self._hands:
            if hand.ready and hand.asked is None:
                hand.job = queue.take()
                if hand.job is not None:
                    hand.asked = hand.actor.judge.remote(hand.job)


def open_ray_pool(
    config: Config,
    store: RunStore,
    screen: Screen,
    *,
    address: str,
    workers: int | None,
    clips: int,
) -> RayPool:
    """Connect to a cluster and return its workers.

    Args:
        config: The settings.
        store: Where results are put in place.
        screen: Where to say who works.
        address: Of the cluster; "auto" = the one that runs on this machine, else one is started
            here for as long as the run lasts.
        workers: How many actors; `None` = as many as the cluster has cores or GPU shares for.
        clips: Never more actors than clips.

    Raises:
        ConfigError: Ray is not installed, or there is no such cluster.
    """
    try:
        import ray  # noqa: PLC0415 (an extra)
    except ImportError as err:
        raise ConfigError(
            "Ray is not installed", where="--ray", hint="pip install 'castcheck[ray]'"
        ) from err
    _check_reachable(address)
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as err:
        if address != "auto":
            raise ConfigError(
                f"no cluster answers at {address!r} ({_line(err)})", where="--ray", hint=_START_HINT
            ) from err
        screen.note("no Ray cluster runs here, so one was started on this machine for this run")
        ray.init(
            include_dashboard=False,
            object_store_memory=_LOCAL_STORE_BYTES,
            num_cpus=workers or None,
            **quiet,
        )
    have = ray.cluster_resources()
    gpus = _ACTOR_GPU_SHARE if have.get("GPU", 0) and config.run.device != "cpu" else 0.0
    fits = have["GPU"] / gpus if gpus else have.get("CPU", 1) / _ACTOR_CPUS
    size = max(1, min(clips, workers or int(fits)))
    if size > fits:
        screen.note(f"the cluster has room for {int(fits)} workers, so {size} will wait for room")
    nodes = sum(1 for node in ray.nodes() if node["Alive"])
    screen.note(f"Ray: {size} workers on {nodes} {'machine' if nodes == 1 else 'machines'}")
    return RayPool(config, store, size=size, gpus=gpus, owns_ray=True)


def _check_reachable(address: str) -> None:
    """Raise at once where nobody listens; Ray would try for minutes and print a page."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as err:
        raise ConfigError(
            f"no cluster answers at {address!r} ({_line(err)})", where="--ray", hint=_START_HINT
        ) from err


def _check_start(version: str, wrong: str) -> None:
    if wrong:
        raise WorkersError(wrong)
    if version != __version__:
        raise WorkersError(
            f"a machine of the cluster has castcheck {version}, here it is {__version__}",
            where="--ray",
            hint="install the same version everywhere",
        )


def _line(err: Exception) -> str:
    """Return an error of Ray, which may be a page, as a short line."""
    return " ".join(str(err).split())[:200] or type(err).__name__
