"""Pictures put together: rendered people cut out and set before photographs, among other things.

What the studio's five sets do not hold, trees, cars, lamps, plates, animals, a detector meets here
(Dwibedi et al. 2017, "Cut, Paste and Learn", https://arxiv.org/abs/1708.01642). Edges are softened
and colours roughly matched: a network must not learn the seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from scenes.errors import CastcheckError
from training.detector_data import HOLD_OUT_EVERY, is_held_out, label_lines, read_index
from training.reid_crops import roughened
from training.styles import drawn, toned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

SIZES_PX = ((448, 252), (448, 252), (448, 252), (336, 336), (252, 448))
_BACKDROP_PX = 640
_COUNTS = (0.08, 0.27, 0.32, 0.18, 0.1, 0.05)  # of 0 to 5 people
_DRAWN_SHARE, _TONED_SHARE = 0.35, 0.12
# Of people: painted, drawn as cartoons, rendered with a cartoon's head or with a large one.
_PAINTED_SHARE, _CARTOON_SHARE, _NEW_HEADED_SHARE, _BIG_HEADED_SHARE = 0.12, 0.16, 0.12, 0.18
_BIG_HEAD = (1.25, 2.2)
_NEW_HEAD = (1.1, 2.4)
_MAX_AWAY_RAD = 1.2  # who is turned further away does not show a face
# How often the camera is as near as in a talk, and somebody's shoulder in its way.
_NEAR_SHARE, _SHOULDER_SHARE = 0.4, 0.5
_NEAR_COUNTS = (0.08, 0.32, 0.46, 0.14)  # of 0 to 3 people
# Who is hidden more than this is neither shown nor asked for.
_MIN_VISIBLE = 0.25
_MIN_FREE_IN_STILL = 0.75


@dataclass(frozen=True, slots=True)
class Cutout:
    """A figure or thing cut out of its picture.

    Attributes:
        bgr: (H, W, 3).
        alpha: (H, W) float32 in 0..1.
        share: Height over that of the picture it was in.
        cut: Which edges of its picture it reaches: left, top, right, bottom.
    """

    bgr: Image
    alpha: Floats
    share: float
    cut: tuple[bool, bool, bool, bool] = (False, False, False, False)


class Backdrops:
    """The photographs people are set before, kept in memory.

    Args:
        folder: `backdrops` of `python -m training pictures`.

    Raises:
        CastcheckError: There is none.
    """

    def __init__(self, folder: Path) -> None:
        self._pictures = []
        for path in sorted(folder.glob("*.png")):
            picture = _open(path, cv2.IMREAD_COLOR)
            scale = min(1.0, _BACKDROP_PX / max(picture.shape[:2]))
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            self._pictures.append(np.asarray(small, np.uint8))
        if not self._pictures:
            raise CastcheckError(
                "no backdrops", where=folder, hint="run `python -m training pictures`"
            )

    def draw(self, rng: np.random.Generator, size_px: tuple[int, int]) -> Floats:
        """Return an (H, W, 3) BGR backdrop in 0..255: a part of a photograph, or a gradient."""
        width, height = size_px
        if rng.random() < 0.12:
            corners = rng.uniform(0, 255, (2, 2, 3)).astype(np.float32)
            smooth = cv2.resize(corners, size_px, interpolation=cv2.INTER_LINEAR)
            return np.asarray(smooth, np.float32)
        picture = self._pictures[int(rng.integers(len(self._pictures)))]
        tall, wide = picture.shape[:2]
        share = float(rng.uniform(0.35, 1.0))
        crop_h = max(8, int(min(tall, wide * height / width) * share))
        crop_w = max(8, min(wide, int(crop_h * width / height)))
        y, x = int(rng.integers(tall - crop_h + 1)), int(rng.integers(wide - crop_w + 1))
        part = cv2.resize(
            picture[y : y + crop_h, x : x + crop_w], size_px,
            interpolation=cv2.INTER_AREA if crop_w > width else cv2.INTER_LINEAR,
        ).astype(np.float32)  # fmt: skip
        if rng.random() < 0.5:
            part = part[:, ::-1]
        if rng.random() < 0.35:
            part = cv2.GaussianBlur(part, (0, 0), float(rng.uniform(0.6, 4)))
        return np.ascontiguousarray(part)


class Shelf:
    """Everything pictures are put together from; files are opened when they are needed.

    Args:
        stills: Folder of `python -m studio stills`.
        pictures: Folder of `python -m training pictures`.
        held_out: Take the groups kept back instead of the others.

    Raises:
        CastcheckError: Something is missing.
    """

    def __init__(self, stills: Path, pictures: Path, *, held_out: bool = False) -> None:
        self._stills = stills
        self.lines = [line for line in read_index(stills) if is_held_out(line) == held_out]
        self.groups: dict[int, list[dict[str, Any]]] = {}
        for line in self.lines:
            self.groups.setdefault(int(line["group"]), []).append(line)
        self.backdrops = Backdrops(pictures / "backdrops")
        self.clutter = sorted((pictures / "clutter").glob("*.png"))
        self.creatures = sorted((pictures / "creatures").glob("*.png"))
        self.animals = sorted((pictures / "animals").glob("*.png"))
        self.painted, self.busts, self.cartoons, self.heads = (
            _half(sorted((pictures / kind).glob("*.png")), held_out=held_out)
            for kind in ("painted", "busts", "people", "heads")
        )
        drawn_ones = (self.painted, self.busts, self.cartoons, self.heads, self.animals)
        if not self.clutter or not self.creatures or not all(drawn_ones):
            raise CastcheckError(
                "no things, no creatures or nobody drawn", where=pictures,
                hint="run `python -m training pictures`",
            )  # fmt: skip

    def people(self, rng: np.random.Generator, count: int, *, headed: bool = False) -> list[Cutout]:
        """Return up to `count` people, half of the time the rendered ones all from one group.

        With `headed` the rendered ones show their heads: seen from near, a body without one is a
        piece of cloth, and a network that takes cloth for somebody finds people in every curtain.
        """
        number = int(rng.choice(sorted(self.groups)))
        found: list[Cutout] = []
        alike = rng.random() < 0.5
        for _ in range(4 * count):
            if len(found) == count:
                break
            lines = self.groups[number] if alike else self.lines
            line = lines[int(rng.integers(len(lines)))]
            person = int(rng.integers(len(line["people"])))
            kind = rng.random()
            if kind < _PAINTED_SHARE:
                found.append(self._drawn_one(rng, self.painted))
            elif kind < _PAINTED_SHARE + _CARTOON_SHARE:
                shelf = self.busts if rng.random() < 0.5 else self.cartoons
                found.append(self._drawn_one(rng, shelf))
            elif _is_fit(line["people"][person], headed=headed):
                found.append(self._rendered_one(rng, line, person))
        return found

    def creature(self, rng: np.random.Generator) -> Cutout:
        """Return an animal, half of the time a drawn one."""
        return self.thing(rng, self.creatures if rng.random() < 0.5 else self.animals)

    def _rendered_one(self, rng: np.random.Generator, line: dict[str, Any], person: int) -> Cutout:
        figure, facts = self._person(line, person), line["people"][person]
        if facts["head"] is None:
            return figure
        head = np.subtract(facts["head"], [*facts["box"][:2]] * 2)
        kind = rng.random()
        if kind < _NEW_HEADED_SHARE and abs(facts["away_rad"]) < _MAX_AWAY_RAD:
            other = self.thing(rng, self.heads)
            return new_headed(figure, head, other, float(rng.uniform(*_NEW_HEAD)))
        if kind < _NEW_HEADED_SHARE + _BIG_HEADED_SHARE:
            return big_headed(figure, head, float(rng.uniform(*_BIG_HEAD)))
        return figure

    def _drawn_one(self, rng: np.random.Generator, files: Sequence[Path]) -> Cutout:
        figure = self.thing(rng, files)
        # Most are half figures; those stay cut by the lower edge, as they were painted.
        is_cut = float((figure.alpha[-1] > 0.5).mean()) > 0.3
        share = float(rng.uniform(0.3, 0.9))
        return Cutout(figure.bgr, figure.alpha, share, (False, False, False, is_cut))

    def _person(self, line: dict[str, Any], number: int) -> Cutout:
        picture = _open(self._stills / line["file"], cv2.IMREAD_COLOR)
        mask = read_mask(self._stills / line["mask"])
        height, width = mask.shape
        x1, y1, x2, y2 = line["people"][number]["box"]
        own = (mask[y1:y2, x1:x2] == number + 1).astype(np.float32)
        # The last pixel of the outline holds some of the set behind it.
        own = cv2.GaussianBlur(cv2.erode(own, np.ones((2, 2), np.uint8)), (0, 0), 0.7)
        cut = (x1 <= 1, y1 <= 1, x2 >= width - 1, y2 >= height - 1)
        return Cutout(picture[y1:y2, x1:x2], own, (y2 - y1) / height, cut)

    def thing(self, rng: np.random.Generator, files: Sequence[Path]) -> Cutout:
        """Return one of the cut-outs among `files`, mirrored and recoloured now and then."""
        picture = _open(files[int(rng.integers(len(files)))], cv2.IMREAD_UNCHANGED)
        bgr, alpha = picture[..., :3], np.float32(1 / 255) * picture[..., 3]
        rows, columns = np.flatnonzero(alpha.max(1) > 0.5), np.flatnonzero(alpha.max(0) > 0.5)
        if not len(rows) or not len(columns):
            return Cutout(bgr, alpha, 1.0)
        part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        bgr, alpha = bgr[part], alpha[part]
        if rng.random() < 0.5:
            bgr, alpha = bgr[:, ::-1], alpha[:, ::-1]
        if rng.random() < 0.4:
            gain = rng.uniform(0.5, 1.4, 3).astype(np.float32)
            bgr = np.clip(bgr.astype(np.float32) * gain, 0, 255).astype(np.uint8)
        return Cutout(np.ascontiguousarray(bgr), np.ascontiguousarray(alpha), 1.0)


def _is_fit(facts: dict[str, Any], *, headed: bool) -> bool:
    """Tell whether somebody in a still is seen well enough to be cut out."""
    if facts["visible"] < _MIN_FREE_IN_STILL:
        return False
    if not headed:
        return True
    head = facts["head"]
    return head is not None and bool(head[3] - head[1] > 0.8 * (head[2] - head[0]))


def _half(files: list[Path], *, held_out: bool) -> list[Path]:
    """Return the files kept back, or all others."""
    return [f for k, f in enumerate(files) if (k % HOLD_OUT_EVERY == 0) == held_out]


def new_headed(figure: Cutout, head: NDArray[np.float64], other: Cutout, factor: float) -> Cutout:
    """Return a figure that wears another head, as tall as `factor` times its own.

    Args:
        figure: Whom.
        head: [x1, y1, x2, y2] of the head in the cut-out, px.
        other: The head it gets.
        factor: Heights of the two.

    Example:
        >>> thin = Cutout(np.zeros((40, 10, 3), np.uint8), np.ones((40, 10), np.float32), 0.5)
        >>> ball = Cutout(np.full((9, 9, 3), 255, np.uint8), np.ones((9, 9), np.float32), 1.0)
        >>> worn = new_headed(thin, np.array([3.0, 0.0, 7.0, 8.0]), ball, 2.0)
        >>> int(worn.bgr[0].max()), int(worn.bgr[-1].max()), worn.alpha.shape
        (255, 0, (48, 16))
    """
    x1, y1, x2, y2 = head
    if y2 <= 2 or y2 - y1 < 3:
        return figure  # the head is not in the picture
    tall, wide = other.alpha.shape
    size = (max(2, round(wide * factor * (y2 - y1) / tall)), max(2, round(factor * (y2 - y1))))
    bgr = cv2.resize(other.bgr, size, interpolation=cv2.INTER_AREA)
    alpha = np.asarray(cv2.resize(other.alpha, size, interpolation=cv2.INTER_AREA), np.float32)
    left, top = round((x1 + x2 - size[0]) / 2), round(y2) - size[1]
    pads = [max(0, -left), max(0, -top), max(0, left + size[0] - figure.alpha.shape[1])]
    if figure.cut[1]:
        pads[1] = 0  # what the upper edge cuts stays cut
    margins = ((pads[1], 0), (pads[0], pads[2]))
    worn = np.pad(figure.bgr, (*margins, (0, 0)))
    seen = np.pad(figure.alpha, margins)
    # Its own head goes, down to the chin.
    seen[: max(0, round(y2) + pads[1]), max(0, round(x1) + pads[0]) : round(x2) + pads[0]] = 0
    skipped = max(0, -(top + pads[1]))
    bgr, alpha = bgr[skipped:], alpha[skipped:]
    row, column = max(0, top + pads[1]), left + pads[0]
    place = (slice(row, row + len(alpha)), slice(column, column + size[0]))
    share = alpha[..., None]
    worn[place] = np.asarray(share * bgr + (1 - share) * worn[place], np.uint8)
    seen[place] = np.maximum(seen[place], alpha)
    grown = seen.shape[0] / figure.alpha.shape[0]
    return Cutout(worn, seen, figure.share * grown, figure.cut)


def big_headed(figure: Cutout, head: NDArray[np.float64], factor: float) -> Cutout:
    """Return a figure with the proportions of a cartoon: the head grown, the shoulders kept.

    Args:
        figure: Whom.
        head: [x1, y1, x2, y2] of the head in the cut-out, px.
        factor: How much wider and taller the head becomes.

    Example:
        >>> thin = Cutout(np.zeros((40, 10, 3), np.uint8), np.ones((40, 10), np.float32), 0.5)
        >>> grown = big_headed(thin, np.array([3.0, 0.0, 7.0, 8.0]), 2.0)
        >>> grown.alpha.shape[0] > 40, round(float(grown.alpha[-1].sum()))
        (True, 10)
    """
    tall, wide = figure.alpha.shape
    x1, y1, x2, y2 = head
    if y2 <= 2 or y2 - y1 < 3:
        return figure  # the head is not in the picture
    rows = np.arange(tall)
    neck_px = 0.6 * (y2 - y1)
    gain = 1 + (factor - 1) * np.clip((y2 + neck_px - rows) / neck_px, 0, 1)
    ends = np.concatenate([[0.0], np.cumsum(gain)])
    source_y = np.interp(np.arange(int(ends[-1])) + 0.5, ends, np.arange(tall + 1)) - 0.5
    centre = float(np.clip((x1 + x2) / 2, 0, wide))
    aside = int(np.ceil((factor - 1) * max(centre, wide - centre)))
    across = np.arange(wide + 2 * aside) - aside - centre
    map_x = centre + across[None, :] / np.interp(source_y, rows, gain)[:, None]
    map_y = np.broadcast_to(source_y[:, None], map_x.shape)
    where = (map_x.astype(np.float32), map_y.astype(np.float32))
    alpha = cv2.remap(figure.alpha, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    bgr = cv2.remap(figure.bgr, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    columns = np.flatnonzero(alpha.max(0) > 0.5)
    if not len(columns):
        return figure
    part = slice(int(columns[0]), int(columns[-1]) + 1)
    return Cutout(
        np.ascontiguousarray(bgr[:, part]), np.ascontiguousarray(alpha[:, part]),
        figure.share, figure.cut,
    )  # fmt: skip


def before(picture: Image, mask: Image, backdrop: Floats) -> Image:
    """Return an (H, W, 3) picture whose people stand before another backdrop.

    Args:
        picture: (H, W, 3).
        mask: (H, W), 0 where nobody is.
        backdrop: (H, W, 3), its channels in the order of `picture`.

    Example:
        >>> white, black = np.full((2, 2, 3), 255, np.uint8), np.zeros((2, 2, 3), np.float32)
        >>> int(before(white, np.zeros((2, 2), np.uint8), black).max())
        0
    """
    alpha = cv2.GaussianBlur((mask > 0).astype(np.float32), (0, 0), 0.7)[..., None]
    return np.asarray(backdrop + alpha * (picture - backdrop), np.uint8)


def read_mask(path: Path) -> Image:
    """Return the (H, W) mask of a still.

    Raises:
        CastcheckError: There is none.
    """
    return _open(path, cv2.IMREAD_GRAYSCALE)


def _open(path: Path, flags: int) -> Image:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise CastcheckError("no picture", where=path, hint="make its folder again")
    return np.asarray(picture, np.uint8)


class Canvas:
    """A picture in the making, and who is where in it.

    Example:
        >>> canvas = Canvas(np.zeros((40, 60, 3), np.float32))
        >>> spot = Cutout(np.full((20, 10, 3), 255, np.uint8), np.ones((20, 10), np.float32), 0.5)
        >>> canvas.paste(spot, 5, 10, character=True)
        >>> canvas.boxes()
        [[5, 10, 15, 30]]
    """

    def __init__(self, backdrop: Floats) -> None:
        self.bgr = backdrop
        self.owner = np.zeros(backdrop.shape[:2], np.int32)
        self._whole_px: list[int] = []

    def paste(self, figure: Cutout, left: int, top: int, *, character: bool) -> None:
        """Put a cut-out with its top left corner there; it may reach beyond the picture."""
        height, width = self.bgr.shape[:2]
        tall, wide = figure.alpha.shape
        x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + wide, width), min(top + tall, height)
        if x2 <= x1 or y2 <= y1:
            return
        inside = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
        place = (slice(y1, y2), slice(x1, x2))
        alpha = figure.alpha[inside][..., None]
        self.bgr[place] += alpha * (figure.bgr[inside].astype(np.float32) - self.bgr[place])
        solid = figure.alpha[inside] > 0.5
        if character:
            self._whole_px.append(int(solid.sum()))
        self.owner[place][solid] = len(self._whole_px) if character else 0

    def boxes(self) -> list[list[int]]:
        """Return [x1, y1, x2, y2] around what is seen of each character that is seen enough."""
        found = []
        for number, whole_px in enumerate(self._whole_px, start=1):
            seen = self.owner == number
            if seen.sum() < max(_MIN_VISIBLE * whole_px, 40):
                continue
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            found.append([int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1])
        return found


def compose(shelf: Shelf, rng: np.random.Generator) -> tuple[Image, list[list[int]]]:
    """Return one (H, W, 3) BGR picture and the boxes of the characters in it."""
    size_px = SIZES_PX[int(rng.integers(len(SIZES_PX)))]
    canvas = Canvas(shelf.backdrops.draw(rng, size_px))
    (_near if rng.random() < _NEAR_SHARE else _wide)(canvas, shelf, rng, size_px)
    bgr = canvas.bgr
    if rng.random() < _DRAWN_SHARE:
        bgr = drawn(bgr, canvas.owner, rng)
    if rng.random() < _TONED_SHARE:
        bgr = toned(bgr, rng)
    if rng.random() < 0.6:
        bgr = roughened(bgr, rng, occlude=False)
    return np.clip(bgr, 0, 255).astype(np.uint8), canvas.boxes()


def _wide(canvas: Canvas, shelf: Shelf, rng: np.random.Generator, size_px: tuple[int, int]) -> None:
    """Put people and creatures anywhere, things among them, into the picture."""
    people = shelf.people(rng, int(rng.choice(len(_COUNTS), p=_COUNTS)))
    scale = float(np.exp(rng.uniform(np.log(0.7), np.log(2.4))))
    layers = [
        (_scaled(p, p.share * scale * float(rng.uniform(0.8, 1.25)), size_px), True) for p in people
    ]
    if rng.random() < 0.3:
        creature = shelf.creature(rng)
        layers.append((_scaled(creature, float(rng.uniform(0.2, 0.9)), size_px), True))
    # Far ones first: what is smaller is further away, more or less.
    layers.sort(key=lambda layer: layer[0].alpha.shape[0])
    for _ in range(int(rng.poisson(3))):
        share = float(rng.uniform(0.06, 0.6))
        thing = (_scaled(shelf.thing(rng, shelf.clutter), share, size_px), False)
        layers.insert(0 if rng.random() < 0.65 else int(rng.integers(len(layers) + 1)), thing)
    for figure, character in layers:
        left, top = _place(figure, rng, size_px, stands=character)
        canvas.paste(_matched(figure, canvas.bgr, left, top, rng), left, top, character=character)


def _near(canvas: Canvas, shelf: Shelf, rng: np.random.Generator, size_px: tuple[int, int]) -> None:
    """Put up to three people side by side who fill the picture, as in a talk, at times touching.

    What lies behind is out of focus more often than not; so may be a shoulder in front, most of
    which the edge of the picture cuts off. Things fill the picture as often: what is large and
    ends at its edge is not always somebody.
    """
    width, height = size_px
    if rng.random() < 0.6:
        canvas.bgr = cv2.GaussianBlur(canvas.bgr, (0, 0), float(rng.uniform(1.5, 6)))
    for _ in range(int(rng.poisson(1.4))):
        thing = _scaled(shelf.thing(rng, shelf.clutter), float(rng.uniform(0.2, 1.4)), size_px)
        canvas.paste(thing, *_place(thing, rng, size_px, stands=False), character=False)
    people = shelf.people(rng, int(rng.choice(len(_NEAR_COUNTS), p=_NEAR_COUNTS)), headed=True)
    if people and rng.random() < 0.15:
        people[-1] = shelf.creature(rng)
    spread = float(rng.uniform(0.35, 1.0))
    for number, person in enumerate(people):
        figure = _scaled(person, person.share * float(rng.uniform(1.0, 2.6)), size_px)
        tall, wide = figure.alpha.shape
        if tall < 0.5 * height:
            figure = _scaled(person, float(rng.uniform(0.7, 1.6)), size_px)
            tall, wide = figure.alpha.shape
        middle = 0.5 + spread * ((number + 0.5) / len(people) - 0.5) + float(rng.normal(0, 0.06))
        top = round(float(rng.uniform(-0.05, 0.25)) * height)
        if person.cut[1]:
            top = 0
        elif tall + top < height:
            top = height - tall
        left = round(middle * width - wide / 2)
        canvas.paste(_matched(figure, canvas.bgr, left, top, rng), left, top, character=True)
    if rng.random() < _SHOULDER_SHARE:
        for person in shelf.people(rng, 1, headed=True):
            _shoulder(canvas, person, rng, size_px)


def _shoulder(
    canvas: Canvas, person: Cutout, rng: np.random.Generator, size_px: tuple[int, int]
) -> None:
    """Put somebody in front, cut by an edge and often out of focus."""
    width, height = size_px
    figure = _scaled(person, person.share * float(rng.uniform(1.8, 3.2)), size_px)
    if rng.random() < 0.6:
        figure = _blurred(figure, float(rng.uniform(0.8, 7)))
    tall, wide = figure.alpha.shape
    shown_px = round(wide * float(rng.uniform(0.25, 0.65)))
    left = shown_px - wide if rng.random() < 0.5 else width - shown_px
    top = max(height - tall, round(float(rng.uniform(-0.1, 0.35)) * height))
    canvas.paste(_matched(figure, canvas.bgr, left, top, rng), left, top, character=True)


def _blurred(figure: Cutout, sigma_px: float) -> Cutout:
    """Return a cut-out out of focus, its outline too."""
    bgr = cv2.GaussianBlur(figure.bgr, (0, 0), sigma_px)
    alpha = cv2.GaussianBlur(figure.alpha, (0, 0), sigma_px)
    return Cutout(np.asarray(bgr, np.uint8), np.asarray(alpha, np.float32), figure.share)


def _scaled(figure: Cutout, share: float, size_px: tuple[int, int]) -> Cutout:
    """Return a cut-out that is `share` of the picture's shorter side tall."""
    tall, wide = figure.alpha.shape
    factor = min(max(share * min(size_px), 8) / tall, 1.5 * size_px[0] / wide)
    size = (max(2, round(wide * factor)), max(2, round(tall * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    bgr = cv2.resize(figure.bgr, size, interpolation=how)
    alpha = cv2.resize(figure.alpha, size, interpolation=how)
    return Cutout(np.asarray(bgr, np.uint8), np.asarray(alpha, np.float32), share, figure.cut)


def _place(
    figure: Cutout, rng: np.random.Generator, size_px: tuple[int, int], *, stands: bool
) -> tuple[int, int]:
    """Return left and top: who was cut by an edge stays cut by it."""
    width, height = size_px
    tall, wide = figure.alpha.shape
    at_left, at_top, at_right, at_bottom = figure.cut
    left = int(rng.uniform(-0.25 * wide, width - 0.75 * wide))
    if at_left != at_right:
        left = 0 if at_left else width - wide
    low = 0.55 if stands else 0.15
    top = int(rng.uniform(low, 1.1) * height) - tall
    if tall > height and not at_top:
        top = int(rng.uniform(-0.02, 0.2) * height)  # a closer view: the head stays in it
    elif at_top and (tall > height or not at_bottom):
        top = 0  # nearer still: what goes beyond the picture goes at its lower edge
    elif at_bottom:
        top = height - tall
    return left, top


def _matched(
    figure: Cutout, canvas: Floats, left: int, top: int, rng: np.random.Generator
) -> Cutout:
    """Return the cut-out in light a little like that of its place."""
    tall, wide = figure.alpha.shape
    around = canvas[max(top, 0) : max(top + tall, 1), max(left, 0) : max(left + wide, 1)]
    weight = figure.alpha[..., None]
    own = (figure.bgr * weight).sum((0, 1)) / max(float(figure.alpha.sum()), 1.0)
    if not around.size:
        return figure
    gain = (around.mean((0, 1)) + 20) / (own + 20)
    gain = np.clip(gain, 0.4, 2.0) ** float(rng.uniform(0, 0.6))
    bgr = np.clip(figure.bgr * gain, 0, 255).astype(np.uint8)
    return Cutout(bgr, figure.alpha, figure.share, figure.cut)


def write_composed(
    shelf: Shelf,
    folder: Path,
    count: int,
    *,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> int:
    """Write pictures with their labels beside them; return how many are in the folder.

    A picture that is there is kept, so a broken-off run goes on where it stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"{number:06d}.jpg"
        if not path.exists():
            bgr, boxes = compose(shelf, np.random.default_rng([seed, number, 45]))
            height, width = bgr.shape[:2]
            labels = label_lines([{"box": box} for box in boxes], width, height)
            path.with_suffix(".txt").write_text("\n".join(labels))
            temporary = path.with_name(f"{path.stem}.part.jpg")
            cv2.imwrite(str(temporary), bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])
            temporary.replace(path)
        progress()
    return count
