"""The planted bench: boxes from a truth, reasons of misses, and its tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.planted import prefix, tables, true_boxes, why_missed
from castcheck.facts.report import SegmentFacts, ShotFacts, TrackletFacts
from castcheck.planting.score import Judged
from tests.castcheck.support import pass_report

FRAMES = list(range(40))
LEFT, RIGHT = [10.0, 10.0, 60.0, 120.0], [80.0, 10.0, 130.0, 120.0]
AROUND = [10.0, 10.0, 130.0, 120.0]


def truth(kind: str = "swap") -> dict[str, Any]:
    def person(name: str, box: list[float]) -> dict[str, Any]:
        rows = [box] * len(FRAMES)
        track = {"frames": FRAMES, "boxes": rows, "amodal": rows, "look": [name] * len(FRAMES)}
        return {"person": name, "tracks": [track]}

    return {
        "clip": "a__s0__x.mp4", "fps": "16/1", "frames": 40, "shots": [{"start_frame": 0}],
        "people": [person("p0", LEFT), person("p1", RIGHT)],
        "events": [
            {"kind": kind, "people": ["p0", "p1"], "start_frame": 20, "stop_frame": 21}
        ],
    }  # fmt: skip


def report(*boxes: Any, cut: int | None = None):
    tracklets = tuple(
        TrackletFacts(k, 0, tuple(FRAMES), (tuple(box),) * 40, (0.9,) * 40,
                      (SegmentFacts(0, 40, None),))
        for k, box in enumerate(boxes)
    )  # fmt: skip
    shots = [ShotFacts(0, 0, 40, 0.0, 2.5, "start")]
    if cut is not None:
        shots = [ShotFacts(0, 0, cut, 0.0, 1.2, "start"), ShotFacts(1, cut, 40, 1.2, 2.5, "cut")]
    return replace(pass_report(), tracklets=tracklets, shots=tuple(shots), findings=())


ROW = Judged("a.mp4", "a", "swap", "open", error=True, instead="nothing")


@pytest.mark.parametrize(
    ("told", "row", "why"),
    [
        (report(LEFT, RIGHT), ROW, "not seen"),
        (report(LEFT), ROW, "no box"),
        (report(), ROW, "no box"),
        (report(AROUND), ROW, "two in one box"),
        (report(LEFT, RIGHT, cut=21), ROW, "taken for a cut"),
        (report(LEFT, RIGHT, cut=30), ROW, "not seen"),
        (report(LEFT, RIGHT), replace(ROW, instead="morph"), "told as morph"),
        (report(LEFT, RIGHT), replace(ROW, instead="wrong time"), "wrong time"),
    ],
)
def test_a_miss_has_the_first_reason_that_holds(told, row: Judged, why: str) -> None:
    assert why_missed(truth(), told, row, lambda: told) == why


def test_boxes_of_the_truth_are_those_of_everybody_by_frame() -> None:
    found = true_boxes(truth())
    assert found.frame.tolist() == sorted(FRAMES * 2)
    assert found.xyxy[:2].tolist() == [LEFT, RIGHT]
    assert len(true_boxes({"people": []})) == 0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_tables_hold_every_error_once(count: int) -> None:
    rows = [
        replace(ROW, found=k < 2, major=k < 1, strength=0.5, delay=1, seconds=3.0)
        for k in range(count)
    ]
    good = [replace(ROW, error=False, kind="clean", seconds=3.0)]
    made = tables([*rows, *good], Counter({("swap", "no box"): 1}))
    by_title = {table.title: table for table in made}
    last = by_title["Per kind and way"].rows[-1]
    assert (*last[1:3], last[5]) == (count, min(count, 2), min(count, 1))
    assert sum(row[1] for row in by_title["Recall against strength"].rows) == count
    assert by_title["Without an error"].rows[0][:3] == ("clean twins", 1, 0)
    assert all("|" in table.markdown() for table in made)


def test_sources_are_prefixes() -> None:
    assert [prefix(n) for n in ("by_01.mp4", "room_clean.mp4", "x.mp4")] == ["by", "studio", "x"]
    assert isinstance(true_boxes(truth()).xyxy, np.ndarray)
