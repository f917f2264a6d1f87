"""What is told of the tracks of one shot, for the tests of single rules."""

from __future__ import annotations

from collections.abc import Sequence

from identity.explanations.drift_rules import drifts_in_shot
from identity.explanations.model import bundled_model
from identity.explanations.shot import explain_shot
from identity.settings import FindingSettings
from identity.tracks.body_track import BodyTrack
from tests.identity.people import FPS, calibration

# Names on paper share nothing: every look is one of two that no film tells so well apart.
SETTINGS = FindingSettings()


def explained(series: Sequence[BodyTrack], *, fps: float = FPS):
    """Return what the learnt explanations tell of the tracks of one shot."""
    return explain_shot(
        series, calibration(), bundled_model(), fps=fps, least=SETTINGS.least_log_odds
    )


def incidents_of(
    series: Sequence[BodyTrack], *, fps: float = FPS
) -> list[tuple[str, tuple[int, ...], int]]:
    """Return (kind, tracks, first frame) of all that is told, as `judge_looks` does."""
    found = explained(series, fps=fps)
    taken = frozenset(k for one in found for k in one.tracks)
    slow = drifts_in_shot(series, taken, calibration(), SETTINGS, fps=fps)
    return [(one.kind, one.tracks, one.start_frame) for one in found] + [
        ("drift", drift.series, drift.start_frame) for drift in slow
    ]
