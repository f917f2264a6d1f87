"""The page of a review and the static report in a real browser: play, step, decide, undo, kill.

Nothing is reached but the server on this machine; the browser and the server are processes of
their own, so that no socket is opened here.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from castcheck.batch.record import Finished
from castcheck.config import ReportSettings
from castcheck.facts.report import Report
from castcheck.report.html import render
from castcheck.report.writers import ReportInputs
from castcheck.review.decisions import current, read_decisions
from tests.castcheck import review_run, support

playwright_api = pytest.importorskip("playwright.sync_api", reason="wants playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="wants a chromium on the PATH"),
]
PATIENCE_MS = 60_000
# What the picture on screen says its number is.
NUMBER = """() => {
  const film = document.querySelector("#stage > :first-child");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const pen = canvas.getContext("2d");
  pen.drawImage(film, 0, 0, 640, 360);
  return [...Array(8).keys()].map((bit) => pen.getImageData(12 + 24 * bit, 12, 1, 1).data[0]);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        # No sandbox: containers, where tests run as root, have none to give.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    # A browser that is told to hold requests back while it loads may let the next one pass: from
    # the beginning it asks about each.
    page.route("**/never-asked-for", lambda route: route.abort())
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    assert page.errors == []
    context.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    return review_run.make_run(tmp_path_factory.mktemp("browser"))


@pytest.fixture
def run(made, tmp_path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


@pytest.fixture
def served(run, page) -> Any:
    with review_run.serving(run, "--port", "0") as process:
        enter(page, review_run.address_of(process))
        yield process


def enter(page, address: str, kind: str = "clip") -> None:
    page.goto(address)
    page.wait_for_selector(f"#stage[data-kind={kind}]")


def wait_frame(page, frame: int) -> None:
    page.wait_for_selector(f"#stage[data-frame='{frame}']")


def on_screen(page) -> int:
    return review_run.number_of(page.evaluate(NUMBER))


def let_go(page, held: list[Any]) -> None:
    """Let a request go on that was held back; the page may be busy before it has been sent."""
    for _ in range(500):
        if held:
            break
        page.wait_for_timeout(10)
    held[0].continue_()


def wait_saved(page, count: int, total: int = 3) -> None:
    page.wait_for_function(
        "text => document.querySelector('#progress-text').textContent === text",
        arg=f"{count} of {total} findings decided",
    )


def wait_sent(page) -> None:
    """Wait until the server has everything."""
    page.wait_for_function(
        "() => Object.keys(localStorage).filter((k) => k.endsWith(':pending'))"
        ".every((k) => localStorage[k] === '[]')"
    )


def written(run: Path) -> list[tuple[str | None, str | None]]:
    reading = read_decisions(run / "decisions.jsonl")
    assert reading.complaints == ()
    return [(d.finding, d.decision) for d in reading.decisions]


def test_what_is_on_screen_is_the_frame_it_says(served, page):
    wait_frame(page, 38)
    assert on_screen(page) == 38
    frame = 38
    for key, step in [
        ("ArrowRight", 1),
        ("ArrowRight", 1),
        ("ArrowLeft", -1),
        (".", 1),
        ("Shift+ArrowLeft", -10),
        ("Shift+ArrowRight", 10),
        (",", -1),
    ]:
        frame += step
        page.keyboard.press(key)
        wait_frame(page, frame)
        assert on_screen(page) == frame
        assert f"frame {frame} of 150" in page.inner_text("#frame")


def test_it_plays_and_loops_around_the_finding(served, page):
    wait_frame(page, 38)
    page.keyboard.press("l")
    page.wait_for_function("() => !document.querySelector('#stage video').paused")
    # 0.75 s on both sides of frame 38: from 20 up to 57, and back again, and again.
    frame = "Number(document.querySelector('#stage').dataset.frame)"
    for _ in range(2):
        page.wait_for_function(f"() => {frame} > 44")
        page.wait_for_function(f"() => {frame} < 38")
    seen = {int(page.get_attribute("#stage", "data-frame")) for _ in range(60)}
    # A busy machine shows the end late, but never the end of the clip, nor what is before.
    assert min(seen) >= 20
    assert max(seen) < 120
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('#stage video').paused")
    shown, said = -1, -2
    for _ in range(50):
        shown, said = on_screen(page), int(page.get_attribute("#stage", "data-frame"))
        if shown == said:
            break
        page.wait_for_timeout(200)
    assert shown == said


def test_the_boxes_go_with_the_clip(served, page):
    wait_frame(page, 38)
    inked = """() => {
      const c = document.querySelector("#stage .overlay");
      return c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v);
    }"""
    assert page.evaluate(inked)
    page.keyboard.press("b")
    assert not page.evaluate(inked)


def test_both_sides_of_a_change(served, page, run):
    page.wait_for_selector("#sides[data-frames='37 38']")
    page.keyboard.press("]")
    page.wait_for_selector("#sides[data-frames='36 39']")
    page.keyboard.press("[")
    page.wait_for_selector("#sides[data-frames='37 38']")
    shape = (
        "() => { const c = document.querySelector('#sides canvas'); return c.width / c.height; }"
    )
    close = page.evaluate(shape)
    page.keyboard.press("z")
    assert page.evaluate(shape) == pytest.approx(640 / 360, abs=0.02)
    assert close != pytest.approx(640 / 360, abs=0.02)


def test_decide_undo_and_what_is_in_the_file(served, page, run):
    ids = [
        f["id"]
        for f in json.loads((run / "room_swap/result.json").read_text())["record"]["findings"]
    ]
    page.keyboard.press("1")
    wait_saved(page, 1)
    wait_frame(page, 141)  # the next one is chosen: the end of a drift
    page.keyboard.press("2")
    wait_saved(page, 2)
    page.keyboard.press("3")
    page.wait_for_selector("#kind-dialog[open]")
    page.keyboard.press("2")  # the second of the other kinds: morph
    wait_saved(page, 3)
    wait_sent(page)
    assert written(run) == [(ids[0], "right"), (ids[1], "wrong"), (ids[2], "other_kind")]
    page.keyboard.press("u")
    wait_saved(page, 2)
    page.keyboard.press("4")
    wait_saved(page, 3)
    page.keyboard.press("u")
    wait_saved(page, 2)
    page.keyboard.press("u")
    wait_saved(page, 1)
    wait_sent(page)
    assert written(run)[3:] == [
        (ids[2], None),
        (ids[2], "duplicate"),
        (ids[2], None),
        (ids[1], None),
    ]
    counted = current(read_decisions(run / "decisions.jsonl").decisions).values()
    assert [(d.finding, d.decision) for d in counted] == [(ids[0], "right")]
    page.reload()
    wait_saved(page, 1)


def test_something_missed_by_keys_alone(served, page, run):
    page.keyboard.press("j")
    page.wait_for_function(
        "() => document.querySelector('#clip-name').textContent === 'room_clean.mp4'"
    )
    page.wait_for_selector("main[aria-busy=false]")  # until then keys decide nothing
    page.wait_for_selector("#stage[data-kind=clip]")
    page.keyboard.press("ArrowRight")
    wait_frame(page, 1)
    page.keyboard.press("m")
    page.wait_for_selector("#missed-dialog[open]")
    page.keyboard.type("Clo")
    page.keyboard.press("Enter")
    page.wait_for_selector("#missed li")
    wait_sent(page)
    (decision,) = read_decisions(run / "decisions.jsonl").decisions
    assert (decision.finding, decision.decision, decision.kind) == (None, "missed", "clone")
    assert (decision.start_frame, decision.stop_frame) == (1, 2)
    page.keyboard.press("u")
    page.wait_for_selector("#missed li", state="detached")
    wait_sent(page)
    assert current(read_decisions(run / "decisions.jsonl").decisions) == {}


def test_keys_that_come_before_the_player_are_kept(served, page):
    """The clip before was at frame 38, and the file of this one is still on its way."""
    held = []
    released: list[bool] = []
    page.route(
        "**/clips/1/video", lambda route: route.continue_() if released else held.append(route)
    )
    page.keyboard.press("j")
    page.wait_for_selector("main[aria-busy=false]")
    assert page.inner_text("#clip-name") == "room_clean.mp4"
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.get_attribute("#stage", "data-kind") is None  # not the one of the clip before
    page.keyboard.press("m")
    assert page.input_value("#missed-start") == "11"
    page.keyboard.press("Escape")
    assert held
    released.append(True)
    for route in held:
        route.continue_()
    page.wait_for_selector("#stage[data-kind=clip]")
    wait_frame(page, 11)
    assert on_screen(page) == 11


def test_what_is_asked_of_a_clip_on_its_way_is_said_to_wait(served, page):
    held = []
    page.route("**/api/clips/1", lambda route: held.append(route))  # noqa: PLW0108 (wants a function)
    page.keyboard.press("j")
    page.wait_for_selector("main[aria-busy=true]")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#saved") == "The next clip is still on its way."
    page.keyboard.press("j")  # goes on from the clip that comes, not from the one that was there
    assert page.inner_text("#saved") == "That was the last one."
    let_go(page, held)
    page.wait_for_selector("#stage[data-kind=clip]")
    assert page.inner_text("#clip-name") == "room_clean.mp4"
    wait_frame(page, 0)


def test_nothing_is_decided_about_a_clip_that_is_on_its_way(served, page, run):
    held = []
    page.route("**/api/clips/1", lambda route: held.append(route))  # noqa: PLW0108 (wants a function)
    page.keyboard.press("j")
    page.wait_for_selector("main[aria-busy=true]")
    for key in "12m":
        page.keyboard.press(key)
    assert "Nothing decided" in page.inner_text("#saved")
    assert not page.locator("#missed-dialog").is_visible()
    let_go(page, held)
    page.wait_for_selector("main[aria-busy=false]")
    assert page.inner_text("#clip-name") == "room_clean.mp4"
    page.keyboard.press("p")
    page.wait_for_function(
        "() => document.querySelector('#clip-name').textContent === 'room_swap.mp4'"
    )
    page.wait_for_selector("main[aria-busy=false]")
    page.keyboard.press("2")
    wait_saved(page, 1)
    wait_sent(page)
    assert [word for _, word in written(run)] == ["wrong"]


def test_what_was_accepted_before_is_no_work(page, run):
    for name in ("report.json", "result.json"):
        path = run / "room_swap" / name
        table = json.loads(path.read_text())
        for finding in table.get("record", table)["findings"]:
            finding["accepted"] = finding["kind"] == "swap"
        path.write_text(json.dumps(table))
    with review_run.serving(run, "--port", "0") as process:
        enter(page, review_run.address_of(process))
        wait_saved(page, 0, 2)
        assert page.inner_text("#finding .number") == "1 of 3"
        assert page.locator("#findings .open").all_inner_texts() == ["open", "open", "accepted"]
        page.keyboard.press("1")
        wait_saved(page, 1, 2)
        page.keyboard.press("2")
        wait_saved(page, 2, 2)
        assert "Every finding in this list is decided" in page.inner_text("#saved")
        told = page.locator("#so-far li").all_inner_texts()
        assert ["".join(line.split()) for line in told] == ["Drift1of1right", "Vanish0of1right"]


def test_a_note_is_kept(served, page, run):
    page.keyboard.press("t")
    page.keyboard.type("his 2nd face")  # digits are digits here, not decisions
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    wait_saved(page, 1)
    wait_sent(page)
    (decision,) = read_decisions(run / "decisions.jsonl").decisions
    assert decision.note == "his 2nd face"


def test_nothing_is_lost_when_the_server_is_killed(run, page):
    with review_run.serving(run, "--port", "0") as first:
        address = review_run.address_of(first)
        enter(page, address)
        page.keyboard.press("1")
        wait_saved(page, 1)
        wait_sent(page)
        first.kill()
        first.wait()
        assert [word for _, word in written(run)] == ["right"]
        page.keyboard.press("2")
        page.wait_for_function(
            "() => document.querySelector('#trouble').textContent.includes('1 decision waits')"
        )
        assert [word for _, word in written(run)] == ["right"]
    port = str(urlsplit(address).port)
    with review_run.serving(run, "--port", port) as second:
        address = review_run.address_of(second)
        page.wait_for_function(
            "() => document.querySelector('#trouble').textContent.includes('started again')"
        )
        enter(page, address)
        wait_saved(page, 2)
        wait_sent(page)
        assert [word for _, word in written(run)] == ["right", "wrong"]
        assert not page.is_visible("#trouble")
        page.reload()
        wait_saved(page, 2)


def test_another_site_gets_nothing_and_writes_nothing(served, page, run):
    sha256 = json.loads((run / "room_swap/result.json").read_text())["record"]["sha256"]
    base = page.evaluate("location.origin")
    page.context.route(
        "http://evil.test/**",
        lambda route: route.fulfill(body="<p>hello</p>", content_type="text/html"),
    )
    other = page.context.new_page()
    other.goto("http://evil.test/")
    got = other.evaluate(
        """async ([base, sha256]) => {
          const wish = {clip_sha256: sha256, finding: "swap-38-0-1", decision: "wrong"};
          const body = JSON.stringify(wish);
          const facts = {method: "POST", mode: "no-cors", credentials: "include", body};
          await fetch(`${base}/api/decisions`, facts).catch(() => {});
          const asked = fetch(`${base}/api/run`, {credentials: "include"});
          const read = await asked.then((answer) => answer.text(), () => "");
          const image = new Image();
          const seen = await new Promise((done) => {
            image.onload = () => done(true);
            image.onerror = () => done(false);
            image.src = `${base}/clips/0/poster`;
          });
          return [read, seen];
        }""",
        [base, sha256],
    )
    assert got == ["", False]
    assert not (run / "decisions.jsonl").exists()


@pytest.mark.parametrize(
    ("formats", "kind", "says"),
    [
        pytest.param(("html", "video"), "annotated", "annotated.mp4", id="annotated"),
        pytest.param(("html",), "frames", "frames that the server reads", id="frames"),
    ],
)
def test_a_codec_the_browser_does_not_know(page, tmp_path, formats, kind, says):
    clip = review_run.write_numbered(tmp_path / "old.avi", codec="mpeg4", frames=150)
    run = tmp_path / "run"
    run.mkdir()
    review_run.add_clip(run, clip, support.full_report(), formats=formats)
    with review_run.serving(run, "--port", "0") as process:
        enter(page, review_run.address_of(process), kind)
        wait_frame(page, 38)
        assert "cannot play the clip" in page.inner_text("#media-note")
        assert says in page.inner_text("#media-note")
        page.keyboard.press("ArrowRight")
        wait_frame(page, 39)
        if kind == "frames":
            assert on_screen(page) == 39
            page.keyboard.press(" ")
            page.wait_for_function(
                "() => Number(document.querySelector('#stage').dataset.frame) > 45"
            )
            page.keyboard.press(" ")
        page.keyboard.press("1")
        wait_saved(page, 1)
        wait_sent(page)
        assert len(written(run)) == 1


def test_a_clip_that_is_gone_is_decided_from_the_pictures_of_its_report(page, tmp_path):
    run = review_run.make_run(tmp_path)
    shutil.rmtree(tmp_path / "clips")
    with review_run.serving(run, "--port", "0") as process:
        page.goto(review_run.address_of(process))
        page.wait_for_selector("#report-section:not([hidden])")
        assert "no longer at" in page.inner_text("#media-note")
        picture = page.frame_locator("#report").locator("article.finding img").first
        picture.wait_for()
        # The page inside must not keep the keys for itself.
        page.wait_for_function("() => document.activeElement === document.body")
        page.wait_for_timeout(500)
        page.keyboard.press("1")
        wait_saved(page, 1)
        wait_sent(page)
    assert len(written(run)) == 1


def test_hundreds_of_clips(page, run):
    table = json.loads((run / "room_clean/result.json").read_text())
    lines = []
    for number in range(700):
        folder = run / f"night_{number:03d}"
        folder.mkdir()
        record = {**table["record"], "folder": folder.name, "clip": f"{folder.name}.mp4"}
        record["sha256"] = f"{number:064x}"
        (folder / "result.json").write_text(json.dumps({**table, "record": record}))
        Finished.from_json((folder / "result.json").read_text())
        shutil.copy(run / "room_clean/report.json", folder)
        lines.append(json.dumps(record))
    with (run / "summary.jsonl").open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))
    asked: Counter[str] = Counter()
    page.on("request", lambda request: asked.update([request.url] * ("/poster" in request.url)))
    with review_run.serving(run, "--port", "0") as process:
        enter(page, review_run.address_of(process))
        assert page.inner_text("#count") == "702 clips"
        assert page.locator(".clip-row").count() < 40
        page.keyboard.press("g")
        page.keyboard.press("End")
        page.wait_for_function(
            "() => document.querySelector('.clip-row[aria-selected=true] .clip-name')"
            "?.textContent === 'night_699.mp4'"
        )
        assert page.locator(".clip-row").count() < 40
        page.keyboard.press("/")
        page.keyboard.type("night_42")
        page.wait_for_function(
            "() => document.querySelector('#count').textContent === '10 of 702 clips'"
        )
        page.fill("#search", "")
        page.select_option("#filter-state", "found")
        page.wait_for_function(
            "() => document.querySelector('#count').textContent === '1 of 702 clips'"
        )
    assert asked
    assert set(asked.values()) == {1}  # a list that is drawn again asks for no picture again


