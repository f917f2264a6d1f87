"""A batch of damaged clips, with real workers and real decoders: each is reported, none is lost."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.castcheck.killing import PATIENCE_S, started
from tests.castcheck.test_batch_ray import VARIABLES, cluster, needs_ray
from tests.corpus import make

__all__ = ["cluster"]  # a fixture

# What becomes of each, and what its note or error says; "" = nothing.
CLIPS = {
    "whole-h264-mp4": ("judged", ""),
    "whole-ffv1-mkv": ("judged", ""),
    "edit-list-that-trims": ("judged", ""),
    "a-day-apart": ("judged", "ages apart"),
    "cut-mkv": ("judged", "pictures end at"),
    "cut-gif": ("judged", "the mark that closes a GIF"),
    "zeros-in-mkv": ("judged", "checksum"),
    "flipped-vp9": ("judged", "no picture of it is sound"),
    "alpha-apng": ("judged", "transparent pictures"),
    "huge-gif": ("bad_input", "16000x16000"),
    "empty": ("bad_input", "the file is empty"),
    "text": ("bad_input", "not a video"),
    "playlist": ("bad_input", "a list"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clips, boxes for all of them, and settings that need no network."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "clips").mkdir()
    for name in CLIPS:
        make.write(name, folder / "clips")
    lines = [f"{n},-1,{6 + 3 * n % 60},10,24,50,0.9\n" for n in range(1, make.FRAMES + 1)]
    (folder / "boxes.txt").write_text("".join(lines))
    (folder / "c.toml").write_text('[shots]\nmethod = "content"\n')
    return folder


def judged(folder: Path, run: str, *options: str, **variables: str) -> tuple[int, list[str]]:
    """Run the batch; return its exit code, and its summary without the run's own name."""
    boxes, config = str(folder / "boxes.txt"), str(folder / "c.toml")
    settings = ["--detector", boxes, "--embedder", "colour", "--config", config, "--device", "cpu"]
    command = ["-m", "castcheck", "batch", str(folder / "clips"), "-o", str(folder / run)]
    with started(*command, *settings, "--format", "json", *options, **variables) as process:
        _, err = process.communicate(timeout=PATIENCE_S)
        code = process.returncode
    assert "Traceback" not in err
    assert "a bug in castcheck" not in err
    return code, (folder / run / "summary.jsonl").read_text("utf-8").splitlines()


def check_summary(lines: list[str]) -> None:
    records: dict[str, Any] = {}
    for line in lines:
        record = json.loads(line)
        records[Path(record["clip"]).stem] = record
    assert len(lines) == len(records) == len(CLIPS)
    for name, (outcome, says) in CLIPS.items():
        record = records[name]
        assert record["outcome"] == outcome, record
        said = "; ".join(record["degradations"])
        if outcome != "judged":
            said = record["message"]
        assert re.search(says, said) if says else said == "", (name, said)


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_bad_clips_are_reported_and_nothing_is_lost(folder: Path) -> None:
    code, lines = judged(folder, "two", "--workers", "2")
    assert code == 2
    check_summary(lines)
    # The summary of another run is the same to the byte, whoever judged what.
    assert judged(folder, "again", "--workers", "3", "--clips-at-once", "2") == (code, lines)
    assert judged(folder, "two", "--workers", "1") == (code, lines)  # it goes on where it stopped


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_strict_makes_an_error_of_what_is_said(folder: Path) -> None:
    for name, (outcome, says) in CLIPS.items():
        if outcome == "judged":
            clip = str(next((folder / "clips").glob(f"{name}.*")))
            sort = ["--detector", str(folder / "boxes.txt"), "--embedder", "colour"]
            args = ["-m", "castcheck", "check", clip, "-o", str(folder / "strict"), "--strict"]
            with started(*args, *sort, "--config", str(folder / "c.toml")) as process:
                _, err = process.communicate(timeout=PATIENCE_S)
            assert (process.returncode == 2) == bool(says), (name, err)


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_same_on_ray(folder: Path, cluster: Any) -> None:
    address, _ = cluster
    code, lines = judged(folder, "ray", "--ray", address, "--workers", "2", **VARIABLES)
    assert code == 2
    check_summary(lines)
    assert judged(folder, "local", "--workers", "2") == (code, lines)
