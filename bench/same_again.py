"""Does castcheck say the same of a clip that is mirrored, smaller or encoded once more?

    python -m bench.same_again CLIP... [--cache DIR] [--json FILE]
                               [--detector SPEC] [--embedder SPEC]

Nothing of who is who hangs on any of the three. Counted are the findings of the clip as it is that
stay (the same kind, at the same time within what a finding may miss the truth by), and those that
are told of the changed clip alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bench.observed import observations
from castcheck.config import Config
from castcheck.models.load import load_models
from castcheck.pipeline import report_on
from castcheck.planting.video import write_clip
from castcheck.runs.matching import Event, at_right_time
from scenes.source import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from castcheck.models.load import Models
    from identity.findings import Finding

    Picture = NDArray[np.uint8]

SMALLER = 0.7


def mirrored(picture: Picture) -> Picture:
    """Return a picture with left and right exchanged."""
    return picture[:, ::-1]


def smaller(picture: Picture) -> Picture:
    """Return a picture of 0.7 of the width and height."""
    tall, wide = (round(SMALLER * side / 2) * 2 for side in picture.shape[:2])
    return np.asarray(cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)


def encoded_again(picture: Picture) -> Picture:
    """Return a picture as it is: writing it costs what any further encoding costs."""
    return picture


WAYS: dict[str, Callable[[Picture], Picture]] = {
    "mirrored": mirrored,
    "scaled to 0.7": smaller,
    "re-encoded": encoded_again,
}


@dataclass(frozen=True, slots=True)
class Again:
    """What is said of one changed clip.

    Attributes:
        clip: Its name.
        way: What was done to it.
        stay, before: Findings of the clip as it is that stay, of all of them.
        new: Those told of the changed clip alone.
    """

    clip: str
    way: str
    stay: int
    before: int
    new: int


def compared(clip: str, way: str, before: Sequence[Finding], after: Sequence[Finding]) -> Again:
    """Return how many findings stay, each told once at most."""
    left = list(after)
    stay = 0
    for finding in before:
        event = Event(finding.kind, finding.characters, finding.start_frame, finding.stop_frame)
        same = next((f for f in left if f.kind == event.kind and at_right_time(f, event)), None)
        if same is not None:
            left.remove(same)
            stay += 1
    return Again(clip, way, stay, len(before), len(left))


def write_changed(clip: Path, out: Path, change: Callable[[Picture], Picture]) -> None:
    """Write a clip with every picture changed, at its own rate.

    Raises:
        ValueError: The clip does not say how many pictures a second it has.
    """
    with open_source(clip) as source:
        rate = source.info.rate
        if rate is None:
            raise ValueError(f"{clip}: how many pictures a second is not known")

        def pictures() -> Iterator[Picture]:
            for batch in source.batches(8):
                for rgb in batch.rgb:
                    tall, wide = (side // 2 * 2 for side in rgb.shape[:2])
                    yield change(rgb[:tall, :wide])

        write_clip(out, pictures(), rate=rate)


def findings_of(clip: Path, config: Config, models: Models, cache: Path) -> tuple[Finding, ...]:
    """Return what is told of a clip that is more than minor."""
    seen, _ = observations(clip, config=config, models=models, cache=cache)
    return tuple(report_on(clip, seen, config=config, models=models).report.at_or_above("major"))


def table(rows: Sequence[Again]) -> str:
    """Return one row for each way."""
    lines = ["| | findings | stay | new |", "|---|---:|---:|---:|"]
    for way in WAYS:
        own = [row for row in rows if row.way == way]
        stay, before, new = (
            sum(getattr(row, name) for row in own) for name in ("stay", "before", "new")
        )
        lines.append(f"| {way} | {before} | {stay} | {new} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    given = _parsed(argv)
    config = Config().updated({"run": {"detector": given.detector, "embedder": given.embedder}})
    models = load_models(config)
    folder = given.cache / "same_again"
    rows = []
    for clip in given.clips:
        before = findings_of(clip, config, models, given.cache)
        for way, change in WAYS.items():
            print(f"{clip.stem}: {way}", file=sys.stderr)
            out = folder / way.replace(" ", "_") / f"{clip.stem}.mp4"
            out.parent.mkdir(parents=True, exist_ok=True)
            write_changed(clip, out, change)
            rows.append(
                compared(clip.stem, way, before, findings_of(out, config, models, given.cache))
            )
    print(table(rows))
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    return 0


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.same_again")
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, default=Path(".bench-cache"))
    parser.add_argument("--detector", default="bundled")
    parser.add_argument("--embedder", default="bundled")
    parser.add_argument("--json", type=Path)
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
