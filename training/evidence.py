"""`python -m training evidence`: fits what `identity/evidence/evidence.json` holds.

Two logistic models over scores of cues, never over pixels, on the labelled clips as a whole: are
two looks one person, and does a track make a character? What they give is printed for sources left
out: every clip is judged by numbers fitted on clips of other sources. Beside the clips themselves,
the tracks of three clips of three sources stand in one file, where everybody is somebody else:
that is what no label and no prior about a clip can help with.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.labelled import EARLIER_CLIPS, drawn_characters, source_of
from bench.observed import observations
from castcheck.pipeline import free_of_those_seen, judge_observations
from identity.appearance.cues.table import cues_of
from identity.evidence.calibration import FACING_MIDDLE, calibration_of_parts
from identity.evidence.learnt import learnt_evidence
from identity.evidence.logistic import AGAINST, EITHER, FOR, Logistic
from identity.evidence.same_look import both_face, similarities_between
from identity.evidence.setups import setup_similarity
from identity.evidence.someone import FEATURES, someone_features
from tracker import boxes
from training.decisions.fit import fit_bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.config import Config
    from castcheck.models.load import Models
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
NOBODY, ONCE = "-", "x"


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One labelled clip, or several in one file.

    Attributes:
        clip: The (first) file.
        source: Who made it.
        earlier: Whether it was measured before the others came.
        segments: Of all shots.
        setups: (S, S) similarity of the shots' set-ups.
        shown: Per labelled box: who, and in which segment; -1 = in none.
        drawn: The same of `bench.labelled.drawn_characters`: they teach, and are not counted.
        asked: Frames that were labelled.
        count: How many characters there are.
    """

    clip: Path
    source: str
    earlier: bool
    segments: tuple[Segment, ...]
    setups: NDArray[np.float32]
    shown: tuple[tuple[Hashable, int], ...]
    drawn: tuple[tuple[Hashable, int], ...]
    asked: frozenset[int]
    count: int

    def names(self) -> list[Hashable | None]:
        """Return per segment whom most of its labelled boxes show; `None` = not labelled."""
        seen: dict[int, Counter[Hashable]] = {}
        for who, place in self.shown + self.drawn:
            if who != NOBODY:
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
        clip = real / "clips" / f"{name}.mp4"
        seen, _ = observations(clip, config=config, models=models, cache=cache)
        calibration = calibration_of_parts(learnt_evidence().same_person)
        segments = judge_observations(seen, config, calibration).segments
        more = [
            row for frame in {int(row["frame"]) for row in label.get("missed", [])}
            for row in drawn.get((name, frame), []) if row["sure"]
        ]  # fmt: skip
        shown, added = (
            tuple((row["who"], _segment_of(row, segments)) for row in rows)
            for rows in (label["boxes"], more)
        )
        asked = frozenset(int(row["frame"]) for row in (*label["boxes"], *more))
        setups = setup_similarity(seen.thumbnails, free_of_those_seen(seen))
        cases.append(
            Case(
                clip=clip,
                source=source_of(name),
                earlier=place < EARLIER_CLIPS,
                segments=segments,
                setups=setups,
                shown=shown,
                drawn=added,
                asked=asked,
                count=int(label["characters"]),
            )
        )
    return cases


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

    Of two that show one person at once only the surer one does.
    """
    makes: dict[int, bool] = {}
    best: dict[tuple[int, Hashable], list[int]] = {}
    for number, segment in enumerate(case.segments):
        asked = len(case.asked.intersection(segment.frames.tolist()))
        good = Counter(w for w, k in case.shown + case.drawn if k == number and w != NOBODY)
        if 2 * good.total() < asked or not asked:
            if asked:
                makes[number] = False
            continue
        makes[number] = True
        own = best.setdefault((segment.tracklet.shot_index, good.most_common(1)[0][0]), [])
        for other in own:
            if len(np.intersect1d(case.segments[other].frames, segment.frames)) > 1:
                surer = case.segments[other].score.sum() > segment.score.sum()
                makes[number if surer else other] = False
        own.append(number)
    features = someone_features(case.segments)
    rows = np.column_stack([features[name] for name in FEATURES])
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
    """Return what tells whether two looks are one person, and whether a track is somebody."""
    return fit_same_person(cases), fit(cases, someone_rows, dict(FEATURES))


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
