"""What the pixels say where a presence begins or ends."""

from __future__ import annotations

from collections import Counter
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
    from castcheck.support.progress import Progress
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
    crops: CropCollector, seen: Observations, judgement: Judgement
) -> Iterator[tuple[PresenceCandidate, PlaceChanges]]:
    """Yield every gap in a presence with how the pixels of its place change.

    Args:
        crops: Read since `request_steps`.
        seen: What was observed in the clip.
        judgement: What identity concludes; its `presence` is looked into.
    """
    for gap in judgement.presence:
        changes = _changes_at(gap, crops, _window(seen, gap), ANY)
        if changes is not None:
            yield gap, changes


def weigh_gaps(
    crops: CropCollector,
    seen: Observations,
    judgement: Judgement,
    progress: Progress,
    *,
    least_log_odds: float,
) -> tuple[tuple[PresenceCandidate, Absence], ...]:
    """Read what is requested, and return the gaps that may be findings with their likeliest moment.

    Each is weighed, and its crops are dropped, as soon as they are there.
    """
    gaps = _in_question(judgement, least_log_odds)
    windows = {k: _window(seen, gap) for k, gap in enumerate(gaps)}
    needed = Counter(request for window in windows.values() for request in window)
    waiting = sorted(windows, key=lambda k: gaps[k].window[-1])
    weighed: dict[int, Absence] = {}

    def weigh(newest: int) -> None:
        while waiting and gaps[waiting[0]].window[-1] <= newest:
            k = waiting.pop(0)
            changes = _changes_at(gaps[k], crops, windows[k], least_log_odds)
            absence = None if changes is None else explain_absence(gaps[k], changes)
            if absence is not None:
                weighed[k] = absence
            needed.subtract(windows[k])
            crops.forget(request for request in windows[k] if not needed[request])

    crops.read(progress, after=weigh)
    return tuple((gaps[k], weighed[k]) for k in sorted(weighed))


def _changes_at(
    gap: PresenceCandidate, crops: CropCollector, window: list[CropRequest], least_log_odds: float
) -> PlaceChanges | None:
    """Return how the pixels of a gap change; `None` = not all of them could be read."""
    pictures = [crop for request in window if (crop := crops.crop(request)) is not None]
    if len(pictures) < len(window):
        return None
    place = np.array(window[0].box, np.float32)
    return changes_of_place(
        gap.path, gap.window, np.stack(pictures), place, gap.in_front,
        ends_at=gap.frame, appears=gap.kind == "pop_in",
        worth=partial(may_be, gap, least_log_odds=least_log_odds),
    )  # fmt: skip


def _in_question(judgement: Judgement, least_log_odds: float) -> list[PresenceCandidate]:
    """Return the gaps that may be as likely as that, for all that boxes say."""
    return [gap for gap in judgement.presence if may_be(gap, least_log_odds=least_log_odds)]


def _window(seen: Observations, gap: PresenceCandidate) -> list[CropRequest]:
    """Return the place of a gap, wide enough for all of its way, in every frame of its window."""
    place = place_of(gap.path, (seen.info.width_px, seen.info.height_px))
    return [CropRequest.of(frame, place, gap.track) for frame in gap.window]
