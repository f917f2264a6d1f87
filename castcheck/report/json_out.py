"""The report as JSON, for a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castcheck.report.writers import ReportInputs


def render(inputs: ReportInputs) -> str:
    """Return the text of `report.json`."""
    return inputs.report.to_json()
