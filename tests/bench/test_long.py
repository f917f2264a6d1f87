"""Long clips made of a minute: what is seen again and again is what was seen once."""

from __future__ import annotations

import numpy as np
import pytest

from bench import long as long_clips
from bench.long_judging import a_minute, again_and_again


@pytest.fixture(scope="module", params=["one", "cuts"])
def minute(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_clips, "FRAMES", 48)  # two seconds stand for a minute
        patch.setattr(long_clips, "SHOT_S", 1)
        seen, name = a_minute(cuts=request.param == "cuts", embedder="colour")
    return seen, name, request.param == "cuts"


@pytest.mark.parametrize("times", [1, 3])
def test_what_was_seen_comes_again(minute, times):
    seen, name, cuts = minute
    assert name == "colour"
    assert len(seen.shots) == (2 if cuts else 1)
    more = again_and_again(seen, times, cuts=cuts)
    assert len(more.frame_times_s) == times * 48
    assert [s.start_frame for s in more.shots] == [24 * k for k in range(2 * times)][
        :: 1 if cuts else 2 * times
    ]
    assert more.shots[-1].stop_frame == times * 48
    assert len(more.tracklets) == len(seen.tracklets) * (times if cuts else 1)
    assert sum(map(len, more.tracklets)) == times * sum(map(len, seen.tracklets))
    last, first = more.looks[-1], seen.looks[-1]
    rows = np.arange(len(last) - len(first), len(last))
    np.testing.assert_array_equal(
        last.rows("upper", rows), first.rows("upper", np.arange(len(first)))
    )
