"""From a folder of clips and the table of where they come from to shots, ready to be spliced."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bench.observed import observations
from castcheck.config import Config
from castcheck.planting.legal import poorly_coded
from identity.evidence.samples import COMPARED, ShotSamples, lay_out
from identity.tracks.body_track import BodyTrack, make_body_track
from identity.tracks.linking import link_tracklets
from identity.tracks.repair import repair_id_switches
from tracker.stride import EVERY_PICTURE
from tracker.tracklets import Tracklet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.observed import Altered
    from bench.source_table import Entry
    from castcheck.models.load import Models
    from castcheck.observe import Observations
    from identity.appearance.looks import Looks
    from scenes.frames import FrameBatch
    from training.decisions.cases import Kind

# Which boxes are where does not hang on where cuts are found, and the table knows the cuts.
CONFIG = Config.from_dict(
    {
        "run": {"detector": "bundled", "embedder": "bundled"},
        "shots": {"method": "none"},
        "detector": {"search_fps": EVERY_PICTURE},
    }
)
# As `castcheck check` reads a clip, without a cast file.
AS_CHECKED = Config.from_dict({"run": {"detector": "bundled", "embedder": "bundled"}})
_MIN_LOOKS = 4  # of a track: with fewer there is no moment with two sides
_MIN_LIT_FRAMES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One shot of a clip: who is in it, and what of their looks was seen.

    Attributes:
        clip: Name of the file, without its suffix.
        source: Who made it.
        samples: Everybody, on one grid of frames.
        kind: "clean" as it is; "relit" or "recoded" where its pictures were changed on purpose.
    """

    clip: str
    source: str
    samples: ShotSamples
    kind: Kind = "clean"

    @property
    def altered(self) -> bool:
        """Whether its pictures were changed on purpose."""
        return self.kind != "clean"


