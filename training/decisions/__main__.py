"""`python -m training.decisions`: fits what `identity/explanations/decisions.json` holds.

How the decision is made, and what it learns from, stands in `docs/decisions.md`.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from bench.source_table import read_entries
from castcheck.models.load import load_models
from castcheck.pipeline import embedder_name
from identity.evidence.calibration import calibration_for
from identity.evidence.learnt import learnt_evidence
from identity.explanations import (
    attribute_swap,
    change,
    clone,
    clothes_swap,
    exchanged_heads,
    other_clothes,
    other_face,
    other_look,
    slow_clothes,
    swap,
)
from identity.explanations.model import DATA_FILE, DecisionModel
from scenes.errors import CastcheckError
from scenes.source import clip_sha256
from training.decisions.clips import AS_CHECKED, CONFIG, read_shots
from training.decisions.over_cuts import natural_other_looks, read_labelled, same_looks
from training.decisions.planting import (
    change_cases,
    clone_cases,
    clothes_swap_cases,
    exchanged_heads_cases,
    hair_swap_cases,
    labelled_faces,
    other_clothes_cases,
    other_face_cases,
    other_look_cases,
    slow_clothes_cases,
    swap_cases,
)
from training.decisions.table import fit_and_judge
from training.options import Cache, Clips, Table, Without, check_folder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.source_table import Entry
    from identity.evidence.calibration import Calibration
    from identity.evidence.logistic import Bounds, Logistic
    from training.decisions.cases import Case
    from training.decisions.clips import Shot
    from training.decisions.over_cuts import LabelledClip
    from training.decisions.table import Outcome

    Makes = Callable[[Sequence[Shot], Calibration, np.random.Generator], list[Case]]
    AlsoMakes = Callable[[Sequence[Shot], Sequence[LabelledClip], Calibration], list[Case]]

PRIOR = 0.3
TARGET = Path("identity") / "explanations" / DATA_FILE
# The first feature of each chooses the moments of the first round.
EXPLANATIONS: dict[str, tuple[Makes, Mapping[str, Bounds]]] = {
    "morph": (partial(change_cases, slow=False), change.FEATURES),
    "drift": (partial(change_cases, slow=True), change.FEATURES),
    "swap": (swap_cases, swap.FEATURES),
    "clone": (clone_cases, clone.FEATURES),
    "other_look": (other_look_cases, other_look.FEATURES),
    "other_clothes": (other_clothes_cases, other_clothes.FEATURES),
    "clothes_swap": (clothes_swap_cases, clothes_swap.FEATURES),
    "exchanged_heads": (exchanged_heads_cases, exchanged_heads.FEATURES),
    "slow_clothes": (slow_clothes_cases, slow_clothes.FEATURES),
    "other_face": (other_face_cases, other_face.FEATURES),
    "hair_swap": (hair_swap_cases, attribute_swap.HAIR),
}

# Cases beside those of the table that nothing is learnt from.
ALSO_JUDGED_ON: dict[str, Sequence[AlsoMakes]] = {
    "other_look": (
        lambda shots, _, calibration: same_looks(shots, calibration),
        lambda _, clips, calibration: natural_other_looks(clips, calibration),
    ),
    "other_face": (lambda _, clips, calibration: labelled_faces(clips, calibration),),
}

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def fitted(
    name: str, cases: Sequence[Case], *, prior: float, seed: int
) -> tuple[Logistic, Outcome]:
    """Return an explanation of the table, fitted, and how it does; see `fit_and_judge`."""
    return fit_and_judge(name, cases, EXPLANATIONS[name][1], prior=prior, seed=seed)


def cases_of_all(
    shots: Sequence[Shot],
    clips: Sequence[LabelledClip],
    calibration: Calibration,
    *,
    seed: int,
    only: Sequence[str] = (),
) -> dict[str, list[Case]]:
    """Return the cases of every explanation by name, or of some.

    Args:
        shots: Errors are planted in these.
        clips: Labelled ones, to judge by what was fitted.
        calibration: Of the embedder.
        seed: Of what is planted where.
        only: Names; nothing = all.
    """
    found: dict[str, list[Case]] = {}
    for name, (make, _) in EXPLANATIONS.items():
        if only and name not in only:
            continue
        # By its name, so that a new explanation leaves the cases of all others as they are.
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        found[name] = make(shots, calibration, rng)
        for judged_on in ALSO_JUDGED_ON.get(name, ()):
            found[name] += judged_on(shots, clips, calibration)
    return found


def fit_all(
    cases: Mapping[str, Sequence[Case]],
    *,
    prior: Mapping[str, float],
    seed: int,
    say: Callable[[str], None],
) -> tuple[dict[str, Logistic], dict[str, Any]]:
    """Return the explanations of some cases by name, and what each did on sources left out.

    Raises:
        CastcheckError: Too few cases of one of them.
    """
    found: dict[str, Logistic] = {}
    numbers: dict[str, Any] = {}
    for name, own in cases.items():
        try:
            found[name], outcome = fitted(name, own, prior=prior[name], seed=seed)
        except CastcheckError as err:
            raise CastcheckError(f"{name}: {err.message}", where=err.where, hint=err.hint) from err
        numbers[name] = outcome.numbers()
        say(outcome.text())
    return found, numbers


def priors_from(words: Sequence[str]) -> dict[str, float]:
    """Return the prior of every explanation; later words win.

    Raises:
        CastcheckError: There is no such explanation, or it is no share.

    Example:
        >>> priors_from(["0.2", "clone=0.1"])["clone"], priors_from(["0.2"])["swap"]
        (0.1, 0.2)
    """
    found = dict.fromkeys(EXPLANATIONS, PRIOR)
    for word in words:
        name, _, text = word.rpartition("=")
        try:
            share = float(text)
        except ValueError:
            share = -1.0
        if not 0 < share < 1 or (name and name not in found):
            raise CastcheckError(
                f"{word!r} is no prior",
                where="--prior",
                hint=f"between 0 and 1, perhaps after one of {', '.join(found)} and =",
            )
        found.update(dict.fromkeys([name] if name else found, share))
    return found


def with_kept(
    found: Mapping[str, Logistic],
    provenance: Mapping[str, Any],
    kept: DecisionModel,
    *,
    where: Path,
) -> DecisionModel:
    """Return what was fitted now, and all other explanations of a file as they are.

    Raises:
        CastcheckError: The file was fitted on something else, or lacks an explanation.
    """
    fitted_anew = {"prior", "believed_of_sources_left_out"}
    alike = provenance.keys() == kept.provenance.keys() and all(
        provenance[key] == kept.provenance[key] for key in provenance.keys() - fitted_anew
    )
    lacking = sorted(EXPLANATIONS.keys() - found.keys() - kept.explanations.keys())
    if not alike or lacking:
        raise CastcheckError(
            f"cannot be kept in part: it lacks {', '.join(lacking)}"
            if lacking
            else "cannot be kept in part: it was fitted on something else",
            where=where,
            hint="fit all explanations, without --only",
        )
    both = {
        key: {
            name: (provenance if name in found else kept.provenance)[key][name]
            for name in EXPLANATIONS
        }
        for key in sorted(fitted_anew)
    }
    models = {name: found.get(name) or kept[name] for name in EXPLANATIONS}
    return DecisionModel(models, {**provenance, **both})


def source_list(entries: Sequence[Entry]) -> str:
    """Return a table of sources: how many clips of each, and under which licences."""
    lines = ["repo\tclips\tlicence"]
    for source in sorted({entry.source for entry in entries}):
        own = [entry for entry in entries if entry.source == source]
        licences = sorted({entry.licence for entry in own if entry.licence})
        lines.append(f"{source}\t{len(own)}\t{'; '.join(licences) or '-'}")
    return "\n".join(lines) + "\n"


@app.command()
def fit(
    clips: Clips,
    table: Table,
    cache: Cache,
    without: Without = None,
    sources_out: Annotated[
        Path | None, typer.Option(help="Write sources and licences to this file.")
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            help="Share of those asked about that have an error, for all or as NAME=SHARE; "
            "may be repeated.",
            show_default="0.3",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is planted where.")] = 0,
    labelled: Annotated[
        Path | None,
        typer.Option(
            help="Folder with `labels.json` and `clips/`: another look in a later shot is judged "
            "there too. Nothing is learnt from it."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Fit this explanation alone and keep the others of the file, if it was fitted "
            "on the same clips; may be repeated."
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Data file to write.")] = TARGET,
) -> None:
    """Fit the weights of all explanations on errors planted in what was seen in clean clips."""
    priors = priors_from(prior or ())
    for target in (output, *([] if sources_out is None else [sources_out])):
        check_folder_of(target)
    unknown = sorted(set(only or ()) - EXPLANATIONS.keys())
    if unknown:
        raise CastcheckError(
            f"no explanation {unknown[0]!r}", where="--only", hint=", ".join(EXPLANATIONS)
        )
    kept = DecisionModel.from_json(output.read_text(encoding="utf-8")) if only else None
    entries = read_entries(clips, table, without=without or ())
    models = load_models(CONFIG)
    shots = read_shots(
        entries, models, cache=cache, seed=seed, progress=lambda name: typer.echo(name, err=True)
    )
    calibration = calibration_for(embedder_name(models))
    natural = (
        []
        if labelled is None
        else read_labelled(
            labelled, AS_CHECKED, models, cache=cache, say=lambda name: typer.echo(name, err=True)
        )
    )
    cases = cases_of_all(shots, natural, calibration, seed=seed, only=only or ())
    found, numbers = fit_all(cases, prior=priors, seed=seed, say=typer.echo)
    embedder = models.embedder
    provenance = {
        "made_by": "python -m training.decisions",
        "fitted_on": "errors planted in the looks of tracks of clips taken to be clean",
        "clips": len(entries),
        "clips_sha256": _digest(f"{e.clip.name} {clip_sha256(e.clip)}" for e in entries),
        "cuts_sha256": _digest(f"{e.clip.name} {e.source} {e.cuts}" for e in entries),
        "sources": len({e.source for e in entries}),
        "shots": sum(not s.altered for s in shots),
        "shots_relit": sum(s.kind == "relit" for s in shots),
        "shots_recoded": sum(s.kind == "recoded" for s in shots),
        "tracks": sum(len(s.samples.tracks) for s in shots if not s.altered),
        "prior": priors,
        "seed": seed,
        "embedder": {
            "name": embedder_name(models),
            "sha256": None if embedder is None else embedder.sha256,
        },
        "same_person_sha256": learnt_evidence().same_person_sha256,
        "believed_of_sources_left_out": numbers,
    }
    model = DecisionModel(found, provenance)
    if kept is not None:
        model = with_kept(found, provenance, kept, where=output)
    _write_whole(output, model.to_json())
    if sources_out is not None:
        _write_whole(sources_out, source_list(entries))
    typer.echo(f"written to {output}", err=True)


def _digest(lines: Any) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _write_whole(file: Path, text: str) -> None:
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def main() -> None:
    """Run the command line; expected failures are one line and exit code 2."""
    try:
        app()
    except CastcheckError as err:
        typer.echo(f"training.decisions: {err}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
