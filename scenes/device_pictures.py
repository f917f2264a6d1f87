"""Pictures where the networks run: copied there once, then cut out and scaled there.

Plain torch, so the same lines run on a CPU, where tests compare them with OpenCV's: what is scaled
here differs by one grey level at most, where OpenCV rounds otherwise. A crop is no copy but a place
in a picture, and all crops of a batch are scaled together: one at a time, the calls alone would
take a GPU longer than OpenCV takes on a core.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from typing_extensions import Self

_SUMS_LIMIT_BYTES = 512 * 1024 * 1024  # twenty pictures of 1080p
_INT32_PX = (2**31 - 1) // 255  # a picture whose sums 32 bits hold; 4K is one


@dataclass(frozen=True, slots=True, eq=False)
class DeviceCrop:
    """A place in one of several pictures on a device; it is cut further as an array is.

    Attributes:
        pictures: (N, H, W, 3) uint8 RGB, a tensor.
        row: Which of them.
        top, left, bottom, right: Pixels, half-open, inside the picture.

    Example:
        >>> crop = DeviceCrop(None, 0, 10, 20, 50, 40)
        >>> crop.shape, crop[5:, :-10].shape
        ((40, 20, 3), (35, 10, 3))
    """

    pictures: Any
    row: int
    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, 3."""
        return max(self.bottom - self.top, 0), max(self.right - self.left, 0), 3

    def __getitem__(self, part: tuple[slice, slice]) -> Self:
        height, width, _ = self.shape
        (top, bottom, _), (left, right, _) = part[0].indices(height), part[1].indices(width)
        return replace(
            self,
            top=self.top + top,
            left=self.left + left,
            bottom=self.top + max(bottom, top),
            right=self.left + max(right, left),
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        """Return a copy as an array, for what knows arrays only."""
        cut = self.pictures[self.row, self.top : self.bottom, self.left : self.right]
        return np.asarray(cut.cpu().numpy(), dtype)

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right."""
        return self.top, self.left, self.bottom, self.right


def is_on_device(pictures: Any) -> bool:
    """Tell whether pictures are a tensor, not an array."""
    return not isinstance(pictures, np.ndarray)


def averaged(pictures: Any, size_px: tuple[int, int]) -> Any:
    """Return (N, h, w, 3) uint8 area averages of pictures, as OpenCV's INTER_AREA makes them.

    Args:
        pictures: (N, H, W, 3) uint8, a tensor.
        size_px: Width and height.
    """
    import torch

    count, height, width = pictures.shape[:3]
    edges = torch.tensor([[0, 0, height, width]], device=pictures.device).expand(count, 4)
    small = scaled(pictures, range(count), edges, height_px=size_px[1], width_px=size_px[0])
    return small.to(torch.uint8)


def blended(pictures: Any, size_px: tuple[int, int]) -> Any:
    """Return (N, h, w, 3) int32 pictures as OpenCV's INTER_LINEAR makes them.

    Args:
        pictures: (N, H, W, 3) uint8, a tensor.
        size_px: Width and height.
    """
    import torch

    count, height, width = pictures.shape[:3]
    start = torch.zeros(1, device=pictures.device)
    y, x = (
        _Axis.of(start, start + have, start + want, want, area_taps=False)
        for have, want in ((height, size_px[1]), (width, size_px[0]))
    )
    rows = torch.arange(count, device=pictures.device)
    return _blended(pictures, rows, y.taps.expand(count, -1), x.taps.expand(count, -1))


def on_host(pictures: Any) -> NDArray[np.uint8]:
    """Return pictures as an array, for what knows arrays only; from a device they are copied."""
    host: NDArray[np.uint8] = pictures.cpu().numpy() if is_on_device(pictures) else pictures
    return host


def copied_back(crops: Sequence[Any]) -> list[NDArray[np.uint8]]:
    """Return crops as arrays; those on a device are copied, all of them at once.

    Args:
        crops: Arrays, or all `DeviceCrop`.
    """
    if not crops or not isinstance(crops[0], DeviceCrop):
        return list(crops)
    import torch

    flat = torch.cat(
        [c.pictures[c.row, c.top : c.bottom, c.left : c.right].flatten() for c in crops]
    )
    ends = np.cumsum([np.prod(crop.shape) for crop in crops])[:-1]
    parts = np.split(flat.cpu().numpy(), ends)
    return [part.reshape(crop.shape) for part, crop in zip(parts, crops, strict=True)]


def joined(parts: Sequence[Any]) -> Any:
    """Return the pictures of all parts, which lie in arrays or all on a device, one after another.

    Example:
        >>> joined([np.zeros((1, 2, 2, 3)), np.ones((2, 2, 2, 3))]).shape
        (3, 2, 2, 3)
    """
    if len(parts) == 1:
        return parts[0]
    if not is_on_device(parts[0]):
        return np.concatenate(parts)
    import torch

    return torch.cat(list(parts))


def scaled(
    pictures: Any,
    rows: Sequence[int],
    edges: Any,
    *,
    height_px: int,
    width_px: int,
    inner_px: Any = None,
    around: Sequence[float] = (0.0, 0.0, 0.0),
    averages_small: bool = True,
) -> Any:
    """Return (K, height_px, width_px, 3) float32 whole grey levels of K places in pictures.

    What is at least as large as it will be becomes area averages, like OpenCV's INTER_AREA.

    Args:
        pictures: (N, H, W, 3) uint8, a tensor.
        rows: (K,) the picture of each.
        edges: (K, 4) int64 tensor, top, left, bottom, right, half-open, not empty. What lies beyond
            a picture is the nearest of its edge.
        height_px: Of what comes out.
        width_px: Of what comes out.
        inner_px: (K, 2) int64 tensor, height and width that each takes in the middle of it;
            `None` = all of it.
        around: Colour of the rest.
        averages_small: What is smaller on a side is enlarged as INTER_AREA does it, which copies
            pixels and blends at their edges; else, and for what stays as large as it is on a side,
            as INTER_LINEAR does it.
    """
    import torch

    count = len(rows)
    if not count:
        return torch.zeros((0, height_px, width_px, 3), device=pictures.device)
    if inner_px is None:
        inner_px = edges.new_tensor([height_px, width_px]).expand(count, 2)
    sizes = edges[:, 2:] - edges[:, :2]
    shrinks = (sizes >= inner_px if averages_small else sizes > inner_px).all(dim=1)
    y, x = (
        _Axis.of(edges[:, k], sizes[:, k], inner_px[:, k], out, area_taps=averages_small)
        for k, out in ((0, height_px), (1, width_px))
    )
    order = sorted(range(count), key=rows.__getitem__)
    parts = [
        _scaled_of(pictures, [rows[k] for k in some], *(axis.take(some) for axis in (y, x)))
        for some in _in_reach(pictures, rows, order)
    ]
    averages, blends = (torch.cat(part) for part in zip(*parts, strict=True))
    back = torch.empty(count, dtype=torch.long)
    back[order] = torch.arange(count)
    out = torch.where(shrinks[order, None, None, None], averages, blends)[back]
    filled = y.filled[:, :, None, None] & x.filled[:, None, :, None]
    return torch.where(filled, out.round(), out.new_tensor(around)).float()


def warped(
    pictures: Any, rows: Sequence[int], edges: Any, cells: Any, maps: Any, *, size_px: int
) -> Any:
    """Return (K, size_px, size_px, 3) float32 whole grey levels of K places, turned and scaled.

    Each place becomes area averages, like OpenCV's INTER_AREA, in which the pixels of what comes
    out are then looked up, like OpenCV's INTER_LINEAR; what lies beyond a place is the nearest of
    its edge.

    Args:
        pictures: (N, H, W, 3) uint8, a tensor.
        rows: (K,) the picture of each.
        edges: (K, 4) int64 tensor, as `scaled` takes them.
        cells: (K, 2) int64 tensor, into how many averages each is divided, down and across; as many
            as it has pixels leave it as it is.
        maps: (K, 2, 3) float64 tensor, from x and y of what comes out to x and y of the averages.
        size_px: Of what comes out.
    """
    import torch

    if not len(rows):
        return torch.zeros((0, size_px, size_px, 3), device=pictures.device)
    at = torch.arange(size_px, device=pictures.device, dtype=torch.float64)
    grid = torch.stack(
        [*torch.meshgrid(at, at, indexing="xy"), torch.ones_like(at).expand(size_px, -1)]
    )
    x, y = torch.einsum("kij,jhw->ikhw", maps, grid)
    lengths = edges[:, 2:] - edges[:, :2]
    down, across = (
        _Cells.of(places, edges[:, k], lengths[:, k], cells[:, k]) for k, places in ((0, y), (1, x))
    )
    order = sorted(range(len(rows)), key=rows.__getitem__)
    parts = [
        _warped_of(pictures, [rows[k] for k in some], down.take(some), across.take(some))
        for some in _in_reach(pictures, rows, order)
    ]
    back = torch.empty(len(rows), dtype=torch.long)
    back[order] = torch.arange(len(rows))
    return torch.cat(parts)[back].round().float()


class _Cells(NamedTuple):
    """Between which averages along one axis the pixels of what comes out lie, all (K, h, w).

    Attributes:
        low, high: Where both begin in the picture.
        length: (K, 1, 1) of each.
        share: How much the second counts.
    """

    low: Any
    high: Any
    length: Any
    share: Any

    @classmethod
    def of(cls, places: Any, first: Any, length: Any, count: Any) -> _Cells:
        first, length, count = (v[:, None, None].double() for v in (first, length, count))
        below, step = places.floor(), length / count
        low, high = (at.clamp(min=0).minimum(count - 1) for at in (below, below + 1))
        return cls(first + low * step, first + high * step, step, places - below)

    def take(self, some: list[int]) -> _Cells:
        return _Cells(*(values[some] for values in self))


def _warped_of(pictures: Any, rows: list[int], y: _Cells, x: _Cells) -> Any:
    shown, local = _used(pictures, rows)
    sums, area = _sums(shown), (y.length * x.length)[..., None]

    def average(top: Any, left: Any) -> Any:
        bottom, right = top + y.length, left + x.length
        low, high = (
            _at(sums, local, row, right) - _at(sums, local, row, left) for row in (top, bottom)
        )
        return ((high - low) / area).round()

    share = x.share[..., None]
    upper = average(y.low, x.low).lerp(average(y.low, x.high), share)
    lower = average(y.high, x.low).lerp(average(y.high, x.high), share)
    return upper.lerp(lower, y.share[..., None])


def _at(sums: Any, rows: Any, y: Any, x: Any) -> Any:
    """Return (K, h, w, 3) float64 sums at places y and x (K, h, w), which lie between corners."""
    (above, below), (left, right) = (_corners(at, sums.shape[k]) for k, at in ((1, y), (2, x)))
    down, aside = (y - above)[..., None], (x - left)[..., None]

    def at(row: Any, column: Any) -> Any:
        return sums[rows[:, None, None], row, column].double()

    upper = at(above, left).lerp(at(above, right), aside)
    return upper.lerp(at(below, left).lerp(at(below, right), aside), down)


class _Axis(NamedTuple):
    """Where along one axis of a picture the pixels of K scaled places come from.

    Attributes:
        bounds: (K, count + 1) float64, between which each is averaged.
        taps: (K, count) float64, at which each is read.
        filled: (K, count) bool, those that show the place at all.
    """

    bounds: Any
    taps: Any
    filled: Any

    @classmethod
    def of(cls, first: Any, length: Any, inner: Any, count: int, *, area_taps: bool) -> _Axis:
        import torch

        first, length, inner = (values[:, None].double() for values in (first, length, inner))
        grows = inner / length
        scale = 1 / grows  # as OpenCV does: the last bit says which pixel a place falls into
        at = torch.arange(count + 1, device=first.device) - ((count - inner) / 2).floor()
        bounds = (at * scale).clamp(min=0).minimum(length)
        at = at[:, :-1]
        if area_taps:
            pixel = (at * scale).floor()
            share = at + 1 - (pixel + 1) * grows
            taps = pixel + torch.where(share <= 0, torch.zeros_like(share), share % 1)
        else:
            taps = ((at + 0.5) * scale - 0.5).float().double()  # OpenCV keeps so many bits
        filled = (at >= 0) & (at < inner)
        return cls(first + bounds, first + taps.clamp(min=0).minimum(length - 1), filled)

    def take(self, some: list[int]) -> _Axis:
        return _Axis(*(values[some] for values in self))


def _in_reach(pictures: Any, rows: Sequence[int], order: list[int]) -> Iterator[list[int]]:
    """Yield pieces of `order` whose pictures can be summed at once."""
    limit = max(1, _SUMS_LIMIT_BYTES // max(1, 4 * pictures[0].numel()))
    piece: list[int] = []
    seen: set[int] = set()
    for k in order:
        if rows[k] not in seen and len(seen) == limit:
            yield piece
            piece, seen = [], set()
        piece.append(k)
        seen.add(rows[k])
    yield piece


def _scaled_of(pictures: Any, rows: list[int], y: _Axis, x: _Axis) -> tuple[Any, Any]:
    """Return (K, h, w, 3) averages of K places, and blends of their nearest pixels."""
    shown, local = _used(pictures, rows)
    corners = _between(_sums(shown), local, y.bounds, x.bounds)
    boxes = corners.diff(dim=1).diff(dim=2)
    area = y.bounds.diff(dim=1)[:, :, None, None] * x.bounds.diff(dim=1)[:, None, :, None]
    return boxes / area.clamp(min=1e-9), _blended(shown, local, y.taps, x.taps)


def _used(pictures: Any, rows: list[int]) -> tuple[Any, Any]:
    """Return the pictures that are asked for, and which of them each of (K,) rows is."""
    import torch

    used = sorted(set(rows))
    place = {row: k for k, row in enumerate(used)}
    local = torch.tensor([place[row] for row in rows], device=pictures.device)
    return (pictures if len(used) == len(pictures) else pictures[used]), local


def _sums(pictures: Any) -> Any:
    """Return (N, H + 1, W + 1, 3), the sums of all pixels above and left of each corner."""
    import torch

    count, height, width = pictures.shape[:3]
    fits = height * width <= _INT32_PX
    sums = pictures.new_zeros(
        (count, height + 1, width + 1, 3), dtype=torch.int32 if fits else torch.int64
    )
    inner = sums[:, 1:, 1:]
    torch.cumsum(pictures, dim=1, dtype=sums.dtype, out=inner)
    inner.cumsum_(dim=2)
    return sums


def _between(sums: Any, rows: Any, y: Any, x: Any) -> Any:
    """Return (K, h, w, 3) float64 sums at y (K, h) and x (K, w), which lie between corners."""
    (above, below), (left, right) = (_corners(at, sums.shape[k]) for k, at in ((1, y), (2, x)))
    down, aside = (y - above)[:, :, None, None], (x - left)[:, None, :, None]

    def at(row: Any, column: Any) -> Any:
        return sums[rows[:, None, None], row[:, :, None], column[:, None, :]].double()

    upper = at(above, left).lerp(at(above, right), aside)
    return upper.lerp(at(below, left).lerp(at(below, right), aside), down)


def _blended(pictures: Any, rows: Any, y: Any, x: Any) -> Any:
    """Return (K, h, w, 3) int32 pixels at y (K, h) and x (K, w), with OpenCV's weights of 11 bits.

    Its sums are cut off and rounded where OpenCV does so: in a patch of few pixels, one grey level
    more in each would be another colour.
    """
    (above, below), (left, right) = (
        _neighbours(at, pictures.shape[k]) for k, at in ((1, y), (2, x))
    )
    down, aside = (
        (y - y.floor()).float()[:, :, None, None],
        (x - x.floor()).float()[:, None, :, None],
    )
    from_above, from_below = ((share * 2048).round().int() for share in (1 - down, down))
    from_left, from_right = ((share * 2048).round().int() for share in (1 - aside, aside))

    def across(row: Any) -> Any:
        columns = (
            pictures[rows[:, None, None], row[:, :, None], column[:, None, :]].int()
            for column in (left, right)
        )
        return next(columns) * from_left + next(columns) * from_right >> 4

    return (from_above * across(above) >> 16) + (from_below * across(below) >> 16) + 2 >> 2


def _neighbours(at: Any, count: int) -> tuple[Any, Any]:
    """Return the whole numbers below and above, both from 0 to below `count`."""
    low = at.floor().long()
    return low.clamp(0, count - 1), (low + 1).clamp(0, count - 1)


def _corners(at: Any, count: int) -> tuple[Any, Any]:
    """Return two neighbouring corners of `count`, by whose line the sums go on beyond the last.

    So beyond a picture every pixel is the nearest of its edge.
    """
    low = at.floor().long().clamp(0, count - 2)
    return low, low + 1
