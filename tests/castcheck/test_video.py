"""The annotated video: same pictures, same times, with everything found drawn on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from castcheck.config import Config
from castcheck.facts.report import ClipFacts, Report, ShotFacts
from castcheck.report import video
from castcheck.report.draw import Annotator, text_patch
from castcheck.report.palette import SEVERITY_COLOURS, rgb, style_of
from scenes.errors import VideoOpenError
from scenes.source import clip_sha256
from tests.castcheck import support


def annotate(report: Report, clip: Path, path: Path) -> list[av.VideoFrame]:
    seen: list[tuple[str, int, int | None]] = []
    report = replace(report, clip=replace(report.clip, sha256=clip_sha256(clip)))
    material = support.make_material(report, Config(), clip)
    video.write(material, path, progress=lambda *news: seen.append(news))
    assert seen[-1] == ("drawing the video", report.clip.frames, report.clip.frames)
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_has_every_frame_at_its_time_with_boxes_and_banners(tmp_path):
    report = support.full_report()
    clip = support.write_clip(tmp_path / "in.mp4", frames=150, size=(640, 360))
    frames = annotate(report, clip, tmp_path / "out.mp4")
    assert len(frames) == 150
    assert [f.time for f in frames] == pytest.approx([i / 24 for i in range(150)])
    assert (frames[0].width, frames[0].height) == (640, 360)
    plain, swapped = (frames[i].to_ndarray(format="rgb24").astype(int) for i in (30, 38))
    edge = plain[200, 78:85]  # the left edge of tracklet 0 lies at 60 + 0.7 * 30 px
    assert np.abs(edge - rgb(style_of(0).colour)).max(axis=1).min() < 50
    banner = swapped[-20, -40:].mean(axis=0)
    assert np.abs(banner - rgb(SEVERITY_COLOURS["critical"])).max() < 40
    assert np.abs(plain[-20, -40:].mean(axis=0) - banner).max() > 40


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (65, 49), (18, 200)])
def test_any_size_becomes_an_even_one(size, tmp_path):
    width, height = size
    clip = tmp_path / "in.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgr0"
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    report = Report(
        ClipFacts(str(clip), "", width, height, 3, "10/1", 0.3),
        "abstain",
        (ShotFacts(0, 0, 3, 0.0, 0.3, "start"),),
    )
    frames = annotate(report, clip, tmp_path / "out.mp4")
    assert len(frames) == 3
    assert frames[0].width % 2 == frames[0].height % 2 == 0
    assert frames[0].width - width in range(16)


def test_a_varying_rate_is_kept(tmp_path):
    times = [Fraction(n, 1000) for n in (0, 40, 80, 300, 340, 900)]
    clip = tmp_path / "in.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for time in times:
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = int(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    report = Report(
        ClipFacts(str(clip), "", 64, 48, 6, "25/1", 0.94),
        "abstain",
        (ShotFacts(0, 0, 6, 0.0, 0.94, "start"),),
        frame_times_s=tuple(map(float, times)),
    )
    frames = annotate(report, clip, tmp_path / "out.mp4")
    assert [f.time for f in frames] == pytest.approx(list(map(float, times)), abs=0.002)


def test_a_clip_that_went_away_is_one_clear_line(tmp_path):
    material = support.make_material(support.full_report(), Config(), tmp_path / "gone.mp4")
    with pytest.raises(VideoOpenError, match="no such file"):
        video.write(material, tmp_path / "out.mp4", progress=lambda *news: None)


def test_drawing_stays_inside_tiny_pictures():
    picture = np.zeros((8, 6, 3), np.uint8)
    annotator = Annotator(support.full_report(), width_px=6, height_px=8)
    for frame in (0, 38, 66, 120, 149):
        annotator.draw(picture, frame)
    assert picture.any()


def test_a_long_banner_ends_in_an_ellipsis_and_a_name_it_cannot_draw_is_left_out():
    assert text_patch("word " * 80, 14, "#000000", "#FFFFFF", width_px=120).shape == (21, 120, 3)
    assert video.fitting_size(7680, 4320) == (3840, 2160)


def test_who_may_be_nobody_has_a_dashed_box():
    picture = np.zeros((360, 640, 3), np.uint8)
    annotator = Annotator(support.full_report(), width_px=640, height_px=360)
    annotator.draw(picture, 80)
    report = support.full_report()
    shares = []
    for number in (2, 6):  # one the detector is sure of, one it is not
        tracklet = next(t for t in report.tracklets if t.id == number)
        x1, y1, _, y2 = (round(v) for v in tracklet.boxes[tracklet.frames.index(80)])
        shares.append(float(picture[y1 + 20 : y2 - 20, x1].any(axis=1).mean()))
    assert shares[0] == 1
    assert 0.3 < shares[1] < 0.7
