"""What decisions are learnt from: errors planted in what was seen, and a fit that does not peek."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bench.source_table import Entry, read_entries
from castcheck.planting.score import wilson
from identity.evidence.logistic import AGAINST, FOR, Logistic
from identity.evidence.samples import COMPARED, lay_out
from identity.explanations.model import DecisionModel
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from scenes.errors import CastcheckError
from scenes.frames import FrameBatch
from tests.identity.people import FPS, calibration, looks, tracklet
from training.decisions import parts, planting, splice
from training.decisions.__main__ import (
    EXPLANATIONS,
    fitted,
    priors_from,
    source_list,
    with_kept,
)
from training.decisions.cases import Case, Donors, case
from training.decisions.clips import Light, PoorLine, Shot, shots_of
from training.decisions.fit import (
    fit_bounded,
    fit_mined,
    folds_of,
    left_out,
    scale_of,
    shares_at,
)
from training.decisions.planting import (
    change_cases,
    clone_cases,
    clothes_swap_cases,
    exchanged_heads_cases,
    hair_swap_cases,
    other_clothes_cases,
    other_face_cases,
    other_look_cases,
    slow_clothes_cases,
    swap_cases,
)
from training.decisions.table import Outcome

LENGTH = 72
AT = 12  # sample
SWAP = EXPLANATIONS["swap"][1]


def shot_of(names, *, source="s", clip="c", apart=180, turned=None, relit=False):
    """Return a shot in which each letter stands beside the next."""
    frames = list(range(LENGTH))
    tracklets = [tracklet(k, frames, at=(60 + apart * k, 60)) for k in range(len(names))]
    seen = [
        looks(
            frames,
            [name] * LENGTH,
            hair=[name] * LENGTH,
            face=[name] * LENGTH,
            facing=turned,
            seed=k,
        )
        for k, name in enumerate(names)
    ]
    tracks = [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]
    return Shot(clip, source, lay_out(tracks, COMPARED, fps=FPS), "relit" if relit else "clean")


def like(samples, track, other, other_track, cue="body"):
    """Return (G,) cosines of a track's looks with the mean of another one's."""
    mean = other.looks[cue][other_track].mean(axis=0)
    return samples.looks[cue][track] @ (mean / np.linalg.norm(mean))


def test_exchanged_looks_change_over_and_boxes_stay():
    own = shot_of("AB").samples
    new = splice.exchanged(own, 0, 1, share=splice.onset(own, own.frames[AT], own.frames[AT]))
    for cue in ("body", "upper", "hair"):
        for track, other in ((0, 1), (1, 0)):
            assert like(new, track, own, track, cue)[:AT].min() > 0.9
            assert like(new, track, own, other, cue)[AT:].min() > 0.9
    np.testing.assert_array_equal(new.xyxy, own.xyxy)
    assert like(own, 0, own, 0).min() > 0.9  # what was there is as it was


@pytest.mark.parametrize(
    ("frames", "expect"),
    [
        pytest.param((36, 36), [0.0, 0.0, 1.0, 1.0], id="at once"),
        pytest.param((30, 42), [0.0, 0.25, 0.75, 1.0], id="over half a second"),
        pytest.param((90, 90), [0.0, 0.0, 0.0, 0.0], id="never"),
    ],
)
def test_onset(frames, expect):
    own = shot_of("A").samples
    share = splice.onset(own, *frames)
    assert share[np.searchsorted(own.frames, [27, 33, 39, 45])].tolist() == expect


def test_who_becomes_another_keeps_the_pose_and_the_length_of_its_looks():
    own = shot_of("A", turned=[0.8] * LENGTH).samples
    other = shot_of("C", turned=[-0.8] * LENGTH).samples
    at = splice.there_and_back(other, 0, count=len(own.frames))
    new = splice.blended(own, 0, other, 0, at=at, share=np.full(len(own.frames), 0.5))
    np.testing.assert_array_equal(new.looks["facing"], own.looks["facing"])
    np.testing.assert_allclose(np.linalg.norm(new.looks["body"][0], axis=1), 1, atol=1e-3)
    assert like(new, 0, own, 0).mean() == pytest.approx(like(new, 0, other, 0).mean(), abs=0.02)


def test_where_nothing_was_seen_nothing_is_planted():
    own, other = shot_of("A").samples, shot_of("C").samples
    for cue in own.seen:
        own.seen[cue][0, 5] = False
    at = splice.there_and_back(other, 0, count=len(own.frames))
    new = splice.blended(own, 0, other, 0, at=at, share=np.ones(len(own.frames)))
    assert not any(new.seen[cue][0, 5] for cue in new.seen)
    assert new.seen["body"][0].sum() == len(own.frames) - 1


def test_a_tracker_that_confuses_two_takes_boxes_along():
    own = shot_of("AB").samples
    wrong = splice.crossed(own, 0, 1, at=AT)
    for track, other in ((0, 1), (1, 0)):
        np.testing.assert_array_equal(wrong.xyxy[track, AT:], own.xyxy[other, AT:])
        np.testing.assert_array_equal(
            wrong.looks["body"][track, AT:], own.looks["body"][other, AT:]
        )
        body_track, frame = wrong.tracks[track], own.frames[AT]
        np.testing.assert_array_equal(
            body_track.xyxy[body_track.frame >= frame],
            own.tracks[other].xyxy[own.tracks[other].frame >= frame],
        )
        assert len(body_track.looks) == len(body_track.frame) == LENGTH


def test_a_box_that_goes_over_ends_the_track_of_the_other():
    own = shot_of("AB").samples
    wrong = splice.gone_over(own, 0, 1, at=AT)
    np.testing.assert_array_equal(wrong.xyxy[0, AT:], own.xyxy[1, AT:])
    assert np.isnan(wrong.xyxy[1, AT:]).all()
    assert not wrong.seen["body"][1, AT:].any()
    assert wrong.tracks[1].frame.max() < own.frames[AT]


def test_who_comes_late_was_not_seen_before():
    own = shot_of("AB").samples
    late = splice.appearing(own, 1, at=AT)
    assert not late.seen["upper"][1, :AT].any()
    assert late.seen["upper"][1, AT:].all()
    assert late.tracks[1].frame[0] == own.frames[AT]
    np.testing.assert_array_equal(late.xyxy[0], own.xyxy[0])


TOUCHING = 40  # px apart: boxes of 60 px overlap
PEOPLE = ("AB", "CD", "EF", "GH")


@pytest.fixture(scope="module")
def shots():
    return [
        shot_of(names, source=f"s{k}", clip=f"c{k}", apart=TOUCHING if k % 2 else 180)
        for k, names in enumerate(PEOPLE)
    ] + [shot_of("AB", source="s0", clip="c0", relit=True)]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        pytest.param("morph", {"planted", "clean", "relit", "gone over"}, id="morph"),
        pytest.param("drift", {"planted", "clean", "relit", "gone over"}, id="drift"),
        pytest.param("swap", {"planted", "clean", "crossed"}, id="swap"),
        pytest.param("clone", {"planted", "clean"}, id="clone"),
        pytest.param("other_look", {"planted", "clean", "relit"}, id="other look"),
        pytest.param("other_clothes", {"planted", "clean", "relit"}, id="other clothes"),
        pytest.param(
            "slow_clothes",
            {"planted", "clean", "relit", "swapped"},
            id="clothes that change slowly",
        ),
        pytest.param(
            "clothes_swap",
            {"planted", "clean", "crossed", "swapped", "dressed anew"},
            id="clothes exchanged",
        ),
        pytest.param(
            "exchanged_heads", {"planted", "clean", "crossed", "swapped"}, id="heads exchanged"
        ),
        pytest.param("other_face", {"planted", "clean", "relit", "gone over"}, id="other faces"),
        pytest.param(
            "hair_swap",
            {"planted", "clean", "relit", "swapped", "dressed anew"},
            id="hair exchanged",
        ),
    ],
)
def test_cases_of_each_explanation(monkeypatch, shots, name, kinds):
    monkeypatch.setattr(planting, "_RELIT_SHARE", 1.0)
    make, features = EXPLANATIONS[name]
    made = [make(shots, calibration(), np.random.default_rng(0)) for _ in range(2)]
    assert {c.kind for c in made[0]} == kinds
    judged = [c for c in made[0] if len(c.rows)]
    assert all(c.rows.shape[1] == len(features) and np.isfinite(c.rows).all() for c in judged)
    for one, two in zip(*made, strict=True):  # the same seed gives the same cases
        np.testing.assert_array_equal(one.rows, two.rows)
    first = next(iter(features))
    worst = {
        kind: np.median([c.rows[:, 0].max() for c in judged if c.kind == kind])
        for kind in ("planted", "clean")
    }
    assert worst["planted"] > worst["clean"] + 0.5, f"{first} does not tell them apart"


def test_who_looks_otherwise_wears_a_part_of_somebody_else():
    own = {"body": np.array([1.0, 0]), "hair": np.array([1.0, 0]), "facing": np.array([1.0, 0])}
    lent = {"body": np.array([0, 1.0]), "hair": np.array([0, 1.0]), "facing": np.array([0, 1.0])}
    head, clothes = (
        planting._wearing(own, lent, part)
        for part in ({"hair": 1.0, "body": 0.25}, {"body": 0.75, "facing": 1.0})
    )
    assert head["hair"].tolist() == [0, 1]
    assert head["body"].tolist() == pytest.approx([0.75, 0.25])
    assert clothes["hair"].tolist() == [1, 0]
    assert clothes["body"].tolist() == pytest.approx([0.25, 0.75])
    both = planting._wearing(own, lent, None)
    assert both["body"].tolist() == [0, 1]
    assert all(worn["facing"].tolist() == [1, 0] for worn in (head, clothes, both))
    assert "hair" not in planting._wearing(own, {"body": lent["body"]}, None)  # not seen


@pytest.mark.parametrize(
    "make",
    [
        partial(change_cases, slow=False),
        swap_cases,
        clone_cases,
        other_look_cases,
        other_clothes_cases,
        clothes_swap_cases,
        exchanged_heads_cases,
        hair_swap_cases,
        other_face_cases,
        slow_clothes_cases,
    ],
)
@pytest.mark.parametrize("names", ["", "A"], ids=["nobody", "one"])
def test_nobody_to_learn_from(make, names):
    shots = [shot_of(names)] if names else []
    made = make(shots, calibration(), np.random.default_rng(0))
    assert not any(c.planted for c in made)  # who is alone has nobody to take looks from


def test_donors_are_other_people(shots):
    donors = Donors.among(shots)
    rng = np.random.default_rng(0)
    picked = [p for p in (donors.pick(0, 0, rng) for _ in range(40)) if p is not None]
    assert (0, 0) not in picked
    assert all(not shots[k].altered for k, _ in picked)
    assert {shots[k].source for k, t in picked if (k, t) != (0, 1)} == {"s1", "s2", "s3"}
    assert (0, 1) in picked


def toy(kind, rows, *, source="s0", clip="c"):
    rows = np.array(rows, np.float64).reshape(-1, 2)
    return Case(kind, source, clip, (0,), rows, np.arange(len(rows)))


def toys(count=24, seed=0):
    """Return cases of two features: the first tells, the second is noise that misleads."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(count):
        for kind, tells in (("planted", 2.0), ("clean", 0.0)):
            rows = rng.normal((0, 0.4 * (kind == "planted")), 0.5, (6, 2))
            rows[2, 0] += tells
            found.append(toy(kind, rows, source=f"s{k % 6}", clip=f"c{k}"))
    return found


