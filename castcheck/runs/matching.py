"""Which finding tells which planted event, by the rule of the contract (pure).

An event counts as found by a finding of the same kind that names the right tracks and starts
within 3 frames of it (swap, morph, vanish, pop-in) or covers half of it (drift, clone, attribute
swap). One finding matches one event; every finding left over is a false alarm. Where a truth knows
no boxes, whom a finding names cannot be checked, and kind and time decide. Nor can it where all of
the picture changes: that happens to everybody, and a truth knows those alone whom a detector could
follow. So such an event is told by a finding that says so itself, and by no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from castcheck.tables.kinds import MOMENTS, TOLERANCE_FRAMES
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castcheck.facts.report import Report
    from identity.findings import Finding

MIN_SHARE_OF_EVENT = 0.5
MIN_IOU = 0.5
# Whom a tracklet follows is asked near the event: at a crossing it may come to follow another.
NEAR_FRAMES = 12
# Of its boxes near the event: so many have to lie on people of the event, and so many on one person
# for the tracklet to count as naming that person.
MIN_ON_EVENT = 0.5
MIN_ON_PERSON = 0.25

Track = tuple[str, int]  # person, and which copy of them: 0, or 1 for the second of a clone
Followed = dict[int, dict[int, "Track | None"]]  # tracklet id -> frame -> who is under its box


@dataclass(frozen=True, slots=True)
class Event:
    """One planted error.

    Attributes:
        kind: As in the contract.
        people: Whom it happens to.
        start_frame, stop_frame: Half-open; one frame long where it is a moment.
        where: Place or manner, such as "open", "crossing" or "cut" of a swap; may be empty.
        look_alike: It is legal, only looks like an error, and must not be told.
        whole_picture: It happens to all of the picture, whether its people are known or not.
    """

    kind: str
    people: tuple[str, ...]
    start_frame: int
    stop_frame: int
    where: str = ""
    look_alike: bool = False
    whole_picture: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known of a clip (schema `castcheck.truth/1`).

    Attributes:
        tracks: Per track, frame to (2, 4) float32 boxes in pixels: visible part, whole figure.
        events: What was planted and has to be told.
        cuts: First frames of all shots but the first.
        frames: Length of the clip.
        fps: Frames per second.
        species, video_look: How the studio drew it; "" and 0 where it is not from the studio.
        planted_from: sha256 of the clip it was made from; "" where it was drawn.
        lent: Per track, frame to whose look is drawn there, where it is another person's.
    """

    tracks: dict[Track, dict[int, np.ndarray]]
    events: tuple[Event, ...]
    cuts: tuple[int, ...]
    frames: int
    fps: float
    species: str = ""
    video_look: float = 0.0
    planted_from: str = ""
    lent: Mapping[Track, Mapping[int, str]] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Truth:
        """Read what stands in a `.truth.json`.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: It is none.
        """
        tracks = {
            (person["person"], number): {
                frame: np.array([box, whole], np.float32)
                for frame, box, whole in zip(
                    track["frames"],
                    track["boxes"],
                    track.get("amodal", track["boxes"]),
                    strict=True,
                )
            }
            for person in data["people"]
            for number, track in enumerate(person["tracks"])
        }
        lent = {
            (person["person"], number): {
                frame: look
                for frame, look in zip(track["frames"], track["look"], strict=True)
                if look != person["person"]
            }
            for person in data["people"]
            for number, track in enumerate(person["tracks"])
            if "look" in track
        }
        events = (
            Event(
                e["kind"], tuple(e["people"]), e["start_frame"], e["stop_frame"],
                e.get("where", ""), bool(e.get("look_alike", False)),
                bool(e.get("whole_picture", False)),
            )
            for e in data["events"]
        )  # fmt: skip
        studio = data.get("studio", {})
        return cls(
            tracks,
            tuple(event for event in events if not event.look_alike),
            tuple(shot["start_frame"] for shot in data["shots"][1:]),
            int(data["frames"]),
            float(Fraction(str(data["fps"]))),
            str(studio.get("species", "")),
            float(studio.get("video_look", 0.0)),
            str(data.get("planted_from") or ""),
            lent,
        )

    def shot_of(self, frame: int) -> int:
        """Return the number of the shot that shows `frame`."""
        return sum(cut <= frame for cut in self.cuts)

    def tracks_of(self, event: Event) -> set[Track]:
        """Return the tracks an event concerns: of its people, those seen near it.

        Of a clone also whoever is drawn as its person meanwhile: he has become the copy.
        """
        near = range(event.start_frame - NEAR_FRAMES, event.stop_frame + NEAR_FRAMES)
        wanted = {
            key
            for key, seen in self.tracks.items()
            if key[0] in event.people and any(frame in seen for frame in near)
        }
        if event.kind == "clone":
            meanwhile = range(event.start_frame, event.stop_frame)
            wanted |= {
                key
                for key, looks in self.lent.items()
                if any(looks.get(frame) in event.people for frame in meanwhile)
            }
        return wanted


