"""A script laid onto one clip: its lines as spans of frames, and who is seen in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from castcheck.labels import plural
from identity.evidence.same_look import MIN_LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.cast.script import Line, Script
    from castcheck.observe import Observations
    from identity.judge import Judgement
    from identity.tracks.segments import Segment

_MIN_FRAMES = 3  # less of somebody in a span is a cut that lies a little elsewhere
_MIN_SHARE = 0.25  # of a span, or of a stay: less is somebody on the way in or out


@dataclass(frozen=True, slots=True)
class Span:
    """One line of a script on one clip.

    Attributes:
        title: What messages call it.
        start_frame, stop_frame: Half-open.
        shots: Numbers of the clip's shots it lies in.
        expected: Members who should be seen there, and nobody else.
    """

    title: str
    start_frame: int
    stop_frame: int
    shots: tuple[int, ...]
    expected: frozenset[int]


def spans_of(
    script: Script, clip: Path, seen: Observations, names: Sequence[str]
) -> tuple[tuple[Span, ...], tuple[str, ...]]:
    """Return the spans in order of time, and what of the script could not be used.

    Args:
        script: The script.
        clip: Its name may be that of one line.
        seen: The clip.
        names: Of all members.
    """
    lines = script.lines
    own = [line for line in lines if line.clip_stem and line.clip_stem == clip.stem]
    end = len(seen.frame_times_s)
    if own:  # the clip is one shot of the story
        frames = [(own[0], (0, end))]
        return _spans(frames, seen, names), ()
    lines, note = _usable(script, len(seen.shots))
    found, late = [], 0
    for line in lines:
        start, stop = _frames(line, seen)
        if start >= stop:
            late += 1
        else:
            found.append((line, (start, stop)))
    notes = [note] if note else []
    if late:
        notes.append(f"the script goes on after the end of the clip: {late} of its lines left out")
    return _spans(found, seen, names), tuple(notes)


def _usable(script: Script, shots: int) -> tuple[tuple[Line, ...], str]:
    """Return the lines that can be laid onto a clip of so many shots, and why not all."""
    numbers = [number for line in script.lines for number in line.shots]
    wanted = script.shot_count
    if not numbers or (wanted is None and max(numbers) < shots) or wanted == shots:
        return script.lines, ""
    said = f"shot {max(numbers) + 1}" if wanted is None else plural(wanted, "shot")
    note = (
        f"the script has {said}, the clip {plural(shots, 'shot')}: which belongs "
        "to which is not clear, so the lines that name a shot by number were ignored"
    )
    return tuple(line for line in script.lines if not line.shots), note


def _frames(line: Line, seen: Observations) -> tuple[int, int]:
    end = len(seen.frame_times_s)
    if line.shots:
        by_index = {shot.index: shot for shot in seen.shots}
        own = [by_index[number] for number in line.shots]
        return own[0].start_frame, own[-1].stop_frame
    if line.frames is not None:
        return line.frames[0], min(line.frames[1], end)
    if line.seconds is None:
        raise ValueError("a line must give its place in exactly one way")
    # A frame belongs to the span that holds its start, give or take a rounding of the script.
    times = np.array([float(t) for t in seen.frame_times_s])
    start, stop = (int(np.searchsorted(times, second - 1e-3)) for second in line.seconds)
    return start, stop


def _spans(
    found: Sequence[tuple[Line, tuple[int, int]]], seen: Observations, names: Sequence[str]
) -> tuple[Span, ...]:
    """Return the spans; lines about the same frames are one, as shots that go on without a cut."""
    together: dict[tuple[int, int], tuple[str, set[str]]] = {}
    for line, frames in found:
        together.setdefault(frames, (line.title, set()))[1].update(line.names)
    return tuple(
        Span(
            title, start, stop,
            tuple(s.index for s in seen.shots if s.start_frame < stop and s.stop_frame > start),
            frozenset(names.index(name) for name in said),
        )
        for (start, stop), (title, said) in sorted(together.items())
    )  # fmt: skip


def expected_in(spans: Sequence[Span], members: int) -> NDArray[np.bool_]:
    """Return (M, S) which member is expected in which span."""
    rows = [[m in span.expected for span in spans] for m in range(members)]
    return np.array(rows, np.bool_).reshape(members, len(spans))


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Who is seen where.

    Attributes:
        well: (K, S) bool, there for long and seen well enough to be accused of it.
        at_all: (K, S) bool, there, perhaps for a moment.
        own: Character and span to the places of their segments.
        others: Span to the segments of nobody of the cast in it.
    """

    well: NDArray[np.bool_]
    at_all: NDArray[np.bool_]
    own: dict[tuple[int, int], tuple[int, ...]]
    others: dict[int, tuple[int, ...]]


def presence_in(judgement: Judgement, spans: Sequence[Span]) -> Presence:
    """Return which character is seen in which span."""
    count = judgement.cast.character_count
    well = np.zeros((count, len(spans)), np.bool_)
    at_all = np.zeros((count, len(spans)), np.bool_)
    own: dict[tuple[int, int], list[int]] = {}
    others: dict[int, list[int]] = {}
    for s, span in enumerate(spans):
        for place, segment in enumerate(judgement.segments):
            frames = _overlap(segment, span)
            label = int(judgement.cast.labels[place])
            if not frames:
                continue
            if label < 0:
                others.setdefault(s, []).append(place)
                continue
            at_all[label, s] = True
            own.setdefault((label, s), []).append(place)
            share = frames / len(segment.frames)
            enough = frames >= _MIN_FRAMES and (
                share >= _MIN_SHARE or frames >= _MIN_SHARE * (span.stop_frame - span.start_frame)
            )
            samples = segment.sample_count * share
            doubtful = bool(judgement.cast.doubtful[place])
            well[label, s] |= enough and samples >= MIN_LOOKS and not doubtful
    return Presence(
        well, at_all,
        {key: tuple(places) for key, places in own.items()},
        {key: tuple(places) for key, places in others.items()},
    )  # fmt: skip


def _overlap(segment: Segment, span: Span) -> int:
    frames = segment.frames
    return int(((frames >= span.start_frame) & (frames < span.stop_frame)).sum())
