"""A portrait on a wall makes no character; who stands in its place and hardly moves does.

Both clips are put together of the sample clips: a window with somebody who talks, and beside it a
frame with somebody in it, painted or alive.
"""

from __future__ import annotations

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from castcheck.api import check
from tracker import boxes

SAMPLES = Path(__file__).parents[2] / "sample_videos"
RATE, FRAMES, SIZE = 24, 72, (640, 480)
TALKS, STANDS = ("room_clean", 1), ("cafe_clean", 0)  # clip, and who from the left in its shot
WINDOW, FRAME, INNER = (60, 30), (380, 30), (200, 400)  # upper left corners, width and height
SLOWED = 12  # who stands very still: a sample played so much slower
GRAIN = 3.0  # grey levels, in every pixel anew


def window(name: str, place: int) -> np.ndarray:
    """Return the pictures of a sample's first shot around the person at a place from the left."""
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))
    tracks = [track for person in truth["people"] for track in person["tracks"]]
    at_first = [t["boxes"][t["frames"].index(0)] for t in tracks if 0 in t["frames"]]
    x1, y1, x2, y2 = sorted(at_first, key=lambda box: box[0])[place]
    top, bottom = round(y1) - 12, round(y2) + 8
    width = (bottom - top) // 2
    left = round((x1 + x2) / 2) - width // 2
    pictures = []
    with av.open(str(SAMPLES / f"{name}.mp4")) as container:
        for index, picture in enumerate(container.decode(video=0)):
            if index == truth["shots"][0]["stop_frame"]:
                break
            part = picture.to_ndarray(format="rgb24")[top:bottom, left : left + width]
            pictures.append(cv2.resize(part, INNER, interpolation=cv2.INTER_AREA))
    return np.stack(pictures)


def write(path: Path, *, alive: bool) -> Path:
    """Put a clip together, and return its path."""
    talks, stands = window(*TALKS), window(*STANDS)
    width, height = SIZE
    wall = np.zeros((height, width, 3), np.uint8)
    wall[:] = (np.linspace(170, 200, width)[None, :, None] + np.array([0, -6, -16])).astype(
        np.uint8
    )
    grain = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(FRAMES):
            rgb = wall.copy()
            shown = stands[index // SLOWED] if alive else stands[0]
            for (x, y), inner in ((WINDOW, talks[min(index, len(talks) - 1)]), (FRAME, shown)):
                rgb[y - 8 : y + 408, x - 8 : x + 208] = (70, 50, 30)
                rgb[y : y + 400, x : x + 200] = inner
            noisy = np.clip(rgb + grain.normal(0, GRAIN, rgb.shape), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("alive", "characters"), [(False, 1), (True, 2)])
def test_a_portrait_is_nobody(alive, characters, tmp_path):
    clip = write(tmp_path / "wall.mp4", alive=alive)
    report = check(clip, config={"run": {"detector": "bundled", "embedder": "bundled"}})
    assert len(report.characters) == characters
    (x, y), (width, height) = FRAME, INNER
    framed = np.array([[x, y, x + width, y + height]], np.float32)
    middles = [np.median(t.boxes, axis=0).astype(np.float32)[None] for t in report.tracklets]
    assert any(boxes.covered(box, framed)[0, 0] > 0.5 for box in middles) is alive
    assert not report.findings