@dataclass(frozen=True, slots=True)
class Match:
    """A finding that tells an event: their places in their sequences."""

    event: int
    finding: int


def followed(report: Report, truth: Truth) -> Followed:
    """Return per tracklet and frame which true track lies under the box; `None` = none does."""
    result: Followed = {}
    for tracklet in report.tracklets:
        under: dict[int, Track | None] = {}
        for frame, box in zip(tracklet.frames, tracklet.boxes, strict=True):
            here = [(key, seen[frame]) for key, seen in truth.tracks.items() if frame in seen]
            best = [float(boxes.iou(np.array([box], np.float32), both).max()) for _, both in here]
            top = int(np.argmax(best)) if best else -1
            under[frame] = here[top][0] if best and best[top] >= MIN_IOU else None
        result[tracklet.id] = under
    return result


def near_event(under: Mapping[int, Track | None], event: Event) -> list[Track | None]:
    """Return who is under a tracklet's boxes near the event, or ever where it is not there then."""
    start, stop = event.start_frame - NEAR_FRAMES, event.stop_frame + NEAR_FRAMES
    near = [who for frame, who in under.items() if start <= frame < stop]
    return near or list(under.values())


def names_right_tracks(finding: Finding, event: Event, truth: Truth, follows: Followed) -> bool:
    """Tell whether a finding names all tracks of the event, and nobody else.

    A change of the whole picture is told by a finding of the whole picture, and nothing else is.
    """
    of_all = bool(finding.evidence.get("whole_picture", False))
    if of_all or event.whole_picture:
        return of_all and event.whole_picture
    if not truth.tracks:
        return True
    wanted = truth.tracks_of(event)
    named: set[Track] = set()
    for tracklet in finding.tracklets:
        near = near_event(follows.get(tracklet, {}), event)
        shares = {key: near.count(key) / len(near) for key in wanted} if near else {}
        if sum(shares.values()) < MIN_ON_EVENT:
            return False
        named |= {key for key, share in shares.items() if share >= MIN_ON_PERSON}
    return bool(wanted) and named == wanted


def at_right_time(finding: Finding, event: Event) -> bool:
    """Tell whether a finding starts, or for what lasts: lies, where the contract wants it.

    Example:
        >>> from identity.findings import Finding
        >>> told = Finding("swap", "major", 0.9, (), (0, 1), (0,), 41, 42, "")
        >>> at_right_time(told, Event("swap", ("a", "b"), 38, 39))
        True
        >>> at_right_time(told, Event("swap", ("a", "b"), 37, 38))
        False
    """
    if event.kind in MOMENTS:
        return abs(finding.start_frame - event.start_frame) <= TOLERANCE_FRAMES
    shared = min(finding.stop_frame, event.stop_frame) - max(finding.start_frame, event.start_frame)
    return shared >= MIN_SHARE_OF_EVENT * (event.stop_frame - event.start_frame)


def match(findings: Sequence[Finding], truth: Truth, follows: Followed) -> list[Match]:
    """Return which finding tells which event: as many as possible, then the smallest delays."""
    events = truth.events
    if not findings or not events:
        return []
    hopeless = 1e6
    cost = np.full((len(events), len(findings)), hopeless)
    for i, event in enumerate(events):
        for k, finding in enumerate(findings):
            if (
                finding.kind == event.kind
                and at_right_time(finding, event)
                and names_right_tracks(finding, event, truth, follows)
            ):
                cost[i, k] = abs(finding.start_frame - event.start_frame)
    rows, columns = linear_sum_assignment(cost)
    return [
        Match(int(i), int(k)) for i, k in zip(rows, columns, strict=True) if cost[i, k] < hopeless
    ]


def concerns(finding: Finding, event: Event, truth: Truth, follows: Followed) -> bool:
    """Tell whether a finding is about any of the people of an event."""
    if not truth.tracks or event.whole_picture:
        return True
    wanted = truth.tracks_of(event)
    return any(
        who in wanted
        for tracklet in finding.tracklets
        for who in near_event(follows.get(tracklet, {}), event)
    )


def notices(finding: Finding, event: Event, truth: Truth, follows: Followed) -> bool:
    """Tell whether a finding, of whatever kind, is about the people of an event, and in time."""
    return at_right_time(finding, event) and concerns(finding, event, truth, follows)


def said_instead(event: Event, findings: Sequence[Finding], truth: Truth, follows: Followed) -> str:
    """Return what was said of an event nobody found: a kind, a near miss, or "nothing".

    Asked are findings about any of its people, within half a second or overlapping it; the surest
    speaks. One of the right kind is named by what is wrong with it.
    """
    about = []
    for finding in findings:
        late = finding.start_frame - (event.stop_frame - 1)
        early = event.start_frame - (finding.stop_frame - 1)
        if max(late, early) <= NEAR_FRAMES and concerns(finding, event, truth, follows):
            about.append(finding)
    if not about:
        return "nothing"
    surest = max(about, key=lambda f: f.confidence)
    if surest.kind != event.kind:
        return surest.kind
    return "wrong people" if at_right_time(surest, event) else "wrong time"
