"""The whole picture changes its style: everybody looks different, and nobody is somebody else.

A photograph becomes a cartoon, or colours become black and white, while the set goes on. One cause,
one finding: whoever seems to become somebody else just then is not told again. What light does,
however strong, is no change of style (`evidence/picture_style.py`), and neither is what happens to
the set alone or to the people alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.looks import CHUNK_ROWS
from identity.evidence.logistic import FOR, Bounds
from identity.evidence.moments import Totals, mean_over
from identity.evidence.picture_style import STYLE_PARTS, STYLE_PLACES
from identity.evidence.same_look import MIN_LOOKS
from identity.explanations.contract import Explained
from identity.explanations.model import bundled_model
from identity.tracks.body_track import FAST_S
from identity.tracks.linking import SAME_PLACE_IOU
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.picture_style import PictureStyles
    from identity.tracks.body_track import BodyTrack
    from scenes.shots import Shot

    _Stretch = tuple[NDArray[np.int64], NDArray[np.int64]]

DATA_FILE = "restyle.json"
NAME = "restyle"
# By the first one the fit chooses its first moments. However it is drawn, one texture moves far:
# "texture" is the largest of them.
FEATURES: Mapping[str, Bounds] = {
    "slope": FOR, "colours": FOR, "texture_1": FOR, "texture_2": FOR, "texture_3": FOR,
    "texture": FOR,
}  # fmt: skip

_WHOLLY = 2.0  # a larger step is no surer sign
_SET_GOES_ON = 0.5  # 124 of 131 cuts of generated clips are below it
_PARTS = {
    "slope": [place for place, part in enumerate(STYLE_PARTS) if part.endswith("slope")],
    **{part: [place] for place, part in enumerate(STYLE_PARTS) if not part.endswith("slope")},
}
_TEXTURE, _PICTURE = STYLE_PARTS.index("texture_1"), STYLE_PLACES.index("picture")


@dataclass(frozen=True, slots=True, eq=False)
class StyleMoments:
    """M moments: the old style is seen up to frame `last`, the new one from frame `first` on.

    Attributes:
        last, first: (M,) int64; `last` is the first frame that is not old any more.
        features: By name, (M,) float64.
        judged: (M,) bool, which of them can be judged at all.
    """

    last: NDArray[np.int64]
    first: NDArray[np.int64]
    features: dict[str, NDArray[np.float64]]
    judged: NDArray[np.bool_]


def moments_of(styles: PictureStyles, shots: Sequence[Shot], *, fps: float) -> StyleMoments:
    """Return all moments of a clip, sudden or taking up to half a second, and what speaks for each.

    Args:
        styles: Of every picture.
        shots: They tile the clip.
        fps: Of the clip.
    """
    count = len(styles.stays)
    most = max(1, round(FAST_S * fps))
    gaps = sorted({0, most // 4, most // 2, most})
    last = np.concatenate([np.arange(1, max(count - gap, 1)) for gap in gaps])
    first = np.concatenate([np.arange(1, max(count - gap, 1)) + gap for gap in gaps])
    shot_of = np.repeat(np.arange(len(shots)), [len(shot) for shot in shots])
    begins = np.array([shot.start_frame for shot in shots], np.int64)
    ends = np.array([shot.stop_frame for shot in shots], np.int64)
    side = max(MIN_LOOKS, round(FAST_S * fps))
    before = np.maximum(last - side, begins[shot_of[last - 1]]), last
    after = first, np.minimum(first + side, ends[shot_of[first]])
    later = after[1], np.minimum(after[1] + 2 * side, ends[shot_of[first]])
    judged = shot_of[first] - shot_of[last - 1] <= 1
    for start, stop in (before, after):
        judged &= stop - start >= max(MIN_LOOKS, side // 2)
    step = _steps(styles.parts, before, after, later)
    judged &= np.isfinite(step[:, _PICTURE, _TEXTURE:]).all(axis=1)
    # All of the picture stands for a set, or people, that only one of the sides shows: boxes come
    # and go where the style changes. How colours change from dark to light depends on what is
    # shown, so nothing stands for that.
    shown = np.isfinite(step[:, :_PICTURE])
    step = np.where(shown, step[:, :_PICTURE], step[:, _PICTURE:])
    step = np.nan_to_num(step)  # a white page has no grade that could change
    for part in _PARTS["slope"]:
        step[:, :, part] *= shown[:, :, part].all(axis=1, keepdims=True)
    features = {name: np.minimum(_common(step[:, :, own]), _WHOLLY) for name, own in _PARTS.items()}
    features["texture"] = np.max(
        [size for name, size in features.items() if name.startswith("texture")], axis=0
    )
    # Who comes into an empty picture, or a camera that turns, changes what is compared.
    left = np.concatenate([[0], np.cumsum(styles.stays < _SET_GOES_ON)])
    judged &= left[after[1]] == left[before[0] + 1]
    return StyleMoments(last, first, features, np.asarray(judged, np.bool_))


def _steps(
    parts: NDArray[np.float32], before: _Stretch, after: _Stretch, later: _Stretch
) -> NDArray[np.float64]:
    """Return (M, 3, 6) by how much the style changes for good; NaN where it is not known.

    What is undone within a second and a half has not changed: a flash is no style.
    """
    step = np.full((len(before[0]), *parts.shape[1:]), np.nan)
    for place in range(parts.shape[1]):
        for part in range(parts.shape[2]):
            values = Totals.of(parts[:, place, part])
            old, new, rest = (
                mean_over(values, *side, empty=np.nan) for side in (before, after, later)
            )
            change, lasting = new - old, np.where(np.isfinite(rest), rest, new) - old
            least = np.sign(change) * np.minimum(np.abs(change), np.abs(lasting))
            step[:, place, part] = np.where(change * lasting < 0, 0, least)
    return step


def _common(step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (M,) how much of a step (M, 2, K) the set and the people have in common."""
    sizes = np.sqrt(np.square(step).sum(axis=2))
    both = (step[:, 0] * step[:, 1]).sum(axis=1)
    return np.asarray(np.maximum(both, 0) / np.maximum(sizes.max(axis=1), 1e-9), np.float64)


