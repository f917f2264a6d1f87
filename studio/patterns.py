"""Procedural fabrics: patterns and prints, painted in body space so that they meet at the seams.

A garment texture is painted texel by texel. For every texel we know where on the undeformed body
it lies (metres; x to the wearer's left, y up, z forwards), so a stripe runs round the whole body
although the texture is cut into panels, and a number on the chest reads the right way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.looks import Cloth, Logo, Outfit, Rgb
    from studio.makehuman import Library, Proxy

    Floats = NDArray[np.float32]
    Image = NDArray[np.uint8]

TEXTURE_PX = 512
_MAP_PX = 256
# These suits carry a white shirt and a tie: keep their whole range of brightness.
_HIGH_CONTRAST = frozenset({"male_elegantsuit01"})


@dataclass(frozen=True, slots=True)
class GarmentMap:
    """What is known of every texel of a garment (H = W = TEXTURE_PX, row 0 on top).

    Attributes:
        where_m: (H, W, 3) place on the undeformed body in metres.
        is_lower: (H, W) True on trousers and skirts.
        shade_upper, shade_lower: (H, W) folds and seams as factors around 1.
    """

    where_m: Floats
    is_lower: NDArray[np.bool_]
    shade_upper: Floats
    shade_lower: Floats


def map_garment(library: Library, name: str) -> GarmentMap:
    """Measure a garment once; about 0.3 s."""
    proxy = library.proxy("clothes", name)
    fitted_m = proxy.fit(library.base.position)[proxy.source] * 0.1
    lower = _lower_islands(library, proxy).astype(np.float32)
    both, covered = _rasterise(proxy, np.c_[fitted_m, lower])
    both = cv2.resize(_bleed(both, covered), (TEXTURE_PX, TEXTURE_PX))
    where, zone = np.ascontiguousarray(both[..., :3]), both[..., 3] > 0.5
    grey = _read_grey(proxy, "mapDiffuse")
    ambient = _read_grey(proxy, "mapAO") if "mapAO" in proxy.textures else np.ones_like(grey)
    detail = grey / np.maximum(cv2.GaussianBlur(grey, (0, 0), 6), 0.02)
    upper = np.clip(detail, 0.88, 1.1) * (0.35 + 0.65 * ambient)
    if name in _HIGH_CONTRAST:
        upper = np.clip(grey / max(float(np.median(grey[~zone])), 0.05), 0.55, 5.0)
    reference = float(np.median(grey[zone])) if zone.any() else float(np.median(grey))
    return GarmentMap(where, zone, upper, np.clip(grey / max(reference, 0.05), 0.4, 1.5) ** 0.7)


def paint_garment(garment: GarmentMap, outfit: Outfit) -> Image:
    """Return the (H, W, 4) texture of a suit in the outfit's fabrics, row 0 on top."""
    upper = _fabric(garment.where_m, outfit.upper)
    if outfit.logo is not None:
        upper = _print(upper, garment.where_m, outfit.logo)
    upper = upper * garment.shade_upper[..., None]
    lower = _fabric(garment.where_m, outfit.lower) * garment.shade_lower[..., None]
    colour = np.where(garment.is_lower[..., None], lower, upper)
    rgba = np.dstack([np.clip(colour * 255, 0, 255), np.full(colour.shape[:2], 255.0)])
    return rgba.astype(np.uint8)


def tinted(image: Image, colour: Rgb) -> Image:
    """Return an (H, W, 4) texture recoloured, its light and dark kept."""
    grey = image[..., :3].mean(2) / 255.0
    visible = grey[image[..., 3] > 128]
    reference = float(np.median(visible)) if visible.size else 0.5
    shade = np.clip(grey / max(reference, 0.08), 0.3, 2.2)[..., None]
    painted = np.clip(shade * np.asarray(colour) * 255, 0, 255)
    return np.dstack([painted, image[..., 3]]).astype(np.uint8)


def _fabric(where_m: Floats, cloth: Cloth) -> NDArray[np.floating]:
    mask = _pattern_mask(where_m, cloth)[..., None]
    colour, accent = np.asarray(cloth.colour), np.asarray(cloth.accent)
    fabric: NDArray[np.floating] = colour * (1 - mask) + accent * mask
    return fabric


