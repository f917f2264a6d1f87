"""`python -m training evidence`: fits what `identity/evidence/evidence.json` holds.

Two logistic models over scores of cues, never over pixels, on the labelled clips as a whole: are
two looks one person, and does a track make a character? The second learns from the tracks of free
clips too, which have more things among them. What they give is printed for sources left out: every
clip is judged by numbers fitted on clips of other sources. Beside the clips themselves, the tracks
of three clips of three sources stand in one file, where everybody is somebody else: that is what no
label and no prior about a clip can help with.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.labelled import EARLIER_CLIPS, drawn_characters, film_labels, source_of
from bench.observed import observations
from castcheck.pipeline import free_of_those_seen, judge_observations, weighs_boxes
from identity.appearance.cues.table import cues_of
from identity.evidence.calibration import FACING_MIDDLE, calibration_of_parts
from identity.evidence.learnt import learnt_evidence
from identity.evidence.logistic import AGAINST, EITHER, FOR, Logistic
from identity.evidence.same_look import both_face, similarities_between
from identity.evidence.setups import setup_similarity
from identity.evidence.someone import FEATURES, FEATURES_OF_OTHERS, someone_features
from tracker import boxes
from training.decisions.fit import fit_bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.source_table import Entry
    from castcheck.config import Config
    from castcheck.models.load import Models
    from castcheck.observe import Observations
    from identity.appearance.looks import Cue
    from identity.evidence.logistic import Bounds
    from identity.tracks.segments import Segment

_MIN_IOU = 0.5
_MIN_SAMPLES = 2  # of a segment that is compared
_SAME_VIEW, _BOTH_FACE = "body_same_view", "both_face"
_COLOURS = ("head", "upper", "lower", "hair")
_LOOKS: tuple[Cue, ...] = cues_of("network", "colour", "own")
# What the network says can only speak for one person where it is alike. Colours can do either: all
# of them share the light of a set, so that one tells how much another is worth.
PAIR_FEATURES: dict[str, Bounds] = {
    **{cue: EITHER if cue in _COLOURS else FOR for cue in _LOOKS},
    _SAME_VIEW: FOR,
    _BOTH_FACE: AGAINST,
}
# Set by hand before any of this was learnt; with so few sources weights that begin from nothing
# carry over to other sources less well.
_CENTRE = {
    "body": 0.5, _SAME_VIEW: 0.5, "upper": 1.2,
    "head_look": 0.8, "upper_look": 0.8, "lower_look": 0.4,
}  # fmt: skip
_PAIR_RIDGE = 0.3
NOBODY, ONCE, UNSURE = "-", "x", "?"


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One labelled clip, or several in one file.

    Attributes:
        clip: The (first) file.
        source: Who made it.
        free: Whether it is a free clip: it tells things from people, and not who is one person.
        earlier: Whether it was measured before the others came.
        segments: Of all shots.
        traits: Feature to (N,) of `identity.evidence.someone`, of each segment.
        setups: (S, S) similarity of the shots' set-ups.
        shown: Per labelled box: who, and in which segment; -1 = in none.
        drawn: The same of `bench.labelled.drawn_characters`: they teach, and are not counted.
        asked: Frames that were labelled.
        count: How many characters there are; `None` = not known.
        weighed_boxes: Whether the detector weighs its boxes (`tracker.belief`).
    """

    clip: Path
    source: str
    free: bool
    earlier: bool
    segments: tuple[Segment, ...]
    traits: Mapping[str, NDArray[np.float64]]
    setups: NDArray[np.float32]
    shown: tuple[tuple[Hashable, int], ...]
    drawn: tuple[tuple[Hashable, int], ...]
    asked: frozenset[int]
    count: int | None
    weighed_boxes: bool = True

    @property
    def features(self) -> Mapping[str, Bounds]:
        """What is asked of tracks to tell whether they make a character."""
        return FEATURES if self.weighed_boxes else FEATURES_OF_OTHERS

    def names(self) -> list[Hashable | None]:
        """Return per segment whom most of its labelled boxes show; `None` = not labelled."""
        seen: dict[int, Counter[Hashable]] = {}
        for who, place in self.shown + self.drawn:
            if who not in (NOBODY, UNSURE):
                seen.setdefault(place, Counter())[who] += 1
        return [
            seen[k].most_common(1)[0][0] if k in seen else None for k in range(len(self.segments))
        ]