def find_restyles(
    styles: PictureStyles,
    shots: Sequence[Shot],
    tracks: Sequence[BodyTrack],
    *,
    fps: float,
    least_log_odds: float,
) -> list[Explained]:
    """Return when the whole picture changes its style, each with everybody who is seen then.

    Args:
        styles: Of every picture.
        shots: They tile the clip.
        tracks: Bodies of all shots.
        fps: Of the clip.
        least_log_odds: From which it is told.
    """
    found: dict[int, Explained] = {}
    likely = _likely(styles, shots, fps=fps, least_log_odds=least_log_odds)
    for log_odds, last, first, features in sorted(likely, key=lambda moment: -moment[0]):
        if any(abs(last - other) <= 2 * FAST_S * fps for other in found):
            continue
        seen = tuple(k for k, track in enumerate(tracks) if _is_there(track, last, first, fps))
        if not seen:
            continue
        frame = _first_new(styles.parts, shots, last, first, fps=fps)
        lost = max(features.values())
        found[last] = Explained(
            "morph", seen, frame, frame + 1, log_odds, lost, features, everybody=True
        )
    return [found[last] for last in sorted(found)]


def _likely(
    styles: PictureStyles, shots: Sequence[Shot], *, fps: float, least_log_odds: float
) -> Iterator[tuple[float, int, int, dict[str, float]]]:
    """Yield log-odds, last and first frame, and features of the moments that may be one.

    Of a long clip one stretch after the other is asked about.
    """
    margin = round(5 * FAST_S * fps) + 2 * MIN_LOOKS
    count = len(styles.stays)
    for begin in range(0, count, CHUNK_ROWS):
        low, high = max(0, begin - margin), min(count, begin + CHUNK_ROWS + margin)
        part = styles.between(low, high)
        inside = [
            replace(
                shot,
                start_frame=max(shot.start_frame, low) - low,
                stop_frame=min(shot.stop_frame, high) - low,
            )
            for shot in shots
            if shot.start_frame < high and shot.stop_frame > low
        ]
        moments = moments_of(part, inside, fps=fps)
        odds = bundled_model(DATA_FILE)[NAME].log_odds(moments.features)
        own = (moments.last + low >= begin) & (moments.last + low < begin + CHUNK_ROWS)
        for k in np.flatnonzero(own & moments.judged & (odds >= least_log_odds)).tolist():
            features = {name: float(values[k]) for name, values in moments.features.items()}
            yield float(odds[k]), int(moments.last[k]) + low, int(moments.first[k]) + low, features


