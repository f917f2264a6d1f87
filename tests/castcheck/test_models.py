"""The known weights: listed, fetched from a server that misbehaves, checked, and chosen."""

from __future__ import annotations

import hashlib
import http.server
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from castcheck.cli import app
from castcheck.config import Config
from castcheck.models import store as model_store
from castcheck.models.load import Models, _second_to, load_models
from castcheck.models.pull import pull
from castcheck.models.store import best_present, suggest_download
from castcheck.pipeline import weighs_boxes
from scenes.errors import WeightsError
from tracker.head_pairing import HeadPairedDetector
from tracker.known_weights import KnownWeights, models_dir
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

BYTES = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(BYTES).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Keeps what it was asked for: the path, and the first byte wanted."""

    daemon_threads = False  # closing waits for every answer, so that no socket outlives its test

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, int]] = []


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves BYTES: /ranges continues, /plain cannot, /breaks stops early, /other lies."""

    server: Server

    def do_GET(self):
        path = self.path.rpartition("/")[0] or self.path
        first = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.server.asked.append((path, first))
        if path == "/gone":
            self.send_error(404)
            return
        if path not in ("/ranges", "/breaks"):
            first = 0
        if first >= len(BYTES):
            self.send_error(416)
            return
        body = BYTES[first:] if path != "/other" else b"other" * 99
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if path == "/breaks" and not first else body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def known(server, way="ranges", **changed):
    url = f"http://127.0.0.1:{server.server_address[1]}/{way}/net.bin" if server else ""
    entry = KnownWeights("net", "net.bin", SHA256, "MIT", "nowhere", url, len(BYTES))
    return replace(entry, **changed)


