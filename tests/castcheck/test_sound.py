"""The annotated video keeps the sound, at the time it had."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from castcheck.config import Config
from castcheck.facts.report import ClipFacts, Report, ShotFacts
from castcheck.report import video
from tests.castcheck import support

FRAMES, RATE, SIZE = 48, 24, (64, 48)
HZ = 44_100
BEEP_S = 1.0  # silence before it


def write_clip(path, codec, *, starts_s=0, channels=1):
    """Two seconds of pictures, and a beep that begins after one second."""
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt = *SIZE, "yuv420p"
        layout = "mono" if channels == 1 else "5.1"
        sound = container.add_stream(codec, rate=HZ)
        sound.layout = layout
        for k in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(
                rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8), format="rgb24"
            )
            frame.pts, frame.time_base = k + starts_s * RATE, Fraction(1, RATE)
            container.mux(pictures.encode(frame))
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * HZ) / HZ)
        tone[: int(BEEP_S * HZ)] = 0
        resampler = av.AudioResampler(
            sound.codec_context.format, layout, HZ, sound.codec_context.frame_size or 1024
        )
        whole = av.AudioFrame.from_ndarray(
            np.tile(tone.astype(np.float32), (channels, 1)), format="fltp", layout=layout
        )
        whole.sample_rate, whole.pts = HZ, 0
        for piece in [*resampler.resample(whole), *resampler.resample(None)]:
            piece.pts += starts_s * HZ
            container.mux(sound.encode(piece))
        container.mux(pictures.encode())
        container.mux(sound.encode())
    return path


def annotate(clip, out):
    report = Report(
        ClipFacts(str(clip), "", *SIZE, FRAMES, f"{RATE}/1", FRAMES / RATE),
        "abstain",
        (ShotFacts(0, 0, FRAMES, 0.0, FRAMES / RATE, "start"),),
    )
    material = support.make_material(report, Config(), clip)
    return video.write(material, out, progress=lambda *_: None)


def beep_starts_s(path):
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            loud = np.abs(frame.to_ndarray().astype(float)).max(axis=0) > 0.1
            if loud.any():
                return float(frame.time) + int(loud.argmax()) / HZ, stream.codec_context
    raise AssertionError("silent")


@pytest.mark.parametrize(
    ("codec", "suffix", "starts_s", "channels", "becomes"),
    [
        pytest.param("aac", "mp4", 0, 1, "aac", id="copied"),
        pytest.param("aac", "mkv", 5, 1, "aac", id="copied from a clip that starts at 5 s"),
        pytest.param("libmp3lame", "mkv", 0, 1, "mp3float", id="copied MP3"),
        pytest.param("pcm_s16le", "mov", 0, 1, "aac", id="encoded anew"),
        pytest.param("pcm_s16le", "mkv", 5, 6, "aac", id="six channels become two"),
    ],
)
def test_keeps_the_sound_at_its_time(codec, suffix, starts_s, channels, becomes, tmp_path):
    clip = write_clip(tmp_path / f"in.{suffix}", codec, starts_s=starts_s, channels=channels)
    assert annotate(clip, tmp_path / "out.mp4") == ()
    start_s, context = beep_starts_s(tmp_path / "out.mp4")
    assert start_s == pytest.approx(BEEP_S, abs=0.5 / RATE)
    assert (context.name, context.channels) == (becomes, min(channels, 2))
    with av.open(str(tmp_path / "out.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([k / RATE for k in range(FRAMES)])


def test_a_silent_clip_stays_silent(tmp_path):
    clip = support.write_clip(tmp_path / "in.mp4", frames=FRAMES, size=SIZE)
    assert annotate(clip, tmp_path / "out.mp4") == ()
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


def test_sound_that_nothing_here_reads_is_told(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "in.mp4", "aac")

    def unknown(*_):
        raise av.DecoderNotFoundError(0, "Decoder not found")

    monkeypatch.setattr("castcheck.report.sound._first_picture_s", unknown)
    (note,) = annotate(clip, tmp_path / "out.mp4")
    assert note == "the sound is left out: it cannot be read (decoder not found)"
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == FRAMES
