"""Forty clips judged by the real program, its processes killed at random moments, and resumed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from castcheck.batch.record import Finished, Record
from castcheck.batch.store import RunStore
from castcheck.report.writers import OutputError
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


def replace(store: RunStore) -> None:
    """Do what a run does with a clip that is judged again."""
    part = store.part(0)
    store.fill(part, written("new"))
    store.commit(part, "clip")


def discard(store: RunStore) -> None:
    """Do what a run does with a clip that cannot be judged any more."""
    store.discard("clip")


def written(word: str) -> dict[str, bytes]:
    """Return what castcheck writes into the folder of a clip."""
    record = Record(clip="clip.mp4", outcome="judged", message=word, folder="clip")
    result = Finished(record=record, key="clip.mp4", stamp=word)
    return {"result.json": result.to_json().encode(), "report.html": word.encode()}


def killed(step: int, out: Path, act: Callable[[RunStore], object]) -> bool:
    """Lead a run in a process that is killed before its change number `step` of the disk."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0
    left = step

    def count(event: str, _: object) -> None:
        nonlocal left
        if event in {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}:
            left -= 1
            if left < 0:
                os._exit(9)

    sys.addaudithook(count)
    try:
        with RunStore(out) as store:
            act(store)
        os._exit(0)
    finally:
        os._exit(1)


THEIRS = {"notes.txt": b"mine", "marked/frame.png": b"also mine"}
OLD, NEW = written("old"), written("new")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "theirs", "becomes"),
    [
        pytest.param(replace, THEIRS, [OLD, NEW], id="judged again"),
        pytest.param(replace, {}, [OLD, NEW], id="judged again, nothing of theirs"),
        pytest.param(discard, THEIRS, [OLD, {}], id="cannot be judged"),
        pytest.param(discard, {}, [OLD, {}], id="cannot be judged, nothing of theirs"),
    ],
)
def test_killed_at_any_step_a_folder_is_old_or_new_and_keeps_what_people_put_there(
    act, theirs, becomes, tmp_path
):
    seen, step, mending = [], 0, 0
    while True:
        out = tmp_path / f"{step}-{mending}"
        (out / "clip" / "marked").mkdir(parents=True)
        for name, data in {**OLD, **theirs}.items():
            (out / "clip" / name).write_bytes(data)
        if not theirs:
            (out / "clip" / "marked").rmdir()
        was_killed = killed(step, out, act)
        # The next run is killed as well, before each of its steps in turn, and the one after not.
        killed_twice = killed(mending, out, lambda _: None)
        with RunStore(out):
            pass
        found = {k: v for k, v in contents(out).items() if k != ".lock"}
        state = [{f"clip/{k}": v for k, v in {**own, **theirs}.items()} for own in becomes]
        assert found in state, (step, mending)
        assert not (out / ".replaced").exists()
        seen.append(state.index(found))
        step, mending = (step, mending + 1) if killed_twice else (step + 1, 0)
        if not was_killed:
            break
    assert set(seen) == {0, 1}
    assert step > (6 if theirs else 4)


def test_a_folder_that_cannot_be_replaced_is_back_at_once(tmp_path):
    (tmp_path / "clip").mkdir()
    for name, data in {**OLD, "notes.txt": b"mine"}.items():
        (tmp_path / "clip" / name).write_bytes(data)
    before = contents(tmp_path)
    with RunStore(tmp_path) as store:
        with pytest.raises(OutputError, match="clip: cannot be written"):
            store.commit(store.part(0), "clip")  # nothing is there that could take its place
        assert {k: v for k, v in contents(tmp_path).items() if k != ".lock"} == before


def test_what_people_wrote_since_a_kill_is_kept_beside_what_they_had(tmp_path):
    for folder, word in ((".replaced/clip", b"before"), ("clip", b"since")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "notes.txt").write_bytes(word)
    with RunStore(tmp_path):
        pass
    assert {k: v for k, v in contents(tmp_path).items() if k != ".lock"} == {
        "clip/notes.txt": b"since", "clip/notes-2.txt": b"before",
    }  # fmt: skip


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
