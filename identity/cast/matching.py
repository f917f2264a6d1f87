"""Who of a known cast is in a clip: characters matched with reference pictures.

Every character of the clip is compared with every member of the cast, on the same scale of
log-odds as tracklets are compared with each other. All are then decided together: a member is one
person, so two characters seen at once are never the same member, and who is certain settles who
is left. Nobody is named or accused whose looks the references do not decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.cast.clustering import partition
from identity.cast.schedule import indistinct, match_by_schedule
from identity.evidence.same_look import MIN_LOOKS, same_look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.cast.characters import Cast
    from identity.evidence.calibration import Calibration
    from identity.settings import ClusteringSettings
    from identity.tracks.segments import Segment

Presence = Literal["required", "optional", "forbidden"]
_BY_SCHEDULE = 0.9  # how sure a name is that rests on where somebody is expected
# Log-odds from which somebody on screen with a member is that member once more. Light and style of
# one clip make two in it alike: of the labelled clips' characters, left out of the cast one by one,
# all but twins are below 2.1 with whoever else is there, and planted copies are from 2.6 on.
_ONCE_MORE = 2.2
_NO_VIEW = -30.0  # log-odds of a member without pictures: looks say nothing for it


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceFeatures:
    """One reference picture.

    Attributes:
        means: Cue to (D,) float32 unit vector.
        shape: Logarithm of height by width of the character's box.
    """

    means: dict[Cue, NDArray[np.float32]]
    shape: float


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """Somebody of the cast, with all views of the reference pictures; none without pictures."""

    name: str
    views: tuple[ReferenceFeatures, ...]
    presence: Presence = "required"


@dataclass(frozen=True, slots=True, eq=False)
class CastMatch:
    """What came of comparing.

    Attributes:
        odds: (K, M) log-odds that a character is a member.
        member_of: Character to member, -1 = none of them, or not told.
        nobody: (K,) probability that a character is no member who is free to be it.
        judged: (K,) bool, seen well enough.
        present: (M,) probability that a member is in the clip; NaN = unknown.
        share: (K, M) probability that a character is a member.
        vague: Members who are in the clip, but which character each of them is cannot be told.
    """

    odds: NDArray[np.float64]
    member_of: tuple[int, ...]
    nobody: NDArray[np.float64]
    judged: NDArray[np.bool_]
    present: NDArray[np.float64]
    share: NDArray[np.float64]
    vague: frozenset[int] = frozenset()

    def are_one(self, one: int, two: int) -> bool | None:
        """Tell whether two characters are one person by the cast; `None` = it does not say.

        They are where one looks like the member who the other one is. They are two where they are
        two members.

        Args:
            one: A character.
            two: Another one.
        """
        members = self.member_of[one], self.member_of[two]
        if min(members) >= 0:
            return members[0] == members[1]
        other, member = (one, members[1]) if members[0] < 0 else (two, members[0])
        if member < 0 or not self.judged[other] or int(self.odds[other].argmax()) != member:
            return None
        return True if self.odds[other, member] >= _ONCE_MORE else None


def match_to_cast(
    segments: Sequence[Segment],
    cast: Cast,
    members: Sequence[Member],
    calibration: Calibration,
    settings: ClusteringSettings,
) -> CastMatch:
    """Match the characters of a clip with the members of a known cast.

    Args:
        segments: Of all shots.
        cast: Who is who among them.
        members: The known cast.
        calibration: How similarities become log-odds.
        settings: Priors.
    """
    count, known = cast.character_count, len(members)
    own = [[i for i, label in enumerate(cast.labels) if label == k] for k in range(count)]
    people = [[segments[i] for i in rows] for rows in own]
    odds = _odds_of_all(people, members, calibration, settings)
    judged = np.array(
        [sum(segments[i].sample_count for i in rows) >= MIN_LOOKS for rows in own], np.bool_
    )
    # A clone is seen beside itself, and is one member all the same.
    apart = np.array([[a is not b and _seen_apart(cast, a, b) for b in own] for a in own], np.bool_)
    apart = apart.reshape(count, count)
    matched = _match(odds, apart, judged)
    free = np.ones((count, known), np.bool_)
    for k in range(count):
        for other, who in enumerate(matched):
            if who >= 0 and apart[k, other]:
                free[k, who] = False
    share = _shares(odds, free & judged[:, None])
    nobody = 1 - share.sum(axis=1)
    named = tuple(m if m >= 0 and share[k, m] > 0.5 else -1 for k, m in enumerate(matched))
    # Who was not seen well enough could be anybody who is free.
    share[~judged] = np.where(free[~judged], 1 / (1 + max(known, 1)), 0.0)
    behind = _shares_behind(segments, cast, members, calibration, settings)
    present = 1 - np.prod(1 - share, axis=0) * np.prod(1 - behind, axis=0)
    return CastMatch(odds, named, nobody, judged, present, share)


def _shares_behind(
    segments: Sequence[Segment],
    cast: Cast,
    members: Sequence[Member],
    calibration: Calibration,
    settings: ClusteringSettings,
) -> NDArray[np.float64]:
    """Return (B, M) probability that a segment of nobody of the cast is a member all the same.

    It may show nobody at all, and where it shows somebody, anybody of the cast or none.
    """
    if not members:
        return np.zeros((0, 0))
    behind = np.flatnonzero(cast.labels < 0)
    there = 1 / (1 + np.exp(-cast.someone[behind]))
    people = [[segments[i]] for i in behind.tolist()]
    odds = _odds_of_all(people, members, calibration, settings)
    return np.asarray(there[:, None] * _shares(odds, np.ones(odds.shape, np.bool_)), np.float64)


def _shares(odds: NDArray[np.float64], free: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (K, M) probability that each of K is a member who is free, by (K, M) log-odds."""
    likely = np.where(free, np.exp(np.clip(odds, -30, 30)), 0.0)
    return np.asarray(likely / (1 + likely.sum(axis=1, keepdims=True)), np.float64)


