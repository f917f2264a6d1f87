"""What each cue sees of a part of somebody that changes alone: clothes, or the hair on a head.

No cue sees one part only. A network's look at the head follows the clothes below it, and colours of
clothes on another body are not quite those of their owner. So what is planted in looks is only as
true as what it takes each cue to see. That is measured where it is known: in rendered clips in
which two exchange a part and nothing else, beside the same clip without the exchange.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bench.observed import observations
from castcheck.runs.matching import Truth
from identity.appearance.cues.table import cues_of
from identity.evidence.same_look import similarities_between
from training.decisions.clips import shots_between
from training.decisions.over_cuts import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from castcheck.config import Config
    from castcheck.models.load import Models
    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration

    Means = Mapping[Cue, NDArray[np.float32]]
    Share = Mapping[Cue, float]

Part = Literal["clothes", "head"]
FILE = Path(__file__).with_name("parts.json")
CLEAN = "clean"  # the name of a clip's twin without its error ends so
_PART_OF: dict[str, Part] = {"clothes": "clothes", "hair": "head"}
_KIND = "attribute_swap"
_TOLD_BY: dict[Part, Cue] = {"clothes": "upper", "head": "hair"}
_OTHER_COLOUR = 0.5  # similarity below which these are more likely of two people than of one
_BESIDES: Mapping[Part, Share] = {"head": {"face": 1.0}}  # it goes along with the hair, whole
# Where a garment takes another colour, networks hardly notice.
COLOURS_OF_CLOTHES: Share = {"upper": 1.0, "lower": 1.0}


@lru_cache(maxsize=1)
def measured() -> Mapping[Part, tuple[Share, ...]]:
    """Return, per part, the shares of everybody they were measured on, and of the face."""
    parts = json.loads(FILE.read_text(encoding="utf-8"))["parts"]
    return {
        part: tuple({**row, **_BESIDES.get(part, {})} for row in rows)
        for part, rows in parts.items()
    }


def drawn(part: Part, rng: np.random.Generator) -> Share:
    """Return what each cue sees of a part, as of somebody drawn by lot."""
    rows = measured()[part]
    return rows[int(rng.integers(len(rows)))]


def differ(one: Means, two: Means, part: Part, calibration: Calibration) -> bool:
    """Tell whether a part of two looks has other colours, as that of two people has."""
    cue = _TOLD_BY[part]
    alike = similarities_between([one], [two], calibration).get(cue)
    return alike is not None and bool(alike[0, 0] < _OTHER_COLOUR)


def share_of(before: Means, other: Means, after: Means) -> dict[Cue, float]:
    """Return how far every cue has gone from one look towards another's, in [0, 1].

    Args:
        before: Cue to the mean look of somebody.
        other: Whose part is worn.
        after: How the first one looks with it.

    Example:
        >>> import numpy as np
        >>> east, north = np.array([1.0, 0.0]), np.array([0.0, 1.0])
        >>> share_of({"body": east}, {"body": north}, {"body": (east + north) / 2})
        {'body': 0.5}
    """
    found: dict[Cue, float] = {}
    for cue in sorted(before.keys() & other.keys() & after.keys() - set(cues_of("pose"))):
        way = other[cue] - before[cue]
        length = float(way @ way)
        if length > 0:
            gone = float((after[cue] - before[cue]) @ way) / length
            found[cue] = round(min(max(gone, 0.0), 1.0), 3)
    return found


def measure(
    folders: list[Path],
    config: Config,
    models: Models,
    *,
    calibration: Calibration,
    cache: Path | None,
    say: Callable[[str], None],
) -> dict[Part, list[dict[Cue, float]]]:
    """Return the shares of everybody who exchanges a part over a cut, in rendered clips.

    Args:
        folders: Of `python -m studio set`.
        config: As a user would have it.
        models: The bundled ones.
        calibration: Of their embedder.
        cache: Folder that keeps what networks saw.
        say: Told the name of every clip before it is read.

    Raises:
        CastcheckError: A clip cannot be read.
    """
    found: dict[Part, list[dict[Cue, float]]] = {part: [] for part in _PART_OF.values()}
    for folder in folders:
        for clip in sorted(folder.glob(f"*_{_KIND}.mp4")):
            twin = clip.with_name(clip.name.replace(_KIND, CLEAN))
            data = json.loads(clip.with_suffix(".truth.json").read_text(encoding="utf-8"))
            (event,) = data["events"]
            part = _PART_OF.get(event["cues"][0])
            if part is None or not twin.exists():
                continue
            say(clip.stem)
            truth, at = Truth.from_dict(data), int(event["start_frame"])
            looks, stays = (
                dict(_looks_from(c, truth, at, config, models, cache)) for c in (clip, twin)
            )
            one, two = event["people"]
            if {one, two} <= stays.keys() and differ(stays[one], stays[two], part, calibration):
                for own, other in ((one, two), (two, one)):
                    if own in looks:
                        found[part].append(share_of(stays[own], stays[other], looks[own]))
    return found


def _looks_from(
    clip: Path, truth: Truth, frame: int, config: Config, models: Models, cache: Path | None
) -> Iterator[tuple[str, Means]]:
    """Yield everybody, with the mean look, of the shot that a frame begins."""
    seen, _ = observations(clip, config=config, models=models, cache=cache)
    rows = [
        {"who": person, "frame": at, "box": box.tolist()}
        for (person, _), boxes in truth.tracks.items()
        for at, (box, _) in boxes.items()
    ]
    for (start, _), shot in shots_between(clip.stem, "studio", truth.cuts, seen):
        if start == frame:
            for track, who in enumerate(names_of(shot.samples, rows)):
                if who is not None:
                    yield who, shot.samples.means(track, slice(None))
