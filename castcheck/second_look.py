"""A second reading of the clip for what only pictures can tell: gaps confirmed, crops for people.

Only the frames that are asked for are kept, so memory does not grow with the clip.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from castcheck.report.visuals import Comparison, Picture, Visuals
from castcheck.shrink import jpeg_of, shrunk, shrunk_jpeg
from castcheck.wording import character_id
from castcheck.words import CAST_KINDS
from identity.explanations.presence import is_gap, largest_step
from scenes.source import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.observe import Observations
    from identity.explanations.attribute_swap import AttributeSwap
    from identity.explanations.over_cut import CutSwap
    from identity.explanations.presence import PixelStep, PresenceCandidate
    from identity.findings import Finding
    from identity.judge import Judgement

    Progress = Callable[[str, int, int | None], None]

_STRIP_PICTURES = 10  # per character; the page thins them further where its budget asks for it
_STRIP_PICTURES_MAX = 24
_COMPARISON_PX = 240
_SHOT_PX = 240


@dataclass(frozen=True, slots=True)
class _Wish:
    """One crop that is wanted; `tracklet_id` -1 = the whole picture."""

    frame: int
    tracklet_id: int
    box: tuple[float, float, float, float]


class SecondLook:
    """Collects wishes, reads the clip once more, and hands out crops."""

    def __init__(self, clip: Path, seen: Observations) -> None:
        self._clip = clip
        self._seen = seen
        self._wishes: set[_Wish] = set()
        self._crops: dict[_Wish, NDArray[np.uint8]] = {}
        self._shots: dict[_Wish, bytes] = {}  # as JPEG at once: long clips have many shots

    def want(self, frame: int, box: NDArray[np.float32], tracklet_id: int) -> _Wish:
        """Ask for the pixels of `box` at `frame`."""
        wish = _Wish(frame, tracklet_id, tuple(float(v) for v in box))  # type: ignore[arg-type]
        self._wishes.add(wish)
        return wish

    def crop(self, wish: _Wish) -> NDArray[np.uint8] | None:
        """Return the (h, w, 3) RGB pixels; `None` where the frame could not be read again."""
        return self._crops.get(wish)

    def shot(self, wish: _Wish) -> bytes | None:
        """Return a whole picture as JPEG; `None` where the frame could not be read again."""
        return self._shots.get(wish)

    def read(self, progress: Progress) -> None:
        """Read the clip up to the last frame that is wanted."""
        by_frame: dict[int, list[_Wish]] = {}
        for wish in self._wishes - self._crops.keys() - self._shots.keys():
            by_frame.setdefault(wish.frame, []).append(wish)
        if not by_frame:
            return
        last = max(by_frame)
        progress("pictures", 0, last + 1)
        with open_source(self._clip) as source:
            for batch in source.batches(8):
                for frame in range(int(batch.index[0]), int(batch.index[-1]) + 1):
                    picture = batch.rgb[frame - int(batch.index[0])]
                    for wish in by_frame.get(frame, ()):
                        if wish.tracklet_id < 0:
                            self._shots[wish] = jpeg_of(_cut(picture, wish))
                        else:
                            self._crops[wish] = _cut(picture, wish)
                progress("pictures", min(int(batch.index[-1]) + 1, last + 1), last + 1)
                if int(batch.index[-1]) >= last:
                    break


def _cut(picture: NDArray[np.uint8], wish: _Wish) -> NDArray[np.uint8]:
    """Return a copy of the pixels, no larger than the page can use."""
    height, width = picture.shape[:2]
    limit = _SHOT_PX if wish.tracklet_id < 0 else _COMPARISON_PX
    x1, y1, x2, y2 = (round(v) for v in wish.box)
    x1, y1 = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    crop = picture[y1 : max(min(y2, height), y1 + 1), x1 : max(min(x2, width), x1 + 1)]
    return shrunk(crop, max_height_px=limit).copy()


def look_again(
    clip: Path, seen: Observations, judgement: Judgement, *, min_ratio: float, progress: Progress
) -> tuple[SecondLook, tuple[tuple[PresenceCandidate, PixelStep], ...]]:
    """Read the clip again; return the crops and the gaps that the pictures confirm.

    Args:
        clip: The file.
        seen: What was seen in it.
        judgement: What identity says; its `gaps` are checked.
        min_ratio: How far a step must stand out from the other changes around it.
        progress: Called with stage, frames done and frames in all.
    """
    look = SecondLook(clip, seen)
    for shot in seen.shots:
        look.want(*_whole(seen, (shot.start_frame + shot.stop_frame) // 2))
    for picks in _strip_picks(seen, judgement).values():
        for tracklet_id, row in picks:
            tracklet = seen.tracklets[tracklet_id]
            look.want(int(tracklet.frame[row]), tracklet.xyxy[row], tracklet_id)
    for frame, box, tracklet_id in _evidence_picks(seen, judgement):
        look.want(frame, box, tracklet_id)
    size_px = (seen.info.width_px, seen.info.height_px)
    wishes = {
        k: [look.want(f, gap.place(size_px), gap.series) for f in gap.window]
        for k, gap in enumerate(judgement.gaps)
    }
    look.read(progress)
    confirmed = []
    for k, gap in enumerate(judgement.gaps):
        crops = [look.crop(w) for w in wishes[k]]
        if any(c is None for c in crops):
            continue
        others = [_others_at(seen, judgement, gap.series, frame) for frame in gap.window]
        step = largest_step(gap, np.stack(crops), gap.place(size_px), others)  # type: ignore[arg-type]
        if step is not None and is_gap(gap, step, min_ratio=min_ratio):
            confirmed.append((replace(gap, frame=step.frame), step))
    return look, tuple(confirmed)


def _others_at(
    seen: Observations, judgement: Judgement, series: int, frame: int
) -> NDArray[np.float32]:
    """Return (M, 4) the boxes of everybody else at `frame`."""
    own = judgement.series[series].members
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


def _evidence_picks(
    seen: Observations, judgement: Judgement
) -> list[tuple[int, NDArray[np.float32], int]]:
    """Return (frame, box, tracklet) of every crop that may show a finding."""
    picks = []
    chosen = [(t, _rows_around(seen, t, *around)) for t, *around in _moments(judgement)]
    for drift in judgement.drifts:
        owners = [m for k in drift.series for m in judgement.series[k].members]
        chosen += [
            (t, _rows_of_drift(seen, t, drift.start_frame, drift.stop_frame)) for t in owners
        ]
    for tracklet_id, rows in chosen:
        tracklet = seen.tracklets[tracklet_id]
        picks += [(int(tracklet.frame[row]), tracklet.xyxy[row], tracklet_id) for row in rows]
    return picks


def _moments(judgement: Judgement) -> list[tuple[int, int, int]]:
    """Return (tracklet, last frame before, first frame after) of everything that may be shown."""
    moments: list[tuple[int, int, int]] = []
    for incident in judgement.incidents:
        for k in incident.series:
            for member in judgement.series[k].members:
                moments.append((member, incident.start_frame - 1, incident.stop_frame))
                moments.append((member, incident.start_frame - 1, incident.start_frame))
    for clone in judgement.clones:
        middle = (clone.start_frame + clone.stop_frame) // 2
        owners = [judgement.segments[k].tracklet.tracklet_id for k in clone.pair]
        moments += [(owner, middle, middle) for owner in owners]
    swaps: tuple[CutSwap | AttributeSwap, ...] = (*judgement.cut_swaps, *judgement.attribute_swaps)
    for swap in swaps:
        both = (*swap.before, *swap.after)
        owners = [judgement.segments[k].tracklet.tracklet_id for k in both]
        moments += [(owner, swap.start_frame - 1, swap.start_frame) for owner in owners]
    for gap in judgement.gaps:
        members = judgement.series[gap.series].members
        moments += [(member, gap.seen_frame, gap.seen_frame) for member in members]
    return moments


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
    look: SecondLook,
    seen: Observations,
    judgement: Judgement,
    findings: Sequence[Finding],
    *,
    strip_px: int,
) -> Visuals:
    """Return all pictures of the page."""
    strips = {}
    for number, picks in _strip_picks(seen, judgement).items():
        pictures = [_picture(look, seen, t, row, strip_px) for t, row in picks]
        strips[character_id(number)] = tuple(p for p in pictures if p is not None)
    shots = {}
    for shot in seen.shots:
        frame, box, nobody = _whole(seen, (shot.start_frame + shot.stop_frame) // 2)
        jpeg = look.shot(look.want(frame, box, nobody))
        if jpeg is not None:
            shots[shot.index] = jpeg
    comparisons = {f.finding_id: _comparisons(look, seen, judgement, f) for f in findings}
    return Visuals(strips, comparisons, shots)


def _comparisons(
    look: SecondLook, seen: Observations, judgement: Judgement, finding: Finding
) -> tuple[Comparison, ...]:
    """Return the crops of one finding, a row per tracklet concerned."""
    if finding.kind in CAST_KINDS:
        return ()  # shown against reference pictures, see `cast_pictures`
    if finding.kind == "clone":
        middle = (finding.start_frame + finding.stop_frame) // 2
        sides = [
            tuple(_available(look, seen, t, middle, middle)[:1]) for t in finding.tracklets[:2]
        ]
        return (Comparison(finding.characters[0], sides[0], sides[1]),)
    if finding.kind == "drift":
        return (_comparison_of_drift(look, seen, judgement, finding),)
    rows = []
    over_cut = bool(finding.evidence.get("over_cut"))
    groups: list[tuple[int, ...]] = [(t,) for t in finding.tracklets]
    if over_cut:
        first, second, third, fourth = finding.tracklets
        groups = [(first, third), (second, fourth)]
    start = finding.start_frame
    for group in groups:
        family = {m for t in group for m in _family(judgement, t)}
        pictures = [p for t in family for p in _available(look, seen, t, start - 1, start)]
        pictures.sort(key=lambda p: p.frame)
        before = tuple(p for p in pictures if p.frame < start)[-2:]
        after = tuple(p for p in pictures if p.frame >= start)[:2]
        who = seen_character(judgement, group[-1], start)
        rows.append(Comparison(who, before, after))
    return tuple(rows)


def _comparison_of_drift(
    look: SecondLook, seen: Observations, judgement: Judgement, finding: Finding
) -> Comparison:
    """Return the looks before and after a slow change, over all tracklets that show it."""
    start, stop = finding.start_frame, finding.stop_frame
    family = {m for t in finding.tracklets for m in _family(judgement, t)}
    found = [
        _picture(look, seen, t, row, _COMPARISON_PX)
        for t in family
        for row in _rows_of_drift(seen, t, start, stop)
    ]
    pictures = sorted((p for p in found if p is not None), key=lambda p: p.frame)
    before = tuple(p for p in pictures if p.frame < start)[-2:] or tuple(pictures[:1])
    after = tuple(p for p in pictures if p.frame >= stop)[:2] or tuple(pictures[-1:])
    return Comparison(finding.characters[0] if finding.characters else None, before, after)


def _family(judgement: Judgement, tracklet_id: int) -> tuple[int, ...]:
    """Return the tracklets of the body that a tracklet belongs to."""
    return next((s.members for s in judgement.series if tracklet_id in s.members), (tracklet_id,))


def seen_character(judgement: Judgement, tracklet_id: int, frame: int) -> str | None:
    """Return the id of whom a tracklet wears at `frame`."""
    for segment, label in zip(judgement.segments, judgement.cast.labels, strict=True):
        inside = segment.start_frame <= frame < segment.stop_frame
        if segment.tracklet.tracklet_id == tracklet_id and inside and label >= 0:
            return character_id(int(label))
    return None


def _available(
    look: SecondLook, seen: Observations, tracklet_id: int, before: int, after: int
) -> list[Picture]:
    rows = _rows_around(seen, tracklet_id, before, after)
    pictures = [_picture(look, seen, tracklet_id, row, _COMPARISON_PX) for row in rows]
    return [p for p in pictures if p is not None]


def _picture(
    look: SecondLook, seen: Observations, tracklet_id: int, row: int, height_px: int
) -> Picture | None:
    tracklet = seen.tracklets[tracklet_id]
    crop = look.crop(look.want(int(tracklet.frame[row]), tracklet.xyxy[row], tracklet_id))
    if crop is None:
        return None
    jpeg, width_px, seen_px = shrunk_jpeg(crop, max_height_px=height_px)
    return Picture(int(tracklet.frame[row]), tracklet_id, jpeg, width_px, seen_px)
