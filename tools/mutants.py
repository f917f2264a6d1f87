"""Puts small faults into the code and sees whether a test notices: `make mutants`.

A mutant is one file with one change: a comparison turned, a sign flipped, a number moved by a
fifth, `min` for `max`, `and` for `or`. A sample is drawn by `--seed` over the rooms where decisions
are made. Which tests run which line is measured once; then every mutant runs the tests of its line,
without those that compare with golden files, until the first one fails (`tools.mutant_runs`).
Prints which mutants live, and the share that was killed, with its 95 % interval.

    python -m tools.mutants --count 60 --seed 1 [--only castcheck/report]

It exists since mutmut and cosmic-ray start pytest anew for each mutant, which takes 10 s here
before the first test: this one reads the tests once, and forks.
"""

from __future__ import annotations

import argparse
import ast
import gc
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.mutant_runs import ALIVE, InPlace, by_import, in_a_child, run_tests, time_for
from tools.mutator import ROOT, Mutant, mutants_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


# Files to tests; the first pattern that fits counts.
def _tests(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/castcheck/test_{name}.py" for name in names)


_MATCHING = tuple(f"tests/tracker/test_{name}.py" for name in ("matching", "boxes", "shot_tracker"))
ROOMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("scenes/timebase.py", ("tests/scenes/test_timebase.py",)),
    ("tracker/matching.py", _MATCHING),
    ("castcheck/report/sound.py", _tests("formats_numbers", "sound")),
    ("castcheck/report/video.py", _tests("formats_numbers", "video")),
    ("castcheck/report/draw.py", _tests("drawing", "video")),
    ("castcheck/report/timeline.py", _tests("page_geometry")),
    ("castcheck/report/curves.py", _tests("page_geometry")),
    (
        "castcheck/report/p*.py",
        _tests("formats_numbers", "drawing", "html"),
    ),  # page, palette, pictures, play
    ("castcheck/tables/formats.py", _tests("writers")),
    ("castcheck/facts/report.py", _tests("formats_numbers", "report_json")),
    ("castcheck/facts/parts.py", _tests("formats_numbers", "report_json", "labels")),
    ("castcheck/report/*.py", _tests("formats_numbers", "markers", "github", "writers", "html")),
    ("identity/**/*.py", ("tests/identity",)),
)
_NO_TARGETS = ("__init__.py",)


