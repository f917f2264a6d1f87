"""Which frames of a clip show its characters, its shots and its findings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from castcheck.findings.builder import character_id
from castcheck.findings.crops import COMPARISON_PX
from castcheck.report.visuals import Comparison, Picture, Visuals
from castcheck.support.images import shrunk_jpeg
from castcheck.tables.kinds import KINDS
from identity.explanations.presence import is_gap, largest_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from castcheck.findings.crops import CropCollector
    from castcheck.observe import Observations
    from identity.explanations.presence import PixelStep, PresenceCandidate
    from identity.findings import Finding
    from identity.judge import Judgement

_STRIP_PICTURES = 10  # per character; the page thins them further where its budget asks for it
_STRIP_PICTURES_MAX = 24


def request_steps(crops: CropCollector, seen: Observations, judgement: Judgement) -> None:
    """Request the pixels that confirm gaps in a presence, and those that show them."""
    for gap in judgement.presence:
        _window(crops, seen, gap)
        for member in judgement.tracks[gap.track].members:
            _available(crops, seen, member, gap.seen_frame, gap.seen_frame)


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
        window = _window(crops, seen, gap)
        if any(crop is None for crop in window):
            continue
        others = [_others_at(seen, judgement, gap.track, frame) for frame in gap.window]
        step = largest_step(gap, np.stack(window), gap.place(size_px), others)  # type: ignore[arg-type]
        if step is not None and is_gap(gap, step, min_ratio=min_ratio):
            confirmed.append((replace(gap, frame=step.frame), step))
    return tuple(confirmed)


def _window(
    crops: CropCollector, seen: Observations, gap: PresenceCandidate
) -> list[NDArray[np.uint8] | None]:
    """Request the place of a gap in every frame of its window; return what was read of it."""
    place = gap.place((seen.info.width_px, seen.info.height_px))
    return [crops.crop(crops.request(frame, place, gap.track)) for frame in gap.window]


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


def _whole(seen: Observations, frame: int) -> tuple[int, NDArray[np.float32], int]:
    box = np.array([0, 0, seen.info.width_px, seen.info.height_px], np.float32)
    return frame, box, -1


def _strip_picks(seen: Observations, judgement: Judgement) -> dict[int, list[tuple[int, int]]]:
    """Return character to (tracklet, row) of its pictures: every tracklet, spread over time.

    Those that the detector doubts may show anything, and are left out; a character has others.
    """
    picks: dict[int, list[tuple[int, int]]] = {}
    cast = judgement.cast
    for number in range(cast.character_count):
        chosen_ones = np.flatnonzero((cast.labels == number) & ~cast.doubtful)
        own = [judgement.segments[k] for k in chosen_ones.tolist()]
        total = sum(len(s.frames) for s in own)
        chosen: list[tuple[int, int]] = []
        for segment in own:
            count = max(1, round(_STRIP_PICTURES * len(segment.frames) / max(total, 1)))
            rows = np.linspace(segment.start_row, segment.stop_row - 1, count + 2)[1:-1]
            chosen += [(segment.tracklet.tracklet_id, round(float(r))) for r in rows]
        chosen.sort(key=lambda c: int(seen.tracklets[c[0]].frame[c[1]]))
        step = max(1, -(-len(chosen) // _STRIP_PICTURES_MAX))
        picks[number] = chosen[::step]
    return picks


def _rows_around(seen: Observations, tracklet_id: int, before: int, after: int) -> list[int]:
    """Return the rows of two pictures at or before `before` and two at or after `after`."""
    frames = seen.tracklets[tracklet_id].frame
    early = int(np.searchsorted(frames, before, side="right")) - 1
    late = int(np.searchsorted(frames, after))
    gap = max(2, round(seen.fps / 4))
    rows = {early, early - gap, late, late + gap}
    return sorted(r for r in rows if 0 <= r < len(frames))


def _rows_of_drift(seen: Observations, tracklet_id: int, start: int, stop: int) -> list[int]:
    """Return the rows of pictures before and after a slow change, or else of its two ends.

    Nothing may be seen before or after: a change may take a whole clip.
    """
    frames = seen.tracklets[tracklet_id].frame
    first = max(int(np.searchsorted(frames, start)) - 1, 0)
    last = min(int(np.searchsorted(frames, stop)), len(frames) - 1)
    gap = max(2, round(seen.fps / 4))
    return sorted(r for r in {first - gap, first, last, last + gap} if 0 <= r < len(frames))


def make_visuals(
    crops: CropCollector,
    seen: Observations,
    judgement: Judgement,
    findings: Sequence[Finding],
    *,
    strip_px: int,
) -> Visuals:
    """Return all pictures of the page.

    Called before `crops` is read, it requests them; called after, it has them.
    """
    strips = {}
    for number, picks in _strip_picks(seen, judgement).items():
        pictures = [_picture(crops, seen, t, row, strip_px) for t, row in picks]
        strips[character_id(number)] = tuple(p for p in pictures if p is not None)
    shots = {}
    for shot in seen.shots:
        frame, box, nobody = _whole(seen, (shot.start_frame + shot.stop_frame) // 2)
        jpeg = crops.shot(crops.request(frame, box, nobody))
        if jpeg is not None:
            shots[shot.index] = jpeg
    comparisons = {f.finding_id: _comparisons(crops, seen, judgement, f) for f in findings}
    return Visuals(strips, comparisons, shots)


def _comparisons(
    crops: CropCollector, seen: Observations, judgement: Judgement, finding: Finding
) -> tuple[Comparison, ...]:
    """Return the crops of one finding, a row per tracklet concerned."""
    pictured = KINDS[finding.kind].pictured
    if pictured == "reference":
        return ()  # shown against reference pictures, see `cast_pictures`
    if pictured == "side_by_side":
        middle = (finding.start_frame + finding.stop_frame) // 2
        sides = [
            tuple(_available(crops, seen, t, middle, middle)[:1]) for t in finding.tracklets[:2]
        ]
        return (Comparison(finding.characters[0], sides[0], sides[1]),)
    if pictured == "both_ends":
        return (_comparison_of_drift(crops, seen, judgement, finding),)
    rows = []
    over_cut = bool(finding.evidence.get("over_cut"))
    groups: list[tuple[int, ...]] = [(t,) for t in finding.tracklets]
    if over_cut:
        first, second, third, fourth = finding.tracklets
        groups = [(first, third), (second, fourth)]
    start = finding.start_frame
    for group in groups:
        family = {m for t in group for m in _family(judgement, t)}
        pictures = [p for t in family for p in _available(crops, seen, t, start - 1, start)]
        pictures.sort(key=lambda p: p.frame)
        before = tuple(p for p in pictures if p.frame < start)[-2:]
        after = tuple(p for p in pictures if p.frame >= start)[:2]
        who = seen_character(judgement, group[-1], start)
        rows.append(Comparison(who, before, after))
    return tuple(rows)


def _comparison_of_drift(
    crops: CropCollector, seen: Observations, judgement: Judgement, finding: Finding
) -> Comparison:
    """Return the looks before and after a slow change, over all tracklets that show it."""
    start, stop = finding.start_frame, finding.stop_frame
    family = {m for t in finding.tracklets for m in _family(judgement, t)}
    found = [
        _picture(crops, seen, t, row, COMPARISON_PX)
        for t in family
        for row in _rows_of_drift(seen, t, start, stop)
    ]
    pictures = sorted((p for p in found if p is not None), key=lambda p: p.frame)
    before = tuple(p for p in pictures if p.frame < start)[-2:] or tuple(pictures[:1])
    after = tuple(p for p in pictures if p.frame >= stop)[:2] or tuple(pictures[-1:])
    return Comparison(finding.characters[0] if finding.characters else None, before, after)


def _family(judgement: Judgement, tracklet_id: int) -> tuple[int, ...]:
    """Return the tracklets of the body that a tracklet belongs to."""
    return next((s.members for s in judgement.tracks if tracklet_id in s.members), (tracklet_id,))


def seen_character(judgement: Judgement, tracklet_id: int, frame: int) -> str | None:
    """Return the id of whom a tracklet wears at `frame`."""
    for segment, label in zip(judgement.segments, judgement.cast.labels, strict=True):
        inside = segment.start_frame <= frame < segment.stop_frame
        if segment.tracklet.tracklet_id == tracklet_id and inside and label >= 0:
            return character_id(int(label))
    return None


def _available(
    crops: CropCollector, seen: Observations, tracklet_id: int, before: int, after: int
) -> list[Picture]:
    rows = _rows_around(seen, tracklet_id, before, after)
    pictures = [_picture(crops, seen, tracklet_id, row, COMPARISON_PX) for row in rows]
    return [p for p in pictures if p is not None]


def _picture(
    crops: CropCollector, seen: Observations, tracklet_id: int, row: int, height_px: int
) -> Picture | None:
    tracklet = seen.tracklets[tracklet_id]
    crop = crops.crop(crops.request(int(tracklet.frame[row]), tracklet.xyxy[row], tracklet_id))
    if crop is None:
        return None
    jpeg, width_px, seen_px = shrunk_jpeg(crop, max_height_px=height_px)
    return Picture(int(tracklet.frame[row]), tracklet_id, jpeg, width_px, seen_px)
