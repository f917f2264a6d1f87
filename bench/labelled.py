"""Pictures with boxes whose truth is known: real clips labelled by eye, and rendered ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One picture and the people in it.

    Attributes:
        clip: Name of the clip.
        frame: Zero-based.
        rgb: (H, W, 3) uint8.
        boxes: (N, 4) float32, people who must be found.
        ignored: (M, 4) float32, boxes that may be found or not: no characters, or hardly in view.
        missed: Characters in view without a box: they can only be counted as not found.
        facts: Per row of `boxes` what else is known: who, view, shot.
    """

    clip: str
    frame: int
    rgb: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    ignored: NDArray[np.float32]
    missed: int = 0
    facts: tuple[dict[str, Any], ...] = ()


_DRAWN_FILE = Path(__file__).parent / "data" / "characters.json"
_FILM_FILE = _DRAWN_FILE.with_name("film.json")
# What labels write where a box shows no character, or somebody who is seen once only.
NO_CHARACTER = ("-", "x")
_SAME_IOU = 0.9  # two boxes of one character in one picture: labelled once as each of two classes
# So many clips, the first of the labels, had been measured on before the others came.
EARLIER_CLIPS = 26


def drawn_characters() -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Return the characters whom the labels list without a box, drawn by eye, by clip and frame.

    The labels' boxes are YOLOv8n's, so that whom it did not find has none: whoever finds them is
    counted wrong twice, for a box on nobody and for somebody not found. `sure` is false where the
    one who drew could not tell how much of a character is in view.
    """
    rows = json.loads(_DRAWN_FILE.read_text(encoding="utf-8"))
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for clip, frame, who, box, sure in rows:
        row = {"frame": frame, "who": who, "box": box, "sure": sure, "drawn": True}
        found.setdefault((clip, frame), []).append(row)
    return found


def film_labels() -> dict[str, dict[str, Any]]:
    """Return what the tracks of free clips show, looked at one by one, by the name of the clip.

    Each is `{"characters": N, "boxes": [{"frame": F, "who": W, "box": B}, ...]}`: every track of
    the bundled detector once or more, as a box. `who` is a letter for somebody of the cast, "x" for
    somebody beside it, "-" for a thing, a part of somebody, or two at once, and "?" where the one
    who looked could not tell. Whom no track shows has no box. `characters` is `None` where more
    than the cast is there, or it cannot be told.
    """
    labels = json.loads(_FILM_FILE.read_text(encoding="utf-8"))
    for label in labels.values():
        label["boxes"] = [
            dict(zip(("frame", "who", "box"), row, strict=True)) for row in label["boxes"]
        ]
    return dict(labels)


def source_of(name: str) -> str:
    """Return who made a labelled clip: what stands before the first underscore of its name.

    Example:
        >>> source_of("msm_01")
        'msm'
    """
    return name.partition("_")[0]


def real_pictures(
    real: Path, *, clips: slice = slice(None), drawn: bool = False, pixels: bool = True
) -> Iterator[Labelled]:
    """Yield the labelled pictures of the clips under `real`.

    A character whose box the labels give twice, as YOLOv8n saw it in two classes, is there once:
    nobody could find the second.

    Args:
        real: Folder with `labels.json` and `clips/`.
        clips: Which clips, by their place in the labels.
        drawn: With the boxes of `drawn_characters`.
        pixels: Read the pictures too; else they are empty.
    """
    labels = json.loads((real / "labels.json").read_text(encoding="utf-8"))
    more = drawn_characters() if drawn else {}
    for name, label in sorted(list(labels.items())[clips]):
        by_frame: dict[int, list[dict[str, Any]]] = {}
        for box in label["boxes"]:
            by_frame.setdefault(int(box["frame"]), []).append(box)
        missed = [int(entry["frame"]) for entry in label.get("missed", [])]
        wanted = {*by_frame, *missed}
        nothing = np.zeros((0, 0, 3), np.uint8)
        video = real / "clips" / f"{name}.mp4"
        pictures = frames_of(video, wanted) if pixels else ((f, nothing) for f in sorted(wanted))
        for frame, rgb in pictures:
            added = more.get((name, frame), [])
            rows = by_frame.get(frame, []) + [row for row in added if row["sure"]]
            people = _each_once([row for row in rows if row["who"] != "-"])
            facts = tuple(
                {**row, "shot": int(np.searchsorted(label["cuts"], frame, side="right"))}
                for row in people
            )
            others = [row["box"] for row in rows if row["who"] == "-"]
            others += [row["box"] for row in added if not row["sure"]]
            yield Labelled(
                name,
                frame,
                rgb,
                _table(row["box"] for row in people),
                _table(others),
                missed.count(frame) - len(added),
                facts,
            )


def studio_pictures(folder: Path, *, step_frames: int, limit: int) -> Iterator[Labelled]:
    """Yield every `step_frames`-th picture of at most `limit` clean rendered clips of `folder`.

    Whoever shows less than a fifth of a body, or is lower than 24 pixels, need not be found.
    """
    for video in sorted(folder.glob("*_clean.mp4"))[:limit]:
        truth = json.loads(video.with_suffix(".truth.json").read_text(encoding="utf-8"))
        people: dict[int, list[tuple[list[float], float]]] = {}
        for person in truth["people"]:
            for track in person["tracks"]:
                for frame, box, seen in zip(
                    track["frames"], track["boxes"], track["visible"], strict=True
                ):
                    if box is not None:
                        people.setdefault(int(frame), []).append((box, float(seen)))
        for frame, rgb in frames_of(video, set(range(0, truth["frames"], step_frames))):
            rows = people.get(frame, [])
            clear = [seen >= 0.2 and box[3] - box[1] >= 24 for box, seen in rows]
            yield Labelled(
                video.stem,
                frame,
                rgb,
                _table(box for (box, _), use in zip(rows, clear, strict=True) if use),
                _table(box for (box, _), use in zip(rows, clear, strict=True) if not use),
            )


def frames_of(video: Path, wanted: set[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the wanted frames of a video in order, as RGB."""
    capture = cv2.VideoCapture(str(video))
    try:
        for frame in range(max(wanted, default=-1) + 1):
            if not capture.grab():
                return
            if frame in wanted:
                yield frame, np.ascontiguousarray(capture.retrieve()[1][..., ::-1])
    finally:
        capture.release()


def _each_once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the boxes of people in one picture without those that repeat one of the same."""
    overlap = boxes.iou_of_pairs(_table(row["box"] for row in rows))
    return [
        row
        for k, row in enumerate(rows)
        if not any(
            overlap[k, other] >= _SAME_IOU and row["who"] == rows[other]["who"]
            for other in range(k)
        )
    ]


def _table(rows: Iterable[Any]) -> NDArray[np.float32]:
    return np.array(list(rows), np.float32).reshape(-1, 4)
