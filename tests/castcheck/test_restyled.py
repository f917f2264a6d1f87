"""A clip whose style changes, read from a file: told once; light and cuts to elsewhere are not."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest

import castcheck
from castcheck.planting.restyled import STYLES
from castcheck.planting.video import write_clip
from scenes.source import open_source

SAMPLES = Path(__file__).parents[2] / "sample_videos"
SIZE = (428, 240)
COUNT, AT = 48, 24  # the first shot of the clip
CONFIG = {"run": {"embedder": "colour", "device": "cpu"}, "shots": {"method": "content"}}


@lru_cache(maxsize=2)
def sample(name):
    """Return small pictures of a sample clip, and its boxes of each picture."""
    with open_source(SAMPLES / f"{name}.mp4") as source:
        pictures = np.concatenate([batch.rgb for batch in source.batches(16)])[:COUNT]
        wide = source.info.width_px
    small = [cv2.resize(p, SIZE, interpolation=cv2.INTER_AREA) for p in pictures]
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text())
    rows = [
        (frame, np.array(box) * SIZE[0] / wide)
        for person in truth["people"]
        for track in person["tracks"]
        for frame, box in zip(track["frames"], track["boxes"], strict=True)
        if frame < COUNT
    ]
    return small, rows


def judged(tmp_path, change, *, first="park_clean", second=None, skip=0, score=0.9):
    """Return the findings about all of the picture, and the others that are not minor."""
    pictures, rows = sample(first)
    shown = [p for k, p in enumerate(pictures) if not AT <= k < AT + skip]
    rows = [(k - skip if k >= AT else k, b) for k, b in rows if not AT <= k < AT + skip]
    if second is not None:
        other, others = sample(second)
        shown[AT:] = other[: COUNT - AT]
        rows = [row for row in rows if row[0] < AT]
        rows += [(k + AT, b) for k, b in others if k < COUNT - AT]
    changed = [change(p, k - AT) for k, p in enumerate(shown)]
    write_clip(tmp_path / "clip.mp4", changed, rate=Fraction(24))
    lines = [
        f"{k + 1},-1,{x1},{y1},{x2 - x1},{y2 - y1},{score}" for k, (x1, y1, x2, y2) in sorted(
            rows, key=lambda row: row[0]
        )
    ]  # fmt: skip
    (tmp_path / "boxes.txt").write_text("\n".join(lines) + "\n")
    config = {**CONFIG, "run": {**CONFIG["run"], "detector": str(tmp_path / "boxes.txt")}}
    report = castcheck.check(tmp_path / "clip.mp4", config=config)
    whole = [f for f in report.findings if f.evidence.get("whole_picture")]
    return whole, [f for f in report.at_or_above("major") if f not in whole]


def style(name, over=1):
    def change(picture, after):
        share = float(after >= 0) if over == 1 else float(np.clip(after / over + 0.5, 0, 1))
        mixed = picture * (1 - share) + STYLES[name](picture) * share if share else picture
        return np.asarray(mixed, np.uint8)

    return change


def light(gain, over=12):
    def change(picture, after):
        share = float(np.clip(after / over, 0, 1))
        return np.asarray((picture * np.array(gain) ** share).clip(0, 255), np.uint8)

    return change


def flash(picture, after):
    share = {0: 0.8, 1: 0.5, 2: 0.2}.get(after, 0.0)
    return np.asarray(picture * (1 - share) + 255 * share, np.uint8)


def fade(picture, after):
    return np.asarray(picture * min(abs(after) / 12, 1), np.uint8)


@pytest.mark.parametrize(
    ("change", "skip"),
    [
        pytest.param(style("black and white"), 0, id="at once"),
        pytest.param(style("sepia", over=8), 0, id="over eight pictures"),
        pytest.param(style("black and white"), 2, id="over a cut in the same set-up"),
    ],
)
def test_a_change_of_style_is_one_finding(tmp_path, change, skip):
    whole, others = judged(tmp_path, change, skip=skip)
    (found,) = whole
    assert (found.kind, found.severity) == ("morph", "major")
    assert abs(found.start_frame - AT) <= 3
    assert "style" in found.message
    assert len(found.characters) >= 2
    assert others == []


def test_how_sure_boxes_are_says_nothing_of_the_whole_picture(tmp_path):
    (sure,), _ = judged(tmp_path, style("black and white"))
    (found,), _ = judged(tmp_path, style("black and white"), score=0.35)
    assert found.evidence["box_score"] < sure.evidence["box_score"]
    assert (found.severity, found.confidence) == (sure.severity, sure.confidence)


@pytest.mark.parametrize(
    ("change", "more"),
    [
        pytest.param(lambda p, _: p, {}, id="nothing changes"),
        pytest.param(light((2.0, 2.0, 2.0)), {}, id="lighter"),
        pytest.param(light((0.4, 0.4, 0.4), over=1), {}, id="a lamp goes out"),
        pytest.param(flash, {}, id="a flash"),
        pytest.param(fade, {}, id="a fade to black and back"),
        pytest.param(lambda p, _: p, {"second": "street_clean"}, id="a cut to another place"),
        pytest.param(
            style("black and white"),
            {"second": "street_clean"},
            id="another place in another style",
        ),
    ],
)
def test_light_and_other_places_are_no_change_of_style(tmp_path, change, more):
    assert judged(tmp_path, change, **more)[0] == []
