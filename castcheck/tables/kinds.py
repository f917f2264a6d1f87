"""The table of kinds: a row is everything castcheck needs to know about a kind of finding.

A new kind is one row here and one file, `castcheck/kinds/<name>.py`, which finds it.
Command line, settings, reports, pages, planting, `calibrate` and `compare` read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from identity.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from identity.findings import Severity

Extent = Literal["moment", "span"]
Pictured = Literal["change", "both_ends", "side_by_side", "reference"]

# What the two halves of a comparison are called.
PAIR_LABELS: dict[Pictured, tuple[str, str]] = {
    "change": ("before", "after"),
    "both_ends": ("before", "after"),
    "side_by_side": ("on screen here", "and here at once"),
    "reference": ("reference", "in the clip"),
}


def load(target: str) -> Callable[..., Any]:
    """Return the function that "module:function" names."""
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function


@dataclass(frozen=True, slots=True)
class Planting:
    """One way to plant a kind.

    Attributes:
        name: For `castcheck plant --kinds` and file names.
        target: "module:function", which takes `(Stock, Generator)` and returns a `Plan`, or a
            sentence that says why this clip does not lend itself.
        graded: `--strength` applies.
    """

    name: str
    target: str
    graded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of finding.

    Attributes:
        name: In reports, settings and on the command line.
        title: For people.
        plural: After a number, in lower case.
        meaning: One sentence for people.
        icon: SVG drawn in a box of 20 x 20, stroked in the colour of the text.
        worst: The highest severity it may have.
        extent: "moment": a finding is its first frame and no longer. "span": it covers all frames
            that show it.
        pictured: Which frames show it. "change": the last before and the first after.
            "both_ends": before and after a slow change. "side_by_side": two at once in the middle.
            "reference": a reference picture beside the clip.
        found_by: "module:function", which takes a `Case` and yields findings. "" = found against
            the cast, where one decision is between several kinds (`castcheck.findings`).
        after_reading: `found_by` wants the pixels of `Case.steps`, so it is called only after the
            clip was read for pictures.
        planted_by: Ways to plant it.
    """

    name: str
    title: str
    plural: str
    meaning: str
    icon: str
    worst: Severity
    extent: Extent
    pictured: Pictured
    found_by: str
    after_reading: bool = False
    planted_by: tuple[Planting, ...] = ()

    @property
    def is_moment(self) -> bool:
        """Whether a finding of this kind is one frame long."""
        return self.extent == "moment"

    @property
    def against_cast(self) -> bool:
        """Whether it can be told only where it is known who should be there."""
        return self.pictured == "reference"

    def capped(self, severity: Severity) -> Severity:
        """Return a severity, no higher than this kind may have.

        Example:
            >>> KINDS["clone"].capped("critical"), KINDS["swap"].capped("critical")
            ('major', 'critical')
        """
        return min(severity, self.worst, key=SEVERITIES.index)


