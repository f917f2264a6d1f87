"""Slow change from shot to shot of one camera set-up, and one drift for each character.

A later shot is compared with the first one of its set-up. A pose costs the networks similarity and
light moves the colours, so both must be lost, and what everybody loses is light.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.consistency import curve_from
from identity.evidence.place_in_setup import at_one_place
from identity.evidence.same_look import MIN_LOOKS
from identity.evidence.samples import COLOURS, NETWORKS, lay_out
from identity.explanations.contract import Explained, log_odds_by_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.consistency import SimilarityCurve
    from identity.explanations.contract import Clip
    from identity.tracks.body_track import BodyTrack

_CLOTHES: tuple[Cue, ...] = tuple(cue for cue in COLOURS if cue != "head")  # heads turn
# By so much more than in a shot must be lost, since another moment is another pose.
_MORE_THAN_POSE = 1.4
_EVERYBODY = 0.6  # share of the loss that somebody else has too, from which it is light


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
            if min(labels[a], labels[b]) < 0:
                continue
            # So much of the look may be lost that the cast has a new character, in the place of one
            # who is never seen from then on, while somebody else is where he was.
            relieved = spans[labels[a]][1] < spans[labels[b]][0]
            recast = relieved and kept and a not in kept
            if labels[a] != labels[b] and not recast:
                continue
            beside = [other for key, other in pairs.items() if not {a, b} & set(key)]
            light = max(map(_strength, beside), default=0.0)
            strength = _strength(loss)
            told = {labels[a], labels[b]} & explained
            enough = strength >= clip.settings.scaled("drift")
            if enough and not told and light <= _EVERYBODY * strength:
                start = int(tracks[a].frame[-1]) + 1
                stop = int(tracks[b].frame[-1]) + 1
                odds = log_odds_by_rule(strength, clip.settings.scaled("drift"))
                left: dict[str, float] = {cue: 1 - lost for cue, lost in loss.items()}
                curve = curve_over_cut(clip, a, b, (*NETWORKS, *_CLOTHES))
                found.append(
                    Explained(
                        "drift", (a, b), start, stop, odds, strength, left,
                        over_cut=True, curves={b: curve},
                    )
                )  # fmt: skip
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


def _strength(loss: Mapping[Cue, float]) -> float:
    """Return what networks, on average, and clothes agree on, from one shot to another."""
    networks = [loss[cue] for cue in NETWORKS if cue in loss]
    clothes = [loss[cue] for cue in _CLOTHES if cue in loss]
    return min(float(np.mean(networks or [0.0])), max(clothes, default=0.0)) / _MORE_THAN_POSE


def _between(one: BodyTrack, two: BodyTrack, scales: Calibration) -> dict[Cue, float]:
    """Return cue to the similarity lost from one track to the other, where both were seen."""
    loss: dict[Cue, float] = {}
    for cue, scale in scales.scales.items():
        rows = [track.looks.seen(cue) for track in (one, two)]
        if min(len(own) for own in rows) >= MIN_LOOKS:
            (early, among), (late, among_late) = (
                _mean_and_likeness(track.looks.chunks(cue, own))
                for track, own in zip((one, two), rows, strict=True)
            )
            lost = min(among, among_late) - float(early @ late)
            loss[cue] = lost / (scale.same - scale.different)
    return loss


def _mean_and_likeness(parts: Iterable[NDArray[np.float32]]) -> tuple[NDArray[np.float32], float]:
    """Return the mean of two looks or more, and how alike they are."""
    total, count = np.zeros(1, np.float32), 0
    for vectors in parts:
        total = total + vectors.sum(axis=0)
        count += len(vectors)
    among = (float(np.square(total).sum()) - count) / (count * (count - 1))
    return total / np.float32(count), among


def _spans(tracks: Sequence[BodyTrack], labels: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return character to the first and the last shot it is seen in."""
    shots: dict[int, list[int]] = {}
    for track, label in zip(tracks, labels, strict=True):
        shots.setdefault(label, []).append(track.shot_index)
    return {label: (min(own), max(own)) for label, own in shots.items()}


def merge_drifts(drifts: Sequence[Explained], labels: Sequence[int]) -> list[Explained]:
    """Return one drift per character, from its onset to the end of the change.

    The surest piece says how sure it is, whatever boxes the others have.

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
        surest = max(group, key=lambda d: (d.vouched, d.confidence, d.strength))
        merged.append(
            replace(
                surest,
                tracks=tuple(sorted({k for d in group for k in d.tracks})),
                deciding=surest.tracks if len(group) > 1 else (),
                start_frame=min(d.start_frame for d in group),
                stop_frame=max(d.stop_frame for d in group),
                over_cut=any(d.over_cut for d in group),
                attribute=surest.attribute if len({d.attribute for d in group}) == 1 else "",
                curves={k: curve for d in group for k, curve in d.curves.items()},
            )
        )
    return merged
