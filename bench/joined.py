"""Everybody is somebody else, or everybody the same: exact truth about a cast without a label.

    python -m bench.joined --clips DIR --table TSV [--files 40] [--scenes 3] [--seed 0]
                           [--detector SPEC] [--embedder SPEC] [--cache DIR] [--json FILE]

Scenes of clips of different sources, filmed and generated mixed, are judged as one file: nobody of
one scene is anybody of another. And every clip without a cut is cut in two, its second half seen
nearer: everybody stays who he was. The table has a row for each clip, with tabs between its
columns: `name`, `repo` (its source) and `cuts` (0 = none).

Printed are: of all two characters of different scenes, how many are one; how often the count of the
joined file is that of its scenes alone, one more or one less; of those who are in both halves of a
clip, how many keep their character; and which major findings are told of the joined file alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.observed import observations
from bench.source_table import read_entries
from castcheck.config import Config
from castcheck.findings.builder import FindingBuilder
from castcheck.kinds.case import Case, find_in_judgement
from castcheck.models.load import load_models
from castcheck.pipeline import calibrate, embedder_name, judge_observations, weighs_boxes
from castcheck.planting.timeline import through
from castcheck.planting.video import write_clip
from identity.evidence.picture_style import PictureStyles
from identity.tracks.repair import repair_id_switches
from scenes.source import open_source
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.source_table import Entry
    from castcheck.models.load import Models
    from castcheck.observe import Observations
    from identity.findings import Finding
    from scenes.shots import Shot
    from tracker.tracklets import Tracklet

_NEARER = 0.8  # of width and height that the second half shows
_SAME_BODY_IOU = 0.5
_MIN_BOXES = 4  # of a body in a half, and of one that is matched with another
_MIN_FRAMES = 24


@dataclass(frozen=True, slots=True)
class Score:
    """What one file adds to the table.

    Attributes:
        name: Of the file.
        related: Whether everybody is the same; else nobody is.
        linked, pairs: Characters of different scenes that are one, of all two of them.
        kept, both: Bodies in both halves that keep their character, of all of them.
        characters, alone: Of the file, and of its scenes one by one.
        majors: Findings that are more than minor, of the file alone.
    """

    name: str
    related: bool
    characters: int
    alone: int
    majors: tuple[str, ...]
    linked: int = 0
    pairs: int = 0
    kept: int = 0
    both: int = 0

    @property
    def count_right(self) -> bool:
        """Whether the count is right within one."""
        return abs(self.characters - self.alone) <= 1


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What is said of one file.

    Attributes:
        tracklets: Of the file.
        characters: Tracklet to whom it shows.
        count: How many characters there are.
        findings: All of them.
    """

    tracklets: tuple[Tracklet, ...]
    characters: tuple[frozenset[int], ...]
    count: int
    findings: tuple[Finding, ...]

    def majors(self) -> list[tuple[str, int]]:
        """Return kind and first frame of what is more than minor."""
        return [(f.kind, f.start_frame) for f in self.findings if f.severity != "minor"]


def judged(
    seen: Observations, config: Config, embedder: str, *, weighed_boxes: bool = True
) -> Judged:
    """Judge what was seen, but for what only pictures can tell."""
    tracklets, looks = repair_id_switches(seen.tracklets, seen.looks, fps=seen.fps)
    seen = replace(seen, tracklets=tracklets, looks=looks)
    calibration, _ = calibrate(seen, embedder=embedder)
    judgement = judge_observations(seen, config, calibration, weighed_boxes=weighed_boxes)
    characters: list[set[int]] = [set() for _ in tracklets]
    for segment, label in zip(judgement.segments, judgement.cast.labels.tolist(), strict=True):
        if label >= 0:
            characters[segment.tracklet.tracklet_id].add(label)
    build = FindingBuilder(seen, judgement, config.findings)
    findings = find_in_judgement(Case(seen, judgement, config.findings, build))
    return Judged(
        tracklets, tuple(frozenset(own) for own in characters), judgement.cast.character_count,
        findings,
    )  # fmt: skip