@dataclass(frozen=True, slots=True)
class Light:
    """Changes the light of a clip, at once or by and by: nobody becomes somebody else by it.

    Attributes:
        gain: (3,) by which red, green and blue are multiplied in the end.
        start_frame: From when on.
        frames: How long it takes.
    """

    gain: tuple[float, float, float]
    start_frame: float
    frames: float

    @property
    def name(self) -> str:
        """All that decides what it does."""
        return f"light {self.gain} {self.start_frame} {self.frames}"

    def __call__(self, batch: FrameBatch) -> FrameBatch:
        """Return the relit pictures."""
        after = np.asarray(batch.index) - self.start_frame
        share = np.clip(after / self.frames, 0, 1) if self.frames else (after >= 0).astype(float)
        gain = np.array(self.gain) ** share[:, None]
        lit = batch.rgb * gain[:, None, None].astype(np.float32)
        return replace(batch, rgb=lit.clip(0, 255).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class PoorLine:
    """Codes a clip poorly from a frame on: small, blocky, few colours. Nobody changes by it.

    Attributes:
        share: Of width and height that pictures are sent at.
        quality: Of JPEG.
        start_frame: From when on.
    """

    share: float
    quality: int
    start_frame: float

    @property
    def name(self) -> str:
        """All that decides what it does."""
        return f"poor line {self.share} {self.quality} {self.start_frame}"

    def __call__(self, batch: FrameBatch) -> FrameBatch:
        """Return the pictures as they come out."""
        sent = [
            poorly_coded(rgb, share=self.share, quality=self.quality)
            if frame >= self.start_frame
            else rgb
            for frame, rgb in zip(batch.index, batch.rgb, strict=True)
        ]
        return replace(batch, rgb=np.stack(sent))


def random_line(frame_count: int, rng: np.random.Generator) -> PoorLine:
    """Return a line that becomes poor in the first half of a clip."""
    start = float(rng.uniform(0.15, 0.5)) * frame_count
    return PoorLine(float(rng.uniform(0.35, 0.8)), int(rng.integers(12, 35)), start)


def random_light(frame_count: int, rng: np.random.Generator) -> Light:
    """Return a lamp that goes on or off in the first half of a clip, of another colour."""
    strength = np.exp(rng.uniform(0.5, 1.1) * rng.choice([-1, 1]))
    red, green, blue = (strength * np.exp(rng.normal(0, 0.22, 3))).tolist()
    start = float(rng.uniform(0.15, 0.5)) * frame_count
    return Light((red, green, blue), start, float(rng.choice([0, 0.1, 0.3, 0.6])) * frame_count)


def read_shots(
    entries: Sequence[Entry],
    models: Models,
    *,
    cache: Path,
    seed: int,
    progress: Callable[[str], None],
) -> list[Shot]:
    """Return all shots of some clips, each clip also in changed light and poorly coded.

    Args:
        entries: The clips.
        models: The bundled ones.
        cache: Folder that keeps what networks saw.
        seed: Of the light, and of the coding.
        progress: Told the name of every clip before it is read.

    Raises:
        CastcheckError: A clip cannot be read.
    """
    shots = []
    for entry in entries:
        progress(entry.clip.stem)
        seen, _ = observations(entry.clip, config=CONFIG, models=models, cache=cache)
        shots += shots_of(entry, seen)
        count = len(seen.frame_times_s)
        if count < _MIN_LIT_FRAMES or sum(map(len, seen.tracklets)) < count:
            continue  # hardly anybody is in it
        name = zlib.crc32(entry.clip.stem.encode())
        ways: dict[Kind, Altered] = {
            "relit": random_light(count, np.random.default_rng([seed, name])),
            "recoded": random_line(count, np.random.default_rng([seed, name, 1])),
        }
        for kind, way in ways.items():
            seen, _ = observations(
                entry.clip, config=CONFIG, models=models, cache=cache, altered=way
            )
            shots += shots_of(entry, seen, kind=kind)
    return shots


def shots_of(entry: Entry, seen: Observations, *, kind: Kind = "clean") -> list[Shot]:
    """Return the shots of one clip, cut where the table says."""
    found = shots_between(entry.clip.stem, entry.source, entry.cuts, seen)
    return [replace(shot, kind=kind) for _, shot in found]


def shots_between(
    clip: str, source: str, cuts: Sequence[int], seen: Observations
) -> Iterator[tuple[tuple[int, int], Shot]]:
    """Yield the shots of a clip in which anybody is seen, with their first and last + 1 frame."""
    for number, (start, stop) in enumerate(_spans(cuts, len(seen.frame_times_s))):
        tracks = _tracks_between(seen.tracklets, seen.looks, start, stop, number, fps=seen.fps)
        if tracks:
            samples = lay_out(tracks, COMPARED, fps=seen.fps, tone=seen.tone)
            yield (start, stop), Shot(clip, source, samples)


def _spans(cuts: Sequence[int], frame_count: int) -> list[tuple[int, int]]:
    edges = [0, *(cut for cut in cuts if cut < frame_count), frame_count]
    return list(pairwise(edges))


def _tracks_between(
    tracklets: Sequence[Tracklet],
    looks: Sequence[Looks],
    start: int,
    stop: int,
    number: int,
    *,
    fps: float,
) -> list[BodyTrack]:
    """Return who is to be compared between two frames, followed as in a clip of its own."""
    pieces: list[Tracklet] = []
    seen: list[Looks] = []
    for tracklet, own in zip(tracklets, looks, strict=True):
        rows: NDArray[np.int64] = np.flatnonzero(
            (tracklet.frame >= start) & (tracklet.frame < stop)
        )
        if len(rows):
            pieces.append(
                Tracklet(
                    len(pieces), number, tracklet.frame[rows], tracklet.xyxy[rows],
                    tracklet.score[rows], tracklet.class_id,
                )
            )  # fmt: skip
            seen.append(own.take(rows))
    if not pieces:
        return []
    whole, whole_looks = repair_id_switches(pieces, seen, fps=fps)
    made = [make_body_track(chain, whole, whole_looks) for chain in link_tracklets(whole, fps=fps)]
    return [track for track in made if len(track.looks.seen("body")) >= _MIN_LOOKS]