TWO = {"tells": FOR, "noise": AGAINST}


def test_a_fit_tells_a_toy_set_apart():
    cases = toys()
    model = fit_mined(cases, TWO)
    best = np.array([model.best_of(c)[0] for c in cases])
    planted = np.array([c.planted for c in cases])
    assert (best[planted] > 0).mean() > 0.85
    assert (best[~planted] < 0).mean() > 0.85
    found = [model.best_of(c)[1] for c in cases if c.planted]
    assert np.mean(np.array(found) == 2) > 0.8  # at the moment where it is


@pytest.mark.parametrize(
    ("bounds", "least", "most"),
    [
        pytest.param((None, None), 0.3, np.inf, id="free, it follows the data"),
        pytest.param(AGAINST, 0.0, 0.0, id="not against common sense"),
        pytest.param(FOR, 0.3, np.inf, id="for"),
        pytest.param((-3.0, 0.25), 0.25, 0.25, id="up to an end"),
    ],
)
def test_weights_stay_within_their_bounds(bounds, least, most):
    rng = np.random.default_rng(0)
    planted = np.arange(200) < 100
    rows = rng.normal(0, 1, (200, 2)) + np.where(planted, 1.0, 0.0)[:, None] * [1.0, 0.5]
    model = fit_bounded(rows, planted, np.ones(200), [FOR, bounds])
    assert least - 1e-6 <= model.weights[1] <= most + 1e-6
    assert model.weights[0] > 0.3


