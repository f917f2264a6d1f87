"""What `python -m training evidence` fits, on sources left out: who is who, and pairs of looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.error_rate import area_under_curve, equal_error_rate
from bench.identities import Score, grouping
from identity.cast.characters import build_cast
from identity.evidence.calibration import calibration_of_parts
from scenes.errors import CastcheckError
from training.evidence import (
    NOBODY,
    ONCE,
    PAIR_FEATURES,
    UNSURE,
    Case,
    fit_same_person,
    fit_someone,
    pair_rows,
    someone_rows,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from identity.evidence.logistic import Logistic
    from identity.settings import ClusteringSettings
    from identity.tracks.segments import Segment

_TRIPLES, _JOINED = 50, 3


def joined(cases: Sequence[Case]) -> Case:
    """Return clips one after the other in one file; everybody is somebody else."""
    segments: list[Segment] = []
    shown: list[tuple[Hashable, int]] = []
    counts = [case.count for case in cases if case.count is not None]
    shots = frames = 0
    setups = np.zeros((sum(len(c.setups) for c in cases),) * 2, np.float32)
    for number, case in enumerate(cases):
        count = len(case.setups)
        setups[shots : shots + count, shots : shots + count] = case.setups
        for who, place in case.shown:
            shown.append(((number, who), place if place < 0 else place + len(segments)))
        for segment in case.segments:
            own = segment.tracklet
            moved = replace(
                own, tracklet_id=own.tracklet_id + 1000 * number, shot_index=own.shot_index + shots,
                frame=own.frame + frames,
            )  # fmt: skip
            segments.append(replace(segment, tracklet=moved))
        shots += count
        frames += max((s.stop_frame for s in case.segments), default=0)
    return replace(
        cases[0],
        segments=tuple(segments),
        traits={name: np.concatenate([c.traits[name] for c in cases]) for name in cases[0].traits},
        setups=setups,
        shown=tuple(shown),
        count=sum(counts) if len(counts) == len(cases) else None,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """How the cast of one file came out.

    Attributes:
        case: The file.
        bcubed: Over its labelled boxes; NaN where it has none.
        said: How many characters.
        linked: Pairs of characters of two clips that are one, and how many pairs there are.
    """

    case: Case
    bcubed: float
    said: int
    linked: tuple[int, int] = (0, 0)


def judge(case: Case, models: tuple[Logistic, Logistic], settings: ClusteringSettings) -> Row:
    """Return how the cast of a file comes out with these numbers."""
    same_person, someone = models
    calibration = calibration_of_parts(same_person)
    odds = someone.log_odds({name: case.traits[name] for name in case.features})
    cast = build_cast(case.segments, case.setups, calibration, settings, someone=odds)
    labels = cast.labels.tolist()
    counted = [
        (who, place) for who, place in case.shown
        if (who[1] if isinstance(who, tuple) else who) not in (NOBODY, ONCE, UNSURE)
    ]  # fmt: skip
    pairs = [
        (str(who), None if place < 0 else labels[place] if labels[place] >= 0 else (place,))
        for who, place in counted
    ]
    score: Score | None = grouping(pairs) if pairs else None
    worn: dict[int, set[int]] = {}
    for segment, label in zip(case.segments, labels, strict=True):
        if label >= 0:
            worn.setdefault(segment.tracklet.tracklet_id // 1000, set()).add(label)
    both = list(combinations(worn.values(), 2))
    linked = sum(len(a & b) for a, b in both), sum(len(a) * len(b) for a, b in both)
    return Row(case, score.f1 if score else float("nan"), cast.character_count, linked)


def left_out(
    cases: Sequence[Case],
    settings: ClusteringSettings,
    *,
    seed: int,
    looks: Sequence[Case] | None = None,
) -> tuple[list[Row], list[Row]]:
    """Return the rows of all clips, and of files of three, each without its sources in the fit.

    Args:
        cases: The clips.
        settings: Priors and what counts as background.
        seed: Of which clips stand in one file.
        looks: Clips that who is one person is learnt from; `None` = the labelled ones of `cases`.

    Raises:
        CastcheckError: With three sources left out of a file, none is left to fit on.
    """
    sources = sorted({case.source for case in cases if not case.free})
    if len(sources) <= _JOINED:
        raise CastcheckError(
            f"labelled clips of {len(sources)} sources", where="--real",
            hint=f"more than {_JOINED} are wanted: a source is the first word of a clip's name",
        )  # fmt: skip
    labelled = [case for case in (cases if looks is None else looks) if not case.free]

    def without(out: Collection[str]) -> tuple[Logistic, Logistic]:
        return (
            fit_same_person([case for case in labelled if case.source not in out]),
            fit_someone([case for case in cases if case.source not in out]),
        )

    single = []
    for source in sorted({case.source for case in cases}):
        models = without({source})
        single += [judge(case, models, settings) for case in cases if case.source == source]
    triples = []
    for free in (False, True):
        rng = np.random.default_rng(seed)
        for picked in _threes([case for case in cases if case.free == free], rng):
            out = {case.source for case in picked}
            models = without(out)
            triples.append(judge(joined(picked), models, settings))
    return single, triples


def _threes(cases: Sequence[Case], rng: np.random.Generator) -> Iterator[list[Case]]:
    """Yield three clips of three sources, each with more than one track, chosen by lot."""
    sources = sorted({case.source for case in cases})
    for _ in range(_TRIPLES if len(sources) >= _JOINED else 0):
        chosen = [sources[k] for k in rng.choice(len(sources), _JOINED, replace=False).tolist()]
        own = [[c for c in cases if c.source == name and len(c.segments) > 1] for name in chosen]
        if all(own):
            yield [some[int(rng.integers(len(some)))] for some in own]


def tracks(cases: Sequence[Case]) -> dict[str, Any]:
    """Return how well it is told which tracks are somebody, of sources left out."""
    found: dict[bool, list[tuple[float, bool]]] = {False: [], True: []}
    for source in sorted({case.source for case in cases}):
        someone = fit_someone([case for case in cases if case.source != source])
        for case in (case for case in cases if case.source == source):
            rows, makes = someone_rows(case)
            odds = someone.log_odds(dict(zip(case.features, rows.T, strict=True)))
            found[case.free] += zip(odds.tolist(), makes.tolist(), strict=True)
    return {
        name: _told(*(np.array(column) for column in zip(*found[free], strict=True)))
        for name, free in (("labelled", False), ("free", True))
        if found[free]
    }


def _told(odds: NDArray[np.float64], makes: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "tracks": len(odds),
        "somebody": int(makes.sum()),
        "log_loss": round(float(np.logaddexp(0, np.where(makes, -odds, odds)).mean()), 3),
        "auc": round(area_under_curve(odds[makes], odds[~makes]), 3),
    }


def pairs_across_shots(cases: Sequence[Case]) -> dict[str, Any]:
    """Return how well looks of two shots tell whether they are one person, of sources left out."""
    found: dict[str, tuple[list[float], list[float]]] = {"earlier": ([], []), "new": ([], [])}
    cases = [case for case in cases if not case.free]
    for source in sorted({case.source for case in cases}):
        same_person = fit_same_person([case for case in cases if case.source != source])
        for case in (case for case in cases if case.source == source):
            rows, same = pair_rows(case)
            odds = same_person.log_odds(dict(zip(PAIR_FEATURES, rows.T, strict=True)))
            different, alike = found["earlier" if case.earlier else "new"]
            alike += odds[same].tolist()
            different += odds[~same].tolist()
    return {
        group: {
            "pairs": len(alike) + len(different),
            "auc": round(area_under_curve(np.array(alike), np.array(different)), 3),
            "equal_error_rate": round(equal_error_rate(np.array(alike), np.array(different)), 3),
        }
        for group, (different, alike) in found.items()
    }


def numbers(single: Sequence[Row], triples: Sequence[Row]) -> dict[str, Any]:
    """Return the figures of sources left out, by group of clips."""
    found: dict[str, Any] = {}
    labelled, free = ([r for r in single if r.case.free == kind] for kind in (False, True))
    for name, rows in (
        ("all", labelled),
        ("earlier", [r for r in labelled if r.case.earlier]),
        ("new", [r for r in labelled if not r.case.earlier]),
        ("free", free),
        ("free, one person", [r for r in free if r.case.count == 1]),
        ("free, one person, several shots", [r for r in free if r.case.count == 1 and _cut(r)]),
    ):
        if rows or not name.startswith("free"):
            found[name] = {
                "clips": len(rows),
                "bcubed": _mean([r.bcubed for r in rows]),
                "bcubed_several_shots": _mean([r.bcubed for r in rows if _cut(r)]),
                "count_right": _mean([r.said == r.case.count for r in rows if r.case.count]),
            }
    for name, kind in (("three clips in one file", False), ("three free clips in one file", True)):
        rows = [r for r in triples if r.case.free == kind]
        if rows or not kind:
            linked, pairs = (sum(r.linked[k] for r in rows) for k in range(2))
            found[name] = {
                "files": len(rows),
                "bcubed": _mean([r.bcubed for r in rows]),
                "strangers_linked": round(linked / max(pairs, 1), 3),
                "count_within_one": _mean(
                    [abs(r.said - r.case.count) <= 1 for r in rows if r.case.count]
                ),
            }
    return found


def _cut(row: Row) -> bool:
    return len(row.case.setups) > 1


def _mean(values: Sequence[float]) -> float:
    return round(float(np.nanmean(np.array(values, np.float64))), 3) if values else float("nan")
