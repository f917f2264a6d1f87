"""A cast for every planted clip: pictures of all who are in its clean twin."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.labelled import frames_of
from bench.observed import observations
from bench.roll_call import views_of
from castcheck.cast.cast_file import CastFileError
from castcheck.cast.references import References
from castcheck.pipeline import report_on
from castcheck.tables.kinds import KINDS
from identity.cast.matching import Member

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.config import Config
    from castcheck.models.load import Models

TWIN = "clean"  # what is planted is called CLIP__SHOT__WAY, its twin CLIP__SHOT__clean
_SHARES = (0.25, 0.75)  # of the pictures that show somebody, where pictures are cut out


class TwinCasts:
    """Casts of clean twins, each made once.

    Where the twin itself is accused by its cast there is none: whoever passes by has no track in
    the truth, so that the cast is not complete.

    Args:
        twins: Clips without an error, with their truth.
        config: As a user would have it.
        models: Detector, embedder and what reads faces.
        cache: Where observations are kept.
    """

    def __init__(
        self,
        twins: Mapping[Path, Mapping[str, Any]],
        config: Config,
        models: Models,
        cache: Path | None,
    ) -> None:
        self._twins, self._config, self._models, self._cache = twins, config, models, cache
        self._made: dict[Path, References | None] = {}

    def of(self, clip: Path) -> References | None:
        """Return the cast of a planted clip; `None` = it has no twin, or no complete cast."""
        twin = clip.with_name("__".join([*clip.stem.split("__")[:-1], TWIN]) + clip.suffix)
        if twin not in self._made:
            self._made[twin] = self._cast_of(twin) if twin in self._twins else None
            if self._made[twin] is None:
                print(f"{twin.stem}: no complete cast", file=sys.stderr, flush=True)
        return self._made[twin]

    def _cast_of(self, twin: Path) -> References | None:
        chosen = chosen_boxes(self._twins[twin])
        frames = {frame for own in chosen.values() for frame, _ in own}
        pictures = dict(frames_of(twin, frames))
        members = []
        for name, own in chosen.items():
            crops = [_cut(pictures[frame], box) for frame, box in own]
            views = [view for crop in crops for view in self._views(crop)]
            if not views:
                return None
            members.append(Member(name, tuple(views)))
        cast = References("", "", tuple(members), tuple(None for _ in members))
        seen, _ = observations(twin, config=self._config, models=self._models, cache=self._cache)
        models = replace(self._models, references=cast)
        found = report_on(twin, seen, config=self._config, models=models).report
        accused = [f for f in found.at_or_above("major") if KINDS[f.kind].against_cast]
        return None if accused else cast

    def _views(self, crop: NDArray[np.uint8]) -> tuple[Any, ...]:
        try:
            return views_of(crop, self._models, self._config)
        except CastFileError:  # another one is as large in it
            return ()


def chosen_boxes(truth: Mapping[str, Any]) -> dict[str, list[tuple[int, list[float]]]]:
    """Return, of everybody, the frames and boxes at a quarter and three quarters of their frames.

    Example:
        >>> track = {"frames": [0, 1, 2, 3], "boxes": [[k, 0, k + 9, 9] for k in range(4)]}
        >>> chosen_boxes({"people": [{"person": "ann", "tracks": [track]}]})
        {'ann': [(1, [1, 0, 10, 9]), (3, [3, 0, 12, 9])]}
    """
    chosen = {}
    for person in truth["people"]:
        own = sorted(
            (frame, box)
            for track in person["tracks"]
            for frame, box in zip(track["frames"], track["boxes"], strict=True)
            if box
        )
        if own:
            rows = dict.fromkeys(int(share * len(own)) for share in _SHARES)
            chosen[person["person"]] = [own[row] for row in rows]
    return chosen


def _cut(picture: NDArray[np.uint8], box: list[float]) -> NDArray[np.uint8]:
    x1, y1, x2, y2 = (round(max(side, 0)) for side in box)
    return np.ascontiguousarray(picture[y1:y2, x1:x2])