def test_no_source_is_judged_by_a_model_that_saw_it():
    cases = toys()
    folds = folds_of(cases, seed=0)
    asked = []

    class Spy:
        def __init__(self, seen):
            self.seen = {c.source for c in seen}

        def best_of(self, one):
            asked.append(one.source)
            assert one.source not in self.seen
            assert self.seen  # and it saw others
            return 0.0, 0

    left_out(cases, folds, Spy)  # type: ignore[arg-type]
    assert sorted(asked) == sorted(c.source for c in cases)
    assert len(set(folds.tolist())) == 4


@pytest.mark.parametrize(
    ("cases", "says"),
    [
        pytest.param(toys(1), "one source", id="one source"),
        pytest.param(
            [toy("clean", [[0, 0]], source=s) for s in "ab"], "0 planted errors", id="no error"
        ),
        pytest.param([], "one source", id="nothing"),
    ],
)
def test_too_little_to_learn_from_is_one_clear_line(monkeypatch, cases, says):
    monkeypatch.setitem(EXPLANATIONS, "toy", (None, TWO))
    with pytest.raises(CastcheckError, match=says):
        fitted("toy", cases, prior=0.3, seed=0)


@pytest.mark.parametrize("prior", [0.05, 0.3])
def test_confidence_is_meant_at_the_prior(monkeypatch, prior):
    monkeypatch.setitem(EXPLANATIONS, "toy", (None, TWO))
    cases = toys(60)
    _, outcome = fitted("toy", cases, prior=prior, seed=0)
    said = float((shares_at(cases, prior) * outcome.confidence).sum())
    assert said == pytest.approx(prior, abs=0.03)  # on the whole it expects as many as there are
    assert outcome.calibration_error < 0.12