def read_cases(
    real: Path, config: Config, models: Models, *, cache: Path | None, say: Callable[[str], None]
) -> list[Case]:
    """Return the labelled clips, with what was seen of everybody."""
    labels = json.loads((real / "labels.json").read_text(encoding="utf-8"))
    drawn = drawn_characters()
    cases = []
    for place, (name, label) in enumerate(labels.items()):
        say(name)
        more = [
            row for frame in {int(row["frame"]) for row in label.get("missed", [])}
            for row in drawn.get((name, frame), []) if row["sure"]
        ]  # fmt: skip
        clip = real / "clips" / f"{name}.mp4"
        seen, _ = observations(clip, config=config, models=models, cache=cache)
        case = case_of(
            clip, seen, config, label, source=source_of(name), free=False, drawn=more,
            weighed_boxes=weighs_boxes(models, clip),
        )  # fmt: skip
        cases.append(replace(case, earlier=place < EARLIER_CLIPS))
    return cases


def read_film(
    entries: Sequence[Entry],
    config: Config,
    models: Models,
    *,
    cache: Path | None,
    say: Callable[[str], None],
) -> list[Case]:
    """Return those of the free clips whose tracks were looked at (`bench.labelled.film_labels`)."""
    labels = film_labels()
    cases = []
    for entry in entries:
        label = labels.get(entry.clip.stem)
        if label is not None:
            say(entry.clip.stem)
            seen, _ = observations(entry.clip, config=config, models=models, cache=cache)
            weighed = weighs_boxes(models, entry.clip)
            case = case_of(
                entry.clip, seen, config, label, source=entry.source, free=True,
                weighed_boxes=weighed,
            )  # fmt: skip
            cases.append(case if weighed else _unsure_of_others(case))
    return cases


def _unsure_of_others(case: Case) -> Case:
    """Return a free clip of another detector in which nothing is said of tracks without a label.

    Only the bundled detector's were all looked at. One that none of these is shows nobody of the
    cast, where it is known who that is; where it is not, who can tell?
    """
    if case.count is not None:
        return case
    known = {place for _, place in case.shown}
    others = [
        (UNSURE, place)
        for place, segment in enumerate(case.segments)
        for _ in case.asked.intersection(segment.frames.tolist())
        if place not in known
    ]
    return replace(case, shown=(*case.shown, *others))


def case_of(
    clip: Path, seen: Observations, config: Config, label: Mapping[str, Any], *, source: str,
    free: bool, drawn: Sequence[dict[str, Any]] = (), weighed_boxes: bool = True,
) -> Case:  # fmt: skip
    """Return a clip with what was seen in it and its labels.

    Args:
        clip: The file.
        seen: What was seen in it.
        config: How it is judged.
        label: Its boxes, and how many characters there are.
        source: Who made it.
        free: Whether it is a free clip.
        drawn: Boxes that only teach.
        weighed_boxes: Whether the detector weighs its boxes.
    """
    calibration = calibration_of_parts(learnt_evidence().same_person)
    judgement = judge_observations(seen, config, calibration, weighed_boxes=weighed_boxes)
    segments = judgement.segments
    shown, added = (
        tuple((row["who"], _segment_of(row, segments)) for row in rows)
        for rows in (label["boxes"], drawn)
    )
    return Case(
        clip=clip,
        source=source,
        free=free,
        earlier=False,
        segments=segments,
        traits=someone_features(segments, fps=seen.fps),
        setups=setup_similarity(seen.thumbnails, free_of_those_seen(seen)),
        shown=shown,
        drawn=added,
        asked=frozenset(int(row["frame"]) for row in (*label["boxes"], *drawn)),
        count=label["characters"],
        weighed_boxes=weighed_boxes,
    )


def _segment_of(row: dict[str, Any], segments: Sequence[Segment]) -> int:
    best, found = _MIN_IOU, -1
    wanted = np.array([row["box"]], np.float32)
    for number, segment in enumerate(segments):
        at = np.flatnonzero(segment.frames == int(row["frame"]))
        if len(at):
            overlap = float(boxes.iou(wanted, segment.xyxy[at[:1]])[0, 0])
            if overlap >= best:
                best, found = overlap, number
    return found


