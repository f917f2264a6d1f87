"""What the user names, and the clips it stands for: every way to name them, also none."""

from __future__ import annotations

import sys
from pathlib import Path

import fsspec
import pytest
from PIL import Image
from typer.testing import CliRunner

from castcheck.batch import work
from castcheck.batch.inputs import find_clips
from castcheck.batch.remote import fetched, remote_stamp
from castcheck.batch.run import Batch
from castcheck.cli import app
from castcheck.config import Config
from castcheck.console.screen import Screen
from scenes.errors import VideoOpenError
from tests.castcheck.batch_workers import InlinePool

FILES = (
    "a.mp4", "b.MOV", "notes.md", ".hidden.mp4", "take10.mp4", "take9.mp4", "odd name.mkv",
    "sub/a.mp4", "sub/deep/c.webm", ".git/x.mp4", "run/a/annotated.mp4", "done/annotated.mp4",
    "done/report.json", "mine/annotated.mp4", "empty/readme", "[x].mp4", "run2/old.mp4",
)  # fmt: skip
LISTS = {
    "night.txt": "a.mp4\n\n# not this\n  take9.mp4  \r\nsub\n",
    "with_bom.lst": "\ufeffa.mp4",
    "bad_lines.txt": "nothing*.mp4\na.mp4\nempty\ntake9.mp4\n",
    "comments.list": "# nothing\n\n",
    "empty.txt": "",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    for name, text in LISTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "frames").mkdir()
    for number in range(2):
        Image.new("RGB", (8, 8)).save(tmp_path / "frames" / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def find(*specs, stdin=b"", run_folder="run"):
    clips, complaints = find_clips(specs, stdin=lambda: stdin, run_folder=Path(run_folder))
    return [named.clip for named in clips], complaints


ALL = [
    "[x].mp4", "a.mp4", "b.MOV", "odd name.mkv", "take9.mp4", "take10.mp4", "mine/annotated.mp4",
    "run2/old.mp4", "sub/a.mp4", "sub/deep/c.webm",
]  # fmt: skip

NIGHT = ["a.mp4", "take9.mp4", "sub/a.mp4", "sub/deep/c.webm"]


@pytest.mark.parametrize(
    ("specs", "clips"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["a.mp4"], ["a.mp4"], id="file"),
        pytest.param(["notes.md"], ["notes.md"], id="file-of-any-suffix"),
        pytest.param(["gone.mp4"], ["gone.mp4"], id="missing-file-keeps-its-place"),
        pytest.param(["a.mp4", "./a.mp4", "sub/../a.mp4"], ["a.mp4"], id="one-place-once"),
        pytest.param(["a.mp4", "sub/a.mp4"], ["a.mp4", "sub/a.mp4"], id="one-name-two-places"),
        pytest.param(["."], ALL, id="folder-without-ours-and-hidden"),
        pytest.param(["sub", "a.mp4"], ["sub/a.mp4", "sub/deep/c.webm", "a.mp4"], id="order"),
        pytest.param(["frames"], ["frames"], id="folder-of-pictures"),
        pytest.param(["*.mp4"], ["[x].mp4", "a.mp4", "take9.mp4", "take10.mp4"], id="glob"),
        pytest.param(["[x].mp4"], ["[x].mp4"], id="file-that-looks-like-a-glob"),
        pytest.param(["sub/**/*.webm"], ["sub/deep/c.webm"], id="glob-of-any-depth"),
        pytest.param(["su*", "done*"], ["sub/a.mp4", "sub/deep/c.webm"], id="glob-of-folders"),
        pytest.param(["note*"], ["notes.md"], id="glob-of-one-file"),
        pytest.param(["night.txt"], NIGHT, id="list"),
        pytest.param(["@night.txt", "a.mp4"], NIGHT, id="list-and-one-of-it"),
        pytest.param(["with_bom.lst"], ["a.mp4"], id="list-with-bom"),
    ],
)  # fmt: skip
def test_named_clips(specs, clips):
    assert find(*specs) == (clips, [])


@pytest.mark.parametrize(
    ("specs", "clips", "complaints"),
    [
        pytest.param(["empty"], [], ["empty: this folder holds no clips"], id="empty-folder"),
        pytest.param(["*.nix", "a.mp4"], ["a.mp4"], ["*.nix: matches nothing"], id="glob"),
        pytest.param(["@gone.txt", "a.mp4"], ["a.mp4"], ["gone.txt: this list cannot be read: no"],
                     id="missing-list"),
        pytest.param(["empty.txt", "a.mp4"], ["a.mp4"], ["empty.txt: this list names no clips"],
                     id="empty-list"),
        pytest.param(["comments.list"], [], ["comments.list: this list names no"], id="comments"),
        pytest.param(["-"], [], ["stdin: this list names no clips"], id="empty-stdin"),
        pytest.param(["@bad_lines.txt"], ["a.mp4", "take9.mp4"],
                     ["bad_lines.txt, line 1: nothing*.mp4: matches nothing",
                      "bad_lines.txt, line 3: empty: this folder holds no clips"],
                     id="bad-lines-stop-no-others"),
    ],
)  # fmt: skip
def test_what_names_no_clip_is_told_and_stops_nothing(specs, clips, complaints):
    found, told = find(*specs)
    assert found == clips
    assert len(told) == len(complaints)
    for line, start in zip(told, complaints, strict=True):
        assert line.startswith(start)


