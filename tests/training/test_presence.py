"""Which clips of a planted set teach who vanishes, and which of them are good."""

from __future__ import annotations

import json

import pytest

from scenes.errors import CastcheckError
from training.presence import takes_of


def write(folder, name, *events, source="ab_01.mp4"):
    """Write the truth of one clip; each event is its kind and whether it is a look-alike."""
    said = [
        {"kind": kind, "people": [], "start_frame": 3, "stop_frame": 9, "look_alike": legal}
        for kind, legal in events
    ]
    truth = {
        "events": said,
        "people": [],
        "planted": {"source": source},
        "fps": "24/1",
        "frames": 9,
        "shots": [],
    }
    (folder / f"{name}.truth.json").write_text(json.dumps(truth), encoding="utf-8")


@pytest.mark.parametrize(
    ("events", "expect"),
    [
        pytest.param([("vanish", False)], ["wrong"], id="vanishes"),
        pytest.param([("pop_in", False)], ["wrong"], id="appears"),
        pytest.param([], ["good"], id="clean"),
        pytest.param([("whip_pan", True)], ["good"], id="legal look-alike"),
        pytest.param([("morph", False)], [], id="another error"),
    ],
)
def test_what_a_planted_clip_teaches(tmp_path, events, expect):
    write(tmp_path, "one", *events)
    takes = list(takes_of(tmp_path, {}))
    assert ["good" if take.truth is None else "wrong" for take in takes] == expect
    assert [take.clip.name for take in takes] == ["one.mp4"] * len(expect)


@pytest.mark.parametrize(
    ("name", "known", "source"),
    [
        pytest.param("ab_01.mp4", {}, "ab", id="before the first underscore"),
        pytest.param("park_clean.mp4", {}, "park", id="a sample"),
        pytest.param("r001.mp4", {"r001.mp4": "owner/films"}, "owner/films", id="known"),
    ],
)
def test_whose_source_it_is(tmp_path, name, known, source):
    write(tmp_path, "one", source=name)
    (take,) = takes_of(tmp_path, known)
    assert take.source == source


def test_a_folder_without_planted_clips(tmp_path):
    with pytest.raises(CastcheckError, match="no planted clips"):
        list(takes_of(tmp_path, {}))
