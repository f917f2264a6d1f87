"""The wheel alone: what is in it, and that it judges a clip where nothing of the checkout is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "sample_videos/room_swap.mp4"


def run(*arguments, cwd, code=0):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    result = subprocess.run(
        [str(one) for one in arguments], cwd=cwd, env=environment, capture_output=True, text=True,
        check=False, timeout=280,
    )  # fmt: skip
    assert result.returncode == code, result.stdout + result.stderr
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel of this checkout; the build backend is here, so nothing is fetched."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=ROOT)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return the folder of scripts of an environment that has the wheel, and its dependencies.

    The dependencies are those of this environment, in which castcheck may be a checkout: only the
    folder itself is handed on, not the files by which a checkout is found.
    """
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    scripts = home / "bin"
    run(
        sys.executable, "-m", "pip", "--python", scripts / "python", "install", "--no-deps",
        "--no-index", "--quiet", wheel, cwd=home,
    )  # fmt: skip
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return scripts


@pytest.mark.slow
def test_the_wheel_holds_the_four_packages_with_their_data_and_nothing_else(wheel):
    names = ZipFile(wheel).namelist()
    packages = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"castcheck", "identity", "tracker", "scenes"}
    for wanted in (
        "tracker/weights/*.safetensors", "tracker/weights/*.onnx", "identity/weights/*.safetensors",
        "identity/weights/*.onnx", "scenes/*.onnx", "castcheck/report/templates/*.css",
        "*/py.typed",
    ):  # fmt: skip
        assert any(Path(name).match(wanted) for name in names), wanted
    scripts = next(name for name in names if name.endswith("entry_points.txt"))
    assert ZipFile(wheel).read(scripts).decode().split() == [
        "[console_scripts]", "castcheck", "=", "castcheck.cli:main",
        "[pytest11]", "castcheck", "=", "castcheck.pytest_plugin",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("package", ["studio", "training", "bench"])
def test_what_is_for_developers_is_not_installed(package, installed, tmp_path):
    result = run(installed / "python", "-c", f"import {package}", cwd=tmp_path, code=1)
    assert f"No module named '{package}'" in result.stderr


@pytest.mark.slow
def test_the_wheel_alone_judges_a_clip(wheel, installed, tmp_path):
    where = "import castcheck, identity; print(castcheck.__file__); print(identity.__file__)"
    files = run(installed / "python", "-c", where, cwd=tmp_path).stdout.split()
    assert all(Path(file).is_relative_to(installed.parent) for file in files)
    version = run(installed / "castcheck", "--version", cwd=tmp_path).stdout.split()[1]
    assert version == wheel.name.split("-")[1]
    command = ("check", CLIP, "--device", "cpu", "--stride", "4", "--fail-on", "never")
    run(installed / "castcheck", *command, cwd=tmp_path)
    report = json.loads((tmp_path / "castcheck-out/room_swap/report.json").read_text())
    assert [one["id"] for one in report["characters"]] == ["char-01", "char-02", "char-03"]
    assert report["provenance"]["detector"]["name"] == "castcheck_detector.safetensors"
    assert report["provenance"]["embedder"]["name"] == "castcheck-reid"
    assert report["provenance"]["version"] == version
    assert (tmp_path / "castcheck-out/room_swap/report.html").stat().st_size > 100_000
