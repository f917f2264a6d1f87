"""The looks of a batch whose pictures lie on a device: all of it is measured there.

What comes back is one tensor: what the network says of the boxes it looks at, the colours of parts
of their heads, and the colours of the zones of every box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from identity.appearance.colour import HISTOGRAM_DIM
from identity.appearance.colour_there import histograms_there
from identity.appearance.cues.crops import Crops
from identity.appearance.cues.head_places import HEAD_PLACES, head_edges
from identity.appearance.cues.zones import zone_patches
from identity.appearance.zones import Zone
from scenes.device_pictures import DeviceCrop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from identity.appearance.cues.crops import Measured
    from identity.appearance.cues.head_places import HeadPlace
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
        places = {} if heads is None else HEAD_PLACES
        edges = [_edges(patches, batch.device)]
        edges += [_within(_edges(looked_at, batch.device), heads, p) for p in places.values()]
        rows = [crop.row for crop in (*patches, *looked_at * len(places))]
        colours = histograms_there(batch, rows, torch.cat(edges))
        back = torch.cat([told.flatten(), colours.flatten()]).cpu().numpy()
    body, parts = reader.read(back[: told.numel()].reshape(tuple(told.shape)))
    vectors = back[told.numel() :].reshape(-1, HISTOGRAM_DIM)
    measured: dict[str, Measured] = {}
    shown = {zone: own for zone, (own, _) in zones.items()}
    shown |= dict.fromkeys(places, np.asarray(sampled, np.int64))
    for cue, own in shown.items():
        measured[cue], vectors = (own, vectors[: len(own)]), vectors[len(own) :]
    return Crops(found, pictures, sampled, width_px, height_px, body, parts, measured)


def _edges(crops: Sequence[DeviceCrop], device: Any) -> Any:
    import torch

    edges = [crop.edges for crop in crops]
    return torch.tensor(edges, dtype=torch.long, device=device).reshape(-1, 4)


def _within(crops: Any, head_boxes: Any, place: HeadPlace) -> Any:
    """Return (K, 4) edges of a part of the head in crops with edges (K, 4).

    Whatever the network says, they lie inside the crop: a place beyond memory would end the
    process before anybody could say that the network returns no numbers.
    """
    import torch

    heads = torch.nan_to_num(head_boxes.double()).clamp(-8, 8)
    size_px = (crops[:, 2:] - crops[:, :2]).double()
    inside = torch.stack(head_edges(size_px, heads, place), dim=1).long()
    return crops[:, :2].repeat(1, 2) + inside
