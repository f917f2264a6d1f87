"""Which of a detector's classes count as characters."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from scenes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_PERSON, _CHARACTER, HEAD = "person", "character", "head"
# What may be a character of the story besides people: of our own classes, and of COCO's.
CREATURES = frozenset({
    "creature", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra",
    "giraffe", "teddy bear",
})  # fmt: skip


def choose_classes(names: Mapping[int, str], wanted: Sequence[str]) -> tuple[int, ...]:
    """Return the ids of the classes that count as characters, ascending.

    Args:
        names: The model's classes by id.
        wanted: Names asked for, in any case; none means "person" and the animals and toys
            of `CREATURES`, or every class of a model that knows no person. What our own network
            calls "character" is a person to all others.

    Raises:
        ConfigError: The model does not know a name; the nearest ones are listed.

    Example:
        >>> choose_classes({0: "person", 15: "cat", 16: "dog"}, ["Dog", "cat"])
        (15, 16)
        >>> choose_classes({0: "character", 1: "creature", 2: "head"}, [])
        (0, 1)
        >>> choose_classes({0: "person", 15: "cat", 56: "chair"}, [])
        (0, 15)
        >>> choose_classes({0: "fox", 1: "owl"}, [])
        (0, 1)
    """
    by_name: dict[str, list[int]] = {}
    for class_id, name in names.items():
        by_name.setdefault(name.casefold(), []).append(class_id)
    if _PERSON not in by_name and _CHARACTER in by_name:
        by_name[_PERSON] = by_name[_CHARACTER]
    if not wanted:
        if _PERSON not in by_name:
            return tuple(sorted(names))
        return tuple(sorted({*by_name[_PERSON], *creature_ids(names)}))
    chosen: set[int] = set()
    for word in wanted:
        if word.casefold() not in by_name:
            raise ConfigError(
                f"the model has no class {word!r}", where="classes", hint=_advice(word, names)
            )
        chosen.update(by_name[word.casefold()])
    return tuple(sorted(chosen))


def is_person(name: str) -> bool:
    """Tell whether a class is people.

    Example:
        >>> is_person("Person"), is_person("character"), is_person("cat")
        (True, True, False)
    """
    return name.casefold() in {_PERSON, _CHARACTER}


def creature_ids(names: Mapping[int, str]) -> frozenset[int]:
    """Return the ids of animals and toys.

    Example:
        >>> sorted(creature_ids({0: "person", 15: "cat", 56: "chair", 77: "Teddy Bear"}))
        [15, 77]
    """
    return frozenset(class_id for class_id, name in names.items() if name.casefold() in CREATURES)


def head_ids(names: Mapping[int, str], chosen: Sequence[int]) -> tuple[int, ...]:
    """Return the ids of the classes that are heads, ascending; none where they are characters.

    Example:
        >>> head_ids({0: "person", 1: "head"}, [0]), head_ids({0: "head"}, [0])
        ((1,), ())
    """
    return tuple(
        class_id
        for class_id, name in sorted(names.items())
        if name.casefold() == HEAD and class_id not in chosen
    )


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