def _is_there(track: BodyTrack, last: int, first: int, fps: float) -> bool:
    """Tell whether a body is seen right before a change, or right after it."""
    near = (track.frame >= last - FAST_S * fps) & (track.frame < first + FAST_S * fps)
    return int(near.sum()) >= MIN_LOOKS


def _first_new(
    parts: NDArray[np.float32], shots: Sequence[Shot], last: int, first: int, *, fps: float
) -> int:
    """Return the first picture in the new style: the one that parts the pictures around best.

    Where a change and a cut meet it is the cut. Windows of half a second tell hardly more than that
    it is near.
    """
    cut = next((s.start_frame for s in shots if last <= s.start_frame <= first), None)
    if cut is not None:
        return cut
    (shot,) = (s for s in shots if s.start_frame < last < s.stop_frame)
    reach = round(2 * FAST_S * fps)
    low, high = max(last - reach, shot.start_frame), min(first + reach, shot.stop_frame)
    style = np.array(parts[low:high, _PICTURE])
    style[:, :_TEXTURE] = np.nan_to_num(style[:, :_TEXTURE])
    asked = np.flatnonzero(np.isfinite(style).all(axis=1))
    style = style[asked]
    errors = {}
    for at in range(1, len(asked)):
        sides = style[:at], style[at:]
        errors[at] = sum(float(np.square(side - side.mean(axis=0)).sum()) for side in sides)
    at = min(errors, key=lambda k: errors[k])
    # Somewhere since the one that was asked about before.
    return low + int(asked[at] - (asked[at] - asked[at - 1] - 1) // 2)


def stay_over(restyle: Explained, tracks: Sequence[BodyTrack]) -> tuple[list[int], list[int]]:
    """Return who ends at a change of style, and who begins there in the same place."""
    frame = restyle.start_frame
    old = [k for k in restyle.tracks if tracks[k].frame[-1] < frame]
    new = [k for k in restyle.tracks if tracks[k].frame[0] >= frame]
    if not old or not new:
        return [], []
    overlap = boxes.iou(
        np.stack([tracks[k].xyxy[-1] for k in old]), np.stack([tracks[k].xyxy[0] for k in new])
    )
    rows, columns = np.nonzero(
        (overlap >= SAME_PLACE_IOU)
        & (overlap == overlap.max(axis=0))
        & (overlap == overlap.max(axis=1, keepdims=True))
    )
    return [old[k] for k in rows.tolist()], [new[k] for k in columns.tolist()]


def without_restyled(
    explained: Sequence[Explained], restyles: Sequence[Explained], *, fps: float
) -> list[Explained]:
    """Return what is explained by no change of style.

    What begins within half a second of one has that cause, and so has what lasts for little longer
    than two looks beside each other around it. A change over many seconds has another.
    """
    near = FAST_S * fps

    def is_caused(one: Explained) -> bool:
        brief = one.stop_frame - one.start_frame <= 4 * near
        return not one.everybody and any(
            abs(one.start_frame - style.start_frame) <= near
            or (brief and one.start_frame <= style.start_frame <= one.stop_frame + near)
            for style in restyles
        )

    return [one for one in explained if not is_caused(one)]
