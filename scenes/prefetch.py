"""Work ahead of the reader in a thread, a bounded number of items."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

Item = TypeVar("Item")
_WAIT_S = 0.1  # how soon the thread notices that nobody reads any more


def read_ahead(items: Iterator[Item], *, count: int = 1) -> Generator[Item, None, None]:
    """Yield `items`, made by a thread that is up to `count` finished items ahead.

    What raises in the thread is raised here, in its place. A reader that stops early ends the
    thread: when this returns or is closed, nobody touches `items` any more.

    Args:
        items: Only the thread reads it.
        count: At least 1; memory holds so many items, the one being made and the one being read.

    Example:
        >>> list(read_ahead(iter("abc")))
        ['a', 'b', 'c']
    """
    ready: queue.Queue[_Made[Item]] = queue.Queue(count)
    stopped = threading.Event()
    thread = threading.Thread(
        target=_work, args=(items, ready, stopped), name="castcheck-read-ahead", daemon=True
    )
    thread.start()
    try:
        while True:
            made = ready.get()
            if made.error is not None:
                raise made.error
            if made.is_end:
                return
            yield made.item  # type: ignore[misc]
            del made  # or the item would live on while the next is waited for
    finally:
        stopped.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class _Made(Generic[Item]):
    """What the thread hands over: an item, an error, or the end."""

    item: Item | None = None
    error: BaseException | None = None
    is_end: bool = False


def _work(items: Iterator[Item], ready: queue.Queue[_Made[Item]], stopped: threading.Event) -> None:
    try:
        for item in items:
            _put(_Made(item), ready, stopped)
            if stopped.is_set():
                return
    except BaseException as err:  # noqa: BLE001 (handed on as it is, Ctrl-C too)
        _put(_Made(error=err), ready, stopped)
    else:
        _put(_Made(is_end=True), ready, stopped)


def _put(made: _Made[Item], ready: queue.Queue[_Made[Item]], stopped: threading.Event) -> None:
    """Wait for a free place, unless nobody reads any more."""
    while not stopped.is_set():
        try:
            ready.put(made, timeout=_WAIT_S)
        except queue.Full:
            continue
        return
