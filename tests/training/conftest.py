from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

SIZE_PX = (128, 96)
JOINT_COUNT = 16


def joints(neck_y: float | None, hip_y: float | None) -> list[list[float] | None]:
    rows: list[list[float] | None] = [None] * JOINT_COUNT
    for place, y in ((0, neck_y), (8, hip_y)):
        if y is not None:
            rows[place] = [20.0, y]
    return rows


@pytest.fixture(scope="session")
def stills(tmp_path_factory):
    """Four groups of two striped figures, as `python -m studio stills` writes them."""
    folder = tmp_path_factory.mktemp("stills")
    rng = np.random.default_rng(0)
    for group in range(4):
        home = folder / f"g{group:06d}"
        home.mkdir()
        colours = rng.integers(0, 255, (2, 3))
        lines = []
        for number in range(4):
            picture = rng.integers(90, 110, (SIZE_PX[1], SIZE_PX[0], 3)).astype(np.uint8)
            people, boxes = [], []
            for who in range(2):
                x = 10 + 60 * who + int(rng.integers(0, 10))
                picture[10:90, x : x + 30] = colours[who]
                boxes.append((x, 10, x + 30, 90))
                people.append(
                    {
                        "person": f"g{group:06d}p{who}", "box": list(boxes[who]),
                        "visible": 1.0, "truncation": 0.0, "head": [x + 8.0, 10.0, x + 22.0, 24.0],
                        "joints": joints(26.0, 50.0), "away_rad": 0.0,
                    }
                )  # fmt: skip
            file = f"g{group:06d}/{number:02d}.jpg"
            cv2.imwrite(str(folder / file), picture)
            mask = np.zeros(picture.shape[:2], np.uint8)
            for who in range(2):
                x1, y1, x2, y2 = boxes[who]
                mask[y1:y2, x1:x2] = who + 1
            cv2.imwrite(str(folder / file.replace("jpg", "png")), mask)
            lines.append(
                json.dumps(
                    {
                        "file": file, "mask": file.replace("jpg", "png"),
                        "group": group, "set_name": f"room{number // 2}",
                        "species": "human", "camera": "wide", "people": people,
                    }
                )
            )  # fmt: skip
        (home / ".done").write_text("\n".join(lines) + "\n")
    return folder
