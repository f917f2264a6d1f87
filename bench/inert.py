"""Which hand-set numbers of identity/ change nothing: each by half and by double, on kept clips.

    python -m bench.inert CLIP... [--cache DIR] [--folders cast,evidence,explanations,tracks]
                                  [--draw N] [--seed S]

Clips are judged again and again from what was seen in them once, but for what only pictures can
tell. A number counts as inert where neither who is who nor what is explained, nor who may have
come or gone, changes in any clip. That makes it one to ask about, not one to delete: the clips may
lack what it is there for. What a function took as a default is not reached, nor is what only pixels
are asked by.

A clip takes a quarter of a second, so all constants of a module are moved at once first, and by
themselves only where that changes something; the clip that told the last one is asked first. Forty
clips drawn by lot take half an hour: confirm on all of them what they leave.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass, replace
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.observed import observations
from bench.weight import ROOT, constants_of
from castcheck.config import Config
from castcheck.models.load import load_models
from castcheck.pipeline import calibrate, embedder_name, judge_observations
from identity.tracks.repair import repair_id_switches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castcheck.observe import Observations

_WHAT = attrgetter("kind", "attribute", "tracks", "start_frame", "stop_frame", "vouched")
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
    if isinstance(value, np.ndarray):
        return value * factor
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: scaled(getattr(value, part.name), factor) for part in fields(value)}
        return replace(value, **parts)
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
        yield repr(new) != repr(value)
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
        [(*_WHAT(e), round(e.log_odds, 1)) for e in judgement.explained],
        [
            (p.kind, p.track, p.frame, p.path.round().tolist(), str(p.features))
            for p in judgement.presence
        ],
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
    known = [(one, said(one, config, embedder)) for one in seen]

    def nothing_changes(moved: Sequence[tuple[str, str]]) -> bool:
        return all(_says_the_same(moved, factor, known, config, embedder) for factor in FACTORS)

    for module, own in groupby(constants, key=itemgetter(0)):
        importlib.import_module(module)
        together = list(own)
        all_inert = len(together) > 1 and nothing_changes(together)
        for one in together:
            yield *one, all_inert or nothing_changes([one])


def _says_the_same(
    moved: Sequence[tuple[str, str]],
    factor: float,
    known: list[tuple[Observations, tuple[Any, ...]]],
    config: Config,
    embedder: str,
) -> bool:
    """Tell whether all clips say what they said; the first that does not comes first next time."""
    with ExitStack() as stack:
        differ = [stack.enter_context(changed(*one, factor)) for one in moved]
        if not any(differ):
            return True
        for place, (one, before) in enumerate(known):
            if _said_or_failed(one, config, embedder) != before:
                known.insert(0, known.pop(place))
                return False
    return True


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
    parser.add_argument("--draw", type=int, help="ask so many of the clips, drawn by lot")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(argv)
    clips = sorted(given.clips)
    if given.draw is not None:
        drawn = np.random.default_rng(given.seed).permutation(len(clips))[: given.draw]
        clips = [clips[k] for k in sorted(drawn.tolist())]
    config = Config().updated({"run": {"detector": "bundled", "embedder": "bundled"}})
    models = load_models(config)
    seen = [
        observations(clip, config=config, models=models, cache=given.cache)[0] for clip in clips
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
