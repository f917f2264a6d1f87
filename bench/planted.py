"""What castcheck finds of known errors planted in footage of all kinds: the main yardstick.

    python -m bench.planted --make DIR [--real ../shared/real | --clips CLIP...] [--boxes FOLDER]
    python -m bench.planted --planted DIR [--cache DIR] [--detector SPEC] [--embedder SPEC]
                            [--true-boxes] [--with-cast] [--reasons] [--json FILE]

The first plants in every clean labelled clip of the real ones, and in the studio's clean samples,
or in the clips named; the second judges such a folder, or any other of clips with their truth, and
prints per kind and way recall, delay and precision, false alarms on clean twins and legal
look-alikes, recall against the measured strength, and by source. `--true-boxes` judges on the boxes
planted with: what is missed then, the detector has no part in. `--with-cast` gives pictures of all
who are in the clean twin, cut out of it. `--reasons` says why each missed error was missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import Counter
from dataclasses import asdict, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.labelled import source_of
from bench.observed import StoredDetector, observations
from bench.tables import Table
from bench.twin_casts import TwinCasts
from castcheck.config import Config
from castcheck.facts.parts import VERDICTS
from castcheck.models.load import load_models
from castcheck.pipeline import report_on
from castcheck.planting.score import Judged, judged_clip, truths, wilson
from castcheck.runs.matching import MIN_IOU, NEAR_FRAMES, Truth
from castcheck.tables.kinds import TOLERANCE_FRAMES
from tracker import boxes
from tracker.detections import Detections
from tracker.settings import DetectorSettings
from tracker.stride import EVERY_PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from castcheck.facts.report import Report
    from castcheck.models.load import Models

SAMPLES = Path("sample_videos")
STRENGTHS = (0.0, 0.15, 0.3, 0.45, 0.6, 1.01)
LENIENT = 0.5  # strictness at which "seen, but below the threshold" is asked for
_SIDE_PX, _SECONDS = 480, 3.0
_MIN_FOLLOWED = 0.5  # of an event's frames near it


def true_boxes(data: dict[str, Any]) -> Detections:
    """Return the boxes a clip was planted with as if a detector had found them."""
    rows = [
        (frame, box)
        for person in data["people"]
        for track in person["tracks"]
        for frame, box in zip(track["frames"], track["boxes"], strict=True)
    ]
    rows.sort(key=lambda row: row[0])
    return Detections(
        np.array([frame for frame, _ in rows], np.int64),
        np.array([box for _, box in rows], np.float32).reshape(-1, 4),
        np.full(len(rows), 0.9, np.float32),
        np.zeros(len(rows), np.int32),
    )


def why_missed(
    data: dict[str, Any], report: Report, row: Judged, lenient: Callable[[], Report]
) -> str:
    """Return why an error was not found, the first reason that holds.

    Args:
        data: The truth.
        report: What was said.
        row: How it was judged.
        lenient: Judges once more, less strictly.
    """
    truth = Truth.from_dict(data)
    event = truth.events[0]
    cuts = [shot.start_frame for shot in report.shots[1:]]
    true_cut = any(abs(event.start_frame - cut) <= TOLERANCE_FRAMES for cut in truth.cuts)
    if not true_cut and any(abs(event.start_frame - cut) <= TOLERANCE_FRAMES for cut in cuts):
        return "taken for a cut"
    near = range(event.start_frame - NEAR_FRAMES, event.stop_frame + NEAR_FRAMES)
    said = {
        frame: [t.boxes[t.frames.index(frame)] for t in report.tracklets if frame in t.frames]
        for frame in near
    }
    for key in truth.tracks_of(event):
        seen = {f: b for f, b in truth.tracks[key].items() if f in near}
        hits = [_best(said[f], b[0]) >= MIN_IOU for f, b in seen.items()]
        if hits and sum(hits) < _MIN_FOLLOWED * len(hits):
            return "two in one box" if _shared(truth, key, seen, said) else "no box"
    if row.instead in ("wrong time", "wrong people"):
        return row.instead
    if row.instead != "nothing":
        return f"told as {row.instead}"
    if judged_clip(data, lenient()).found:
        return "below the threshold"
    return "not seen"


def _best(told: list[Any], box: np.ndarray) -> float:
    if not told:
        return 0.0
    return float(boxes.iou(np.array(told, np.float32), box[None].astype(np.float32)).max())


def _shared(
    truth: Truth, key: Any, seen: dict[int, np.ndarray], told: dict[int, list[Any]]
) -> bool:
    """Tell whether one box lies around this person and another, most of the time."""
    around = 0
    for frame, both in seen.items():
        for other, rows in truth.tracks.items():
            if other == key or frame not in rows:
                continue
            pair = np.stack([both[0], rows[frame][0]])
            union = np.concatenate([pair[:, :2].min(axis=0), pair[:, 2:].max(axis=0)])
            if _best(told[frame], union) > 0.7:
                around += 1
                break
    return bool(seen) and around > 0.5 * len(seen)


def judge_set(
    folder: Path,
    config: Config,
    models: Models,
    cache: Path | None,
    *,
    true: bool,
    reasons: bool,
    with_cast: bool = False,
) -> tuple[list[Judged], Counter[tuple[str, str]]]:
    """Judge every clip of a planted set; progress goes to stderr."""
    rows, missed = [], Counter[tuple[str, str]]()
    listed = list(truths(folder))
    twins = {clip: data for clip, data in listed if not data["events"]}
    casts = TwinCasts(twins if with_cast else {}, config, models, cache)
    for number, (clip, data) in enumerate(listed, start=1):
        own, kept = models, cache
        if true:
            found = true_boxes(data)
            own = replace(models, detector=StoredDetector(found, "true boxes", None))
            kept = None if cache is None else cache / "true"
        seen, _ = observations(clip, config=config, models=own, cache=kept)
        if with_cast:
            own = replace(own, references=casts.of(clip))

        def judged(
            settings: Config = config, seen: Any = seen, own: Models = own, clip: Path = clip
        ) -> Report:
            return report_on(clip, seen, config=settings, models=own).report

        report = judged()
        row = judged_clip(data, report)
        rows.append(row)
        if row.error and not row.found and reasons:
            weak = config.updated({"findings": {"strictness": LENIENT}})
            why = why_missed(data, report, row, partial(judged, weak))
            missed[row.kind, why] += 1
        note = "found" if row.found else (row.instead if row.error else f"{row.false} told")
        print(f"{number}/{len(listed)} {clip.stem}: {note}", file=sys.stderr, flush=True)
    return rows, missed


def tables(rows: Sequence[Judged], missed: Counter[tuple[str, str]]) -> list[Table]:
    """Return the tables of a judged set."""
    errors = [row for row in rows if row.error]
    good = [row for row in rows if not row.error]
    parts = [
        Table(
            "Per kind and way",
            ("planted", "errors", "found", "recall", "95 %", "major", "median delay, frames"),
            tuple(_by_way(errors)),
        ),
        Table(
            "What becomes of the clips",
            ("clips", "n", *VERDICTS, "stopped or looked at", "95 %"),
            tuple(_verdicts(rows)),
        ),
        Table("Precision", ("of what was told, major or worse", "n"), tuple(_precision(rows))),
        Table(
            "Without an error",
            ("clips", "n", "with a false alarm", "share", "95 %", "alarms per minute"),
            tuple(_alarms(good)),
        ),
        Table(
            "Recall against strength",
            ("strength", "errors", "found", "recall", "95 %"),
            tuple(
                _share_row(f"{low:.2f} to {min(high, 1):.2f}", own)
                for low, high in pairwise(STRENGTHS)
                if (
                    own := [
                        r for r in errors if r.strength is not None and low <= r.strength < high
                    ]
                )
            ),
        ),
        Table(
            "By source",
            ("source", "errors", "found", "recall", "95 %"),
            tuple(
                _share_row(name, [r for r in errors if prefix(r.source) == name])
                for name in sorted({prefix(r.source) for r in errors})
            ),
        ),
    ]
    if missed:
        whys = sorted({why for _, why in missed})
        parts.append(
            Table(
                "Why missed",
                ("kind", *whys),
                tuple(
                    (kind, *(missed[kind, why] or None for why in whys))
                    for kind in sorted({kind for kind, _ in missed})
                ),
            )
        )
    return parts


def prefix(source: str) -> str:
    """Return the source of a clip: what stands before the first underscore of its name.

    Example:
        >>> prefix("by_01.mp4"), prefix("room_clean.mp4")
        ('by', 'studio')
    """
    stem = source.removesuffix(".mp4")
    return "studio" if stem.endswith("_clean") else source_of(stem)


def _share_row(name: str, own: Sequence[Judged]) -> tuple[Any, ...]:
    hits = sum(row.found for row in own)
    low, high = wilson(hits, len(own))
    return name, len(own), hits, hits / len(own) if own else None, f"{low:.2f}-{high:.2f}"


def _by_way(errors: Sequence[Judged]) -> list[tuple[Any, ...]]:
    rows = []
    for kind in sorted({row.kind for row in errors}):
        own = [row for row in errors if row.kind == kind]
        ways = sorted({row.where for row in own})
        groups = [(f"**{kind}**", own)]
        if len(ways) > 1:
            groups += [(f"{kind}, {way}", [r for r in own if r.where == way]) for way in ways]
        for name, group in groups:
            delays = [row.delay for row in group if row.delay is not None]
            late = None if not delays else str(round(statistics.median(delays)))
            rows.append((*_share_row(name, group), sum(row.major for row in group), late))
    rows.append((*_share_row("**all**", errors), sum(row.major for row in errors), None))
    return rows


def _verdicts(rows: Sequence[Judged]) -> list[tuple[Any, ...]]:
    groups = {
        "with an error": [row for row in rows if row.error],
        "clean twins": [row for row in rows if row.kind == "clean"],
        "legal look-alikes": [row for row in rows if not row.error and row.kind != "clean"],
    }
    table = []
    for name, own in groups.items():
        if own:
            counts = [sum(row.verdict == verdict for row in own) for verdict in VERDICTS]
            held = sum(row.verdict != "pass" for row in own)
            low, high = wilson(held, len(own))
            table.append((name, len(own), *counts, held / len(own), f"{low:.2f}-{high:.2f}"))
    return table


def _precision(rows: Sequence[Judged]) -> list[tuple[Any, ...]]:
    right = sum(row.major for row in rows)
    beside = sum(row.false for row in rows if row.error)
    on_good = sum(row.false for row in rows if not row.error)
    return [
        ("right", right),
        ("false, beside a planted error", beside),
        ("false, where there is none", on_good),
        ("precision", right / (right + beside + on_good) if right + beside + on_good else None),
    ]


def _alarms(good: Sequence[Judged]) -> list[tuple[Any, ...]]:
    rows = []
    groups: list[tuple[str, list[Judged]]] = [
        ("clean twins", [r for r in good if r.kind == "clean"]),
        ("legal look-alikes", [r for r in good if r.kind != "clean"]),
    ]
    alike = groups[1][1]
    groups += [
        (f"- {kind}", [r for r in alike if r.kind == kind])
        for kind in sorted({r.kind for r in alike})
    ]
    for name, own in groups:
        if own:
            hits = sum(row.false > 0 for row in own)
            low, high = wilson(hits, len(own))
            minutes = sum(row.seconds for row in own) / 60
            total = sum(row.false for row in own)
            rows.append(
                (name, len(own), hits, hits / len(own), f"{low:.2f}-{high:.2f}", total / minutes)
            )
    return rows


def _clean_clips(real: Path) -> list[Path]:
    clips = sorted(SAMPLES.glob("*_clean.mp4"))
    if (real / "labels.json").exists():
        labels = json.loads((real / "labels.json").read_text(encoding="utf-8"))
        names = sorted(name for name, label in labels.items() if not label["errors"])
        # Sources in turn, so that donors come from another one.
        order: dict[str, int] = {}
        turn = []
        for name in names:
            order[prefix(name)] = order.get(prefix(name), 0) + 1
            turn.append((order[prefix(name)], name))
        clips = [real / "clips" / f"{name}.mp4" for _, name in sorted(turn)] + clips
    else:
        print(f"{real}: no labelled clips here, the studio's alone", file=sys.stderr)
    return clips


def make(folder: Path, options: argparse.Namespace) -> None:
    """Plant in the clips named, or in clean labelled ones and the studio's clean samples."""
    from castcheck.planting.run import plant_all
    from castcheck.planting.wish import Wish

    clips = options.clips or _clean_clips(options.real)
    config = Config.from_dict(
        {
            "run": {"detector": options.boxes or options.detector},
            "detector": {"search_fps": EVERY_PICTURE},
        }
    )
    models = load_models(config)

    def see(clip: Path) -> Any:
        return observations(clip, config=config, models=models, cache=options.cache)[0]

    wish = Wish(
        kinds=options.kinds,
        per_clip=options.per_clip,
        strengths=options.strength,
        seconds=_SECONDS,
        side_px=_SIDE_PX,
    )
    reader = models.embedder if hasattr(models.embedder, "read_cues") else None

    def say(line: str, *_: Any) -> None:
        print(line, file=sys.stderr, flush=True)

    made = plant_all(clips, folder, wish, observe=see, progress=say, note=say, reader=reader)
    print(f"{len(made.errors)} errors, {len(made.entries)} clips: {folder}")


