"""The pictures of the page of kinds: frames, boxes in colours, and who should be there."""

from __future__ import annotations

import numpy as np

from bench.kinds import CAST_KINDS, HALF_PX, KINDS, SAMPLES, draw_cast, draw_pair, main
from castcheck.report.palette import rgb, style_of

SWAP = next(row for row in KINDS if row[0] == "swap")


def has(picture, colour):
    """Tell whether a colour is in a picture, somewhere."""
    return bool((np.abs(np.asarray(picture, np.int16) - rgb(colour)).sum(axis=2) < 6).any())


def test_each_half_shows_the_people_concerned_in_the_colour_of_their_look():
    _, stem, left, right, people = SWAP
    picture = draw_pair(SAMPLES / f"{stem}.mp4", left, right, people)
    assert picture.width > 2 * HALF_PX[0]
    halves = [picture.crop((x, 0, x + HALF_PX[0], picture.height)) for x in (0, HALF_PX[0] + 6)]
    for half in halves:
        assert [has(half, style_of(k).colour) for k in range(3)] == [False, True, True]
    nobody = draw_pair(SAMPLES / f"{stem}.mp4", left, right, ())
    assert not any(has(nobody, style_of(k).colour) for k in range(3))


def test_the_cast_stands_beside_the_frame():
    _, cast, frame, people = CAST_KINDS[-1]
    picture = draw_cast(SAMPLES, cast, frame, people)
    assert np.asarray(picture.crop((0, 60, *HALF_PX)))[..., 0].std() > 10


def test_no_samples_is_one_line(tmp_path, capsys):
    assert main(["-o", str(tmp_path / "out"), "--samples", str(tmp_path / "nowhere")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("bench.kinds: ")
    assert said.count("\n") == 1