@pytest.mark.parametrize(
    ("kinds", "expect"),
    [
        pytest.param(["planted", "clean"], [0.3, 0.7], id="one each"),
        pytest.param(["planted", "clean", "relit"], [0.3, 0.7 * 2 / 3, 0.7 / 3], id="relit: half"),
        pytest.param(["planted", "clean", "natural", "same"], [0.3, 0.7, 0, 0], id="over cuts"),
    ],
)
def test_how_much_a_case_counts(kinds, expect):
    cases = [toy(kind, [[0, 0]]) for kind in kinds]
    assert shares_at(cases, 0.3).tolist() == pytest.approx(expect)


def test_people_over_real_cuts_teach_nothing():
    cases = toys()
    labelled = [toy("natural", [[-9, 9]], source="l"), toy("same", [[9, -9]], source="l")]
    without, with_them = (fit_mined(some, TWO) for some in (cases, [*cases, *labelled]))
    np.testing.assert_array_equal(with_them.weights, without.weights)
    assert with_them.bias == without.bias
    folds = folds_of([*cases, *labelled], seed=0)
    assert folds.tolist() == [*folds_of(cases, seed=0).tolist(), -1, -1]


def test_an_error_that_cannot_be_judged_is_missed(monkeypatch):
    monkeypatch.setitem(EXPLANATIONS, "toy", (None, TWO))
    cases = toys()
    _, without = fitted("toy", cases, prior=0.3, seed=0)
    _, outcome = fitted(
        "toy", [*cases, replace(toy("planted", []), judged=False)], prior=0.3, seed=0
    )
    (found, total), (found_before, total_before) = (
        o.counts("planted", least=0.5) for o in (outcome, without)
    )
    assert (found, total) == (found_before, total_before + 1)


