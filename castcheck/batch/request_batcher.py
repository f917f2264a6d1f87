"""Several threads ask, one thread answers: their requests share calls of a function.

A network takes as long for one picture as for a handful, and a clip of two seconds ends in the
middle of a batch. What several clips ask for is put together here until a call is full.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from typing_extensions import Self

_LINGER_SHARE = 0.25  # of the last call: so much is lost at most where nobody comes any more
_LINGER_LIMIT_S = 0.05

Result = TypeVar("Result")
Items = TypeVar("Items", bound="Sliceable")


class Sliceable(Protocol):
    """A list or an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Any: ...


@dataclass(slots=True, eq=False)
class _Request(Generic[Items, Result]):
    """What one thread asks for.

    Attributes:
        taken: How many of the items are in a call, or were.
        missing: How many have no result yet.
    """

    items: Items
    key: Hashable
    results: list[Result | None]
    missing: int
    taken: int = 0
    error: BaseException | None = None
    answered: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Share(Generic[Items, Result]):
    """The part of a request that goes into one call: items `start` to before `stop`."""

    request: _Request[Items, Result]
    start: int
    stop: int

    @property
    def items(self) -> Items:
        part: Items = self.request.items[self.start : self.stop]
        return part


class RequestBatcher(Generic[Items, Result]):
    """Runs `work` in a thread of its own over what several threads ask for; a context manager.

    A call takes the oldest requests of one key, and splits one where the call is full. While a call
    runs, requests gather for the next. A call that is not full yet waits a little for askers who
    are known to be there (`asker`), at most a quarter of the time the last call took.

    A thread that asks waits for its answer, so no more than one request of each is held here.

    Args:
        work: Gets parts of requests of one key, and returns one result per item, in order.
        limit: Items in one call, at least 1.
        name: Of the thread.

    Example:
        >>> with RequestBatcher(lambda parts: [len(w) for p in parts for w in p], limit=8) as words:
        ...     words.submit(["a", "bc"])
        [1, 2]
    """

    def __init__(
        self,
        work: Callable[[Sequence[Items]], Sequence[Result]],
        *,
        limit: int,
        name: str = "castcheck-gather",
    ) -> None:
        self._work = work
        self._limit = max(1, limit)
        self._waiting: deque[_Request[Items, Result]] = deque()
        self._changed = threading.Condition()
        self._askers = 0
        self._closed = False
        self._last_call_s = 0.0
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Answer what was asked, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    @contextmanager
    def asker(self) -> Iterator[None]:
        """Say that somebody asks again and again while the block runs, so that others wait."""
        with self._changed:
            self._askers += 1
        try:
            yield
        finally:
            with self._changed:
                self._askers -= 1
                self._changed.notify_all()

    def submit(self, items: Items, key: Hashable = None) -> list[Result]:
        """Return the results of `items`, one each, in order; waits for them.

        Args:
            items: May be empty.
            key: Only items of equal keys go into one call.

        Raises:
            RuntimeError: The batcher is closed.
            BaseException: What `work` raised for these items when they were alone in a call.
        """
        count = len(items)
        request: _Request[Items, Result] = _Request(items, key, [None] * count, count)
        if not count:
            return []
        with self._changed:
            if self._closed:
                raise RuntimeError("asked after the end")
            self._waiting.append(request)
            self._changed.notify_all()
        request.answered.wait()
        if request.error is not None:
            raise request.error
        return request.results  # type: ignore[return-value]

    def _serve(self) -> None:
        """Answer until closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                self._linger()
                shares = self._take()
            started = time.perf_counter()
            self._run(shares)
            self._last_call_s = time.perf_counter() - started

    def _linger(self) -> None:
        """Wait a little for those who are about to ask."""
        wait_s = min(self._last_call_s * _LINGER_SHARE, _LINGER_LIMIT_S)
        self._changed.wait_for(lambda: self._is_full() or self._closed, timeout=wait_s)

    def _is_full(self) -> bool:
        if len(self._waiting) >= self._askers:
            return True
        key = self._waiting[0].key
        items = sum(len(r.items) - r.taken for r in self._waiting if r.key == key)
        return items >= self._limit

    def _take(self) -> list[_Share[Items, Result]]:
        """Take the oldest items of one key, as many as a call holds."""
        key, room = self._waiting[0].key, self._limit
        shares = []
        for request in [r for r in self._waiting if r.key == key]:
            stop = min(len(request.items), request.taken + room)
            shares.append(_Share(request, request.taken, stop))
            room -= stop - request.taken
            request.taken = stop
            if stop == len(request.items):
                self._waiting.remove(request)
            if not room:
                break
        return shares

    def _run(self, shares: Sequence[_Share[Items, Result]]) -> None:
        """Make one call; where it fails, one for each request, so that an error finds its owner."""
        try:
            results = self._work([share.items for share in shares])
            wanted = sum(share.stop - share.start for share in shares)
            if len(results) != wanted:
                raise RuntimeError(f"{len(results)} results for {wanted} items")  # noqa: TRY301
        except BaseException as err:  # noqa: BLE001 (handed on as it is; this thread must go on)
            if len(shares) == 1:
                self._fail(shares[0].request, err)
            else:
                for share in shares:
                    self._run([share])
            return
        first = 0
        for share in shares:
            count = share.stop - share.start
            request = share.request
            request.results[share.start : share.stop] = results[first : first + count]
            first += count
            request.missing -= count
            if not request.missing:
                request.answered.set()

    def _fail(self, request: _Request[Items, Result], err: BaseException) -> None:
        """Answer a request with an error; what is left of it is not asked any more."""
        with self._changed:
            if request in self._waiting:
                self._waiting.remove(request)
        request.error = err
        request.answered.set()
