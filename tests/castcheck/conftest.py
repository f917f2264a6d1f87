"""A pipeline that needs no model."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import castcheck
from tests.castcheck.support import FakePipeline


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    """Put a made-up pipeline in the place of the real one."""
    fake = FakePipeline()
    module = ModuleType("castcheck.pipeline")
    module.judge = fake.judge  # type: ignore[attr-defined]
    module.load_models = fake.load_models  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "castcheck.pipeline", module)
    monkeypatch.setattr(castcheck, "pipeline", module, raising=False)
    # Its clips are names of clips.
    monkeypatch.setattr("castcheck.checking.run.glance_at", lambda clip, config: None)
    return fake
