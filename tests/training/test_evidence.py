"""What the evidence learns from, on made-up tracks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.labelled import drawn_characters, film_labels
from identity.evidence.cohort import NEAREST, Cohort
from identity.evidence.learnt import LearntEvidence, learnt_evidence
from identity.evidence.someone import FEATURES_OF_OTHERS, someone_features
from identity.settings import ClusteringSettings
from identity.tracks.segments import Segment, make_segment
from scenes.errors import CastcheckError
from tests.identity.people import DIM, looks, tracklet
from training.evidence import (
    PAIR_FEATURES,
    Case,
    _unsure_of_others,
    fit_both,
    fit_someone,
    pair_rows,
    someone_rows,
)
from training.evidence_figures import (
    joined,
    judge,
    left_out,
    numbers,
    pairs_across_shots,
    tracks,
)


@pytest.fixture(autouse=True)
def strangers(monkeypatch):
    """Looks of made-up people are shorter than those of the bundled network."""
    rows = np.random.default_rng(0).standard_normal((NEAREST, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cohort = Cohort({"body": rows}, {"body": (-0.5, 0.5)}, "")
    monkeypatch.setattr("identity.evidence.calibration.bundled_cohort", lambda: cohort)


def made(source, segments, shown, *, asked, count, free=False) -> Case:
    """Return tracks with labels as a clip."""
    shots = 1 + max(one.tracklet.shot_index for one in segments)
    return Case(
        clip=Path(f"{source}.mp4"), source=source, free=free, earlier=False,
        segments=tuple(segments), traits=someone_features(segments),
        setups=np.eye(shots, dtype=np.float32), shown=tuple(shown), drawn=(),
        asked=frozenset(asked), count=count,
    )  # fmt: skip


def case(source: str, people: str = "AB", *, seed: int = 0, thing: bool = True) -> Case:
    """Return two shots with the same people and, where asked for, a thing the detector doubts."""
    segments: list[Segment] = []
    shown: list[tuple[str, int]] = []
    for shot in range(2):
        frames = list(range(100 * shot, 100 * shot + 40))
        rows = [(who, 0.9) for who in people] + ([("H", 0.2)] if thing else [])
        for place, (who, score) in enumerate(rows):
            number = len(segments)
            own = tracklet(number, frames, shot=shot, at=(60 + 150 * place, 60), score=score)
            seen = looks(frames, [who] * 40, seed=seed + number)
            segments.append(make_segment(own, seen, 0, 40))
            if who != "H":
                shown.append((who, number))
    asked = frozenset({0, 1, 100, 101})
    shown = [(who, place) for who, place in shown for _ in range(2)]
    return made(source, segments, shown, asked=asked, count=len(people))


CASES = [
    case(name, seed=100 * number) for number, name in enumerate(("one", "two", "three", "four"))
]


def test_rows_say_who_is_one_person_and_who_is_somebody():
    rows, same = pair_rows(CASES[0])
    assert rows.shape == (4, len(PAIR_FEATURES))
    assert same.tolist() == [True, False, False, True]
    assert someone_rows(CASES[0])[1].tolist() == [True, True, False] * 2


@pytest.mark.parametrize(
    ("shown", "makes"),
    [
        pytest.param("AA", [False, True], id="twice around one: the surer"),
        pytest.param("AB", [True, True], id="two people"),
        pytest.param("xx", [True, True], id="two passers-by"),
        pytest.param("A-", [True, False], id="a thing"),
        pytest.param("A?", [True], id="nobody could tell"),
        pytest.param("??", [], id="of neither"),
    ],
)
def test_who_makes_a_character(shown, makes):
    frames = list(range(40))
    segments = [
        make_segment(
            tracklet(k, frames, at=(60, 60), score=score), looks(frames, ["A"] * 40, seed=k), 0, 40
        )
        for k, score in enumerate((0.5, 0.9))
    ]
    told = [(who, k) for k, who in enumerate(shown) for _ in range(2)]
    assert someone_rows(made("a", segments, told, asked=[0, 1], count=1))[1].tolist() == makes


def test_free_clips_teach_what_a_thing_is_and_not_who_is_one_person():
    free = [replace(one, free=True, source=f"free {one.source}", count=None) for one in CASES[:3]]
    same_person, someone = fit_both(CASES)
    again, other = fit_both(CASES + [replace(one, shown=()) for one in free])
    assert again == same_person
    assert other != someone
    figures = numbers(*left_out(CASES + free, ClusteringSettings(), seed=0))
    assert figures["all"]["clips"] == 4
    assert figures["free"]["clips"] == 3
    assert np.isnan(figures["free"]["count_right"])  # nobody has said how many there are
    assert figures["three free clips in one file"]["files"] == 50
    assert pairs_across_shots(CASES + free)["new"] == pairs_across_shots(CASES)["new"]


def by_another_detector(case: Case) -> Case:
    """Return a clip as another detector sees it: as sure of things, which a second one doubts."""
    told = [0.1 if name is None else 0.8 for name in case.names()]
    segments = tuple(
        replace(one, tracklet=replace(one.tracklet, score=np.full(40, 0.9, np.float32)), seconded=s)
        for one, s in zip(case.segments, told, strict=True)
    )
    return replace(case, segments=segments, traits=someone_features(segments), weighed_boxes=False)


def test_of_another_detector_it_is_learnt_what_the_second_one_says():
    others = [by_another_detector(case) for case in CASES]
    model = fit_someone(others)
    assert set(model.weights) == set(FEATURES_OF_OTHERS)
    assert model.weights["seconded"] > 1
    found = tracks(others)["labelled"]
    assert (found["somebody"], found["auc"]) == (16, 1.0)
    assert tracks([replace(case, weighed_boxes=True) for case in others])["labelled"]["auc"] == 0.5
    single, triples = left_out(others, ClusteringSettings(), seed=0, looks=CASES)
    assert [(row.bcubed, row.said) for row in single] == [(1.0, 2)] * 4
    assert triples


@pytest.mark.parametrize(
    ("count", "shown", "makes"),
    [
        pytest.param(1, "A", [True, False], id="whom no label shows is none of the cast"),
        pytest.param(None, "A", [True], id="who is of the cast is not known"),
        pytest.param(None, "A-", [True, False], id="all are labelled"),
        pytest.param(None, "", [], id="none is labelled"),
    ],
)
def test_what_is_known_of_tracks_without_a_label(count, shown, makes):
    frames = list(range(40))
    segments = [
        make_segment(tracklet(k, frames, at=(60 + 200 * k, 60)), looks(frames, ["A"] * 40), 0, 40)
        for k in range(2)
    ]
    told = [(who, k) for k, who in enumerate(shown) for _ in range(2)]
    case = made("a", segments, told, asked=[0, 1], count=count, free=True)
    assert someone_rows(_unsure_of_others(case))[1].tolist() == makes


def test_tracks_of_sources_left_out_are_told_apart():
    found = tracks(CASES)
    assert set(found) == {"labelled"}
    assert (found["labelled"]["tracks"], found["labelled"]["somebody"]) == (24, 16)
    assert found["labelled"]["auc"] == 1.0
    assert 0 < found["labelled"]["log_loss"] < 0.2


def test_what_is_learnt_names_everybody_of_a_source_left_out():
    single, triples = left_out(CASES, ClusteringSettings(), seed=0)
    assert [(row.bcubed, row.said) for row in single] == [(1.0, 2)] * 4
    assert triples
    assert numbers(single, triples)["all"]["count_right"] == 1.0


def test_pairs_of_sources_left_out_are_told_apart():
    found = pairs_across_shots(CASES)
    assert found["new"] == {"pairs": 16, "auc": 1.0, "equal_error_rate": 0.0}
    assert found["earlier"]["pairs"] == 0
    assert np.isnan(found["earlier"]["auc"])


def test_too_few_sources_are_told():
    with pytest.raises(CastcheckError, match="3 sources"):
        left_out(CASES[:3], ClusteringSettings(), seed=0)


def test_the_same_two_people_in_three_files_are_told_as_linked():
    row = judge(joined(CASES[:3]), fit_both(CASES), ClusteringSettings())
    assert row.case.count == 6
    assert row.linked[0] > 0  # they look alike, since they are: the measure has to see it


def test_alike_looks_never_speak_against_one_person():
    same_person, someone = fit_both(CASES)
    assert min(w for cue, w in same_person.weights.items() if "look" in cue or cue == "body") >= 0
    speaks = {
        name: -weight if name == "still" else weight for name, weight in someone.weights.items()
    }
    assert min(speaks.values()) >= 0


def test_what_is_learnt_of_facing_leaves_the_other_weights_alone(monkeypatch):
    """People who turn their back are taken for others; made-up looks face nowhere."""
    plain = fit_both(CASES)[0]
    assert plain.weights["both_face"] == 0.0

    def turned(case):
        rows, same = pair_rows(case)
        return np.column_stack([rows[:, :-1], np.where(same, -0.9, 0.6)]), same

    monkeypatch.setattr("training.evidence.pair_rows", turned)
    found = fit_both(CASES)[0]
    assert found.weights["both_face"] < -0.1
    assert found.bias == plain.bias
    assert {**found.weights, "both_face": 0.0} == plain.weights


def test_the_data_file_is_what_its_text_says():
    kept = learnt_evidence()
    again = LearntEvidence.from_json(kept.to_json())
    assert again.to_json() == kept.to_json()
    assert set(kept.same_person.weights) == set(PAIR_FEATURES)


def test_labels_of_film_are_boxes():
    labels = film_labels()
    assert len(labels) == 216
    for label in labels.values():
        for row in label["boxes"]:
            x1, y1, x2, y2 = row["box"]
            assert 0 <= x1 < x2
            assert 0 <= y1 < y2
            assert row["frame"] >= 0
            assert row["who"] in "-?x" or row["who"].isupper()
        cast = {row["who"] for row in label["boxes"]} - set("-?x")
        assert label["characters"] in (len(cast), None)


def test_drawn_characters_are_boxes():
    rows = [row for some in drawn_characters().values() for row in some]
    assert len(rows) == 102
    for row in rows:
        x1, y1, x2, y2 = row["box"]
        assert 0 <= x1 < x2
        assert 0 <= y1 < y2


@pytest.mark.parametrize("people", ["A", "ABC"])
def test_any_number_of_people(people):
    row = judge(case("x", people, thing=False), fit_both(CASES), ClusteringSettings())
    assert row.said == len(people)
