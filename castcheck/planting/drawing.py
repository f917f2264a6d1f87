"""From a plan to pictures, and to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.planting.index import Entry
from castcheck.planting.timeline import through
from castcheck.planting.truth import text_of
from castcheck.planting.video import write_clip
from castcheck.report.writers import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.planting.material import Material
    from castcheck.planting.plan import Plan

    Image = NDArray[np.uint8]


def drawn(plan: Plan, material: Material, amount: float) -> Iterator[Image]:
    """Yield the pictures of a planted clip.

    Args:
        plan: What is planted.
        material: In what.
        amount: The strength asked for; the plan's own amounts are multiplied by it.
    """
    painted: dict[int, NDArray[np.float32]] = {}
    for k, step in enumerate(plan.take.steps):
        picture = step.material.frames[step.frame]
        share = step.amount * amount
        if plan.paint is not None and step.material is material and share > 0:
            if step.frame not in painted:
                painted = {step.frame: plan.paint(step.frame)}
            mixed = picture * (1 - share) + painted[step.frame] * share
            picture = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
        view = step.view
        if view is not None and view[0] > view[2]:
            picture = through(picture, (view[2], view[1], view[0], view[3]))[:, ::-1]
        else:
            picture = through(picture, view)
        yield picture if plan.take.filter is None else plan.take.filter(k, picture)


def painted_window(plan: Plan, material: Material, amount: float) -> dict[int, Image]:
    """Return a few frames of the window with the error in the amount asked for."""
    return _Painted(plan, material, amount)


class _Painted(dict):  # type: ignore[type-arg]
    """Pictures drawn when they are asked for."""

    def __init__(self, plan: Plan, material: Material, amount: float) -> None:
        super().__init__()
        self._plan, self._material, self._amount = plan, material, amount

    def __missing__(self, frame: int) -> Image:
        picture = self._material.frames[frame].astype(np.float32)
        if self._plan.paint is not None:
            new = self._plan.paint(frame)
            picture = picture * (1 - self._amount) + new * self._amount
        made: Image = np.clip(picture, 0, 255).astype(np.uint8)
        self[frame] = made
        return made


def save(
    out: Path, stem: str, truth: dict[str, Any], pictures: Sequence[Image], plan: Plan,
    material: Material, group: str,
) -> Entry:  # fmt: skip
    """Write a clip and its truth, and return its line of the index."""
    clip, file = out / f"{stem}.mp4", out / f"{stem}.truth.json"
    out.mkdir(parents=True, exist_ok=True)
    sound_s = plan.take.sound_s
    length_s = len(pictures) / material.fps
    sound = None if sound_s is None else (material.source, sound_s, sound_s + length_s)
    write_clip(clip, pictures, rate=material.rate, sound=sound)
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(text_of({**truth, "clip": clip.name}), encoding="utf-8")
        part.replace(file)
    except OSError as err:
        clip.unlink(missing_ok=True)
        reason = (err.strerror or str(err)).lower()
        raise OutputError(f"cannot be written: {reason}", where=file, hint="make room") from err
    finally:
        part.unlink(missing_ok=True)
    event = truth["events"][0] if truth["events"] else {}
    return Entry.of(clip.name, group, plan, material, event, truth["planted"], pictures)
