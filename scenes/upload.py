"""Decoded pictures on their way to where the networks run: one copy there per batch, one back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.device_pictures import averaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from scenes.frames import FrameBatch


def uploaded(rgb: NDArray[np.uint8], device: str) -> Any:
    """Return pictures on a device as a tensor, copied there by way of memory it can read itself.

    Pictures are read-only, and torch warns where it is handed such an array.
    """
    import torch

    pinned = torch.device(device).type == "cuda"
    staged = torch.empty(rgb.shape, dtype=torch.uint8, pin_memory=pinned)
    np.copyto(staged.numpy(), rgb)
    return staged.to(device, non_blocking=True)  # torch keeps the staged memory until it is read


def moved_there(
    batches: Iterable[FrameBatch], device: str, *, small_px: Sequence[tuple[int, int]]
) -> Iterator[FrameBatch]:
    """Yield the batches with their pictures on a device, and small ones of these sizes at hand.

    Args:
        batches: Their pictures are arrays.
        device: Of torch.
        small_px: Widths and heights that `FrameBatch.small` will be asked for, at least one; they
            are made on the device, and come back together.
    """
    import torch

    for batch in batches:
        with torch.inference_mode():
            rgb = uploaded(batch.rgb, device)
            parts = [averaged(rgb, size_px) for size_px in small_px]
            back = torch.cat([part.flatten() for part in parts]).cpu().numpy()
        ends = np.cumsum([part.numel() for part in parts])
        known = {
            (row, size_px): picture
            for size_px, part, flat in zip(small_px, parts, np.split(back, ends[:-1]), strict=True)
            for row, picture in enumerate(flat.reshape(tuple(part.shape)))
        }
        yield replace(batch, rgb=rgb, known_small=known)
