"""The main job: one clip in, one report out."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from castcheck.acceptance.baseline import apply_baseline
from castcheck.acceptance.verdict import verdict_on
from castcheck.cast.script import Script
from castcheck.facts.provenance import models_of
from castcheck.facts.report import (
    CharacterFacts,
    ClipFacts,
    Curve,
    Report,
    SegmentFacts,
    ShotFacts,
    TrackletFacts,
)
from castcheck.findings.against_cast import CastFindingBuilder, member_facts, names_of
from castcheck.findings.against_script import ScriptFindingBuilder
from castcheck.findings.builder import FindingBuilder, character_id, descriptions
from castcheck.findings.cast_pictures import with_references
from castcheck.findings.count import count_findings
from castcheck.findings.crops import CropCollector
from castcheck.findings.pictures import make_visuals, request_pictures
from castcheck.findings.script_spans import expected_in, presence_in, spans_of
from castcheck.findings.steps import confirm_steps, request_steps
from castcheck.kinds.case import Case, find_in_judgement, find_in_pixels, in_order
from castcheck.models.load import Models, load_models
from castcheck.observe import THUMBNAIL_PX, Observations, observe
from castcheck.support.memory import trim_heap
from castcheck.version import __version__
from identity.appearance.open_embedder import COLOUR
from identity.cast.matching import MIN_SAMPLES, match_to_cast, with_schedule
from identity.evidence.alignment import SetPictures
from identity.evidence.auto_calibration import scale_from_clip
from identity.evidence.calibration import Calibration, Scale, calibration_for, is_known
from identity.evidence.setups import free_of_people, setup_similarity
from identity.judge import Judgement, judge_looks
from identity.tracks.repair import repair_id_switches
from scenes.source import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.cast.references import References
    from castcheck.config import Config
    from castcheck.report.visuals import Visuals
    from castcheck.support.progress import Progress

_SURELY_SOMEBODY = 0.4  # median score of a tracklet

__all__ = ["Models", "Outcome", "judge", "load_models"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report and the pictures that go with it."""

    report: Report
    visuals: Visuals


def judge(clip: Path, *, config: Config, models: Models, progress: Progress) -> Outcome:
    """Judge one clip.

    Raises:
        CastcheckError: The clip cannot be read.
    """
    seen = observe(clip, config=config, models=models, progress=progress)
    return report_on(clip, seen, config=config, models=models, progress=progress)


