"""The server of a review: who is let in, what is answered, what is written, what goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import signal
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from castcheck.report.writers import OutputError
from castcheck.review.command import _is_worth_telling
from castcheck.review.decisions import append_decisions, read_decisions
from castcheck.review.desk import Desk
from castcheck.review.run_folder import ClipFinder, read_run
from castcheck.review.server import make_app
from scenes.errors import CastcheckError, ConfigError
from tests.castcheck import review_run, support
from tests.castcheck.killing import end
from tests.castcheck.test_decisions import missed, said

PORT, TOKEN = 8642, "a-token-for-the-test"
SELF = f"http://127.0.0.1:{PORT}"
COOKIE = f"castcheck-review-{PORT}={TOKEN}"
SWAP = "swap-38-0-1"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody writes into."""
    return review_run.make_run(tmp_path_factory.mktemp("review"))


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A run of one's own; its clips are shared."""
    return Path(shutil.copytree(made, tmp_path / "run"))


@pytest.fixture
def desk(run: Path):
    with closing(open_desk(run)) as desk:
        yield desk


def open_desk(run: Path, *folders: Path, by: str = "ann") -> Desk:
    found = read_run(run)
    return Desk(found, ClipFinder(found, folders), reviewer=by)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    desk: Desk, path: str, *, method: str = "GET", body: Any = None, **headers: str | None
) -> Answer:
    """Send one request to the application, as a browser on our page would if not told otherwise."""
    sent: dict[str, str | None] = {
        "host": f"127.0.0.1:{PORT}",
        "cookie": COOKIE,
        "sec-fetch-site": "same-origin",
    }
    if method == "POST":
        sent |= {"origin": SELF, "content-type": "application/json"}
    for name, value in headers.items():
        sent[name.replace("_", "-")] = value
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    parts = urlsplit(path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", PORT),
        "headers": [(k.encode(), v.encode()) for k, v in sent.items() if v is not None],
    }
    answer = Answer(0, {}, b"")

    async def receive():
        return {
            "type": "http.request",
            "body": data if method == "POST" else b"",
            "more_body": False,
        }

    async def send(message):
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    async def talk() -> None:
        await make_app(desk, token=TOKEN, port=PORT)(scope, receive, send)

    asyncio.run(talk())
    return answer


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/", {}, 200, id="our-page"),
        pytest.param(
            f"/?token={TOKEN}", {"cookie": None, "sec_fetch_site": "none"}, 200, id="entering"
        ),
        pytest.param(
            f"/?token={TOKEN}",
            {"cookie": None, "sec_fetch_site": "cross-site"},
            200,
            id="a-link-with-the-token",
        ),
        pytest.param("/", {"cookie": None}, 403, id="no-token"),
        pytest.param("/?token=guess", {"cookie": None}, 403, id="wrong-token"),
        pytest.param("/", {"cookie": f"castcheck-review-{PORT}=guess"}, 403, id="wrong-cookie"),
        pytest.param(
            "/", {"cookie": f"castcheck-review-1={TOKEN}"}, 403, id="cookie-of-another-port"
        ),
        pytest.param(f"/api/run?token={TOKEN}", {"cookie": None}, 403, id="token-anywhere-else"),
        pytest.param("/api/run", {}, 200, id="data"),
        pytest.param("/api/run", {"host": "evil.example"}, 403, id="another-name"),
        pytest.param(
            "/api/run", {"host": f"evil.example:{PORT}"}, 403, id="another-name-same-port"
        ),
        pytest.param("/api/run", {"host": "127.0.0.1"}, 403, id="another-port"),
        pytest.param("/api/run", {"host": f"localhost:{PORT}"}, 200, id="localhost"),
        pytest.param("/api/run", {"origin": "http://evil.example"}, 403, id="another-origin"),
        pytest.param("/api/run", {"origin": "null"}, 403, id="no-origin-at-all"),
        pytest.param("/api/run", {"sec_fetch_site": "cross-site"}, 403, id="asked-by-another-site"),
        pytest.param("/api/run", {"sec_fetch_site": "same-site"}, 403, id="asked-by-another-port"),
        pytest.param(
            "/clips/0/video", {"sec_fetch_site": "cross-site"}, 403, id="video-for-another-site"
        ),
        pytest.param("/static/review.js", {}, 200, id="script"),
        pytest.param("/static/../server.py", {}, 404, id="no-way-out"),
        pytest.param("/static/review.html", {}, 404, id="not-listed"),
        pytest.param("/api/clips/7", {}, 404, id="no-such-clip"),
        pytest.param("/api/clips/-1", {}, 404, id="counted-backwards"),
        pytest.param("/clips/0/annotated", {}, 404, id="not-written"),
        pytest.param("/clips/0/poster", {}, 200, id="poster"),
        pytest.param("/clips/0/frames/0.jpg", {}, 200, id="frame"),
        pytest.param("/clips/0/frames/150.jpg", {}, 400, id="behind-the-last"),
    ],
)
def test_who_is_let_in(desk, path, headers, status):
    answer = ask(desk, path, **headers)
    assert answer.status == status, answer.body
    assert ("set-cookie" in answer.headers) == (path == f"/?token={TOKEN}")


