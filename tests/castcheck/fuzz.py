"""Tries random settings, casts, boxes, weights and options: `python -m tests.castcheck.fuzz`.

The properties are those of `test_hostile`, which tries the same few each time; this tries others
until the time is over, as long on one property as on the other, and says how many. Whatever goes
wrong is printed with its smallest example, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import pytest

import tests.conftest  # noqa: F401 (what every test runs under, before properties are read)
from tests.castcheck import test_hostile as hostile

PROPERTIES = (
    hostile.test_any_value_of_any_option,
    hostile.test_any_value_of_any_setting,
    hostile.test_any_bytes_as_config_and_as_cast,
    hostile.test_any_cast,
    hostile.test_any_stored_boxes,
    hostile.test_any_bytes_as_weights,
)
FAILURES = (Exception, pytest.fail.Exception)  # what `pytest.raises` raises is no `Exception`
_GRACE_S = 120.0  # what takes longer than the time and this hangs: say where, and end


@dataclass
class Tried:
    """How often a property was tried, and what broke it.

    Attributes:
        label: Which property, in words.
        test: The property, as hypothesis runs it.
        until_s: When the time is over, on the clock of `time.monotonic`.
    """

    label: str
    test: Callable[[], None]
    until_s: float
    count: int = 0
    spent_s: float = 0.0
    options: set[str] = field(default_factory=set)
    broken_by: str = ""

    def run(self, seed: int) -> None:
        """Try some examples; none is begun once the time is over."""
        began = time.monotonic()
        try:
            hypothesis.seed(seed)(self.test)()
        except FAILURES as err:  # shrunk meanwhile, or cut off while it was
            self.broken_by = self.broken_by or f"{type(err).__name__}: {err}"
        self.spent_s += time.monotonic() - began

    def counted(self, inner: Callable[..., None]) -> Callable[..., None]:
        """Return the property for one example, counted and bounded."""

        def one(*args: Any, **names: Any) -> None:
            if time.monotonic() > self.until_s:
                return
            self.count += 1
            example = names or args
            if "flag" in names:
                self.options.add(names["flag"][0])
            try:
                inner(*args, **names)
            except FAILURES as err:
                said = f"{example!r}: {type(err).__name__}: {err}"
                if not self.broken_by or len(said) <= len(self.broken_by):
                    self.broken_by = said
                raise

        return one


def try_all(properties: Any, *, first: int, seconds: float) -> list[Tried]:
    """Try properties in turn until the time is over, each at least once; one that broke is left."""
    until_s = time.monotonic() + seconds
    tried = []
    for test in properties:
        label = test.__name__.removeprefix("test_").replace("_", " ")
        one = Tried(label, test, until_s)
        inner = test.hypothesis.inner_test
        test.hypothesis.inner_test = one.counted(inner)
        tried.append((one, inner))
    try:
        seed = first
        while time.monotonic() < until_s:
            whole = [one for one, _ in tried if not one.broken_by]
            if not whole:
                break
            min(whole, key=lambda one: one.spent_s).run(seed)
            seed += 1
    finally:
        for one, inner in tried:
            one.test.hypothesis.inner_test = inner  # type: ignore[attr-defined]
    return [one for one, _ in tried]


def main() -> int:
    """Print what was tried, and what broke."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.castcheck.fuzz")
    parser.add_argument("--seconds", type=float, default=240.0, help="stop after so many seconds")
    parser.add_argument("--first", type=int, default=int(time.time()), help="seed of the first")
    options = parser.parse_args()
    faulthandler.dump_traceback_later(options.seconds + _GRACE_S, exit=True)
    began = time.monotonic()
    print(
        f"random options and files for {options.seconds:g} s, seeds from {options.first}",
        flush=True,
    )
    tried = try_all(PROPERTIES, first=options.first, seconds=options.seconds)
    for one in tried:
        of = f", {len(one.options)} of {len(hostile.FLAGS)} options" if one.options else ""
        print(f"{one.label:38} {one.count:6} tried{of}{': BROKEN' if one.broken_by else ''}")
    broken = [one for one in tried if one.broken_by]
    for one in broken:
        print(f"{one.label}: {one.broken_by[:2000]}")
    untried = [one.label for one in tried if not one.count]
    for label in untried:
        print(f"{label}: the time was over before it could be tried")
    took_s = time.monotonic() - began
    print(
        f"{sum(one.count for one in tried)} examples, {len(broken)} of {len(tried)} properties "
        f"broken, {took_s:.0f} s"
    )
    return int(bool(broken or untried))


if __name__ == "__main__":
    raise SystemExit(main())
