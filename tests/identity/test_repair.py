"""Somebody in front is gone at once, and the tracker goes on with who was hidden behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from identity.tracks.repair import repair_id_switches
from tests.identity.people import FPS, looks, tracklet

FRAMES = list(range(40))
HIDDEN_FROM, GONE_FROM = 14, 20


def in_front(wears, *, then=(120, 70, 170, 190)):
    """Return who stands in front for 40 frames, of a box that jumps at frame 20 if asked to."""
    one = tracklet(0, FRAMES, at=(100, 60), size=(90, 170))
    xyxy = one.xyxy.copy()
    if then is not None:
        xyxy[GONE_FROM:] = then
    return replace(one, xyxy=xyxy), looks(FRAMES, wears, seed=0)


def behind(wears, *, at=(120, 70), until=HIDDEN_FROM):
    frames = FRAMES[:until]
    return tracklet(1, frames, at=at, size=(50, 120)), looks(frames, [wears] * until, seed=1)


BECOMES_B = ["A"] * GONE_FROM + ["B"] * (40 - GONE_FROM)


@pytest.mark.parametrize(
    ("bodies", "ends"),
    [
        pytest.param([in_front(BECOMES_B), behind("B")], [19, 39], id="gone before another"),
        pytest.param(
            [in_front(["A"] * 20 + [("A", "B", 0.77)] * 20, then=(80, 50, 230, 240)), behind("B")],
            [39, 13], id="a box around both, and looks on their way",
        ),
        pytest.param([in_front(["A"] * 40), behind("B")], [39, 13], id="only the box changes"),
        pytest.param(
            [in_front(BECOMES_B, then=None), behind("B")], [39, 13],
            id="the box stays: looks were exchanged",
        ),
        pytest.param([in_front(BECOMES_B), behind("C")], [39, 13], id="looks like a third"),
        pytest.param(
            [in_front(["A"] * 20 + [("A", "B", 0.4)] * 20), behind("B")], [39, 13],
            id="looks only a little like the other",
        ),
        pytest.param(
            [in_front(BECOMES_B), behind("B", at=(400, 70))], [39, 13], id="left elsewhere"
        ),
        pytest.param(
            [in_front(BECOMES_B), behind("B", until=40)], [39, 39], id="the other is there still"
        ),
        pytest.param([in_front(BECOMES_B)], [39], id="nobody behind"),
    ],
)  # fmt: skip
def test_who_was_hidden_gets_what_is_its_own(bodies, ends):
    tracklets, own = zip(*bodies, strict=True)
    fixed, seen = repair_id_switches(tracklets, own, fps=FPS)
    assert [int(t.frame[-1]) for t in fixed] == ends
    assert [len(looks_of) for looks_of in seen] == [len(t) for t in fixed]
    if ends == [19, 39]:
        assert fixed[1].frame.tolist() == [*range(HIDDEN_FROM), *range(GONE_FROM, 40)]
        assert np.allclose(fixed[1].xyxy[-1], (120, 70, 170, 190))
        again, _ = repair_id_switches(fixed, seen, fps=FPS)
        assert [t.frame.tolist() for t in again] == [t.frame.tolist() for t in fixed]