@pytest.mark.parametrize(
    ("words", "expect"),
    [
        pytest.param([], [0.3] * 11, id="nothing said"),
        pytest.param(["0.2"], [0.2] * 11, id="for all"),
        pytest.param(["swap=0.1", "clone=0.05"], [0.3, 0.3, 0.1, 0.05, *[0.3] * 7], id="by name"),
        pytest.param(["1"], None, id="no share"),
        pytest.param(["often"], None, id="no number"),
        pytest.param(["vanish=0.1"], None, id="no explanation"),
    ],
)
def test_priors(words, expect):
    if expect is None:
        with pytest.raises(CastcheckError, match=f"--prior: '{words[0]}' is no prior"):
            priors_from(words)
    else:
        assert list(priors_from(words).values()) == expect


def test_clean_cases_ruled_out_make_a_finding_surer():
    rng = np.random.default_rng(0)
    cases = [toy(kind, [[0, 0]]) for kind in ("planted", "clean") for _ in range(200)]
    scores = rng.normal(np.repeat([1.0, -1.0], 200), 1.0)
    ruled_out = [replace(c, judged=False) for c in cases if not c.planted] * 3
    few = scale_of(scores, cases, prior=0.1)
    many = scale_of(np.append(scores, [-np.inf] * 600), cases + ruled_out, prior=0.1)
    # Only one clean case in four is weighed at all, so among those errors are four times as common.
    assert many[1] - few[1] == pytest.approx(np.log(4), abs=0.3)
    odds = np.append(scores * many[0] + many[1], [-np.inf] * 600)
    outcome = Outcome("toy", cases + ruled_out, odds, np.zeros(1000, np.int64), 0.1)
    assert outcome.counts("clean", least=0.0) == (800, 800)
    assert "ruled out before anything is weighed: clean 600" in outcome.text()
    assert float((shares_at(outcome.cases, 0.1) * outcome.confidence).sum()) == pytest.approx(
        0.1, abs=0.01
    )


def test_what_was_made_hard_counts_less():
    cases = [toy("planted", [[1, 0]]), toy("clean", [[0, 0]]), toy("crossed", [[0, 0]])]
    np.testing.assert_allclose(shares_at(cases, 0.3), [0.3, 0.7 / 1.1, 0.07 / 1.1])


def test_a_scale_never_turns_scores_round():
    cases = [toy("planted", [[0, 0]]), toy("clean", [[0, 0]])] * 10
    slope, offset = scale_of(np.array([-1.0, 1.0] * 10), cases, prior=0.3)
    assert slope == 0
    assert 1 / (1 + np.exp(-offset)) == pytest.approx(0.3, abs=0.01)


def test_the_data_file_says_what_was_fitted(monkeypatch, shots):
    # In so small a world nothing can be learnt of hair that goes over half of the way.
    whole = {
        "head": {"hair": 1.0, "face": 1.0},
        "clothes": {"body": 0.7, "upper_look": 0.8, "upper": 0.6},
    }
    monkeypatch.setattr(parts, "drawn", lambda part, _: whole[part])
    explanations = {}
    for name, (make, features) in EXPLANATIONS.items():
        cases = make(shots, calibration(), np.random.default_rng(0))
        explanations[name], _ = fitted(name, cases, prior=0.3, seed=0)
        for feature, (low, high) in features.items():
            weight = explanations[name].weights[feature]
            assert low != 0 or weight >= 0  # an end that is not 0 is of the unscaled weight
            assert high != 0 or weight <= 0
    text = DecisionModel(explanations, {"seed": 0}).to_json()
    again = DecisionModel.from_json(text)
    assert again.to_json() == text
    assert json.loads(text)["provenance"] == {"seed": 0}
    case_ = next(
        c
        for c in swap_cases(shots, calibration(), np.random.default_rng(1))
        if c.planted and len(c.rows)
    )
    columns = dict(zip(SWAP, case_.rows.T, strict=True))
    np.testing.assert_allclose(
        again["swap"].log_odds(columns), explanations["swap"].log_odds(columns), atol=0.01
    )
    assert again["swap"].log_odds(columns).max() > 0


PROVENANCE = {
    "clips": 3,
    "prior": dict.fromkeys(EXPLANATIONS, 0.2),
    "believed_of_sources_left_out": {key: {"clean at 0.5": [0, 3]} for key in EXPLANATIONS},
}
ALL = {name: Logistic(1.0, {}) for name in EXPLANATIONS}


