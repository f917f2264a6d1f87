"""The whole bench on sample clips with stored boxes: no weights, colour alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import bench.observed
from bench.quality import main
from bench.quality_clips import ClipsError, find_clips

SAMPLES = Path(__file__).parents[2] / "sample_videos"
NAMES = ("room_clean", "room_swap")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for name in NAMES:
        for suffix in (".mp4", ".truth.json"):
            shutil.copy(SAMPLES / f"{name}{suffix}", folder)
    return folder


def arguments(clips, tmp_path, *more):
    where = ["--clips", str(clips), "--detector", str(SAMPLES / "boxes")]
    kept = ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "kept")]
    return ["--set", "any", "--no-peers", *where, *kept, *more]


@pytest.mark.slow
def test_a_planted_swap_is_counted_and_a_second_run_looks_at_nothing(
    clips, tmp_path, capsys, monkeypatch
):
    assert main(arguments(clips, tmp_path)) == 0
    text = capsys.readouterr().out
    out = tmp_path / "out" / "any"
    assert {f.name for f in out.iterdir()} >= {"quality.txt", "quality.md", "quality.json"}
    assert not list(tmp_path.rglob("*.part"))
    assert (out / "quality.txt").read_text(encoding="utf-8") == text
    data = json.loads((out / "quality.json").read_text(encoding="utf-8"))
    row = data["kinds"]["swap, open"]
    assert (row["events"], row["found"], row["told"], row["f1"]) == (1, 1, 1, 1.0)
    assert row["delay_abs_median"] <= 3
    assert data["false_alarms"]["all"]["count"] == 0
    assert data["false_alarms"]["clean_clips"] == 1
    assert data["clip_alarms"]["castcheck, threshold at its best"]["f1"] == 1.0
    assert data["run"]["missing"] == []

    monkeypatch.setattr(bench.observed, "observe", None)  # to call it would fail
    assert main(arguments(clips, tmp_path)) == 0
    assert capsys.readouterr().out == text


def test_what_is_not_rendered_is_counted_and_named(clips, tmp_path, capsys):
    chosen = find_clips("report", tmp_path)
    assert (len(chosen.clips), len(chosen.missing)) == (0, 134)
    options = arguments(clips, tmp_path)
    options[1], options[4] = "report", str(tmp_path)
    assert main(options) == 2
    said = capsys.readouterr()
    assert said.out == ""
    first, second = said.err.splitlines()
    assert "134 clips of the set report are not rendered yet" in first
    assert f"python -m studio set report -o {tmp_path / 'report'}" in first
    assert "nothing measured" in second


@pytest.mark.parametrize(
    ("only", "limit", "names"),
    [
        pytest.param("", None, list(NAMES), id="all"),
        pytest.param("swap", None, ["room_swap"], id="only"),
        pytest.param("", 1, ["room_clean"], id="limit"),
        pytest.param("nobody", None, [], id="none"),
    ],
)
def test_which_clips_are_taken(clips, only, limit, names):
    chosen = find_clips("any", clips, only=only, limit=limit)
    assert [clip.stem for clip in chosen.clips] == names
    assert chosen.missing == ()


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    with pytest.raises(ClipsError, match="no such folder"):
        find_clips("any", tmp_path / "gone")
    assert main(arguments(tmp_path / "gone", tmp_path)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
