"""Puts small faults into the code and sees whether a test notices: `make mutants`.

A mutant is one file with one change: a comparison turned, a sign flipped, a number moved by a
fifth, `min` for `max`, `and` for `or`. A sample is drawn by `--seed` over the rooms where decisions
are made. Which tests run which line is measured once; then every mutant runs the tests of its line,
without those that compare with golden files, in a process of its own, until the first one fails.
Prints which mutants live, and the share that was killed, with its 95 % interval.

    python -m tools.mutants --count 60 --seed 1 [--only castcheck/report]

It exists since mutmut and cosmic-ray start pytest anew for each mutant, which takes 10 s here
before the first test: this one forks a process in which NumPy and pytest are loaded already.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import importlib.abc
import importlib.util
import io
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parents[1]


# Files to tests; the first pattern that fits counts.
def _tests(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/castcheck/test_{name}.py" for name in names)


_MATCHING = tuple(f"tests/tracker/test_{name}.py" for name in ("matching", "boxes", "shot_tracker"))
ROOMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("scenes/timebase.py", ("tests/scenes/test_timebase.py",)),
    ("tracker/matching.py", _MATCHING),
    ("castcheck/report/sound.py", ("tests/castcheck/test_sound.py",)),
    ("castcheck/report/video.py", ("tests/castcheck/test_video.py",)),
    ("castcheck/report/draw.py", _tests("drawing", "video")),
    ("castcheck/report/timeline.py", _tests("page_geometry")),
    ("castcheck/report/curves.py", _tests("page_geometry")),
    ("castcheck/report/p*.py", _tests("drawing", "html")),  # page, palette, pictures, play
    ("castcheck/tables/formats.py", _tests("writers")),
    ("castcheck/facts/report.py", _tests("report_json")),
    ("castcheck/facts/parts.py", _tests("report_json", "labels")),
    ("castcheck/report/*.py", _tests("markers", "github", "writers", "html")),
    ("identity/**/*.py", ("tests/identity",)),
)
_NO_TARGETS = ("__init__.py",)
_GOLDEN = "not golden"
TIMEOUT_S = 600  # of one mutant: an endless loop is noticed too
ALIVE, KILLED, SLOW = "alive", "killed", "killed (too slow)"
_FAILED = (1, 2)  # of pytest: a test fails; a file of tests cannot be read, since an import fails
_BROKEN = 99


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: Relative to the root.
        line: Where.
        number: Which of the changes of that file.
        what: The change in words.
    """

    file: str
    line: int
    number: int
    what: str


_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_NAMES = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "argmin": "argmax",
    "argmax": "argmin",
}