def test_stdin_is_a_list_of_any_bytes():
    found, told = find("-", stdin=b"a.mp4\ncaf\xe9.mp4\n")
    assert (found, told) == (["a.mp4", "caf\udce9.mp4"], [])


def test_run_folder_is_left_out_wherever_it_lies():
    assert "run2/old.mp4" not in find(".", run_folder="run2")[0]
    assert find("*/*.mp4", run_folder="run2")[0] == ["mine/annotated.mp4", "sub/a.mp4"]


@pytest.fixture
def store():
    """A store in memory with three clips and a text; emptied afterwards."""
    files = fsspec.filesystem("memory")
    for name in ("night/a.mp4", "night/b10.mov", "night/b9.mov", "night/notes.txt"):
        files.pipe(f"/{name}", name.encode())
    yield files
    files.rm("/", recursive=True)


@pytest.mark.parametrize(
    ("specs", "clips"),
    [
        pytest.param(["memory://night"], ["a.mp4", "b9.mov", "b10.mov"], id="folder"),
        pytest.param(["memory://night/*.mov"], ["b9.mov", "b10.mov"], id="glob"),
        pytest.param(["memory:///night/a.mp4"] * 2, ["a.mp4"], id="file-twice"),
        pytest.param(["memory:///night/gone.mp4"], ["gone.mp4"], id="missing-file"),
    ],
)
def test_clips_in_a_store(specs, clips, store):
    assert find(*specs) == ([f"memory:///night/{name}" for name in clips], [])


def test_urls_in_a_list(store):
    found, told = find("-", stdin=b"memory:///night/a.mp4\nmemory://empty/*\na.mp4\n")
    assert found == ["memory:///night/a.mp4", "a.mp4"]
    assert told == ["stdin, line 2: memory://empty/*: there are no clips; check the address"]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param("memory://night/*.avi", "there are no clips", id="none"),
        pytest.param("nosuch://x/*.mp4", "cannot be read", id="unknown-store"),
    ],
)
def test_a_store_without_clips(spec, says, store):
    found, told = find(spec)
    assert found == []
    assert len(told) == 1
    assert says in told[0]
    assert "\n" not in told[0]


def test_without_the_package_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    found, told = find("s3://bucket/x", "a.mp4")
    assert found == ["a.mp4"]
    hint = "pip install 'castcheck[remote]', or copy the clip to this machine"
    assert told == [f"s3://bucket/x: reading URLs wants fsspec; {hint}"]


def test_a_remote_clip_is_fetched_and_taken_away_again(store):
    with fetched("memory:///night/a.mp4") as local:
        assert (local.name, local.read_bytes()) == ("a.mp4", b"night/a.mp4")
    assert not local.parent.exists()
    with pytest.raises(VideoOpenError, match="no such file"), fetched("memory:///night/gone.mp4"):
        pass
    before = remote_stamp("memory:///night/a.mp4")
    assert remote_stamp("memory:///night/a.mp4") == before
    store.pipe("/night/a.mp4", b"something other")
    assert remote_stamp("memory:///night/a.mp4") != before


def run(*specs):
    clips, complaints = find_clips(specs, stdin=bytes, run_folder=Path("new"))
    config = Config()
    batch = Batch(config, Path("new"), Screen(), lambda store, _: InlinePool(config, store))
    return batch.run(clips, complaints), batch


def test_a_run_over_a_store_is_resumed_without_fetching(store, folder, monkeypatch):
    local = (folder / "sub").as_uri()
    store.pipe("/night/sub/a.mp4", b"a second one of this name")
    code, batch = run("memory://night", local, "memory:///night/gone.mp4")
    assert code == 2
    records = [batch.records[index] for index in range(7)]
    assert [r.clip.rsplit("/", 1)[1] for r in records] == [
        *("a.mp4", "b9.mov", "b10.mov", "a.mp4", "a.mp4", "c.webm", "gone.mp4")
    ]
    assert [r.folder for r in records] == ["a", "b9", "b10", "a-2", "a-3", "c", None]
    assert records[6].message == "memory:///night/gone.mp4: no such file; check the address"

    def refuse(clip):
        raise AssertionError(clip)

    monkeypatch.setattr(work, "fetched", refuse)
    assert run("memory://night", local)[1].kept == set(range(6))


def test_nothing_to_judge_is_bad_usage():
    result = CliRunner().invoke(app, ["batch", "-", "-o", "new"], input="")
    assert result.exit_code == 2
    assert not Path("new").exists()
