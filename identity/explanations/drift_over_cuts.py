"""Slow change from shot to shot of one camera set-up, and one drift for each character.

A later shot is compared with the first one of its set-up. What everybody loses is light; what is
under way at the first look of a shot will rarely have begun at the cut.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.consistency import curve_from, like_framing
from identity.evidence.losses import (
    EVERYBODY,
    MORE_THAN_POSE,
    STAYS,
    garment_loses,
    largest_loss,
    loss_between_tracks,
    networks_lose,
)
from identity.evidence.place_in_setup import at_one_place
from identity.evidence.samples import COLOURS, NETWORKS, lay_out
from identity.explanations.contract import Explained, drift_of
from scenes.shots import numbers_by_shot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.consistency import SimilarityCurve
    from identity.explanations.contract import Clip, Kind
    from identity.tracks.body_track import BodyTrack

KINDS: tuple[Kind, ...] = ("drift",)
_DECIDE: tuple[Cue, ...] = (*NETWORKS, *(cue for cue in COLOURS if cue != "head"))


def find_over_cuts(clip: Clip) -> list[Explained]:
    """Return who looks otherwise when the camera is back in a set-up, at the same place.

    What everybody loses is light.
    """
    tracks, labels = clip.tracks, clip.worn
    explained = clip.characters_explained()
    found: list[Explained] = []
    spans = _spans(tracks, labels)
    for at_place in at_one_place(tracks, clip.setups, clip.sets):
        pairs = {(a, b): _between(tracks[a], tracks[b], clip.calibration) for a, b in at_place}
        kept = {k for pair in pairs for k in pair if labels[pair[0]] == labels[pair[1]] >= 0}
        for (a, b), loss in pairs.items():
            if min(labels[a], labels[b]) < 0 or loss is None:
                continue
            # So much of the look may be lost that the cast has a new character, in the place of one
            # who is never seen from then on, while somebody else is where he was.
            relieved = spans[labels[a]][1] < spans[labels[b]][0]
            recast = relieved and kept and a not in kept
            if labels[a] != labels[b] and not recast:
                continue
            beside = [o for key, o in pairs.items() if not {a, b} & set(key) and o is not None]
            light = max((_over_cut(o) for o in beside), default=0.0)
            strength = _over_cut(loss)
            told = {labels[a], labels[b]} & explained
            enough = strength >= clip.settings.scaled("drift")
            if enough and not told and light <= EVERYBODY * strength:
                start = int(tracks[a].frame[-1]) + 1
                stop = int(tracks[b].frame[-1]) + 1
                drift = drift_of((a, b), start, stop, strength, loss, clip.settings, over_cut=True)
                found.append(replace(drift, curves={b: curve_over_cut(clip, a, b, _DECIDE)}))
    return found


def curve_over_cut(clip: Clip, early: int, late: int, cues: Sequence[Cue]) -> SimilarityCurve:
    """Return how alike a track is to one of an earlier shot, by the cues that decide.

    Args:
        clip: Both are in it.
        early: Number of the earlier track.
        late: Number of the track that is drawn.
        cues: Whose mean is drawn.
    """
    tracks = clip.tracks[early], clip.tracks[late]
    samples = lay_out(tracks, tuple(dict.fromkeys(("body", *cues))), fps=clip.fps)
    old = 0, int(np.searchsorted(samples.frames, tracks[1].frame[0]))
    return curve_from(samples, 1, old, cues, clip.calibration, looks_of=0)


def _over_cut(loss: Mapping[Cue, float]) -> float:
    """Return what networks and clothes agree on, from one shot to another."""
    return min(networks_lose(loss), garment_loses(loss)) / MORE_THAN_POSE


def _between(one: BodyTrack, two: BodyTrack, scales: Calibration) -> dict[Cue, float] | None:
    """Return cue to the similarity lost from one track to the other; `None` = another framing."""
    if not like_framing(one, two):
        return None
    loss: dict[Cue, float] = {}
    for cue in scales.scales:
        lost = loss_between_tracks(one, two, scales, cue)
        if lost is not None:
            loss[cue] = lost
    return loss


def extend_onset_before_cut(drifts: Sequence[Explained], clip: Clip) -> list[Explained]:
    """Return the drifts with a better guess of their onset, where it lies before their shot.

    What is under way at the first look of a shot will rarely have begun at the cut. It began some
    time in the shot before, if the character is there and is not seen to stay the same; half of
    that time is the guess with the least error.
    """
    tracks, labels = clip.tracks, clip.worn
    by_shot = numbers_by_shot(track.shot_index for track in tracks)
    spans = _spans(tracks, labels)
    found = []
    for drift in drifts:
        if drift.over_cut:
            found.append(drift)
            continue
        (own,) = drift.tracks
        track = tracks[own]
        opens = min(tracks[k].frame[0] for k in by_shot[track.shot_index])
        earlier = by_shot.get(track.shot_index - 1, [])
        was = _was(labels[own], track.shot_index, spans)
        before = [k for k in earlier if labels[k] == was >= 0]
        if drift.start_frame == track.frame[0] == opens and before:
            last = max(before, key=lambda k: int(tracks[k].frame[-1]))
            everybody = [tracks[k] for k in earlier]
            stretch = largest_loss(tracks[last], everybody, clip.calibration, fps=clip.fps)
            if stretch is None or not stretch.steady or networks_lose(stretch.loss) >= STAYS:
                start = (int(tracks[last].frame[0]) + drift.start_frame) // 2
                found.append(replace(drift, tracks=(last, own), start_frame=start))
                continue
        found.append(drift)
    return found


def _spans(tracks: Sequence[BodyTrack], labels: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return character to the first and the last shot it is seen in."""
    shots: dict[int, list[int]] = {}
    for track, label in zip(tracks, labels, strict=True):
        shots.setdefault(label, []).append(track.shot_index)
    return {label: (min(own), max(own)) for label, own in shots.items()}


def _was(label: int, shot: int, spans: Mapping[int, tuple[int, int]]) -> int:
    """Return who a character of `shot` was before it; -1 = nobody who can be told.

    Half of a change may make a new character. Where one of the shot before is never seen again,
    it was that one.
    """
    if spans[label][0] < shot:
        return label
    gone = [who for who, (_, last) in spans.items() if who >= 0 and last == shot - 1]
    return gone[0] if len(gone) == 1 else -1


def merge_drifts(drifts: Sequence[Explained], labels: Sequence[int]) -> list[Explained]:
    """Return one drift per character, from its onset to the end of the change.

    The surest piece says how sure it is, whatever boxes the others have. Hints alone, however many,
    are none.

    Args:
        drifts: In one shot and over cuts.
        labels: Character of each track; those of nobody stay apart.
    """
    groups: dict[int, list[Explained]] = {}
    for number, drift in enumerate(drifts):
        label = labels[drift.tracks[-1]]
        groups.setdefault(label if label >= 0 else -1 - number, []).append(drift)
    merged = []
    for group in groups.values():
        if all(d.is_hint for d in group):
            continue
        surest = max(group, key=lambda d: (not d.is_hint, d.vouched, d.confidence, d.strength))
        merged.append(
            replace(
                surest,
                tracks=tuple(sorted({k for d in group for k in d.tracks})),
                deciding=surest.tracks if len(group) > 1 else (),
                start_frame=min(d.start_frame for d in group),
                stop_frame=max(d.stop_frame for d in group),
                over_cut=any(d.over_cut for d in group),
                curves={k: curve for d in group for k, curve in d.curves.items()},
            )
        )
    return merged