def report_on(
    clip: Path,
    seen: Observations,
    *,
    config: Config,
    models: Models,
    progress: Progress = lambda *_: None,
) -> Outcome:
    """Judge what was seen in a clip, look at it again where pictures are needed, and report."""
    progress("judging", 0, None)
    started = time.perf_counter()
    tracklets, looks = repair_id_switches(seen.tracklets, seen.looks, fps=seen.fps)
    seen = replace(seen, tracklets=tracklets, looks=looks)
    calibration, notes = calibrate(seen, embedder=embedder_name(models))
    references = models.references
    config = _with_count(config, references)
    judgement = judge_observations(seen, config, calibration)
    trim_heap()  # of sums that a long take asked for; the pictures come next
    members = () if references is None else references.members
    roll = match_to_cast(
        judgement.segments, judgement.cast, members, calibration, config.clustering
    )
    script = Script() if references is None else references.script
    spans, script_notes = spans_of(script, clip, seen, [member.name for member in members])
    presence = presence_in(judgement, spans)
    roll = with_schedule(roll, members, presence.at_all, expected_in(spans, len(members)))
    names = names_of(roll, members)
    judged = time.perf_counter()
    build = FindingBuilder(seen, judgement, config.findings, names, config.confidence)
    case = Case(seen, judgement, config.findings, build)
    findings = find_in_judgement(case)
    crops = CropCollector(clip)
    request_steps(crops, seen, judgement)
    request_pictures(crops, seen, judgement, findings)
    crops.read(progress)
    steps = confirm_steps(crops, seen, judgement, min_ratio=config.findings.scaled("vanish"))
    findings = in_order([*findings, *find_in_pixels(replace(case, steps=steps))])
    least = config.findings.min_confidence
    against = count_findings(seen, judgement, build, config.clustering.characters)
    if members:
        by_cast = CastFindingBuilder(seen, judgement, roll, members, build)
        if spans:
            by_script = ScriptFindingBuilder(
                judgement, roll, members, spans, presence, build, findings
            )
            against += (*by_cast.forbidden(), *by_script.findings(min_confidence=least))
        elif all(member.views for member in members):
            against = (*against, *by_cast.findings(min_confidence=least))
    findings = tuple(sorted((*findings, *against), key=lambda f: (f.start_frame, f.kind)))
    if seen.info.all_damaged:
        findings = ()  # whoever changes in guessed pictures has not changed in the clip
    visuals = make_visuals(crops, seen, judgement, findings, strip_px=config.report.strip_height_px)
    if references is not None:
        visuals = with_references(visuals, findings, roll, references)
    timings = {
        **seen.timings,
        "judge": judged - started,
        "pictures": time.perf_counter() - judged,
    }
    fingerprint = seen.fingerprint or Fingerprint.of(clip)
    fingerprint.check()  # the pictures of the page were read just now
    characters = _character_facts(seen, judgement, names)
    provenance = _provenance(clip, config, models)
    provenance["searched_frames"] = seen.searched_frames
    report = Report(
        clip=_clip_facts(clip, seen, fingerprint.sha256),
        verdict=verdict_on(findings, characters, config.parsed_gate()),
        shots=_shot_facts(seen),
        characters=characters,
        tracklets=_tracklet_facts(seen, judgement),
        findings=findings,
        frame_times_s=tuple(float(t) for t in seen.frame_times_s),
        provenance=provenance,
        degradations=(
            *models.degradations,
            *seen.degradations,
            *notes,
            *script_notes,
            *_calibrated_for(config, provenance),
        ),
        timings={stage: round(seconds, 3) for stage, seconds in timings.items()},
        cast=member_facts(roll, members),
    )
    if models.baseline is not None:
        report = apply_baseline(report, models.baseline, config.parsed_gate())
    return Outcome(report, visuals)


def _with_count(config: Config, references: References | None) -> Config:
    """Return the settings with the cast file's count, unless they have one of their own."""
    if (
        references is None
        or references.characters is None
        or config.clustering.characters is not None
    ):
        return config
    return replace(config, clustering=replace(config.clustering, characters=references.characters))


def embedder_name(models: Models) -> str:
    """Return the name of the embedder, "colour" where there is no network."""
    return COLOUR if models.embedder is None else models.embedder.name


def calibrate(seen: Observations, *, embedder: str) -> tuple[Calibration, tuple[str, ...]]:
    """Return the calibration of an embedder; also what had to be done in a lesser way."""
    notes = []
    scale: Scale | None = None
    if not is_known(embedder):
        scale = scale_from_clip(seen.tracklets, seen.looks, fps=seen.fps)
        how = "the usual range of re-ID networks" if scale is None else "this clip alone"
        notes.append(f"embedder {embedder} is not calibrated; its similarity was scaled by {how}")
    return calibration_for(embedder, body_scale=scale), tuple(notes)


def judge_observations(seen: Observations, config: Config, calibration: Calibration) -> Judgement:
    """Judge what was seen."""
    free = free_of_those_seen(seen)
    return judge_looks(
        seen.tracklets,
        seen.looks,
        seen.shots,
        setup_similarity(seen.thumbnails, free),
        calibration,
        config.clustering,
        config.findings,
        fps=seen.fps,
        tone=seen.tone,
        sets=SetPictures(seen.thumbnails, free, (seen.info.width_px, seen.info.height_px)),
    )


