"""Open whatever the user names as a clip."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scenes.errors import VideoOpenError
from scenes.limits import NO_LIMITS
from scenes.pictures import DEFAULT_PICTURE_RATE, PictureFolderSource, picture_files
from scenes.video_open import CPU
from scenes.video_pyav import PyAvSource

if TYPE_CHECKING:
    from fractions import Fraction

    from scenes.frames import FrameSource
    from scenes.limits import LimitSettings

HASH_CHUNK_BYTES = 1024 * 1024


def open_source(
    path: str | Path,
    *,
    picture_rate: Fraction = DEFAULT_PICTURE_RATE,
    threads: int = 0,
    decoder: str = CPU,
    limits: LimitSettings = NO_LIMITS,
) -> FrameSource:
    """Open a clip file, or a folder of numbered pictures, for one pass in batches.

    Use it as a context manager: `with open_source(path) as source: ...`.

    Args:
        path: The clip or folder.
        picture_rate: Frames per second of a folder of pictures; a file has its own.
        threads: Decoder threads; 0 = as `scenes.threads` decides.
        decoder: What decodes a file: "cpu", or a device of FFmpeg, such as "cuda" or "vaapi".
        limits: How large a clip may be.

    Raises:
        VideoOpenError: There is nothing at `path`, it is no clip, or it is too large.
        FrameDecodeError: It is a clip, but not one picture of it can be decoded.
    """
    path = Path(path)
    _check_readable(path)
    if path.is_dir():
        return PictureFolderSource(path, rate=picture_rate, limits=limits)
    return PyAvSource(path, threads=threads, decoder=decoder, limits=limits)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a clip was when it began to be read, so that the report names what was judged.

    Attributes:
        path: The clip.
        sha256: See `clip_sha256`.
        stamp: Size and times of its files: cheap to ask for again.
    """

    path: Path
    sha256: str
    stamp: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(path: str | Path) -> Fingerprint:
        """Take the fingerprint of a clip.

        Raises:
            VideoOpenError: There is nothing readable at `path`.
        """
        path = Path(path)
        stamp = _stamp(path)
        return Fingerprint(path, clip_sha256(path), stamp)

    def check(self) -> None:
        """Raise where the clip is not what it was.

        Raises:
            VideoOpenError: It has changed, or is gone.
        """
        # Touched, but byte for byte the same, is the same.
        if _stamp(self.path) != self.stamp and clip_sha256(self.path) != self.sha256:
            raise VideoOpenError(
                "the file changed while it was read, so nothing can be said of it",
                where=self.path,
                hint="wait until it is written, then check it again",
            )


def _stamp(path: Path) -> tuple[tuple[int, ...], ...]:
    _check_readable(path)
    try:
        files = picture_files(path) if path.is_dir() else [path]
        facts = [file.stat() for file in files]
    except OSError as err:
        raise _unreadable(path, err) from err
    return tuple((f.st_dev, f.st_ino, f.st_size, f.st_mtime_ns, f.st_ctime_ns) for f in facts)


def clip_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a clip as 64 hex digits, read in chunks.

    A folder of pictures gives the digest over the names and digests of its pictures in order.

    Raises:
        VideoOpenError: There is nothing readable at `path`.
    """
    path = Path(path)
    _check_readable(path)
    try:
        if not path.is_dir():
            return file_sha256(path)
        digest = hashlib.sha256()
        for file in picture_files(path):
            line = f"{file_sha256(file)}  {file.name}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()
    except OSError as err:
        raise _unreadable(path, err) from err


def _unreadable(path: Path, err: OSError) -> VideoOpenError:
    reason = (err.strerror or str(err)).lower()
    return VideoOpenError(f"cannot be read: {reason}", where=path)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of one file as 64 hex digits, read in chunks.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _check_readable(path: Path) -> None:
    """Raise in plain words for what no decoder could open."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise VideoOpenError("no such file", where=path, hint="check the path") from None
    except (OSError, ValueError) as err:  # ValueError: a NUL character in the name
        reason = str(getattr(err, "strerror", None) or err).lower()
        raise VideoOpenError(f"cannot be opened: {reason}", where=path) from err
    if not os.access(path, os.R_OK):
        raise VideoOpenError("no permission to read it", where=path, hint="check its access rights")
    if path.is_dir():
        return
    if not path.is_file():
        raise VideoOpenError("not a file", where=path, hint="give a clip or a folder of pictures")
    if stat.st_size == 0:
        raise VideoOpenError("the file is empty", where=path, hint="copy or download it again")
