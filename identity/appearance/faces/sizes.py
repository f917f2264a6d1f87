"""Sizes of the networks that read faces, without importing torch."""

from __future__ import annotations

POINT_COUNT = 5  # right eye, left eye, nose, right and left corner of the mouth
POINTS_PX = 64  # side of the square that the points are found in
LOOK_PX = 80  # side of the aligned face
LOOK_DIM = 128
