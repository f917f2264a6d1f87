"""The looks of a batch whose pictures lie on a device: all of it is measured there.

What comes back is one tensor: what the network says of the boxes it looks at, the colours of their
hair, and the colours of the zones of every box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from identity.appearance.colour import HISTOGRAM_DIM
from identity.appearance.colour_there import histograms_there
from identity.appearance.cues.crops import Crops
from identity.appearance.cues.hair import hair_edges
from identity.appearance.cues.zones import zone_patches
from identity.appearance.zones import Zone
from scenes.device_pictures import DeviceCrop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from identity.appearance.cues.crops import Measured
    from identity.appearance.embedder import DeviceReader
    from tracker.detections import Detections


def crops_there(
    found: Detections,
    pictures: Mapping[int, DeviceCrop],
    sampled: Sequence[int],
    reader: DeviceReader,
    *,
    width_px: int,
    height_px: int,
) -> Crops:
    """Return the crops with what the network says of the sampled ones, and the colours of all.

    Args:
        found: All boxes, good and bad.
        pictures: Row of a box to its crop, at least one, all of one batch.
        sampled: Rows that the network looks at.
        reader: Of the network.
        width_px: Of the whole picture.
        height_px: Of the whole picture.
    """
    import torch

    size = {"width_px": width_px, "height_px": height_px}
    zones = {zone: zone_patches(found, pictures, zone, **size) for zone in get_args(Zone)}
    looked_at = [pictures[row] for row in sampled]
    patches = [patch for _, own in zones.values() for patch in own if isinstance(patch, DeviceCrop)]
    batch = next(iter(pictures.values())).pictures
    with torch.inference_mode():
        told = reader.rows(looked_at)
        heads = reader.head_boxes(told)
        with_hair = [] if heads is None else looked_at
        edges = [_edges(patches, batch.device)]
        if heads is not None:
            edges.append(_hair_within(_edges(looked_at, batch.device), heads))
        rows = [crop.row for crop in (*patches, *with_hair)]
        colours = histograms_there(batch, rows, torch.cat(edges))
        back = torch.cat([told.flatten(), colours.flatten()]).cpu().numpy()
    body, parts = reader.read(back[: told.numel()].reshape(tuple(told.shape)))
    vectors = back[told.numel() :].reshape(-1, HISTOGRAM_DIM)
    measured: dict[str, Measured] = {}
    shown = {zone: own for zone, (own, _) in zones.items()}
    shown |= {} if heads is None else {"hair": np.asarray(sampled, np.int64)}
    for cue, own in shown.items():
        measured[cue], vectors = (own, vectors[: len(own)]), vectors[len(own) :]
    return Crops(found, pictures, sampled, width_px, height_px, body, parts, measured)


def _edges(crops: Sequence[DeviceCrop], device: Any) -> Any:
    import torch

    edges = [crop.edges for crop in crops]
    return torch.tensor(edges, dtype=torch.long, device=device).reshape(-1, 4)


def _hair_within(crops: Any, head_boxes: Any) -> Any:
    """Return (K, 4) edges of the hair in crops with edges (K, 4).

    Whatever the network says, they lie inside the crop: a place beyond memory would end the
    process before anybody could say that the network returns no numbers.
    """
    import torch

    heads = torch.nan_to_num(head_boxes.double()).clamp(-8, 8)
    size_px = (crops[:, 2:] - crops[:, :2]).double()
    inside = torch.stack(hair_edges(size_px, heads), dim=1).long()
    return crops[:, :2].repeat(1, 2) + inside
