"""From what identity found to findings a person understands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.config import ConfidenceSettings
from identity.appearance.colour_words import colour_word
from identity.findings import Finding, confidence_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castcheck.observe import Observations
    from identity.explanations.attribute_swap import AttributeSwap
    from identity.explanations.clone_pair import Clone
    from identity.explanations.drift_rules import Drift
    from identity.explanations.incident import Incident
    from identity.explanations.over_cut import CutSwap
    from identity.explanations.presence import PixelStep, PresenceCandidate
    from identity.findings import Kind, Severity
    from identity.judge import Judgement
    from identity.settings import FindingSettings
    from identity.tracks.body_track import BodyTrack
    from identity.tracks.segments import Segment
    from tracker.tracklets import Tracklet

_CRITICAL_CONFIDENCE = 0.8
SEVERITY_IF_SURE = "severity_if_sure"  # in the evidence of what is minor only for want of surety
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
    words = []
    for number in range(judgement.cast.character_count):
        own = [
            s
            for s, label in zip(judgement.segments, judgement.cast.labels, strict=True)
            if label == number and "upper" in s.means
        ]
        if own:
            total = sum(s.means["upper"] * s.sample_count for s in own)
            words.append(f"{colour_word(total)} top")  # type: ignore[arg-type]
        else:
            words.append("")
    return tuple(words)


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


class Writer:
    """Words findings for one clip."""

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
        self._judgement = judgement
        self._settings = settings
        self._words = descriptions(judgement)
        self._names = names

    def findings(
        self, confirmed: Sequence[tuple[PresenceCandidate, PixelStep]]
    ) -> tuple[Finding, ...]:
        """Return all findings that are sure enough, in order of time.

        Args:
            confirmed: Gaps that the pictures confirm, each with the step they show.
        """
        judgement = self._judgement
        every = [
            *(self._incident(incident) for incident in judgement.incidents),
            *(self._cut_swap(swap) for swap in judgement.cut_swaps),
            *(self._attribute_swap(swap) for swap in judgement.attribute_swaps),
            *(self._clone(clone) for clone in judgement.clones),
            *(self._drift(drift) for drift in judgement.drifts),
            *(self._gap(gap, step) for gap, step in confirmed),
        ]
        sure = [f for f in every if f is not None and f.confidence >= self._settings.min_confidence]
        return tuple(sorted(sure, key=lambda f: (f.start_frame, f.kind, f.tracklets)))

    def _incident(self, incident: Incident) -> Finding | None:
        judgement, frame = self._judgement, incident.start_frame
        before = [judgement.character_at(k, frame - 1) for k in incident.series]
        after = [judgement.character_at(k, frame) for k in incident.series]
        involved = [c for c in dict.fromkeys([*before, *after]) if c >= 0]
        if not involved:
            return None  # background people
        confidence = incident.confidence
        if confidence is None:
            confidence = confidence_of(incident.strength, self._settings.swap)
        tracklets = tuple(judgement.series[k].tracklet_at(frame) for k in incident.series)
        who = [self.name(c) if c >= 0 else "somebody" for c in before]
        message = {
            "swap": f"From {self._time(frame)} on, {' and '.join(who)} have exchanged looks.",
            "attribute_swap": f"From {self._time(frame)} on, {' and '.join(who)} wear each "
            "other's clothes.",
            "morph": f"At {self._time(frame)}, {who[0]} abruptly becomes someone else.",
        }[incident.kind]
        severity = self._severity(
            confidence, incident.series[0], worst=incident.kind in {"swap", "morph"}
        )
        evidence = {
            "strength": round(incident.strength, 3),
            "features": _rounded(incident.features),
            **({"cues": ["clothes"]} if incident.kind == "attribute_swap" else {}),
        }
        return self._make(
            incident.kind, severity, confidence, involved, tracklets,
            (frame, self._until(incident)), message, evidence,
        )  # fmt: skip

    def _until(self, incident: Incident) -> int:
        """Return the first frame after a finding: clothes stay exchanged, as far as is known."""
        if incident.kind == "attribute_swap":
            return self._seen.shots[-1].stop_frame
        return incident.stop_frame

    def _drift(self, drift: Drift) -> Finding | None:
        judgement = self._judgement
        last = drift.series[-1]
        label = judgement.character_at(last, int(judgement.series[last].frame[0]))
        if label < 0:
            return None
        threshold = self._settings.drift
        confidence = drift.confidence
        if confidence is None:
            confidence = confidence_of(drift.strength, threshold)
        if not drift.by_colours:  # what networks alone see may be a gesture, or sharpness
            confidence = self._doubtful(confidence)
        span = f"From {self._time(drift.start_frame)} to {self._time(drift.stop_frame)}"
        how = "from shot to shot" if drift.over_cut else "gradually"
        return self._make(
            "drift", self._severity(confidence, last, worst=False), confidence, [label],
            tuple(m for k in drift.series for m in judgement.series[k].members),
            (drift.start_frame, drift.stop_frame),
            f"{span}, the look of {self.name(label)} changes {how}.",
            {
                "strength": round(drift.strength, 3), "threshold": threshold,
                "likeness": _rounded(drift.likeness), "features": _rounded(drift.features),
            },
        )  # fmt: skip

    def _cut_swap(self, swap: CutSwap) -> Finding:
        judgement = self._judgement
        labels = [int(judgement.cast.labels[k]) for k in swap.after]
        tracklets = tuple(
            judgement.segments[k].tracklet.tracklet_id for k in (*swap.before, *swap.after)
        )
        confidence = swap.confidence
        names = " and ".join(self.name(c) for c in labels)
        message = (
            f"After the cut at {self._time(swap.start_frame)}, back in the same set-up, {names} "
            "have exchanged places."
        )
        return self._make(
            "swap", "major", confidence, labels, tracklets,
            (swap.start_frame, swap.start_frame + 1), message,
            {
                "strength": round(swap.strength, 3), "features": _rounded(swap.features),
                "over_cut": True,
            },
        )  # fmt: skip

    def _attribute_swap(self, swap: AttributeSwap) -> Finding:
        judgement = self._judgement
        four = [judgement.segments[k] for k in (*swap.before, *swap.after)]
        labels = [int(judgement.cast.labels[k]) for k in swap.before]
        threshold = self._settings.attribute_swap
        confidence = confidence_of(swap.strength, threshold)
        names = " and ".join(self.name(c) for c in labels)
        what = {
            "clothes": "wear each other's clothes",
            "head": "have each other's face or hair",
        }[swap.attribute]
        message = (
            f"After the cut at {self._time(swap.start_frame)}, back in the same set-up, {names} "
            f"{what}."
        )
        return self._make(
            "attribute_swap", self.severity_of(four, confidence, worst=False), confidence, labels,
            tuple(segment.tracklet.tracklet_id for segment in four),
            (swap.start_frame, self._seen.shots[-1].stop_frame), message,
            {
                "cues": [swap.attribute], "strength": round(swap.strength, 3),
                "threshold": threshold, "gain": _rounded(swap.likeness), "over_cut": True,
            },
        )  # fmt: skip

    def _clone(self, clone: Clone) -> Finding | None:
        judgement = self._judgement
        who = sorted({int(judgement.cast.labels[k]) for k in clone.pair} - {-1})
        if not who:
            return None
        tracklets = tuple(judgement.segments[k].tracklet.tracklet_id for k in clone.pair)
        confidence = clone.confidence
        if not clone.vouched:  # twins look like that too
            confidence = self._doubtful(confidence)
        what = "is on screen twice" if len(who) == 1 else "look like one person seen twice"
        message = (
            f"From {self._time(clone.start_frame)} to {self._time(clone.stop_frame)}, "
            f"{' and '.join(self.name(k) for k in who)} {what}."
        )
        return self._make(
            "clone", "major", confidence, who, tracklets,
            (clone.start_frame, clone.stop_frame), message,
            {
                "features": _rounded(clone.features),
            },
        )  # fmt: skip

    def _gap(self, gap: PresenceCandidate, step: PixelStep) -> Finding | None:
        judgement = self._judgement
        label = judgement.character_at(gap.series, gap.seen_frame)
        if label < 0:
            return None
        threshold = round(gap.min_ratio(self._settings.vanish), 3)
        confidence = confidence_of(step.ratio, threshold)
        what = "disappears" if gap.kind == "vanish" else "appears"
        message = f"At {self._time(gap.frame)}, {self.name(label)} {what} in open picture."
        return self._make(
            gap.kind, self._severity(confidence, gap.series, worst=False), confidence, [label],
            (judgement.series[gap.series].tracklet_at(gap.seen_frame),),
            (gap.frame, gap.frame + 1), message,
            {
                "strength": round(step.ratio, 3), "threshold": threshold,
                "changed_share": round(step.share, 3), "seen_frame": gap.seen_frame,
                "box": [round(float(v), 2) for v in gap.box],
            },
        )  # fmt: skip

    def _make(
        self,
        kind: Kind,
        severity: Severity,
        confidence: float,
        characters: Sequence[int],
        tracklets: tuple[int, ...],
        frames: tuple[int, int],
        message: str,
        evidence: dict[str, Any],
    ) -> Finding:
        shots = {self._seen.tracklets[t].shot_index for t in tracklets}
        # Boxes that the detector itself doubts may show anything: less can be said of them.
        box_score = min(
            least_box_score(self._seen.tracklets[t], frames, fps=self._seen.fps) for t in tracklets
        )
        confidence = round(confidence * min(1.0, box_score / _SURE_BOX_SCORE), 3)
        evidence = {**evidence, "box_score": round(box_score, 3)}
        ids = tuple(character_id(c) for c in dict.fromkeys(characters) if c >= 0)
        return self.settled(
            Finding(
                kind, severity, confidence, ids, tracklets, tuple(sorted(shots)), *frames, message,
                evidence,
            )
        )  # fmt: skip

    def _doubtful(self, confidence: float) -> float:
        """Return a confidence below what stops a release, for what nothing else vouches for."""
        return min(confidence, self._settings.major_confidence - 0.01)

    def settled(self, finding: Finding) -> Finding:
        """Return a finding as "minor" where it is not sure enough: a doubt stops no release.

        What it would be if it were sure stays in the evidence, so that a bar can be fitted.
        """
        bar = self._bars.bar(finding.kind, default=self._settings.major_confidence)
        if finding.confidence >= bar or finding.severity == "minor":
            return finding
        evidence = {**finding.evidence, SEVERITY_IF_SURE: finding.severity}
        return replace(finding, severity="minor", evidence=evidence)

    def _severity(self, confidence: float, series: int, *, worst: bool) -> Severity:
        return self.severity_of([self._judgement.series[series]], confidence, worst=worst)

    def severity_of(
        self, seen_as: Sequence[BodyTrack | Segment], confidence: float, *, worst: bool
    ) -> Severity:
        """Return what a viewer notices: the larger and the surer, the worse."""
        boxes = np.concatenate([one.xyxy for one in seen_as])
        share = float((boxes[:, 3] - boxes[:, 1]).mean()) / self._seen.info.height_px
        if share < _MAJOR_SHARE:
            return "minor"
        if worst and confidence >= _CRITICAL_CONFIDENCE:
            return "critical"
        return "major"

    def name(self, label: int) -> str:
        """Return what to call a character: by the name of the cast file, else by what it wears."""
        if label < len(self._names) and self._names[label]:
            return f"{self._names[label]} ({character_id(label)})"
        words = self._words[label] if 0 <= label < len(self._words) else ""
        number = character_id(label)
        return f"{number} ({words})" if words else number

    def _time(self, frame: int) -> str:
        times = self._seen.frame_times_s
        seconds = float(times[frame]) if frame < len(times) else float(self._seen.end_s)
        return f"{seconds:.2f} s"


def _rounded(values: Mapping[Any, float]) -> dict[str, float]:
    return {str(key): round(float(value), 3) for key, value in values.items()}
