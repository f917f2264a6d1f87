from __future__ import annotations

import numpy as np
import pytest

from identity.cast import build_cast
from identity.segments import make_segment
from identity.settings import CastSettings
from tests.identity.people import calibration, looks, tracklet

LONG = list(range(100))
SOMEBODY = {"frames": LONG}


@pytest.mark.parametrize(
    ("beside", "in_cast"),
    [
        pytest.param({"frames": LONG}, True, id="as long, as large, as sure"),
        pytest.param({"frames": LONG[:10]}, False, id="briefly"),
        pytest.param({"frames": LONG[:13]}, True, id="not quite as briefly"),
        pytest.param({"frames": LONG, "size": (20, 50)}, False, id="small"),
        pytest.param({"frames": LONG, "size": (20, 60)}, True, id="not quite as small"),
        pytest.param({"frames": LONG, "score": 0.4}, False, id="never sure"),
        pytest.param({"frames": LONG, "score": 0.56}, True, id="always a little sure"),
        pytest.param({"frames": LONG, "score": [0.3] * 85 + [0.7] * 15}, True, id="sure at times"),
        pytest.param({"frames": LONG, "score": [0.3] * 95 + [0.7] * 5}, False, id="sure by chance"),
    ],
)
def test_who_is_in_the_cast_and_who_is_background(beside, in_cast):
    segments = []
    for number, (name, facts) in enumerate((("A", SOMEBODY), ("B", beside))):
        own = tracklet(number, at=(60 + 150 * number, 60), **facts)
        frames = facts["frames"]
        seen = looks(frames, [name] * len(frames), seed=number)
        segments.append(make_segment(own, seen, 0, len(frames)))
    cast = build_cast(segments, np.ones((1, 1), np.float32), calibration(), CastSettings())
    assert cast.labels.tolist() == [0, 1 if in_cast else -1]


def test_nobody_at_all_is_no_cast():
    cast = build_cast([], np.zeros((0, 0), np.float32), calibration(), CastSettings())
    assert (cast.labels.tolist(), cast.character_count) == ([], 0)
