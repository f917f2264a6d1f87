"""The table of cues: a row is everything castcheck needs to know about one part of a look.

A new cue is one row here and one file beside it, `identity/appearance/cues/<name>.py`, which
measures it. Reading, storing, averaging and comparing looks, and the page, read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Cue = str  # a name of the table
Role = Literal["network", "colour", "own", "pose", "score", "words"]
Need = Literal["box", "parts", "faces", "second"]


@dataclass(frozen=True, slots=True)
class CueRow:
    """One cue.

    Attributes:
        name: In code, settings of the fit, and the evidence of a finding.
        title: For people.
        role: What it counts as. "network": how a network sees a body or a part of it. "colour":
            colours of a part; a turn moves one of them, another person two. "own": asked about by
            itself. "pose": circumstances, nobody's look; it is never compared as one. "score": of
            the box, not of a look either. "words": for people to read; nothing is judged by it.
        measured_by: "module:function". It takes `Crops` and the name of the cue, and returns the
            rows of boxes that show it, (K,) int64, and their (K, D) float32 unit vectors.
        needs: What there must be to measure it. "box": the crop of a box. "parts": an embedder that
            tells parts. "faces": one that does, and a network that reads the faces of its heads.
            "second": a second detector.
        scale: Median cosine of different people who are on screen together, and of one person
            within one shot. `None` = measured per embedder, in `identity/evidence/calibration.py`.
        log_odds: What it adds to the log-odds that two looks are one person, per unit of similarity
            counted from 0.5. 0 = nothing, or weighed in `identity/evidence/calibration.py`.
    """

    name: Cue
    title: str
    role: Role
    measured_by: str
    needs: Need = "box"
    scale: tuple[float, float] | None = None
    log_odds: float = 0.0

    def __post_init__(self) -> None:
        if self.role == "own" and self.scale is None:
            raise ValueError(f"cue {self.name!r} needs a scale to be compared by itself")

    def measure(self) -> Callable[..., Any]:
        """Return the function that `measured_by` names."""
        module, _, name = self.measured_by.partition(":")
        function: Callable[..., Any] = getattr(import_module(module), name)
        return function


_HERE = "identity.appearance.cues"
_ZONES, _PARTS, _HAIR = (f"{_HERE}.{name}:measure" for name in ("zones", "parts", "hair"))
_FACE_SCALE = (0.33, 0.75)
_ROWS = (
    CueRow("body", "look of the whole body", "network", f"{_HERE}.body:measure"),
    CueRow("head", "colours of the head", "colour", _ZONES),
    CueRow("upper", "colours of the upper body", "colour", _ZONES),
    CueRow("lower", "colours of the lower body", "colour", _ZONES),
    CueRow("head_look", "look of the head", "network", _PARTS, needs="parts"),
    CueRow("upper_look", "look of the upper body", "network", _PARTS, needs="parts"),
    CueRow("lower_look", "look of the lower body", "network", _PARTS, needs="parts"),
    CueRow("hair", "colours of the hair", "own", _HAIR, needs="parts", scale=(0.6, 0.98)),
    CueRow("chest", "colours of the chest", "words", f"{_HERE}.chest:measure", needs="parts"),
    CueRow(
        "face", "look of the face", "own", f"{_HERE}.face:measure", needs="faces", scale=_FACE_SCALE
    ),
    CueRow("face_turn", "turn of the face", "pose", f"{_HERE}.face:measure_turn", needs="faces"),
    CueRow("facing", "turn of the body", "pose", f"{_HERE}.facing:measure", needs="parts"),
    CueRow(
        "seconded",
        "opinion of a second detector",
        "score",
        f"{_HERE}.seconded:measure",
        needs="second",
    ),
)
CUE_TABLE: dict[Cue, CueRow] = {row.name: row for row in _ROWS}
CUES: tuple[Cue, ...] = tuple(CUE_TABLE)


def cues_of(*roles: Role) -> tuple[Cue, ...]:
    """Return the names of the cues of some roles, in the order of the table.

    Example:
        >>> cues_of("colour")
        ('head', 'upper', 'lower')
    """
    return tuple(row.name for row in _ROWS if row.role in roles)
