"""A folder of numbered pictures as a clip."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from scenes.alpha import BACKGROUND, over_grey
from scenes.errors import FrameDecodeError, VideoOpenError
from scenes.frames import FrameBatch, VideoInfo, batch_length
from scenes.limits import NO_LIMITS, too_large

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from types import TracebackType

    from numpy.typing import NDArray
    from typing_extensions import Self

    from scenes.limits import LimitSettings

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm"})
CLIP_SUFFIXES = frozenset(
    {".3gp", ".apng", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"}
    | {".mpg", ".mts", ".mxf", ".ogv", ".ts", ".webm", ".wmv", ".y4m"}
)  # of files that are clips wherever they lie
DEFAULT_PICTURE_RATE = Fraction(24)  # frames per second: what most generators write


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that reads digits as numbers, so that `f10` follows `f9`.

    Example:
        >>> sorted(["f10.png", "f9.png", "f1.png"], key=natural_key)
        ['f1.png', 'f9.png', 'f10.png']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    digits = ((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)
    return (*digits, (2, 0, name))


def picture_files(folder: Path) -> list[Path]:
    """Return the pictures directly in `folder`, in natural order; hidden files are none."""
    files = (
        item
        for item in folder.iterdir()
        if item.suffix.lower() in PICTURE_SUFFIXES
        and not item.name.startswith(".")
        and item.is_file()
    )
    return sorted(files, key=lambda item: natural_key(item.name))


def _check_holds_one_clip(folder: Path) -> None:
    """Refuse a folder of clips: the posters beside them are pictures, and no clip.

    Raises:
        VideoOpenError: Naming the first clip in it.
    """
    clips = (item.name for item in folder.iterdir() if item.suffix.lower() in CLIP_SUFFIXES)
    first = min((name for name in clips if not name.startswith(".")), default="", key=natural_key)
    if first:
        raise VideoOpenError(
            f"the folder holds clips, such as {first}",
            where=folder,
            hint="name the clips, or judge all of them with `castcheck batch`",
        )


def _unnumbered(files: Sequence[Path]) -> Path | None:
    """Return the first picture that no number puts in order with another; `None` = all are.

    Example:
        >>> _unnumbered([Path("f1.png"), Path("f2.png"), Path("poster.png")])
        PosixPath('poster.png')
        >>> _unnumbered([Path("ben-1.png"), Path("mei-1.png")])
        PosixPath('ben-1.png')
    """
    around = [re.sub(r"[0-9]+", "0", file.stem.casefold()) for file in files]
    alike = Counter(around)
    for file, name in zip(files, around, strict=True):
        if "0" not in name or (alike[name] == 1 and len(files) > 1):
            return file
    return None


class PictureFolderSource:
    """The pictures of a folder, one per frame, at a constant rate; see `FrameSource`.

    Args:
        folder: Holds pictures of one size, named so that natural order is their order.
        rate: Frames per second.

    Raises:
        VideoOpenError: The folder cannot be read, holds no pictures, clips beside them or pictures
            without a number, or `rate` is not positive.
        FrameDecodeError: The first picture cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        rate: Fraction = DEFAULT_PICTURE_RATE,
        limits: LimitSettings = NO_LIMITS,
    ) -> None:
        self._folder, self._limits = Path(folder), limits
        if rate <= 0:
            raise VideoOpenError(f"frame rate must be above 0, got {rate}", where=self._folder)
        try:
            _check_holds_one_clip(self._folder)
            self._files = picture_files(self._folder)
        except OSError as err:
            reason = err.strerror or str(err)
            raise VideoOpenError(f"cannot be read: {reason.lower()}", where=self._folder) from err
        if not self._files:
            raise VideoOpenError(
                "the folder holds no pictures",
                where=self._folder,
                hint="give a clip, or a folder of numbered png, jpg or webp files; "
                "`castcheck batch` takes the clips below a folder",
            )
        odd = _unnumbered(self._files)
        if odd is not None:
            raise VideoOpenError(
                f"the folder is not a clip: the name of {odd.name} is not numbered like others",
                where=self._folder,
                hint="number the pictures in their order (frame-001.png, frame-002.png), or move "
                "those that are not frames",
            )
        limits.check_length(self._folder, len(self._files), len(self._files) / rate)
        self._rate = rate
        self._count = 0
        self._transparent = 0
        self._started = False
        first, _ = read_picture(self._files[0], limits=limits)
        self._info = VideoInfo(
            path=self._folder,
            width_px=first.shape[1],
            height_px=first.shape[0],
            rate=rate,
            frame_count=len(self._files),
            codec=self._files[0].suffix[1:].lower(),
        )

    @property
    def info(self) -> VideoInfo:
        """What is known before the first batch is read."""
        return self._info

    @property
    def degradations(self) -> tuple[str, ...]:
        """Only what showed through: a picture that cannot be read is an error, not a gap."""
        if not self._transparent:
            return ()
        return (f"transparent pictures: {self._transparent}, laid over the grey {BACKGROUND}",)

    @property
    def end_s(self) -> Fraction:
        """Exact time at which the newest picture read ends."""
        return self._count / self._rate

    def batches(self, size: int, *, only: Collection[int] | None = None) -> Iterator[FrameBatch]:
        """Yield batches of at most `size` pictures; see `FrameSource.batches`."""
        info = self._info
        length = batch_length(size, width_px=info.width_px, height_px=info.height_px)
        if self._started:
            raise RuntimeError("batches() was called twice; open the folder anew")
        self._started = True
        return self._batches(length, only)

    def _batches(self, length: int, only: Collection[int] | None) -> Iterator[FrameBatch]:
        wanted = [i for i in range(len(self._files)) if only is None or i in only]
        for start in range(0, len(wanted), length):
            index = np.array(wanted[start : start + length], np.int64)
            rgb = np.empty((len(index), self._info.height_px, self._info.width_px, 3), np.uint8)
            for row, number in enumerate(index):
                rgb[row] = self._checked(self._files[number])
            self._count = int(index[-1]) + 1
            times = tuple(int(i) / self._rate for i in index)
            yield FrameBatch(index=index, time_s=times, rgb=rgb)

    def _checked(self, file: Path) -> NDArray[np.uint8]:
        """Return the picture in `file`, which must have the size of the first one."""
        rgb, is_transparent = read_picture(file, limits=self._limits)
        self._transparent += is_transparent
        want = (self._info.height_px, self._info.width_px)
        if rgb.shape[:2] != want:
            raise FrameDecodeError(
                f"the picture is {rgb.shape[1]}x{rgb.shape[0]}, "
                f"the first of the folder is {want[1]}x{want[0]}",
                where=file,
                hint="keep one clip of one size per folder",
            )
        return rgb

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


