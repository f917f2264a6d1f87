"""One line on stderr that tells how far a batch is: rate, time left, counts by outcome."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

from castcheck.console.screen import printable
from castcheck.labels import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from castcheck.batch.record import Record

_REDRAW_S = 0.2
_LOG_EVERY_S = 60.0  # where stderr is a file: a line a minute, not a line per clip
_RATE_OVER = 50  # clips: recent enough to follow a change, long enough to be calm
OUTCOME_WORDS = {
    "pass": "pass",
    "fail": "fail",
    "abstain": "abstain",
    "bad_input": "unreadable",
    "crashed": "crashed",
    "bug": "bug",
    "not_judged": "not judged",
}


class BatchProgress:
    """Counts what comes in and says so.

    Args:
        total: How many clips there are.
        quiet: Say nothing.
        clock: Seconds; injected so that tests do not wait.
    """

    def __init__(
        self, total: int, *, quiet: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._total = total
        self._clock = clock
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._quiet = quiet
        self._began = self._said = clock()
        self._ends: deque[float] = deque([self._began], maxlen=_RATE_OVER)
        self._done_now = 0
        self._shown = False

    def add(self, record: Record, *, kept: bool) -> None:
        """Count a clip; one kept from an earlier run says nothing about the rate."""
        self.counts[outcome_word(record)] += 1
        if not kept:
            self._done_now += 1
            self._ends.append(self._clock())
        now = self._clock()
        if now - self._said >= (_REDRAW_S if self._live else _LOG_EVERY_S):
            self._said = now
            self.show()

    def show(self) -> None:
        """Say how far we are."""
        if self._quiet:
            return
        text = self.text()
        if self._live:
            width = shutil.get_terminal_size().columns
            print(f"\r\x1b[K{text[: width - 1]}", end="", file=sys.stderr, flush=True)  # noqa: T201
            self._shown = True
        else:
            print(f"castcheck: {text}", file=sys.stderr, flush=True)  # noqa: T201

    def clear(self) -> None:
        """Take the line away, so that something else can be printed."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201
            self._shown = False

    def text(self) -> str:
        """Return how far we are, in words."""
        done = sum(self.counts.values())
        parts = [f"{done}/{self._total} clips"]
        rate = self._rate()
        if rate is not None:
            parts.append(rate_words(rate))
            if done < self._total:
                parts.append(f"{time_words((self._total - done) / rate)} left")
        counts = (f"{n} {word}" for word, n in ordered_counts(self.counts))
        return printable(" · ".join([*parts, ", ".join(counts)])).rstrip(" ·")

    def summary(self) -> str:
        """Return how long the clips of this run took; empty where all were kept from before."""
        spent = self._ends[-1] - self._began
        if not self._done_now or spent <= 0:
            return ""
        rate = rate_words(self._done_now / spent)
        return f"{plural(self._done_now, 'clip')} done in {time_words(spent)}, {rate}"

    def _rate(self) -> float | None:
        """Return clips per second of late; `None` where too few are done to tell."""
        spent = self._ends[-1] - self._ends[0]
        return (len(self._ends) - 1) / spent if spent > 0 else None


def outcome_word(record: Record) -> str:
    """Return what became of a clip, in one word or two."""
    return OUTCOME_WORDS[record.verdict or record.outcome]


def ordered_counts(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return the counts that are not 0, good ones first."""
    return [(word, counts[word]) for word in OUTCOME_WORDS.values() if counts[word]]


def rate_words(per_s: float) -> str:
    """Return a rate for people: per second, minute or hour, whichever gives a plain number.

    Example:
        >>> rate_words(12.3), rate_words(0.5), rate_words(0.005)
        ('12.3 a second', '30.0 a minute', '18.0 an hour')
    """
    for factor, unit in ((1, "a second"), (60, "a minute")):
        if per_s * factor >= 1:
            return f"{per_s * factor:.1f} {unit}"
    return f"{per_s * 3600:.1f} an hour"


def time_words(seconds: float) -> str:
    """Return a span for people.

    Example:
        >>> time_words(8), time_words(200), time_words(9000)
        ('8 s', '3 min', '2 h 30 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
