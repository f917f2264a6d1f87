"""How a setting is declared: its default, its meaning and its range, written once.

Each package declares a frozen dataclass of its own settings with `setting(...)`; the front door
joins them into one configuration, reads them from TOML, and makes the help from the same fields.
"""

from __future__ import annotations

from dataclasses import MISSING, field, fields
from typing import TYPE_CHECKING, Any

from scenes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


def setting(
    default: Any,
    text: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] | None = None,
) -> Any:
    """Declare one field of a settings dataclass.

    Args:
        default: Its default, written nowhere else.
        text: What it does, in one line; shown by `--help` and in the documentation.
        low: Smallest allowed value; `None` leaves that end open.
        high: Largest allowed value, likewise.
        choices: Allowed words.
    """
    metadata = {"help": text, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=metadata)


def check_ranges(settings: Any, *, section: str) -> None:
    """Raise on the first field of the dataclass `settings` that is out of range.

    Raises:
        ConfigError: Naming the field, its value and what is allowed.
    """
    for item in fields(settings):
        if "help" not in item.metadata:
            continue
        value, meta = getattr(settings, item.name), item.metadata
        where = f"{section}.{item.name}"
        if value is None and item.default is None:
            continue
        default = None if item.default is MISSING else item.default
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                raise ConfigError(f"expected a number, got {value!r}", where=where)
            low, high = meta["low"], meta["high"]
            if (
                value != value
                or (low is not None and value < low)
                or (high is not None and value > high)
            ):
                raise ConfigError(
                    f"{value} is out of range, allowed is {low} to {high}", where=where
                )
        elif isinstance(default, (str, bool)) and not isinstance(value, type(default)):
            raise ConfigError(f"expected {type(default).__name__}, got {value!r}", where=where)
        if meta["choices"] is not None and value not in meta["choices"]:
            raise ConfigError(
                f"{value!r} is unknown, allowed is {', '.join(meta['choices'])}", where=where
            )
