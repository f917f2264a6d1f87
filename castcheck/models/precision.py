"""What to do on this device about a network that returns no numbers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from scenes.errors import NotFiniteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.config import RunSettings


@contextmanager
def precision_advised(run: RunSettings, *, device: str, detector: str) -> Iterator[None]:
    """Let an error about a network's numbers name the option that makes them more precise.

    Args:
        run: The `[run]` section.
        device: Where networks run, "cpu" or "cuda:N".
        detector: Its name; on a CPU only the detector runs in less than float32.

    Raises:
        NotFiniteError: The one of the block, with that advice where it fits.
    """
    try:
        yield
    except NotFiniteError as err:
        on_gpu = device != "cpu"
        if on_gpu and run.half:
            advice = "--no-half"
        elif not on_gpu and run.bfloat16 and err.where == detector:
            advice = "leave out --bfloat16"
        else:
            raise
        raise NotFiniteError(err.message, where=err.where, hint=f"{err.hint}, or {advice}") from err
