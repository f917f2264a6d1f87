"""What a change of style is learnt from: what is planted, what only looks like it, and the fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.source_table import Entry
from identity.explanations.restyle import FEATURES
from scenes.errors import CastcheckError
from training.decisions.cases import Case, Kind
from training.restyle import Film, _cases_of_film, restyle_model

FPS = 12.0
COLOURS = list(FEATURES).index("colours")


def film(name="one", *, source="here", count=40, seed=0, cuts=()):
    """Return a still room of coloured patches, with two people who are patches too."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(60, 200, (9, 16, 1)) + rng.integers(-40, 40, (9, 16, 3))
    room = patches.repeat(15, axis=0).repeat(15, axis=1).clip(0, 255)
    grain = rng.normal(0, 2, (count, *room.shape))
    boxes = np.array([[20, 30, 80, 130], [140, 20, 200, 130]], np.float32)
    return Film(
        Entry(Path(f"{name}.mp4"), source, cuts),
        (room + grain).clip(0, 255).astype(np.uint8),
        [boxes] * count,
        FPS,
    )


def cases(own, other=None, seed=0):
    return list(_cases_of_film(own, other, np.random.default_rng(seed)))


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        pytest.param(film(), None, {"clean": 1, "planted": 3, "relit": 3}, id="a clip"),
        pytest.param(
            film(), film("two", source="there", seed=1),
            {"clean": 2, "planted": 3, "relit": 3}, id="and a cut to another source",
        ),
        pytest.param(
            film(), film("two", seed=1), {"clean": 1, "planted": 3, "relit": 3},
            id="no cut to the same source",
        ),
        pytest.param(film(count=8), None, {"clean": 1}, id="too short"),
        pytest.param(film(cuts=(20,)), None, {"clean": 1}, id="cut already"),
    ],
)  # fmt: skip
def test_what_a_clip_teaches(own, other, expected):
    assert Counter(case.kind for case in cases(own, other)) == expected


def test_planted_styles_show_and_light_does_not():
    made = [case for seed in range(4) for case in cases(film(), seed=seed)]
    grey = [c for c in made if c.clip.endswith("black and white")]
    light = [c for c in made if c.kind == "relit"]
    assert grey
    assert all(c.rows[:, COLOURS].max() > 1 for c in grey)
    assert all(c.rows[:, COLOURS].max(initial=0) < 0.8 for c in light)
    assert all(c.rows.shape[1:] == (len(FEATURES),) for c in made)


def test_a_cut_to_another_place_is_ruled_out_before_anything_is_weighed():
    (_, *_, cut) = cases(film(), film("two", source="there", seed=1))
    assert (cut.kind, cut.source) == ("clean", "here")
    assert cut.rows[:, COLOURS].max(initial=0) < 0.8


def made_up(source, *, planted, colours):
    row = np.zeros((1, len(FEATURES)))
    row[0, COLOURS] = colours
    kind: Kind = "planted" if planted else "clean"
    return Case(kind, source, source, (), row, np.zeros(1, np.int64))


def test_the_fit_believes_what_was_planted():
    rows = [
        made_up(f"source{k}", planted=planted, colours=planted * 1.5 + 0.02 * k)
        for k in range(8)
        for planted in (True, False)
    ]
    model, outcome = restyle_model(rows, prior=0.1, seed=0)
    weights = model["restyle"].weights
    assert weights["colours"] > 0
    assert weights["slope"] >= 0
    assert all((odds > 0) == c.planted for odds, c in zip(outcome.log_odds, rows, strict=True))
    with pytest.raises(CastcheckError, match="one source"):
        restyle_model([replace(row, source="here") for row in rows], prior=0.1, seed=0)
