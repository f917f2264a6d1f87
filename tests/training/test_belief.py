from __future__ import annotations

import numpy as np
import pytest

from bench.labelled import Labelled
from tracker.detections import Detections
from training.belief import Seen, fit, sources_left_out

BODY, HEAD, DOUBLE = [100, 20, 180, 170], [125, 22, 155, 60], [60, 20, 175, 175]
PAIR, ONE, TWO = [200, 20, 310, 170], [201, 22, 254, 170], [256, 22, 309, 170]
HEADS = [[212, 24, 240, 60, 0.5], [270, 24, 298, 60, 0.2]]


def found(rows):
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(
        np.zeros(len(table), np.int64), table[:, :4], table[:, 4], np.zeros(len(table), np.int32)
    )


def picture(clip, people):
    return Labelled(
        clip, 0, np.zeros((180, 320, 3), np.uint8), np.array(people, np.float32).reshape(-1, 4),
        np.zeros((0, 4), np.float32),
    )  # fmt: skip


def seen(source, people, bodies, heads, again=None):
    return Seen(picture(f"{source}_01", people), True, found(bodies), found(heads), again)


@pytest.fixture
def pictures():
    """Somebody with a head who is doubted, beside a surer box around nobody."""
    return [
        seen(
            source,
            [BODY],
            [[*BODY, 0.4 + 0.01 * k], [10, 90, 40, 130, 0.5 + 0.01 * k]],
            [[*HEAD, 0.6]],
        )
        for source in ("a", "b", "c")
        for k in range(4)
    ]


def test_a_head_speaks_for_a_body_and_a_surer_box_never_does(pictures):
    weights = fit(pictures)
    assert weights["head"] > 0
    assert weights["overlaps_surer"] <= 0
    assert weights["inside_surer"] <= 0


def test_sources_left_out_show_what_the_weights_gain(pictures):
    rows = sources_left_out(pictures)
    assert set(rows) == {"earlier", "earlier, as the network scores"}
    assert rows["earlier, as the network scores"]["recall_at_p90"] == 0.0
    assert rows["earlier"]["recall_at_p90"] == 1.0


@pytest.mark.parametrize(("looked_again", "merged"), [(False, 1.0), (True, 0.0)])
def test_the_second_look_is_counted(looked_again, merged, pictures):
    both = (found([[*ONE, 0.9], [*TWO, 0.9]]), found([[*row[:4], 0.9] for row in HEADS]))
    again = both if looked_again else None
    people = [[200, 32, 257, 170], [253, 32, 310, 170]]
    pair = [seen(s, people, [[*PAIR, 0.9]], HEADS, again) for s in "ab"]
    wide = [seen(s, [PAIR], [[*PAIR, 0.9]], HEADS[:1]) for s in "abcabcabc"]
    rows = sources_left_out([*pictures, *pair, *wide])
    assert rows["earlier"]["two_in_one_box"] == merged