def _pattern_mask(where_m: Floats, cloth: Cloth) -> NDArray[np.floating]:
    """Return (H, W) in [0, 1]: how much of the accent colour a texel shows."""
    x, y, z = where_m[..., 0], where_m[..., 1], where_m[..., 2]
    pitch = cloth.pitch_m
    rng = np.random.default_rng([cloth.seed, 3])
    if cloth.pattern == "hstripe":
        return _wave(y / pitch, share=0.4)
    if cloth.pattern == "vstripe":
        return _wave(x / pitch, share=0.3)
    if cloth.pattern == "check":
        return 0.5 * _wave(x / pitch, share=0.45) + 0.5 * _wave(y / pitch, share=0.45)
    if cloth.pattern == "diagonal":
        return _wave((x + y) / pitch, share=0.35)
    if cloth.pattern == "dots":
        return _cells(x, y, pitch * 0.6, rng, fill=0.34, everywhere=True)
    if cloth.pattern == "confetti":
        return _cells(x, y, pitch * 0.8, rng, fill=0.42, everywhere=False)
    if cloth.pattern == "camo":
        return _blotches(where_m, pitch, rng)
    if cloth.pattern == "block":
        return _step(y - (0.2 + 0.5 * pitch))
    if cloth.pattern == "raglan":
        # Sleeves: what lies further out than the shoulders.
        return _step(np.abs(x) - 0.19)
    return np.zeros_like(z)


def _step(distance_m: NDArray[np.floating]) -> NDArray[np.floating]:
    out: NDArray[np.floating] = np.clip(distance_m / 0.004 + 0.5, 0, 1)
    return out


def _wave(phase: NDArray[np.floating], *, share: float) -> NDArray[np.floating]:
    """Return soft-edged stripes: 1 for `share` of each period."""
    inside = np.abs((phase % 1.0) - 0.5)
    out: NDArray[np.floating] = np.clip((share / 2 - inside) / 0.05 + 0.5, 0, 1)
    return out


def _cells(
    x: Floats, y: Floats, size_m: float, rng: np.random.Generator, *, fill: float, everywhere: bool
) -> NDArray[np.floating]:
    """Return spots on a grid: all alike, or of hashed size and place."""
    column, row = np.floor(x / size_m), np.floor(y / size_m)
    salt = rng.uniform(10, 99, 3)

    def hashed(k: int) -> NDArray[np.floating]:
        out: NDArray[np.floating] = (
            np.sin(column * 12.9898 + row * 78.233 + salt[k]) * 43758.5453
        ) % 1.0
        return out

    jitter = 0.0 if everywhere else 0.35
    dx = x / size_m - column - 0.5 - jitter * (hashed(0) - 0.5)
    dy = y / size_m - row - 0.5 - jitter * (hashed(1) - 0.5)
    radius = fill if everywhere else fill * hashed(2)
    out: NDArray[np.floating] = np.clip((radius - np.hypot(dx, dy)) / 0.1 + 0.5, 0, 1)
    return out


def _blotches(where_m: Floats, pitch: float, rng: np.random.Generator) -> NDArray[np.floating]:
    total = np.zeros(where_m.shape[:2])
    for octave in (1.0, 1.9, 3.7):
        direction = rng.normal(size=(3, 3)) * octave * 3.0 / pitch
        phase = rng.uniform(0, 2 * np.pi, 3)
        total += np.prod(np.sin(where_m @ direction.T + phase), axis=2) / octave
    return np.clip(total * 4 + 0.4, 0, 1)


def _print(colour: NDArray[np.floating], where_m: Floats, logo: Logo) -> NDArray[np.floating]:
    """Draw a logo on the chest (or, mirrored to read right, on the back)."""
    stamp = cv2.GaussianBlur(_stamp(logo), (0, 0), 1.0)
    x, y, z = where_m[..., 0], where_m[..., 1], where_m[..., 2]
    # The wearer's left is the viewer's right only from the front.
    across = (-x if logo.on_back else x) / logo.size_m + 0.5
    chest_m = 0.36
    down = 0.5 - (y - chest_m) / logo.size_m
    side = z < -0.02 if logo.on_back else z > 0.02
    size = stamp.shape[0]
    sampled = cv2.remap(
        stamp,
        (across * size).astype(np.float32),
        (down * size).astype(np.float32),
        cv2.INTER_LINEAR,
    )
    mask = (sampled * side)[..., None]
    out: NDArray[np.floating] = colour * (1 - mask) + np.asarray(logo.colour) * mask
    return out


