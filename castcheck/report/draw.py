"""What the annotated video shows on a picture: boxes, names, cuts and findings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from castcheck.facts.parts import ordered
from castcheck.labels import display_name, kind_title
from castcheck.report.palette import SEVERITY_COLOURS, UNTOLD_COLOUR, rgb, style_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from castcheck.facts.report import Report
    from identity.findings import Finding

BANNER_HOLD_S = 1.0  # a swap lasts one frame; nobody could read its banner in that time
CUT_HOLD_S = 0.6
MOST_BANNERS = 3
INK = "#FFFFFF"
PAPER = "#14171A"


@dataclass(frozen=True, slots=True)
class Box:
    """One box on one frame."""

    xyxy: tuple[float, float, float, float]
    tracklet_id: int
    character: str | None
    doubtful: bool = False


class Annotator:
    """Draws onto the pictures of one clip.

    Args:
        report: What to draw.
        width_px, height_px: Size of the pictures drawn on.
    """

    def __init__(self, report: Report, *, width_px: int, height_px: int) -> None:
        self._report = report
        self._size = (width_px, height_px)
        self._scale = (width_px / report.clip.width, height_px / report.clip.height)
        short = min(width_px, height_px)
        self._line_px = max(1, round(short / 240))
        self._text_px = max(10, round(short / 26))
        self._bar_px = min(height_px, max(2, round(height_px / 90)))
        self._boxes = _boxes_by_frame(report)
        self._banners = _held(report)
        self._looks = {c.id: style_of(i) for i, c in enumerate(report.characters)}
        self._names = {c.id: _label(i, display_name(c)) for i, c in enumerate(report.characters)}
        self._bar = _bar(report, width_px, self._bar_px)

    def draw(self, picture: NDArray[np.uint8], frame: int) -> None:
        """Draw onto the (H, W, 3) RGB `picture` of frame `frame`, in place."""
        standing = [f for f, start, stop in self._banners if start <= frame < stop]
        alarmed = {track for finding in standing for track in finding.tracklets}
        for box in self._boxes.get(frame, ()):
            self._draw_box(picture, box, alarmed=box.tracklet_id in alarmed)
        self._draw_cut(picture, frame)
        self._draw_banners(picture, standing)
        self._draw_bar(picture, frame)

    def _draw_box(self, picture: NDArray[np.uint8], box: Box, *, alarmed: bool) -> None:
        style = self._looks.get(box.character or "")
        colour = style.colour if style else UNTOLD_COLOUR
        x1, y1, x2, y2 = (
            round(value * self._scale[axis % 2]) for axis, value in enumerate(box.xyxy)
        )
        if alarmed:  # a white edge outside the coloured one stands out on any picture
            wide = self._line_px * 3
            cv2.rectangle(picture, (x1, y1), (x2, y2), rgb(INK), wide, cv2.LINE_AA)
        if box.doubtful:
            _dash(picture, (x1, y1, x2, y2), rgb(colour), self._line_px)
        else:
            cv2.rectangle(picture, (x1, y1), (x2, y2), rgb(colour), self._line_px, cv2.LINE_AA)
        text = self._names.get(box.character or "", "?")
        patch = text_patch(text, self._text_px, colour, style.ink if style else PAPER)
        _paste(picture, patch, x1 - self._line_px // 2, y1 - patch.shape[0])

    def _draw_cut(self, picture: NDArray[np.uint8], frame: int) -> None:
        now = self._report.time_s(frame)
        for shot in self._report.shots:
            if shot.start_frame <= frame < shot.stop_frame and now - shot.start_s < CUT_HOLD_S:
                opens = "" if shot.opens_with == "start" else f"  {shot.opens_with}"
                patch = text_patch(f"shot {shot.index + 1}{opens}", self._text_px, PAPER, INK)
                _paste(picture, patch, 0, 0)
                if shot.start_frame > 0 and frame == shot.start_frame:
                    picture[:, : self._line_px * 2] = rgb(INK)
                    picture[:, -self._line_px * 2 :] = rgb(INK)

    def _draw_banners(self, picture: NDArray[np.uint8], standing: list[Finding]) -> None:
        bottom = picture.shape[0] - self._bar_px
        for finding in reversed(standing[:MOST_BANNERS]):
            title = f"{kind_title(finding.kind).upper()}  {finding.message}"
            patch = text_patch(
                title,
                self._text_px,
                SEVERITY_COLOURS[finding.severity],
                INK,
                width_px=self._size[0],
            )
            bottom -= patch.shape[0]
            _paste(picture, patch, 0, bottom)

    def _draw_bar(self, picture: NDArray[np.uint8], frame: int) -> None:
        picture[-self._bar_px :] = self._bar
        x = _bar_x(self._report, frame, self._size[0])
        picture[-self._bar_px :, max(0, x - 1) : x + 2] = rgb(INK)


@lru_cache(maxsize=512)
def text_patch(
    text: str, size_px: int, colour: str, ink: str, *, width_px: int | None = None
) -> NDArray[np.uint8]:
    """Return `text` on a coloured ground as an (H, W, 3) picture.

    Args:
        text: One line; what does not fit into `width_px` ends in an ellipsis.
        size_px: Size of the letters.
        colour: Of the ground, "#RRGGBB".
        ink: Of the letters.
        width_px: The wanted width; `None` = as wide as the text.
    """
    font = ImageFont.load_default(size=size_px)
    pad = max(2, size_px // 3)
    if width_px is not None:
        text = _shorten(text, font, width_px - 2 * pad)
    width = width_px or round(font.getlength(text)) + 2 * pad
    picture = Image.new("RGB", (max(1, width), round(size_px * 1.5)), colour)
    ImageDraw.Draw(picture).text((pad, size_px * 0.14), text, fill=ink, font=font)
    patch = np.asarray(picture)
    patch.flags.writeable = False
    return patch


def _shorten(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _label(index: int, name: str) -> str:
    """Return the letter and the name; a name the built-in font cannot draw is left out."""
    letter = style_of(index).letter
    drawable = all(char.isprintable() and ord(char) < 0x250 for char in name)
    return f"{letter}  {name}" if drawable else letter


def _boxes_by_frame(report: Report) -> dict[int, list[Box]]:
    boxes: dict[int, list[Box]] = defaultdict(list)
    for tracklet in report.tracklets:
        for frame, xyxy in zip(tracklet.frames, tracklet.boxes, strict=True):
            segment = tracklet.segment_at(frame)
            who, doubtful = (
                (None, False) if segment is None else (segment.character, segment.doubtful)
            )
            boxes[frame].append(Box(xyxy, tracklet.id, who, doubtful))
    return boxes


def _dash(
    picture: NDArray[np.uint8],
    box: tuple[int, int, int, int],
    colour: tuple[int, int, int],
    line_px: int,
) -> None:
    """Draw a dashed box: the detector is not sure that anybody is there."""
    x1, y1, x2, y2 = box
    dash = 5 * line_px
    for x in range(x1, x2, 2 * dash):
        for y in (y1, y2):
            cv2.line(picture, (x, y), (min(x + dash, x2), y), colour, line_px, cv2.LINE_AA)
    for y in range(y1, y2, 2 * dash):
        for x in (x1, x2):
            cv2.line(picture, (x, y), (x, min(y + dash, y2)), colour, line_px, cv2.LINE_AA)


def _held(report: Report) -> list[tuple[Finding, int, int]]:
    """Return each finding with the frames its banner stands, long enough to be read."""
    rate = report.clip.frames / report.clip.duration_s if report.clip.duration_s else 1.0
    hold = max(1, round(BANNER_HOLD_S * rate))
    return [
        (finding, finding.start_frame, max(finding.stop_frame, finding.start_frame + hold))
        for finding in ordered(report.findings)
    ]


def _bar(report: Report, width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Return the strip at the foot of the picture: cuts as ticks, findings in colour."""
    bar = np.empty((height_px, width_px, 3), np.uint8)
    bar[:] = rgb(PAPER)
    for finding in reversed(ordered(report.findings)):
        start = _bar_x(report, finding.start_frame, width_px)
        stop = max(_bar_x(report, finding.stop_frame, width_px), start + 3)
        bar[:, start:stop] = rgb(SEVERITY_COLOURS[finding.severity])
    for shot in report.shots[1:]:
        x = _bar_x(report, shot.start_frame, width_px)
        bar[:, x : x + 1] = rgb(UNTOLD_COLOUR)
    return bar


def _bar_x(report: Report, frame: int, width_px: int) -> int:
    if report.clip.duration_s <= 0:
        return 0
    return min(int(width_px * report.time_s(frame) / report.clip.duration_s), width_px - 1)


def _paste(picture: NDArray[np.uint8], patch: NDArray[np.uint8], x: int, y: int) -> None:
    """Lay `patch` onto `picture`, moved so that it is inside where it fits."""
    height, width = picture.shape[:2]
    x = min(max(x, 0), max(0, width - patch.shape[1]))
    y = min(max(y, 0), max(0, height - patch.shape[0]))
    part = patch[: height - y, : width - x]
    picture[y : y + part.shape[0], x : x + part.shape[1]] = part
