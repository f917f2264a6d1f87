"""`python -m training presence`: fits what tells a vanishing from a walk out of sight.

People are taken out of clips by `castcheck plant`; what must not be believed is every other box
that begins or ends inside a shot: of the same clips without the error, and of clips known to be
good. Learnt are weights of what boxes and differences of pixels say, never of pixels themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.labelled import source_of
from bench.observed import observations
from castcheck.findings.crops import CropCollector
from castcheck.findings.steps import changes_at_gaps, request_steps
from castcheck.pipeline import calibrate, embedder_name, judge_observations, weighs_boxes
from castcheck.planting.score import truths
from castcheck.runs.matching import Truth
from identity.explanations.model import DecisionModel
from identity.explanations.presence import FEATURES, NAME, moments_of
from identity.tracks.repair import repair_id_switches
from tracker import boxes
from training.decisions.cases import Case
from training.decisions.table import fit_and_judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.config import Config
    from castcheck.models.load import Models
    from identity.evidence.place_changes import PlaceChanges
    from identity.explanations.presence import PresenceCandidate
    from training.decisions.table import Outcome

_KINDS = ("vanish", "pop_in")
_NEAR_FRAMES = 4  # by which a moment may miss the truth
_ASIDE_FRAMES = 12  # so far from the error a box of the same clip ends for another reason
_SAME_IOU = 0.3


@dataclass(frozen=True, slots=True)
class Take:
    """One clip to learn from.

    Attributes:
        clip: The file.
        source: Nothing is fitted on a source and judged by it.
        truth: What stands in its `.truth.json`; `None` = nothing is wrong in it.
    """

    clip: Path
    source: str
    truth: dict[str, Any] | None = None


def takes_of(folder: Path, sources: Mapping[str, str]) -> Iterator[Take]:
    """Yield the clips of a planted set in which somebody vanishes or appears, or nothing is wrong.

    Nothing is wrong in a look-alike either: a camera that whips round, a fade, another take.

    Args:
        folder: Of `castcheck plant`.
        sources: Name of a clip to its source; else what stands before the first underscore.

    Raises:
        ConfigError: It holds no such clips.
    """
    for clip, data in truths(folder):
        name = str(data.get("planted", {}).get("source", clip.name))
        stem = name.removesuffix(".mp4")
        source = sources.get(name, source_of(stem.removesuffix("_clean")))
        if not data["events"] or data["events"][0].get("look_alike"):
            yield Take(clip, source)
        elif data["events"][0]["kind"] in _KINDS:
            yield Take(clip, source, data)


def cases_of(
    takes: Sequence[Take],
    models: Models,
    config: Config,
    *,
    cache: Path | None,
    progress: Callable[[str], None],
) -> list[Case]:
    """Return every box that begins or ends inside a shot, with the moments around that.

    Raises:
        CastcheckError: A clip cannot be read.
    """
    cases: list[Case] = []
    for take in takes:
        progress(take.clip.stem)
        cases += _cases_of_take(take, _gaps(take.clip, models, config, cache))
    return cases


def _gaps(
    clip: Path, models: Models, config: Config, cache: Path | None
) -> list[tuple[PresenceCandidate, PlaceChanges]]:
    """Return the gaps of those who are somebody of the cast."""
    seen, _ = observations(clip, config=config, models=models, cache=cache)
    tracklets, looks = repair_id_switches(seen.tracklets, seen.looks, fps=seen.fps)
    seen = replace(seen, tracklets=tracklets, looks=looks)
    calibration, _ = calibrate(seen, embedder=embedder_name(models))
    judgement = judge_observations(
        seen, config, calibration, weighed_boxes=weighs_boxes(models, clip)
    )
    crops = CropCollector(clip)
    request_steps(crops, seen, judgement)
    crops.read(lambda *_: None)
    return [
        (gap, changes)
        for gap, changes in changes_at_gaps(crops, seen, judgement)
        if judgement.character_at(gap.track, gap.seen_frame) >= 0
    ]


def _cases_of_take(
    take: Take, gaps: Sequence[tuple[PresenceCandidate, PlaceChanges]]
) -> Iterator[Case]:
    event = None if take.truth is None else take.truth["events"][0]
    found = []
    for gap, changes in gaps:
        if event is not None and _is_it(gap, take.truth or {}):
            at = np.abs(changes.frame - event["start_frame"])
            near = at <= _NEAR_FRAMES + event.get("onset_frames", 1) // 2
            if near.any():
                found.append(_case("planted", take, gap, changes, near))
        elif len(changes) and (
            event is None or abs(gap.frame - event["start_frame"]) > _ASIDE_FRAMES
        ):
            yield _case("clean", take, gap, changes, np.ones(len(changes), np.bool_))
    if event is not None:
        nothing = np.zeros((0, len(FEATURES)))
        missed = Case("planted", take.source, take.clip.stem, (), nothing, np.zeros(0, np.int64))
        yield found[0] if found else replace(missed, judged=False)


def _is_it(gap: PresenceCandidate, truth: dict[str, Any]) -> bool:
    """Tell whether a gap is of whom the error is about, and near it."""
    event = truth["events"][0]
    apart = abs(gap.frame - event["start_frame"])
    if gap.kind != event["kind"] or apart > _ASIDE_FRAMES:
        return False
    known = Truth.from_dict(truth)
    for key in known.tracks_of(known.events[0]):
        seen = known.tracks[key]
        frame = min(seen, key=lambda f: abs(f - gap.seen_frame))
        own = np.asarray(seen[frame][0], np.float32)
        if float(boxes.iou(gap.box[None], own[None])[0, 0]) >= _SAME_IOU:
            return True
    return False


def _case(
    kind: Any, take: Take, gap: PresenceCandidate, changes: PlaceChanges,
    rows: NDArray[np.bool_],
) -> Case:  # fmt: skip
    said = moments_of(gap, changes)
    table = np.stack([said[name] for name in FEATURES], axis=1)
    return Case(kind, take.source, take.clip.stem, (gap.track,), table[rows], changes.frame[rows])


def presence_model(
    cases: Sequence[Case], *, prior: float, seed: int
) -> tuple[DecisionModel, Outcome]:
    """Return the model fitted on all cases, and how it does on sources left out.

    Raises:
        CastcheckError: Too few cases, or all of one source.
    """
    model, outcome = fit_and_judge(NAME, cases, FEATURES, prior=prior, seed=seed)
    provenance = {
        "made_by": "python -m training presence",
        "fitted_on": "people taken out of clips, and boxes that end or begin in good clips",
        "clips": len({case.clip for case in cases}),
        "sources": len({case.source for case in cases}),
        "planted": sum(case.planted for case in cases),
        "prior": prior,
        "seed": seed,
        "believed_of_sources_left_out": outcome.numbers(),
    }
    return DecisionModel({NAME: model}, provenance), outcome