def free_of_those_seen(seen: Observations) -> NDArray[np.bool_]:
    """Return (S, 2, h, w) where nobody stands in the first and last picture of every shot."""
    # Whom the detector doubts may be a part of the set.
    sure = [t for t in seen.tracklets if float(np.median(t.score)) >= _SURELY_SOMEBODY]
    picture_px = (seen.info.width_px, seen.info.height_px)
    return free_of_people(sure, seen.shots, picture_px=picture_px, grid=THUMBNAIL_PX)


def _sample_counts(seen: Observations, judgement: Judgement) -> list[int]:
    """Return how many looks each character was judged by, 0 where too few.

    Looks at the whole body: colours of a shirt, which every picture has, say nothing alone.
    """
    counts = [0] * judgement.cast.character_count
    for segment, label in zip(judgement.segments, judgement.cast.labels.tolist(), strict=True):
        if label >= 0:
            rows = seen.looks[segment.tracklet.tracklet_id].seen("body")
            counts[label] += int(((rows >= segment.start_row) & (rows < segment.stop_row)).sum())
    return [count if count >= MIN_SAMPLES else 0 for count in counts]


def _clip_facts(clip: Path, seen: Observations, sha256: str) -> ClipFacts:
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


def _shot_facts(seen: Observations) -> tuple[ShotFacts, ...]:
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


def _character_facts(
    seen: Observations, judgement: Judgement, names: Sequence[str | None]
) -> tuple[CharacterFacts, ...]:
    frame_s = float(seen.end_s) / max(len(seen.frame_times_s), 1)
    facts = []
    counts = _sample_counts(seen, judgement)
    for number, words in enumerate(descriptions(judgement)):
        own = [
            s
            for s, label in zip(judgement.segments, judgement.cast.labels, strict=True)
            if label == number
        ]
        frames = np.unique(np.concatenate([s.frames for s in own]))
        enough = counts[number] > 0 and not seen.info.all_damaged
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
    return "never seen large, long and free enough"


def _tracklet_facts(seen: Observations, judgement: Judgement) -> tuple[TrackletFacts, ...]:
    segments: dict[int, list[SegmentFacts]] = {}
    cast = judgement.cast
    for segment, label, doubtful in zip(
        judgement.segments, cast.labels, cast.doubtful, strict=True
    ):
        who = character_id(int(label)) if label >= 0 else None
        segments.setdefault(segment.tracklet.tracklet_id, []).append(
            SegmentFacts(segment.start_frame, segment.stop_frame, who, bool(doubtful))
        )
    curves: dict[int, Curve] = {}
    for track, curve in zip(judgement.tracks, judgement.curves, strict=True):
        owner = track.owner[np.searchsorted(track.frame, curve.frame)]
        for member in track.members:
            own = owner == member
            if own.any():
                curves[member] = Curve(
                    tuple(curve.frame[own].tolist()), tuple(curve.value[own].tolist())
                )
    return tuple(
        TrackletFacts(
            t.tracklet_id,
            t.shot_index,
            tuple(t.frame.tolist()),
            tuple(tuple(box) for box in t.xyxy.tolist()),
            tuple(t.score.tolist()),
            tuple(segments[t.tracklet_id]),
            curves.get(t.tracklet_id),
        )
        for t in seen.tracklets
    )


def _calibrated_for(config: Config, provenance: dict[str, object]) -> tuple[str, ...]:
    """Return a line where the bars were fitted to the findings of other models."""
    fitted = config.calibration.judged_with
    if not fitted or fitted == models_of(provenance):
        return ()
    return ("the bars in [confidence] were fitted with other models: what they promise is void",)


def _provenance(clip: Path, config: Config, models: Models) -> dict[str, object]:
    detector, embedder = models.detector_for(clip), models.embedder
    references = models.references
    facts: dict[str, object] = {
        "version": __version__,
        "detector": {"name": detector.name, "sha256": detector.sha256},
        "embedder": {
            "name": embedder_name(models),
            "sha256": None if embedder is None else embedder.sha256,
        },
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
