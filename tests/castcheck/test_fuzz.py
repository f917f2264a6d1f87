"""The fuzzer stops when its time is over, counts what it tried, and tells what broke."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.castcheck import fuzz, test_hostile

_few = settings(max_examples=5)


def _sound():
    @_few
    @given(st.integers())
    def test_sound(value):
        assert value == value

    return test_sound


def _broken():
    @_few
    @given(st.integers(min_value=7))
    def test_broken(value):
        with pytest.raises(ValueError, match="never"):
            int(value)

    return test_broken


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Let each look at the clock take a second: a busy machine changes nothing then."""
    now = itertools.count()
    monkeypatch.setattr(fuzz, "time", SimpleNamespace(monotonic=lambda: float(next(now)), time=int))


@pytest.mark.parametrize(
    ("made", "seconds", "least", "most", "says"),
    [
        pytest.param(_sound, 0, 0, 0, "", id="no time"),
        pytest.param(_sound, 5, 1, 4, "", id="cut off within a round"),
        pytest.param(_sound, 60, 11, 60, "", id="round after round"),
        pytest.param(_broken, 1000, 1, 500, "'value': 7}: Failed: DID NOT RAISE", id="broken"),
    ],
)
def test_properties_are_tried_until_the_time_is_over(made, seconds, least, most, says):
    (one,) = fuzz.try_all([made()], first=1, seconds=seconds)
    assert least <= one.count <= most
    assert bool(one.broken_by) == bool(says)
    assert says in one.broken_by


def test_nothing_is_no_property():
    assert fuzz.try_all([], first=1, seconds=0.1) == []


@pytest.mark.parametrize(
    ("made", "seconds", "code", "says"),
    [
        (_sound, 20, 0, "0 of 1 properties broken"),
        (_broken, 1000, 1, "1 of 1 properties broken"),
        (_sound, 0, 1, "the time was over before it could be tried"),
    ],
)
def test_the_last_lines_say_what_came_out(made, seconds, code, says, monkeypatch, capsys):
    monkeypatch.setattr(fuzz, "PROPERTIES", [made()])
    monkeypatch.setattr("sys.argv", ["fuzz", "--seconds", str(seconds)])
    monkeypatch.setattr("faulthandler.dump_traceback_later", lambda *_, **__: None)
    assert fuzz.main() == code
    assert says in capsys.readouterr().out


def test_it_runs_by_itself():
    ended = subprocess.run(
        [sys.executable, "-m", "tests.castcheck.fuzz", "--seconds", "0"],
        check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert ended.stdout.splitlines()[-1].startswith("0 examples, 0 of 6 properties broken")
    assert (ended.returncode, ended.stderr) == (1, "")


def test_every_property_of_hostile_input_is_fuzzed():
    given_ones = {
        name for name, test in vars(test_hostile).items()
        if name.startswith("test_") and hasattr(test, "hypothesis")
    }  # fmt: skip
    assert given_ones == {test.__name__ for test in fuzz.PROPERTIES}
