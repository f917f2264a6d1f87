"""Which frames of a clip show its characters, its shots and its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from castcheck.findings.builder import character_id
from castcheck.findings.crops import COMPARISON_PX, CropRequest
from castcheck.report.visuals import Comparison, Picture, Visuals
from castcheck.support.images import shrunk_jpeg
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from castcheck.findings.crops import CropCollector
    from castcheck.observe import Observations
    from identity.findings import Finding
    from identity.judge import Judgement
    from scenes.shots import Shot

_STRIP_PICTURES = 10  # per character; the page thins them further where its budget asks for it
_STRIP_PICTURES_MAX = 24

Place = tuple[int, int]  # a tracklet and a row of it: one box at one frame


def _strip_picks(seen: Observations, judgement: Judgement) -> dict[int, list[Place]]:
    """Return character to (tracklet, row) of its pictures: every tracklet, spread over time.

    Those that the detector doubts may show anything, and are left out; a character has others.
    """
    picks: dict[int, list[Place]] = {}
    cast = judgement.cast
    for number in range(cast.character_count):
        chosen_ones = np.flatnonzero((cast.labels == number) & ~cast.doubtful)
        own = [judgement.segments[k] for k in chosen_ones.tolist()]
        total = sum(len(s.frames) for s in own)
        chosen: list[Place] = []
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


def request_pictures(
    crops: CropCollector, seen: Observations, judgement: Judgement, findings: Iterable[Finding]
) -> None:
    """Request all that `make_visuals` shows: of every character, shot and finding."""
    places = [place for own in _strip_picks(seen, judgement).values() for place in own]
    for finding in findings:
        places += [place for own in _places_of(seen, judgement, finding) for place in own]
    for place in places:
        crops.request(_crop_of(seen, place))
    for shot in seen.shots:
        crops.request(_middle_of(seen, shot))


def request_around(crops: CropCollector, seen: Observations, tracklet_id: int, frame: int) -> None:
    """Request the pictures of a tracklet that show what changes at a frame."""
    for place in _around(seen, tracklet_id, frame, frame):
        crops.request(_crop_of(seen, place))


def make_visuals(
    crops: CropCollector,
    seen: Observations,
    judgement: Judgement,
    findings: Sequence[Finding],
    *,
    strip_px: int,
) -> Visuals:
    """Return all pictures of the page, as far as they were read.

    Args:
        crops: Read since `request_pictures`.
        seen: What was observed in the clip.
        judgement: Who is who.
        findings: All of the report.
        strip_px: Height of the pictures of a character, at most.
    """
    strips = {
        character_id(number): tuple(_read(crops, seen, places, strip_px))
        for number, places in _strip_picks(seen, judgement).items()
    }
    shots = {shot.index: crops.shot(_middle_of(seen, shot)) for shot in seen.shots}
    comparisons = {f.finding_id: _comparisons(crops, seen, judgement, f) for f in findings}
    return Visuals(
        strips, comparisons, {index: jpeg for index, jpeg in shots.items() if jpeg is not None}
    )


def _places_of(seen: Observations, judgement: Judgement, finding: Finding) -> list[list[Place]]:
    """Return what shows a finding: the places of each comparison, or of each of its two sides."""
    start, stop = finding.start_frame, finding.stop_frame
    pictured = KINDS[finding.kind].pictured
    if pictured == "reference":
        return []  # shown against reference pictures, see `cast_pictures`
    if pictured == "side_by_side":
        middle = (start + stop) // 2
        return [_around(seen, t, middle, middle) for t in finding.tracklets[:2]]
    if pictured == "both_ends":
        family = {m for t in finding.tracklets for m in _family(judgement, t)}
        return [[(t, row) for t in family for row in _rows_of_drift(seen, t, start, stop)]]
    families = [{m for t in own for m in _family(judgement, t)} for own in _compared(finding)]
    return [
        [place for t in family for place in _around(seen, t, start - 1, start)]
        for family in families
    ]


def _compared(finding: Finding) -> list[tuple[int, ...]]:
    """Return the tracklets of each comparison; over a cut, one before and one after it."""
    if finding.evidence.get("over_cut"):
        first, second, third, fourth = finding.tracklets
        return [(first, third), (second, fourth)]
    return [(t,) for t in finding.tracklets]


def _comparisons(
    crops: CropCollector, seen: Observations, judgement: Judgement, finding: Finding
) -> tuple[Comparison, ...]:
    """Return the crops of one finding, a comparison per character concerned."""
    start, stop = finding.start_frame, finding.stop_frame
    pictured = KINDS[finding.kind].pictured
    read = [
        list(_read(crops, seen, places, COMPARISON_PX))
        for places in _places_of(seen, judgement, finding)
    ]
    for pictures in read:
        pictures.sort(key=lambda p: p.frame)
    if pictured == "reference":
        return ()
    if pictured == "side_by_side":
        one, two = (tuple(pictures[:1]) for pictures in read)
        return (Comparison(finding.characters[0], one, two),)
    if pictured == "both_ends":
        (pictures,) = read
        before = tuple(p for p in pictures if p.frame < start)[-2:] or tuple(pictures[:1])
        after = tuple(p for p in pictures if p.frame >= stop)[:2] or tuple(pictures[-1:])
        return (Comparison(finding.characters[0] if finding.characters else None, before, after),)
    return tuple(_change(judgement, pictures, start) for pictures in read)


def _change(judgement: Judgement, pictures: Sequence[Picture], frame: int) -> Comparison:
    """Return the crops of one place on both sides of a frame, and who is there on each."""
    before = tuple(p for p in pictures if p.frame < frame)[-2:]
    after = tuple(p for p in pictures if p.frame >= frame)[:2]
    was, now = (
        seen_character(judgement, side[0].tracklet_id, side[0].frame) if side else None
        for side in (before[-1:], after)
    )
    changes_hands = bool(before) and bool(after) and was != now
    return Comparison(now if after else was, before, after, (was or "") if changes_hands else None)


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


def _around(seen: Observations, tracklet_id: int, before: int, after: int) -> list[Place]:
    return [(tracklet_id, row) for row in _rows_around(seen, tracklet_id, before, after)]


def _crop_of(seen: Observations, place: Place) -> CropRequest:
    tracklet_id, row = place
    tracklet = seen.tracklets[tracklet_id]
    return CropRequest.of(int(tracklet.frame[row]), tracklet.xyxy[row], tracklet_id)


def _middle_of(seen: Observations, shot: Shot) -> CropRequest:
    box = np.array([0, 0, seen.info.width_px, seen.info.height_px], np.float32)
    return CropRequest.of((shot.start_frame + shot.stop_frame) // 2, box, -1)


def _read(
    crops: CropCollector, seen: Observations, places: Iterable[Place], height_px: int
) -> Iterator[Picture]:
    """Yield the pictures of places, but for those that could not be read."""
    for place in places:
        request = _crop_of(seen, place)
        crop = crops.crop(request)
        if crop is not None:
            jpeg, width_px, seen_px = shrunk_jpeg(crop, max_height_px=height_px)
            yield Picture(request.frame, request.tracklet_id, jpeg, width_px, seen_px)
