"""Fetches known weights: resumed where it stopped, checked, and in place whole or not at all."""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from castcheck.models.store import PART_SUFFIX, state_of
from castcheck.version import __version__
from scenes.errors import WeightsError
from tracker.known_weights import weights_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from castcheck.support.progress import Progress
    from tracker.known_weights import KnownWeights

_BLOCK_BYTES = 1 << 16
_TIMEOUT_S = 30
_RANGE_REFUSED = 416
_PARTIAL = 206


def pull(known: KnownWeights, *, progress: Progress) -> bool:
    """Fetch one file into the models folder.

    What an earlier, broken attempt left is continued. Bytes that turn out wrong are thrown away;
    if they were continued, everything is fetched once more from the start.

    Args:
        known: What to fetch.
        progress: Told what is done and how much there is, in kB.

    Returns:
        Whether anything had to be fetched.

    Raises:
        WeightsError: Published nowhere, not reachable, or other bytes than expected.
    """
    if state_of(known) == "ok":
        return False
    if not known.url or known.package:
        raise WeightsError(
            "is published nowhere that it could be fetched from",
            where=known.name,
            hint=f"put the file at {known.path}, or give its path",
        )
    part = known.path.with_name(known.filename + PART_SUFFIX)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        resumed = _fetch(known, part, progress)
        if weights_sha256(part) != known.sha256 and resumed:
            part.unlink()
            _fetch(known, part, progress)
        if weights_sha256(part) != known.sha256:
            part.unlink()
            raise WeightsError(
                f"{known.url}: sha256 mismatch; the download was deleted",
                where=known.name,
                hint="try again later",
            )
        os.replace(part, known.path)  # noqa: PTH105 (one call that replaces on every system)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as err:
        raise WeightsError(
            f"cannot be fetched from {known.url} ({_reason(err)})",
            where=known.name,
            hint=f"go online and run it again, or put the file at {known.path}",
        ) from err
    except OSError as err:
        raise WeightsError(
            f"cannot be written ({err.strerror or err})", where=part, hint="check the disk"
        ) from err
    return True


def _fetch(known: KnownWeights, part: Path, progress: Progress) -> bool:
    """Write the file to `part`; return whether it was continued and not begun."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(  # noqa: S310 (the address comes from our own table)
        known.url, headers={"User-Agent": f"castcheck/{__version__}"}
    )
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310  # nosec B310
    except urllib.error.HTTPError as err:
        err.close()  # an error holds the connection as an answer does
        if have and err.code == _RANGE_REFUSED:  # all of it is there already, or too much
            return True
        raise
    with answer:
        resumed = bool(answer.status == _PARTIAL)
        done = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else known.size_bytes or None
        with part.open("ab" if resumed else "wb") as file:
            while block := answer.read(_BLOCK_BYTES):
                file.write(block)
                done += len(block)
                progress("kB", done // 1000, None if total is None else total // 1000)
    if total is not None and done < total:
        raise http.client.IncompleteRead(b"", total - done)
    return resumed


def _reason(err: Exception) -> str:
    """Say in a few words why nothing came."""
    if isinstance(err, urllib.error.HTTPError):
        return f"the server says {err.code} {err.reason}"
    if isinstance(err, http.client.IncompleteRead):
        return "the connection broke off; what came is kept"
    cause = getattr(err, "reason", None) or err
    return " ".join(str(getattr(cause, "strerror", None) or cause).split())[:120] or "no answer"
