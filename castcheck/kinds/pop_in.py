"""A character appears in full view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.kinds.presence import find_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.findings import Finding


def find(case: Case) -> Iterator[Finding]:
    """Yield the steps that the pixels confirm."""
    return find_steps(case, "pop_in", "appears")
