"""How castcheck judges real and generated clips that were labelled by eye.

    python -m bench.real --detector WEIGHTS --embedder WEIGHTS [--real DIR] [--classes WORDS]
                         [--cache DIR] [--json FILE]

Prints cuts, cast counts, identities (B-cubed), how well the tracks box everybody (`bench.tracked`),
false alarms and which labelled errors were found.
Skips with a message where the folder with the labels is absent.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.identities import boxes_with_names, cut_counts, finds, grouping
from bench.labelled import EARLIER_CLIPS, real_pictures
from bench.observed import observations
from bench.tracked import Tracked, box_figures, tracked_in
from castcheck.config import Config
from castcheck.models.load import load_models
from castcheck.pipeline import report_on
from tracker.settings import DetectorSettings

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.models.load import Models

CUT_SLACK_FRAMES = 2


@dataclass
class ClipScore:
    """What one clip adds to the table."""

    clip: str
    shots: int
    multi_shot: bool
    characters_said: int
    characters_true: int | None
    verdict: str
    cuts: tuple[int, int, int] = (0, 0, 0)
    bcubed_f1: float | None = None
    boxes: int = 0
    boxes_found: int = 0
    clean: bool = False
    alarms: list[str] = field(default_factory=list)
    false_alarms: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    tracked: list[Tracked] = field(default_factory=list)


def score_clip(name: str, report: Report, label: dict[str, Any] | None) -> ClipScore:
    """Compare one report with its label; without a label only what is clean by nature counts."""
    said = [s.start_frame for s in report.shots[1:]]
    major = report.at_or_above("major")
    row = ClipScore(
        name,
        len(report.shots),
        bool(label and label["cuts"]),
        len(report.characters),
        None if label is None else label["characters"],
        report.verdict,
        alarms=[
            f"{f.kind} {f.severity} {f.confidence:.2f} @{f.start_frame}" for f in report.findings
        ],
    )
    if label is None:  # real footage: nothing is wrong with anybody, and there are no cuts
        row.clean, row.false_alarms = True, len(major)
        row.cuts = cut_counts(said, [], slack_frames=CUT_SLACK_FRAMES)
        return row
    row.cuts = cut_counts(said, label["cuts"], slack_frames=CUT_SLACK_FRAMES)
    pairs = boxes_with_names(report, label["boxes"])
    row.boxes, row.boxes_found = len(pairs), sum(who is not None for _, who in pairs)
    row.bcubed_f1 = grouping(pairs).f1 if pairs else None
    row.clean = not label["errors"]
    row.false_alarms = len(major) if row.clean else 0
    row.errors = [
        {
            "kind": e["kind"],
            "who": e["who"],
            "severity": e["severity"],
            "start_frame": e["start_frame"],
            "found": [f.kind for f in report.findings if finds(f, e)],
        }
        for e in label["errors"]
        if e["severity"] in {"moderate", "severe"}
    ]
    return row


def summary(rows: list[ClipScore]) -> dict[str, Any]:
    """Add up the clips."""
    labelled = [r for r in rows if r.characters_true is not None]
    hits, said, true = (sum(r.cuts[k] for r in rows) for k in range(3))
    scores = [r.bcubed_f1 for r in labelled if r.bcubed_f1 is not None]
    multi = [r.bcubed_f1 for r in labelled if r.bcubed_f1 is not None and r.multi_shot]
    errors = [e for r in rows for e in r.errors]
    return {
        "clips": len(rows),
        "cut_precision": hits / said if said else None,
        "cut_recall": hits / true if true else None,
        "cut_f1": 2 * hits / (said + true) if said + true else None,
        "cast_count_right": float(
            np.mean([r.characters_said == r.characters_true for r in labelled])
        ),
        "bcubed_f1_all": float(np.mean(scores)),
        "bcubed_f1_multi_shot": float(np.mean(multi)),
        "boxes_found": sum(r.boxes_found for r in labelled) / sum(r.boxes for r in labelled),
        **box_figures([one for r in labelled for one in r.tracked]),
        "clean_clips": sum(r.clean for r in rows),
        "false_alarms_major": sum(r.false_alarms for r in rows),
        "errors_moderate_or_severe": len(errors),
        "errors_found": sum(bool(e["found"]) for e in errors),
        **{
            f"clips_{of}_{verdict}": sum(r.verdict == verdict for r in own)
            for of, own in (
                ("with_such_errors", [r for r in rows if r.errors]),
                ("clean", [r for r in rows if r.clean]),
            )
            for verdict in ("fail", "abstain", "pass")
        },
    }


def print_tables(rows: list[ClipScore], totals: dict[str, dict[str, Any]]) -> None:
    """Print Markdown."""
    print("| clip | shots | cast said / true | B-cubed F1 | boxes found | clean | findings |")
    print("|---|---|---|---|---|---|---|")
    for r in rows:
        f1 = "" if r.bcubed_f1 is None else f"{r.bcubed_f1:.2f}"
        true = "?" if r.characters_true is None else r.characters_true
        found = f"{r.boxes_found}/{r.boxes}" if r.boxes else ""
        print(
            f"| {r.clip} | {r.shots} | {r.characters_said} / {true} | {f1} | {found} "
            f"| {'yes' if r.clean else ''} | {'; '.join(r.alarms)} |"
        )
    print("\n| labelled error, moderate or severe | clip | found |\n|---|---|---|")
    for r in rows:
        for e in r.errors:
            what = f"{e['kind']} of {e['who']} from frame {e['start_frame']}, {e['severity']}"
            print(f"| {what} | {r.clip} | {', '.join(e['found']) or 'no'} |")
    print(f"\n| figure | {' | '.join(totals)} |\n|---|{'---|' * len(totals)}")
    for key in next(iter(totals.values())):
        values = [total[key] for total in totals.values()]
        texts = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in values]
        print(f"| {key.replace('_', ' ')} | {' | '.join(texts)} |")


def parts_of(rows: list[ClipScore], labels: dict[str, Any]) -> dict[str, list[ClipScore]]:
    """Return all clips, and the labelled ones apart by whether they were measured on before."""
    order = list(labels)
    earlier, new = set(order[:EARLIER_CLIPS]), set(order[EARLIER_CLIPS:])
    parts = {
        "all": rows,
        "earlier": [r for r in rows if r.clip in earlier],
        "new": [r for r in rows if r.clip in new],
    }
    return {name: part for name, part in parts.items() if part}


def judge_all(
    real: Path, clips: list[Path], config: Config, models: Models, cache: Path | None
) -> list[ClipScore]:
    """Judge clips of the labelled folder `real`; progress goes to stderr."""
    labels = json.loads((real / "labels.json").read_text(encoding="utf-8"))
    pictures = list(real_pictures(real, drawn=True, pixels=False))
    rows = []
    for clip in clips:
        seen, cached = observations(clip, config=config, models=models, cache=cache)
        report = report_on(clip, seen, config=config, models=models).report
        row = score_clip(clip.stem, report, labels.get(clip.stem))
        row.tracked = [tracked_in(report, one) for one in pictures if one.clip == clip.stem]
        rows.append(row)
        print(f"{clip.stem}{' (kept observations)' if cached else ''}", file=sys.stderr)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    parser.add_argument("--detector", required=True)
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--classes", default="", help="as castcheck check --classes")
    parser.add_argument(
        "--search-fps", type=float, default=DetectorSettings().search_fps, help="0 = every picture"
    )
    parser.add_argument("--cache", type=Path, help="keep observations here between runs")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    if not (options.real / "labels.json").exists():
        print(f"{options.real}: no labelled clips here, nothing measured", file=sys.stderr)
        return 0
    config = Config.from_dict(
        {
            "run": {"detector": options.detector, "embedder": options.embedder},
            "detector": {"classes": options.classes, "search_fps": options.search_fps},
        }
    )
    labels = json.loads((options.real / "labels.json").read_text())
    clips = sorted((options.real / "clips").glob("*.mp4"))
    rows = judge_all(options.real, clips, config, load_models(config), options.cache)
    totals = {name: summary(part) for name, part in parts_of(rows, labels).items()}
    print_tables(rows, totals)
    if options.json:
        kept = [{k: v for k, v in asdict(r).items() if k != "tracked"} for r in rows]
        data = {"summary": totals["all"], "parts": totals, "clips": kept}
        options.json.write_text(json.dumps(data, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