def targets(only: str = "") -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield every file that is mutated, with its tests."""
    seen = set()
    for pattern, tests in ROOMS:
        for path in sorted(ROOT.glob(pattern)):
            fits = path.relative_to(ROOT).as_posix().startswith(only)
            if path not in seen and path.name not in _NO_TARGETS and fits:
                seen.add(path)
                yield path, tests


Covered = dict[str, dict[int, set[str]]]  # file -> line -> tests that run it


class _Times:
    """A plugin of pytest that notes how long tests take."""

    def __init__(self) -> None:
        self.took_s: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add the time of one part of a test."""
        self.took_s[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write it beside the coverage: this process is thrown away."""
        times = "".join(f"{took} {test}\n" for test, took in self.took_s.items())
        Path(os.environ["COVERAGE_FILE"] + ".times").write_text(times, encoding="utf-8")


def coverage_of(
    tests: Sequence[str], files: Sequence[str]
) -> tuple[Covered, dict[str, float]] | None:
    """Return which tests run which lines of files, and how long each takes; `None` = one fails.

    The examples in the docstrings of the files are tests too.
    """
    import coverage  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        data_file = os.environ["COVERAGE_FILE"] = f"{folder}/coverage"
        rooms = sorted({name.split("/")[0] for name in files})
        more = [*(f"--cov={room}" for room in rooms), "--cov-context=test", "--cov-report="]
        verdict = in_a_child(lambda: run_tests([*tests, *files], *more, plugins=[_Times()]))
        if verdict != ALIVE:
            return None
        data = coverage.CoverageData(data_file)
        data.read()
        lines = Path(f"{data_file}.times").read_text(encoding="utf-8").splitlines()
        times = [line.split(" ", 1) for line in lines]
        covered = {
            name: {
                line: {one.split("|")[0] for one in contexts}
                for line, contexts in data.contexts_by_lineno(str(ROOT / name)).items()
            }
            for name in files
        }
        return covered, {test: float(took) for took, test in times}


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


def judge(tests: Sequence[str], mutants: Sequence[Mutant]) -> dict[Mutant, str] | None:
    """Return what becomes of mutants under their tests; `None` = these fail on the code as it is.

    Args:
        tests: Files or folders of tests.
        mutants: Of the files that these are for.
    """
    files = sorted({one.file for one in mutants})
    known = coverage_of(tests, files)
    if known is None:
        return None
    covered, took_s = known
    asked, outside = [], []
    verdicts: dict[Mutant, str] = {}
    for one in mutants:
        source = (ROOT / one.file).read_text(encoding="utf-8")
        own = tests_of_line(covered[one.file], source, one.line)
        own.sort(key=lambda test: (took_s.get(test, 1.0), test))
        if own:
            asked.append((one, own))
        else:
            verdicts[one] = _told(one, ALIVE, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "verdicts"
        in_a_child(lambda: _all_in_place([*tests, *files], asked, took_s, file))
        said = file.read_text(encoding="utf-8").splitlines()
    if len(said) != len(asked):
        raise RuntimeError(f"{len(said)} of {len(asked)} mutants were judged")
    for (one, own), verdict in zip(asked, said, strict=True):
        if verdict:
            verdicts[one] = verdict
        else:
            outside.append((one, own))
    for one, own in outside:
        started = time.monotonic()
        verdict = by_import(one, own, timeout_s=time_for(own, took_s))
        verdicts[one] = _told(one, verdict, time.monotonic() - started)
    return verdicts


def _all_in_place(
    tests: Sequence[str],
    asked: Sequence[tuple[Mutant, Sequence[str]]],
    took_s: Mapping[str, float],
    file: Path,
) -> int:
    """Judge mutants within one run of pytest; write a line each, empty = not one of a function."""
    say = os.dup(1)  # pytest is to be silent
    started = time.monotonic()
    gc.freeze()  # what forks share stays shared

    def tell(one: Mutant, verdict: str | None) -> None:
        nonlocal started
        if verdict is not None:
            os.write(say, (_line(one, verdict, time.monotonic() - started) + "\n").encode())
        with file.open("a", encoding="utf-8") as lines:
            lines.write((verdict or "") + "\n")
        started = time.monotonic()

    file.touch()
    run_tests(tests, plugins=[InPlace(asked, took_s, tell)])
    return 0


def _line(one: Mutant, verdict: str, took_s: float) -> str:
    return f"{verdict:8} {took_s:5.1f} s  {one.file}:{one.line}: {one.what}"


def _told(one: Mutant, verdict: str, took_s: float) -> str:
    print(_line(one, verdict, took_s), flush=True)
    return verdict


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

    verdicts: dict[Mutant, str] = {}
    for tests in dict.fromkeys(tests_of[one.file] for one in sample):
        found = judge(tests, [one for one in sample if tests_of[one.file] == tests])
        if found is None:
            print(f"the code as it is fails {' '.join(tests)}")
            return 2
        verdicts |= found
    rooms: dict[str, list[bool]] = {}
    for one, verdict in sorted(verdicts.items(), key=lambda pair: pair[0].file):
        rooms.setdefault(one.file.rsplit("/", 1)[0], []).append(verdict != ALIVE)
    for room, dead in rooms.items():
        print(f"{room}: {sum(dead)} of {len(dead)}")
    killed = sum(verdict != ALIVE for verdict in verdicts.values())
    share = killed / max(len(sample), 1)
    low, high = interval(share, max(len(sample), 1))
    print(f"killed {killed} of {len(sample)}: {share:.0%} (95 %: {low:.0%} to {high:.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
