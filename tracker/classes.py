"""Which of a detector's classes count as characters."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from scenes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_PERSON, _CHARACTER = "person", "character"


def choose_classes(names: Mapping[int, str], wanted: Sequence[str]) -> tuple[int, ...]:
    """Return the ids of the classes that count as characters, ascending.

    Args:
        names: The model's classes by id.
        wanted: Names asked for, in any case; none means "person", or every class of a model that
            has no such class. What our own network calls "character" is a person to all others.

    Raises:
        ConfigError: The model does not know a name; the nearest ones are listed.

    Example:
        >>> choose_classes({0: "person", 15: "cat", 16: "dog"}, ["Dog", "cat"])
        (15, 16)
        >>> choose_classes({0: "character", 1: "creature"}, [])
        (0,)
        >>> choose_classes({0: "fox", 1: "owl"}, [])
        (0, 1)
    """
    by_name: dict[str, list[int]] = {}
    for class_id, name in names.items():
        by_name.setdefault(name.casefold(), []).append(class_id)
    if _PERSON not in by_name and _CHARACTER in by_name:
        by_name[_PERSON] = by_name[_CHARACTER]
    if not wanted:
        return tuple(sorted(by_name.get(_PERSON, names)))
    chosen: set[int] = set()
    for word in wanted:
        if word.casefold() not in by_name:
            raise ConfigError(
                f"the model has no class {word!r}", where="classes", hint=_advice(word, names)
            )
        chosen.update(by_name[word.casefold()])
    return tuple(sorted(chosen))


def _advice(word: str, names: Mapping[int, str]) -> str:
    """Say what could have been meant."""
    near = difflib.get_close_matches(word.casefold(), [n.casefold() for n in names.values()], n=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    some = ", ".join(list(names.values())[:12])
    return f"it has {some}{', ...' if len(names) > 12 else ''}"


def names_by_id(names: Any) -> dict[int, str]:
    """Return class names by id; some models carry a list."""
    pairs = names.items() if isinstance(names, dict) else enumerate(names)
    return {int(key): str(value) for key, value in pairs}
