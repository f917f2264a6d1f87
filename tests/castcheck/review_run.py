"""Runs to review: clips whose frames carry their own number, with made-up reports about them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from castcheck.batch.record import Finished, record_of
from castcheck.batch.work import clip_fingerprint
from castcheck.config import Config
from castcheck.facts.report import Report
from castcheck.report.writers import ReportInputs, write_reports
from scenes.source import clip_sha256
from tests.castcheck import killing, support
from tests.scenes.clips import write_clip

BITS = 8
BIT_PX = 24
FRAMES = 150
HEIGHT_PX, WIDTH_PX = 360, 640


def numbered(frames: int = FRAMES) -> list[NDArray[np.uint8]]:
    """Return pictures that show their number in black and white squares, on a moving ground."""
    pictures = []
    for number in range(frames):
        picture = np.full((HEIGHT_PX, WIDTH_PX, 3), (90, 110, 130), np.uint8)
        picture[200:, (3 * number) % 560 : (3 * number) % 560 + 60] = (180, 60, 50)
        for bit in range(BITS):
            colour = 235 if number >> bit & 1 else 20
            picture[:BIT_PX, bit * BIT_PX : (bit + 1) * BIT_PX] = colour
        pictures.append(picture)
    return pictures


def number_of(squares: list[float]) -> int:
    """Return the number that the grey values of the squares' middles spell."""
    return sum(1 << bit for bit, value in enumerate(squares) if value > 127)


def write_numbered(path: Path, *, codec: str = "libx264", frames: int = FRAMES) -> Path:
    return write_clip(path, numbered(frames), codec=codec)


def add_clip(run: Path, clip: Path, report: Report, *, formats: tuple[str, ...] = ()) -> Report:
    """Write what a batch leaves in `run` about `clip`, as if `report` were about it."""
    facts = replace(report.clip, path=str(clip), sha256=clip_sha256(clip))
    report = replace(report, clip=facts)
    folder = run / clip.stem
    material = ReportInputs(report, support.make_visuals(report), Config().report, clip, folder)
    write_reports(material, folder, ("json", *(formats or ("html",))), progress=lambda *_: None)
    record = record_of(report, folder=folder.name)
    finished = Finished(record=record, key=str(clip.resolve()), stamp=clip_fingerprint(str(clip)))
    (folder / "result.json").write_text(finished.to_json(), encoding="utf-8")
    (folder / "poster.jpg").write_bytes(support.shot_jpeg(0))
    with (run / "summary.jsonl").open("a", encoding="utf-8") as summary:
        summary.write(f"{record.to_json()}\n")
    return report


def make_run(home: Path) -> Path:
    """Return a run of two clips: one with three findings, one with none."""
    run, clips = home / "run", home / "clips"
    run.mkdir(parents=True)
    clips.mkdir()
    swap = write_numbered(clips / "room_swap.mp4")
    clean = clips / "room_clean.mp4"
    clean.write_bytes(swap.read_bytes() + b"\0\0\0\x08free")  # the same pictures, another sha256
    add_clip(run, swap, support.full_report())
    add_clip(run, clean, support.pass_report())
    return run


def serving(run: Path, *options: str) -> AbstractContextManager[killing.Process]:
    """Start `castcheck review` beside the test."""
    return killing.started("-m", "castcheck", "review", str(run), "--by", "ann", *options)


def address_of(process: killing.Process) -> str:
    """Return the address the server prints, once it does."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line.startswith("http://127.0.0.1:"), line or process.communicate()
    return line
