"""Workers that judge made-up clips, for pools that start real processes. No model, no video.

The stem of a clip says what becomes of it: `..._poison` kills its worker, `..._bug` raises,
`..._bad` is no clip, `..._swap` fails, `..._nap` passes after a while, all else at once.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from castcheck.batch.inputs import find_clips
from castcheck.batch.local_pool import LocalPool
from castcheck.batch.ray_pool import RayPool
from castcheck.batch.run import Batch
from castcheck.batch.scheduler import Done
from castcheck.batch.work import ClipWorker
from castcheck.config import Config
from castcheck.console.screen import Screen
from castcheck.report.writers import OutputError
from scenes.errors import VideoOpenError, WeightsError
from scenes.source import clip_sha256
from tests.castcheck.support import FakeOutcome, FakePipeline


class Judge(FakePipeline):
    def judge(self, clip, *, config, models, progress):
        ending = clip.stem.split("_")[-1]
        if ending == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        if ending == "slow":
            time.sleep(60)
        if ending == "nap":
            time.sleep(0.4)
        if ending == "bug":
            raise ZeroDivisionError("two\nlines")
        if ending == "bad":
            raise VideoOpenError("no video", where=clip, hint="try another")
        outcome = super().judge(clip, config=config, models=models, progress=progress)
        facts = replace(outcome.report.clip, sha256=clip_sha256(clip))
        return FakeOutcome(replace(outcome.report, clip=facts), outcome.visuals)


class MadeUpWorker(ClipWorker):
    def __init__(self, config, clips_at_once=1):
        detector = SimpleNamespace(name="drawn", sha256="d" * 64)
        models: Any = SimpleNamespace(
            detector_for=lambda clip: detector,
            embedder=None,
            faces=None,
            references=None,
            baseline=None,
        )
        judge: Any = Judge()
        self._pipeline, self._config, self._models = judge, config, models


class NoModels(ClipWorker):
    def __init__(self, config, clips_at_once=1):
        raise WeightsError("is no network", where="a.pt", hint="give another")


class DiesLoading(ClipWorker):
    def __init__(self, config, clips_at_once=1):
        os.kill(os.getpid(), signal.SIGKILL)


class FullDisk(MadeUpWorker):
    def _judge(self, job, folder):
        raise OutputError("cannot be written: no space left on device", where=folder)


class InlinePool:
    """Judges in this process, for what needs no second one; Ctrl-C after `until` clips."""

    size = 1

    def __init__(self, config, store, *, until=None):
        self._worker = MadeUpWorker(config)
        self._store = store
        self._until = until

    def run(self, jobs):
        for number, job in enumerate(jobs):
            if number == self._until:
                raise KeyboardInterrupt
            part = self._store.part(job.index)
            answer = self._worker.judge(job, part)
            yield Done(answer, part if part.exists() else None)

    def close(self):
        pass


def run_made_up(folder, *, address="", clips_at_once=1):
    """Judge the made-up clips in `folder` with two workers, and end with the run's code.

    Args:
        address: Of a Ray cluster; "" = in processes of this machine.
    """
    config, out = Config(), Path(folder) / "run"
    more: dict[str, Any] = {"size": 2, "clips_at_once": clips_at_once, "worker": MadeUpWorker}

    def pool(store, count):
        if not address:
            return LocalPool(config, store, threads=1, **more)
        import ray

        ray.init(address=address, log_to_driver=False)
        return RayPool(config, store, **more)

    clips, _ = find_clips([folder], stdin=bytes, run_folder=out)
    sys.exit(Batch(config, out, Screen(), pool).run(clips, []))