def with_schedule(
    roll: CastMatch,
    members: Sequence[Member],
    seen: NDArray[np.bool_],
    expected: NDArray[np.bool_],
) -> CastMatch:
    """Name the characters whom no picture names after where members without pictures are expected.

    Args:
        roll: What came of the pictures.
        members: The known cast.
        seen: (K, S) which character is seen in which span of the schedule.
        expected: (M, S) which member is expected there.
    """
    bare = [m for m, member in enumerate(members) if not member.views]
    free = [k for k, who in enumerate(roll.member_of) if who < 0 and roll.judged[k]]
    if not bare:
        return roll
    if not seen.shape[1]:  # nothing is known of them
        present = roll.present.copy()
        present[bare] = np.nan
        return replace(roll, present=present)
    member_of, share, nobody = list(roll.member_of), roll.share.copy(), roll.nobody.copy()
    for place, m in enumerate(match_by_schedule(seen[free], expected[bare])):
        if m >= 0:
            k = free[place]
            member_of[k] = bare[m]
            share[k, bare[m]] = _BY_SCHEDULE
            nobody[k] = 1 - _BY_SCHEDULE
    present = roll.present.copy()
    for m in bare:
        present[m] = float(share[:, m].max(initial=0.0)) if m in member_of else 0.0
    vague = indistinct(expected, bare)
    return replace(
        roll, member_of=tuple(member_of), share=share, nobody=nobody, present=present, vague=vague
    )


def _odds_of_all(
    people: Sequence[Sequence[Segment]],
    members: Sequence[Member],
    calibration: Calibration,
    settings: ClusteringSettings,
) -> NDArray[np.float64]:
    """Return (K, M) log-odds that the segments of each of K people show each member."""
    odds = np.zeros((len(people), len(members)))
    for k, own in enumerate(people):
        for m, member in enumerate(members):
            odds[k, m] = _odds(own, member, calibration, settings)
    return odds


def _odds(
    segments: Sequence[Segment],
    member: Member,
    calibration: Calibration,
    settings: ClusteringSettings,
) -> float:
    """Return the log-odds that these segments, which are one person, show a member."""
    if not member.views:
        return _NO_VIEW
    total, trust_sum = 0.0, 0.0
    for segment in segments:
        size = np.median(segment.xyxy[:, 2:] - segment.xyxy[:, :2], axis=0)
        shape = float(np.log(max(size[1], 1) / max(size[0], 1)))
        gap = np.array([[abs(shape - view.shape) for view in member.views]])
        views = [view.means for view in member.views]
        each = same_look([segment.means], views, calibration, view_gap=gap)
        each = each[np.isfinite(each)]
        if len(each):
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
