"""The networks of this project for faces, run by torch on pictures that lie on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from identity.appearance.embedder import unit_rows
from identity.appearance.faces.align import NEAR_SHARE, TEMPLATE, TEMPLATE_PX, turn_of
from identity.appearance.faces.face_reader import Faces
from identity.appearance.faces.reader import LEAST_SPREAD, SURE_LOGIT
from identity.appearance.faces.sizes import LOOK_DIM, LOOK_PX, POINT_COUNT, POINTS_PX
from scenes.device_pictures import scaled, warped
from scenes.errors import WeightsError
from scenes.threads import load_torch
from tracker.tensor_file import read_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_AT_ONCE = 32  # while they are turned, so many faces take 300 MiB
# Where the points lie in a face, and when they are looked for again, see `near_transform`.
TARGET = TEMPLATE.astype(np.float64) * (LOOK_PX / TEMPLATE_PX)
NEAR_TARGET = NEAR_SHARE * TEMPLATE.astype(np.float64) * (POINTS_PX / TEMPLATE_PX)
NEAR_TARGET += (1 - NEAR_SHARE) * (POINTS_PX - 1) / 2


class FacesThere:
    """Reads faces where pictures lie (a `DeviceFaceReader`): what `reader.FaceReader` reads.

    Args:
        points: Maps (N, 3, 64, 64) float32 planes in -1..1 to (N, 11) float32, see `PointsOutput`.
        look: Maps (N, 3, 80, 80) of them to (N, 129) float32, see `LookOutput`.
    """

    def __init__(self, points: Callable[[Any], Any], look: Callable[[Any], Any]) -> None:
        self._points, self._look = points, look

    def rows(self, pictures: Any, places: Sequence[int], squares: Any) -> Any:
        """Return (N, 132) float32: look, trust, turn, and 1 where there is a face, else 0."""
        import torch

        parts = [torch.zeros((0, LOOK_DIM + 4), device=pictures.device)]
        with torch.inference_mode():
            for first in range(0, len(places), _AT_ONCE):
                some = slice(first, first + _AT_ONCE)
                parts.append(self._rows(pictures, places[some], squares[some]))
            return torch.cat(parts)

    def _rows(self, pictures: Any, places: Sequence[int], squares: Any) -> Any:
        import torch

        left, top, side = squares.T
        edges = torch.stack([top, left, top + side, left + side], dim=1)

        def turned(points: Any, target: Any, size_px: int) -> tuple[Any, Turn]:
            turn = Turn.onto(target, points, side)
            return warped(pictures, places, edges, turn.cells, turn.maps, size_px=size_px), turn

        heads = scaled(
            pictures, places, edges, height_px=POINTS_PX, width_px=POINTS_PX, averages_small=False
        )
        points, logits = self._found(heads)
        spread = points.std(dim=1, correction=0).amax(dim=1) / POINTS_PX
        known = (logits >= SURE_LOGIT) & (spread >= LEAST_SPREAD)
        points = (points + 0.5) * (side[:, None, None] / POINTS_PX) - 0.5
        near, turn = turned(points, NEAR_TARGET, POINTS_PX)
        points = turn.back(self._found(near)[0])
        faces, _ = turned(points, TARGET, LOOK_PX)
        ways = torch.stack(turn_of(points), dim=1).float()
        return torch.cat([self._look(_planes(faces)), ways, known[:, None].float()], dim=1)

    def _found(self, views: Any) -> tuple[Any, Any]:
        """Return (N, 5, 2) float64 points in pixels of (N, 64, 64, 3) views, and (N,) logits."""
        said = self._points(_planes(views))
        shares = said[:, :-1].double().reshape(-1, POINT_COUNT, 2)
        return shares * POINTS_PX - 0.5, said[:, -1]

    def read(self, rows: NDArray[np.float32]) -> Faces:
        """Return the faces that the rows hold."""
        known = rows[:, -1] > 0
        seen = np.where(known[:, None], rows, np.float32(0))
        return Faces(known, unit_rows(seen[:, :LOOK_DIM]), seen[:, -3:-1])


def open_there(weights: Path, *, device: str, half: bool) -> FacesThere:
    """Return both networks of a file, run on a device.

    Raises:
        WeightsError: Its tensors are not theirs.
    """
    torch = load_torch()
    from identity.appearance.faces.network import FaceNetworks

    _, state = read_tensors(weights, instead="install castcheck again")
    networks: Any = FaceNetworks()
    try:
        networks.load_state_dict(state, strict=True)
    except RuntimeError as err:
        raise WeightsError("its tensors do not fit the networks for faces", where=weights) from err
    dtype, layout = torch.float16 if half else torch.float32, torch.channels_last
    networks.eval().requires_grad_(requires_grad=False)
    networks.to(device=device, dtype=dtype, memory_format=layout)

    def run_by(network: Any) -> Callable[[Any], Any]:
        def run(planes: Any) -> Any:
            return network(planes.to(device, dtype, memory_format=layout)).in_rows().float()

        return run

    return FacesThere(run_by(networks.points), run_by(networks.look))


class Turn(NamedTuple):
    """How squares are turned, as `align.turned` does it.

    Attributes:
        cells: (N, 2) int64, into how many averages a square is divided first.
        maps: (N, 2, 3) float64, from x and y of what comes out to x and y of the averages.
        side: (N,) float64, of the squares.
    """

    cells: Any
    maps: Any
    side: Any

    @classmethod
    def onto(cls, target: NDArray[np.float64], points: Any, side: Any) -> Turn:
        """Return how five points come to lie on a target, as `face_transform` puts them there.

        Args:
            target: (5, 2) in pixels of what comes out.
            points: (N, 5, 2) float64 in pixels of each square, a tensor.
            side: (N,) int64 of the squares.
        """
        import torch

        wanted = torch.as_tensor(target, device=points.device)
        middle, wanted_middle = points.mean(dim=1), wanted.mean(dim=0)
        # As complex numbers about their middle, turn and scale are one factor; its inverse turns
        # back.
        first = torch.view_as_complex((points - middle[:, None]).contiguous())
        second = torch.view_as_complex((wanted - wanted_middle).contiguous())
        factor = (first.conj() * second).sum(dim=1) / first.abs().square().sum(dim=1)
        scale, whole = factor.abs(), side.double()
        averages = torch.where(scale < 0.5, (2 * scale * whole).round().clamp(min=1), whole)
        averages = torch.nan_to_num(averages, nan=1.0)
        back = torch.view_as_real(1 / factor)
        turn = torch.stack([back[:, 0], -back[:, 1], back[:, 1], back[:, 0]], dim=1)
        turn = turn.reshape(-1, 2, 2)
        shift = middle - (turn @ wanted_middle[:, None])[:, :, 0]
        share = (averages / whole)[:, None, None]
        maps = torch.cat([turn * share, (shift[:, :, None] + 0.5) * share - 0.5], dim=2)
        return cls(averages.long()[:, None].expand(-1, 2), maps, whole)

    def back(self, points: Any) -> Any:
        """Return (N, 5, 2) points of what came out in pixels of the squares."""
        cells = points @ self.maps[:, :, :2].transpose(1, 2) + self.maps[:, None, :, 2]
        return (cells + 0.5) * (self.side / self.cells[:, 0])[:, None, None] - 0.5


def _planes(levels: Any) -> Any:
    return ((levels - 127.5) / 127.5).permute(0, 3, 1, 2)
