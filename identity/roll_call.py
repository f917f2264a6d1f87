"""Who of a known cast is in a clip: characters matched with reference pictures.

Every character of the clip is compared with every member of the cast, on the same scale of
log-odds as tracklets are compared with each other. All are then decided together: a member is one
person, so two characters seen at once are never the same member, and who is certain settles who
is left. Nobody is named or accused whose looks the references do not decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.partition import partition
from identity.segments import mean_cosines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.calibration import Calibration
    from identity.cast import Cast
    from identity.looks import Cue
    from identity.segments import Segment
    from identity.settings import CastSettings

Presence = Literal["required", "optional", "forbidden"]
MIN_SAMPLES = 3  # fewer looks at a character say nothing about who it is
_UNSURE = 0.5  # probability of being somebody else from which a match is not told


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One reference picture.

    Attributes:
        means: Cue to (D,) float32 unit vector.
        shape: Logarithm of height by width of the character's box.
    """

    means: dict[Cue, NDArray[np.float32]]
    shape: float


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """Somebody of the cast, with all views of the reference pictures."""

    name: str
    views: tuple[View, ...]
    presence: Presence = "required"


@dataclass(frozen=True, slots=True, eq=False)
class RollCall:
    """What came of comparing.

    Attributes:
        odds: (K, M) log-odds that a character is a member.
        member_of: Character to member, -1 = none of them, or not told.
        nobody: (K,) probability that a character is no member who is free to be it.
        judged: (K,) bool, seen well enough.
        present: (M,) probability that a member is in the clip.
    """

    odds: NDArray[np.float64]
    member_of: tuple[int, ...]
    nobody: NDArray[np.float64]
    judged: NDArray[np.bool_]
    present: NDArray[np.float64]


def call_the_roll(
    segments: Sequence[Segment],
    cast: Cast,
    members: Sequence[Member],
    calibration: Calibration,
    settings: CastSettings,
) -> RollCall:
    """Match the characters of a clip with the members of a known cast.

    Args:
        segments: Of all shots.
        cast: Who is who among them.
        members: The known cast.
        calibration: How likenesses become log-odds.
        settings: Priors.
    """
    count, known = cast.character_count, len(members)
    own = [[i for i, label in enumerate(cast.labels) if label == k] for k in range(count)]
    odds = np.zeros((count, known))
    for k, rows in enumerate(own):
        for m, member in enumerate(members):
            odds[k, m] = _odds([segments[i] for i in rows], member, calibration, settings)
    judged = np.array(
        [sum(segments[i].sample_count for i in rows) >= MIN_SAMPLES for rows in own], np.bool_
    )
    apart = np.array([[_seen_apart(cast, a, b) for b in own] for a in own], np.bool_)
    apart = apart.reshape(count, count)
    matched = _match(odds, apart, judged)
    free = np.ones((count, known), np.bool_)
    for k in range(count):
        for other, who in enumerate(matched):
            if who >= 0 and apart[k, other]:
                free[k, who] = False
    likely = np.where(free & judged[:, None], np.exp(np.clip(odds, -30, 30)), 0.0)
    share = likely / (1 + likely.sum(axis=1, keepdims=True))
    nobody = 1 - share.sum(axis=1)
    named = tuple(m if m >= 0 and share[k, m] > _UNSURE else -1 for k, m in enumerate(matched))
    # Who was not seen well enough could be anybody who is free.
    share[~judged] = np.where(free[~judged], 1 / (1 + max(known, 1)), 0.0)
    absent = np.prod(1 - share, axis=0)
    # A member may be among the background people.
    for segment in (s for s, label in zip(segments, cast.labels, strict=True) if label < 0):
        for m, member in enumerate(members):
            value = _odds([segment], member, calibration, settings)
            absent[m] *= 1 / (1 + np.exp(np.clip(value, -30, 30)))
    present = 1 - absent
    return RollCall(odds, named, nobody, judged, present)


def _odds(
    segments: Sequence[Segment], member: Member, calibration: Calibration, settings: CastSettings
) -> float:
    """Return the log-odds that these segments, which are one person, show a member."""
    total, trust_sum = 0.0, 0.0
    for segment in segments:
        size = np.median(segment.xyxy[:, 2:] - segment.xyxy[:, :2], axis=0)
        shape = float(np.log(max(size[1], 1) / max(size[0], 1)))
        each = [
            calibration.log_odds(shared, view_gap=abs(shape - view.shape))
            for view in member.views
            if (shared := mean_cosines(segment.means, view.means))
        ]
        if each:
            trust = segment.sample_count / (segment.sample_count + 2.0)
            # One of the views is the one that is seen: a mixture, not a vote.
            total += trust * float(np.logaddexp.reduce(each) - np.log(len(each)))
            trust_sum += trust
    if not trust_sum:
        return 0.0
    # Segments repeat each other's looks, as shots do in `build_cast`.
    total *= min(1.0, settings.independent_shots / trust_sum)
    return total + settings.reference_prior


def _seen_apart(cast: Cast, one: Sequence[int], two: Sequence[int]) -> bool:
    return bool(cast.apart[np.ix_(one, two)].any())


def _match(
    odds: NDArray[np.float64], apart: NDArray[np.bool_], judged: NDArray[np.bool_]
) -> list[int]:
    """Return character to member, -1 = none, so that the log-odds are highest together.

    Characters and members are the items of one grouping in which members exclude each other.
    """
    count, known = odds.shape
    weight = np.zeros((count + known, count + known))
    weight[:count, count:] = np.where(judged[:, None], odds, -1.0)
    weight[count:, :count] = weight[:count, count:].T
    cannot = np.zeros(weight.shape, np.bool_)
    cannot[:count, :count] = apart
    cannot[count:, count:] = ~np.eye(known, dtype=np.bool_)
    groups = partition(weight, cannot, group_cost=0.0)
    member_of = {int(groups[count + m]): m for m in range(known)}
    return [member_of.get(int(group), -1) for group in groups[:count]]
