"""Clips behind URLs (`s3://`, `gs://` ...) through fsspec, where the user has it.

The only file that imports fsspec. A remote clip is fetched into a temporary folder, judged there
and deleted: decoding seeks, and a clip is read twice.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from scenes.errors import VideoOpenError
from scenes.pictures import natural_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PACKAGES_HINT = "pip install 'castcheck[remote]', or copy the clip to this machine"


def is_remote(clip: str) -> bool:
    """Return whether `clip` is a URL.

    Example:
        >>> is_remote("s3://bucket/a.mp4"), is_remote("a/b.mp4"), is_remote("c:/a.mp4")
        (True, False, False)
    """
    return "://" in clip


def clip_path(clip: str) -> PurePosixPath | Path:
    """Return the path of a clip or URL, for its name and stem; it need not lead anywhere.

    Example:
        >>> clip_path("s3://bucket/night/a.mp4").stem
        'a'
    """
    return PurePosixPath(clip.split("://", 1)[1]) if is_remote(clip) else Path(clip)


def find_remote(spec: str, *, suffixes: Collection[str]) -> list[str]:
    """Return the URLs of the clips that a URL, a glob or a folder of them stands for.

    Raises:
        VideoOpenError: There are none, or the store cannot be reached.
    """
    files, path = _open(spec)
    scheme = spec.split("://", 1)[0]
    with _in_plain_words(spec):
        if any(char in path for char in "*?["):
            found = files.glob(path)
        elif files.isdir(path):
            found = files.find(path)
        else:
            return [spec]
    clips = [name for name in found if PurePosixPath(name).suffix.lower() in suffixes]
    if not clips:
        raise VideoOpenError("there are no clips", where=spec, hint="check the address")
    return [f"{scheme}://{name}" for name in sorted(clips, key=natural_key)]


def remote_stamp(clip: str) -> str:
    """Return a text that changes when the remote file does: its size, and its tag or time.

    Raises:
        VideoOpenError: It is not there, or the store cannot be reached.
    """
    files, path = _open(clip)
    with _in_plain_words(clip):
        facts = files.info(path)
    known = (
        *("ETag", "etag", "md5Hash", "crc32c"),
        *("LastModified", "last_modified", "mtime", "updated", "created"),
    )
    tags = [f"{name}={facts[name]}" for name in known if facts.get(name) is not None]
    return " ".join([f"size={facts.get('size')}", *tags])


@contextmanager
def fetched(clip: str) -> Iterator[Path]:
    """Give the remote clip as a local file of the same name while the block runs.

    Raises:
        VideoOpenError: It cannot be fetched.
    """
    files, path = _open(clip)
    folder = Path(tempfile.mkdtemp(prefix="castcheck-"))
    try:
        local = folder / clip_path(clip).name
        with _in_plain_words(clip):
            files.get_file(path, str(local))
        yield local
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open(clip: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path on it."""
    try:
        import fsspec  # noqa: PLC0415 (an extra)
    except ImportError as err:
        raise VideoOpenError("reading URLs wants fsspec", where=clip, hint=_PACKAGES_HINT) from err
    with _in_plain_words(clip):
        files, path = fsspec.core.url_to_fs(clip)
    return files, path


@contextmanager
def _in_plain_words(clip: str) -> Iterator[None]:
    """Turn whatever a store raises into one line."""
    try:
        yield
    except VideoOpenError:
        raise
    except ImportError as err:  # fsspec says which package this kind of store wants
        raise VideoOpenError(str(err), where=clip, hint=_PACKAGES_HINT) from err
    except FileNotFoundError as err:
        raise VideoOpenError("no such file", where=clip, hint="check the address") from err
    except Exception as err:
        reason = f"{type(err).__name__}: {err}" if str(err) else type(err).__name__
        raise VideoOpenError(
            f"cannot be read: {reason[:300]}", where=clip, hint="check the address and the access"
        ) from err
