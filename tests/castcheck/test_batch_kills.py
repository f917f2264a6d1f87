"""Forty clips judged by the real program, its processes killed at random moments, and resumed."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.castcheck.killing import (
    MADE_UP_CLIPS,
    MADE_UP_RUN,
    check_made_up,
    committed,
    contents,
    end,
    kill_and_resume,
    made_up_clips,
    started,
    summary,
    wait_for,
    workers,
)
from tests.scenes.clips import stairs, write_clip

CLIPS = 40
FRAMES = 8
# By pictures and colours alone: no network to load, dozens of times, on what may be a slow machine.
SETTINGS = '[shots]\nmethod = "content"\n[run]\nembedder = "colour"\n'


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips, the boxes in them, and settings; one of the clips is none."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "boxes").mkdir()
    (folder / "castcheck.toml").write_text(SETTINGS)
    for number in range(CLIPS):
        name = f"clip_{number:02d}"
        write_clip(folder / f"{name}.mp4", stairs(FRAMES + number % 3))
        boxes = (f"{frame},-1,{10 + number % 7},8,30,50,0.9\n" for frame in range(1, FRAMES))
        (folder / "boxes" / f"{name}.txt").write_text("".join(boxes))
    (folder / "clip_13.mp4").write_bytes(b"no clip at all")
    return folder


def batch(clips: Path, out: Path, *more: str):
    """Start `castcheck batch`."""
    return started(
        *("-m", "castcheck", "batch", str(clips), "-o", str(out)),
        *("--detector", str(clips / "boxes"), "--config", str(clips / "castcheck.toml")),
        *("--format", "csv,mot", *more),
    )


@pytest.fixture(scope="module")
def undisturbed(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    with batch(clips, out, "--workers", "2") as process:
        code, said, err = end(process)
    assert code == 2, err
    assert "1 unreadable" in said
    return out


def test_undisturbed(undisturbed: Path):
    rows = summary(undisturbed)
    assert [Path(row["clip"]).stem for row in rows] == [f"clip_{i:02d}" for i in range(CLIPS)]
    assert [i for i, row in enumerate(rows) if row["outcome"] != "judged"] == [13]
    assert len(committed(undisturbed)) == CLIPS - 1


@pytest.mark.slow
def test_killed_and_resumed_loses_and_doubles_nothing(clips, undisturbed, tmp_path):
    out = tmp_path / "run"
    start = partial(batch, clips, out, "--workers", "2")
    assert kill_and_resume(start, out, workers, seed=1, rounds=2, clips=CLIPS) == 2
    assert contents(out) == contents(undisturbed)


@pytest.mark.slow
def test_killed_with_several_clips_at_once_blames_nobody_else(tmp_path):
    made_up_clips(tmp_path)
    start = partial(started, "-c", MADE_UP_RUN, str(tmp_path), "3")
    out = tmp_path / "run"
    code = kill_and_resume(start, out, workers, seed=3, rounds=2, clips=MADE_UP_CLIPS)
    check_made_up(out, code)


def test_no_cluster_is_one_line_at_once(clips, tmp_path):
    pytest.importorskip("ray")
    with batch(clips, tmp_path / "run", "--ray", "127.0.0.1:1") as process:
        code, _, err = end(process)
    assert code == 2
    assert err.startswith("castcheck: --ray: no cluster answers at '127.0.0.1:1'")
    assert len(err.splitlines()) == 1


def test_ctrl_c_ends_cleanly(clips, tmp_path):
    out = tmp_path / "run"
    with batch(clips, out, "--workers", "1") as process:
        wait_for(lambda: len(committed(out)) >= 2, "nothing was judged")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        code, said, err = end(process)
    assert code == 130, err
    done = len(committed(out))
    assert f" of {CLIPS} clips are done: the same command goes on" in err
    assert err.splitlines()[-1] == "castcheck: interrupted"
    assert "Traceback" not in err
    rows = summary(out)
    assert sum(row["outcome"] == "judged" for row in rows) == done
    assert sum(row["outcome"] == "not_judged" for row in rows) >= CLIPS - done - 1
    assert "not judged" in said
    assert not (out / ".parts").exists()
