"""Samples of which few pictures are left: what cannot be judged is never called good or bad."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from typer.testing import CliRunner

from castcheck.cli import app
from castcheck.facts.report import Report

SAMPLES = Path(__file__).parents[2] / "sample_videos"


def thinned(name: str, frames: range, rate: int, folder: Path) -> Path:
    """Write some pictures of a sample as a clip, and beside it their boxes."""
    with av.open(str(SAMPLES / f"{name}.mp4")) as source:
        pictures = [p.to_ndarray(format="rgb24") for p in source.decode(video=0)]
    path = folder / f"{name}.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pictures[frame], "rgb24")))
        container.mux(stream.encode())
    rows = (line.split(",", 1) for line in (SAMPLES / f"boxes/{name}.txt").read_text().split())
    kept = [(frames.index(int(n) - 1) + 1, rest) for n, rest in rows if int(n) - 1 in frames]
    path.with_suffix(".txt").write_text("".join(f"{n},{rest}\n" for n, rest in kept))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "frames", "rate", "verdict", "code"),
    [
        pytest.param("room_swap", range(0, 32, 8), 1, "abstain", 0, id="swap-at-1"),
        pytest.param("room_swap", range(12, 20), 5, "abstain", 0, id="swap-at-5"),
        pytest.param("room_swap", range(12, 20), 6, "fail", 1, id="swap-at-6"),
        pytest.param("room_swap", range(12, 20), 8, "fail", 1, id="swap-at-8"),
        pytest.param("room_clean", range(0, 32, 8), 1, "abstain", 0, id="clean-at-1"),
        pytest.param("room_clean", range(12, 20), 8, "pass", 0, id="clean-at-8"),
        pytest.param("room_clean", range(12, 28), 8, "pass", 0, id="16-pictures"),
        pytest.param("park_clean", range(1, 96, 3), 8, "pass", 0, id="two-views-of-a-set-at-8"),
        pytest.param("room_clean", range(12, 15), 8, "abstain", 0, id="3-pictures"),
        pytest.param("room_clean", range(12, 13), 8, "abstain", 0, id="1-picture"),
    ],
)
def test_few_pictures(name, frames, rate, verdict, code, tmp_path):
    clip = thinned(name, frames, rate, tmp_path)
    boxes = str(clip.with_suffix(".txt"))
    given = ["check", str(clip), "-o", str(tmp_path / "out"), "--detector", boxes]
    assert CliRunner().invoke(app, [*given, "--embedder", "bundled"]).exit_code == code
    text = (tmp_path / "out" / name / "report.json").read_text(encoding="utf-8")
    report = Report.from_json(text)
    assert report.verdict == verdict
    told = any(f"shows {rate} of the 6 pictures a second" in line for line in report.degradations)
    assert told == (rate < 6)
    if verdict == "abstain":
        assert all(one.abstained and one.consistency is None for one in report.characters)
        assert all(finding.severity == "minor" for finding in report.findings)