WISH = {"clip_sha256": "?", "finding": SWAP, "decision": "right"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="our-page"),
        pytest.param({"origin": None}, 403, id="no-origin"),
        pytest.param({"origin": "http://evil.example"}, 403, id="another-site"),
        pytest.param({"origin": f"http://127.0.0.1:{PORT + 1}"}, 403, id="another-port"),
        pytest.param({"origin": f"https://127.0.0.1:{PORT}"}, 403, id="another-scheme"),
        pytest.param({"cookie": None}, 403, id="no-token"),
        pytest.param(
            {"host": "evil.example", "origin": "http://evil.example"}, 403, id="rebound-name"
        ),
        pytest.param({"sec_fetch_site": "cross-site", "origin": SELF}, 403, id="forged-origin"),
    ],
)
def test_another_site_writes_nothing(desk, headers, status):
    sha256 = desk.run.clips[0].sha256
    answer = ask(
        desk, "/api/decisions", method="POST", body={**WISH, "clip_sha256": sha256}, **headers
    )
    assert answer.status == status
    path = desk.run.folder / "decisions.jsonl"
    assert path.exists() == (status == 200)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        pytest.param({"decision": "right"}, 200, "", id="right"),
        pytest.param({"decision": None}, 200, "", id="taken-back"),
        pytest.param({"decision": "other_kind", "kind": "morph"}, 200, "", id="other-kind"),
        pytest.param({"decision": "other_kind"}, 400, "kind", id="which-kind"),
        pytest.param({"decision": "perhaps"}, 400, "perhaps", id="unknown"),
        pytest.param(
            {"finding": "swap-1-9", "decision": "right"}, 400, "swap-1-9", id="no-such-finding"
        ),
        pytest.param(
            {"clip_sha256": "c" * 64, "decision": "right"}, 400, "not in this run", id="another-run"
        ),
        pytest.param(
            {
                "finding": None,
                "decision": "missed",
                "kind": "clone",
                "start_frame": 3,
                "stop_frame": 9,
            },
            200,
            "",
            id="missed",
        ),
        pytest.param(
            {
                "finding": None,
                "decision": "missed",
                "kind": "clone",
                "start_frame": 3,
                "stop_frame": 151,
            },
            400,
            "150 frames",
            id="behind-the-end",
        ),
        pytest.param(
            {"finding": None, "decision": "missed", "kind": "clone"},
            400,
            "start_frame",
            id="missed-when",
        ),
        pytest.param({"finding": None, "decision": "right"}, 400, "missed", id="right-about-what"),
        pytest.param([1], 400, "object", id="no-object"),
        pytest.param(b"{", 400, "object", id="no-json"),
        pytest.param(b"[" * 60_000, 400, "object", id="deep"),
        pytest.param(b" " * 70_000, 413, "long", id="long"),
    ],
)
def test_what_may_be_decided(desk, body, status, error):
    if isinstance(body, dict):
        body = {"clip_sha256": desk.run.clips[0].sha256, "finding": SWAP, **body}
    answer = ask(desk, "/api/decisions", method="POST", body=body)
    assert answer.status == status
    written = read_decisions(desk.run.folder / "decisions.jsonl").decisions
    assert len(written) == (status == 200)
    if error:
        assert error in answer.json()["error"]
    elif body["finding"]:
        assert (written[0].start_frame, written[0].stop_frame) == (38, 39)
        assert written[0].characters == ("char-01", "char-02")
        assert written[0].by == "ann"


def test_a_full_disk_is_told_and_nothing_counts(desk, monkeypatch):
    def full(*_):
        raise OutputError("cannot be written: no space left on device", where="x")

    monkeypatch.setattr("castcheck.review.desk.append_decisions", full)
    body = {**WISH, "clip_sha256": desk.run.clips[0].sha256}
    answer = ask(desk, "/api/decisions", method="POST", body=body)
    assert answer.status == 507
    assert "no space" in answer.json()["error"]
    assert ask(desk, "/api/run").json()["decisions"] == []


