"""What is wrong with who is in a clip, against a cast file: missing, unexpected, stranger.

One finding per cause: a person nobody knows, while a member is nowhere to be seen, or never again,
stands in that member's place, which is one error and not two. A person nobody knows beside a
complete cast is one too many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.facts.report import MemberFacts
from castcheck.findings.builder import character_id
from identity.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.findings.builder import FindingBuilder
    from castcheck.observe import Observations
    from identity.cast.matching import CastMatch, Member
    from identity.judge import Judgement
    from identity.tracks.segments import Segment

_MAX_CONFIDENCE = 0.99


def member_facts(roll: CastMatch, members: Sequence[Member]) -> tuple[MemberFacts, ...]:
    """Return who of the cast is which character, for the report."""
    return tuple(
        MemberFacts(
            member.name,
            member.presence,
            len(member.views),
            tuple(character_id(k) for k, who in enumerate(roll.member_of) if who == m),
            None if np.isnan(roll.present[m]) else round(float(roll.present[m]), 4),
        )
        for m, member in enumerate(members)
    )


def names_of(roll: CastMatch, members: Sequence[Member]) -> tuple[str | None, ...]:
    """Return the name of each character, `None` where it is not told."""
    return tuple(
        members[m].name if m >= 0 and m not in roll.vague else None for m in roll.member_of
    )


def without_same_cause(told: Sequence[Finding], against: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings without the changes that are a stranger who takes a member's place.

    Args:
        told: Without the cast: somebody looks otherwise after a cut.
        against: By the cast.
    """
    strangers = {(f.characters, f.start_frame) for f in against if f.kind == "stranger"}
    return tuple(
        f
        for f in told
        if f.kind != "drift" or not any(((c,), f.start_frame) in strangers for c in f.characters)
    )


