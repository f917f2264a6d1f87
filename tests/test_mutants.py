"""The tool that puts faults into the code makes the faults it says, one at a time."""

from __future__ import annotations

import ast

import pytest

from tools.mutants import ALIVE, KILLED, ROOT, Mutator, interval, mutants_of, mutated, targets


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
