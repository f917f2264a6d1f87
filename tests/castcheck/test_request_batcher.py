"""Requests of several threads in shared calls: nothing is lost, mixed up, or waited for in vain."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from castcheck.batch import request_batcher
from castcheck.batch.request_batcher import RequestBatcher

KEYS = "ab"


class Device:
    """Answers each item with itself and its key; counts calls; fails where an item is negative."""

    def __init__(self, *, limit=8, call_s=0.0):
        self.calls = []
        self.limit = limit
        self.call_s = call_s
        self.busy = threading.Lock()

    def work(self, parts):
        assert self.busy.acquire(blocking=False), "asked from two threads at once"
        try:
            items = [item for part in parts for item in part]
            assert 0 < len(items) <= self.limit
            assert len({key for key, _ in items}) == 1, "two keys in one call"
            self.calls.append(len(items))
            time.sleep(self.call_s)
            if any(number < 0 for _, number in items):
                raise ValueError([number for _, number in items if number < 0])
            return items
        finally:
            self.busy.release()


def outcome(batcher, key, numbers):
    try:
        return batcher.submit([(key, number) for number in numbers], key)
    except ValueError as err:
        return err.args[0]


def ask_all(batcher, requests):
    """Ask for each of the lists of requests in a thread of its own; return answers or errors."""
    everybody_is_known = threading.Barrier(max(1, len(requests)))

    def ask(own):
        answers = []
        with batcher.asker():
            everybody_is_known.wait()  # else the first may be done before the last has started
            for key, numbers in own:
                answers.append(outcome(batcher, key, numbers))
        return answers

    with ThreadPoolExecutor(max(1, len(requests))) as threads:
        return list(threads.map(ask, requests))


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(KEYS), st.lists(st.integers(-1, 50), max_size=20)), max_size=5
        ),
        max_size=5,
    ),
    st.integers(1, 9),
)
def test_everybody_gets_their_own_answers_and_errors(requests, limit):
    device = Device(limit=limit)
    with RequestBatcher(device.work, limit=limit) as batcher:
        for own, answers in zip(requests, ask_all(batcher, requests), strict=True):
            for (key, numbers), answer in zip(own, answers, strict=True):
                if min(numbers, default=0) < 0:
                    assert set(answer) == {-1}
                else:
                    assert answer == [(key, number) for number in numbers]


@pytest.fixture
def patient(monkeypatch):
    """Wait for those who are known to come, however slow this machine is."""
    monkeypatch.setattr(request_batcher, "_LINGER_SHARE", 1e6)
    monkeypatch.setattr(request_batcher, "_LINGER_LIMIT_S", 60)


@pytest.mark.parametrize(
    ("askers", "items", "calls"),
    [
        pytest.param(1, 3, 12, id="alone"),
        pytest.param(4, 2, 12, id="four-fill-a-call"),
        pytest.param(4, 3, 18, id="split-over-calls"),
        pytest.param(8, 1, 12, id="eight-of-one"),
        pytest.param(2, 20, 60, id="more-than-a-call"),
    ],
)
def test_calls_are_filled(askers, items, calls, patient):
    """Each asks twelve times; the calls are full, but for the first and those at the end."""
    device = Device(limit=8, call_s=0.001)
    requests = [[("a", range(items))] * 12] * askers
    with RequestBatcher(device.work, limit=8) as batcher:
        ask_all(batcher, requests)
    assert sum(device.calls) == askers * items * 12
    assert calls <= len(device.calls) <= calls + 4


def test_a_lone_asker_never_waits_for_company(patient):
    device = Device(limit=100, call_s=0.001)
    with RequestBatcher(device.work, limit=100) as batcher, batcher.asker():
        started = time.perf_counter()
        for _ in range(5):
            batcher.submit([("a", 1)], "a")
    assert time.perf_counter() - started < 30


def test_one_that_never_asks_is_not_waited_for_long():
    device = Device(call_s=0.01)
    with RequestBatcher(device.work, limit=8) as batcher, batcher.asker(), batcher.asker():
        assert [batcher.submit([("a", i)], "a") for i in range(5)] == [[("a", i)] for i in range(5)]


@pytest.mark.parametrize("results", [[], [1], [1, 2, 3]])
def test_a_wrong_number_of_results_is_an_error_not_a_mix_up(results):
    batcher: RequestBatcher[str, int] = RequestBatcher(lambda parts: results, limit=8)
    with batcher, pytest.raises(RuntimeError, match=f"{len(results)} results for 2 items"):
        batcher.submit("ab")


def test_ends_of_the_process_in_a_call_reach_the_asker():
    def leave(parts):
        raise SystemExit(7)

    with RequestBatcher(leave, limit=8) as batcher:
        for _ in range(2):  # the thread lives on
            with pytest.raises(SystemExit):
                batcher.submit("ab")


def test_asked_after_the_end():
    batcher: RequestBatcher[str, str] = RequestBatcher(lambda parts: parts, limit=8)
    batcher.close()
    with pytest.raises(RuntimeError, match="after the end"):
        batcher.submit("a")


def test_an_array_alone_in_a_call_is_not_copied():
    seen = []

    def work(parts):
        seen.extend(parts)
        return list(parts[0])

    pictures = np.zeros((6, 2), np.uint8)
    with RequestBatcher(work, limit=4) as batcher:
        assert len(batcher.submit(pictures)) == 6
    assert [len(part) for part in seen] == [4, 2]
    assert all(np.shares_memory(part, pictures) for part in seen)