_ROWS = (
    Kind(
        name="swap",
        title="Swap",
        plural="swaps",
        meaning="Two characters exchange identity.",
        icon='<path d="M3 7h12M12 3.5 15.5 7 12 10.5M17 13H5M8 9.5 4.500 13 8 16.5"/>',
        worst="critical",
        extent="moment",
        pictured="change",
        found_by="castcheck.kinds.swap:find",
        planted_by=(
            Planting("swap_at_once", "castcheck.planting.swaps:swap_at_once", graded=True),
            Planting("swap_slow", "castcheck.planting.swaps:swap_slow", graded=True),
            Planting("swap_crossing", "castcheck.planting.swaps:swap_crossing", graded=True),
            Planting("swap_cut", "castcheck.planting.swaps:swap_cut", graded=True),
            Planting("swap_cut_back", "castcheck.planting.swaps:swap_cut_back", graded=True),
            Planting("swap_boundary", "castcheck.planting.swaps:swap_boundary", graded=True),
        ),
    ),
    Kind(
        name="morph",
        title="Morph",
        plural="morphs",
        meaning="A character abruptly becomes someone else.",
        icon='<circle cx="6" cy="10" r="3.5"/><path d="M13.500 6.500h4v7h-4zM9.500 10h4"/>',
        worst="critical",
        extent="moment",
        pictured="change",
        found_by="castcheck.kinds.morph:find",
        planted_by=(
            Planting("morph_at_once", "castcheck.planting.becoming:morph_at_once", graded=True),
            Planting("morph_slow", "castcheck.planting.becoming:morph_slow", graded=True),
            Planting("morph_boundary", "castcheck.planting.becoming:morph_boundary", graded=True),
            Planting("restyle_at_once", "castcheck.planting.restyled:restyle_at_once"),
            Planting("restyle_slow", "castcheck.planting.restyled:restyle_slow"),
            Planting("restyle_cut", "castcheck.planting.restyled:restyle_cut"),
        ),
    ),
    Kind(
        name="drift",
        title="Drift",
        plural="drifts",
        meaning="A character's look changes gradually.",
        icon='<path d="M2.500 6c3-3 4.500 3 7.500 3s4 6 7.500 5M14 11.500l3.500 2.500-3 3"/>',
        worst="major",
        extent="span",
        pictured="both_ends",
        found_by="castcheck.kinds.drift:find",
        planted_by=(
            Planting("drift_second", "castcheck.planting.becoming:drift_second", graded=True),
            Planting("drift_shot", "castcheck.planting.becoming:drift_shot", graded=True),
            Planting("drift_colours", "castcheck.planting.becoming:drift_colours", graded=True),
            Planting("drift_cut", "castcheck.planting.becoming:drift_cut", graded=True),
        ),
    ),
    Kind(
        name="attribute_swap",
        title="Attribute swap",
        plural="attribute swaps",
        meaning="Clothes, hair or face change owner; the rest of each look stays.",
        icon=(
            '<circle cx="10" cy="5.500" r="3"/><path d="M4 17c0-5 2.500-7 6-7s6 2 6 7zM4 14h12"/>'
        ),
        worst="major",
        extent="span",
        pictured="change",
        found_by="castcheck.kinds.attribute_swap:find",
        planted_by=(
            Planting("hair_swap", "castcheck.planting.parts:exchange_hair"),
            Planting("head_swap", "castcheck.planting.heads:exchange_heads"),
            Planting("upper_swap", "castcheck.planting.parts:exchange_upper"),
            Planting("lower_swap", "castcheck.planting.parts:exchange_lower"),
        ),
    ),
    Kind(
        name="clone",
        title="Clone",
        plural="clones",
        meaning="One identity is on screen twice at once.",
        icon=(
            '<circle cx="7" cy="6" r="2.500"/>'
            '<circle cx="14" cy="6" r="2.500"/>'
            '<path d="M3 16c0-4 1.500-6 4-6s4 2 4 6M11 11.500c.7-1 1.700-1.500 3-1.500 2.500'
            ' 0 4 2 4 6"/>'
        ),
        worst="major",
        extent="span",
        pictured="side_by_side",
        found_by="castcheck.kinds.clone:find",
        planted_by=(
            Planting("clone_earlier", "castcheck.planting.presence:clone_earlier"),
            Planting("clone_mirrored", "castcheck.planting.presence:clone_mirrored"),
            Planting("clone_instead", "castcheck.planting.presence:clone_instead", graded=True),
        ),
    ),
    Kind(
        name="vanish",
        title="Vanish",
        plural="vanishes",
        meaning="A character disappears in full view.",
        icon=(
            '<circle cx="10" cy="10" r="6.500" stroke-dasharray="2.500 2.500"/><path d="M7 10h6"/>'
        ),
        worst="major",
        extent="moment",
        pictured="change",
        found_by="castcheck.kinds.vanish:find",
        after_reading=True,
        planted_by=(
            Planting("vanish", "castcheck.planting.presence:vanish"),
            Planting("vanish_slow", "castcheck.planting.presence:vanish_slow"),
        ),
    ),
    Kind(
        name="pop_in",
        title="Pop-in",
        plural="pop-ins",
        meaning="A character appears in full view.",
        icon=(
            '<circle cx="10" cy="10" r="6.500" stroke-dasharray="2.500 2.500"/>'
            '<path d="M7 10h6M10 7v6"/>'
        ),
        worst="major",
        extent="moment",
        pictured="change",
        found_by="castcheck.kinds.pop_in:find",
        after_reading=True,
        planted_by=(Planting("pop_in", "castcheck.planting.presence:pop_in"),),
    ),
    Kind(
        name="missing",
        title="Missing",
        plural="missing",
        meaning="A member of the cast is not in the clip.",
        icon=(
            '<circle cx="10" cy="6" r="3"/>'
            '<path d="M4 17c0-5 2.500-7 6-7 1.500 0 2.800.4 3.800 1.200M13 14l4 4M17 14l-4'
            ' 4"/>'
        ),
        worst="major",
        extent="span",
        pictured="reference",
        found_by="",
    ),
    Kind(
        name="unexpected",
        title="Unexpected",
        plural="unexpected",
        meaning="Someone is there who should not be.",
        icon=(
            '<circle cx="8" cy="6" r="3"/>'
            '<path d="M2.500 17c0-5 2.200-7 5.500-7 1.500 0 2.700.4 3.600 1.200M15.500'
            ' 10v4.500M15.500 17v.2"/>'
        ),
        worst="major",
        extent="span",
        pictured="reference",
        found_by="",
    ),
    Kind(
        name="stranger",
        title="Stranger",
        plural="strangers",
        meaning="Someone matches no member of the cast.",
        icon='<path d="M7 7a3 3 0 1 1 4.500 2.600C10.400 10.300 10 11 10 12.500M10 16v.2"/>',
        worst="critical",
        extent="span",
        pictured="reference",
        found_by="",
        planted_by=(
            Planting("stranger_cut", "castcheck.planting.becoming:stranger_cut", graded=True),
        ),
    ),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ROWS}
KIND_NAMES = tuple(KINDS)
MOMENTS = frozenset(kind.name for kind in _ROWS if kind.is_moment)
TOLERANCE_FRAMES = 3  # two findings of a moment that start so close are one and the same
