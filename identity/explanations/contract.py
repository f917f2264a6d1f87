"""What every explanation gets and gives.

An explanation is a module with `find`, and the `FEATURES` it weighs where its weights are learnt. A
new one is one file, and one row of the table in `identity.explanations.shot` (inside a shot) or
`identity.explanations.clip` (from shot to shot).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from identity.explanations.model import confidence_of_odds
from identity.settings import ODDS_POWER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.cast.characters import Cast
    from identity.evidence.alignment import Sets
    from identity.evidence.calibration import Calibration
    from identity.evidence.consistency import SimilarityCurve
    from identity.evidence.samples import ShotSamples
    from identity.explanations.model import DecisionModel
    from identity.settings import FindingSettings
    from identity.tracks.body_track import BodyTrack
    from identity.tracks.segments import Segment

Kind = Literal["swap", "morph", "drift", "clone", "attribute_swap"]

_ODDS_AT_THRESHOLD = 1.5  # of what a rule tells at its threshold, on the *tune* clips


@dataclass(frozen=True, slots=True)
class Explained:
    """Something that is more likely than not to have happened: what, to whom, when, and why.

    Attributes:
        kind: What happened.
        tracks: To whom: indices of body tracks, of the shot first and of the clip in a judgement;
            of an exchange over a cut the two before it, then those at their places after it.
        start_frame, stop_frame: Half-open.
        log_odds: That it is right.
        strength: Similarity lost, or by which "exchanged" fits better than "stayed", on the scale
            where 1 is one person and 0 another.
        features: What it was judged by, by name.
        over_cut: Whether it happens from shot to shot.
        attribute: What alone changed, "clothes", "head" or "face"; "" = all of a look.
        vouched: Whether anything shows it but what two who are alike, or a gesture, show too.
        everybody: Whether the whole picture changes, and everybody in it alike.
        deciding: Those of the tracks that say how sure it is, where others were joined to them;
            nothing = all of them.
        curves: How a look changes, by track: the evidence that this rests on.
        old: From which sample to which of its shot the looks are the old ones, where the curves are
            still to be drawn against them; `None` = they are drawn, or there are none.
        segments: Those of the tracks that it concerns, of what is told of segments.
        undone_frame: Where it is undone, if that is a part of the same error; `None` = it stays.
    """

    kind: Kind
    tracks: tuple[int, ...]
    start_frame: int
    stop_frame: int
    log_odds: float
    strength: float
    features: dict[str, float] = field(default_factory=dict)
    over_cut: bool = False
    attribute: Literal["", "clothes", "head", "face"] = ""
    vouched: bool = True
    curves: dict[int, SimilarityCurve] = field(default_factory=dict)
    segments: tuple[int, ...] = ()
    undone_frame: int | None = None
    old: tuple[int, int] | None = None
    everybody: bool = False
    deciding: tuple[int, ...] = ()

    @property
    def confidence(self) -> float:
        """How sure, in (0, 1)."""
        return confidence_of_odds(self.log_odds)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One shot, ready to be asked about.

    Attributes:
        samples: Everybody, on one grid of frames.
        calibration: How cosines become log-odds that two looks are one person.
        model: What each explanation costs and what speaks for it.
        settings: From where on a change is a finding.
        twins: Log-odds of the most alike two at once in the clip's other shots.
        explained: What is explained already.
    """

    samples: ShotSamples
    calibration: Calibration
    model: DecisionModel
    settings: FindingSettings
    twins: float = -2.0
    explained: tuple[Explained, ...] = ()

    @property
    def tracks(self) -> tuple[BodyTrack, ...]:
        """Everybody of the shot."""
        return self.samples.tracks


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """All shots, once the cast stands.

    Attributes:
        tracks: Body tracks of all shots.
        segments: Stretches of tracklets that wear one look.
        cast: Who is who among the segments.
        setups: (S, S) similarity of the shots' set-ups.
        sets: What the shots look like where nobody stands; `None` = not known.
        calibration, model, settings: As in a scene.
        fps: Of the clip.
        explained: What is explained already.
    """

    tracks: tuple[BodyTrack, ...]
    segments: tuple[Segment, ...]
    cast: Cast
    setups: NDArray[np.float32]
    sets: Sets | None
    calibration: Calibration
    model: DecisionModel
    settings: FindingSettings
    fps: float
    explained: tuple[Explained, ...] = ()
    _of_tracklet: dict[int, int] = field(default_factory=dict, repr=False)

    @property
    def worn(self) -> list[int]:
        """Character of each track at first, -1 = nobody of the cast."""
        return characters_of_tracks(self.tracks, self.segments, self.cast.labels.tolist())

    def characters_explained(self) -> set[int]:
        """Return to whom something is explained already that is no slow change."""
        worn, labels = self.worn, self.cast.labels
        found: set[int] = set()
        for one in self.explained:
            if one.kind == "drift" or one.everybody:
                continue
            if one.segments:  # of an exchange over a cut those before it are the same people
                found |= {int(labels[k]) for k in one.segments[:2]}
            else:
                found |= {worn[k] for k in one.tracks}
        return found

    def track_of(self, segment: int) -> int:
        """Return the track that a segment is part of."""
        if not self._of_tracklet:
            members = ((m, k) for k, track in enumerate(self.tracks) for m in track.members)
            self._of_tracklet.update(members)
        return self._of_tracklet[self.segments[segment].tracklet.tracklet_id]


def characters_of_tracks(
    tracks: Sequence[BodyTrack], segments: Sequence[Segment], labels: Sequence[int]
) -> list[int]:
    """Return the character that each track wears at first, -1 = nobody of the cast.

    Args:
        tracks: Of the clip.
        segments: Of the clip, in order of time within each tracklet.
        labels: Character of each segment.
    """
    label_of: dict[int, int] = {}
    for segment, label in zip(segments, labels, strict=True):
        label_of.setdefault(segment.tracklet.tracklet_id, label)
    return [label_of.get(track.members[0], -1) for track in tracks]


class InShot(Protocol):
    """An explanation of what happens inside a shot."""

    def find(self, scene: Scene) -> list[Explained]:
        """Return what is more likely than not to have happened."""


class FromShotToShot(Protocol):
    """An explanation of what a later shot shows."""

    def find_over_cuts(self, clip: Clip) -> list[Explained]:
        """Return what is more likely than not to have happened."""


def best_of(log_odds: NDArray[np.float64], judged: NDArray[np.bool_], least: float) -> int | None:
    """Return the moment with the highest log-odds; `None` = none that is judged reaches `least`."""
    if not judged.any():
        return None
    odds = np.where(judged, log_odds, -np.inf)
    best = int(odds.argmax())
    return best if odds[best] >= least else None


def features_at(features: dict[str, NDArray[np.float64]], at: int) -> dict[str, float]:
    """Return the features of one moment; what is not known says nothing."""
    found = {name: float(values[at]) for name, values in features.items()}
    return {name: 0.0 if isnan(value) else value for name, value in found.items()}


def log_odds_by_rule(strength: float, threshold: float) -> float:
    """Return the log-odds of what a rule tells, by what it measures beside its threshold.

    Odds rise by a power of it, see `bench.alarms`.

    Example:
        >>> round(log_odds_by_rule(0.3, 0.3), 3), round(log_odds_by_rule(0.6, 0.3), 3)
        (0.405, 2.485)
    """
    ratio = max(strength / threshold, 1e-3)
    return float(np.log(_ODDS_AT_THRESHOLD) + ODDS_POWER * np.log(ratio))
