"""Makes findings: names, times, severity and confidence, by the same rules for every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.config import ConfidenceSettings
from castcheck.tables.kinds import KINDS
from identity.appearance.colour_words import colour_word
from identity.findings import SEVERITY_IF_SURE, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from castcheck.observe import Observations
    from identity.findings import Severity
    from identity.judge import Judgement
    from identity.settings import FindingSettings
    from identity.tracks.body_track import BodyTrack
    from identity.tracks.segments import Segment
    from tracker.tracklets import Tracklet

_CRITICAL_CONFIDENCE = 0.8
# The network for faces reads those of people, drawn ones too; of animals it finds a few.
_PERSON_FACE_SHARE = 0.25
_MAJOR_SHARE = 0.25  # of the picture's height: smaller people are noticed less


def character_id(number: int) -> str:
    """Return the id of the character with this number, from 0.

    Example:
        >>> character_id(0)
        'char-01'
    """
    return f"char-{number + 1:02d}"


def descriptions(judgement: Judgement) -> tuple[str, ...]:
    """Return a few words per character: what colour they wear, from all their samples."""
    return tuple(description(judgement, k) for k in range(judgement.cast.character_count))


def description(judgement: Judgement, number: int, *, before_frame: int | None = None) -> str:
    """Return what colour a character wears; empty where that was not seen, or is not sure.

    Who shows no face may be an animal or a robot, and is called a figure.

    Args:
        judgement: Who is who.
        number: Of the character.
        before_frame: Only what is over by then counts; `None` = all of the clip.
    """
    own = [
        s
        for s, label in zip(judgement.segments, judgement.cast.labels, strict=True)
        if label == number and (before_frame is None or s.stop_frame <= before_frame)
    ]
    worn = [s.clothes for s in own if s.clothes is not None]
    if worn:
        samples = sum(one.samples for one in worn)
        faces = sum(one.face_share * one.samples for one in worn) / samples
        total = np.sum([one.colours * one.samples for one in worn], axis=0)
        return _phrase(total, "top" if faces >= _PERSON_FACE_SHARE else "figure")
    # An embedder that tells heads would have told a chest.
    upper = [s for s in own if "upper" in s.means and "head_look" not in s.means]
    if not upper:
        return ""
    return _phrase(np.sum([s.means["upper"] * s.sample_count for s in upper], axis=0), "top")


def _phrase(colours: NDArray[np.float32], noun: str) -> str:
    word = colour_word(colours)
    return f"{word} {noun}" if word else ""


# From this median score on a tracklet is taken for what it seems to be. Chosen beforehand, a little
# above "as likely as not".
_SURE_BOX_SCORE = 0.6
_BESIDE_S = 1.0  # to either side of where a finding starts, boxes are asked how sure they are


def least_box_score(tracklet: Tracklet, frames: tuple[int, int], *, fps: float) -> float:
    """Return how sure the boxes of a finding are where they are least so.

    Over all of the tracklet, just before the finding, just after its start, and at the end of what
    goes on for a while: behind somebody who has left, weak boxes may go on around what stands
    there, and the box of who goes away may come to hold a window as well.

    Args:
        tracklet: Whom it is about.
        frames: Half-open, from when to when.
        fps: Of the clip.
    """
    start, stop = frames
    apart = tracklet.frame - start
    reach = _BESIDE_S * fps
    parts = (
        np.ones(len(apart), np.bool_),
        (apart < 0) & (apart >= -reach),
        (apart >= 0) & (apart < reach),
        (tracklet.frame >= stop - (stop - start) / 3) & (tracklet.frame < stop),
    )
    return min(float(np.median(tracklet.score[rows])) for rows in parts if rows.any())


class FindingBuilder:
    """Makes the findings of one clip.

    Args:
        seen: What was observed in it.
        judgement: Who is who in it.
        settings: The `[findings]` section.
        names: Of the characters, by number; `None` where the cast file has none.
        bars: The `[confidence]` section; `None` = the defaults.
    """

    def __init__(
        self,
        seen: Observations,
        judgement: Judgement,
        settings: FindingSettings,
        names: Sequence[str | None] = (),
        bars: ConfidenceSettings | None = None,
    ) -> None:
        self._seen = seen
        self._bars = ConfidenceSettings() if bars is None else bars
        self._settings = settings
        self._judgement = judgement
        self._words = descriptions(judgement)
        self._names = names

    def unvouched(self, confidence: float) -> float:
        """Return a confidence that stops no release, if the kind has no bar of its own."""
        return min(confidence, self._settings.major_confidence - 0.01)

    def finding(
        self,
        kind: str,
        *,
        severity: Severity,
        confidence: float,
        characters: Sequence[int],
        tracklets: tuple[int, ...],
        frames: tuple[int, int],
        message: str,
        evidence: Mapping[str, Any],
        vouched: bool = True,
        rests_on_boxes: bool = True,
        deciding: tuple[int, ...] = (),
    ) -> Finding:
        """Return a finding, less sure where the boxes it rests on are doubtful.

        Args:
            kind: A row of the table of kinds.
            severity: If it is sure; see `severity`.
            confidence: In [0, 1], before the boxes are weighed.
            characters: Numbers of those concerned; -1 is left out.
            tracklets: Ids of the tracklets that show it; at least one.
            frames: Half-open.
            message: One sentence.
            evidence: JSON types.
            vouched: Whether more than one thing speaks for it; if not, it stops no release.
            rests_on_boxes: Whether boxes show it; if not, the picture as a whole does, and how sure
                the detector is of anybody says nothing.
            deciding: Those of the tracklets whose boxes it rests on; nothing = all of them.
        """
        shots = {self._seen.tracklets[t].shot_index for t in tracklets}
        # Boxes that the detector itself doubts may show anything: less can be said of them.
        box_score = min(
            least_box_score(self._seen.tracklets[t], frames, fps=self._seen.fps)
            for t in deciding or tracklets
        )
        sure = confidence * min(1.0, box_score / _SURE_BOX_SCORE) if rests_on_boxes else confidence
        if not vouched:
            sure = self.unvouched(sure)
        found = Finding(
            kind,
            severity,
            round(sure, 3),
            tuple(character_id(c) for c in dict.fromkeys(characters) if c >= 0),
            tracklets,
            tuple(sorted(shots)),
            *frames,
            message,
            {**evidence, "box_score": round(box_score, 3)},
        )
        return self.settled(found)

    def settled(self, finding: Finding) -> Finding:
        """Return a finding as "minor" where it is not sure enough: a doubt stops no release.

        No severity is above the cap of its kind. What it would be if it were sure stays in the
        evidence, so that a bar can be fitted.
        """
        severity = KINDS[finding.kind].capped(finding.severity)
        bar = self._bars.bar(finding.kind, default=self._settings.major_confidence)
        sure = replace(finding, severity=severity)
        return sure if finding.confidence >= bar else self.doubted(sure)

    def doubted(self, finding: Finding) -> Finding:
        """Return a finding as "minor", whatever its confidence: a doubt."""
        if finding.severity == "minor":
            return finding
        evidence = {**finding.evidence, SEVERITY_IF_SURE: finding.severity}
        return replace(finding, severity="minor", evidence=evidence)

    def severity(
        self, kind: str, seen_as: Sequence[BodyTrack | Segment], confidence: float
    ) -> Severity:
        """Return what a viewer notices: the larger and the surer, the worse.

        Args:
            kind: Whose cap holds.
            seen_as: Who is concerned, wherever they are on screen.
            confidence: That it is right.
        """
        boxes = np.concatenate([one.xyxy for one in seen_as])
        share = float((boxes[:, 3] - boxes[:, 1]).mean()) / self._seen.info.height_px
        if share < _MAJOR_SHARE:
            return "minor"
        sure = confidence >= _CRITICAL_CONFIDENCE
        return KINDS[kind].capped("critical" if sure else "major")

    def name(self, label: int, *, before_frame: int | None = None) -> str:
        """Return what to call a character: by the name of the cast file, else by what it wears.

        Args:
            label: Its number.
            before_frame: Of who looks otherwise from then on, what it wore until then is told,
                where that was seen.
        """
        if 0 <= label < len(self._names) and self._names[label]:
            return f"{self._names[label]} ({character_id(label)})"
        words = self._words[label] if 0 <= label < len(self._words) else ""
        if before_frame is not None:
            words = description(self._judgement, label, before_frame=before_frame) or words
        number = character_id(label)
        return f"{number} ({words})" if words else number

    def time(self, frame: int) -> str:
        """Return when `frame` is shown, for a sentence."""
        times = self._seen.frame_times_s
        seconds = float(times[frame]) if frame < len(times) else float(self._seen.end_s)
        return f"{seconds:.2f} s"


def rounded(values: Mapping[Any, float]) -> dict[str, float]:
    """Return numbers for the evidence, no finer than anybody can use."""
    return {str(key): round(float(value), 3) for key, value in values.items()}
