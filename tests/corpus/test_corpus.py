"""Every odd file is read to the last whole picture, and what is wrong with it is said."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from scenes.errors import CastcheckError
from scenes.limits import LimitSettings
from scenes.source import open_source
from tests.corpus import make, mutants


def read(path: Path) -> tuple[int, tuple[str, ...], list[np.ndarray]]:
    with open_source(path, limits=LimitSettings()) as source:
        shown = [rgb for batch in source.batches(7) for rgb in batch.rgb]
        return len(shown), source.degradations, shown


def _skip_unless_coded(name: str) -> None:
    recipe = make.BY_NAME.get(name.removeprefix("whole-"))
    if recipe is not None and not make.is_available(recipe):
        pytest.skip(f"this FFmpeg has no {recipe.codec}")


@pytest.mark.parametrize("name", make.ODD)
def test_what_is_true_of_it_is_read_or_said(name: str, tmp_path: Path) -> None:
    _skip_unless_coded(name)
    odd = make.ODD[name]
    path = make.write(name, tmp_path)
    if odd.frames is None:
        with pytest.raises(CastcheckError, match=odd.says) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        return
    count, notes, _ = read(path)
    if odd.frames >= 0:
        assert count == odd.frames
    if odd.says:
        assert re.search(odd.says, "; ".join(notes))
    else:
        assert notes == ()


@pytest.mark.parametrize("name", [r.name for r in make.RECIPES if r.exact])
def test_what_is_coded_without_loss_comes_back(name: str, tmp_path: Path) -> None:
    _skip_unless_coded(name)
    _, _, shown = read(make.write(f"whole-{name}", tmp_path))
    assert all(map(np.array_equal, shown, make.pictures()))


def test_what_shows_through_is_grey(tmp_path: Path) -> None:
    _, _, shown = read(make.write("alpha-apng", tmp_path))
    assert (shown[0][:, : make.WIDTH_PX // 2] == 128).all()
    assert np.array_equal(shown[0][:, -8:], make.transparent()[0][:, -8:, :3])


NAMES = ["concat:base.mp4", "take:1.mp4", "subfile,,start,0,end,9,,:base.mp4", "http:", "a%03d.mp4"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spelling", ["plain", "dotted", "absolute"])
def test_a_name_is_a_name(
    name: str, spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other = make.encode(make.BY_NAME["ffv1-mkv"], make.pictures(3))
    (tmp_path / "base.mp4").write_bytes(other)
    meant = tmp_path / name
    if name.endswith(":"):  # a folder that reads like a protocol
        meant.mkdir()
        meant /= "base.mp4"
    meant.write_bytes(make.encode(make.BY_NAME["ffv1-mkv"]))
    here = meant.relative_to(tmp_path)
    paths = {"plain": here, "dotted": Path(f"./{here}"), "absolute": meant}
    assert read(paths[spelling])[0] == make.FRAMES


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        pytest.param({"picture_px": 96 * 64 - 1}, "96x64, allowed are 6143 pixels", id="size"),
        pytest.param({"frames": 23}, "24 pictures", id="frames"),
        pytest.param({"duration_s": 0.9}, "longer than 0.9 s", id="duration"),
        pytest.param({"picture_px": 96 * 64, "frames": 24, "duration_s": 1.0}, "", id="just"),
    ],
)
def test_limits_hold_and_say_how_to_raise_them(
    limits: dict[str, float], says: str, tmp_path: Path
) -> None:
    path = make.write("whole-h264-mp4", tmp_path)

    def go() -> None:
        with open_source(path, limits=LimitSettings(**limits)) as source:  # type: ignore[arg-type]
            list(source.batches(8))

    if not says:
        go()
        return
    with pytest.raises(CastcheckError, match=says) as caught:
        go()
    assert next(iter(limits)) in str(caught.value)


KNOWN = [
    "h264-mkv 3", "gif 1", "gif 5", "vp9-webm 1", "apng 0",
    *(mutants.WENT_WRONG.read_text("utf-8").splitlines() if mutants.WENT_WRONG.exists() else ()),
]  # fmt: skip


@pytest.mark.parametrize("row", KNOWN)
def test_mutants_that_went_wrong_once(row: str) -> None:
    recipe, seed = row.split()
    _skip_unless_coded(recipe)
    assert mutants.try_out(recipe, int(seed), *mutants.whole_of(recipe)) == ("", 0)
