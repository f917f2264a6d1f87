"""Streams and the progress bar."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from castcheck.console.screen import Screen, env_flag

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in the place of stderr; in the test itself, pytest puts its own before it."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


def test_the_bar_names_clip_stage_and_amount_and_takes_any_name(monkeypatch):
    terminal = open_terminal(monkeypatch)
    with Screen().progress("[/x].mp4") as progress:
        progress("reading", 0, None)
        progress("finding characters", 30, 120)
    text = terminal.getvalue()
    for part in ("[/x].mp4", "finding characters", "30/120"):
        assert part in text


def test_an_error_takes_the_bar_away_and_goes_on(monkeypatch):
    terminal = open_terminal(monkeypatch)

    def fail() -> None:
        with Screen().progress("a.mp4"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert "\x1b[?25h" in terminal.getvalue()  # the cursor is shown again


@pytest.mark.parametrize("quiet", [True, False])
def test_there_is_no_bar_where_nobody_looks(quiet, capsys):
    with Screen(quiet=quiet).progress("a.mp4") as progress:
        progress("reading", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_quiet_screen_has_no_bar_on_a_terminal_either(monkeypatch):
    terminal = open_terminal(monkeypatch)
    with Screen(quiet=True).progress("a.mp4") as progress:
        progress("reading", 1, 2)
    assert terminal.getvalue() == ""


def test_colour_only_on_a_terminal(monkeypatch, capsys):
    Screen().verdict("FAIL", "a.mp4: 1 swap")
    assert capsys.readouterr().out == "FAIL  a.mp4: 1 swap\n"
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.delenv("NO_COLOR", raising=False)
    Screen().verdict("FAIL", "a.mp4: 1 swap")
    assert stream.getvalue() == "\x1b[1;31mFAIL \x1b[0m a.mp4: 1 swap\n"


@pytest.mark.parametrize(
    ("value", "flag"), [("1", True), ("yes", True), ("0", False), ("False", False), (" ", False)]
)
def test_env_flag_knows_that_zero_is_no(value, flag, monkeypatch):
    monkeypatch.setenv("CASTCHECK_TEST_FLAG", value)
    assert env_flag("CASTCHECK_TEST_FLAG") is flag


def test_a_reader_that_goes_away_ends_the_output_not_the_work():
    code = (
        "import sys\nfrom castcheck.console.screen import Screen\nscreen = Screen()\n"
        "for _ in range(20000): screen.data('x' * 80)\nprint('done', file=sys.stderr)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    os.read(process.stdout.fileno(), 10)
    process.stdout.close()
    assert process.stderr.read() == b"done\n"
    process.stderr.close()
    assert process.wait(timeout=20) == 0
