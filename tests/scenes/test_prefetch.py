"""Reading ahead: the same items, errors in their place, and never more than was allowed."""

from __future__ import annotations

import threading

import pytest

from scenes.prefetch import read_ahead


@pytest.mark.parametrize("items", [[], [1], list(range(50))])
@pytest.mark.parametrize("count", [1, 7])
def test_every_item_comes_once_and_in_order(items, count):
    assert list(read_ahead(iter(items), count=count)) == items


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_an_error_comes_after_what_was_made_before_it(error):
    def broken():
        yield 1
        raise error

    reader = read_ahead(broken())
    assert next(reader) == 1
    with pytest.raises(type(error)):
        next(reader)


def test_it_works_in_a_thread_and_stays_within_its_bound():
    made, threads = [], set()

    def items():
        for number in range(20):
            threads.add(threading.current_thread())
            made.append(number)
            yield number

    for number in read_ahead(items(), count=2):
        assert len(made) <= number + 4  # read, two ready, one in the making
    assert threads.isdisjoint({threading.current_thread()})


def test_a_reader_that_stops_ends_the_thread():
    closed = []

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.append(threading.current_thread())

    items = endless()
    reader = read_ahead(items)
    next(reader)
    reader.close()
    assert not [t for t in threading.enumerate() if t.name == "castcheck-read-ahead"]
    items.close()  # would raise if the thread were still inside
    assert closed