@pytest.mark.parametrize(
    ("asked", "status", "slice_"),
    [
        pytest.param(None, 200, slice(None), id="whole"),
        pytest.param("bytes=0-99", 206, slice(0, 100), id="start"),
        pytest.param("bytes=500-", 206, slice(500, None), id="rest"),
        pytest.param("bytes=-100", 206, slice(-100, None), id="end"),
        pytest.param("bytes=999999999-", 416, None, id="behind"),
    ],
)
def test_the_video_can_be_seeked_in(desk, asked, status, slice_):
    data = Path(desk.run.clips[0].lies_at).read_bytes()
    answer = ask(desk, "/clips/0/video", range=asked)
    assert answer.status == status
    if slice_ is not None:
        assert answer.body == data[slice_]
        assert answer.headers["content-type"] == "video/mp4"


def test_a_decision_of_another_run_stays_and_is_told(run):
    foreign, gone = (
        said(clip="c" * 64),
        said(clip=read_run(run).clips[0].sha256, finding="swap-1-9"),
    )
    path = run / "decisions.jsonl"
    append_decisions(path, [foreign, gone])
    before = path.read_bytes()
    with closing(open_desk(run)) as desk:
        first, second = desk.complaints
        assert "1 decision about clips that are not in this run" in first
        assert "1 decision about findings that this run no longer has" in second
        assert foreign.to_dict() not in desk.overview()["decisions"]
        desk.decide({**WISH, "clip_sha256": desk.run.clips[0].sha256})
    assert path.read_bytes().startswith(before)


def test_what_two_reviewers_say_is_shown(run):
    clip = read_run(run).clips[0].sha256
    append_decisions(
        run / "decisions.jsonl",
        [said(clip=clip), said("wrong", by="ben", clip=clip), missed(3, clip=clip)],
    )
    with closing(open_desk(run)) as desk:
        table = ask(desk, "/api/run").json()
    assert table["disputed"] == [[clip, SWAP]]
    assert [(row["both"], row["same"]) for row in table["agreements"]] == [(1, 0)]


def test_one_review_at_a_time(run):
    with closing(open_desk(run)), pytest.raises(OutputError, match="another review of this run"):
        open_desk(run)
    open_desk(run).close()


MOVES = [
    "here",
    "gone",
    "renamed-beside-the-run",
    "moved-below-clips",
    "renamed-below-clips",
    "changed",
    "gone-and-another-beside-the-run",
]


@pytest.mark.parametrize("move", MOVES)
def test_a_clip_that_moved_is_found_by_its_sha256(tmp_path, made, move):
    home = Path(shutil.copytree(made.parent, tmp_path / "home"))
    run, clip = home / "run", home / "clips/room_swap.mp4"
    for result in run.glob("*/result.json"):
        text = result.read_text().replace(str(made.parent), str(home))
        result.write_text(text)
    far = tmp_path / "far/away"
    far.mkdir(parents=True)
    (far / "decoy.mp4").write_bytes(b"x" * clip.stat().st_size)
    targets = {
        "here": clip,
        "gone": None,
        "renamed-beside-the-run": home / clip.name,
        "moved-below-clips": far / clip.name,
        "renamed-below-clips": far / "take7.mp4",
        "changed": None,
        "gone-and-another-beside-the-run": None,
    }
    target = targets[move]
    if move == "changed":
        clip.write_bytes(clip.read_bytes() + b"x")
    elif target is None:
        clip.unlink()
        if move == "gone-and-another-beside-the-run":
            (home / clip.name).write_bytes(b"another clip")
    else:
        clip.rename(target)
    with closing(open_desk(run, tmp_path / "far")) as desk:
        where = desk.media(0).where
        table = desk.clip(0)
        assert where.path == target
        assert ("was moved" in where.note) == (target is not None and move != "here")
        if target is None:
            assert (f"no longer at {clip}" in where.note) == (move != "changed")
            other = {"changed": clip, "gone": None}.get(move, home / clip.name)
            assert (f"The file at {other} is not the one that was judged" in where.note) == (
                other is not None
            )
            assert table["media"]["video"] is table["media"]["frames"] is None
            assert table["media"]["page"] == "clips/0/report"
            assert ask(desk, "/clips/0/video").status == 404
            assert ask(desk, "/clips/0/report").status == 200
            desk.decide({**WISH, "clip_sha256": desk.run.clips[0].sha256})  # deciding goes on


def test_frames_are_counted_as_castcheck_counts_them(desk):
    import cv2
    import numpy as np

    for frame in (0, 37, 38, 149, 5):
        answer = ask(desk, f"/clips/0/frames/{frame}.jpg")
        picture = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        middles = [float(picture[12, 12 + 24 * bit]) for bit in range(review_run.BITS)]
        assert review_run.number_of(middles) == frame


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        pytest.param(shutil.rmtree, "no such folder", id="gone"),
        pytest.param(
            lambda run: list(map(shutil.rmtree, filter(Path.is_dir, run.iterdir()))),
            "no reports",
            id="empty",
        ),
    ],
)
def test_a_folder_that_is_no_run(run, spoil, match):
    spoil(run)
    with pytest.raises(ConfigError, match=match):
        read_run(run)


