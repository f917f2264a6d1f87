"""People seen over real cuts: who a generator changed, and who stays as he is.

What is planted in the looks of film teaches what speaks for another look, and here it is judged:
from shot to shot of a story light, framing and gesture change as in no single take. Nothing is
learnt from these cases.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.labelled import NO_CHARACTER, source_of
from bench.observed import observations
from identity.evidence.same_look import MIN_LOOKS
from identity.explanations import other_look
from identity.tracks.body_track import SURE_SCORE
from tracker import boxes
from training.decisions.cases import Asked, case, score
from training.decisions.clips import Shot, shots_between

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from castcheck.config import Config
    from castcheck.models.load import Models
    from identity.evidence.calibration import Calibration
    from identity.evidence.samples import ShotSamples
    from training.decisions.cases import Case, Kind

_MIN_IOU = 0.5
_SLACK_FRAMES = 2  # labels were made on sampled frames
_CHANGES = ("morph", "drift")
_EVERYBODY = ("both", "A and B")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledShot:
    """One shot of a labelled clip.

    Attributes:
        shot: What was seen in it.
        start_frame, stop_frame: Half-open.
        names: Per track whom most of its labelled boxes show; `None` = none of them is labelled.
    """

    shot: Shot
    start_frame: int
    stop_frame: int
    names: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledClip:
    """A clip with what the labels say is wrong in it.

    Attributes:
        source: Who made it.
        shots: Those in which anybody is seen.
        errors: As in the labels.
        known: Everybody who has a labelled box.
    """

    source: str
    shots: tuple[LabelledShot, ...]
    errors: tuple[dict[str, Any], ...]
    known: frozenset[str]

    def errors_of(self, who: str) -> list[dict[str, Any]]:
        """Return the errors of one character."""
        return [e for e in self.errors if e["who"] in (who, *_EVERYBODY)]

    def may_concern(self, who: str, before_frame: int) -> bool:
        """Tell whether an error that began before a frame is, or could be, of this character."""
        return any(
            error["start_frame"] < before_frame
            and (error["who"] in (who, *_EVERYBODY) or error["who"] not in self.known)
            for error in self.errors
        )


def read_labelled(
    real: Path, config: Config, models: Models, *, cache: Path | None, say: Callable[[str], None]
) -> list[LabelledClip]:
    """Return the labelled clips of a folder, cut where the labels say.

    Args:
        real: Folder with `labels.json` and `clips/`.
        config: As a user would have it.
        models: The bundled ones.
        cache: Folder that keeps what networks saw.
        say: Told the name of every clip before it is read.

    Raises:
        CastcheckError: A clip cannot be read.
    """
    labels = json.loads((real / "labels.json").read_text(encoding="utf-8"))
    clips = []
    for name, label in labels.items():
        say(name)
        seen, _ = observations(
            real / "clips" / f"{name}.mp4", config=config, models=models, cache=cache
        )
        source = source_of(name)
        shots = tuple(
            LabelledShot(shot, *span, names_of(shot.samples, label["boxes"]))
            for span, shot in shots_between(name, source, tuple(label["cuts"]), seen)
        )
        known = frozenset(row["who"] for row in label["boxes"]) - {*NO_CHARACTER}
        clips.append(LabelledClip(source, shots, tuple(label["errors"]), known))
    return clips


def names_of(samples: ShotSamples, labelled: Sequence[dict[str, Any]]) -> tuple[str | None, ...]:
    """Return whom each track shows by most of its labelled boxes; `None` = not labelled."""
    found: list[str | None] = []
    for track in samples.tracks:
        shown = Counter[str]()
        for row in labelled:
            at = np.flatnonzero(track.frame == row["frame"])
            wanted = np.array([row["box"]], np.float32)
            if len(at) and boxes.iou(wanted, track.xyxy[at[:1]])[0, 0] >= _MIN_IOU:
                shown[row["who"]] += 1
        found.append(shown.most_common(1)[0][0] if shown else None)
    return tuple(found)


def natural_other_looks(clips: Sequence[LabelledClip], calibration: Calibration) -> list[Case]:
    """Return cases of "somebody looks otherwise in a later shot", by the labels' names.

    As the engine does, the earlier look that is most alike is asked.
    """
    cases: list[Case] = []
    for clip in clips:
        for who in sorted(clip.known):
            seen = [
                (part, track)
                for part in clip.shots
                for track, name in enumerate(part.names)
                if name == who and _is_clear(part.shot.samples, track)
            ]
            for late in seen:
                part, track = late
                early = [one for one in seen if one[0].stop_frame <= part.start_frame]
                looks = [(one.shot, own) for one, own in early]
                asked = _most_alike(looks, (part.shot, track), calibration) if early else None
                if asked is None:
                    continue
                changed = any(
                    error["kind"] in _CHANGES
                    and early[0][0].start_frame < error["start_frame"]
                    and error["start_frame"] < part.stop_frame - _SLACK_FRAMES
                    and error["stop_frame"] > part.start_frame + _SLACK_FRAMES
                    for error in clip.errors_of(who)
                )
                if changed or not clip.may_concern(who, part.stop_frame):
                    kind: Kind = "natural" if changed else "same"
                    cases += case(kind, part.shot, part.shot.samples, (track,), asked)
    return cases


def same_looks(shots: Sequence[Shot], calibration: Calibration) -> list[Case]:
    """Return cases of people who stay as they are over cuts: of clips of one person in all shots.

    Args:
        shots: Of clips; where several are of one clip, the largest person of each is one and the
            same.
        calibration: Of the embedder.
    """
    seen: dict[str, list[tuple[Shot, int]]] = defaultdict(list)
    for shot in shots:
        clear = [k for k in range(len(shot.samples.tracks)) if _is_clear(shot.samples, k)]
        if clear and not shot.altered:
            sizes = [float(boxes.area(shot.samples.tracks[k].xyxy).sum()) for k in clear]
            seen[shot.clip].append((shot, clear[int(np.argmax(sizes))]))
    cases: list[Case] = []
    for own in seen.values():
        for number, late in enumerate(own[1:], start=1):
            asked = _most_alike(own[:number], late, calibration)
            if asked is not None:
                cases += case("same", late[0], late[0].samples, (late[1],), asked)
    return cases


def _is_clear(samples: ShotSamples, track: int) -> bool:
    looks = int(samples.seen["body"][track].sum())
    return looks >= MIN_LOOKS and score(samples, track) >= SURE_SCORE


def _most_alike(
    early: Sequence[tuple[Shot, int]], late: tuple[Shot, int], calibration: Calibration
) -> Asked | None:
    """Return the comparison with the most alike of those seen alike; `None` = there is none."""

    def look(one: tuple[Shot, int]) -> Any:
        return one[0].samples.means(one[1], slice(None))

    def shape(one: tuple[Shot, int]) -> float:
        return other_look.shape_of(one[0].samples.tracks[one[1]].xyxy)

    features, alike = other_look.features_of(
        [look(one) for one in early], [look(late)], calibration,
        early_shape=np.array([shape(one) for one in early]),
        late_shape=np.array([shape(late)]),
    )  # fmt: skip
    lost = np.mean([features[cue][:, 0] for cue in other_look.CUES], axis=0)
    lost = np.where(alike[:, 0], lost, np.inf)
    if not np.isfinite(lost).any():
        return None
    best = int(lost.argmin())
    return Asked.once(
        other_look.FEATURES, {name: float(table[best, 0]) for name, table in features.items()}
    )
