"""Tables that read well both in a terminal and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

MISSING = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells under a title.

    Attributes:
        title: What it shows.
        columns: Their names; the first holds names, the others figures.
        rows: Cells as they are: numbers, texts, `None` for what is not known.
        note: What a reader has to know; may be empty.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""

    def text(self) -> str:
        """Return aligned columns."""
        cells = [self.columns, *(_shown(row) for row in self.rows)]
        widths = [max(len(row[k]) for row in cells) for k in range(len(self.columns))]
        lines = [self.title]
        for row in cells:
            first = row[0].ljust(widths[0])
            rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  ".join([first, *rest]).rstrip())
        return "\n".join([*lines, *([self.note] if self.note else [])])

    def markdown(self) -> str:
        """Return a Markdown table under a heading."""
        lines = [f"**{self.title}**", "", _line(self.columns)]
        lines.append("|---|" + "---:|" * (len(self.columns) - 1))
        lines += [_line(_shown(row)) for row in self.rows]
        return "\n".join([*lines, *(["", self.note] if self.note else [])])


def shown(value: Any) -> str:
    """Return a cell as text: shares with two digits, what is not known as a dash.

    Example:
        >>> shown(None), shown(0.5), shown(3), shown("x")
        ('-', '0.50', '3', 'x')
    """
    if value is None:
        return MISSING
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _shown(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple(shown(value) for value in row)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
