"""Cases of "the face alone changes": what glasses or a beard do to the colours of a head's levels.

Glasses, a beard or a mask cover a part of a level with other colours: a beard with those of hair,
and most glasses with something as dark. So from a moment on a part of the eyes, or of the jaw, has
the colours of somebody's hair, and all else stays. (Of somebody else's eyes or jaw it would have to
be those that differ: most skin is much alike.)
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from identity.evidence.samples import LEVELS
from identity.explanations import face
from training.decisions import splice
from training.decisions.cases import Asked, Donors, around, case, is_clear, when
from training.decisions.planting import gone_over_at_a_touch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration
    from identity.evidence.samples import ShotSamples
    from training.decisions.cases import Case
    from training.decisions.clips import Shot

_EACH = 3  # changes planted in each track
_MIN_LOOKS = 6  # at a face, of a track that is asked about
# Of a level: so much of it changes colour with most rendered beards and dark glasses.
_COVERED = (0.25, 0.65)


def face_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "the face alone changes", of all whose face is seen."""
    donors = Donors.among(shots)
    able = [(k, t) for k, t in donors.able if _shows_face(shots[k].samples, t)]
    donors = replace(donors, able=able)
    cases: list[Case] = []
    for number, shot in enumerate(shots):
        own = shot.samples
        for track in range(len(own.tracks)):
            if not _shows_face(own, track):
                continue
            asked = _ask(own, track, calibration)
            cases += case("relit" if shot.relit else "clean", shot, own, (track,), asked)
            if shot.relit:
                continue
            for pair, wrong in gone_over_at_a_touch(shot, track, rng):
                asked = _ask(wrong, track, calibration)
                cases += case("gone over", shot, wrong, pair, asked)
            for _ in range(_EACH if is_clear(own, track) else 0):
                cases += _changed(number, track, donors, calibration, rng)
    return cases


def _shows_face(samples: ShotSamples, track: int) -> bool:
    return all(
        cue in samples.seen and int(samples.seen[cue][track].sum()) >= _MIN_LOOKS
        for cue in (*LEVELS, "hair")
    )


def _ask(samples: ShotSamples, track: int, calibration: Calibration) -> Asked | None:
    moments = face.moments_of(samples, track, calibration)
    if not len(moments):
        return None
    found = face.features_of(samples, track, moments, calibration)
    return Asked.of(face.FEATURES, moments, *found)


def _changed(
    number: int, track: int, donors: Donors, calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return a track of which a part of one level becomes somebody else's; none without room."""
    shot = donors.shots[number]
    own = shot.samples
    donor = donors.pick(number, track, rng)
    level = str(rng.choice(LEVELS))
    plan = when(own, own.seen[level][track], rng, slow=False)
    if donor is None or plan is None:
        return []
    lent: NDArray[np.float32] = donors.shots[donor[0]].samples.means(donor[1], slice(None))["hair"]
    share = rng.uniform(*_COVERED) * splice.onset(own, *plan)
    planted = splice.painted(own, track, level, lent, share=share)
    asked = _ask(planted, track, calibration)
    near = around(own, *plan, slow=False)
    return list(case("planted", shot, planted, (track,), asked, near=near))
