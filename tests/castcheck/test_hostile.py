"""Whatever users write into options and files: it works, or is one line and exit code 2.

The same few examples are tried each time; `tests.castcheck.fuzz` tries others.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from castcheck.cast.cast_file import CastFileError, read_cast
from castcheck.cli import app
from castcheck.config import Config
from castcheck.console.options import _FLAGS
from castcheck.report.writers import OutputError, check_writable
from castcheck.support.system_errors import refusal
from identity.appearance.feature_store import FeatureStore
from identity.appearance.looks import Looks
from identity.appearance.open_embedder import open_embedder
from scenes.errors import CastcheckError, ConfigError, ScratchError, WeightsError
from scenes.frames import FrameBatch
from tests.castcheck.support import FakePipeline
from tests.corpus import make
from tracker.replay import DetectionsFileError, ReplayDetector

some = settings(max_examples=25)
SCALARS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "auto", "cpu", "~nobody/x", "\0", "a" * 5000, "../..", "-1", "nan", "1e999"]
    ),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = {s: list(v) for s, v in Config().to_dict().items()}
SETTINGS = st.sampled_from([(s, k) for s, keys in KEYS.items() for k in keys])
RAW = st.one_of(
    st.binary(max_size=300),
    st.text(alphabet="[]{}=\"'\\#.,\n abc019\0é-", max_size=200).map(str.encode),
    st.sampled_from([b"a=" + b"[" * 9000, b"\xff\xfe", b"a='''", b"a = 1e" + b"9" * 400]),
    st.integers(1, 5000).map(lambda n: b"a = " + b"9" * n),
)


def works_or_says(work: Callable[[], object], error: type[CastcheckError]) -> None:
    """Fail unless `work` works, or raises `error` with one line."""
    try:
        work()
    except error as err:
        said = str(err)
    else:
        return
    assert "\n" not in said


@some
@given(SETTINGS, VALUES)
def test_any_value_of_any_setting(where: tuple[str, str], value: object) -> None:
    works_or_says(lambda: Config.from_dict({where[0]: {where[1]: value}}), ConfigError)


@some
@given(RAW)
def test_any_bytes_as_config_and_as_cast(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.toml"
        file.write_bytes(data)
        works_or_says(lambda: Config.load(file), ConfigError)
        works_or_says(lambda: read_cast(file), CastFileError)


CAST_KEYS = st.sampled_from(["name", "references", "presence", "nmae"])
SHOT_KEYS = st.sampled_from(["index", "start_s", "stop_s", "characters", "scene", "idnex"])
ROWS = st.lists(st.dictionaries(CAST_KEYS, VALUES, max_size=4), max_size=3)
SHOT_ROWS = st.lists(st.dictionaries(SHOT_KEYS, VALUES, max_size=4), max_size=3)


@some
@given(
    st.fixed_dictionaries(
        {"character": st.one_of(ROWS, VALUES)},
        optional={
            "shot": st.one_of(SHOT_ROWS, VALUES), "scene": st.one_of(SHOT_ROWS, VALUES),
            "characters": VALUES, "script": VALUES,
        },
    )
)  # fmt: skip
def test_any_cast(table: dict[str, object]) -> None:
    from castcheck.cast.cast_file import _from_table

    works_or_says(lambda: _from_table(table, Path("cast.toml")), CastcheckError)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("a = " + "[" * 20_000, "nested too deeply|not valid TOML", id="nested"),
        pytest.param('[run]\ncast = "\\u0000x"', "NUL character", id="nul"),
        pytest.param("a = " + "9" * 5000, "not valid TOML", id="long-number"),
        pytest.param("#" * 1_100_000, "larger than", id="huge"),
        pytest.param("[run]\ncast = 3", "expected", id="wrong-type"),
    ],
)
def test_config_files_that_broke_it(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=says):
        Config.load(file)


@pytest.mark.parametrize("name", ["~nouser/x.png", "a" * 5000 + ".png", "folder", "gone.png"])
def test_references_that_are_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    file = tmp_path / "cast.toml"
    file.write_text(f'[[character]]\nname = "a"\nreferences = ["{name}"]\n', "utf-8")
    with pytest.raises(CastFileError, match="no such file"):
        read_cast(file)


BOX_LINES = st.lists(
    st.lists(st.one_of(SCALARS.map(str), st.sampled_from(["1", "-1", "0.5"])), max_size=11).map(
        ",".join
    ),
    max_size=4,
)


@some
@given(BOX_LINES)
def test_any_stored_boxes(lines: list[str]) -> None:
    batch = FrameBatch(np.zeros(1, np.int64), (0,), np.zeros((1, 8, 8, 3), np.uint8))  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.txt"
        file.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
        try:
            found = ReplayDetector(file).detect(batch)
        except DetectionsFileError:
            return
        assert np.isfinite(found.xyxy).all()


@some
@given(st.sampled_from([".onnx", ".safetensors", ".pt", ".xyz"]), st.binary(max_size=200))
def test_any_bytes_as_weights(suffix: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"w{suffix}"
        file.write_bytes(data)
        with pytest.raises(WeightsError):
            open_embedder(file)


def onnx_file(path: Path, kind: str) -> Path:
    """Write a network that is a network, and no embedder."""
    onnx = pytest.importorskip("onnx")
    helper, to_array = onnx.helper, onnx.numpy_helper.from_array
    shape: list[object] = ["N", 3, 64, 32]
    if kind == "batch-0":
        shape[0] = 0
    elif kind == "huge-batch":
        shape[0] = 2**31
    elif kind == "huge-picture":
        shape[2:] = [2_000_000, 2_000_000]
    elif kind == "no-picture":
        shape[2:] = [0, 0]
    value = {"nan": np.nan, "infinite": np.inf, "zero": 0.0}.get(kind, 1.0)
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul" if kind in ("nan", "infinite", "zero") else "Identity",
                         ["m", "c"] if kind in ("nan", "infinite", "zero") else ["m"], ["y"]),
    ]  # fmt: skip
    out: list[object] = ["N", 3]
    if kind == "scalar":
        nodes = [helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)]
        out = []
    elif kind == "constant":
        nodes = [
            helper.make_node("ReduceMean", ["x"], ["m"], axes=[2, 3], keepdims=0),
            helper.make_node("Mul", ["m", "zero"], ["n"]),
            helper.make_node("Add", ["n", "c"], ["y"]),
        ]
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, out)],
        [to_array(np.array([value], np.float32), "c"), to_array(np.zeros(1, np.float32), "zero")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        pytest.param("nan", "not finite numbers; use other weights$", id="nan"),
        pytest.param("infinite", "not finite", id="infinite"),
        pytest.param("zero", "nothing but zeros", id="zero"),
        pytest.param("constant", "same vector", id="constant"),
        pytest.param("scalar", "expected a vector for each", id="scalar"),
        pytest.param("batch-0", "no picture fills", id="batch-0"),
        pytest.param("huge-batch", "no picture fills", id="huge-batch"),
        pytest.param("huge-picture", "wants pictures of 2000000x2000000", id="huge-picture"),
        pytest.param("no-picture", "no picture fills", id="no-picture"),
    ],
)
def test_networks_that_are_no_embedders(kind: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=says):
        open_embedder(onnx_file(tmp_path / "e.onnx", kind))


def test_a_network_that_tells_apart_is_taken(tmp_path: Path) -> None:
    embedder = open_embedder(onnx_file(tmp_path / "e.onnx", "sound"))
    assert embedder is not None
    assert embedder.dim == 3


FLAGS = [(flag.split("/")[0], kind) for *_, kind, flag, _, _ in _FLAGS]


@some
@given(st.sampled_from(FLAGS), SCALARS.map(str))
def test_any_value_of_any_option(flag: tuple[str, type], value: str) -> None:
    args = [flag[0]] if flag[1] is bool else [flag[0], value.replace("\0", "")]
    with tempfile.TemporaryDirectory() as folder:
        clip = str(Path(folder) / "no such clip.mp4")
        result = CliRunner().invoke(app, ["check", clip, "-o", str(Path(folder) / "out"), *args])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output


NAMES = ["a" * 300 + ".mp4", "a\nb.mp4", "\x1b[2J.mp4", "<script>.mp4", "~nobody", "-", "a" * 5000]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", ["clip", "--cast", "--config", "--detector", "--embedder", "-o"])
def test_names_that_no_system_takes(
    name: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("real.mp4").write_bytes(make.encode(make.BY_NAME["h264-mp4"]))
    Path("b.txt").write_text("")
    args = ["check", "real.mp4", "--detector", "b.txt", "--embedder", "colour", "--format", "json"]
    config = Path("none.toml")
    config.write_text('[shots]\nmethod = "none"\n')
    args = ["check", name, *args[2:]] if option == "clip" else [*args, option, name]
    result = CliRunner().invoke(
        app, [*args, *([] if option == "--config" else ["--config", "none.toml"])]
    )
    assert result.exit_code in ((0, 2) if option == "-o" else (2,)), result.output
    assert "Traceback" not in result.output
    assert "a bug" not in result.output


@pytest.mark.parametrize(
    ("err", "says"),
    [
        pytest.param(OSError(28, "No space left on device", "full"), "make room", id="full"),
        pytest.param(OSError(27, "File too large"), "ulimit -f", id="file-size"),
        pytest.param(OSError(30, "Read-only file system"), "another folder", id="read-only"),
        pytest.param(OSError(24, "Too many open files"), "ulimit -n", id="open-files"),
        pytest.param(MemoryError(), "not enough memory", id="memory"),
        pytest.param(
            FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"),
            "TMPDIR",
            id="no-temporary-folder",
        ),
        pytest.param(KeyError("x"), None, id="a-bug"),
        pytest.param(FileNotFoundError(2, "No such file"), None, id="may-be-a-bug"),
    ],
)
def test_what_the_system_refuses_is_no_bug(err: BaseException, says: str | None) -> None:
    found = refusal(err)
    assert (found is None) == (says is None)
    assert says is None or says in str(found)


def test_the_system_refuses_in_the_middle(
    tmp_path: Path, pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clean.mp4").touch()
    pipeline.errors = {"clean.mp4": OSError(28, "No space left on device", "full")}
    result = CliRunner().invoke(app, ["check", "clean.mp4"])
    assert result.exit_code == 2
    assert "make room" in result.output


def test_a_full_temporary_folder_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks(
        {"body": np.ones((2, 4), np.float16)}, np.zeros(2, np.float32), np.ones(2, np.bool_)
    )
    file = FeatureStore()

    def full(_: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "_write", full)
    with pytest.raises(ScratchError, match="TMPDIR"):
        file.append(looks)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full(b""))
    with pytest.raises(ScratchError, match="TMPDIR"):
        FeatureStore()


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        check_writable(tmp_path / ("a" * 300))


SLOW_WRITER = """
import sys, time
from pathlib import Path
from castcheck import cli
from castcheck.report import writers
def slow(material, path, *, progress):
    Path(path).write_bytes(b"half"); print("writing", flush=True); time.sleep(60)
