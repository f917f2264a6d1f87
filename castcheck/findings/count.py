"""What is wrong with how many there are, where somebody said how many there should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from castcheck.findings.builder import character_id
from castcheck.labels import plural
from identity.evidence.same_look import MIN_LOOKS
from identity.findings import Finding

if TYPE_CHECKING:
    from castcheck.findings.builder import FindingBuilder
    from castcheck.observe import Observations
    from identity.judge import Judgement
    from identity.tracks.segments import Segment

# So many are on screen at once, whoever they are: only a box on a thing could be wrong.
_TOO_MANY = 0.9
# Two who look alike may be one character here, so that one is missing is a doubt.
_TOO_FEW = 0.6


def count_findings(
    seen: Observations, judgement: Judgement, build: FindingBuilder, characters: int | None
) -> tuple[Finding, ...]:
    """Return who is one too many, or that somebody is missing; nothing where nobody was judged.

    Args:
        seen: The clip.
        judgement: Its cast, made of no more than `characters` where that was possible.
        build: Names characters and weighs how bad something is.
        characters: How many there should be; `None` = not said.
    """
    cast = judgement.cast
    own = [
        [s for s, label in zip(judgement.segments, cast.labels, strict=True) if label == k]
        for k in range(cast.character_count)
    ]
    judged = [k for k, segments in enumerate(own) if _samples(segments) >= MIN_LOOKS]
    if characters is None or not judged:
        return ()
    # Numbers fall with time on screen: the last ones are those who came on top.
    found = [_too_many(own[k], k, characters, build) for k in judged[characters:]]
    if cast.character_count < characters:
        found.append(_too_few(seen, cast.character_count, characters, build))
    return tuple(found)


def _samples(segments: list[Segment]) -> int:
    return sum(segment.sample_count for segment in segments)


def _too_many(own: list[Segment], number: int, characters: int, build: FindingBuilder) -> Finding:
    frames = np.concatenate([segment.frames for segment in own])
    score = float(np.median(np.concatenate([segment.score for segment in own])))
    confidence = round(min(_TOO_MANY, score), 3)
    severity = build.severity("unexpected", own, confidence)
    found = Finding(
        "unexpected", severity, confidence, (character_id(number),),
        tuple(sorted({s.tracklet.tracklet_id for s in own})),
        tuple(sorted({s.tracklet.shot_index for s in own})),
        int(frames.min()), int(frames.max()) + 1,
        f"{build.name(number)} is one too many: {plural(characters, 'character')} should be "
        "there, and more are seen at once.",
        {"member": None, "characters_expected": characters},
    )  # fmt: skip
    return build.settled(found)


def _too_few(seen: Observations, count: int, characters: int, build: FindingBuilder) -> Finding:
    found = Finding(
        "missing", "major", _TOO_FEW, (), (),
        tuple(shot.index for shot in seen.shots), 0, seen.shots[-1].stop_frame,
        f"{plural(count, 'character')} of {characters} can be distinguished; "
        "one is missing, or two look alike.",
        {"member": None, "characters_expected": characters, "characters_seen": count},
    )  # fmt: skip
    return build.settled(found)
