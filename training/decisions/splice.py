"""Makes an error out of people who have none: their looks are exchanged, blended or copied.

Only what was seen is touched, never a picture, so that thousands of errors cost minutes. Boxes stay
where they are, and so does which way a body faces: who becomes somebody else keeps the pose. A
tracker's mistake is the opposite: boxes, pose and all go over to another body.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.cues.table import CUE_TABLE
from identity.appearance.looks import Looks
from identity.evidence.samples import ShotSamples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.running_sums import LaidOut
    from identity.tracks.body_track import BodyTrack


def onset(samples: ShotSamples, start_frame: float, stop_frame: float) -> NDArray[np.float64]:
    """Return (G,) the share of a new look that comes between two frames, or at once where equal."""
    if stop_frame <= start_frame:
        return np.asarray(samples.frames >= start_frame, np.float64)
    return np.clip((samples.frames - start_frame) / (stop_frame - start_frame), 0.0, 1.0)


def there_and_back(
    samples: ShotSamples, track: int, *, count: int, shift: int = 0, cue: Cue = "body"
) -> NDArray[np.int64]:
    """Return (count,) samples at which a track was looked at: all of them, then back, again.

    Args:
        samples: Of its shot.
        track: Which one.
        count: How many are needed.
        shift: Of the looks to leave out at first.
        cue: What has to be seen in them.

    Raises:
        ValueError: It was never looked at.
    """
    seen = np.flatnonzero(samples.seen[cue][track])
    if not len(seen):
        raise ValueError(f"track {track} was never looked at")
    return np.roll(np.resize(np.concatenate([seen, seen[::-1]]), count + shift), -shift)[:count]


def blended(
    samples: ShotSamples,
    track: int,
    donor: ShotSamples,
    donor_track: int,
    *,
    at: NDArray[np.int64],
    share: NDArray[np.float64],
    part: Mapping[Cue, float] | None = None,
) -> ShotSamples:
    """Return a shot in which a track comes to look like another one.

    Args:
        samples: The shot.
        track: Who changes.
        donor: A shot, perhaps the same.
        donor_track: Whose looks are taken.
        at: (G,) the samples of `donor` that lend them.
        share: (G,) of the donor's look at every sample, in [0, 1].
        part: Of a part that changes alone, by how much of `share` each cue changes; `None` = all
            of a look.
    """
    looks, seen = dict(samples.looks), dict(samples.seen)
    here = samples.seen["body"][track]
    for cue in samples.looks:
        changes = 1.0 if part is None else part.get(cue, 0.0)
        if CUE_TABLE[cue].role == "pose" or cue not in donor.looks or not changes:
            continue
        own, other = samples.looks[cue][track], donor.looks[cue][donor_track][at]
        own_seen, other_seen = samples.seen[cue][track], donor.seen[cue][donor_track][at]
        both = own_seen & other_seen
        new_share = share * changes
        mixed = (1 - new_share)[:, None] * own + new_share[:, None] * other
        length = np.linalg.norm(mixed, axis=1, keepdims=True)
        mixed /= np.where(length > 0, length, 1.0)
        theirs = new_share > 0.5
        new = np.where(both[:, None], mixed, np.where(theirs[:, None], other, own))
        # Where the body could not be looked at, nothing of another one can be seen either.
        new_seen = (both | np.where(theirs, other_seen, own_seen)) & here
        _put(looks, seen, cue, track, new, new_seen)
    return _with(samples, looks, seen)


def exchanged(
    samples: ShotSamples,
    one: int,
    two: int,
    *,
    share: NDArray[np.float64],
    part: Mapping[Cue, float] | None = None,
) -> ShotSamples:
    """Return a shot in which two exchange looks, or a part of them, but not boxes nor pose."""
    every = np.arange(len(samples.frames))
    half = blended(samples, one, samples, two, at=every, share=share, part=part)
    return blended(half, two, samples, one, at=every, share=share, part=part)


def crossed(samples: ShotSamples, one: int, two: int, *, at: int) -> ShotSamples:
    """Return a shot whose tracker confuses two from sample `at` on: no error of the clip.

    All of a body goes over, its boxes and its pose too.
    """
    first, second = samples.tracks[one], samples.tracks[two]
    frame = int(samples.frames[at])
    return _gone_over(
        samples,
        {one: (one, two), two: (two, one)},
        {one: _joined(first, second, frame), two: _joined(second, first, frame)},
        at,
    )


def gone_over(samples: ShotSamples, one: int, two: int, *, at: int) -> ShotSamples:
    """Return a shot whose tracker goes over from one body to another, whose own track ends then."""
    first, second = samples.tracks[one], samples.tracks[two]
    frame = int(samples.frames[at])
    return _gone_over(
        samples,
        {one: (one, two), two: (two, None)},
        {one: _joined(first, second, frame), two: _rows(second, second.frame < frame)},
        at,
    )


def appearing(samples: ShotSamples, track: int, *, at: int) -> ShotSamples:
    """Return a shot in which a track begins only at sample `at`."""
    looks, seen = dict(samples.looks), dict(samples.seen)
    early = np.arange(len(samples.frames)) < at
    for cue in samples.looks:
        own_seen = samples.seen[cue][track] & ~early
        _put(looks, seen, cue, track, samples.looks[cue][track], own_seen)
    xyxy, score = samples.xyxy.copy(), samples.score.copy()
    xyxy[track, early], score[track, early] = np.nan, np.nan
    body_track = samples.tracks[track]
    tracks = list(samples.tracks)
    tracks[track] = _rows(body_track, body_track.frame >= samples.frames[at])
    return _with(samples, looks, seen, xyxy=xyxy, score=score, tracks=tuple(tracks))


def _gone_over(
    samples: ShotSamples,
    sources: Mapping[int, tuple[int, int | None]],
    tracks: Mapping[int, BodyTrack],
    at: int,
) -> ShotSamples:
    """Return a shot with rows of some tracks taken from others; `None` = nobody any more."""
    late = np.arange(len(samples.frames)) >= at
    looks, seen = dict(samples.looks), dict(samples.seen)
    xyxy, score = samples.xyxy.copy(), samples.score.copy()
    for track, (_, after) in sources.items():
        for cue in samples.looks:
            own_seen = samples.seen[cue][track]
            new = samples.looks[cue][track].copy()
            new_seen = own_seen & ~late
            if after is not None:
                new[late] = samples.looks[cue][after][late]
                new_seen = np.where(late, samples.seen[cue][after], own_seen)
            _put(looks, seen, cue, track, new, new_seen)
        xyxy[track, late] = np.nan if after is None else samples.xyxy[after, late]
        score[track, late] = np.nan if after is None else samples.score[after, late]
    every = tuple(tracks.get(k, body_track) for k, body_track in enumerate(samples.tracks))
    return _with(samples, looks, seen, xyxy=xyxy, score=score, tracks=every)


def _put(
    looks: dict[Cue, NDArray[np.float32] | LaidOut],
    seen: dict[Cue, NDArray[np.bool_]],
    cue: Cue,
    track: int,
    new: NDArray[np.float64] | NDArray[np.float32],
    new_seen: NDArray[np.bool_],
) -> None:
    own, seen[cue] = looks[cue].copy(), seen[cue].copy()
    own[track] = np.where(new_seen[:, None], new, 0)
    looks[cue] = own
    seen[cue][track] = new_seen


def _with(
    samples: ShotSamples,
    looks: Mapping[Cue, NDArray[np.float32] | LaidOut],
    seen: Mapping[Cue, NDArray[np.bool_]],
    *,
    xyxy: NDArray[np.float32] | None = None,
    score: NDArray[np.float32] | None = None,
    tracks: tuple[BodyTrack, ...] | None = None,
) -> ShotSamples:
    # Made anew, not replaced: what it keeps of the old looks must not go along.
    return ShotSamples(
        samples.frames,
        samples.tracks if tracks is None else tracks,
        looks,
        seen,
        samples.xyxy if xyxy is None else xyxy,
        samples.score if score is None else score,
        samples.tone,
        samples.fps,
    )


def _rows(track: BodyTrack, chosen: NDArray[np.bool_]) -> BodyTrack:
    return replace(
        track,
        frame=track.frame[chosen],
        xyxy=track.xyxy[chosen],
        owner=track.owner[chosen],
        looks=track.looks.take(np.flatnonzero(chosen)),
        score=track.score[chosen],
    )


def _joined(one: BodyTrack, two: BodyTrack, frame: int) -> BodyTrack:
    """Return the one up to a frame and the other from then on."""
    early, late = _rows(one, one.frame < frame), _rows(two, two.frame >= frame)
    return replace(
        one,
        frame=np.concatenate([early.frame, late.frame]),
        xyxy=np.concatenate([early.xyxy, late.xyxy]),
        owner=np.concatenate([early.owner, late.owner]),
        looks=Looks.concat([early.looks, late.looks], body_dim=one.looks.vectors["body"].shape[1]),
        score=np.concatenate([early.score, late.score]),
    )
