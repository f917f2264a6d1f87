"""One contract for every source: whatever the file, the pictures come the same way."""

from __future__ import annotations

import hashlib
import threading
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from scenes import video_open
from scenes.errors import CastcheckError, FrameDecodeError, VideoOpenError
from scenes.frames import BATCH_LIMIT_BYTES, FrameBatch, batch_length
from scenes.source import clip_sha256, open_source
from tests.scenes import clips


@pytest.fixture(params=list(clips.MAKERS))
def clip(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return clips.MAKERS[request.param](tmp_path)


def read(path: Path, size: int = 5) -> tuple[list[FrameBatch], Fraction, tuple[str, ...]]:
    with open_source(path) as source:
        batches = list(source.batches(size))
        return batches, source.end_s, source.degradations


def test_contract(clip: Path) -> None:
    with open_source(clip) as source:
        assert source.end_s == 0
        batches = list(source.batches(5))
        info = source.info
        assert [len(b) for b in batches] == [5, 5, 2]
        assert np.concatenate([b.index for b in batches]).tolist() == list(range(12))
        for batch in batches:
            assert batch.rgb.shape[1:] == (info.height_px, info.width_px, 3)
        times = [t for b in batches for t in b.time_s]
        assert all(isinstance(t, Fraction) for t in times)
        assert times[0] == 0
        assert all(a < b for a, b in pairwise(times))
        assert source.end_s > times[-1]
        # Containers that count in milliseconds cannot say 1/24 s exactly.
        assert abs(source.end_s - 12 / info.rate) < Fraction(3, 1000) if info.rate else True
        assert source.degradations == ()
        assert info.codec
        with pytest.raises(RuntimeError, match="twice"):
            source.batches(5)
    grey = [float(p[p.shape[0] // 2 :].mean()) for b in batches for p in b.rgb]
    assert all(a < b for a, b in pairwise(grey)), "pictures out of order"


@pytest.mark.parametrize("size", [1, 7, 64])
def test_batch_size_changes_nothing(size: int, tmp_path: Path) -> None:
    path = clips.MAKERS["h264-mp4"](tmp_path)
    batches, end_s, _ = read(path, size)
    whole, whole_end_s, _ = read(path, 1000)
    assert end_s == whole_end_s
    assert np.array_equal(np.concatenate([b.rgb for b in batches]), whole[0].rgb)
    assert [t for b in batches for t in b.time_s] == list(whole[0].time_s)


@pytest.mark.parametrize(
    "only",
    [
        pytest.param([], id="none"),
        pytest.param([0], id="the first"),
        pytest.param([11], id="the last"),
        pytest.param([2, 3, 4, 9], id="more than a batch"),
        pytest.param([7, 99], id="one that is not there"),
    ],
)
def test_some_pictures_alone_are_as_in_the_whole(clip: Path, only: list[int]) -> None:
    with open_source(clip) as source:
        some = list(source.batches(3, only=only))
    whole = {
        int(i): (time_s, rgb)
        for batch in read(clip)[0]
        for i, time_s, rgb in zip(batch.index, batch.time_s, batch.rgb, strict=True)
    }
    wanted = [i for i in only if i in whole]
    assert [i for batch in some for i in batch.index.tolist()] == wanted
    assert [len(batch) for batch in some[:-1]] == [3] * (len(some) - 1)
    for batch in some:
        for i, time_s, rgb in zip(batch.index.tolist(), batch.time_s, batch.rgb, strict=True):
            assert time_s == whole[i][0]
            assert np.array_equal(rgb, whole[i][1])


def test_reading_ends_with_the_last_picture_wanted(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "long.mp4", clips.stairs(200))
    with open_source(path) as source:
        list(source.batches(8, only=[3, 5]))
        assert source.end_s == Fraction(6, 24)


def test_a_size_below_one_is_refused(clip: Path) -> None:
    with open_source(clip) as source, pytest.raises(ValueError, match="at least 1"):
        source.batches(0)


def test_a_reader_that_raises_at_once_does_not_hang(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "long.mp4", clips.stairs(600))
    before = threading.active_count()

    def fail_on_the_first_batch() -> None:
        with open_source(path) as source:
            for _ in source.batches(4):
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_on_the_first_batch()
    assert threading.active_count() == before


def test_the_reader_may_keep_its_batches(tmp_path: Path) -> None:
    with open_source(clips.MAKERS["h264-mp4"](tmp_path)) as source:
        kept = [(b, b.rgb.copy()) for b in source.batches(3)]
    assert all(np.array_equal(batch.rgb, copy) for batch, copy in kept)


def test_times_of_a_variable_rate_are_exact(tmp_path: Path) -> None:
    stamps = [80, 120, 123, 500, 540]
    path = clips.write_clip(tmp_path / "v.mkv", clips.stairs(5), pts_ms=stamps)
    batches, _, degradations = read(path)
    assert [t * 1000 for t in batches[0].time_s] == [s - 80 for s in stamps]
    assert degradations == ()


def test_the_end_is_exact(tmp_path: Path) -> None:
    _, end_s, _ = read(clips.write_clip(tmp_path / "a.mp4", clips.stairs(7), rate=30))
    assert end_s == Fraction(7, 30)


def test_a_single_picture_is_a_clip(tmp_path: Path) -> None:
    batches, end_s, degradations = read(clips.write_clip(tmp_path / "a.mp4", clips.stairs(1)))
    assert len(batches) == len(batches[0]) == 1
    assert (end_s, degradations) == (Fraction(1, 24), ())


@pytest.mark.parametrize(
    ("matrix", "corner", "size"),
    [
        pytest.param((1, 0, 0, 1), (0, 0), (96, 64), id="upright"),
        pytest.param((0, 1, -1, 0), (0, -1), (64, 96), id="90-clockwise"),
        pytest.param((-1, 0, 0, -1), (-1, -1), (96, 64), id="180"),
        pytest.param((0, -1, 1, 0), (-1, 0), (64, 96), id="270-clockwise"),
        pytest.param((-1, 0, 0, 1), (0, -1), (96, 64), id="mirrored"),
    ],
)
def test_pictures_are_turned(
    matrix: tuple[int, int, int, int],
    corner: tuple[int, int],
    size: tuple[int, int],
    tmp_path: Path,
) -> None:
    path = clips.turn(clips.write_clip(tmp_path / "a.mov", clips.stairs(3)), matrix)
    with open_source(path) as source:
        assert (source.info.width_px, source.info.height_px) == size
        (batch,) = source.batches(8)
    red, green, _ = (int(v) for v in batch.rgb[0][corner])
    assert red > 150, "the red corner is elsewhere"
    assert green < 80


def test_ten_bits_keep_their_brightness(tmp_path: Path) -> None:
    path = clips.MAKERS["hevc-10-bit"](tmp_path)
    batches, _, _ = read(path)
    assert np.allclose(batches[0].rgb[0][-8:, -8:], clips.PICTURES[0][-8:, -8:], atol=3)


def test_8k_is_read_in_bounded_batches() -> None:
    length = batch_length(64, width_px=7680, height_px=4320)
    assert 1 <= length < 64
    assert length * 7680 * 4320 * 3 <= BATCH_LIMIT_BYTES
    assert batch_length(2, width_px=100_000, height_px=100_000) == 1


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = clips.MAKERS["h264-mp4"](tmp_path)
    assert clip_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_digest_of_a_folder_follows_its_pictures(tmp_path: Path) -> None:
    one = clips.picture_folder(tmp_path / "one", clips.stairs(3))
    two = clips.picture_folder(tmp_path / "two", clips.stairs(3))
    assert clip_sha256(one) == clip_sha256(two)
    (two / "f2.png").rename(two / "f4.png")
    assert clip_sha256(one) != clip_sha256(two)


# Damage


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.avi", "a.mp4"])
def test_what_lies_before_the_damage_is_read(name: str, tmp_path: Path) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    rng = np.random.default_rng(0)
    noise = list(rng.integers(0, 255, (48, 64, 96, 3), dtype=np.uint8))
    # An mp4 has its index in front, as one for the web does; else nothing could be read.
    options = {"movflags": "faststart"} if name.endswith("mp4") else None
    path = clips.write_clip(tmp_path / name, noise, codec=codec, options=options)
    whole, _, _ = read(path, 100)
    batches, end_s, degradations = read(clips.cut_off(path, 0.6), 100)
    assert 0 < len(batches[0]) < 48
    assert np.array_equal(batches[0].rgb, whole[0].rgb[: len(batches[0])])
    assert end_s < 2
    assert degradations


def test_damage_in_the_middle_leaves_out_what_depends_on_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = list(rng.integers(0, 255, (48, 64, 96, 3), dtype=np.uint8))
    path = clips.write_clip(tmp_path / "a.mp4", noise)
    whole, _, _ = read(path, 100)
    data = bytearray(path.read_bytes())
    # Longer than one coded picture, so that a length field is hit: H.264 has no checksum, and noise
    # inside a slice may decode without complaint (which bytes lie there depends on the machine).
    middle, run = len(data) // 2, 2 * len(data) // len(noise)
    data[middle : middle + run] = rng.integers(0, 255, run, dtype=np.uint8).tobytes()
    path.write_bytes(data)
    runs = [read(path, size) for size in (100, 3)]
    assert runs[0][2] == runs[1][2]
    assert "damaged pictures left out" in runs[0][2][0]
    kept = runs[0][0][0]
    assert np.array_equal(kept.rgb, whole[0].rgb[: len(kept)])


# Bad input


def _make_bad(kind: str, folder: Path) -> Path:  # noqa: C901 (a table)
    path = folder / "clip.mp4"
    if kind == "empty-file":
        path.write_bytes(b"")
    elif kind == "text-named-mp4":
        path.write_text("hello\n" * 500)
    elif kind == "text":
        path = folder / "notes.txt"
        path.write_text("hello\n" * 500)
    elif kind == "photograph":
        path = folder / "poster.jpg"
        Image.effect_noise((200, 200), 90).save(path)  # a short JPEG passes for one of a camera
    elif kind == "empty-folder":
        path = folder / "empty"
        path.mkdir()
    elif kind == "folder-without-pictures":
        path = folder / "papers"
        path.mkdir()
        (path / "notes.txt").write_text("hello")
    elif kind == "clips-with-posters":
        path = clips.picture_folder(folder / "renders", clips.stairs(3))
        (path / "take.MP4").write_bytes(b"")
    elif kind == "sound":
        clips.write_sound(path)
    elif kind == "no-index":
        clips.cut_off(clips.write_clip(path, clips.stairs(20)), 0.5)
    elif kind == "nothing-decodable":
        data = bytearray(clips.write_clip(path, clips.stairs(1)).read_bytes())
        at = data.index(b"mdat") + 4
        stop = data.index(b"moov") - 4
        data[at:stop] = bytes(stop - at)
        path.write_bytes(data)
    elif kind == "broken-picture":
        path = clips.picture_folder(folder / "pictures", clips.stairs(3))
        (path / "f1.png").write_bytes(b"not a picture")
    elif kind == "nul-in-name":
        path = Path("a\0b.mp4")
    return path


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        pytest.param("missing", VideoOpenError, "no such file", id="missing"),
        pytest.param("empty-file", VideoOpenError, "the file is empty", id="empty-file"),
        pytest.param("text-named-mp4", VideoOpenError, "not a video", id="text-named-mp4"),
        pytest.param("text", VideoOpenError, "a text file", id="text"),
        pytest.param("photograph", VideoOpenError, "a single picture", id="photograph"),
        pytest.param("empty-folder", VideoOpenError, "holds no pictures", id="empty-folder"),
        pytest.param("folder-without-pictures", VideoOpenError, "holds no pictures", id="papers"),
        pytest.param(
            "clips-with-posters", VideoOpenError, r"clips, such as take\.MP4", id="posters"
        ),
        pytest.param("sound", VideoOpenError, "only sound", id="sound"),
        pytest.param("no-index", VideoOpenError, "cut off", id="no-index"),
        pytest.param("nothing-decodable", CastcheckError, "no picture|holds no", id="undecodable"),
        pytest.param("broken-picture", FrameDecodeError, "cannot be read", id="broken-picture"),
        pytest.param("nul-in-name", VideoOpenError, "cannot be opened", id="nul-in-name"),
    ],
)
def test_bad_input_is_one_clear_line(
    kind: str, error: type[CastcheckError], says: str, tmp_path: Path
) -> None:
    path = _make_bad(kind, tmp_path)
    with pytest.raises(error, match=says) as caught, open_source(path):
        pass
    assert "\n" not in str(caught.value)
    assert Path(caught.value.where or "").name
    assert caught.value.hint or kind == "nul-in-name"


def test_no_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clips.MAKERS["h264-mp4"](tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)  # root may read everything
    with pytest.raises(VideoOpenError, match="no permission"):
        open_source(path)


def test_pictures_of_mixed_sizes_are_refused(tmp_path: Path) -> None:
    pictures = [*clips.stairs(2), *clips.stairs(1, 50, 40)]
    folder = clips.picture_folder(tmp_path / "mixed", pictures)
    with (
        open_source(folder) as source,
        pytest.raises(FrameDecodeError, match=r"f3\.png: .*50x40.*96x64"),
    ):
        list(source.batches(8))


@pytest.mark.parametrize(
    ("names", "odd"),
    [
        pytest.param(["0001"], None, id="one"),
        pytest.param(["9", "10", "0011"], None, id="bare-numbers"),
        pytest.param(["shot2_f1", "Shot2_F2", "shot3_f1"], None, id="two-numbers"),
        pytest.param(["poster"], "poster", id="one-without"),
        pytest.param(["amelie", "bruno", "carla"], "amelie", id="none-numbered"),
        pytest.param(["ben-1", "mei-1"], "ben-1", id="each-of-its-own"),
        pytest.param(["f1", "f2", "cover"], "cover", id="one-among-frames"),
    ],
)
def test_pictures_are_frames_only_where_numbers_put_them_in_order(
    names: list[str], odd: str | None, tmp_path: Path
) -> None:
    for name, picture in zip(names, clips.stairs(len(names)), strict=True):
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    if odd is None:
        with open_source(tmp_path) as source:
            assert source.info.frame_count == len(names)
        return
    with pytest.raises(VideoOpenError, match=rf"name of {odd}\.png is not numbered.*frame-001"):
        open_source(tmp_path)


def test_a_folder_has_the_rate_it_is_given(tmp_path: Path) -> None:
    folder = clips.picture_folder(tmp_path / "p", clips.stairs(3))
    with open_source(folder, picture_rate=Fraction(30000, 1001)) as source:
        (batch,) = source.batches(8)
        assert batch.time_s[2] == Fraction(2002, 30000)
        assert source.end_s == Fraction(3003, 30000)
    with pytest.raises(VideoOpenError, match="above 0"):
        open_source(folder, picture_rate=Fraction(0))


NOISE = np.random.default_rng(3).integers(0, 256, (clips.HEIGHT_PX, clips.WIDTH_PX, 3), np.uint8)


def test_chroma_as_devices_give_it_makes_the_same_pictures(tmp_path: Path) -> None:
    pictures = []
    for layout in ("yuv420p", "nv12"):
        path = tmp_path / f"{layout}.nut"
        clips.write_clip(path, [NOISE], codec="rawvideo", pix_fmt=layout, by_way_of="yuv420p")
        pictures.append(read(path)[0][0].rgb)
    assert np.array_equal(pictures[0], pictures[1])


@pytest.mark.parametrize(
    ("cpu", "device"),
    [("yuv420p", "nv12"), ("yuv422p", "nv16"), ("yuv444p", "nv24"), ("yuv420p10le", "p010le")],
)
def test_every_layout_of_devices_is_turned_back(cpu: str, device: str) -> None:
    frame = av.VideoFrame.from_ndarray(NOISE, format="rgb24").reformat(format=cpu)
    back = video_open.planar(frame.reformat(format=device))
    assert back.format.name == cpu
    assert np.array_equal(back.to_ndarray(format="rgb24"), frame.to_ndarray(format="rgb24"))
    assert video_open.planar(frame) is frame


@pytest.mark.parametrize(
    ("decoder", "says"),
    [
        pytest.param("abacus", "abacus is unknown to this FFmpeg", id="no-such-kind"),
        pytest.param("cuda:97", "cuda cannot be used", id="no-such-device"),
        pytest.param("drm", "drm does not decode this kind of video", id="not-this-codec"),
    ],
)
def test_a_decoder_that_cannot_is_said_and_replaced(
    decoder: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clips.MAKERS["h264-mp4"](tmp_path)
    if decoder != "abacus":  # FFmpeg may be built with or without it
        monkeypatch.setattr(video_open, "hwdevices_available", lambda: ["cuda", "drm"])
    with open_source(path, decoder=decoder) as source:
        batches = list(source.batches(100))
        assert len(source.degradations) == 1
        assert source.degradations[0].startswith(f"decoded on the CPU: {says}")
    assert np.array_equal(batches[0].rgb, read(path, 100)[0][0].rgb)


@pytest.mark.parametrize("decoder", ["cpu", "cuda", "drm", "abacus"])
def test_no_decoder_opens_what_is_no_clip(decoder: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no clip")
    with pytest.raises(VideoOpenError), open_source(path, decoder=decoder):
        pass
