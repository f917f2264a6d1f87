"""Where temporary files go: into the folder that was named, or nowhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from scenes.errors import ScratchError
from scenes.scratch import check_scratch_folder, scratch_file

VARIABLES = ("TMPDIR", "TEMP", "TMP")


@pytest.fixture(autouse=True)
def _as_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_no_folder_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_scratch_folder()
    monkeypatch.setenv("TMPDIR", "")
    check_scratch_folder()


@pytest.mark.parametrize("name", VARIABLES)
def test_the_folder_that_is_named_is_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tmp_path))
    with scratch_file() as file:
        assert file.write(b"abc") == 3
        assert tempfile.gettempdir() == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param("missing", "no such file or directory", id="missing"),
        pytest.param("file", "not a directory", id="a file"),
        pytest.param("deep" * 200, "file name too long", id="too long"),
    ],
)
def test_one_that_cannot_be_written_is_said(
    name: str, made: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(name, str(tmp_path / made))
    for ask in (check_scratch_folder, scratch_file):
        with pytest.raises(ScratchError) as caught:
            ask()
        said = str(caught.value)
        assert said.startswith(str(tmp_path / made))
        assert name in said
        assert reason in said
        assert "\n" not in said


def test_a_full_one_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    with pytest.raises(ScratchError, match="no space left on device; make it writable"):
        check_scratch_folder()


def test_a_program_that_chose_a_folder_itself_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    check_scratch_folder()
