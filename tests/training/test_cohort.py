"""Strangers are chosen from what is known without labels."""

from __future__ import annotations

import numpy as np
import pytest

from identity.evidence.samples import COMPARED, lay_out
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from scenes.errors import CastcheckError
from tests.identity.people import FPS, looks, tracklet
from training import cohort
from training.decisions.clips import Shot

FRAMES = list(range(60))


def shot_of(names: str, *, source: str = "s", relit: bool = False) -> Shot:
    pieces = [tracklet(k, FRAMES, at=(40 + 150 * k, 60)) for k in range(len(names))]
    seen = [looks(FRAMES, [name] * len(FRAMES), seed=k) for k, name in enumerate(names)]
    tracks = [make_body_track(c, pieces, seen) for c in link_tracklets(pieces, fps=FPS)]
    return Shot("c", source, lay_out(tracks, COMPARED, fps=FPS), "relit" if relit else "clean")


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(cohort, "CUES", ("body",))
    monkeypatch.setattr(cohort, "SIZE", 8)


def test_strangers_are_everybody_once_and_the_scale_is_that_of_people_seen_together():
    made = cohort.make_cohort([shot_of("ABCD"), shot_of("EFGH")], embedder_sha256="x", seed=0)
    assert made.embedder_sha256 == "x"
    # Every one of the eight is one of the strangers, and orthogonal to the others.
    assert np.abs(made.looks["body"] @ made.looks["body"].T) == pytest.approx(np.eye(8), abs=0.06)
    different, same = made.scales["body"]
    assert same == pytest.approx(1 - 1 / 8, abs=0.03)  # less what each shares with the eight
    assert different == pytest.approx(0 - 1 / 8, abs=0.03)


@pytest.mark.parametrize(
    "shots",
    [
        pytest.param([], id="nobody"),
        pytest.param([shot_of("ABCD")], id="too few"),
        pytest.param([shot_of("ABCD"), shot_of("EFGH", relit=True)], id="of another light"),
    ],
)
def test_too_few_people_are_one_clear_line(shots):
    with pytest.raises(CastcheckError, match="people show body"):
        cohort.make_cohort(shots, embedder_sha256="x", seed=0)


def test_the_lot_decides_who_is_chosen():
    shots = [shot_of("ABCDEFGH"), shot_of("ABCDEFGH", source="t")]
    one, again, other = (
        cohort.make_cohort(shots, embedder_sha256="x", seed=seed).looks["body"]
        for seed in (0, 0, 1)
    )
    assert (one == again).all()
    assert (one != other).any()
