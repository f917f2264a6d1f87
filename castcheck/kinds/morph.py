"""A character abruptly becomes someone else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.kinds.in_shot import in_shot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.findings import Finding


def find(case: Case) -> Iterator[Finding]:
    """Yield the changes."""
    for morph in case.judgement.of_kind("morph"):
        found = in_shot(case, morph, _message)
        if found is not None:
            yield found


def _message(when: str, who: list[str]) -> str:
    return f"At {when}, {who[0]} abruptly becomes someone else."
