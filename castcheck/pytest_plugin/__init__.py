"""castcheck in pytest: the fixture `castcheck`, and `--castcheck PATH` to make each clip a test.

    def test_nobody_is_exchanged(castcheck):
        assert castcheck("renders/scene-12.mp4").passed

Models are loaded once in every process, so once per worker of pytest-xdist. Reports that show
pictures (pytest-html) get those of every finding. pytest reads this file wherever castcheck is
installed, so nothing of castcheck is imported before it is wanted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from castcheck.pytest_plugin.keys import CHECKED, MARKER

if TYPE_CHECKING:
    from collections.abc import Generator

_PLUGIN = "castcheck-session"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, which all have a twin in the ini file."""
    group = parser.getgroup("castcheck", "castcheck: identity errors in clips")
    group.addoption(
        "--castcheck", action="append", metavar="PATH", default=[],
        help="make every clip here a test: a clip, a folder, a pattern or @LIST; may be repeated",
    )  # fmt: skip
    options = (
        ("config", "FILE", "settings of castcheck, a TOML file"),
        ("cast", "PATH", "who should be in the clips: a cast file or a folder of pictures"),
        ("out", "DIR", "write the reports of every clip below this folder"),
    )
    for name, metavar, text in options:
        group.addoption(f"--castcheck-{name}", metavar=metavar, default=None, help=text)
        parser.addini(f"castcheck_{name}", text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of collected clips."""
    config.addinivalue_line("markers", f"{MARKER}: a clip that --castcheck made a test")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember which test runs, for the fixture that lives as long as the session."""
    session.config.pluginmanager.register(_Current(), _PLUGIN)


class _Current:
    """Knows which test runs."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.item = item
        try:
            return (yield)
        finally:
            self.item = None


@pytest.fixture(scope="session", name="castcheck")
def castcheck_fixture(request: pytest.FixtureRequest) -> Any:
    """Return a function from a clip to its report: `castcheck("clip.mp4").passed`.

    `castcheck(clip, *, cast=None, config=None)`: `cast` and `config` are as in `castcheck.check`,
    and beat `--castcheck-cast` and `--castcheck-config`. A clip that was judged before with the
    same settings, and has not changed, is not judged again.
    """
    from castcheck.pytest_plugin.clips import checker_of  # noqa: PLC0415 (see above)
    from scenes.errors import CastcheckError  # noqa: PLC0415 (see above)

    checker = checker_of(request.config)
    current: Any = request.config.pluginmanager.get_plugin(_PLUGIN)

    def check(clip: str | Path, *, cast: Any = None, config: Any = None) -> Any:
        __tracebackhide__ = True
        try:
            outcome = checker.outcome(Path(clip), cast=cast, config=config)
        except CastcheckError as err:
            # Of a bad clip the line in the test is wanted, and not where castcheck noticed it.
            raise err.with_traceback(None) from None
        item = current.item
        if item is not None:
            checker.show(item, outcome)
        return outcome.report

    return check


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Put the clips beside what else is collected."""
    report = yield
    paths = collector.config.getoption("castcheck")
    if isinstance(collector, pytest.Session) and paths and report.passed:
        from castcheck.pytest_plugin.clips import Clips  # noqa: PLC0415 (see above)

        report.result = [
            *report.result,
            Clips.from_parent(collector, name="castcheck", nodeid="castcheck"),
        ]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the pictures of what was found, for pytest-html."""
    report = yield
    seen: list[Any] = item.stash.get(CHECKED, [])
    if call.when == "call" and seen:
        from castcheck.pytest_plugin.pictures import extras  # noqa: PLC0415 (see above)

        html = item.config.pluginmanager.hasplugin("html")
        if html:
            vars(report)["extras"] = [*getattr(report, "extras", []), *extras(seen)]
    return report
