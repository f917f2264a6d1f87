"""What people see while castcheck runs: results on stdout, progress and messages on stderr."""

from __future__ import annotations

import os
import sys
import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.support.progress import Progress

DEBUG_VARIABLE = "CASTCHECK_DEBUG"
_COLOURS = {
    "PASS": "32", "FAIL": "31", "ABSTAIN": "33",
    "NOT WORSE": "32", "WORSE": "31", "NOT DECIDED": "33",
}  # fmt: skip


def env_flag(name: str) -> bool:
    """Return whether the environment variable `name` is set to something that means yes.

    Example:
        >>> os.environ["CASTCHECK_EXAMPLE"] = "0"
        >>> env_flag("CASTCHECK_EXAMPLE")
        False
    """
    return os.environ.get(name, "").strip().lower() not in {"", "0", "false", "no", "off"}


def printable(text: str) -> str:
    r"""Return `text` on one line, fit for a terminal: nothing in a file name can move the cursor.

    Example:
        >>> printable("a\x1b[2J\nb.mp4")
        'a\\x1b[2J\\nb.mp4'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


class Screen:
    """Writes lines; keeps results and messages apart.

    Args:
        quiet: Say nothing but errors.
        results_to_stderr: stdout is for something else, such as JSON.
    """

    def __init__(self, *, quiet: bool = False, results_to_stderr: bool = False) -> None:
        self._quiet = quiet
        self._results = sys.stderr if results_to_stderr else sys.stdout

    @property
    def quiet(self) -> bool:
        """Whether nothing but errors is said."""
        return self._quiet

    def verdict(self, word: str, rest: str) -> None:
        """Print the first line of a result: the verdict, then why."""
        padded = f"{word:<5}"
        if _is_colourful(self._results) and word in _COLOURS:
            padded = f"\x1b[1;{_COLOURS[word]}m{padded}\x1b[0m"
        self.line(f"{padded} {printable(rest)}", safe=True)

    def line(self, text: str, *, safe: bool = False) -> None:
        """Print one line of a result."""
        if not self._quiet:
            _write(self._results, text if safe else printable(text))

    def data(self, text: str) -> None:
        """Print `text` to stdout as it is, also when quiet."""
        _write(sys.stdout, text)

    def note(self, text: str) -> None:
        """Print a message to stderr."""
        if not self._quiet:
            _write(sys.stderr, f"castcheck: {printable(text)}")

    def error(self, text: str) -> None:
        """Print an error to stderr, on one line, also when quiet."""
        _write(sys.stderr, f"castcheck: {printable(text)}")

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Show a bar on stderr while the block runs; nothing where stderr is no terminal."""
        if self._quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield _no_progress
            return
        with _bar(printable(title)) as report:
            yield report


def report_internal_error(screen: Screen, err: BaseException, *, where: str = "") -> None:
    """Tell of an error that should not have happened, in one line; with the traceback if wanted."""
    if env_flag(DEBUG_VARIABLE):
        traceback.print_exception(type(err), err, err.__traceback__)
    what = " ".join(f"{type(err).__name__}: {err}".split())
    screen.error(
        f"{where}{': ' if where else ''}a bug in castcheck ({what[:300]}); "
        f"set {DEBUG_VARIABLE}=1 to see where, and please report it"
    )


def _no_progress(stage: str, done: int, total: int | None) -> None:
    """Take the news and say nothing."""


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415 (0.1 s that --version does not need)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[amount]}", markup=False),
        TimeRemainingColumn(compact=True),
    )
    console = Console(stderr=True, markup=False, highlight=False)
    live = Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    with live:
        task = live.add_task(title, total=None, amount="")
        current, began = "", time.monotonic()

        def report(stage: str, done: int, total: int | None) -> None:
            nonlocal current, began
            if stage != current:
                current, began = stage, time.monotonic()
                live.reset(task, total=total, description=f"{title}  {stage}")
            amount = _amount(done, total, time.monotonic() - began)
            live.update(task, completed=done, total=total, amount=amount)

        yield report


def _amount(done: int, total: int | None, seconds: float) -> str:
    """Return how much is done and how fast.

    Example:
        >>> _amount(50, 200, 2.0)
        '50/200  25/s'
    """
    text = f"{done}/{total}" if total else (str(done) if done else "")
    if done > 1 and seconds > 0.5:
        text += f"  {done / seconds:.{0 if done / seconds >= 10 else 1}f}/s"
    return text


def _is_colourful(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and "NO_COLOR" not in os.environ


def _write(stream: object, text: str) -> None:
    """Write a line; a reader that went away (`| head`) ends the output, not the work."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(shown, file=stream, flush=True)  # type: ignore[call-overload]
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