def _stamp(logo: Logo) -> Floats:
    size, middle = 96, 48
    ink = np.zeros((size, size), np.uint8)
    if logo.shape == "disc":
        cv2.circle(ink, (middle, middle), 40, 255, -1)
    elif logo.shape == "ring":
        cv2.circle(ink, (middle, middle), 36, 255, 11)
    elif logo.shape == "bar":
        cv2.rectangle(ink, (4, 34), (92, 62), 255, -1)
    elif logo.shape == "diamond":
        cv2.fillPoly(ink, [np.array([[48, 6], [88, 48], [48, 90], [8, 48]])], 255)
    elif logo.shape == "bolt":
        bolt = [[56, 4], [22, 54], [44, 54], [36, 92], [76, 38], [52, 38]]
        cv2.fillPoly(ink, [np.array(bolt)], 255)
    elif logo.shape == "star":
        turn = np.arange(10) * np.pi / 5 - np.pi / 2
        radius = np.where(np.arange(10) % 2, 18, 44)
        tips = np.stack([middle + radius * np.cos(turn), middle + radius * np.sin(turn)], 1)
        cv2.fillPoly(ink, [tips.astype(np.int32)], 255)
    else:
        cv2.putText(ink, f"{logo.number:02d}", (6, 76), cv2.FONT_HERSHEY_DUPLEX, 2.2, 255, 9)
    return (ink / np.float32(255)).astype(np.float32)


def _lower_islands(library: Library, proxy: Proxy) -> NDArray[np.bool_]:
    """Return (R,) True for render vertices whose texture panel hangs mostly on the legs."""
    legs = [i for name, i in library.rig.index.items() if name.startswith(("thigh", "calf"))]
    leg_share = proxy.weight[:, legs].sum(1)[proxy.source]
    count = len(leg_share)
    a, b = proxy.triangles[:, [0, 1]].ravel(), proxy.triangles[:, [1, 2]].ravel()
    links = coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count))
    _, island = connected_components(links, directed=False)
    mean = np.bincount(island, leg_share) / np.maximum(np.bincount(island), 1)
    out: NDArray[np.bool_] = mean[island] > 0.3
    return out


def _rasterise(proxy: Proxy, value: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Spread (R, C) vertex values over the texture; also return which texels are covered."""
    size = _MAP_PX
    at = np.stack([proxy.uv[:, 0] % 1.0001, 1 - proxy.uv[:, 1] % 1.0001], 1) * size
    out = np.zeros((size, size, value.shape[1]), np.float32)
    covered = np.zeros((size, size), bool)
    for corners in proxy.triangles:
        p = at[corners]
        low = np.clip(np.floor(p.min(0)).astype(int), 0, size - 1)
        high = np.clip(np.ceil(p.max(0)).astype(int), 0, size - 1)
        (ax, ay), (bx, by), (cx, cy) = p
        area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
        if abs(area) < 1e-9:
            continue
        gx, gy = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
        wa = ((by - cy) * (gx - cx) + (cx - bx) * (gy - cy)) / area
        wb = ((cy - ay) * (gx - cx) + (ax - cx) * (gy - cy)) / area
        inside = (wa > -0.02) & (wb > -0.02) & (wa + wb < 1.02)
        blend = np.stack([wa, wb, 1 - wa - wb], -1)[inside] @ value[corners]
        out[gy[inside], gx[inside]] = blend
        covered[gy[inside], gx[inside]] = True
    return out, covered


def _bleed(values: Floats, covered: NDArray[np.bool_]) -> Floats:
    """Fill uncovered texels from the nearest covered one, so that mip maps do not fade at seams."""
    _, label = cv2.distanceTransformWithLabels(
        (~covered).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(label.max()) + 1, values.shape[2]), np.float32)
    table[label[covered]] = values[covered]
    filled: Floats = table[label]
    return filled


def _read_grey(proxy: Proxy, key: str) -> Floats:
    image = cv2.imread(str(proxy.textures[key]), cv2.IMREAD_COLOR)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    out: Floats = cv2.resize(grey, (TEXTURE_PX, TEXTURE_PX))
    return out
