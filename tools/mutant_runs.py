"""How a mutant is run: each in a process of its own that is forked and thrown away.

A fault inside a function is put into the function that the tests have imported already, so that
they are read once for all mutants. One outside of functions, such as a constant, may be anywhere
by then: there the mutant is imported first, and the tests after it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.util
import io
import os
import resource
import signal
import sys
import traceback
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.mutator import ROOT, Mutant, mutated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ALIVE, KILLED, SLOW = "alive", "killed", "killed (too slow)"
_FAILED = (1, 2)  # of pytest: a test fails; a file of tests cannot be read, since an import fails
_BROKEN = 99
_TIMES_AS_LONG = 10  # as its tests take a mutant may take: an endless loop is noticed too
_LEAST_S = 15
_WAITS_S = 1200  # who waits for something that never comes takes no time of the processor
_MORE_MEMORY = 4 << 30  # bytes: a fault in a size must not take the machine along


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
            if timeout_s:  # of the processor: others may keep it busy
                signal.setitimer(signal.ITIMER_PROF, timeout_s)
                signal.alarm(timeout_s + _WAITS_S)
            code = work()
        except BaseException:  # noqa: BLE001 (the parent sees the exit code alone)
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return SLOW if os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM) else KILLED
    code = os.WEXITSTATUS(status)
    if code not in (0, *_FAILED):
        raise RuntimeError(f"the tests did not run: exit code {code}")
    return ALIVE if code == 0 else KILLED


def run_tests(tests: Sequence[str], *more: str, plugins: Sequence[Any] = ()) -> int:
    """Run tests without a word; print what pytest said where one fails and `more` is given."""
    import pytest  # noqa: PLC0415

    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        code = int(
            pytest.main(
                [*tests, "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not golden",
                 "-m", "not slow", "-W", "ignore::pytest.PytestAssertRewriteWarning", *more],
                plugins=list(plugins),
            )
        )  # fmt: skip
    if code and more:
        print(silence.getvalue()[-3000:])
    return code


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Hands out the mutant where its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = _module(mutant)
        self._mutant = mutant

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(
            fullname, ROOT / self._mutant.file, loader=self
        )

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        exec(_code(self._mutant), module.__dict__)  # noqa: S102 (our own code)


def _module(mutant: Mutant) -> str:
    return mutant.file[:-3].replace("/", ".")


def _code(mutant: Mutant, number: int | None = None) -> types.CodeType:
    """Return the code of a mutant's file with its change, or with change `number`, -1 = none."""
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    tree = mutated(source, mutant.number if number is None else number)
    return compile(tree, str(ROOT / mutant.file), "exec")


def by_import(mutant: Mutant, tests: Sequence[str], *, timeout_s: int) -> str:
    """Judge a mutant by importing it before its tests."""

    def work() -> int:
        _limit_memory()
        finder = _Finder(mutant)
        sys.meta_path.insert(0, finder)
        try:
            importlib.import_module(finder.name)  # before pytest, which reads files by their paths
        except Exception:  # noqa: BLE001 (whatever it is, the mutant does not even start)
            return _FAILED[0]
        return run_tests(tests)

    return in_a_child(work, timeout_s=timeout_s)


def time_for(tests: Sequence[str], took_s: Mapping[str, float]) -> int:
    """Return how many seconds of a processor the tests of a mutant may take."""
    return int(_LEAST_S + _TIMES_AS_LONG * sum(took_s.get(test, 1.0) for test in tests))


class InPlace:
    """A plugin of pytest that judges mutants instead of running all tests.

    Args:
        asked: Each mutant with its tests, the quickest first.
        took_s: How long each test takes.
        tell: Called with each mutant and its verdict; `None` = it is no change of a function.
    """

    def __init__(
        self,
        asked: Sequence[tuple[Mutant, Sequence[str]]],
        took_s: Mapping[str, float],
        tell: Callable[[Mutant, str | None], None],
    ) -> None:
        self._asked, self._took_s, self._tell = asked, took_s, tell
        self._failed = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note that a test fails."""
        self._failed |= report.failed

    def pytest_runtestloop(self, session: Any) -> bool:
        """Judge every mutant."""
        items = {item.nodeid: item for item in session.items}
        for mutant, tests in self._asked:
            changes = changed_functions(mutant)
            if changes is None:
                self._tell(mutant, None)
                continue
            verdict = in_a_child(
                self._work(changes, [items[test] for test in tests if test in items]),
                timeout_s=time_for(tests, self._took_s),
            )
            self._tell(mutant, verdict)
        return True

    def _work(self, changes: Functions, items: Sequence[Any]) -> Callable[[], int]:
        def work() -> int:
            _limit_memory()
            for function, code in changes:
                function.__code__ = code
            for item in items:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if self._failed:
                    return _FAILED[0]
            return 0

        return work


Functions = list[tuple[types.FunctionType, types.CodeType]]


def changed_functions(mutant: Mutant) -> Functions | None:
    """Return the functions in which a mutant differs, and their code in it.

    `None` = it differs elsewhere, or in a function that cannot be got hold of.
    """
    module = sys.modules.get(_module(mutant))
    paths = _differences(_code(mutant, -1), _code(mutant), ())
    if module is None or paths is None:
        return None
    found: Functions = []
    for path, code in paths:
        function = _function_at(module, path)
        if function is None or function.__code__.co_freevars != code.co_freevars:
            return None
        found.append((function, code))
    return found or None


def _differences(
    one: types.CodeType, two: types.CodeType, path: tuple[str, ...]
) -> list[tuple[tuple[str, ...], types.CodeType]] | None:
    """Return the paths of the functions in which the bodies of a module or class differ."""
    if (one.co_code, one.co_names) != (two.co_code, two.co_names):
        return None
    if len(one.co_consts) != len(two.co_consts):
        return None
    found = []
    for a, b in zip(one.co_consts, two.co_consts, strict=True):
        if not (isinstance(a, types.CodeType) and isinstance(b, types.CodeType)):
            if (type(a), repr(a)) != (type(b), repr(b)):
                return None
        elif a.co_flags & 1:  # a function; the body of a class has names of its own
            if _text(a) != _text(b):
                found.append(((*path, a.co_name), b))
        else:
            inside = _differences(a, b, (*path, a.co_name))
            if inside is None:
                return None
            found += inside
    return found


def _text(code: types.CodeType) -> tuple[Any, ...]:
    """Return what a function does, in values that can be compared."""
    inside = tuple(
        _text(one) if isinstance(one, types.CodeType) else (type(one), repr(one))
        for one in code.co_consts
    )
    return code.co_code, code.co_names, inside


def _function_at(module: types.ModuleType, path: tuple[str, ...]) -> types.FunctionType | None:
    """Return the function behind decorators; `None` = there is no such one."""
    found: Any = module
    for name in path:
        found = vars(found).get(name)
        if found is None:
            return None
    while not isinstance(found, types.FunctionType):
        inside = (getattr(found, name, None) for name in ("__wrapped__", "__func__", "fget"))
        found = next((one for one in inside if one is not None), None)
        if found is None:
            return None
    inner = getattr(found, "__wrapped__", found)  # of `contextmanager` and the like
    return inner if isinstance(inner, types.FunctionType) else None


def _limit_memory() -> None:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    used_kb = next(int(line.split()[1]) for line in lines if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (1024 * used_kb + _MORE_MEMORY,) * 2)
