"""What a report says besides its findings: the clip, its shots, who is in it, what judged it."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from castcheck.facts.provenance import models_of
from castcheck.facts.report import (
    CharacterFacts,
    ClipFacts,
    Curve,
    SegmentFacts,
    ShotFacts,
    TrackletFacts,
)
from castcheck.findings.builder import character_id, descriptions
from castcheck.findings.doubts import DOUBTFUL_CUT
from castcheck.observe import LEAST_RATE
from castcheck.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.config import Config
    from castcheck.models.load import Models
    from castcheck.observe import Observations
    from identity.findings import Finding
    from identity.judge import Judgement
    from tracker.tracklets import Tracklet


_LEAST_LOOKS = 4  # two on either side of a change: among fewer none can be noticed


def _sample_counts(seen: Observations, judgement: Judgement) -> list[int]:
    """Return how many looks each character was judged by, 0 where too few.

    Looks at the whole body: colours of a shirt, which every picture has, say nothing alone.
    """
    counts = [0] * judgement.cast.character_count
    for segment, label in zip(judgement.segments, judgement.cast.labels.tolist(), strict=True):
        if label >= 0:
            rows = seen.looks[segment.tracklet.tracklet_id].seen("body")
            counts[label] += int(((rows >= segment.start_row) & (rows < segment.stop_row)).sum())
    return [count if count >= _LEAST_LOOKS else 0 for count in counts]


def clip_facts(clip: Path, seen: Observations, sha256: str) -> ClipFacts:
    """Return what is known of the file itself."""
    frames = len(seen.frame_times_s)
    rate = seen.info.rate or (Fraction(frames) / seen.end_s if seen.end_s else Fraction(0))
    return ClipFacts(
        path=str(clip),
        sha256=sha256,
        width=seen.info.width_px,
        height=seen.info.height_px,
        frames=frames,
        fps=f"{rate.numerator}/{rate.denominator}",
        duration_s=round(float(seen.end_s), 6),
    )


def _seconds(seen: Observations, frame: int) -> float:
    if frame >= len(seen.frame_times_s):
        return round(float(seen.end_s), 6)
    return round(float(seen.frame_times_s[frame]), 6)


def shot_facts(seen: Observations) -> tuple[ShotFacts, ...]:
    """Return the shots, in frames and in seconds."""
    return tuple(
        ShotFacts(
            s.index,
            s.start_frame,
            s.stop_frame,
            _seconds(seen, s.start_frame),
            _seconds(seen, s.stop_frame),
            s.opens_with,
        )
        for s in seen.shots
    )


def frames_on_screen(findings: Iterable[Finding]) -> dict[int, tuple[int, int]]:
    """Return from which frame to before which a tracklet shows somebody, where that is told.

    Weak boxes often go on around the place that somebody has left, or are there before him: where
    he is said to vanish they show nobody.

    Returns:
        Tracklet id to first frame and first frame after the last. Who is not in it neither
        vanishes nor pops in.
    """
    spans: dict[int, tuple[int, int]] = {}
    for finding in findings:
        for tracklet in finding.tracklets if finding.kind in ("vanish", "pop_in") else ():
            first, stop = spans.get(tracklet, (0, sys.maxsize))
            if finding.kind == "vanish":
                spans[tracklet] = (first, min(stop, finding.start_frame))
            else:
                spans[tracklet] = (max(first, finding.start_frame), stop)
    return spans


def character_facts(
    seen: Observations,
    judgement: Judgement,
    names: Sequence[str | None],
    spans: Mapping[int, tuple[int, int]],
) -> tuple[CharacterFacts, ...]:
    """Return who is in the clip, each with how much it keeps its identity.

    Args:
        seen: What was observed.
        judgement: Who is who.
        names: Of the member of the cast that each character is; `None` = of none.
        spans: As `frames_on_screen` returns them.
    """
    frame_s = float(seen.end_s) / max(len(seen.frame_times_s), 1)
    facts = []
    counts = _sample_counts(seen, judgement)
    for number, words in enumerate(descriptions(judgement)):
        own = [
            s
            for s, label in zip(judgement.segments, judgement.cast.labels, strict=True)
            if label == number
        ]
        frames = np.unique(
            np.concatenate([s.frames[_shown(s.tracklet, s.frames, spans)] for s in own])
        )
        enough = counts[number] > 0 and not seen.info.all_damaged and not seen.is_sparse
        consistency = judgement.consistency[number] if enough else None
        # Someone whom a track becomes for less than half of it has no similarity of their own.
        why = _ONLY_IN_PASSING if enough and consistency is None else _why_not_judged(seen)
        facts.append(
            CharacterFacts(
                id=character_id(number),
                name=names[number],
                consistency=None if consistency is None else round(consistency, 4),
                screen_s=round(len(frames) * frame_s, 3),
                abstained="" if consistency is not None else why,
                description=words,
            )
        )
    return tuple(facts)


_ONLY_IN_PASSING = "seen only for the smaller part of another character's track"


def _why_not_judged(seen: Observations) -> str:
    if seen.info.all_damaged:
        return "no picture of the clip is sound"
    if seen.is_sparse:
        return "too few pictures a second to follow anyone"
    return "never seen large, long and free enough"


def _shown(
    tracklet: Tracklet, frames: NDArray[np.int64], spans: Mapping[int, tuple[int, int]]
) -> NDArray[np.bool_]:
    """Tell in which of these frames a tracklet shows somebody; all, where it never did."""
    first, stop = spans.get(tracklet.tracklet_id, (0, sys.maxsize))
    if not ((tracklet.frame >= first) & (tracklet.frame < stop)).any():
        return np.ones(len(frames), bool)
    return (frames >= first) & (frames < stop)


def tracklet_facts(
    seen: Observations, judgement: Judgement, spans: Mapping[int, tuple[int, int]]
) -> tuple[TrackletFacts, ...]:
    """Return the boxes of each body, whose looks it has when, and the curve of its similarity.

    Args:
        seen: What was observed.
        judgement: Who is who.
        spans: As `frames_on_screen` returns them.
    """
    segments: dict[int, list[SegmentFacts]] = {}
    cast = judgement.cast
    for segment, label, doubtful in zip(
        judgement.segments, cast.labels, cast.doubtful, strict=True
    ):
        who = character_id(int(label)) if label >= 0 else None
        shown = segment.frames[_shown(segment.tracklet, segment.frames, spans)].tolist()
        if shown:
            segments.setdefault(segment.tracklet.tracklet_id, []).append(
                SegmentFacts(shown[0], shown[-1] + 1, who, bool(doubtful))
            )
    curves: dict[int, Curve] = {}
    for track, curve in zip(judgement.tracks, judgement.curves, strict=True):
        owner = track.owner[np.searchsorted(track.frame, curve.frame)]
        for member in track.members:
            own = (owner == member) & _shown(seen.tracklets[member], curve.frame, spans)
            if own.any():
                curves[member] = Curve(
                    tuple(curve.frame[own].tolist()), tuple(curve.value[own].tolist())
                )
    facts = []
    for t in seen.tracklets:
        shown = _shown(t, t.frame, spans)
        facts.append(
            TrackletFacts(
                t.tracklet_id,
                t.shot_index,
                tuple(t.frame[shown].tolist()),
                tuple(tuple(box) for box in t.xyxy[shown].tolist()),
                tuple(t.score[shown].tolist()),
                tuple(segments[t.tracklet_id]),
                curves.get(t.tracklet_id),
            )
        )
    return tuple(facts)


def rate_notes(seen: Observations) -> tuple[str, ...]:
    """Return a line where a clip shows too few pictures a second."""
    if not seen.is_sparse:
        return ()
    rate = f"{seen.fps:.3g} of the {LEAST_RATE:g} pictures a second"
    return (f"the clip shows {rate} that it takes to follow anyone: nothing in it is certain",)


def cut_notes(findings: Iterable[Finding], seen: Observations) -> tuple[str, ...]:
    """Return a line where findings are doubts since a cut may lie there."""
    frames = {f.evidence[DOUBTFUL_CUT] for f in findings if DOUBTFUL_CUT in f.evidence}
    if not frames:
        return ()
    times = ", ".join(f"{float(seen.frame_times_s[frame]):.2f} s" for frame in sorted(frames))
    return (f"there may be a cut at {times}: what is found there is not certain",)


def calibration_notes(config: Config, provenance: dict[str, object]) -> tuple[str, ...]:
    """Return a line where the bars were fitted to the findings of other models."""
    fitted = config.calibration.judged_with
    if not fitted or fitted == models_of(provenance):
        return ()
    return ("the bars in [confidence] were fitted with other models: what they promise is void",)


def provenance_of(
    clip: Path, config: Config, models: Models, *, embedder: str
) -> dict[str, object]:
    """Return what the clip was judged with: version, networks, settings, device, cast."""
    detector, network, faces = models.detector_for(clip), models.embedder, models.faces
    references = models.references
    facts: dict[str, object] = {
        "version": __version__,
        "detector": {"name": detector.name, "sha256": detector.sha256},
        "embedder": {
            "name": embedder,
            "sha256": None if network is None else network.sha256,
        },
        "faces": None if faces is None else {"name": faces.name, "sha256": faces.sha256},
        "config": config.to_dict(),
        "device": models.device,
    }
    if detector.heads_from is not None:
        facts["heads"] = detector.heads_from
    if references is not None:
        facts["cast"] = {"name": references.path, "sha256": references.sha256}
        if references.script.lines:
            facts["script"] = {"lines": len(references.script.lines)}
    return facts
