"""What goes into a frame and what comes out: settings, light, props, actors, picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studio.character import CLOTH, Material

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from studio.character import Part, Texture
    from studio.mesh import Mesh
    from studio.stage import Vec3

    Floats = NDArray[np.float32]
    Image = NDArray[np.uint8]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """Size and cost of a frame. `supersample` > 1 draws larger and shrinks; `samples` = MSAA."""

    width_px: int = 640
    height_px: int = 360
    supersample: float = 1.0
    samples: int = 4
    shadow_px: int = 2048


@dataclass(frozen=True, slots=True)
class Lighting:
    """The light of a set: colours are linear and may exceed 1.

    Attributes:
        sun_to: Direction towards the sun or the main window.
        sun, sky, floor, fill: Light from there, from above, below, and from the camera.
        lamp_at, lamp: A lamp and its strength.
        exposure: Factor before the film curve.
        centre, reach_m: What the shadow map covers.
        backdrop: Colour behind everything.
        shadow_soft: Blur of shadows in texels.
    """

    sun_to: Vec3
    sun: Vec3
    sky: Vec3
    floor: Vec3
    fill: Vec3 = (0.15, 0.15, 0.15)
    lamp_at: Vec3 = (0, 2.2, 0)
    lamp: Vec3 = (0, 0, 0)
    exposure: float = 1.0
    centre: Vec3 = (0, 1, 0)
    reach_m: float = 7.0
    backdrop: Vec3 = (0.6, 0.7, 0.9)
    shadow_soft: float = 3.5


@dataclass(slots=True)
class Prop:
    """One still object of a set."""

    mesh: Mesh
    texture: Texture
    material: Material = field(default_factory=lambda: Material(CLOTH))


@dataclass(frozen=True, slots=True)
class Actor:
    """One character in one frame: what to draw and its (B, 4, 4) bones in the world."""

    parts: Sequence[Part]
    bones: Floats


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame: (H, W, 3) colours, (H, W) who is seen (0 nobody, i+1 actor i), amodal masks."""

    rgb: Image
    ids: Image
    amodal: tuple[Mask, ...]