def test_some_explanations_are_fitted_and_the_others_stay():
    now = {
        "clips": 3,
        "prior": dict.fromkeys(EXPLANATIONS, 0.4),
        "believed_of_sources_left_out": {"clone": {"clean at 0.5": [1, 3]}},
    }
    new = Logistic(2.0, {})
    model = with_kept({"clone": new}, now, DecisionModel(ALL, PROVENANCE), where=Path("a.json"))
    assert list(model.explanations) == list(EXPLANATIONS)
    assert model["clone"] == new
    assert model["morph"] == ALL["morph"]
    assert model.provenance["prior"]["clone"] == 0.4
    assert model.provenance["prior"]["morph"] == 0.2
    told = model.provenance["believed_of_sources_left_out"]
    assert told["clone"] == {"clean at 0.5": [1, 3]}
    assert told["morph"] == {"clean at 0.5": [0, 3]}


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        pytest.param(DecisionModel(ALL, {**PROVENANCE, "clips": 4}), "something else", id="clips"),
        pytest.param(DecisionModel(ALL, {"clips": 3}), "something else", id="says less"),
        pytest.param(
            DecisionModel({}, PROVENANCE),
            "lacks clothes_swap, drift, exchanged_heads, hair_swap, morph",
            id="lacks some",
        ),
    ],
)
def test_what_was_fitted_on_something_else_is_not_kept(kept, says):
    with pytest.raises(CastcheckError, match=says):
        with_kept({"clone": ALL["clone"]}, PROVENANCE, kept, where=Path("a.json"))


@pytest.mark.parametrize(
    ("count", "total", "expect"),
    [(0, 0, (0.0, 1.0)), (0, 10, (0.0, 0.28)), (8, 10, (0.49, 0.94)), (10, 10, (0.72, 1.0))],
)
def test_wilson(count, total, expect):
    assert wilson(count, total) == pytest.approx(expect, abs=0.005)


def test_the_table_counts_what_is_believed():
    cases = [toy("planted", [[0, 0]]), toy("planted", [[0, 0]]), toy("clean", [[0, 0]], clip="odd")]
    outcome = Outcome("toy", cases, np.array([2.0, 0.5, 0.1]), np.array([0, 0, 7]), 0.5)
    assert outcome.numbers()["planted at 0.5"] == [2, 2]
    assert outcome.numbers()["planted at 0.75"] == [1, 2]
    text = outcome.text()
    assert "planted    recall        >= 0.5: 2/2" in text
    assert "clean      false alarms  >= 0.5: 1/1" in text
    assert "look at odd, track 0, frame 7" in text
    assert sum(b.count for b in outcome.bins()) == 3
    assert sum(b.share for b in outcome.bins()) == pytest.approx(1)


HEAD = "name\trepo\tcuts\n"


@pytest.mark.parametrize(
    ("table", "cuts"),
    [
        pytest.param(HEAD + "a.mp4\tr\t0\n", (), id="no cut"),
        pytest.param(HEAD + "a.mp4\tr\t-\n", (), id="a dash"),
        pytest.param(HEAD + "a.mp4\tr\t\n", (), id="nothing"),
        pytest.param(HEAD + "a.mp4\tr\t24\n", (24,), id="one"),
        pytest.param(HEAD + "a.mp4\tr\t12,8, 8\n", (8, 12), id="in any order"),
    ],
)
def test_the_table_knows_the_cuts(tmp_path, table, cuts):
    for name in ("a.mp4", "b.mp4", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "t.tsv").write_text(table)
    entries = read_entries(tmp_path, tmp_path / "t.tsv", without=["b*"])
    assert [(e.clip.name, e.source, e.cuts) for e in entries] == [("a.mp4", "r", cuts)]
    assert source_list(entries) == "repo\tclips\tlicence\nr\t1\t-\n"


@pytest.mark.parametrize(("said", "people"), [("3", 3), ("", None), ("many", None)])
def test_the_table_may_know_how_many_people_there_are(tmp_path, said, people):
    (tmp_path / "a.mp4").touch()
    (tmp_path / "t.tsv").write_text(f"name\trepo\tcuts\tpeople\na.mp4\tr\t0\t{said}\n")
    (entry,) = read_entries(tmp_path, tmp_path / "t.tsv")
    assert entry.people == people