class CastFindingBuilder:
    """Words the findings of a roll call."""

    def __init__(
        self,
        seen: Observations,
        judgement: Judgement,
        roll: CastMatch,
        members: Sequence[Member],
        build: FindingBuilder,
        told: Sequence[Finding],
    ) -> None:
        self._seen = seen
        self._judgement = judgement
        self._roll = roll
        self._members = members
        self._build = build
        self._told = [f for f in told if f.severity != "minor"]

    def findings(self, *, min_confidence: float) -> tuple[Finding, ...]:
        """Return what is sure enough, in order of time; nothing where nobody could be judged.

        Whom nobody knows may be a member without pictures, so where there is one, nobody is a
        stranger or one too many; nor is such a member missing.
        """
        roll = self._roll
        if not roll.judged.any():
            return ()
        pictured = [m for m, member in enumerate(self._members) if member.views]
        knows_all = len(pictured) == len(self._members)
        unknown = [
            k
            for k, who in enumerate(roll.member_of)
            if knows_all
            and who < 0
            and roll.judged[k]
            and roll.nobody[k] >= min_confidence
            and not self._explained(k)
        ]
        absent = [
            m
            for m in pictured
            if self._members[m].presence != "forbidden" and m not in roll.member_of
        ]
        found: list[Finding] = []
        gone: list[int] = []  # members in whose place somebody stands already
        for k in unknown:
            place = self._place_of(k, absent)
            if place is not None:
                absent.remove(place)
                found.append(self._stranger(k, place, ""))
                continue
            left = [m for m in self._gone_since(k) if m not in gone]
            place = self._place_of(k, left)
            if place is not None:
                gone.append(place)
                found.append(self._stranger(k, place, " any more"))
            else:
                found.append(self._unexpected(k))
        found += [
            self._missing(m)
            for m in absent
            if self._members[m].presence == "required" and 1 - roll.present[m] >= min_confidence
        ]
        found += self.forbidden()
        return tuple(sorted(found, key=lambda f: (f.start_frame, f.kind, f.characters)))

    def forbidden(self) -> tuple[Finding, ...]:
        """Return who is in the clip although the cast file forbids it."""
        return tuple(
            self._forbidden(k, m)
            for k, m in enumerate(self._roll.member_of)
            if m >= 0 and self._members[m].presence == "forbidden"
        )

    def _place_of(self, character: int, absent: Sequence[int]) -> int | None:
        """Return the absent member in whose place an unknown person stands: required ones first."""
        order = sorted(
            absent,
            key=lambda m: (self._members[m].presence != "required", -self._roll.odds[character, m]),
        )
        return order[0] if order else None

    def _gone_since(self, character: int) -> list[int]:
        """Return the members who are last seen in the shot before an unknown person comes."""
        first = min(s.tracklet.shot_index for s in self._segments(character))
        last = {
            m: max(
                s.tracklet.shot_index
                for k, who in enumerate(self._roll.member_of)
                if who == m
                for s in self._segments(k)
            )
            for m in {*self._roll.member_of} - {-1}
            if self._members[m].presence != "forbidden"
        }
        return sorted(m for m, shot in last.items() if shot == first - 1)

    def _explained(self, character: int) -> bool:
        """Tell whether a finding says already why somebody is there beside the cast.

        That is where another became them, or where they are a member for a second time.
        """
        if any(self._is_member_again(finding, character) for finding in self._told):
            return True
        first = min(self._segments(character), key=lambda s: s.start_frame)
        return any(
            morph.start_frame == first.start_frame
            and any(
                first.tracklet.tracklet_id in self._judgement.tracks[k].members
                for k in morph.tracks
            )
            for morph in self._judgement.of_kind("morph")
        )

    def _is_member_again(self, finding: Finding, character: int) -> bool:
        """Tell whether a finding says that somebody is a copy of one who is named."""
        named = {character_id(k) for k, who in enumerate(self._roll.member_of) if who >= 0}
        own = character_id(character)
        return (
            finding.kind == "clone"
            and own in finding.characters
            and bool(named & {*finding.characters})
        )

    def _segments(self, character: int) -> list[Segment]:
        judgement = self._judgement
        labels = judgement.cast.labels
        return [s for s, k in zip(judgement.segments, labels, strict=True) if k == character]

    def _unexpected(self, character: int) -> Finding:
        confidence = float(self._roll.nobody[character])
        message = (
            f"{self._build.name(character)} is in the clip, although every member of the cast is "
            "already there."
        )
        again = self._member_again(character)
        if again is not None:  # a copy of them, or a second box on them
            confidence = self._build.unvouched(confidence)
            message = f"{message[:-1]}, and looks like {self._members[again].name}."
        return self._finding("unexpected", confidence, character, again, message)

    def _member_again(self, character: int) -> int | None:
        """Return the member who an unknown person looks like, and who is somebody else."""
        for k, who in enumerate(self._roll.member_of):
            if who >= 0 and self._roll.are_one(character, k):
                return who
        return None

    def _stranger(self, character: int, place: int, since: str) -> Finding:
        name, member = self._build.name(character), self._members[place].name
        message = f"{name} matches no reference picture, and {member} is not seen{since}."
        return self._finding(
            "stranger", float(self._roll.nobody[character]), character, place, message
        )

    def _forbidden(self, character: int, member: int) -> Finding:
        message = f"{self._members[member].name} is in the clip and should not be."
        odds = float(self._roll.odds[character, member])
        return self._finding(
            "unexpected", 1 / (1 + float(np.exp(-odds))), character, member, message
        )

    def _missing(self, member: int) -> Finding:
        shots = self._seen.shots
        confidence = _sure(1 - float(self._roll.present[member]))
        return self._build.settled(
            Finding(
                "missing", "major", confidence, (), (),
                tuple(s.index for s in shots), 0, shots[-1].stop_frame,
                f"{self._members[member].name} is not seen in the clip.",
                self._evidence(None, member),
            )
        )  # fmt: skip

    def _finding(
        self, kind: str, confidence: float, character: int, member: int | None, message: str
    ) -> Finding:
        own = self._segments(character)
        tracklets = sorted({s.tracklet.tracklet_id for s in own})
        indices = sorted({s.tracklet.shot_index for s in own})
        shots = [s for s in self._seen.shots if s.index in indices]
        confidence = _sure(confidence)
        severity = self._build.severity(kind, own, confidence)
        return self._build.settled(
            Finding(
                kind, severity, confidence, (character_id(character),), tuple(tracklets),
                tuple(indices), shots[0].start_frame, shots[-1].stop_frame, message,
                self._evidence(character, member),
            )
        )  # fmt: skip

    def _evidence(self, character: int | None, member: int | None) -> dict[str, Any]:
        """Return the member concerned, and the log-odds of everybody with everybody concerned."""
        table: dict[str, Any] = {"member": None if member is None else self._members[member].name}
        if character is not None:
            row = self._roll.odds[character]
            table["log_odds"] = {
                one.name: round(float(value), 3)
                for one, value in zip(self._members, row, strict=True)
                if one.views
            }
        elif member is not None:
            column = self._roll.odds[:, member]
            table["log_odds"] = {
                character_id(k): round(float(value), 3) for k, value in enumerate(column)
            }
        return table


def _sure(confidence: float) -> float:
    return round(min(confidence, _MAX_CONFIDENCE), 3)
