"""The colours, patterns and letters of characters: one place for the page and the video.

The hues are those of Okabe and Ito, which stay apart for people who see few colours; the pattern
and the letter keep characters apart in grey.
"""

from __future__ import annotations

from dataclasses import dataclass

from castcheck.labels import letter

_HUES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#B3A125", "#7A5BA8")
_PATTERNS = ("solid", "stripes", "dots", "bars")
_LIGHT, _DARK = "#FFFFFF", "#14171A"

UNTOLD_COLOUR = "#8A9097"
SEVERITY_COLOURS = {"critical": "#B42318", "major": "#B54708", "minor": "#475467"}


@dataclass(frozen=True, slots=True)
class CharacterStyle:
    """How one character is drawn.

    Attributes:
        letter: A, B, C ...
        colour: "#RRGGBB".
        ink: The colour of text on top of it.
        pattern: Name of the pattern laid over the colour.
    """

    letter: str
    colour: str
    ink: str
    pattern: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour as three numbers in 0..255."""
        return rgb(self.colour)


def style_of(index: int) -> CharacterStyle:
    """Return how the character at `index` is drawn; colour and pattern repeat after 32.

    Example:
        >>> style_of(0).letter, style_of(0).colour, style_of(1).pattern
        ('A', '#0072B2', 'stripes')
    """
    hue = _HUES[index % len(_HUES)]
    pattern = _PATTERNS[(index + index // len(_HUES)) % len(_PATTERNS)]
    return CharacterStyle(letter(index), hue, _ink(hue), pattern)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return "#RRGGBB" as three numbers.

    Example:
        >>> rgb("#0072B2")
        (0, 114, 178)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast ratio of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _ink(colour: str) -> str:
    return max((_LIGHT, _DARK), key=lambda ink: contrast(colour, ink))


def _luminance(colour: str) -> float:
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in rgb(colour))
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
