"""Re-ID networks run by torch on crops that lie on a device: nothing comes back from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from identity.appearance.embedder import CrossCues, unit_rows
from identity.appearance.prepare import inner_size
from scenes.device_pictures import scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from identity.appearance.reid_specs import ReidSpec
    from scenes.device_pictures import DeviceCrop

_AT_ONCE = 64  # while they are scaled, so many crops take 300 MiB


class TorchReader:
    """Reads whole bodies (a `DeviceReader`).

    Args:
        forward: Maps (N, 3, H, W) float32 planes, on any device, to (N, K) float32 on its own.
        dim: K.
        spec: How a crop is prepared.
        device: Where the network is.
    """

    def __init__(
        self, forward: Callable[[Any], Any], *, dim: int, spec: ReidSpec, device: str
    ) -> None:
        self._forward, self._dim, self._spec, self._device = forward, dim, spec, device

    def rows(self, crops: Sequence[DeviceCrop]) -> Any:
        """Return (N, K) float32, all that the network says of N crops; a tensor on the device."""
        import torch

        spec = self._spec
        parts = [torch.zeros((0, self._dim), device=self._device)]
        with torch.inference_mode():
            for first in range(0, len(crops), _AT_ONCE):
                planes = planes_there(
                    crops[first : first + _AT_ONCE],
                    spec,
                    height_px=spec.height_px,
                    width_px=spec.width_px,
                )
                parts.append(self._forward(planes))
            return torch.cat(parts)

    def head_boxes(self, rows: Any) -> Any:  # noqa: ARG002 (the protocol's)
        """Return `None`: heads are not told."""
        return None

    def read(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], CrossCues | None]:
        """Return (N, D) unit rows of the body, and no other cues."""
        return unit_rows(rows), None


def planes_there(
    crops: Sequence[DeviceCrop], spec: ReidSpec, *, height_px: int, width_px: int
) -> Any:
    """Return (N, 3, height_px, width_px) float32 planes of N crops, a tensor where they lie.

    What `prepare_crops` makes of arrays; at least one crop, of pictures of one clip or of several.
    """
    import torch

    order: list[int] = []
    parts = []
    mean = spec.mean[::-1] if spec.bgr else spec.mean
    for pictures in {id(crop.pictures): crop.pictures for crop in crops}.values():
        own = [k for k, crop in enumerate(crops) if crop.pictures is pictures]
        order += own
        inner = [inner_size(crops[k].shape, spec, height_px, width_px) for k in own]
        levels = scaled(
            pictures,
            [crops[k].row for k in own],
            torch.tensor([crops[k].edges for k in own], device=pictures.device),
            height_px=height_px,
            width_px=width_px,
            inner_px=torch.tensor(inner, device=pictures.device),
            around=[spec.scale * value for value in mean],  # becomes 0
            averages_small=False,
        )
        parts.append(levels)
    back = torch.empty(len(order), dtype=torch.long)
    back[order] = torch.arange(len(order))
    levels = torch.cat(parts)[back]
    if spec.bgr:
        levels = levels.flip(-1)
    normal = (levels / spec.scale - levels.new_tensor(spec.mean)) / levels.new_tensor(spec.std)
    return normal.permute(0, 3, 1, 2)
