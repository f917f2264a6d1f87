"""The page: everything found is on it, it needs no network, and it stays small."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from castcheck.config import Config, ReportSettings
from castcheck.facts.report import Report
from castcheck.report.html import render
from castcheck.report.palette import contrast, style_of
from castcheck.report.pictures import MARKUP_BYTES, choose
from castcheck.report.visuals import Picture, Visuals
from castcheck.report.writers import ReportInputs
from tests.castcheck import support

VOID = {"meta", "img", "link", "input", "br", "hr"}


class Page(HTMLParser):
    """Counts what is on a page, and checks that its tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [a for _, a in self.elements if name in (a.get("class") or "").split()]


def page_of(report: Report, visuals: Visuals | None = None) -> tuple[str, Page]:
    material = ReportInputs(
        report, visuals or support.make_visuals(report), Config().report, Path("clip.mp4")
    )
    text = render(material)
    return text, Page(text)


REPORTS = {
    "empty": support.empty_report(),
    "single": support.single_report(),
    "clean": support.pass_report(),
    "full": support.full_report(),
    "crowd": support.crowd_report(),
    "no-shots": Report(support.empty_report().clip, "abstain"),
    "long-name": support.full_report("x" * 255 + ".mp4"),
    "script-name": support.full_report("</script><script>alert(1)</script>&<!--.mp4"),
    "rtl": support.full_report("קליפ.mp4"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_everything_found_is_on_the_page(name):
    report = REPORTS[name]
    text, page = page_of(report)
    assert len(page.of_class("finding")) == len(report.findings)
    assert len(page.of_class("marker")) == len(report.findings)
    assert len(page.of_class("person")) == len(report.characters)
    untold = any(s.character is None for t in report.tracklets for s in t.segments)
    assert len(page.of_class("row-lane")) == len(report.characters) + untold
    assert len(page.of_class("shot")) == len(page.of_class("shot-card")) == len(report.shots)
    assert f'class="verdict {report.verdict}"' in text
    for line in report.degradations:
        assert line in text
    for character in report.characters:
        assert character.abstained in text


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_loaded_from_anywhere(name):
    text, page = page_of(REPORTS[name])
    for tag, attrs in page.elements:
        for key in ("src", "href", "srcset", "data", "action"):
            value = attrs.get(key)
            assert value is None or value.startswith(("#", "data:image/jpeg;base64,")), (tag, value)
        assert tag not in {"link", "iframe", "object", "base", "form"}
        assert not [key for key in attrs if key.startswith("on")]
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert not re.findall(r"url\((?!data:image/jpeg;base64,)", text)


@pytest.mark.parametrize("name", REPORTS)
def test_links_lead_somewhere_and_ids_are_there_once(name):
    _, page = page_of(REPORTS[name])
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {(a.get("href") or "")[1:] for t, a in page.elements if t in {"a", "use"}}
    assert targets <= set(ids)


def test_data_cannot_leave_its_script():
    text, page = page_of(REPORTS["script-name"])
    assert "alert(1)</script>" not in text
    assert sum(tag == "script" for tag, _ in page.elements) == 2


def test_every_picture_says_what_it_is():
    _, page = page_of(REPORTS["full"])
    assert all(attrs.get("alt") for tag, attrs in page.elements if tag == "img")


def test_findings_show_frame_and_time_of_both_sides():
    text, _ = page_of(REPORTS["full"])
    for part in ("frame 37", "frame 38", "0:01.54", "0:01.58", "before", "after", "97 % sure"):
        assert part in text


@pytest.mark.parametrize(
    ("who", "was", "said"),
    [
        pytest.param("char-01", None, ["char-01"], id="one"),
        pytest.param("char-01", "char-02", ["Mei", "char-01"], id="another one before"),
        pytest.param("char-01", "", ["another person", "char-01"], id="nobody known before"),
        pytest.param(None, "char-02", ["Mei", ""], id="nobody known after"),
        pytest.param(None, None, [], id="nobody known"),
    ],
)
def test_crops_are_headed_by_who_is_there_before_and_after(who, was, said):
    report = support.full_report()
    shown = support.make_visuals(report)
    some = next(pairs[0] for pairs in shown.comparisons.values())
    one = replace(some, character_id=who, was_id=was)
    text, _ = page_of(report, replace(shown, comparisons=dict.fromkeys(shown.comparisons, (one,))))
    heads = re.findall(r'<p class="pair-who">(.*?)</p>', text)
    names = [re.findall(r"<bdi>(.*?)</bdi>", head) for head in heads]
    assert names == [said] * (len(report.findings) if said else 0)


@pytest.mark.parametrize("jpeg_bytes", [500, 20_000])
def test_a_minute_stays_under_two_megabytes_and_says_what_was_left_out(jpeg_bytes):
    report = support.crowd_report()
    strips = {
        character.id: tuple(
            Picture(frame, 0, b"\xff" * jpeg_bytes, 64, 128) for frame in range(0, 1400, 14)
        )
        for character in report.characters
    }
    drawn = support.make_visuals(report)
    shots = {shot.index: b"\xff" * jpeg_bytes for shot in report.shots}
    text, page = page_of(report, Visuals(strips, drawn.comparisons, shots))
    assert len(text.encode()) < 2_000_000
    assert page.of_class("thinned")
    assert "pictures of characters shown" in text


def test_evidence_comes_first_when_pictures_do_not_fit():
    report = support.full_report()
    visuals = support.make_visuals(report)
    sizes = sum(
        len(p.jpeg) + MARKUP_BYTES for pairs in visuals.comparisons.values() for c in pairs
        for p in (*c.before, *c.after)
    )  # fmt: skip
    chosen = choose(visuals, report, budget_bytes=round(sizes / 0.6) + 10)
    assert chosen.visuals.comparisons == visuals.comparisons
    assert not chosen.notes or "before" not in " ".join(chosen.notes)
    tiny = choose(visuals, report, budget_bytes=18_000)
    assert next(iter(tiny.visuals.comparisons)) == "swap-38-0-1"
    assert any("before-and-after" in note for note in tiny.notes)
    nothing = choose(visuals, report, budget_bytes=0)
    assert nothing.visuals == Visuals()


def test_the_budget_is_a_setting():
    report = support.crowd_report()
    material = support.make_material(report, Config(), Path("x"))
    small = ReportInputs(report, material.visuals, ReportSettings(picture_kb=50), Path("x"))
    assert len(render(material)) - len(render(small)) > 500_000


def test_characters_can_be_told_apart_in_colour_in_grey_and_by_letter():
    looks = [style_of(index) for index in range(30)]
    assert len({one.letter for one in looks}) == 30
    assert len({(one.colour, one.pattern) for one in looks}) == 30
    assert all(contrast(one.colour, one.ink) >= 4.5 for one in looks)
    neighbours = pairwise(looks)
    assert all(a.pattern != b.pattern for a, b in neighbours)


def test_what_may_be_nobody_is_counted_and_not_shown():
    text, _ = page_of(REPORTS["full"])
    assert text.count("1 more tracklet may be this character or no one") == 1


def played(text: str) -> list[dict[str, str]]:
    """Return what the page plays, in order."""
    data = re.search(r'id="castcheck-data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    sources: list[dict[str, str]] = json.loads(data[1])["sources"]
    return sources


@pytest.mark.parametrize(
    ("name", "home", "settings", "expect"),
    [
        pytest.param("a.mp4", "out/a", {}, ["clip ./../../a.mp4"], id="beside"),
        pytest.param(
            "50 %#?ü.mp4", "out", {}, ["clip ./../50%20%25%23%3F%C3%BC.mp4"], id="odd-name"
        ),
        pytest.param("a:b.mp4", ".", {}, ["clip ./a%3Ab.mp4"], id="like-a-scheme"),
        pytest.param("a.mp4", None, {}, [], id="nobody-knows-where"),
        pytest.param("folder", "out", {}, [], id="pictures"),
        pytest.param("gone.mp4", "out", {}, [], id="no-such-file"),
        pytest.param(
            "a.mp4", None, {"formats": "html,video"}, ["annotated annotated.mp4"], id="annotated"
        ),
        pytest.param("a.mp4", "out", {"embed_video": True}, [], id="embedded"),
    ],
)
def test_what_the_page_plays(tmp_path, name, home, settings, expect):
    clip = tmp_path / name
    if name == "folder":
        clip.mkdir()
    elif name != "gone.mp4":
        clip.write_bytes(b"moving pictures")
    report = support.full_report(name)
    place = None if home is None else tmp_path / home
    text = render(ReportInputs(report, Visuals(), ReportSettings(**settings), clip, place))
    assert [f"{source['kind']} {source['url']}" for source in played(text)] == expect
    held = re.search(r'id="castcheck-video" data-type="video/mp4">([^<]*)<', text)
    assert (held is not None) == (settings.get("embed_video") is True)
    if held is not None:
        assert base64.b64decode(held[1]) == b"moving pictures"


@pytest.mark.parametrize(("name", "says"), [("folder", "folder of pictures"), ("long.mp4", "MB")])
def test_a_clip_no_page_can_hold_is_told(tmp_path, monkeypatch, name, says):
    monkeypatch.setattr("castcheck.report.html.EMBED_LIMIT_BYTES", 10)
    clip = tmp_path / name
    if name == "folder":
        clip.mkdir()
    else:
        clip.write_bytes(b"more than ten bytes")
    settings = ReportSettings(embed_video=True)
    text = render(ReportInputs(support.full_report(name), Visuals(), settings, clip, tmp_path))
    assert says in text
    assert 'castcheck-video" data-type' not in text
    assert len(played(text)) == (name != "folder")
