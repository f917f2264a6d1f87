"""Somebody twice, gone at once, or there at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from castcheck.planting.paste import Donor, beside, exchange, removed
from castcheck.planting.plan import Plan, Stock, pairs_of, some_frames
from castcheck.planting.stand_in import fit
from castcheck.planting.timeline import onset_for, plain, with_onset

if TYPE_CHECKING:
    from castcheck.planting.material import Material
    from castcheck.planting.track import Track

_MIN_KNOWN = 0.85  # of a place: more would be a blur, which is made only where nobody is better
_MOST_OF_PICTURE = 0.4


def _clone(stock: Stock, rng: np.random.Generator, *, mirrored: bool, whole: bool) -> Plan | str:
    material = stock.material
    width = material.size[0]
    for track in material.tracks[:3]:
        cut = [material.cut_by(track, f) for f in (track.start, track.stop - 1)]
        if any(c[0] or c[2] for c in cut) or track.stop - track.start < 0.8 * len(material.frames):
            continue
        if material.shape(track, (track.start + track.stop) // 2) is None:
            continue
        donor = Donor(material, track, mirrored, np.zeros(3, np.float32), -_lag_frames(material))
        box = track.boxes
        own = float(np.median(box[:, 2] - box[:, 0]))
        tried = []
        for side in (-1, 1):
            for far in (1.02, 1.15, 1.35, 1.6):
                shift = (side * far * own, 0.0)
                moved = box + np.array([shift[0], 0, shift[0], 0], np.float32)
                if moved[:, 0].min() < 1 or moved[:, 2].max() > width - 1:
                    continue
                tried.append((_in_the_way(material, track, moved), far, shift))
        if not tried or min(tried)[0] > 0.12:
            continue
        shift = min(tried)[2]
        at = 0 if whole else onset_for(material, [track], rng)
        if at is None:
            continue
        take = with_onset(plain(material), at, 1)
        take = replace(take, where="whole shot" if whole else "open")
        return Plan(
            "clone",
            take,
            beside(material, donor, shift),
            (track.name,),
            copy=(donor, shift),
            until=len(take.steps),
            strength_of=(),
        )
    return "nowhere beside anybody is free"


def _in_the_way(material: Material, track: Track, moved: np.ndarray) -> float:
    """Return how much of a moved box others cover, at worst."""
    worst = 0.0
    for k, frame in enumerate(range(track.start, track.stop)):
        a = moved[k]
        for other in material.tracks:
            box = None if other is track else other.at(frame)
            if box is None:
                continue
            w = min(a[2], box[2]) - max(a[0], box[0])
            h = min(a[3], box[3]) - max(a[1], box[1])
            if w > 0 and h > 0:
                worst = max(worst, float(w * h / ((a[2] - a[0]) * (a[3] - a[1]))))
    return worst


def clone_earlier(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Show somebody a second time, as he was half a second before, from some frame on."""
    return _clone(stock, rng, mirrored=False, whole=False)


def clone_mirrored(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Show somebody a second time, mirrored, from the first picture on."""
    return _clone(stock, rng, mirrored=True, whole=True)


def clone_instead(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody become a copy of another who is on screen, as he was half a second before."""
    material = stock.material
    reason = "fewer than two people are seen long enough"
    for pair in pairs_of(material, rng):
        for place, twice in (pair, pair[::-1]):
            found = fit(material, place, material, twice, mirror=None)
            if isinstance(found, str):
                reason = found
                continue
            at = onset_for(material, [place, twice], rng)
            if at is None:
                continue
            take = with_onset(plain(material), at, 1)
            donor = replace(found, offset=-_lag_frames(material))
            return Plan(
                "clone",
                take,
                exchange(material, [(place, donor)], fitted=stock.amount < 1),
                (twice.name,),
                {place.name: twice.name},
                until=len(take.steps),
                strength_of=(place.name,),
            )
    return reason


def _lag_frames(material: Material) -> int:
    return max(3, round(0.5 * material.fps))


def _absence(stock: Stock, rng: np.random.Generator, *, kind: str, over: int) -> Plan | str:
    material = stock.material
    reason = "no one is seen long enough"
    tracks = sorted(material.tracks[:4], key=lambda t: -material.background_known(t))
    for crude in (False, True):
        for track in tracks:
            at = onset_for(material, [track], rng, over=over)
            if at is None:
                continue
            if crude:
                if _fills_the_picture(material, track):
                    continue
            elif material.shape(track, at) is None:
                reason = "no one stands free"
                continue
            elif material.background_known(track) < _MIN_KNOWN:
                reason = "what is behind them is never seen"
                continue
            take = with_onset(plain(material), at, over)
            if kind == "pop_in":
                steps = tuple(replace(s, amount=1 - s.amount) for s in take.steps)
                take = replace(take, steps=steps)
            return Plan(
                kind,
                replace(take, where="blurred" if crude else take.where),
                removed(material, track),
                (track.name,),
                gone=track.name,
                strength_of=(track.name,),
            )
    return reason


def _fills_the_picture(material: Material, track: Track) -> bool:
    """Tell whether so little is seen around somebody that nothing can be put in his place."""
    width, height = material.size
    box = track.boxes
    area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    return float(np.median(area)) > _MOST_OF_PICTURE * width * height


def vanish(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody disappear at once."""
    return _absence(stock, rng, kind="vanish", over=1)


def vanish_slow(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody disappear over 3 to 12 frames."""
    over = some_frames(rng)
    return _absence(stock, rng, kind="vanish", over=over)


def pop_in(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody appear at once."""
    return _absence(stock, rng, kind="pop_in", over=1)