def read_picture(
    file: Path, *, limits: LimitSettings = NO_LIMITS
) -> tuple[NDArray[np.uint8], bool]:
    """Return (H, W, 3) RGB of the picture in `file`, turned as its EXIF says.

    Also whether it is transparent somewhere, and so was laid over a background.

    Raises:
        FrameDecodeError: It cannot be read, or is no picture.
        VideoOpenError: It is larger than the limits allow.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes from 90 million pixels on; ours is the limit that counts.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                if limits.forbids_picture(*image.size):
                    raise too_large(file, *image.size, limits)
                return _rgb(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError as err:
        raise FrameDecodeError(
            "the picture is too large to be opened", where=file, hint="scale it down"
        ) from err
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, MemoryError) as err:
        raise FrameDecodeError(
            "the picture cannot be read", where=file, hint="write it again or take it out"
        ) from err


def _rgb(upright: Image.Image) -> tuple[NDArray[np.uint8], bool]:
    if upright.mode.startswith("I"):  # 16-bit grey; Pillow would clip it to white
        grey = np.asarray(upright, np.float64) / 257.0
        return np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=2), False
    if upright.has_transparency_data:
        return over_grey(np.asarray(upright.convert("RGBA"), np.uint8))
    return np.asarray(upright.convert("RGB"), np.uint8), False