def joined(pieces: Sequence[Observations]) -> Observations:
    """Return what would have been seen in one file of all pieces, as large as the first."""
    first = pieces[0]
    shots: list[Shot] = []
    tracklets: list[Tracklet] = []
    times: list[Fraction] = []
    start, begins_s = 0, Fraction(0)
    for piece in pieces:
        size = np.array([first.info.width_px, first.info.height_px] * 2, np.float32)
        scale = size / np.array([piece.info.width_px, piece.info.height_px] * 2, np.float32)
        numbered = len(shots)
        tracklets += [
            replace(
                t, tracklet_id=len(tracklets) + k, shot_index=t.shot_index + numbered,
                frame=t.frame + start, xyxy=np.asarray(t.xyxy * scale, np.float32),
            )
            for k, t in enumerate(piece.tracklets)
        ]  # fmt: skip
        shots += [
            replace(
                s, index=s.index + numbered, start_frame=s.start_frame + start,
                stop_frame=s.stop_frame + start,
                opens_with="cut" if s.index == 0 and start else s.opens_with,
            )
            for s in piece.shots
        ]  # fmt: skip
        times += [begins_s + t for t in piece.frame_times_s]
        start, begins_s = start + len(piece.frame_times_s), begins_s + piece.end_s
    return replace(
        first,
        frame_times_s=tuple(times),
        end_s=begins_s,
        shots=tuple(shots),
        tracklets=tuple(tracklets),
        looks=tuple(own for p in pieces for own in p.looks),
        thumbnails=np.concatenate([p.thumbnails for p in pieces]),
        tone=np.concatenate([p.tone for p in pieces]),
        styles=PictureStyles.joined([p.styles for p in pieces]),
    )


def score_unrelated(
    name: str, pieces: Sequence[Observations], config: Config, embedder: str,
    *, weighed_boxes: bool = True,
) -> Score:  # fmt: skip
    """Return how a file of unrelated scenes is judged."""
    alone, (whole,) = (
        [judged(piece, config, embedder, weighed_boxes=weighed_boxes) for piece in some]
        for some in (pieces, [joined(pieces)])
    )
    edges = np.cumsum([0, *(len(piece.frame_times_s) for piece in pieces)])
    cast: list[set[int]] = [set() for _ in pieces]
    for tracklet, own in zip(whole.tracklets, whole.characters, strict=True):
        scene = int(np.searchsorted(edges, tracklet.start_frame, side="right")) - 1
        cast[scene] |= own
    told = Counter(
        (kind, frame + int(edge))
        for edge, one in zip(edges, alone, strict=False)
        for kind, frame in one.majors()
    )
    extra = Counter(whole.majors()) - told
    return Score(
        name,
        related=False,
        linked=sum(len(a & b) for a, b in combinations(cast, 2)),
        pairs=sum(len(a) * len(b) for a, b in combinations(cast, 2)),
        characters=whole.count,
        alone=sum(one.count for one in alone),
        majors=tuple(f"{kind}@{frame}" for kind, frame in extra.elements()),
    )


def score_same(
    name: str, whole: Judged, halves: Judged, at: int, view: tuple[float, float, float, float],
    size_px: tuple[int, int],
) -> Score:  # fmt: skip
    """Return how a clip is judged whose second half is seen through a view.

    Args:
        name: Of the clip.
        whole: The clip as it is.
        halves: The clip with its second half seen nearer.
        at: First frame of the second half.
        view: x1, y1, x2, y2 that it shows, in pixels.
        size_px: (width, height) of the picture.
    """
    wide, tall = size_px
    zoom = np.array([(view[2] - view[0]) / wide, (view[3] - view[1]) / tall] * 2, np.float32)
    offset = np.array(view[:2] * 2, np.float32)
    kept = both = 0
    for body in whole.tracklets:
        who = [
            _characters_on(body, halves, frames, scale, shift)
            for frames, scale, shift in (
                (range(at), np.ones(4, np.float32), np.zeros(4, np.float32)),
                (range(at, int(body.frame[-1]) + 1), zoom, offset),
            )
        ]
        if all(who):
            both += 1
            kept += bool(who[0] & who[1])
    extra = Counter(kind for kind, _ in halves.majors()) - Counter(k for k, _ in whole.majors())
    return Score(
        name,
        related=True,
        kept=kept,
        both=both,
        characters=halves.count,
        alone=whole.count,
        majors=tuple(extra.elements()),
    )


def _characters_on(
    body: Tracklet, halves: Judged, frames: range, scale: np.ndarray, shift: np.ndarray
) -> frozenset[int]:
    """Return whom the tracklets that follow a body in some frames show."""
    found: frozenset[int] = frozenset()
    for tracklet, own in zip(halves.tracklets, halves.characters, strict=True):
        _, a, b = np.intersect1d(body.frame, tracklet.frame, return_indices=True)
        here = np.isin(body.frame[a], frames)
        if here.sum() < _MIN_BOXES:
            continue
        mapped = tracklet.xyxy[b[here]] * scale + shift
        if float(np.median(boxes.paired_iou(body.xyxy[a[here]], mapped))) >= _SAME_BODY_IOU:
            found |= own
    return found


