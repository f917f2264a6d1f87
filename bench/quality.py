"""How well castcheck finds planted errors in rendered clips, and how often it cries wolf.

    python -m bench.quality --detector WEIGHTS --embedder WEIGHTS [--set report] [--clips FOLDER]

Takes the clips of the studio's fixed sets from FOLDER/report and FOLDER/tune (`--set any`: whatever
clips lie in FOLDER with their truth), judges them as `castcheck check` does, and matches findings
with planted events as the contract says (`bench/matching.py`). What networks saw is kept in
`--cache`, so a run that was broken off goes on, and a change of the findings costs seconds.
Beside it: subject consistency and the ID switches of two trackers, on the same boxes.

Writes quality.txt, quality.md, quality.json and quality.png to OUT/<set>.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.observed import report as report_of
from bench.quality_clips import ANY, find_clips, read_truth, render_missing
from bench.quality_peers import peers_of_clip
from bench.quality_score import ClipRow, score_clip
from bench.quality_tables import all_figures, all_tables
from castcheck.config import Config
from castcheck.console.screen import Screen
from castcheck.models.load import load_models
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.quality_clips import ClipSet
    from castcheck.models.load import Models

SETS = ("report", "tune")
EXIT_BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; 0, or 2 with one line on stderr where something is wrong."""
    options = _parser().parse_args(argv)
    if options.threads:
        limit_threads(options.threads)
    try:
        return run(options)
    except CastcheckError as err:
        print(f"bench.quality: {err}", file=sys.stderr)
        return EXIT_BAD_INPUT


def run(options: argparse.Namespace) -> int:
    """Measure the sets that were asked for.

    Raises:
        CastcheckError: Weights, settings or a clip are bad.
    """
    names = SETS if options.set == "both" else (options.set,)
    config = config_from(options)
    models = None
    worst = 0
    for name in names:
        chosen = find_clips(name, options.clips, only=options.only, limit=options.limit)
        if options.render and chosen.missing and name != ANY:
            worst = max(worst, render_missing(chosen, workers=options.workers))
            chosen = find_clips(name, options.clips, only=options.only, limit=options.limit)
        _say_missing(chosen)
        if not chosen.clips:
            print(f"{chosen.folder}: no clips of the set {name}, nothing measured", file=sys.stderr)
            worst = EXIT_BAD_INPUT
            continue
        models = models or load_models(config)
        rows = judge(chosen, config, models, cache=options.cache, peers=not options.no_peers)
        _write(options.out / name, chosen, rows, config, models)
    return worst


def judge(
    chosen: ClipSet, config: Config, models: Models, *, cache: Path | None, peers: bool
) -> list[ClipRow]:
    """Judge and score every clip, with a bar on stderr, or a line per clip where it is a file.

    Raises:
        CastcheckError: A clip cannot be read.
    """
    rows: list[ClipRow] = []
    with Screen().progress(f"quality, {chosen.name}") as progress:

        def tell(stage: str, clip: Path, number: int) -> None:
            progress(f"{stage}  {clip.stem}", number, len(chosen.clips))
            if not sys.stderr.isatty():
                print(f"{stage} {number + 1}/{len(chosen.clips)} {clip.stem}", file=sys.stderr)

        for number, clip in enumerate(chosen.clips):
            tell("judging", clip, number)
            said, _ = report_of(clip, config=config, models=models, cache=cache)
            rows.append(score_clip(clip.stem, said, read_truth(clip)))
        for number, clip in enumerate(chosen.clips if peers else ()):
            tell("other methods", clip, number)
            beside = peers_of_clip(
                clip, read_truth(clip), config=config, models=models, cache=cache
            )
            rows[number] = replace(rows[number], peers=beside)
    return rows


def _say_missing(chosen: ClipSet) -> None:
    if chosen.missing:
        print(
            f"{len(chosen.missing)} clips of the set {chosen.name} are not rendered yet "
            f"(`{chosen.render_command}`, or --render); measured on the other {len(chosen.clips)}",
            file=sys.stderr,
        )


def _write(
    folder: Path, chosen: ClipSet, rows: list[ClipRow], config: Config, models: Models
) -> None:
    """Print the tables and write all files, each whole or not at all."""
    figures = all_figures(rows)
    embedder = "colour alone" if models.embedder is None else models.embedder.name
    detector = models.detector.name
    title = (
        f"Set {chosen.name}: {len(rows)} clips, {figures['broken']} of them broken"
        f"{f', {len(chosen.missing)} not rendered yet' if chosen.missing else ''}; "
        f"detector {detector}, embedder {embedder}"
    )
    tables = all_tables(figures)
    text = "\n\n".join([title, *(table.text() for table in tables)]) + "\n"
    markdown = "\n\n".join([title, *(table.markdown() for table in tables)]) + "\n"
    run_facts = {
        "set": chosen.name,
        "missing": list(chosen.missing),
        "detector": detector,
        "embedder": embedder,
        "config": config.to_dict(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "quality.txt", text)
    write_whole(folder / "quality.md", markdown)
    write_whole(
        folder / "quality.json",
        json.dumps({"run": run_facts, **figures}, indent=1, allow_nan=False) + "\n",
    )
    print(text, end="")
    try:
        from bench.quality_plot import draw

        draw(figures, folder / "quality.png", title=title)
    except ImportError:
        print(
            'no picture drawn: `pip install "castcheck[bench]"` brings matplotlib', file=sys.stderr
        )
    print(f"written to {folder}", file=sys.stderr)


def write_whole(file: Path, text: str) -> None:
    """Write a text whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def config_from(options: argparse.Namespace) -> Config:
    """Return the settings that the options ask for."""
    config = Config() if options.config is None else Config.load(options.config)
    run_settings = {
        key: getattr(options, key)
        for key in ("detector", "embedder", "device")
        if getattr(options, key) is not None
    }
    given: dict[str, Any] = {"run": run_settings}
    if options.classes is not None:
        given["detector"] = {"classes": options.classes}
    return config.updated(given)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `config_from` reads, and where observations are kept."""
    add = parser.add_argument
    add("--detector", help="as castcheck check --detector")
    add("--embedder", help="as castcheck check --embedder")
    add("--classes", help="as castcheck check --classes")
    add("--device", help="as castcheck check --device")
    add("--config", type=Path, help="as castcheck check --config")
    add("--cache", type=Path, default=Path(".cache/bench/quality"), help="kept observations")


def add_set_options(parser: argparse.ArgumentParser) -> None:
    """Declare which clips of a rendered set are judged, and how."""
    add = parser.add_argument
    add("--clips", type=Path, default=Path(".cache/quality"), help="folder of the rendered sets")
    add("--out", type=Path, default=Path("bench/out/quality"))
    add("--only", default="", help="clips whose name contains this")
    add("--limit", type=int, help="no more than so many clips")
    add("--threads", type=int, default=0, help="threads of torch and OpenCV; 0 = their default")


def limit_threads(count: int) -> None:
    """Let torch and OpenCV use so many threads."""
    import cv2
    import torch

    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def _parser() -> argparse.ArgumentParser:
    doc = __doc__ or ""
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--set", choices=(*SETS, "both", ANY), default="report")
    add("--render", action="store_true", help="render what is missing first (needs the studio)")
    add("--workers", type=int, default=1, help="processes that render")
    add_set_options(parser)
    add_model_options(parser)
    add("--no-peers", action="store_true", help="leave the other methods out")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
