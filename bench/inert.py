"""Which hand-set numbers of identity/ change nothing: each by half and by double, on kept clips.

    python -m bench.inert CLIP... [--cache DIR] [--folders cast,evidence,explanations,tracks]

Clips are judged again and again from what was seen in them once, but for what only pictures can
tell. A number counts as inert where neither who is who nor what is explained, nor who may have
come or gone, changes in any clip. That makes it one to ask about, not one to delete: the clips may
lack what it is there for.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.observed import observations
from bench.weight import ROOT, constants_of
from castcheck.config import Config
from castcheck.models.load import load_models
from castcheck.pipeline import calibrate, embedder_name, judge_observations
from identity.tracks.repair import repair_id_switches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castcheck.observe import Observations

FOLDERS = ("cast", "evidence", "explanations", "tracks")
FACTORS = (0.5, 2.0)


def scaled(value: Any, factor: float) -> Any:
    """Return a constant with every number in it times `factor`; whole ones stay whole, 1 at least.

    Example:
        >>> scaled({"a": (0.5, 3), "b": "x"}, 2.0), scaled(1, 0.5), scaled(True, 2.0)
        ({'a': (1.0, 6), 'b': 'x'}, 1, True)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return max(1, round(value * factor)) if value else value
    if isinstance(value, float):
        return value * factor
    if isinstance(value, tuple | list):
        return type(value)(scaled(part, factor) for part in value)
    if isinstance(value, Mapping):
        return {key: scaled(part, factor) for key, part in value.items()}
    return value


@contextmanager
def changed(module: str, name: str, factor: float) -> Iterator[bool]:
    """Change a constant wherever it was imported to; tells whether it is another value then."""
    value = getattr(sys.modules[module], name)
    new = scaled(value, factor)
    holders = [
        held
        for held in list(sys.modules.values())
        if getattr(held, "__name__", "").startswith("identity.")
        and getattr(held, name, None) is value
    ]
    for held in holders:
        setattr(held, name, new)
    try:
        yield bool(new != value)
    finally:
        for held in holders:
            setattr(held, name, value)


def said(seen: Observations, config: Config, embedder: str) -> tuple[Any, ...]:
    """Return all that identity concludes of a clip, to compare."""
    tracklets, looks = repair_id_switches(seen.tracklets, seen.looks, fps=seen.fps)
    seen = replace(seen, tracklets=tracklets, looks=looks)
    judgement = judge_observations(seen, config, calibrate(seen, embedder=embedder)[0])
    return (
        judgement.cast.labels.tolist(),
        [
            (e.kind, e.tracks, e.start_frame, e.stop_frame, e.is_hint, round(e.log_odds, 1))
            for e in judgement.explained
        ],
        [(p.kind, p.track, p.frame) for p in judgement.presence],
        [None if c is None else round(c, 2) for c in judgement.consistency],
    )


def all_constants(folders: Sequence[str]) -> list[tuple[str, str]]:
    """Return module and name of every constant of some folders of identity/."""
    found = []
    for folder in folders:
        for file in sorted((ROOT / folder).glob("*.py")):
            module = f"identity.{folder}.{file.stem}"
            names = constants_of(file.read_text(encoding="utf-8"))
            found += [(module, name) for name in names]
    return found


def inert(
    seen: Sequence[Observations], constants: Sequence[tuple[str, str]], config: Config,
    embedder: str,
) -> Iterator[tuple[str, str, bool]]:  # fmt: skip
    """Yield module and name of each constant, and whether nothing changes with it."""
    before = [said(one, config, embedder) for one in seen]
    for module, name in constants:
        importlib.import_module(module)
        yield (
            module,
            name,
            all(
                _says_the_same(module, name, factor, seen, before, config, embedder)
                for factor in FACTORS
            ),
        )


def _says_the_same(
    module: str, name: str, factor: float, seen: Sequence[Observations],
    before: Sequence[tuple[Any, ...]], config: Config, embedder: str,
) -> bool:  # fmt: skip
    with changed(module, name, factor) as differs:
        return not differs or all(
            _said_or_failed(one, config, embedder) == known
            for one, known in zip(seen, before, strict=True)
        )


def _said_or_failed(one: Observations, config: Config, embedder: str) -> tuple[Any, ...]:
    try:
        return said(one, config, embedder)
    except (ValueError, IndexError, KeyError, ZeroDivisionError) as err:
        return (repr(err),)  # it cannot even be judged


def main(argv: Sequence[str] | None = None) -> int:
    """Print the constants that change nothing."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.inert")
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, default=Path(".bench-cache"))
    parser.add_argument("--folders", default=",".join(FOLDERS))
    given = parser.parse_args(argv)
    config = Config().updated({"run": {"detector": "bundled", "embedder": "bundled"}})
    models = load_models(config)
    seen = [
        observations(clip, config=config, models=models, cache=given.cache)[0]
        for clip in given.clips
    ]
    constants = all_constants(given.folders.split(","))
    count = 0
    for module, name, nothing in inert(seen, constants, config, embedder_name(models)):
        count += nothing
        if nothing:
            print(f"{module}.{name}", flush=True)
    print(f"{count} of {len(constants)} change nothing in {len(seen)} clips", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