def seen_nearer(
    clip: Path, out: Path, at: int, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Write a clip whose frames from `at` on show a part of the picture; return which part."""
    with open_source(clip) as source:
        wide, tall = source.info.width_px, source.info.height_px
        x, y = (float(v) for v in rng.uniform(0, 1 - _NEARER, 2) * (wide, tall))
        view = (x, y, x + _NEARER * wide, y + _NEARER * tall)

        def pictures() -> Iterator[np.ndarray]:
            for batch in source.batches(8):
                for frame, rgb in zip(batch.index.tolist(), batch.rgb, strict=True):
                    even = rgb[: tall // 2 * 2, : wide // 2 * 2]
                    yield through(even, view) if frame >= at else even

        rate = source.info.rate
        if rate is None:
            raise ValueError(f"{clip}: how many frames a second is not known")
        write_clip(out, pictures(), rate=rate)
    return view


def table(scores: Sequence[Score]) -> str:
    """Return one row for each question."""
    unrelated, same = [s for s in scores if not s.related], [s for s in scores if s.related]
    lines = ["| | of | |", "|---|---:|---:|"]

    def row(what: str, number: int, of: int) -> None:
        lines.append(f"| {what} | {of} | {number} ({number / max(of, 1):.1%}) |")

    row("two of different scenes are one", sum(s.linked for s in unrelated),
        sum(s.pairs for s in unrelated))  # fmt: skip
    row("unrelated scenes: count right within one", sum(s.count_right for s in unrelated),
        len(unrelated))  # fmt: skip
    row("unrelated scenes: files with a major finding", sum(bool(s.majors) for s in unrelated),
        len(unrelated))  # fmt: skip
    row("in both halves and the same", sum(s.kept for s in same), sum(s.both for s in same))
    row("halves: count right within one", sum(s.count_right for s in same), len(same))
    row("halves: files with a major finding", sum(bool(s.majors) for s in same), len(same))
    return "\n".join(lines)


def triples(
    entries: Sequence[Entry], files: int, scenes: int, rng: np.random.Generator
) -> Iterator[tuple[Entry, ...]]:
    """Yield clips of different sources, `scenes` at a time."""
    if len({entry.source for entry in entries}) < scenes:
        return
    made = 0
    while made < files:
        chosen = tuple(entries[k] for k in rng.choice(len(entries), scenes, replace=False))
        if len({entry.source for entry in chosen}) == scenes:
            made += 1
            yield chosen


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit code says whether there was anything to measure."""
    given = _parsed(argv)
    config = Config().updated({"run": {"detector": given.detector, "embedder": given.embedder}})
    models = load_models(config)
    entries = [e for e in read_entries(given.clips, given.table) if not e.cuts]
    rng = np.random.default_rng(given.seed)
    scores = [*_unrelated(entries, given, config, models, rng)]
    scores += _same(entries, given, config, models, rng)
    if not scores:
        print("nothing to join: fewer sources than scenes", file=sys.stderr)
        return 2
    print(table(scores))
    for score in scores:
        if score.majors or score.linked:
            print(f"- {score.name}: linked {score.linked}, told {', '.join(score.majors) or '-'}")
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(s) for s in scores], indent=1), encoding="utf-8")
    return 0


def _unrelated(
    entries: Sequence[Entry], given: argparse.Namespace, config: Config, models: Models,
    rng: np.random.Generator,
) -> Iterator[Score]:  # fmt: skip
    for chosen in triples(entries, given.files, given.scenes, rng):
        name = "+".join(entry.clip.stem for entry in chosen)
        print(name, file=sys.stderr)
        pieces = [
            observations(entry.clip, config=config, models=models, cache=given.cache)[0]
            for entry in chosen
        ]
        weighed = weighs_boxes(models, chosen[0].clip)
        yield score_unrelated(name, pieces, config, embedder_name(models), weighed_boxes=weighed)


def _same(
    entries: Sequence[Entry], given: argparse.Namespace, config: Config, models: Models,
    rng: np.random.Generator,
) -> Iterator[Score]:  # fmt: skip
    folder = given.cache / "joined"
    folder.mkdir(parents=True, exist_ok=True)
    picks = rng.permutation(len(entries))[: given.files].tolist()
    for entry in (entries[k] for k in picks):
        print(entry.clip.stem, file=sys.stderr)
        seen, _ = observations(entry.clip, config=config, models=models, cache=given.cache)
        count = len(seen.frame_times_s)
        if count < _MIN_FRAMES:
            continue
        out = folder / f"{entry.clip.stem}.mp4"
        view = seen_nearer(entry.clip, out, count // 2, np.random.default_rng(given.seed))
        nearer, _ = observations(out, config=config, models=models, cache=given.cache)
        size = seen.info.width_px, seen.info.height_px
        weighed = weighs_boxes(models, entry.clip)
        one, two = (
            judged(s, config, embedder_name(models), weighed_boxes=weighed) for s in (seen, nearer)
        )
        yield score_same(entry.clip.stem, one, two, count // 2, view, size)


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.joined")
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--scenes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--detector", default="bundled")
    parser.add_argument("--embedder", default="bundled")
    parser.add_argument("--cache", type=Path, default=Path(".bench-cache"))
    parser.add_argument("--json", type=Path)
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
