"""Draws what each kind of finding looks like, from the sample clips and their truth.

    python -m bench.kinds -o docs/kinds

Each picture has two halves: the frame before and the frame after, or who should be there and who
is. Boxes are those of the truth, of the people concerned, in the colours of the report. Nothing is
judged: the page shows what the kinds mean, not what is found.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.examples import pictures_of
from castcheck.report.palette import style_of
from scenes.errors import CastcheckError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_BAD_INPUT = 2
SAMPLES = Path(__file__).parents[1] / "sample_videos"
HALF_PX = (480, 270)
_GAP_PX, _BAR_PX, _TEXT_PX = 6, 44, 28  # to be read on a phone, at a third of the width
# Kind, clip, frame on the left, frame on the right, people.
KINDS: tuple[tuple[str, str, int, int, tuple[str, ...]], ...] = (
    ("swap", "room_swap", 12, 20, ("omar", "mei")),
    ("swap_over_cut", "cafe_swap_cut", 20, 76, ("ida", "omar")),
    ("morph", "robots_morph", 34, 44, ("raj",)),
    ("drift", "park_drift", 10, 86, ("omar",)),
    ("attribute_swap", "toys_clothes_swap", 16, 80, ("anna", "zoe")),
    ("clone", "office_clone", 40, 16, ("kofi",)),
    ("vanish", "cel_vanish", 21, 25, ("ivan",)),
    ("pop_in", "cel_vanish", 25, 21, ("ivan",)),
)
_ROOM = tuple(("room_clean", name) for name in ("anna", "omar"))
# Kind, the cast (of which clip who), frame of the clip that is seen, whom it is about.
SEEN_CLIP = "room_clean"
CAST_KINDS = (
    ("missing", (*_ROOM, ("room_clean", "mei")), 48, ()),
    ("unexpected", _ROOM, 12, ("mei",)),
    ("stranger", (*_ROOM, ("cafe_clean", "ida")), 12, ("mei",)),
)


def draw_pair(clip: Path, left: int, right: int, people: Sequence[str]) -> Image.Image:
    """Return two frames of one clip side by side.

    Raises:
        CastcheckError: The clip cannot be read.
    """
    truth = _truth(clip)
    shown = pictures_of(clip, (left, right))
    halves = [_half(shown[frame], truth, frame, people) for frame in (left, right)]
    return _joined(halves, [f"frame {left}", f"frame {right}"])


def draw_cast(
    samples: Path, cast: Sequence[tuple[str, str]], frame: int, people: Sequence[str]
) -> Image.Image:
    """Return reference pictures of the cast beside one frame of a clip.

    Raises:
        CastcheckError: A clip cannot be read.
    """
    half = Image.new("RGB", HALF_PX, "#F2F4F7")
    slot = HALF_PX[0] // len(cast)
    for place, (stem, name) in enumerate(cast):
        crop = _crop(samples / f"{stem}.mp4", name)
        crop.thumbnail((slot - 30, HALF_PX[1] - 60))
        x = place * slot + (slot - crop.width) // 2
        half.paste(crop, (x, 12))
        _text(half, name.title(), (x, 20 + crop.height), "#14171A")
    clip = samples / f"{SEEN_CLIP}.mp4"
    seen = _half(pictures_of(clip, (frame,))[frame], _truth(clip), frame, people)
    return _joined([half, seen], ["the cast", f"frame {frame}"])


def _truth(clip: Path) -> dict[str, Any]:
    path = clip.with_suffix(".truth.json")
    try:
        table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as err:
        raise ConfigError(f"cannot be read: {err}", where=path, hint="check --samples") from err
    return table


def _half(rgb: Any, truth: dict[str, Any], frame: int, people: Sequence[str]) -> Image.Image:
    """Return a frame with boxes around some people, coloured by whose look they wear."""
    picture = Image.fromarray(np.asarray(rgb)).resize(HALF_PX)
    scale = HALF_PX[0] / rgb.shape[1], HALF_PX[1] / rgb.shape[0]
    draw = ImageDraw.Draw(picture)
    looks = [person["person"] for person in truth["people"]]
    for person in truth["people"]:
        for track in person["tracks"] if person["person"] in people else ():
            if frame not in track["frames"]:
                continue
            row = track["frames"].index(frame)
            box = [v * scale[axis % 2] for axis, v in enumerate(track["boxes"][row])]
            worn = track["look"][row]
            style = style_of(looks.index(worn) if worn in looks else len(looks))
            draw.rectangle(box, outline=style.colour, width=4)
    return picture


def _crop(clip: Path, name: str) -> Image.Image:
    at = 4  # everybody stands apart there
    track = next(p for p in _truth(clip)["people"] if p["person"] == name)["tracks"][0]
    box = track["boxes"][track["frames"].index(at)]
    return Image.fromarray(pictures_of(clip, (at,))[at]).crop([round(v) for v in box])


def _joined(halves: Sequence[Image.Image], titles: Sequence[str]) -> Image.Image:
    width = len(halves) * HALF_PX[0] + (len(halves) - 1) * _GAP_PX
    whole = Image.new("RGB", (width, HALF_PX[1] + _BAR_PX), "#FFFFFF")
    for place, (half, title) in enumerate(zip(halves, titles, strict=True)):
        x = place * (HALF_PX[0] + _GAP_PX)
        whole.paste(half, (x, _BAR_PX))
        _text(whole, title, (x + 2, 5), "#14171A")
    return whole


def _text(picture: Image.Image, text: str, at: tuple[int, int], ink: str) -> None:
    ImageDraw.Draw(picture).text(at, text, fill=ink, font=ImageFont.load_default(size=_TEXT_PX))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0, or 2 with one line on stderr where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.kinds", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("-o", "--out", type=Path, default=Path("kinds"), help="folder to write to")
    parser.add_argument("--samples", type=Path, default=SAMPLES, help="folder of the sample clips")
    options = parser.parse_args(argv)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for kind, stem, left, right, people in KINDS:
            picture = draw_pair(options.samples / f"{stem}.mp4", left, right, people)
            picture.save(options.out / f"{kind}.jpg", quality=82)
        for kind, cast, frame, people in CAST_KINDS:
            picture = draw_cast(options.samples, cast, frame, people)
            picture.save(options.out / f"{kind}.jpg", quality=82)
    except CastcheckError as err:
        print(f"bench.kinds: {err}", file=sys.stderr)
        return EXIT_BAD_INPUT
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
