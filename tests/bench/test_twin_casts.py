"""A cast for planted clips: who is in the clean twin, where that is everybody."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bench import twin_casts
from bench.twin_casts import TwinCasts, chosen_boxes
from castcheck.cast.cast_file import CastFileError


def person(name, *tracks):
    return {
        "person": name,
        "tracks": [
            {"frames": list(frames), "boxes": [None if k in gone else [k, 0, 9, 9] for k in frames]}
            for frames, gone in tracks
        ],
    }


@pytest.mark.parametrize(
    ("people", "chosen"),
    [
        pytest.param([], {}, id="no one"),
        pytest.param([person("ann", (range(1), ()))], {"ann": [0]}, id="one picture"),
        pytest.param([person("ann", (range(8), ()))], {"ann": [2, 6]}, id="eight"),
        pytest.param([person("ann", (range(8), range(4)))], {"ann": [5, 7]}, id="hidden at first"),
        pytest.param([person("ann", (range(2), range(2)))], {}, id="hidden all the time"),
        pytest.param([person("ann", (range(4, 8), ()), (range(4), ()))], {"ann": [2, 6]},
                     id="two tracks"),
        pytest.param([person("ann", (range(4), ())), person("ben", (range(2), ()))],
                     {"ann": [1, 3], "ben": [0, 1]}, id="two people"),
    ],
)  # fmt: skip
def test_boxes_that_pictures_are_cut_from(people, chosen):
    found = chosen_boxes({"people": people})
    assert {name: [frame for frame, _ in own] for name, own in found.items()} == chosen


TRUTH = {"people": [person("ann", (range(8), ())), person("ben", (range(8), ()))], "events": []}


@pytest.mark.parametrize(
    ("clip", "refused", "accused", "names"),
    [
        pytest.param("a__s0__swap", (), [], ["ann", "ben"], id="its twin's"),
        pytest.param("a__s0__clean", (), [], ["ann", "ben"], id="the twin's own"),
        pytest.param("a__s1__swap", (), [], None, id="no twin"),
        pytest.param("a__s0__swap", (2,), [], ["ann", "ben"], id="one picture will do"),
        pytest.param("a__s0__swap", (2, 6), [], None, id="no picture of anybody"),
        pytest.param("a__s0__swap", (), ["unexpected"], None, id="somebody passes by"),
        pytest.param("a__s0__swap", (), ["morph"], ["ann", "ben"], id="of another kind"),
    ],
)
def test_casts(clip, refused, accused, names, monkeypatch, capsys):
    def views_of(crop, models, config):
        if int(crop[0, 0, 0]) in refused:
            raise CastFileError("shows 2 characters", where="one.png")
        return (SimpleNamespace(),)

    report = SimpleNamespace(at_or_above=lambda _: [SimpleNamespace(kind=k) for k in accused])
    made = []

    def report_on(twin, seen, *, config, models):
        made.append(twin.stem)
        return SimpleNamespace(report=report)

    monkeypatch.setattr(twin_casts, "views_of", views_of)
    monkeypatch.setattr(twin_casts, "report_on", report_on)
    monkeypatch.setattr(twin_casts, "replace", lambda models, **_: models)
    monkeypatch.setattr(twin_casts, "observations", lambda *_, **__: (None, None))
    monkeypatch.setattr(
        twin_casts, "frames_of",
        lambda _, frames: ((f, np.full((9, 9, 3), f, np.uint8)) for f in sorted(frames)),
    )  # fmt: skip
    casts = TwinCasts({Path("a__s0__clean.mp4"): TRUTH}, None, None, None)
    for _ in range(2):
        cast = casts.of(Path(f"{clip}.mp4"))
        assert (None if cast is None else [m.name for m in cast.members]) == names
    assert len(made) <= 1
    assert capsys.readouterr().err.count("no complete cast") == (names is None)