@pytest.mark.parametrize(
    ("table", "without", "says"),
    [
        pytest.param("name\tcuts\n", (), "no column repo", id="no column"),
        pytest.param(HEAD, (), "no row for a.mp4", id="no row"),
        pytest.param(HEAD + "a.mp4\tr\tsoon\n", (), "'soon' are no cuts", id="no number"),
        pytest.param(HEAD + "a.mp4\tr\t0,5\n", (), "'0,5' are no cuts", id="a cut before all"),
        pytest.param(HEAD, ("*",), "no clip to learn from", id="no clip"),
    ],
)
def test_a_bad_table_is_one_clear_line(tmp_path, table, without, says):
    (tmp_path / "a.mp4").touch()
    (tmp_path / "t.tsv").write_text(table)
    with pytest.raises(CastcheckError, match=says):
        read_entries(tmp_path, tmp_path / "t.tsv", without=without)


class Seen:
    """As much of what was observed as shots are made of."""

    def __init__(self, count):
        frames = list(range(count))
        self.fps = FPS
        self.frame_times_s = tuple(frames)
        self.tracklets = (tracklet(0, frames), tracklet(1, frames[: count // 2], at=(300, 60)))
        self.looks = (
            looks(frames, ["A"] * count),
            looks(frames[: count // 2], ["B"] * (count // 2)),
        )
        self.tone = np.full((count, 3), 50, np.float32)


@pytest.mark.parametrize(
    ("cuts", "tracks"),
    [
        pytest.param((), [2], id="one shot"),
        pytest.param((36,), [2, 1], id="a cut"),
        pytest.param((36, 70), [2, 1], id="too short to compare anybody"),
        pytest.param((100,), [2], id="a cut behind the end"),
    ],
)
def test_tracks_end_at_the_cuts(tmp_path, cuts, tracks):
    shots = shots_of(Entry(tmp_path / "a.mp4", "r", cuts), Seen(LENGTH))  # type: ignore[arg-type]
    assert [len(s.samples.tracks) for s in shots] == tracks
    edges = [0, *cuts, LENGTH]
    for shot, start, stop in zip(shots, edges, edges[1:], strict=False):
        assert start <= shot.samples.frames.min() <= shot.samples.frames.max() < stop


class Batch:
    rgb = np.full((3, 2, 2, 3), 100, np.uint8)
    index = np.array([0, 10, 20])


@pytest.mark.parametrize(
    ("light", "reds"),
    [
        pytest.param(Light((2.0, 1.0, 1.0), 10, 0), [100, 200, 200], id="at once"),
        pytest.param(Light((4.0, 1.0, 1.0), 0, 20), [100, 200, 255], id="by and by, up to white"),
        pytest.param(Light((0.5, 1.0, 1.0), 30, 0), [100, 100, 100], id="not yet"),
    ],
)
def test_light(monkeypatch, light, reds):
    monkeypatch.setattr("training.decisions.clips.replace", lambda _, rgb: rgb)
    lit = light(Batch())
    assert lit[:, 0, 0, 0].tolist() == reds
    assert lit[..., 1:].min() == lit[..., 1:].max() == 100


@pytest.mark.parametrize(
    ("start", "changed"),
    [
        pytest.param(0, [True, True, True], id="from the first picture on"),
        pytest.param(10, [False, True, True], id="from the second on"),
        pytest.param(21, [False, False, False], id="not yet"),
    ],
)
def test_a_poor_line_spoils_pictures_from_a_frame_on(start, changed):
    noise = np.random.default_rng(0).integers(0, 255, (3, 32, 48, 3), np.uint8)
    times = tuple(Fraction(k) for k in range(3))
    batch = FrameBatch(np.array([0, 10, 20]), times, noise)
    sent = PoorLine(0.5, 18, start)(batch).rgb
    assert sent.shape == noise.shape
    assert [bool((a != b).any()) for a, b in zip(sent, noise, strict=True)] == changed


def test_a_case_near_the_truth_keeps_no_other_moment(shots):
    planted = [c for c in swap_cases(shots, calibration(), np.random.default_rng(0)) if c.planted]
    clean = [
        c for c in swap_cases(shots, calibration(), np.random.default_rng(0)) if c.kind == "clean"
    ]
    assert max(len(c.rows) for c in planted) < min(len(c.rows) for c in clean)
    (nobody,) = case("clean", shots[0], shots[0].samples, (0,), None)
    assert not nobody.judged
