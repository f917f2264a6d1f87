"""What is told of the tracks of one shot, for the tests of single rules."""

from __future__ import annotations

from collections.abc import Sequence

from identity.evidence.samples import COMPARED, lay_out
from identity.explanations.contract import Explained, Scene
from identity.explanations.model import bundled_model
from identity.explanations.shot import explain_shot
from identity.settings import FindingSettings
from identity.tracks.body_track import BodyTrack
from tests.identity.people import FPS, calibration


def scene_of(tracks: Sequence[BodyTrack], *, fps: float = FPS) -> Scene:
    """Return one shot, ready to be asked about."""
    samples = lay_out(tracks, COMPARED, fps=fps)
    return Scene(samples, calibration(), bundled_model(), FindingSettings())


def explained(tracks: Sequence[BodyTrack], *, fps: float = FPS) -> list[Explained]:
    """Return what is told of the tracks of one shot."""
    return explain_shot(scene_of(tracks, fps=fps))


def incidents_of(
    tracks: Sequence[BodyTrack], *, fps: float = FPS
) -> list[tuple[str, tuple[int, ...], int]]:
    """Return (kind, tracks, first frame) of all that is told."""
    return [(one.kind, one.tracks, one.start_frame) for one in explained(tracks, fps=fps)]
