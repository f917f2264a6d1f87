"""Reads a clip and says who is in it, and whether everybody stays themselves.

Example:
    report = castcheck.check("clip.mp4")
    for finding in report.findings:
        print(finding.start_frame, finding.message)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castcheck.api import check
    from castcheck.config import Config
    from castcheck.facts.report import Report
    from castcheck.planting.api import plant
    from castcheck.version import __version__
    from identity.findings import Finding
    from scenes.errors import CastcheckError

__all__ = ["CastcheckError", "Config", "Finding", "Report", "__version__", "check", "plant"]

# Name to where it lives; resolved on first use, so that `import castcheck` costs nothing.
_HOMES = {
    "CastcheckError": "scenes.errors",
    "Config": "castcheck.config",
    "Finding": "identity.findings",
    "Report": "castcheck.facts.report",
    "__version__": "castcheck.version",
    "check": "castcheck.api",
    "plant": "castcheck.planting.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