@cache  # every source left out asks again
def pair_rows(case: Case) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return (P, K) similarities of pairs of segments of different shots, and which are one person.

    The columns are `PAIR_FEATURES`, each counted from where it says nothing; 0 = not seen.
    """
    names = case.names()
    kept = [
        k for k, s in enumerate(case.segments)
        if names[k] not in (None, ONCE) and s.sample_count >= _MIN_SAMPLES
    ]  # fmt: skip
    means = [case.segments[k].means for k in kept]
    scales = calibration_of_parts(learnt_evidence().same_person)
    similarity = similarities_between(means, means, scales) if kept else {}
    facing = np.nan_to_num(both_face(means, means) - FACING_MIDDLE)
    sizes = [np.median(case.segments[k].xyxy, axis=0) for k in kept]
    shape = [float(np.log(max(b[3] - b[1], 1) / max(b[2] - b[0], 1))) for b in sizes]
    rows, same = [], []
    for a, b in combinations(range(len(kept)), 2):
        one, two = (case.segments[kept[k]] for k in (a, b))
        if one.tracklet.shot_index == two.tracklet.shot_index:
            continue
        row = [
            float(np.nan_to_num(similarity[cue][a, b] - 0.5)) if cue in similarity else 0.0
            for cue in _LOOKS
        ]
        body = float(similarity["body"][a, b]) if "body" in similarity else np.nan
        alike = np.exp(-2 * abs(shape[a] - shape[b]))
        same_view = float(np.nan_to_num((body - 0.6) * alike))
        rows.append([*row, same_view, float(facing[a, b])])
        same.append(names[kept[a]] == names[kept[b]])
    return np.array(rows).reshape(-1, len(PAIR_FEATURES)), np.array(same, np.bool_)


@cache
def someone_rows(case: Case) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return (N, K) features of the segments whose frames were labelled, and who makes a character.

    Of two that show one person at once only the surer one does. Whom nobody could tell is left out.
    """
    makes: dict[int, bool] = {}
    best: dict[tuple[int, Hashable], list[int]] = {}
    for number, segment in enumerate(case.segments):
        asked = len(case.asked.intersection(segment.frames.tolist()))
        told = Counter(who for who, k in case.shown + case.drawn if k == number)
        unsure = told.pop(UNSURE, 0)
        told.pop(NOBODY, 0)
        if not asked or 2 * unsure >= asked:
            continue
        makes[number] = 2 * told.total() >= asked
        if not makes[number] or (who := told.most_common(1)[0][0]) == ONCE:
            continue
        own = best.setdefault((segment.tracklet.shot_index, who), [])
        for other in own:
            if len(np.intersect1d(case.segments[other].frames, segment.frames)) > 1:
                surer = case.segments[other].score.sum() > segment.score.sum()
                makes[number if surer else other] = False
        own.append(number)
    rows = np.column_stack([np.nan_to_num(case.traits[name]) for name in case.features])
    known = sorted(makes)
    return rows[known], np.array([makes[k] for k in known], np.bool_)


def fit(
    cases: Sequence[Case],
    rows_of: Callable[[Case], tuple[NDArray[np.float64], NDArray[np.bool_]]],
    features: dict[str, Bounds],
    **how: Any,
) -> Logistic:
    """Return the model of some clips; a clip counts by the root of how many rows it has."""
    parts = [part for part in map(rows_of, cases) if len(part[1])]
    weight = np.concatenate([np.full(len(same), len(same) ** -0.5) for _, same in parts])
    model = fit_bounded(
        np.concatenate([rows for rows, _ in parts]),
        np.concatenate([same for _, same in parts]),
        weight,
        list(features.values()),
        **how,
    )
    return model.logistic(list(features))


def _rows_of_looks(case: Case) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rows, same = pair_rows(case)
    return rows[:, [name != _BOTH_FACE for name in PAIR_FEATURES]], same


def fit_both(cases: Sequence[Case]) -> tuple[Logistic, Logistic]:
    """Return what tells whether two looks are one person, and whether a track is somebody.

    The first learns from labelled clips alone: free ones have one person each, nearly all of them.
    """
    labelled = [case for case in cases if not case.free]
    return fit_same_person(labelled), fit_someone(cases)


def fit_someone(cases: Sequence[Case]) -> Logistic:
    """Return what tells whether a track makes a character, for the detector of these cases."""
    return fit(cases, someone_rows, dict(cases[0].features))


def fit_same_person(cases: Sequence[Case]) -> Logistic:
    """Return what tells whether two looks are one person.

    How both face the camera is weighed last, with all else as it is: inside a shot, where a turn is
    seen as it happens, it is not asked, and what is asked there stays what it is without it.
    """
    asked = {name: bounds for name, bounds in PAIR_FEATURES.items() if name != _BOTH_FACE}
    centre = np.array([_CENTRE.get(name, 0.0) for name in asked])
    looks = fit(cases, _rows_of_looks, asked, centre=centre, ridge=_PAIR_RIDGE)
    held: dict[str, Bounds] = {name: (weight, weight) for name, weight in looks.weights.items()}
    held[_BOTH_FACE] = PAIR_FEATURES[_BOTH_FACE]
    centre = np.array([*looks.weights.values(), 0.0])
    turned = fit(cases, pair_rows, held, centre=centre, ridge=_PAIR_RIDGE)
    # The product is counted from its middle, so that the bias stays.
    return Logistic(looks.bias, {**looks.weights, _BOTH_FACE: turned.weights[_BOTH_FACE]})
