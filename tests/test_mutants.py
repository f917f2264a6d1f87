"""The tool that puts faults into the code makes the faults it says, one at a time."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys

import pytest

from tools.mutant_runs import ALIVE, KILLED, SLOW, changed_functions
from tools.mutants import interval, targets
from tools.mutator import ROOT, Mutator, mutants_of, mutated


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("", []),
        ("x: int = 3", ["x: int = 4"]),
        ("a < b", ["a <= b"]),
        ("a + 0.5", ["a + 0.6", "a - 0.5"]),
        ("min(a, b)", ["max(a, b)"]),
        ("x.argmax()", ["x.argmin()"]),
        ("not a and b", ["a and b", "not a or b"]),
        ("zip(a, b, strict=True)", []),
        ("'a' + b", []),
        ("if TYPE_CHECKING:\n    x = 1", []),
        ("def f(a: int = 1) -> int:\n    return -a", ["def f(a: int=2) -> int:\n    return -a",
                                                      "def f(a: int=1) -> int:\n    return a"]),
    ],
)  # fmt: skip
def test_every_change_is_made_once(source, mutants):
    counter = Mutator()
    counter.visit(ast.parse(source))
    made = [ast.unparse(mutated(source, number)) for number in range(len(counter.found))]
    assert sorted(made) == sorted(mutants)


def test_the_rooms_hold_what_decides():
    files = {path.relative_to(ROOT).as_posix(): tests for path, tests in targets()}
    assert {"scenes/timebase.py", "tracker/matching.py", "castcheck/report/timeline.py"} <= set(
        files
    )
    assert sum(name.startswith("identity/") for name in files) > 20
    assert len(mutants_of(ROOT / "scenes/timebase.py")) > 10


def test_an_interval_holds_its_share():
    low, high = interval(0.9, 40)
    assert 0 < low < 0.9 < high < 1
    assert ALIVE != KILLED


def mutant(file, what):
    """Return the first mutant of a file with this change."""
    return next(one for one in mutants_of(ROOT / file) if one.what == what)


def test_a_fault_in_a_function_is_put_in_place_and_one_outside_is_not():
    importlib.import_module("scenes.timebase")
    importlib.import_module("tracker.matching")
    changes = changed_functions(mutant("scenes/timebase.py", "Sub -> Add"))
    assert changes is not None
    (function, code), *others = changes
    assert not others
    assert function.__module__ == "scenes.timebase"
    assert function.__code__ != code
    constant = next(one for one in mutants_of(ROOT / "tracker/matching.py") if one.line < 30)
    assert changed_functions(constant) is None


def said_by(program: str) -> list[str]:
    """Return the lines that a program prints in a process of its own.

    The tool forks. Here, among threads of networks that earlier tests have loaded, a child may wait
    for ever for a lock that nobody holds any more.
    """
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


FORKS = """
import itertools, time
from tools.mutant_runs import in_a_child
print(in_a_child(lambda: sum(0 for _ in itertools.count()), timeout_s=1))
print(in_a_child(lambda: time.sleep(1.3) or 0, timeout_s=1))
"""


def test_who_never_ends_is_stopped_and_who_waits_for_the_processor_is_not():
    assert said_by(FORKS) == [SLOW, ALIVE]


JUDGES = """
from tools.mutants import judge
from tools.mutator import ROOT, mutants_of
file = ROOT / "scenes/timebase.py"
one = next(mutant for mutant in mutants_of(file) if mutant.what == "Sub -> Add")
print(*(judge([tests], [one])[one] for tests in ({empty!r}, "tests/scenes/test_timebase.py")))
"""


def test_a_mutant_lives_without_tests_and_dies_by_them(tmp_path):
    assert said_by(JUDGES.format(empty=str(tmp_path)))[-1] == f"{ALIVE} {KILLED}"
