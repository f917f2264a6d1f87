"""Whether the pixels confirm that a presence begins or ends where its boxes do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from castcheck.findings.crops import CropRequest
from castcheck.findings.pictures import request_around
from identity.explanations.presence import is_gap, largest_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from castcheck.findings.crops import CropCollector
    from castcheck.observe import Observations
    from identity.explanations.presence import PixelStep, PresenceCandidate
    from identity.judge import Judgement


def request_steps(crops: CropCollector, seen: Observations, judgement: Judgement) -> None:
    """Request the pixels that confirm gaps in a presence, and those that show them."""
    for gap in judgement.presence:
        for request in _window(seen, gap):
            crops.request(request)
        for member in judgement.tracks[gap.track].members:
            request_around(crops, seen, member, gap.seen_frame)


def confirm_steps(
    crops: CropCollector, seen: Observations, judgement: Judgement, *, min_ratio: float
) -> tuple[tuple[PresenceCandidate, PixelStep], ...]:
    """Return the gaps that the pixels confirm, each with the step they show.

    Args:
        crops: Read since `request_steps`.
        seen: What was observed in the clip.
        judgement: What identity concludes; its `presence` is checked.
        min_ratio: How far a step must stand out from the other changes around it.
    """
    confirmed = []
    size_px = (seen.info.width_px, seen.info.height_px)
    for gap in judgement.presence:
        window = [crops.crop(request) for request in _window(seen, gap)]
        if any(crop is None for crop in window):
            continue
        others = [_others_at(seen, judgement, gap.track, frame) for frame in gap.window]
        step = largest_step(gap, np.stack(window), gap.place(size_px), others)  # type: ignore[arg-type]
        if step is not None and is_gap(gap, step, min_ratio=min_ratio):
            confirmed.append((replace(gap, frame=step.frame), step))
    return tuple(confirmed)


def _window(seen: Observations, gap: PresenceCandidate) -> list[CropRequest]:
    """Return the place of a gap in every frame of its window."""
    place = gap.place((seen.info.width_px, seen.info.height_px))
    return [CropRequest.of(frame, place, gap.track) for frame in gap.window]


def _others_at(
    seen: Observations, judgement: Judgement, track: int, frame: int
) -> NDArray[np.float32]:
    """Return (M, 4) the boxes of everybody else at `frame`."""
    own = judgement.tracks[track].members
    rows = [
        t.xyxy[row : row + 1]
        for t in seen.tracklets
        if t.tracklet_id not in own
        and (row := int(np.searchsorted(t.frame, frame))) < len(t.frame)
        and t.frame[row] == frame
    ]
    return np.concatenate(rows) if rows else np.zeros((0, 4), np.float32)
