"""Forty made-up clips on a Ray cluster, its actors and the leader killed at random, and resumed.

Only the judge is made up; the cluster, the pool, the store and the run are the real ones.
"""

from __future__ import annotations

import importlib.util
import secrets
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import psutil
import pytest

from tests.castcheck.killing import (
    MADE_UP_CLIPS,
    MADE_UP_RUN,
    all_gone,
    check_made_up,
    kill_and_resume,
    made_up_clips,
    started,
    wait_for,
)

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed"
)
VARIABLES = {
    # Newer versions of Ray want all that talk to one cluster to hold its token.
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    # On a busy machine everything takes longer than Ray waits by itself.
    "RAY_gcs_server_port_wait_time_s": "120",
    "RAY_agent_register_timeout_ms": "120000",
    "RAY_worker_register_timeout_seconds": "240",
}
# Ray waits 30 s for its node, which cannot be set. Within them three processes import Ray, 5 s of a
# processor, which is more than there is where ten jobs share one. So it is asked again for longer.
CLUSTER = """
import time
import ray
from ray._private import services
ask = services.get_node
def ask_again(*args):
    for _ in range(90):
        try:
            return ask(*args)
        except RuntimeError:
            time.sleep(1)
    return ask(*args)
services.get_node = ask_again
info = ray.init(
    num_cpus=2, object_store_memory=100 * 1024 * 1024, include_dashboard=False, log_to_driver=False
)
print(info.address_info["address"], flush=True)
time.sleep(3600)
"""


START_S = 240
STARTS = 2  # for the second, most is in the cache


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, psutil.Process]]:
    """A Ray cluster of one machine: its address, and the process that all of its come from."""
    for _ in range(STARTS):
        with started_cluster() as (address, root):
            if address:
                yield address, root
                return
    pytest.fail(f"Ray did not start, {STARTS} times")


@contextmanager
def started_cluster() -> Iterator[tuple[str, psutil.Process]]:
    """Start a cluster; its address is "" where Ray gave up. Nothing of it is left afterwards."""
    with started("-c", CLUSTER, **VARIABLES) as process:
        root = psutil.Process(process.pid)
        assert process.stdout is not None
        try:
            readable, _, _ = select.select([process.stdout], [], [], START_S)
            yield (process.stdout.readline().strip() if readable else ""), root
        finally:  # some of Ray's processes leave the group of the one that started them
            family = family_of(root)
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            wait_for(lambda: all_gone(family), "processes of Ray are left")


def family_of(root: psutil.Process) -> list[psutil.Process]:
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        family += root.children(recursive=True)
    return family


def actors(root: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in family_of(root):
        with suppress(psutil.Error):
            if "".join(child.cmdline()[:1]).startswith("ray::_Actor"):
                found.append(child)
    return found


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_killed_and_resumed_on_ray(cluster, tmp_path):
    address, root = cluster
    made_up_clips(tmp_path)
    start = partial(started, "-c", MADE_UP_RUN, str(tmp_path), "2", address, **VARIABLES)
    out = tmp_path / "run"
    code = kill_and_resume(
        start, out, lambda _: actors(root), seed=2, rounds=2, clips=MADE_UP_CLIPS
    )
    check_made_up(out, code)
