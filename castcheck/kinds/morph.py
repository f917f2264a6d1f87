"""A character abruptly becomes someone else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.kinds.incidents import find_incidents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.findings import Finding


def find(case: Case) -> Iterator[Finding]:
    """Yield the changes."""
    return find_incidents(
        case, "morph", lambda when, who: f"At {when}, {who[0]} abruptly becomes someone else."
    )