def main(argv: list[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--make", type=Path, help="plant into this folder")
    parser.add_argument("--planted", type=Path, help="judge this folder of clips with their truth")
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    parser.add_argument("--clips", type=Path, nargs="+", help="plant in these clips instead")
    parser.add_argument("--boxes", help="folder of stored boxes to plant on")
    parser.add_argument("--detector", default="auto")
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--classes", default="")
    parser.add_argument("--kinds", type=_words, default=(), help="kinds or ways; nothing = all")
    parser.add_argument("--per-clip", type=int, default=5)
    parser.add_argument("--strength", type=_numbers, default=(1.0,))
    parser.add_argument("--true-boxes", action="store_true")
    parser.add_argument("--with-cast", action="store_true", help="with pictures of everybody")
    parser.add_argument("--reasons", action="store_true", help="say why errors were missed")
    parser.add_argument(
        "--search-fps", type=float, default=DetectorSettings().search_fps, help="0 = every picture"
    )
    parser.add_argument("--cache", type=Path, help="keep observations here between runs")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    if options.make:
        make(options.make, options)
    if not options.planted:
        return 0
    if not options.planted.is_dir():
        print(f"{options.planted}: no planted clips here, nothing measured", file=sys.stderr)
        return 0
    config = Config.from_dict(
        {
            "run": {"detector": options.detector, "embedder": options.embedder},
            "detector": {"classes": options.classes, "search_fps": options.search_fps},
        }
    )
    rows, missed = judge_set(
        options.planted,
        config,
        load_models(config),
        options.cache,
        true=options.true_boxes,
        reasons=options.reasons,
        with_cast=options.with_cast,
    )
    for table in tables(rows, missed):
        print(table.markdown(), end="\n\n")
    if options.json:
        data = {
            "clips": [asdict(row) for row in rows],
            "missed": [[*k, n] for k, n in missed.items()],
        }
        options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return 0


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(","))


if __name__ == "__main__":
    raise SystemExit(main())
