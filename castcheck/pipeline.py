"""The main job: one clip in, one report out."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from castcheck.acceptance.baseline import apply_baseline
from castcheck.acceptance.verdict import verdict_on
from castcheck.cast.script import Script
from castcheck.facts.report import Report
from castcheck.findings.against_cast import (
    CastFindingBuilder,
    member_facts,
    names_of,
    without_same_cause,
)
from castcheck.findings.against_script import ScriptFindingBuilder
from castcheck.findings.builder import FindingBuilder
from castcheck.findings.cast_pictures import with_references
from castcheck.findings.count import count_findings
from castcheck.findings.crops import CropCollector
from castcheck.findings.doubts import with_doubts
from castcheck.findings.pictures import make_visuals, request_pictures
from castcheck.findings.script_spans import expected_in, presence_in, spans_of
from castcheck.findings.steps import request_steps, weigh_gaps
from castcheck.kinds.case import Case, find_in_judgement, find_in_pixels, with_one_cause
from castcheck.models.load import Models, load_models
from castcheck.observe import THUMBNAIL_PX, Observations, observe
from castcheck.report_facts import (
    calibration_notes,
    character_facts,
    clip_facts,
    cut_notes,
    frames_on_screen,
    provenance_of,
    rate_notes,
    shot_facts,
    tracklet_facts,
)
from castcheck.support.memory import trim_heap
from identity.appearance.open_embedder import COLOUR
from identity.cast.matching import match_to_cast, with_schedule
from identity.evidence.alignment import SetPictures
from identity.evidence.auto_calibration import scale_from_clip
from identity.evidence.calibration import Calibration, Scale, calibration_for, is_known
from identity.evidence.setups import free_of_people, setup_similarity
from identity.judge import Judgement, judge_looks
from identity.tracks.body_track import SURE_SCORE
from identity.tracks.repair import repair_id_switches
from scenes.source import Fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.cast.references import References
    from castcheck.config import Config
    from castcheck.report.visuals import Visuals
    from castcheck.support.progress import Progress

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
    trim_heap()  # of pictures: a clip of a thousand shots asks for tables of all with all
    tracklets, looks = repair_id_switches(seen.tracklets, seen.looks, fps=seen.fps)
    seen = replace(seen, tracklets=tracklets, looks=looks)
    embedder = embedder_name(models)
    calibration, notes = calibrate(seen, embedder=embedder)
    references = models.references
    config = _with_count(config, references)
    judgement = judge_observations(
        seen, config, calibration, weighed_boxes=weighs_boxes(models, clip)
    )
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
    knows_all = bool(members) and not spans and all(member.views for member in members)
    case = Case(seen, judgement, config.findings, build, roll=roll if knows_all else None)
    findings = find_in_judgement(case)
    crops = CropCollector(clip)
    least_log_odds = config.findings.presence_log_odds
    request_steps(crops, seen, judgement, least_log_odds=least_log_odds)
    request_pictures(crops, seen, judgement, findings)
    steps = weigh_gaps(crops, seen, judgement, progress, least_log_odds=least_log_odds)
    in_pixels = find_in_pixels(replace(case, steps=steps))
    findings = with_one_cause([*findings, *in_pixels], build, fps=seen.fps)
    least = config.findings.min_confidence
    against = count_findings(seen, judgement, build, config.clustering.characters)
    if members:
        by_cast = CastFindingBuilder(seen, judgement, roll, members, build, findings)
        if spans:
            by_script = ScriptFindingBuilder(
                judgement, roll, members, spans, presence, build, (*findings, *against)
            )
            against += (*by_cast.forbidden(), *by_script.findings(min_confidence=least))
        elif knows_all or not script.lines:  # else the script is of other clips, and names people
            against = (*against, *by_cast.findings(min_confidence=least))
    findings = without_same_cause(findings, against)
    findings = tuple(sorted((*findings, *against), key=lambda f: (f.start_frame, f.kind)))
    findings = with_doubts(findings, seen, build)
    visuals = make_visuals(crops, seen, judgement, findings, strip_px=config.report.strip_height_px)
    if references is not None:
        visuals = with_references(visuals, findings, roll, references)
    ended = time.perf_counter()
    timings = {
        **seen.timings,
        "judge": judged - started,
        "pictures": ended - judged,
        "elapsed": seen.timings.get("elapsed", 0.0) + ended - started,
    }
    fingerprint = seen.fingerprint or Fingerprint.of(clip)
    fingerprint.check()  # the pictures of the page were read just now
    on_screen = frames_on_screen(findings)
    characters = character_facts(seen, judgement, names, on_screen)
    provenance = provenance_of(clip, config, models, embedder=embedder)
    provenance["searched_frames"] = seen.searched_frames
    report = Report(
        clip=clip_facts(clip, seen, fingerprint.sha256),
        verdict=verdict_on(findings, characters, config.parsed_gate()),
        shots=shot_facts(seen),
        characters=characters,
        tracklets=tracklet_facts(seen, judgement, on_screen),
        findings=findings,
        frame_times_s=tuple(float(t) for t in seen.frame_times_s),
        provenance=provenance,
        degradations=(
            *models.degradations,
            *seen.degradations,
            *rate_notes(seen),
            *cut_notes(findings, seen),
            *notes,
            *script_notes,
            *calibration_notes(config, provenance),
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


def judge_observations(
    seen: Observations, config: Config, calibration: Calibration, *, weighed_boxes: bool = True
) -> Judgement:
    """Judge what was seen.

    Args:
        seen: What was seen in a clip.
        config: How it is judged.
        calibration: Of the embedder.
        weighed_boxes: Whether the detector weighs its boxes, as the bundled one does.
    """
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
        styles=seen.styles,
        sets=SetPictures(seen.thumbnails, free, (seen.info.width_px, seen.info.height_px)),
        size_px=(seen.info.width_px, seen.info.height_px),
        weighed_boxes=weighed_boxes,
    )


def weighs_boxes(models: Models, clip: Path) -> bool:
    """Tell whether the boxes of a clip are weighed, or come with what weighed them.

    Those of a detector that another network has to find heads for are not.
    """
    return models.detector_for(clip).heads_from is None


def free_of_those_seen(seen: Observations) -> NDArray[np.bool_]:
    """Return (S, 2, h, w) where nobody stands in the first and last picture of every shot."""
    # Whom the detector doubts may be a part of the set.
    sure = [t for t in seen.tracklets if float(np.median(t.score)) >= SURE_SCORE]
    picture_px = (seen.info.width_px, seen.info.height_px)
    return free_of_people(sure, seen.shots, picture_px=picture_px, grid=THUMBNAIL_PX)
