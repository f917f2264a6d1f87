"""What every test runs under."""

from __future__ import annotations

import logging
import os
from pathlib import Path

# Before any engine is imported: tests run beside each other and must not fight for the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.pop("CASTCHECK_DEBUG", None)

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "castcheck", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("castcheck")


@pytest.fixture(scope="session")
def _graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graphs")


@pytest.fixture(autouse=True)
def _no_models_of_the_user(
    tmp_path_factory: pytest.TempPathFactory, _graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep what somebody pulled on this machine from changing what `auto` means.

    Graphs of checkpoints are written once for all tests, as each takes seconds.
    """
    cache = tmp_path_factory.mktemp("cache")
    (cache / "graphs").symlink_to(_graphs, target_is_directory=True)
    monkeypatch.setenv("CASTCHECK_CACHE", str(cache))


@pytest.fixture(autouse=True)
def _no_error_logged(caplog: pytest.LogCaptureFixture):
    """Fail a test that made anything log an error, even if its result was right."""
    yield
    errors = [
        record.getMessage()
        for phase in ("setup", "call")
        for record in caplog.get_records(phase)
        if record.levelno >= logging.ERROR
    ]
    assert not errors, errors
