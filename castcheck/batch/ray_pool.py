"""Workers on a Ray cluster: actors that hold the models. The only file that imports Ray.

The leader alone writes the run's folder: an actor judges into a folder of its own machine and sends
the files back, so machines need to share the clips, but not the run's folder.
"""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.batch.machine import CLIPS_AT_ONCE_ON_GPU, workers_per_gpu
from castcheck.batch.scheduler import (
    Done,
    Ready,
    WorkerDied,
    WorkerFailed,
    WorkerHandle,
    WorkerPool,
    WorkersError,
)
from castcheck.batch.work import ClipWorker
from castcheck.version import __version__
from scenes.errors import CastcheckError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from castcheck.batch.scheduler import WorkerEvent
    from castcheck.batch.store import RunStore
    from castcheck.batch.work import Answer, Job, WorkerMaker
    from castcheck.config import Config
    from castcheck.console.screen import Screen

_ACTOR_CPUS = 1.0
# Of a cluster that is started here: results pass through it one at a time, and are small.
_LOCAL_STORE_BYTES = 200 * 1024 * 1024
_CONNECT_S = 10.0
_START_HINT = "start one with `ray start --head`, or give its address"


@dataclass(frozen=True, slots=True)
class _ResultFiles:
    """An answer with the files that belong to it."""

    answer: Answer
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What an actor says once it has its models, or could not load them.

    Attributes:
        version: Of castcheck, where the actor runs.
        wrong: What is wrong with the models; "" = nothing.
    """

    version: str
    wrong: str = ""

    def as_event(self) -> Ready | WorkerFailed:
        """Return what it means for the run."""
        if self.wrong:
            return WorkerFailed(self.wrong)
        if self.version == __version__:
            return Ready()
        text = f"a machine of the cluster has castcheck {self.version}, here it is {__version__}"
        hint = "install the same version everywhere"
        return WorkerFailed(str(WorkersError(text, where="--ray", hint=hint)))


class _Actor:
    """What runs in the cluster: one worker; it is asked from as many threads as it has clips."""

    def __init__(
        self, config: Config, make_worker: WorkerMaker, *, clips_at_once: int, folder: str
    ) -> None:
        # Relative paths mean what they mean where the command was given, if that folder is here.
        with suppress(OSError):
            os.chdir(folder)
        self._config = config
        self._make_worker = make_worker
        self._clips_at_once = clips_at_once
        self._worker: ClipWorker | None = None

    def load(self) -> _Loaded:
        """Load the models."""
        try:
            self._worker = self._make_worker(self._config, self._clips_at_once)
        except CastcheckError as err:
            return _Loaded(__version__, str(err))
        return _Loaded(__version__)

    def judge(self, job: Job) -> _ResultFiles | str:
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
        return _ResultFiles(answer, files)


@dataclass(slots=True, eq=False, kw_only=True)
class _RemoteHandle(WorkerHandle):
    """An actor, and what it was asked and has not answered."""

    actor: Any
    asked: list[Any] = field(default_factory=list)


class RayPool(WorkerPool[_RemoteHandle]):
    """A `Pool` of actors on a cluster that this process is connected to.

    Args:
        config: The settings.
        store: Where results are put in place.
        size: How many actors.
        clips_at_once: How many clips each judges at once.
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
        clips_at_once: int = 1,
        cpus: float = _ACTOR_CPUS,
        gpus: float = 0.0,
        worker: WorkerMaker = ClipWorker,
        owns_ray: bool = False,
    ) -> None:
        import ray  # noqa: PLC0415

        super().__init__(size=size, clips_at_once=clips_at_once)
        self._ray = ray
        self._config = config
        self._store = store
        self._worker = worker
        self._owns_ray = owns_ray
        # No restart by Ray: a clip that kills its actor is ours to count.
        self._class = ray.remote(_Actor).options(
            num_cpus=cpus,
            num_gpus=gpus,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=clips_at_once,
        )

    def close(self) -> None:
        """End all workers at once, also in the middle of a clip."""
        for handle in self._handles:
            self._ray.kill(handle.actor)
        self._handles.clear()
        if self._owns_ray:
            self._ray.shutdown()

    def _start(self) -> _RemoteHandle:
        actor = self._class.remote(
            self._config,
            self._worker,
            clips_at_once=self._clips_at_once,
            folder=str(Path.cwd()),
        )
        return _RemoteHandle(actor=actor, asked=[actor.load.remote()])

    def _send(self, handle: _RemoteHandle, job: Job) -> None:
        handle.asked.append(handle.actor.judge.remote(job))

    def _poll(self) -> Iterator[tuple[_RemoteHandle, WorkerEvent]]:
        asked = [question for handle in self._handles for question in handle.asked]
        ended, _ = self._ray.wait(asked, num_returns=1)
        for question in ended:
            handle = next(handle for handle in self._handles if question in handle.asked)
            handle.asked.remove(question)
            yield handle, self._receive(question)

    def _receive(self, question: Any) -> WorkerEvent:
        try:
            event = self._ray.get(question)
        except self._ray.exceptions.RayActorError as err:
            return WorkerDied("its Ray actor died", _line(err))
        except self._ray.exceptions.RayTaskError as err:
            return WorkerFailed(f"a bug in castcheck on a worker ({_line(err)})")
        if isinstance(event, _ResultFiles):
            return Done(event.answer, self._unpack(event))
        if isinstance(event, _Loaded):
            return event.as_event()
        return WorkerFailed(str(event))

    def _unpack(self, parcel: _ResultFiles) -> Path | None:
        if not parcel.files:
            return None
        part = self._store.part(parcel.answer.index)
        self._store.fill(part, parcel.files)
        return part


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What each worker asks of a cluster.

    Attributes:
        gpus: Share of a GPU.
        clips_at_once: How many clips it judges at once.
        fits: How many such workers there is room for now.
    """

    gpus: float
    clips_at_once: int
    fits: int

    @staticmethod
    def of(have: Mapping[str, float], device: str, clips_at_once: int | None) -> WorkerResources:
        """Work out the demand.

        Args:
            have: What the cluster has now, by name. Machines with GPUs may join later, so "cuda"
                asks for a GPU even where there is none yet.
            device: Of the settings.
            clips_at_once: As the user said; `None` = 1 on a CPU, a few on a GPU.

        Example:
            >>> WorkerResources.of({"CPU": 32, "GPU": 2}, "auto", None)
            WorkerResources(gpus=0.5, clips_at_once=4, fits=4)
            >>> WorkerResources.of({"CPU": 32, "GPU": 2}, "cpu", None)
            WorkerResources(gpus=0.0, clips_at_once=1, fits=32)
            >>> WorkerResources.of({"CPU": 4}, "cuda", 1)
            WorkerResources(gpus=0.25, clips_at_once=1, fits=0)
        """
        on_gpu = device != "cpu" and (have.get("GPU", 0) > 0 or device.startswith("cuda"))
        at_once = clips_at_once or (CLIPS_AT_ONCE_ON_GPU if on_gpu else 1)
        if not on_gpu:
            return WorkerResources(0.0, at_once, int(have.get("CPU", 0) / _ACTOR_CPUS))
        gpus = 1 / workers_per_gpu(at_once)
        fits = min(have.get("GPU", 0) / gpus, have.get("CPU", 0) / _ACTOR_CPUS)
        return WorkerResources(gpus, at_once, int(fits))


def open_ray_pool(
    config: Config,
    store: RunStore,
    screen: Screen,
    *,
    address: str,
    workers: int | None,
    clips_at_once: int | None,
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
        clips_at_once: How many clips each judges at once; `None` = 1 on a CPU, a few on a GPU.
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
        screen.note("no Ray cluster runs here, so one is started on this machine for this run")
        _start_here(workers, quiet)
    demand = WorkerResources.of(ray.cluster_resources(), config.run.device, clips_at_once)
    size = max(1, min(clips, workers or demand.fits))
    if size > demand.fits:
        screen.note(f"the cluster has room for {demand.fits} workers: {size} wait for room")
    nodes = sum(1 for node in ray.nodes() if node["Alive"])
    screen.note(f"Ray: {size} workers on {nodes} {'machine' if nodes == 1 else 'machines'}")
    return RayPool(
        config,
        store,
        size=size,
        clips_at_once=demand.clips_at_once,
        gpus=demand.gpus,
        owns_ray=True,
    )


def _start_here(workers: int | None, quiet: Mapping[str, Any]) -> None:
    """Start a cluster of this machine alone, for as long as this process lives.

    Raises:
        ConfigError: Ray gives up: it allows itself 30 s, which a busy machine may not keep.
    """
    import ray  # noqa: PLC0415

    try:
        ray.init(
            include_dashboard=False,
            object_store_memory=_LOCAL_STORE_BYTES,
            num_cpus=workers or None,
            **quiet,
        )
    except Exception as err:  # Ray raises the bare class
        raise ConfigError(
            f"Ray does not start on this machine ({_line(err)})",
            where="--ray",
            hint="try again when it is less busy, or leave --ray out",
        ) from err


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


def _line(err: Exception) -> str:
    """Return an error of Ray, which may be a page, as a short line."""
    return " ".join(str(err).split())[:200] or type(err).__name__
