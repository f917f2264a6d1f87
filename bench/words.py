"""How often the words for what a character wears are right.

    python -m bench.words [--real DIR] [--free DIR] [--cache DIR] [--half choose|report] [--each]

`bench/data/words.json` holds characters as castcheck finds them, noted by eye from four crops of
each, with the words out of sight: where the clip is from, its name, the half it belongs to, a frame
and the character's box there, what it is, and the colour terms that a person may call its top and
its legs by; no term where that part is not seen. Of a pattern every colour of it is right, and of
who changes clothes both. Sources are in one half as a whole, by the hash of their name: the words
were chosen on the half `choose`, and the half `report` was measured at the end.

A colour is right if its basic term, without "dark" or "light", is one of those noted. One said of a
part that is not seen is wrong; "top" is the wrong word for an animal or a teddy. Silence is counted
by itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.observed import report as report_of
from bench.tables import Table
from castcheck.config import Config
from castcheck.models.load import load_models
from castcheck.planting.score import wilson
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castcheck.facts.report import Report

DATA = Path(__file__).parent / "data" / "words.json"
SAMPLES = Path(__file__).parents[1] / "sample_videos"
HALVES, KINDS = ("choose", "report"), ("sample", "labelled", "free")
_PARTS = {"top": "top", "figure": "top", "trousers": "legs"}  # noun to what it speaks of
_BARE = ("animal", "teddy")  # wear nothing that could be called a top
_MIN_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Noted:
    """One character, as noted by eye.

    Attributes:
        kind: One of `KINDS`.
        clip: Its name.
        half: One of `HALVES`.
        frame: In which it was boxed.
        box: Where, x1, y1, x2, y2 in pixels.
        what: "person", "animal", "teddy", "toy" or "robot".
        top: Colour terms of what it wears above, or of its fur; empty = not seen.
        legs: Those of its legs.
    """

    kind: str
    clip: str
    half: str
    frame: int
    box: tuple[int, int, int, int]
    what: str
    top: tuple[str, ...]
    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one part of a noted character.

    Attributes:
        noted: The character.
        part: "top" or "legs".
        words: What the report says of it; empty = nothing.
    """

    noted: Noted
    part: str
    words: str

    @property
    def terms(self) -> tuple[str, ...]:
        """What may be said; empty where the part is not seen."""
        return self.noted.top if self.part == "top" else self.noted.legs

    @property
    def right(self) -> bool:
        """Whether the colour is one of those noted."""
        return bool(self.words) and self.words.split()[-2] in self.terms

    @property
    def named_right(self) -> bool:
        """Whether the noun fits."""
        return not (self.words.endswith(" top") and self.noted.what in _BARE)


def read_noted(path: Path = DATA) -> list[Noted]:
    """Return all characters, those of a clip one after the other."""
    return [
        Noted(kind, clip, half, frame, tuple(box), what, tuple(top), tuple(legs))
        for kind, clip, half, frame, box, what, top, legs in json.loads(
            path.read_text(encoding="utf-8")
        )
    ]


def description_at(report: Report, frame: int, box: Sequence[float]) -> str | None:
    """Return the words for who is in a box, `None` where the report has nobody there."""
    best, found = _MIN_IOU, None
    for tracklet in report.tracklets:
        if frame not in tracklet.frames:
            continue
        own = tracklet.boxes[tracklet.frames.index(frame)]
        iou = float(boxes.iou(np.array([own], np.float32), np.array([box], np.float32))[0, 0])
        who = [s.character for s in tracklet.segments if s.start_frame <= frame < s.stop_frame]
        if iou >= best and who and who[0] is not None:
            best, found = iou, who[0]
    words = {character.id: character.description for character in report.characters}
    return None if found is None else words[found]


def said_of(noted: Noted, description: str) -> Iterator[Said]:
    """Yield what a description says of each part."""
    phrases = {_PARTS[phrase.split()[-1]]: phrase for phrase in description.split(", ") if phrase}
    for part in ("top", "legs"):
        yield Said(noted, part, phrases.get(part, ""))


def table(said: Sequence[Said], *, part: str) -> Table:
    """Return how often the words for a part are right, by where the clips are from."""
    rows: list[tuple[object, ...]] = []
    for kind in (*KINDS, "all"):
        own = [s for s in said if s.part == part and kind in (s.noted.kind, "all")]
        told = [s for s in own if s.words]
        right = sum(s.right for s in told)
        low, high = wilson(right, len(told)) if told else (0.0, 1.0)
        rows.append(
            (
                kind, len(own), len(told), right, right / len(told) if told else None,
                f"{low:.2f}-{high:.2f}", sum(not s.words and bool(s.terms) for s in own),
                sum(not s.terms for s in told), sum(not s.named_right for s in told),
            )
        )  # fmt: skip
    columns = (
        "clips", "characters", "said", "right", "share", "95 %", "silent though seen",
        "said though not seen", "a top of fur",
    )  # fmt: skip
    return Table(f"words for the {part}", columns, tuple(rows))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    given = _parsed(argv)
    config = Config().updated({"run": {"device": "cpu"}})
    models = load_models(config)
    folders = {"sample": SAMPLES, "labelled": given.real / "clips", "free": given.free}
    noted = [one for one in read_noted() if one.half == given.half]
    said: list[Said] = []
    for (kind, name), own in groupby(noted, key=lambda one: (one.kind, one.clip)):
        clip = folders[kind] / f"{name}.mp4"
        if not clip.exists():
            print(f"{clip} is not there: skipped", file=sys.stderr)
            continue
        report, _ = report_of(clip, config=config, models=models, cache=given.cache)
        for one in own:
            words = description_at(report, one.frame, one.box)
            if words is None:
                print(f"{name}: no character in the box at {one.frame}", file=sys.stderr)
                continue
            said += said_of(one, words)
    for part in ("top", "legs"):
        print(table(said, part=part).markdown(), end="\n\n")
    for one in said if given.each else ():
        if one.words and not one.right:
            print(one.noted.clip, one.noted.what, one.words, "not", *one.terms)
    return 0


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    parser.add_argument("--free", type=Path, default=Path("../shared/train/clips"))
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--each", action="store_true", help="also print what is wrong")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
