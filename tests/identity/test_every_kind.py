"""Every kind of error, and what looks like it and is none: in a wide shot and in close-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from identity.appearance.looks import Cue, Looks
from identity.evidence.alignment import Alignment
from identity.evidence.place_changes import changes_of_place
from identity.explanations.presence import PresenceCandidate, explain_absence
from identity.judge import judge_looks
from identity.settings import ClusteringSettings, FindingSettings
from scenes.shots import Cut, shots_from_cuts
from tests.identity.people import FPS, SIZE_PX, calibration, looks, tracklet
from tracker.tracklets import Tracklet

Wears = str | tuple[str, str, float]
SHOT, AT = 48, 24


class Person(NamedTuple):
    """What somebody wears in a shot, frame by frame, and whose head it is if not that of it."""

    wears: list[Wears]
    heads: list[str] | None = None
    speed: float = 0.0


@dataclass(frozen=True)
class Framing:
    """Size of the people, and where they stand from left to right."""

    size: tuple[float, float]
    places: tuple[tuple[float, float], ...]


FRAMINGS = {
    "wide": Framing((26, 66), ((90, 200), (300, 205), (520, 198))),
    # Cut by the lower edge of the picture, shoulder to shoulder.
    "close-up": Framing((200, 330), ((5, 30), (220, 30), (435, 30))),
}


class Sets:
    picture_px = SIZE_PX

    def __init__(self, *, returns):
        self.returns = returns

    def alignment(self, early, late):
        return Alignment(1.0, 1.0, (0.0, 0.0)) if self.returns else None

    def is_hidden(self, early, late, lay):
        return False


def stays(name):
    return Person([name] * SHOT)


def becomes(first, second, at=AT):
    return Person([first] * at + [second] * (SHOT - at))


def slowly(first, second, share=0.9):
    return Person([(first, second, share * k / (SHOT - 1)) for k in range(SHOT)])


def dressed(head, clothes):
    return Person([clothes] * SHOT, [head] * SHOT)


def walks(name, speed):
    return Person([name] * SHOT, None, speed)


def seen_as(person, frames, seed):
    own = looks(frames, person.wears, seed=seed)
    if person.heads is None:
        return own
    head = looks(frames, person.heads, seed=seed + 50).vectors["head"]
    vectors: dict[Cue, np.ndarray] = {**own.vectors, "head": head}
    return Looks(vectors, own.covered, own.usable)


def told(framing, *shots, returns=True):
    """Return the kinds that are told of shots of people, from left to right.

    What nothing vouches for, such as twins who are alone in a clip, is a doubt that stops no clip.
    """
    tracklets: list[Tracklet] = []
    seen: list[Looks] = []
    for number, people in enumerate(shots):
        frames = list(range(SHOT * number, SHOT * (number + 1)))
        for person, place in zip(people, framing.places, strict=False):
            tracklets.append(
                tracklet(
                    len(tracklets), frames, at=place, shot=number, size=framing.size,
                    speed=(person.speed, 0),
                )
            )  # fmt: skip
            seen.append(seen_as(person, frames, len(seen)))
    setups = np.full((len(shots), len(shots)), 1.0 if returns else 0.2, np.float32)
    np.fill_diagonal(setups, 1)
    cuts = [Cut(SHOT * k) for k in range(1, len(shots))]
    judgement = judge_looks(
        tracklets, seen, shots_from_cuts(cuts, frame_count=SHOT * len(shots)), setups,
        calibration(), ClusteringSettings(), FindingSettings(), fps=FPS,
        sets=Sets(returns=returns),
    )  # fmt: skip
    return sorted(one.kind for one in judgement.explained if one.vouched)


PAIR = (stays("A"), stays("B"))
ACROSS = {"wide": 210 / SHOT * 2, "close-up": 215 / SHOT * 2}  # each to the other's place and on


@pytest.mark.parametrize("name", FRAMINGS)
@pytest.mark.parametrize(
    ("shots", "legal", "kinds"),
    [
        pytest.param(
            [(becomes("A", "B"), becomes("B", "A"))], "cross", ["swap"], id="swap or crossing"
        ),
        pytest.param(
            [PAIR, (stays("B"), stays("A"))], "reverse", ["swap"], id="swap over a cut or reverse"
        ),
        pytest.param(
            [(becomes("A", "C"), stays("B"))], [(becomes("A", "C"), becomes("B", "D"))], ["morph"],
            id="morph or light",
        ),
        pytest.param(
            [(slowly("A", "C"), stays("B"))], [(slowly("A", "C"), slowly("B", "D"))], ["drift"],
            id="drift or dusk",
        ),
        pytest.param(
            [PAIR, (stays("A"), stays("B"), stays("A"))],
            [(stays("A"), stays("B"), stays("A"))] * 2,
            ["clone"], id="clone or twins",
        ),
        pytest.param(
            [(stays("A"), becomes("B", "A"))], [(stays("A"), stays("A"))], ["clone"],
            id="becomes a clone or one outfit",
        ),
        pytest.param(
            [(dressed("A", "A"), dressed("B", "B")), (dressed("A", "B"), dressed("B", "A"))],
            [(dressed("A", "A"), dressed("B", "B")), (dressed("A", "C"), dressed("B", "D"))],
            ["attribute_swap"], id="clothes exchanged or changed",
        ),
    ],
)  # fmt: skip
def test_an_error_is_told_and_what_looks_like_it_is_not(shots, legal, kinds, name):
    framing = FRAMINGS[name]
    assert told(framing, *shots) == kinds
    if legal == "cross":
        speed = ACROSS[name]
        assert told(framing, (walks("A", speed), walks("B", -speed))) == []
    elif legal == "reverse":
        assert told(framing, *shots, returns=False) == []
    else:
        assert told(framing, *legal) == []


BOXES = {"wide": (60, 40, 84, 100), "close-up": (20, 10, 110, 120)}


def film(box, shown):
    """Return pictures of a wall and somebody in a box, of whom a share is shown at each frame."""
    rng = np.random.default_rng(3)
    wall = rng.integers(90, 160, (120, 160, 3)).astype(float)
    x1, y1, x2, y2 = box
    person = rng.integers(0, 80, (y2 - y1, x2 - x1, 3)).astype(float)
    pictures = []
    for share in shown:
        picture = wall.copy()
        wide = round((x2 - x1) * share)
        picture[y1:y2, x1 : x1 + wide] = person[:, :wide]
        pictures.append(cv2.GaussianBlur(picture.clip(0, 255).astype(np.uint8), (3, 3), 0))
    return np.stack(pictures)


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize(
    ("kind", "shown", "expect"),
    [
        pytest.param("vanish", [1] * 6 + [0] * 8, True, id="vanish"),
        pytest.param("vanish", [1] * 3 + [*np.linspace(1, 0, 8)] + [0] * 3, False, id="walks out"),
        pytest.param("pop_in", [0] * 8 + [1] * 6, True, id="pop_in"),
        pytest.param("pop_in", [0] * 3 + [*np.linspace(0, 1, 8)] + [1] * 3, False, id="walks in"),
    ],
)
def test_gone_or_there_at_once_and_bit_by_bit(kind, shown, expect, name):
    box = np.array(BOXES[name], np.float32)
    frame = shown.index(0) if kind == "vanish" else shown.index(1)
    frames = tuple(range(len(shown)))
    stood = {
        "score": 0.8, "shrinks": 0, "leaves": 0, "taken": 0,
    }  # fmt: skip
    seen = frame - (kind == "vanish")
    path = np.repeat(box[None], len(shown), axis=0)
    found = PresenceCandidate(kind, 0, frame, seen, frames, path, features=stood)
    place = np.array([0, 0, 160, 120], np.float32)
    nobody = [np.zeros((0, 4), np.float32)] * len(shown)
    changes = changes_of_place(
        path, frames, film(BOXES[name], shown), place, nobody,
        ends_at=frame, appears=kind == "pop_in",
    )  # fmt: skip
    told = explain_absence(found, changes)
    assert told is not None
    assert (told.log_odds > 0) is expect