from castcheck.report import video
video.write = slow
sys.argv = ["castcheck", "check", "real.mp4", "--detector", "b.txt", "--embedder", "colour",
            "--config", "none.toml", "--format", "video"]
cli.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_ended_from_outside_nothing_half_written_stays(tmp_path: Path) -> None:
    (tmp_path / "real.mp4").write_bytes(make.encode(make.BY_NAME["h264-mp4"]))
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "none.toml").write_text('[shots]\nmethod = "none"\n')
    env = {**os.environ, "CASTCHECK_DEBUG": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER],
        cwd=tmp_path,
        env=env,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "writing" in line:
                break
        time.sleep(0.2)
        process.terminate()
        assert process.wait(60) == 143
    left = [p for p in (tmp_path / "castcheck-out").rglob("*") if p.is_file()]
    assert left == []


def test_a_bad_clip_is_told_before_networks_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.mp4").write_text("no clip")

    def never(_: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr("castcheck.checking.run._pipeline", never)
    result = CliRunner().invoke(app, ["check", "text.mp4"])
    assert result.exit_code == 2
    assert "not a video" in result.output


def test_a_wrong_cast_is_told_before_networks_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from castcheck.models import load as models

    monkeypatch.setattr(models, "_open_detector", lambda _: pytest.fail("loaded"))
    with pytest.raises(CastcheckError, match="cannot be read"):
        models.load_models(Config.from_dict({"run": {"cast": str(tmp_path / "gone.toml")}}))
