"""A YOLO network small enough to make on the spot: random weights, no download."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracker.engine import engine_kept_quiet

REAL = Path(os.environ.get("CASTCHECK_REAL", Path(__file__).parents[3] / "shared" / "real"))


def _save(yaml: str, path: Path, task: str) -> Path:
    with engine_kept_quiet():
        import torch
        from ultralytics import YOLO

        torch.manual_seed(0)
        model = YOLO(yaml, task=task)
        if task == "detect":
            names = {**dict.fromkeys(range(80)), 0: "person", 15: "cat", 16: "dog"}
            model.model.names = {i: name or f"thing {i}" for i, name in names.items()}
            head = model.model.model[-1]
            for branch in head.cv3:  # random weights are unsure of everything; make them bolder
                branch[-1].bias.data += 6
        torch.save({"model": model.model.half(), "train_args": {}}, path)
    return path


@pytest.fixture(scope="session")
def tiny_yolo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save("yolov8n.yaml", tmp_path_factory.mktemp("weights") / "tiny.pt", "detect")


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save("yolov8n-cls.yaml", tmp_path_factory.mktemp("weights") / "cls.pt", "classify")


@pytest.fixture(scope="session")
def real_yolo() -> Path:
    path = REAL / "weights" / "yolov8n_coco.pt"
    if not path.is_file():
        if os.environ.get("CASTCHECK_REQUIRE") == "weights":
            pytest.fail(f"{path} is required and not there")
        pytest.skip(f"{path} is not there; set CASTCHECK_REAL to the folder of real material")
    return path