class Mutator(ast.NodeTransformer):
    """Counts the changes a file offers, and makes one of them.

    Args:
        wanted: The number of the change to make; -1 = none, count only.
    """

    def __init__(self, wanted: int = -1) -> None:
        self.wanted = wanted
        self.found: list[tuple[int, str]] = []

    def _here(self, node: Any, what: str) -> bool:
        self.found.append((node.lineno, what))
        return len(self.found) - 1 == self.wanted

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Turn a comparison."""
        self.generic_visit(node)
        for k, operator in enumerate(node.ops):
            other = _COMPARE[type(operator)]
            if self._here(node, f"{type(operator).__name__} -> {other.__name__}"):
                node.ops[k] = other()
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Flip a sign."""
        self.generic_visit(node)
        other = _BINARY.get(type(node.op))
        of_text = isinstance(node.left, (ast.JoinedStr, ast.List)) or (
            isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
        )
        if (
            other is not None
            and not of_text
            and self._here(node, f"{type(node.op).__name__} -> {other.__name__}")
        ):
            node.op = other()
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """Take `or` for `and`."""
        self.generic_visit(node)
        other: type[ast.boolop] = ast.Or if isinstance(node.op, ast.And) else ast.And
        if self._here(node, f"{type(node.op).__name__} -> {other.__name__}"):
            node.op = other()
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Leave out a `not`, a minus or an inversion."""
        self.generic_visit(node)
        if isinstance(node.op, (ast.Not, ast.USub, ast.Invert)) and self._here(
            node, f"without {type(node.op).__name__}"
        ):
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Move a number by a fifth, or by one; turn True and False."""
        value = node.value
        if isinstance(value, bool):
            if self._here(node, f"{value} -> {not value}"):
                return ast.copy_location(ast.Constant(not value), node)
        elif isinstance(value, (int, float)):
            other = value + 1 if isinstance(value, int) else value * 1.2 or 0.2
            if self._here(node, f"{value} -> {other:g}"):
                return ast.copy_location(ast.Constant(other), node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Take `max` for `min`."""
        other = _NAMES.get(node.id)
        if other is not None and self._here(node, f"{node.id} -> {other}"):
            return ast.copy_location(ast.Name(other, node.ctx), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """The same for methods of arrays."""
        self.generic_visit(node)
        other = _NAMES.get(node.attr)
        if other is not None and self._here(node, f".{node.attr} -> .{other}"):
            node.attr = other
        return node

    # What follows decides nothing: types, and what is checked by type checkers alone.

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Leave annotations alone."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Leave annotations alone."""
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Leave annotations and decorators alone."""
        node.args = self.visit(node.args)
        node.body = [self.visit(one) for one in node.body]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Leave what `zip` is told to check alone."""
        keywords = [one for one in node.keywords if one.arg == "strict"]
        node.keywords = [one for one in node.keywords if one.arg != "strict"]
        self.generic_visit(node)
        node.keywords += keywords
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """Leave what is imported for types alone."""
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Leave decorators alone."""
        node.body = [self.visit(one) for one in node.body]
        return node


def mutants_of(path: Path, *, root: Path = ROOT) -> list[Mutant]:
    """Return all mutants of a file."""
    counter = Mutator()
    counter.visit(ast.parse(path.read_text(encoding="utf-8")))
    name = path.relative_to(root).as_posix()
    return [Mutant(name, line, k, what) for k, (line, what) in enumerate(counter.found)]


def mutated(source: str, number: int) -> ast.Module:
    """Return the tree of a source with one change in it."""
    tree = ast.parse(source)
    changed: ast.Module = Mutator(number).visit(tree)
    return ast.fix_missing_locations(changed)


def targets(only: str = "") -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield every file that is mutated, with its tests."""
    seen = set()
    for pattern, tests in ROOMS:
        for path in sorted(ROOT.glob(pattern)):
            fits = path.relative_to(ROOT).as_posix().startswith(only)
            if path not in seen and path.name not in _NO_TARGETS and fits:
                seen.add(path)
                yield path, tests


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Hands out the mutant where its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = mutant.file[:-3].replace("/", ".")
        self._path = ROOT / mutant.file
        self._number = mutant.number

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        tree = mutated(self._path.read_text(encoding="utf-8"), self._number)
        exec(compile(tree, str(self._path), "exec"), module.__dict__)  # noqa: S102 (our own code)


def in_a_child(work: Callable[[], int], *, timeout_s: int = 0) -> str:
    """Run `work` in a process of its own and return what became of it.

    A test that fails kills, and so does a module that cannot be imported any more. Whatever else
    goes wrong is a fault of this tool: it must not count as a kill.

    Raises:
        RuntimeError: The tool failed.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = _BROKEN
        try:
            signal.alarm(timeout_s)
            code = work()
        except BaseException:  # noqa: BLE001 (the parent sees the exit code alone)
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return SLOW if os.WTERMSIG(status) == signal.SIGALRM else KILLED
    code = os.WEXITSTATUS(status)
    if code not in (0, *_FAILED):
        raise RuntimeError(f"the tests did not run: exit code {code}")
    return ALIVE if code == 0 else KILLED


def run_tests(tests: Sequence[str], *more: str) -> int:
    """Run tests without a word; print what pytest said where one fails and `more` is given."""
    import pytest  # noqa: PLC0415

    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        code = int(
            pytest.main(
                [*tests, "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", _GOLDEN,
                 "-m", "not slow", "-W", "ignore::pytest.PytestAssertRewriteWarning", *more]
            )
        )  # fmt: skip
    if code and more:
        print(silence.getvalue()[-3000:])
    return code


Covered = dict[str, dict[int, set[str]]]  # file -> line -> tests that run it


def coverage_of(tests: Sequence[str], files: Sequence[str]) -> Covered | None:
    """Return which tests run which lines of files; `None` where a test fails as it is.

    The examples in the docstrings of the files are tests too.
    """
    import coverage  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        data_file = f"{folder}/coverage"
        os.environ["COVERAGE_FILE"] = data_file
        rooms = sorted({name.split("/")[0] for name in files})
        more = [f"--cov={room}" for room in rooms]
        verdict = in_a_child(
            lambda: run_tests([*tests, *files], *more, "--cov-context=test", "--cov-report=")
        )
        if verdict != ALIVE:
            return None
        data = coverage.CoverageData(data_file)
        data.read()
        return {
            name: {
                line: {one.split("|")[0] for one in contexts}
                for line, contexts in data.contexts_by_lineno(str(ROOT / name)).items()
            }
            for name in files
        }


def tests_of_line(covered: dict[int, set[str]], source: str, line: int) -> list[str]:
    """Return the tests that run the statement on a line.

    What runs at the import alone, such as a constant, is anybody's: then those of the whole file.
    """
    span = {line}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.stmt) or hasattr(node, "body"):
            continue
        if node.lineno <= line <= (node.end_lineno or 0):
            span |= set(range(node.lineno, (node.end_lineno or 0) + 1))
    found = set().union(*(covered.get(one, set()) for one in span))
    if "" in found:
        found |= set().union(*covered.values())
    return sorted(found - {""})


def judge(mutant: Mutant, covered: dict[int, set[str]]) -> str:
    """Run the tests that run the mutated line on a mutant."""
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    tests = tests_of_line(covered, source, mutant.line)
    if not tests:
        return ALIVE

    def work() -> int:
        finder = _Finder(mutant)
        sys.meta_path.insert(0, finder)
        try:
            importlib.import_module(finder.name)  # before pytest, which reads files by their paths
        except Exception:  # noqa: BLE001 (whatever it is, the mutant does not even start)
            return _FAILED[0]
        return run_tests(tests)

    return in_a_child(work, timeout_s=TIMEOUT_S)


def interval(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson).

    Example:
        >>> tuple(round(v, 2) for v in interval(0.9, 40))
        (0.77, 0.96)
    """
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    half /= 1 + z * z / count
    return middle - half, middle + half


def main(arguments: Sequence[str]) -> int:
    """Draw mutants, judge them, and print what lives."""
    parser = argparse.ArgumentParser(description="Put small faults into the code.")
    parser.add_argument("--count", type=int, default=40, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--only", default="", metavar="PREFIX", help="files that begin like this")
    chosen = parser.parse_args(arguments)
    tests_of = {path.relative_to(ROOT).as_posix(): tests for path, tests in targets(chosen.only)}
    every = [one for name in tests_of for one in mutants_of(ROOT / name)]
    sample = random.Random(chosen.seed).sample(every, min(chosen.count, len(every)))  # noqa: S311
    print(f"{len(every)} mutants in {len(tests_of)} files; {len(sample)} drawn")
    # What takes long to import, and is not mutated itself.
    import numpy as np  # noqa: F401, PLC0415
    import pytest  # noqa: F401, PLC0415
    import scipy.optimize  # noqa: F401, PLC0415

    covered: Covered = {}
    for tests in dict.fromkeys(tests_of[one.file] for one in sample):
        files = sorted({one.file for one in sample if tests_of[one.file] == tests})
        found = coverage_of(tests, files)
        if found is None:
            print(f"the code as it is fails {' '.join(tests)}")
            return 2
        covered |= found
    print("who runs what is known", flush=True)
    killed = 0
    for k, mutant in enumerate(sample, start=1):
        started = time.monotonic()
        verdict = judge(mutant, covered[mutant.file])
        killed += verdict != ALIVE
        took = time.monotonic() - started
        print(
            f"{k:3d} {verdict:8} {took:5.1f} s  {mutant.file}:{mutant.line}: {mutant.what}",
            flush=True,
        )
    share = killed / max(len(sample), 1)
    low, high = interval(share, max(len(sample), 1))
    print(f"killed {killed} of {len(sample)}: {share:.0%} (95 %: {low:.0%} to {high:.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