def part():
    return models_dir() / "net.bin.part"


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("way", "left", "asked"),
    [
        pytest.param("ranges", None, [0], id="from the start"),
        pytest.param("plain", None, [0], id="server without ranges"),
        pytest.param("ranges", BYTES[:1000], [1000], id="continued"),
        pytest.param("plain", BYTES[:1000], [1000], id="not continued, server cannot"),
        pytest.param("ranges", BYTES, [len(BYTES)], id="all there already"),
        pytest.param("ranges", b"wrong", [5, 0], id="wrong start is thrown away"),
        pytest.param("ranges", BYTES + b"more", [len(BYTES) + 4, 0], id="too long"),
    ],
)
def test_pull(way, left, asked, server):
    if left is not None:
        part().parent.mkdir(parents=True)
        part().write_bytes(left)
    seen = []
    assert pull(known(server, way), progress=lambda *news: seen.append(news))
    assert (models_dir() / "net.bin").read_bytes() == BYTES
    assert not part().exists()
    assert [first for _, first in server.asked] == asked
    if seen:
        assert seen[-1] == ("kB", len(BYTES) // 1000, len(BYTES) // 1000)
    assert not pull(known(server, way), progress=lambda *_: None)  # asks nobody again
    assert len(server.asked) == len(asked)


@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # refused sockets
@pytest.mark.parametrize(
    ("way", "changed", "match", "keeps"),
    [
        pytest.param("other", {}, "sha256 mismatch", 0, id="other bytes"),
        pytest.param("gone", {}, "the server says 404", 0, id="gone"),
        pytest.param("breaks", {}, "what came is kept", len(BYTES) // 2, id="breaks off"),
        pytest.param("", {"url": "http://127.0.0.1:9/x"}, "refused", 0, id="nobody there"),
        pytest.param("", {"url": "http://no.invalid/x"}, "go online", 0, id="no such host"),
        pytest.param("", {"url": ""}, "published nowhere", 0, id="no address"),
    ],
)
def test_what_cannot_be_pulled_is_one_line(way, changed, match, keeps, server):
    with pytest.raises(WeightsError, match=match) as caught:
        pull(known(server, way, **changed), progress=lambda *_: None)
    assert "\n" not in str(caught.value)
    assert not (models_dir() / "net.bin").exists()
    assert (part().stat().st_size if part().exists() else 0) == keeps


@pytest.mark.enable_socket
def test_what_broke_off_is_continued(server):
    with pytest.raises(WeightsError):
        pull(known(server, "breaks"), progress=lambda *_: None)
    assert pull(known(server, "breaks"), progress=lambda *_: None)
    assert [first for _, first in server.asked] == [0, len(BYTES) // 2]


@pytest.fixture
def tables(monkeypatch):
    """Return a function that puts entries into the table of the detectors."""

    def put(*entries):
        monkeypatch.setattr(model_store, "KNOWN_WEIGHTS", entries)
        monkeypatch.setattr(model_store, "KNOWN_REID", ())

    return put


def run(*arguments):
    return CliRunner().invoke(app, ["models", *arguments])


@pytest.mark.enable_socket
def test_pull_list_and_verify(server, tables):
    tables(known(server), known(None, name="lost", filename="lost.bin"))
    assert "not pulled" in run("list").stdout
    assert run("pull", "net").exit_code == 0
    again = run("pull", "net")
    assert (again.exit_code, "was there already" in again.stdout) == (0, True)
    text = run("list").stdout
    for shown in (SHA256, "licence MIT", "0.5 MB", str(models_dir() / "net.bin"), "auto means"):
        assert shown in text
    (models_dir() / "mine.onnx").write_bytes(b"x")
    whole = run("verify")
    assert whole.exit_code == 0
    assert "ok       net" in whole.stdout
    assert "unknown" in whole.stdout
    (models_dir() / "net.bin").write_bytes(BYTES[:-1])
    broken = run("verify")
    assert broken.exit_code == 2
    assert "sha256 is not that of net" in broken.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pull", "nix"], "nix: no known model has this name"),
        (["pull", "lost"], "lost: is published nowhere"),
        (["pull"], "Missing argument"),
        ([], "Missing command"),
    ],
)
def test_bad_usage_is_one_line_and_2(arguments, message, tables):
    tables(known(None, name="lost"))
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def place(entry):
    entry.path.parent.mkdir(parents=True, exist_ok=True)
    entry.path.write_bytes(BYTES)
    return entry


@pytest.mark.parametrize(
    ("there", "chosen", "advised"),
    [
        pytest.param([], None, ["strong"], id="nothing there"),
        pytest.param(["bundled"], "bundled", ["strong"], id="bundled alone"),
        pytest.param(["weak", "bundled"], "weak", [], id="a pulled one before the bundled one"),
        pytest.param(["strong", "weak"], "strong", [], id="the best of the pulled ones"),
    ],
)
def test_auto(there, chosen, advised, tables, monkeypatch):
    monkeypatch.setattr(model_store, "MOBILENET", known(None, name="wheel"))
    strong = known(None, name="strong", filename="a.bin", url="http://no.invalid")
    weak = known(None, name="weak", filename="b.bin", url="http://no.invalid")
    own = known(None, name="bundled", filename="c.bin")
    monkeypatch.setattr(KnownWeights, "is_bundled", property(lambda self: self.name == "bundled"))
    table = {entry.name: entry for entry in (strong, weak, own)}
    tables(*table.values())
    for name in there:
        place(table[name])
    best = best_present("detector")
    assert (best and best.name) == chosen
    lines = suggest_download("detector", best)
    assert [name for name in table if any(f"pull {name}`" in line for line in lines)] == advised


def test_auto_takes_no_damaged_file(tables):
    place(entry := known(None)).path.write_bytes(b"damaged")
    tables(entry)
    with pytest.raises(WeightsError, match="not those of its name"):
        best_present("detector")


def test_nothing_is_fetched_unasked(tables):
    tables(known(None, url="http://no.invalid"))
    with pytest.raises(WeightsError, match="no detector was given"):
        load_models(Config())
    assert not models_dir().exists()


def test_another_detector_has_the_bundled_one_for_a_second():
    people: Any = SimpleNamespace(
        name="other.pt", sha256=None, class_names={0: "person"}, passing_classes=frozenset()
    )
    wanted = DetectorSettings(classes="head", min_score=0.1)
    heads = YoloDetector("bundled", wanted, device="cpu")
    pair = HeadPairedDetector(people, heads)
    second = _second_to(pair, Config())
    assert isinstance(second, YoloDetector)
    assert second.knows_heads  # so it weighs its boxes
    assert heads.class_names.keys().isdisjoint(second.class_names)
    networks: Any = heads._network, second._network
    assert networks[0]._session is networks[1]._session  # opened once
    assert _second_to(second, Config()) is None
    clip = Path("a.mp4")
    assert [weighs_boxes(Models(one, None), clip) for one in (second, pair)] == [True, False]
