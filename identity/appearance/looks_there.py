"""The looks of a batch whose pictures lie on a device: all of it is measured there.

What comes back is one tensor: what the network says of the boxes it looks at, the colours of their
hair and chest, what their faces look like, and the colours of the zones of every box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from identity.appearance.colour import HISTOGRAM_DIM
from identity.appearance.colour_there import histograms_there
from identity.appearance.cues.chest import chest_edges
from identity.appearance.cues.crops import Crops
from identity.appearance.cues.hair import hair_edges
from identity.appearance.cues.zones import zone_patches
from identity.appearance.faces.face_reader import Faces, checked_faces
from identity.appearance.faces.squares import head_squares
from identity.appearance.zones import Zone
from scenes.device_pictures import DeviceCrop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from identity.appearance.cues.crops import Measured, ReadFaces
    from identity.appearance.embedder import DeviceReader
    from identity.appearance.faces.face_reader import DeviceFaceReader, FaceReader
    from tracker.detections import Detections


def crops_there(
    found: Detections,
    pictures: Mapping[int, DeviceCrop],
    sampled: Sequence[int],
    reader: DeviceReader,
    *,
    width_px: int,
    height_px: int,
    faces: FaceReader | None = None,
) -> Crops:
    """Return the crops with what the network says of the sampled ones, and the colours of all.

    Args:
        found: All boxes, good and bad.
        pictures: Row of a box to its crop, at least one, all of one batch.
        sampled: Rows that the network looks at.
        reader: Of the network.
        width_px: Of the whole picture.
        height_px: Of the whole picture.
        faces: Reads the faces; one that reads arrays only is asked later.
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
        faces_there: DeviceFaceReader | None = getattr(faces, "there", None)
        seen = told.new_zeros((0, 0))
        if heads is not None and faces_there is not None:
            places = [crop.row for crop in looked_at]
            within = _edges(looked_at, batch.device).double(), _inside(heads)
            squares, _ = head_squares(*within, longest_px=max(width_px, height_px))
            seen = faces_there.rows(batch, places, squares.long())
        by_head = {} if heads is None else {"hair": hair_edges, "chest": chest_edges}
        bodies = _edges(looked_at, batch.device)
        edges = [
            _edges(patches, batch.device),
            *(_within(bodies, heads, edges_of) for edges_of in by_head.values()),
        ]
        rows = [crop.row for crop in (*patches, *looked_at * len(by_head))]
        colours = histograms_there(batch, rows, torch.cat(edges))
        back = torch.cat([told.flatten(), seen.flatten(), colours.flatten()]).cpu().numpy()
    told_back, seen_back, vectors = np.split(back, np.cumsum([told.numel(), seen.numel()]))
    body, parts = reader.read(told_back.reshape(tuple(told.shape)))
    vectors = vectors.reshape(-1, HISTOGRAM_DIM)
    measured: dict[str, Measured] = {}
    shown = {zone: own for zone, (own, _) in zones.items()}
    shown |= dict.fromkeys(by_head, np.asarray(sampled, np.int64))
    for cue, own in shown.items():
        measured[cue], vectors = (own, vectors[: len(own)]), vectors[len(own) :]
    read_faces = None
    if faces is not None and faces_there is not None and heads is not None:
        all_faces = faces_there.read(seen_back.reshape(tuple(seen.shape)))
        read_faces = _chosen_of(checked_faces(all_faces, network=faces.name))
    return Crops(found, pictures, sampled, width_px, height_px, body, parts, measured, read_faces)


def _chosen_of(all_faces: Faces) -> ReadFaces:
    """Return what tells some faces of those of all sampled boxes, which have been read already."""
    return lambda chosen, _: all_faces.take(chosen)


def _edges(crops: Sequence[DeviceCrop], device: Any) -> Any:
    import torch

    edges = [crop.edges for crop in crops]
    return torch.tensor(edges, dtype=torch.long, device=device).reshape(-1, 4)


def _within(crops: Any, head_boxes: Any, edges_of: Callable[[Any, Any], tuple[Any, ...]]) -> Any:
    """Return (K, 4) edges of what a head tells the place of, in crops with edges (K, 4).

    Whatever the network says, they lie inside the crop.
    """
    import torch

    size_px = (crops[:, 2:] - crops[:, :2]).double()
    inside = torch.stack(edges_of(size_px, _inside(head_boxes)), dim=1).long()
    return crops[:, :2].repeat(1, 2) + inside


def _inside(head_boxes: Any) -> Any:
    """Return head boxes as float64, finite and not far from their crops.

    A place beyond memory would end the process before anybody could say that the network returns no
    numbers.
    """
    import torch

    return torch.nan_to_num(head_boxes.double()).clamp(-8, 8)
