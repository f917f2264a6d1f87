"""Which workers judge: processes here, or the machines of a Ray cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.batch.local_pool import LocalPool
from castcheck.batch.machine import this_machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from castcheck.batch.scheduler import Pool
    from castcheck.batch.store import RunStore
    from castcheck.config import Config
    from castcheck.console.screen import Screen


def pool_factory(
    config: Config,
    screen: Screen,
    *,
    workers: int | None,
    clips_at_once: int | None,
    ray: str | None,
) -> Callable[[RunStore, int], Pool]:
    """Return what makes the workers once the number of clips is known.

    Args:
        config: The settings.
        screen: Where to say who works.
        workers: How many; `None` = as many as the machine or cluster carries.
        clips_at_once: How many clips each judges at once; `None` = 1 on a CPU, a few on a GPU.
        ray: "auto" or the address of a cluster; `None` = this machine alone.
    """

    def local(store: RunStore, clips: int) -> Pool:
        machine = this_machine()
        device = config.run.device
        at_once = clips_at_once or machine.clips_at_once(device)
        size = workers or machine.worker_count(clips=clips, device=device, clips_at_once=at_once)
        size = min(size, clips)
        gpus = machine.gpus if device in {"auto", "cuda"} else ()
        threads = machine.threads_for(size)
        return LocalPool(
            config, store, size=size, threads=threads, clips_at_once=at_once, gpus=gpus
        )

    def on_ray(store: RunStore, clips: int) -> Pool:
        from castcheck.batch.ray_pool import open_ray_pool  # noqa: PLC0415 (brings Ray along)

        return open_ray_pool(
            config,
            store,
            screen,
            address=str(ray),
            workers=workers,
            clips_at_once=clips_at_once,
            clips=clips,
        )

    return local if ray is None else on_ray
