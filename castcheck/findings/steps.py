"""What the pixels say where a presence begins or ends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from castcheck.findings.crops import CropRequest
from castcheck.findings.pictures import request_around
from identity.evidence.place_changes import changes_of_place, place_of
from identity.explanations.presence import explain_absence, may_be

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.findings.crops import CropCollector
    from castcheck.observe import Observations
    from identity.evidence.place_changes import PlaceChanges
    from identity.explanations.presence import Absence, PresenceCandidate
    from identity.judge import Judgement


ANY = float("-inf")  # as `least_log_odds`: no gap is ruled out


def request_steps(
    crops: CropCollector, seen: Observations, judgement: Judgement, *, least_log_odds: float = ANY
) -> None:
    """Request the pixels that decide about gaps in a presence, and those that show them."""
    for gap in _in_question(judgement, least_log_odds):
        for request in _window(seen, gap):
            crops.request(request)
        for member in judgement.tracks[gap.track].members:
            request_around(crops, seen, member, gap.seen_frame)


def changes_at_gaps(
    crops: CropCollector, seen: Observations, judgement: Judgement, *, least_log_odds: float = ANY
) -> Iterator[tuple[PresenceCandidate, PlaceChanges]]:
    """Yield the gaps in a presence, each with how the pixels of its place change.

    Args:
        crops: Read since `request_steps`.
        seen: What was observed in the clip.
        judgement: What identity concludes; its `presence` is looked into.
        least_log_odds: Gaps and moments that cannot reach it are left out.
    """
    for gap in _in_question(judgement, least_log_odds):
        requests = _window(seen, gap)
        pictures = [crop for request in requests if (crop := crops.crop(request)) is not None]
        if len(pictures) == len(requests):
            place = np.array(requests[0].box, np.float32)
            yield (
                gap,
                changes_of_place(
                    gap.path, gap.window, np.stack(pictures), place, gap.in_front,
                    ends_at=gap.frame, appears=gap.kind == "pop_in",
                    worth=partial(may_be, gap, least_log_odds=least_log_odds),
                ),
            )  # fmt: skip


def weigh_gaps(
    crops: CropCollector, seen: Observations, judgement: Judgement, *, least_log_odds: float
) -> tuple[tuple[PresenceCandidate, Absence], ...]:
    """Return the gaps that may be findings, each with its likeliest moment."""
    changed = changes_at_gaps(crops, seen, judgement, least_log_odds=least_log_odds)
    weighed = [(gap, explain_absence(gap, changes)) for gap, changes in changed]
    return tuple((gap, absence) for gap, absence in weighed if absence is not None)


def _in_question(judgement: Judgement, least_log_odds: float) -> list[PresenceCandidate]:
    """Return the gaps that may be as likely as that, for all that boxes say."""
    return [gap for gap in judgement.presence if may_be(gap, least_log_odds=least_log_odds)]


def _window(seen: Observations, gap: PresenceCandidate) -> list[CropRequest]:
    """Return the place of a gap, wide enough for all of its way, in every frame of its window."""
    place = place_of(gap.path, (seen.info.width_px, seen.info.height_px))
    return [CropRequest.of(frame, place, gap.track) for frame in gap.window]
