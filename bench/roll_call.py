"""Who of a known cast is in real clips: reference pictures against labels made by eye.

    python -m bench.roll_call --detector SPEC --embedder SPEC [--real DIR] [--cache DIR]
                              [--pictures N] [--json FILE]

Of every labelled clip each character is cut out of a picture or two, as somebody would who makes a
cast file by hand, and clips without an error are judged against four casts: all who are in it; all
and one of another clip, who is missing; all but one, who is unexpected; and one of another clip in
the place of one, who is a stranger. Each character has the turn of being left out. Of clips with an
error, names alone are counted. The pictures are of the first shot that shows a character, which
makes clips of one shot easier than pictures from elsewhere would; later shots are counted apart.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from bench.identities import boxes_with_names
from bench.labelled import NO_CHARACTER, real_pictures, source_of
from bench.observed import observations
from bench.tables import Table
from castcheck.cast.cast_file import CastFileError
from castcheck.cast.references import References, load_references
from castcheck.config import Config
from castcheck.models.load import load_models
from castcheck.pipeline import report_on
from castcheck.tables.kinds import KINDS
from identity.cast.matching import Member
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bench.labelled import Labelled
    from castcheck.facts.report import Report
    from castcheck.models.load import Models
    from identity.cast.matching import ReferenceFeatures

GUEST = "a guest"
ALL, BROKEN = "all", "all, in clips with an error"
WANTED: dict[str, Counter[str]] = {
    ALL: Counter(),
    "one too many": Counter(["missing"]),
    "one left out": Counter(["unexpected"]),
    "another in a place": Counter(["stranger"]),
}


_COUNTS = ("boxes", "named", "misnamed")


@dataclass(frozen=True, slots=True)
class Called:
    """How one clip was judged against one cast.

    Attributes:
        clip: Its name.
        cast: One of `WANTED`.
        major: Kinds of the findings against the cast, of severity major or worse.
        minor: Of the others.
        boxes: Labelled boxes of members: all, and those of later shots than their pictures.
        named: Of these, those with their own name.
        misnamed: Those with another's.
        number_right: Whether there are as many characters as labelled.
    """

    clip: str
    cast: str
    major: tuple[str, ...]
    minor: tuple[str, ...]
    boxes: tuple[int, int] = (0, 0)
    named: tuple[int, int] = (0, 0)
    misnamed: tuple[int, int] = (0, 0)
    number_right: bool = False

    @property
    def right(self) -> bool:
        """Whether just what is wrong is reported as major."""
        return Counter(self.major) == WANTED[self.cast]

    @property
    def noticed(self) -> bool:
        """Whether something is reported against the cast, as minor at least."""
        return bool(self.major or self.minor)


def members_of(
    pictures: Sequence[Labelled], models: Models, config: Config, *, each: int
) -> tuple[dict[str, Member], int]:
    """Return the characters of a labelled clip as members of a cast, and how many pictures failed.

    Args:
        pictures: Of the clip, with what the labels say.
        models: Detector, embedder and what reads faces.
        config: As a user would have it.
        each: Pictures of everybody, of the first shot that shows them: those with the least of
            others in them, as somebody who makes a cast would choose.
    """
    crops: dict[str, list[tuple[float, NDArray[np.uint8]]]] = {}
    first = first_shots(pictures)
    for one in pictures:
        overlaps = boxes.iou(one.boxes, one.boxes)
        np.fill_diagonal(overlaps, 0)
        edges = one.boxes.round().astype(int).clip(0).tolist()
        for (x1, y1, x2, y2), fact, others in zip(edges, one.facts, overlaps, strict=True):
            if first.get(fact["who"]) == fact["shot"]:
                crop = one.rgb[y1:y2, x1:x2]
                crops.setdefault(fact["who"], []).append((float(others.max()), crop))
    found, refused = {}, 0
    for who, own in crops.items():
        views: list[ReferenceFeatures] = []
        read = 0
        for _, crop in sorted(own, key=lambda pair: pair[0]):
            try:
                views += views_of(crop, models, config)
            except CastFileError:
                refused += 1
                continue
            read += 1
            if read == each:
                break
        found[who] = Member(who, tuple(views))
    return found, refused


def views_of(
    crop: NDArray[np.uint8], models: Models, config: Config
) -> tuple[ReferenceFeatures, ...]:
    """Return what a cast file of one member and one picture makes of it.

    Raises:
        CastFileError: It shows two of similar size, or no one.
    """
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(crop).save(Path(folder) / "one.png")
        cast = load_references(folder, models.detector, models.embedder, config, faces=models.faces)
    views = cast.members[0].views
    if not views:
        raise CastFileError(cast.notes[0])
    return views


def first_shots(pictures: Sequence[Labelled]) -> dict[str, int]:
    """Return the number of the first shot in which the labels have a box of each character."""
    found: dict[str, int] = {}
    for one in pictures:
        for fact in one.facts:
            if fact["who"] not in NO_CHARACTER:
                found[fact["who"]] = min(fact["shot"], found.get(fact["who"], fact["shot"]))
    return found


def casts_of(own: Mapping[str, Member], guest: Member) -> Iterator[tuple[str, list[Member]]]:
    """Yield each cast that a clip is judged against, by its row of `WANTED`."""
    members = list(own.values())
    yield ALL, members
    yield "one too many", [*members, guest]
    if len(members) < 2:
        return
    for one in members:
        rest = [member for member in members if member is not one]
        yield "one left out", rest
        yield "another in a place", [*rest, guest]


def call(
    clip: str,
    cast: str,
    members: Sequence[Member],
    report: Report,
    pictures: Sequence[Labelled],
    *,
    characters: int,
) -> Called:
    """Return how a report against a cast does, where there are so many characters."""
    against = [f for f in report.findings if KINDS[f.kind].against_cast]
    major = [f for f in report.at_or_above("major") if f in against]
    name_of = {character.id: character.name for character in report.characters}
    first = first_shots(pictures)
    counts = np.zeros((3, 2), np.int64)
    for one in pictures:
        for box, fact in zip(one.boxes.tolist(), one.facts, strict=True):
            if fact["who"] not in {member.name for member in members}:
                continue
            label = {"frame": one.frame, "box": box, "who": fact["who"]}
            [(true, said)] = boxes_with_names(report, [label])
            name = name_of.get(str(said))
            late = int(fact["shot"] > first[true])
            for row, counted in enumerate((True, name == true, name not in (None, true))):
                counts[row, : 1 + late] += counted
    labelled, named, misnamed = ((int(row[0]), int(row[1])) for row in counts)
    return Called(
        clip, cast, tuple(f.kind for f in major),
        tuple(f.kind for f in against if f not in major), labelled, named, misnamed,
        len(report.characters) == characters,
    )  # fmt: skip


def judge_all(
    real: Path, config: Config, models: Models, *, each: int, cache: Path | None
) -> list[Called]:
    """Judge the clips in which every character has a box; progress goes to stderr."""
    labels = json.loads((real / "labels.json").read_text(encoding="utf-8"))
    pictures: dict[str, list[Labelled]] = {}
    casts: dict[str, dict[str, Member]] = {}
    refused = 0
    for name, own_pictures in groupby(real_pictures(real), key=lambda one: one.clip):
        shown = list(own_pictures)
        pictures[name] = [replace(one, rgb=one.rgb[:0]) for one in shown]  # what labels say is kept
        if len(first_shots(shown)) == labels[name]["characters"]:
            casts[name], failed = members_of(shown, models, config, each=each)
            refused += failed
    casts = {name: casts[name] for name in labels if name in casts}  # whose guest is whose
    print(f"{refused} pictures were refused, and others taken", file=sys.stderr)
    rows = []
    for number, (name, own) in enumerate(casts.items()):
        others = [o for o in casts if source_of(o) != source_of(name)]
        guest = next(iter(casts[others[number % len(others)]].values()))
        guest = replace(guest, name=GUEST)
        clip = real / "clips" / f"{name}.mp4"
        seen, _ = observations(clip, config=config, models=models, cache=cache)
        broken = bool(labels[name]["errors"])
        for cast, members in [(BROKEN, [*own.values()])] if broken else casts_of(own, guest):
            references = References("", "", tuple(members), tuple(None for _ in members))
            against = replace(models, references=references)
            report = report_on(clip, seen, config=config, models=against).report
            count = labels[name]["characters"]
            rows.append(call(name, cast, members, report, pictures[name], characters=count))
        print(name, file=sys.stderr)
    return rows


def tables(rows: Sequence[Called]) -> Iterator[Table]:
    """Yield what was reported against each cast, and how many boxes have the right name."""
    cells: list[tuple[object, ...]] = []
    for cast, wanted in WANTED.items():
        own = [row for row in rows if row.cast == cast]
        said = Counter(" + ".join(sorted(row.major)) or "nothing" for row in own)
        says = "; ".join(f"{words} {n}" for words, n in said.most_common())
        right, noticed = (sum(row.right for row in own), sum(row.noticed for row in own))
        cells.append((cast, " + ".join(wanted) or "nothing", len(own), right, noticed, says))
    columns: tuple[str, ...] = (
        "cast", "should say", "judged", "says just that", "says anything", "says (major)",
    )  # fmt: skip
    yield Table("What is said against each cast", columns, tuple(cells))
    cells = []
    for cast in (ALL, BROKEN):
        own = [row for row in rows if row.cast == cast]
        number = f"{sum(row.number_right for row in own)} of {len(own)}"
        for part, word in enumerate(("", ", later shots than their pictures")):
            counts = [sum(getattr(row, name)[part] for row in own) for name in _COUNTS]
            cells.append((cast + word, *counts, None if part else number))
    columns = (
        "cast, boxes of its members", "labelled", "with their name", "with another's",
        "clips with the right number",
    )  # fmt: skip
    yield Table("Names", columns, tuple(cells))
    cells = [
        (row.clip, row.cast, " + ".join(row.major) or "nothing", " + ".join(row.minor))
        for row in rows
        if row.cast in WANTED and not row.right
    ]
    yield Table("Judged wrongly", ("clip", "cast", "says", "minor"), tuple(cells))


def main(argv: list[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    parser.add_argument("--detector", default="bundled")
    parser.add_argument("--embedder", default="bundled")
    parser.add_argument("--pictures", type=int, default=2, help="of each character")
    parser.add_argument("--cache", type=Path, help="keep observations here between runs")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    if not (options.real / "labels.json").exists():
        print(f"{options.real}: no labelled clips here, nothing measured", file=sys.stderr)
        return 0
    config = Config.from_dict({"run": {"detector": options.detector, "embedder": options.embedder}})
    models = load_models(config)
    rows = judge_all(options.real, config, models, each=options.pictures, cache=options.cache)
    for table in tables(rows):
        print(table.markdown(), end="\n\n")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