def test_a_report_that_cannot_be_read_stops_no_other(run):
    (run / "room_swap/result.json").unlink()
    (run / "room_swap/report.json").write_text("{")
    found = read_run(run)
    assert [clip.name for clip in found.clips] == ["room_clean.mp4"]
    assert "room_swap is left out" in found.complaints[0]


def test_reports_of_check_can_be_reviewed_too(run):
    for file in (*run.glob("*/result.json"), run / "summary.jsonl"):
        file.unlink()
    with closing(open_desk(run)) as desk:
        assert [clip.name for clip in desk.run.clips] == ["room_clean.mp4", "room_swap.mp4"]
        assert len(desk.overview()["clips"][1]["findings"]) == len(support.full_report().findings)
        assert desk.clip(1)["media"]["video"] == "clips/1/video"


@pytest.mark.parametrize(
    "name",
    [
        "the-same-run", "the-same-port", "no-run", "no-clips-folder", "no-merge-file",
        "no-decisions-in-it"
    ],
)  # fmt: skip
def test_bad_usage_is_one_line(run, tmp_path, made, name):
    with review_run.serving(run, "--port", "0") as process:
        port = str(urlsplit(review_run.address_of(process)).port)
        other = Path(shutil.copytree(made, tmp_path / "other"))
        arguments, match = {
            "the-same-run": ((run, "--port", "0"), "another review of this run is open"),
            "the-same-port": ((other, "--port", port), "address already in use"),
            "no-run": ((tmp_path / "none",), "no such folder"),
            "no-clips-folder": ((other, "--clips", "nowhere"), "check --clips"),
            "no-merge-file": ((other, "--merge", "nowhere.jsonl"), "check --merge"),
            "no-decisions-in-it": ((other, "--merge", __file__), "holds no decisions"),
        }[name]
        with review_run.serving(*arguments) as second:
            code, out, err = end(second)
    assert (code, out) == (2, "")
    (line,) = [line for line in err.splitlines() if "reviewed by" not in line]
    assert match in line


def test_ctrl_c_says_what_was_decided(run):
    clip = read_run(run).clips[0].sha256
    append_decisions(run / "decisions.jsonl", [said(clip=clip), said(clip=clip, by="ben")])
    with review_run.serving(run, "--port", "0") as process:
        review_run.address_of(process)
        process.send_signal(signal.SIGINT)
        code, _, err = end(process)
    assert code == 0
    assert "review ended: 1 of 3 findings decided (1 right); in " in err


@pytest.mark.parametrize(
    ("message", "error", "told"),
    [
        ("Exception in ASGI application", asyncio.CancelledError(), False),
        ("Cancel 2 running task(s), timeout graceful shutdown exceeded", None, False),
        ("Exception in ASGI application", KeyError("a bug"), True),
        ("Invalid HTTP request received.", None, True),
    ],
)
def test_the_end_of_the_server_is_no_error_and_a_bug_is(message, error, told):
    facts = None if error is None else (type(error), error, None)
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, message, None, facts)
    assert _is_worth_telling(record) is told


def test_merging_says_how_far_two_agree(run, tmp_path):
    clip = read_run(run).clips[0].sha256
    names = [SWAP, "drift-108-3", "vanish-128-4"]
    known = [f["id"] for f in read_run(run).clips[0].record.findings]
    ours = [
        said(word, finding=name, clip=clip)
        for word, name in zip(("right", "wrong", "right"), known, strict=True)
    ]
    theirs = [
        said(word, finding=name, clip=clip, by="ben")
        for word, name in zip(("right", "wrong", "wrong"), known, strict=True)
    ]
    append_decisions(run / "decisions.jsonl", ours)
    other = tmp_path / "ben.jsonl"
    append_decisions(
        other, [*theirs, said(clip="c" * 64, by="ben"), said(finding="gone-1", clip=clip, by="ben")]
    )
    with other.open("a") as file:
        file.write("half a li\n")
    with review_run.serving(run, "--merge", str(other)) as process:
        code, out, err = end(process)
    assert code == 0
    assert f"{other}: 3 decisions taken in, 0 known" in out
    assert "ann and ben: the same on 2 of 3 findings, kappa 0.40" in out
    assert "2 decisions about clips or findings that are not in this run" in err
    assert "line 6 is not a decision" in err
    assert len(read_decisions(run / "decisions.jsonl").decisions) == 6
    assert len(names) == len(known)


def test_a_report_that_is_damaged_later_is_told(desk):
    (desk.run.clips[0].folder / "report.json").write_text("{")
    with pytest.raises(CastcheckError, match="not JSON"):
        desk.clip(0)
    assert ask(desk, "/api/clips/0").status == 400