def test_a_phone(browser, run):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    with review_run.serving(run, "--port", "0") as process:
        enter(page, review_run.address_of(process))
        wait_frame(page, 38)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for selector in ("#stage", "#decide [data-do=right]", "#brief"):
            box = page.locator(selector).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            assert box["y"] + box["height"] <= 844
        page.tap("#decide [data-do=wrong]")
        wait_saved(page, 1)
        page.tap("#show-clips")
        page.tap(".clip-row >> nth=1")
        page.wait_for_function(
            "() => document.querySelector('#clip-name').textContent === 'room_clean.mp4'"
        )
        wait_sent(page)
    context.close()
    assert [word for _, word in written(run)] == ["wrong"]


def report_page(folder: Path, clip: Path, report: Report, **settings: Any) -> Path:
    from scenes.source import clip_sha256

    facts = replace(report.clip, path=str(clip), sha256=clip_sha256(clip))
    report = replace(report, clip=facts)
    made = ReportSettings(**settings)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    material = ReportInputs(report, support.make_visuals(report), made, clip, folder)
    path.write_text(render(material), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_the_labels_of_the_ruler_keep_apart(page, tmp_path, made, width):
    path = report_page(
        tmp_path / "room", made.parent / "clips/room_swap.mp4", support.full_report()
    )
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(path.as_uri())
    page.wait_for_selector("#stage[data-kind=clip]")
    spans = page.evaluate("""() => {
      const text = document.createRange();
      const end = document.querySelector(".row-ruler .track").getBoundingClientRect().right;
      return [[end, end], ...[...document.querySelectorAll(".tick")].reverse().flatMap((tick) => {
        text.selectNodeContents(tick);
        const { left, right, width } = text.getBoundingClientRect();
        return width ? [[left, right]] : [];
      })];
    }""")
    assert len(spans) > 3
    assert all(right < left for (left, _), (_, right) in pairwise(spans))


def test_the_timeline_and_the_loop_of_the_static_report(page, tmp_path, made):
    path = report_page(
        tmp_path / "room", made.parent / "clips/room_swap.mp4", support.full_report()
    )
    page.goto(path.as_uri())
    page.wait_for_selector("#stage[data-kind=clip]")
    lane = page.locator(".row-lane .track").first
    lane.click(position={"x": 0.505 * lane.bounding_box()["width"], "y": 3})
    wait_frame(page, 75)
    page.click("[data-play=loop]")  # nothing was watched yet: the whole clip
    assert page.get_attribute("[data-play=loop]", "aria-pressed") == "true"
    page.locator("#f1 .watch").click()  # the swap at frame 38
    page.wait_for_function("() => Number(document.querySelector('#stage').dataset.frame) >= 38")
    page.wait_for_function("() => Number(document.querySelector('#stage').dataset.frame) < 38")
    page.click("[data-play=loop]")
    assert page.get_attribute("[data-play=loop]", "aria-pressed") == "false"
    page.wait_for_function("() => Number(document.querySelector('#stage').dataset.frame) > 70")


@pytest.mark.parametrize("way", ["linked", "odd-name", "embedded", "gone", "gone-with-annotated"])
def test_the_static_report_plays_the_clip(page, tmp_path, made, way):
    source = made.parent / "clips/room_swap.mp4"
    (tmp_path / "clips").mkdir()
    name = "50 % #1?: ü&'.mp4" if way == "odd-name" else "room.mp4"
    clip = Path(shutil.copy(source, tmp_path / "clips" / name))
    formats = "html,video" if way == "gone-with-annotated" else "html"
    path = report_page(
        tmp_path / "out/room",
        clip,
        support.full_report(),
        embed_video=way == "embedded",
        formats=formats,
    )
    if way in {"embedded", "gone", "gone-with-annotated"}:
        clip.unlink()
    if way == "gone-with-annotated":
        shutil.copy(source, path.parent / "annotated.mp4")
    page.goto(path.as_uri())
    kind = {"gone": "none", "gone-with-annotated": "annotated"}.get(way, "clip")
    page.wait_for_selector(f"#stage[data-kind={kind}]", state="attached")
    note = page.locator("#play-note")
    if way == "gone":
        assert "not where it was" in note.inner_text()
        assert not page.locator(".watch").first.is_visible()
        return
    assert note.is_visible() == (way == "gone-with-annotated")
    wait_frame(page, 0)
    page.focus("#stage")
    page.keyboard.press("ArrowRight")
    wait_frame(page, 1)
    if way == "embedded":
        assert on_screen(page) == 1
    page.locator("#f1 .watch").click()
    page.wait_for_function("() => Number(document.querySelector('#stage').dataset.frame) >= 38")


def test_the_static_report_keeps_decisions_and_exports_them(page, tmp_path, made):
    clip = made.parent / "clips/room_swap.mp4"
    path = report_page(tmp_path / "room", clip, support.full_report())
    page.goto(path.as_uri())
    page.fill("#by", "cleo")
    page.click("#f1 [data-say=right]")
    page.click("#f2 [data-say=wrong]")
    page.click("#f2 [data-say=wrong]")  # taken back
    page.select_option("#f3 select[data-say]", "pop_in")
    assert page.inner_text("#decided") == "2 of 3 decided"
    page.reload()
    page.wait_for_selector("#f1 [data-say=right][aria-pressed=true]")
    assert page.input_value("#by") == "cleo"
    assert page.inner_text("#decided") == "2 of 3 decided"
    with page.expect_download() as download:
        page.click("#export")
    assert download.value.suggested_filename == "decisions.jsonl"
    exported = tmp_path / "exported.jsonl"
    download.value.save_as(exported)
    reading = read_decisions(exported)
    assert reading.complaints == ()
    assert {d.by for d in reading.decisions} == {"cleo"}
    counted = current(reading.decisions).values()
    assert [(d.finding, d.decision, d.kind) for d in counted] == [
        ("swap-38-0-1", "right", None),
        ("vanish-128-4", "other_kind", "pop_in"),
    ]
