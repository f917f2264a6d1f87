"""Who gets which job, who is blamed for a death: a pool without processes."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castcheck.batch.record import Record
from castcheck.batch.scheduler import (
    Done,
    Ready,
    WorkerDied,
    WorkerFailed,
    WorkerHandle,
    WorkerPool,
    WorkersError,
)
from castcheck.batch.work import Answer, Job


class Drill(WorkerPool[WorkerHandle]):
    """Workers that die of the `deadly` clips, and take turns in an order that `choices` say."""

    def __init__(self, *, size, clips_at_once, deadly=(), choices=(), loads=True):
        super().__init__(size=size, clips_at_once=clips_at_once)
        self.deadly = set(deadly)
        self.choices = deque(choices)
        self.loads = loads
        self.company: list[list[int]] = []  # what each handle had when it was given a job
        self.started = 0

    def _start(self):
        self.started += 1
        return WorkerHandle()

    def _send(self, handle, job):
        assert handle in self._handles
        self.company.append(sorted(handle.jobs))

    def _poll(self):
        talkers = [handle for handle in self._handles if handle.jobs or not handle.ready]
        assert talkers, "the leader waits, and nobody has anything to do"
        pick = self.choices.popleft() if self.choices else 0
        handle = talkers[pick % len(talkers)]
        yield handle, self._event(handle, pick)

    def _event(self, handle, pick):
        if not handle.ready:
            return Ready() if self.loads else WorkerDied("exit code 1", "no memory")
        if self.deadly & set(handle.jobs):
            return WorkerDied("SIGKILL")
        index = sorted(handle.jobs)[pick % len(handle.jobs)]
        record = Record(clip=str(index), outcome="judged", message="")
        return Done(Answer(index, record), None)


def jobs(count):
    return [Job(index, f"{index}.mp4", f"/{index}.mp4", str(index)) for index in range(count)]


@given(
    st.integers(0, 12),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sets(st.integers(0, 11), max_size=4),
    st.lists(st.integers(0, 100), max_size=60),
)
def test_every_job_is_answered_once_and_only_the_guilty_are_blamed(
    count, size, clips_at_once, deadly, choices
):
    pool = Drill(size=size, clips_at_once=clips_at_once, deadly=deadly, choices=choices)
    became = {}
    for done in pool.run(jobs(count)):
        assert done.answer.index not in became
        became[done.answer.index] = done.answer.record.outcome
    wanted = {i: "crashed" if i in deadly else "judged" for i in range(count)}
    assert became == wanted
    assert all(len(company) <= clips_at_once for company in pool.company)
    assert pool.started <= size + 2 * len(deadly)


def test_a_second_try_is_alone():
    pool = Drill(size=1, clips_at_once=3, deadly={1})
    list(pool.run(jobs(5)))
    first, again = pool.company[:3], pool.company[3:]
    assert first == [[0], [0, 1], [0, 1, 2]]
    assert again[:3] == [[0], [1], [2]]
    assert again[3:] == [[3], [3, 4]]


def test_jobs_go_to_the_idlest():
    pool = Drill(size=2, clips_at_once=2, choices=[0, 1])
    run = pool.run(jobs(4))
    next(run)
    assert pool.company[:4] == [[0], [0, 1], [2], [2, 3]]  # the second was still loading


def test_one_death_too_many_while_loading_ends_the_run():
    pool = Drill(size=2, clips_at_once=1, loads=False)
    with pytest.raises(WorkersError, match=r"die while they load .*exit code 1: no memory"):
        list(pool.run(jobs(1)))
    assert pool.started == 4


def test_a_refusal_ends_the_run(monkeypatch):
    pool = Drill(size=1, clips_at_once=1)
    monkeypatch.setattr(pool, "_event", lambda *_: WorkerFailed("a.pt: is no network"))
    with pytest.raises(WorkersError, match="a.pt: is no network"):
        list(pool.run(jobs(1)))
