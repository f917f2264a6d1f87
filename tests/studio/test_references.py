"""Errors against a cast file: who is drawn, who is listed, and that the file can be read."""

from __future__ import annotations

import pytest
from PIL import Image

pytest.importorskip("moderngl", reason="the studio extra is not installed")

from castcheck.cast.cast_file import read_cast
from studio.director import Wish, plant, stage_scene
from studio.references import CAST_FILE, cast_text, listed, still_scene
from studio.schedule import draw_list
from studio.stage import CAST_ERRORS


def scene():
    return stage_scene(
        25, name="clean", story="gather", people=3, frames=48, set_name="room"
    )  # fmt: skip


@pytest.mark.parametrize("kind", CAST_ERRORS)
def test_who_is_drawn_and_who_is_listed(kind):
    clean = scene()
    broken = plant(clean, Wish(kind), name="broken")
    (error,) = broken.errors
    who = error.people[0]
    assert (error.start_frame, error.stop_frame) == (0, clean.frames)
    for frame in (0, 20, 47):
        drawn = {figure.person: figure.shown_as for figure in draw_list(broken, frame)}
        whole = {figure.person: figure.shown_as for figure in draw_list(clean, frame)}
        expect = {
            "missing": {p: look for p, look in whole.items() if p != who},
            "unexpected": whole,
            "stranger": {**whole, who: error.people[-1]},
        }[kind]
        assert drawn == expect
    names = [look.name for look in listed(broken)]
    assert names == [look.name for look in clean.cast if kind != "unexpected" or look.name != who]


def test_stills_show_one_person_alone_and_no_error():
    broken = plant(scene(), Wish("stranger"), name="broken")
    look = broken.cast[0]
    stills = still_scene(broken, look, "park")
    assert stills.cast == (look,)
    assert stills.set_name != broken.set_name
    for frame in range(stills.frames):
        assert [f.look for f in draw_list(stills, frame)] == [look.name]


def test_castcheck_reads_what_the_studio_writes(tmp_path):
    for file in ("ben_front.jpg", "mei_front.jpg"):
        Image.new("RGB", (40, 120)).save(tmp_path / file)
    text = cast_text({"ben": ["ben_front.jpg"], "mei": ["mei_front.jpg"]})
    (tmp_path / CAST_FILE).write_text(text)
    assert [(one.name, len(one.references)) for one in read_cast(tmp_path)] == [
        ("ben", 1), ("mei", 1),
    ]  # fmt: skip
