"""A batch of made-up clips, judged by real worker processes that need no model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from castcheck.batch.inputs import Named, find_clips
from castcheck.batch.local_pool import LocalPool
from castcheck.batch.run import Batch
from castcheck.batch.scheduler import WorkersError
from castcheck.batch.store import RunStore
from castcheck.config import Config
from castcheck.console.screen import Screen
from castcheck.facts.report import Report
from castcheck.report.writers import OutputError
from scenes.errors import VideoOpenError
from tests.castcheck import batch_workers
from tests.castcheck.batch_workers import MadeUpWorker
from tests.castcheck.killing import contents, summary


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def clips(*names: str) -> list[Named]:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"made up: {name}".encode())
    return find_clips(list(names), stdin=bytes, run_folder=Path("run"))[0]


def run(
    named,
    *,
    size=0,
    at_once=1,
    out="run",
    worker=MadeUpWorker,
    until=None,
    complaints=(),
    json=False,
    **sets,
):
    """Run a batch: in `size` processes, with 0 in this one; each has `at_once` clips."""
    config = Config().updated(sets)
    screen = Screen(results_to_stderr=json)

    def pool(store, count):
        if not size:
            return batch_workers.InlinePool(config, store, until=until)
        return LocalPool(config, store, size=size, threads=1, clips_at_once=at_once, worker=worker)

    batch = Batch(config, Path(out), screen, pool, json_to_stdout=json)
    return batch.run(named, complaints), batch


def lines(out="run"):
    return summary(Path(out))


def files(out="run"):
    return contents(Path(out))


def test_each_clip_gets_its_line_whatever_became_of_it(folder, capsys):
    named = clips("a.mp4", "b_swap.mp4", "c_bug.mp4", "d_bad.mp4", "e_poison.mp4", "f_empty.mp4")
    code, _ = run([*named, Named("gone.mp4", str(folder / "gone.mp4"))], size=2)
    assert code == 3
    rows = lines()
    assert [row["outcome"] for row in rows] == [
        *("judged", "judged", "bug", "bad_input", "crashed", "judged", "bad_input")
    ]
    assert [row["verdict"] for row in rows] == ["pass", "fail", None, None, None, "abstain", None]
    assert [row["folder"] for row in rows] == ["a", "b_swap", None, None, None, "f_empty", None]
    assert rows[3]["message"] == "d_bad.mp4: no video; try another"
    assert "twice (SIGKILL, perhaps out of memory)" in rows[4]["message"]
    assert rows[6]["message"] == "gone.mp4: no such file; check the path"
    assert {f["kind"] for f in rows[1]["findings"]} == {"swap", "drift", "vanish"}
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()[:3]] == ["PASS", "FAIL", "ABSTAIN"]
    assert "7 clips: 1 pass, 1 fail, 1 abstain, 2 unreadable, 1 crashed, 1 bug" in said.out
    assert "c_bug.mp4: a bug in castcheck (ZeroDivisionError: two lines)" in said.err
    assert not Path("run/.parts").exists()
    report = Report.from_json(Path("run/b_swap/report.json").read_text(encoding="utf-8"))
    assert report.clip.path == "b_swap.mp4"


@pytest.mark.parametrize(
    ("names", "sets", "code"),
    [
        pytest.param(["a.mp4"], {}, 0, id="single"),
        pytest.param(["a.mp4", "b_empty.mp4"], {}, 0, id="good"),
        pytest.param(["a.mp4", "b_swap.mp4"], {}, 1, id="findings"),
        pytest.param(["b_swap.mp4"], {"gate": {"fail_on": "never"}}, 0, id="never"),
        pytest.param(["b_swap.mp4"], {"gate": {"fail_on": "clone"}}, 0, id="other-kind"),
        pytest.param(["b_swap.mp4", "c_bad.mp4"], {}, 2, id="unreadable-among-good"),
        pytest.param(["a_one.mp4"], {"gate": {"strict": True}}, 2, id="strict"),
    ],
)
def test_exit_code_is_the_worst(names, sets, code, folder):
    assert run(clips(*names), **sets)[0] == code


def test_no_clips(folder, capsys):
    assert run([])[0] == 2
    assert run([], complaints=["x: matches nothing"])[0] == 2
    assert not Path("run").exists()
    assert "there are no clips" in capsys.readouterr().err


def test_any_number_of_workers_and_clips_at_once_gives_the_same_bytes(folder):
    named = clips(*(f"{i}{'_swap' if i % 3 else ''}.mp4" for i in range(7)), "x_bad.mp4")
    run(named, out="none/run")
    run(named, size=1, out="one/run")
    run(named, size=2, out="two/run")
    run(named, size=2, at_once=3, out="six/run")
    assert files("none/run") == files("one/run") == files("two/run") == files("six/run")


def test_the_page_of_a_clip_plays_it_from_where_it_lies(folder):
    run(clips("sub/a.mp4"), out="deep/run")
    text = Path("deep/run/a/report.html").read_text(encoding="utf-8")
    assert '"sources":[{"kind":"clip","url":"./../../../sub/a.mp4"}]' in text


def test_resume_keeps_what_holds_and_does_again_what_changed(folder, capsys):
    named = clips("a.mp4", "b_swap.mp4", "c.mp4", "sub/c.mp4")
    run(named)
    first = files()
    code, batch = run(named)
    assert (code, batch.kept) == (1, {0, 1, 2, 3})
    assert files() == first
    Path("c.mp4").touch()  # another time, the same content
    Path("sub/c.mp4").write_bytes(b"another clip")
    capsys.readouterr()
    batch = run(named[::-1])[1]
    assert {named[::-1][index].clip for index in batch.kept} == {"a.mp4", "b_swap.mp4", "c.mp4"}
    assert "1 clip judged again, since the clip changed" in capsys.readouterr().err
    assert [row["folder"] for row in lines()] == ["c-2", "c", "b_swap", "a"]
    batch = run(named, findings={"swap": 0.5}, detector={"batch_size": 2})[1]
    assert batch.kept == set()
    assert "4 clips judged again, since findings.swap changed" in capsys.readouterr().err


def test_settings_of_speed_alone_keep_results(folder):
    named = clips("a.mp4")
    run(named)
    batch = run(named, detector={"batch_size": 1}, run={"device": "cpu"}, gate={"strict": True})[1]
    assert batch.kept == {0}


@pytest.mark.parametrize(
    ("names", "told"),
    [
        pytest.param(("a.mp4",), "1 clip of 1 was judged before", id="one"),
        pytest.param(("a.mp4", "b_swap.mp4"), "2 clips of 2 were judged before", id="two"),
    ],
)
def test_a_run_says_how_many_it_did_and_then_how_many_it_keeps(folder, capsys, names, told):
    run(clips(*names))
    first = capsys.readouterr().err
    assert f"{told.split(' of ')[0]} done in " in first
    assert "judged before" not in first
    run(clips(*names))
    again = capsys.readouterr().err
    assert told in again
    assert "done in" not in again


def test_failed_clips_are_tried_again(folder):
    named = clips("a.mp4", "b_bad.mp4")
    run(named)
    Path("b_bad.mp4").rename("b.mp4")
    assert run(clips("a.mp4", "b.mp4"))[1].kept == {0}
    assert [row["outcome"] for row in lines()] == ["judged", "judged"]


@pytest.mark.parametrize(
    ("becomes", "left"),
    [
        pytest.param("judged", {"notes.txt", "report.json", "result.json", "poster.jpg"}, id="new"),
        pytest.param("broken", {"notes.txt"}, id="broken"),
        pytest.param(
            "gone", {"notes.txt", "report.json", "report.html", "result.json", "poster.jpg"},
            id="out-of-reach",
        ),
    ],
)  # fmt: skip
def test_what_was_found_in_another_clip_of_that_name_goes_and_notes_stay(
    becomes, left, folder, monkeypatch
):
    named = clips("a.mp4", "b.mp4")
    run(named)
    Path("run/a/notes.txt").write_text("mine")
    clip = Path("a.mp4")
    clip.write_bytes(b"another one")
    if becomes == "broken":
        judge = batch_workers.Judge.judge

        def broken(self, clip, **given):
            if clip.name == "a.mp4":
                raise VideoOpenError("no video", where=clip)
            return judge(self, clip, **given)

        monkeypatch.setattr(batch_workers.Judge, "judge", broken)
    elif becomes == "gone":
        clip.unlink()
    code, _ = run(named, report={"formats": "json"})
    assert code == (0 if becomes == "judged" else 2)
    assert {path.name for path in Path("run/a").iterdir()} == left
    assert Path("run/a/notes.txt").read_text() == "mine"
    assert Path("run/b/result.json").exists()


def test_a_clip_that_broke_leaves_no_empty_folder(folder, monkeypatch):
    run(clips("a.mp4"))

    def broken(self, clip, **given):
        raise ZeroDivisionError

    monkeypatch.setattr(batch_workers.Judge, "judge", broken)
    assert run(clips("a.mp4"), report={"formats": "json"})[0] == 3
    assert not Path("run/a").exists()


def test_damaged_result_is_no_result(folder):
    named = clips("a.mp4", "b.mp4")
    run(named)
    Path("run/a/result.json").write_text('{"schema": "castcheck.re')
    code, batch = run(named)
    assert (code, batch.kept) == (0, {1})
    assert [row["folder"] for row in lines()] == ["a-2", "b"]  # what is not ours is not touched


def test_folder_of_somebody_else_is_left_alone(folder):
    Path("run/a").mkdir(parents=True)
    Path("run/a/mine.txt").write_text("mine")
    run(clips("a.mp4"))
    assert Path("run/a/mine.txt").read_text() == "mine"
    assert [row["folder"] for row in lines()] == ["a-2"]


@pytest.mark.parametrize(
    ("worker", "says"),
    [
        pytest.param(batch_workers.NoModels, "a.pt: is no network", id="bad-weights"),
        pytest.param(batch_workers.DiesLoading, "die while they load", id="killed-while-loading"),
        pytest.param(batch_workers.FullDisk, "cannot be written", id="full-disk"),
    ],
)
def test_what_concerns_every_clip_ends_the_run(worker, says, folder):
    with pytest.raises(WorkersError, match=says):
        run(clips("a.mp4", "b.mp4"), size=1, worker=worker)


def test_second_run_on_the_same_folder_is_refused(folder):
    with RunStore(Path("run")), pytest.raises(OutputError, match="another castcheck batch"):
        run(clips("a.mp4"))


def test_interrupted_run_keeps_what_is_finished_and_goes_on(folder, capsys):
    named = clips("a.mp4", "b_swap.mp4", "c.mp4")
    run(named)
    whole = files()
    shutil.rmtree("run")  # the same place again: pages link their clips
    assert run(named, until=2)[0] == 130
    assert [row["outcome"] for row in lines()] == ["judged", "judged", "not_judged"]
    assert "2 of 3 clips are done: the same command goes on" in capsys.readouterr().err
    assert run(named)[1].kept == {0, 1}
    assert files() == whole


def test_json_on_stdout_is_in_the_order_of_the_list(folder, capsys):
    named = clips(*(f"{i}.mp4" for i in range(5)), "z_bad.mp4")
    run(named)
    for _ in range(2):  # the second time they are kept
        capsys.readouterr()
        run(named, json=True)
        reports = [Report.from_json(line) for line in capsys.readouterr().out.splitlines()]
        assert [report.clip.path for report in reports] == [f"{i}.mp4" for i in range(5)]


@pytest.mark.parametrize("names", [["a.mp4"], ["a.mp4", "b_swap.mp4", "c_swap.mp4"]])
def test_findings_are_a_table(names, folder):
    run(clips(*names))
    table = pl.read_parquet("run/findings.parquet")
    swaps = [name for name in names if "swap" in name]
    assert table.height == 3 * len(swaps)
    assert table["clip"].unique(maintain_order=True).to_list() == swaps
    assert table.schema["characters"] == pl.List(pl.String)
    if swaps:
        row = table.filter(pl.col("kind") == "swap").row(0, named=True)
        assert row["characters"] == ["char-01", "char-02"]
        assert (row["start_frame"], row["severity"]) == (38, "critical")
        assert json.loads(row["evidence"])["same_before"] == 0.98


def test_a_workflow_hears_of_every_clip(folder, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    named = clips("a.mp4", "b_swap.mp4", "c_bad.mp4")
    run(named, report={"formats": "github"})
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert [line.split(",")[0] for line in told] == [
        "::error file=b_swap.mp4", "::error file=b_swap.mp4", "::notice file=b_swap.mp4",
        "::error file=c_bad.mp4",
    ]  # fmt: skip
    heads = [s for s in (folder / "summary.md").read_text("utf-8").splitlines() if s[:4] == "### "]
    assert heads == ["### ✅ PASS a.mp4", r"### ❌ FAIL b\_swap.mp4"]
