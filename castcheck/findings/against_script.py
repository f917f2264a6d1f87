"""What is wrong with who is where, against a script: missing, unexpected, stranger, swap.

Looks say who somebody is, the script says where they should be. One cause is one finding: where two
stand in each other's place it is a swap and nothing else, and somebody in another's place is not
also that other one missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.findings.builder import character_id
from identity.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.findings.builder import FindingBuilder
    from castcheck.findings.script_spans import Presence, Span
    from identity.cast.matching import CastMatch, Member
    from identity.findings import Severity
    from identity.judge import Judgement
    from identity.tracks.segments import Segment

_MAX_CONFIDENCE = 0.99
_MOST_CONFIDENCE = 0.95  # boxes may be wrong, and a detector blind
_EMPTY_CONFIDENCE = 0.7  # where nobody at all is detected, it may well be: a doubt, so minor
_EXPLAINING = ("swap", "morph")


@dataclass(frozen=True, slots=True)
class _Exchange:
    """In a span, `guest` (a character) is seen where `absent` (a member) is expected."""

    span: int
    absent: int
    guest: int


class ScriptFindingBuilder:
    """Words what a script and a clip disagree about.

    Args:
        judgement: Who is who in the clip.
        roll: Who of the cast they are.
        members: The cast.
        spans: The script on this clip.
        presence: Who is seen in which span.
        build: Names characters and weighs how bad something is.
        told: Findings that are told already and may explain what the script says.
    """

    def __init__(
        self,
        judgement: Judgement,
        roll: CastMatch,
        members: Sequence[Member],
        spans: Sequence[Span],
        presence: Presence,
        build: FindingBuilder,
        told: Sequence[Finding],
    ) -> None:
        self._judgement = judgement
        self._roll = roll
        self._members = members
        self._spans = spans
        self._presence = presence
        self._build = build
        # What happens to all of the picture says of nobody who they are.
        self._told = [f for f in told if not f.evidence.get("whole_picture")]
        self._absent = {
            (s, m)
            for s, span in enumerate(spans)
            for m in span.expected
            if not any(presence.at_all[k, s] for k in self._characters_of(m))
        }

    def findings(self, *, min_confidence: float) -> tuple[Finding, ...]:
        """Return what is sure enough, in order of time; nothing where nobody could be judged."""
        if not self._roll.judged.any() or not self._spans:
            return ()
        exchanges = self._exchanges()
        found = [*self._swaps(exchanges), *self._guests(exchanges), *self._missing()]
        sure = [f for f in found if f.confidence >= min_confidence]
        return tuple(sorted(sure, key=lambda f: (f.start_frame, f.kind, f.characters)))

    def _exchanges(self) -> list[_Exchange]:
        """Return who is seen well in a span of others, each with all who are absent there."""
        found = []
        for s, span in enumerate(self._spans):
            for k, who in enumerate(self._roll.member_of):
                if self._presence.well[k, s] and who >= 0 and who not in span.expected:
                    absent = [m for t, m in sorted(self._absent) if t == s]
                    found += [_Exchange(s, m, k) for m in absent] or [_Exchange(s, -1, k)]
        return found

    def _swaps(self, exchanges: list[_Exchange]) -> list[Finding]:
        """Return pairs who stand in each other's place in two spans; they are taken out."""
        found = []
        member_of = self._roll.member_of
        pairs = {
            frozenset((one.absent, member_of[one.guest]))
            for one in exchanges
            for two in exchanges
            if one.span != two.span
            and one.absent == member_of[two.guest]
            and two.absent == member_of[one.guest]
        }
        for pair in sorted(pairs, key=sorted):
            own = [e for e in exchanges if {e.absent, member_of[e.guest]} == pair]
            self._take(exchanges, own)
            if not self._explained(own):
                found.append(self._swap(sorted(pair), own))
        return found

    def _guests(self, exchanges: list[_Exchange]) -> list[Finding]:
        found = []
        while exchanges:
            one = max(exchanges, key=lambda e: (e.absent >= 0, self._sure_of(e), -e.span))
            self._take(exchanges, [one])
            if not self._explained([one]):
                found.append(self._unexpected(one))
        return found + self._strangers()

    def _take(self, exchanges: list[_Exchange], told: Sequence[_Exchange]) -> None:
        """Take out what is told: neither the guest nor the absent one is told of a second time."""
        for one in told:
            self._absent.discard((one.span, one.absent))
            exchanges[:] = [
                e
                for e in exchanges
                if e.span != one.span
                or (e.guest != one.guest and (e.absent != one.absent or e.absent < 0))
            ]

    def _strangers(self) -> list[Finding]:
        """Return those who are nobody of the cast, each once, with the spans they are seen in."""
        found = []
        for k, who in enumerate(self._roll.member_of):
            spans = np.flatnonzero(self._presence.well[k]).tolist()
            if who >= 0 or not self._roll.judged[k] or not spans or self._begins_as_other(k):
                continue
            places = [(s, m) for s in spans for m in sorted(self._spans[s].expected)]
            places = [place for place in places if place in self._absent]
            if not places:
                found += [] if self._is_counted(k) else [self._one_too_many(k, spans)]
                continue
            member = max({m for _, m in places}, key=lambda m: sum(n == m for _, n in places))
            spans = [s for s, m in places if m == member]
            self._absent -= {(s, member) for s in spans}
            found.append(self._stranger(k, member, spans))
        return found

    def _missing(self) -> list[Finding]:
        found = []
        for m, member in enumerate(self._members):
            spans = sorted(s for s, who in self._absent if who == m)
            if not spans or member.presence != "required":
                continue
            everywhere = len(spans) == sum(m in span.expected for span in self._spans)
            groups = [spans] if everywhere else [[s] for s in spans]
            found += [self._not_seen(m, group) for group in groups if not self._is_hidden(m, group)]
        return found

    def _is_counted(self, character: int) -> bool:
        """Tell whether the number of characters has told already that this one is too many."""
        return any(
            "characters_expected" in f.evidence and character_id(character) in f.characters
            for f in self._told
        )

    def _is_hidden(self, member: int, spans: Sequence[int]) -> bool:
        """Tell whether a vanishing that was told already is why a member is not seen."""
        own = {character_id(k) for k in self._characters_of(member)}
        first = self._spans[spans[0]]
        return any(
            f.kind == "vanish" and own & set(f.characters) and set(f.shots) & set(first.shots)
            for f in self._told
        )

    def _characters_of(self, member: int) -> list[int]:
        return [k for k, who in enumerate(self._roll.member_of) if who == member]

    def _explained(self, exchanges: Sequence[_Exchange]) -> bool:
        """Tell whether a swap or morph before the end of the spans is told already."""
        last = max(self._spans[e.span].stop_frame for e in exchanges)
        ids = {character_id(e.guest) for e in exchanges}
        absent = {k for e in exchanges if e.absent >= 0 for k in self._characters_of(e.absent)}
        both = ids | {character_id(k) for k in absent}
        return len(both) > 1 and any(
            f.kind in _EXPLAINING and f.start_frame < last and both <= set(f.characters)
            for f in self._told
        )

    def _begins_as_other(self, character: int) -> bool:
        """Tell whether a character only begins where another became it: that is a finding."""
        name = character_id(character)
        return any(
            f.kind == "morph" and name in f.characters and name != f.characters[0]
            for f in self._told
        )

    def _sure_of(self, one: _Exchange) -> float:
        """Return how sure it is that the guest is none of those who may be there.

        Only they could make it a false alarm: the absent one, and whoever of the expected is not
        seen apart from the guest in this very span.
        """
        cast = self._judgement.cast
        here = list(self._presence.own[one.guest, one.span])
        likely = self._mean_log_odds(here, [one.guest])
        sure = _MOST_CONFIDENCE
        rivals = [one.absent] if one.absent >= 0 else []
        for m in self._spans[one.span].expected - {one.absent}:
            own = [
                i for k in self._characters_of(m) for i in self._presence.own.get((k, one.span), ())
            ]
            if own and not cast.apart[np.ix_(here, own)].any():
                rivals.append(m)
        for m in rivals:
            as_rival = self._mean_log_odds(here, self._characters_of(m))
            if likely is not None:
                margin = likely - (as_rival or 0.0)
                sure = min(sure, 1 / (1 + float(np.exp(-np.clip(margin, -30, 30)))))
            sure = min(sure, 1 - float(self._roll.share[one.guest, m]))
        return sure

    def _mean_log_odds(self, here: Sequence[int], characters: Sequence[int]) -> float | None:
        """Return the mean log-odds of segments with the other ones of characters, if any."""
        cast = self._judgement.cast
        own = np.flatnonzero(np.isin(cast.labels, list(characters)))
        there = [i for i in own.tolist() if i not in set(here)]
        return float(cast.log_odds[np.ix_(here, there)].mean()) if there else None

    def _swap(self, pair: Sequence[int], own: Sequence[_Exchange]) -> Finding:
        spans = sorted({e.span for e in own})
        guests = sorted({e.guest for e in own})
        # Two spans that say the same: the surer of them is enough.
        confidence = max(min(self._sure_of(e), _MAX_CONFIDENCE) for e in own)
        names = " and ".join(self._build.name(k) for k in guests)
        titles = _listed([self._spans[s].title for s in spans])
        message = f"In {titles}, {names} stand in each other's place, against the script."
        first = self._spans[spans[0]]
        return self._finding(
            "swap", confidence, guests, pair, spans, message,
            frames=(first.start_frame, first.start_frame + 1),
        )  # fmt: skip

    def _unexpected(self, one: _Exchange) -> Finding:
        span = self._spans[one.span]
        name = self._build.name(one.guest)
        message = f"In {span.title}, {name} is seen and should not be."
        if one.absent >= 0:
            message = f"In {span.title}, {name} is seen in place of {self._who(one.absent)}."
        members = [self._roll.member_of[one.guest], *([one.absent] if one.absent >= 0 else [])]
        return self._finding(
            "unexpected", self._sure_of(one), [one.guest], members, [one.span], message
        )

    def _stranger(self, character: int, member: int, spans: Sequence[int]) -> Finding:
        name = self._build.name(character)
        titles = _listed([self._spans[s].title for s in spans])
        matches = (
            "matches no reference picture"
            if self._members[member].views
            else "is not anyone the script expects"
        )
        message = f"{name} {matches}, and {self._who(member)} is not seen in {titles}."
        confidence = float(self._roll.nobody[character])
        if not self._members[member].views:  # the schedule alone says so: a doubt
            confidence = min(confidence, _EMPTY_CONFIDENCE)
        return self._finding("stranger", confidence, [character], [member], spans, message)

    def _one_too_many(self, character: int, spans: Sequence[int]) -> Finding:
        name = self._build.name(character)
        titles = _listed([self._spans[s].title for s in spans])
        message = f"{name} is seen in {titles}, although everyone of the script is already there."
        confidence = float(self._roll.nobody[character])
        return self._finding("unexpected", confidence, [character], [], spans, message)

    def _not_seen(self, member: int, spans: Sequence[int]) -> Finding:
        confidence = _MOST_CONFIDENCE
        for s in spans:
            present = [
                float(self._roll.share[k, member])
                for k in range(len(self._roll.member_of))
                if self._presence.at_all[k, s] and self._roll.member_of[k] < 0
            ]
            others = len(self._presence.others.get(s, ()))
            chance = float(np.prod([1 - p for p in present]))
            chance *= (1 - 1 / (1 + len(self._members))) ** others
            nobody = not others and not self._presence.at_all[:, s].any()
            confidence = min(confidence, _EMPTY_CONFIDENCE if nobody else chance)
        titles = _listed([self._spans[s].title for s in spans])
        message = f"{self._who(member)} is not seen in {titles}."
        return self._finding("missing", confidence, [], [member], spans, message)

    def _who(self, member: int) -> str:
        """Return a name; all names between which the schedule does not decide."""
        if member not in self._roll.vague:
            return self._members[member].name
        expected = [member in span.expected for span in self._spans]
        like = [
            one.name
            for m, one in enumerate(self._members)
            if m in self._roll.vague and [m in span.expected for span in self._spans] == expected
        ]
        return " or ".join(like)

    def _finding(
        self,
        kind: str,
        confidence: float,
        characters: Sequence[int],
        members: Sequence[int],
        spans: Sequence[int],
        message: str,
        *,
        frames: tuple[int, int] | None = None,
    ) -> Finding:
        confidence = round(min(confidence, _MAX_CONFIDENCE), 3)
        places = [i for k in characters for s in spans for i in self._presence.own.get((k, s), ())]
        segments: list[Segment] = [self._judgement.segments[i] for i in places]
        severity: Severity = "major"
        if segments:
            severity = self._build.severity(kind, segments, confidence)
        own = [self._spans[s] for s in spans]
        evidence: dict[str, Any] = {
            "script": [span.title for span in own],
            "member": self._members[members[0]].name if members else None,
            "members": [self._members[m].name for m in members],
            "expected": [sorted(self._members[m].name for m in s.expected) for s in own],
        }
        found = Finding(
            kind, severity, confidence,
            tuple(character_id(k) for k in characters),
            tuple(sorted({s.tracklet.tracklet_id for s in segments})),
            tuple(sorted({shot for span in own for shot in span.shots})),
            *(frames or (own[0].start_frame, own[-1].stop_frame)), message, evidence,
        )  # fmt: skip
        return self._build.settled(found)


def _listed(titles: Sequence[str]) -> str:
    """Return titles as a sentence says them.

    Example:
        >>> _listed(["shot 1"]), _listed(["shot 1", "shot 2", "shot 4"])
        ('shot 1', 'shot 1, shot 2 and shot 4')
    """
    return " and ".join(filter(None, [", ".join(titles[:-1]), titles[-1]]))
