"""The tracks as MOTChallenge text: `frame,id,left,top,width,height,conf,x,y,z`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.report.writers import ReportInputs


def render(inputs: ReportInputs) -> str:
    """Return the text of `tracks.txt`."""
    return mot_text(inputs.report)


def mot_text(report: Report) -> str:
    """Return one line per box: frames and ids from 1, the id that of the character.

    A box nobody could tell has no identity to write and is left out; unknown columns are -1.
    """
    numbers = {character.id: index for index, character in enumerate(report.characters, start=1)}
    rows = []
    for tracklet in report.tracklets:
        for frame, box, score in zip(tracklet.frames, tracklet.boxes, tracklet.scores, strict=True):
            number = numbers.get(tracklet.character_at(frame) or "")
            if number is not None:
                x1, y1, x2, y2 = box
                # The format counts pixels from 1.
                values = (x1 + 1, y1 + 1, x2 - x1, y2 - y1, score)
                numbers_text = ",".join(f"{value:.6g}" for value in values)
                rows.append((frame + 1, number, numbers_text))
    return "".join(f"{frame},{number},{text},-1,-1,-1\n" for frame, number, text in sorted(rows))
