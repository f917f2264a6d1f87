"""Guesses at what was meant, for messages about unknown words."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return the nearest known word, with a comma before it; empty where nothing is near.

    Example:
        >>> did_you_mean("devcie", ["device", "decoder"])
        ", did you mean 'device'?"
    """
    close = get_close_matches(str(word), list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""
