"""What the files of the pytest plugin share; nothing of castcheck is imported here."""

from __future__ import annotations

from typing import Any

import pytest

MARKER = "castcheck"
CHECKED = pytest.StashKey[list[Any]]()  # what a test judged, in order
