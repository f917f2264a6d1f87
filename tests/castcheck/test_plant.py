"""Planted errors: what is drawn where and when, what its truth says, and what is refused."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from castcheck.cli import app
from castcheck.planting import video
from castcheck.planting.drawing import drawn, painted_window
from castcheck.planting.index import keep_only, read_index
from castcheck.planting.material import Material
from castcheck.planting.plan import Plan, Stock
from castcheck.planting.score import Judged, judged_clip, summary_lines, wilson
from castcheck.planting.truth import strength_of, text_of, truth_of
from castcheck.planting.ways import WAYS
from castcheck.planting.wish import Wish
from castcheck.runs.matching import Truth
from identity.findings import Finding
from scenes.source import open_source
from tests.castcheck.drawn import LOOKS, boxes_text, material, scene
from tests.castcheck.support import pass_report
from tests.scenes.clips import write_clip

RUNNER = CliRunner()
ERRORS = [name for name, kind in WAYS.items() if kind.group != "legal"]
LEGAL = [name for name, kind in WAYS.items() if kind.group == "legal"]
# What the drawn scene cannot carry: nobody passes anybody, all hair is brown, and heads are small.
NOT_HERE = {"swap_crossing", "hair_swap", "head_swap"}


@lru_cache(maxsize=1)
def windows() -> tuple[Material, Material]:
    """Return where it is planted and where donors come from: drawn and masked once."""
    return material(("red", "blue")), material(("green",), name="other", seed=3)


def stock(amount: float = 1.0) -> Stock:
    own, other = windows()
    return Stock(own, (other,), amount)


def plan_of(name: str, amount: float = 1.0) -> tuple[Plan, Stock]:
    own = stock(amount)
    plan = WAYS[name].make(own, np.random.default_rng(1))
    assert isinstance(plan, Plan), plan
    return plan, own


def colour_in(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the median colour of somebody's chest."""
    x1, y1, x2, y2 = (int(v) for v in box)
    w, h = x2 - x1, y2 - y1
    chest = picture[y1 + int(0.32 * h) : y1 + int(0.5 * h), x1 + w // 4 : x2 - w // 4]
    return np.asarray(np.median(chest.reshape(-1, 3), axis=0))


def wears(picture: np.ndarray, box: np.ndarray) -> str:
    seen = colour_in(picture, box)
    return min(LOOKS, key=lambda look: float(np.abs(seen - LOOKS[look]).sum()))


@pytest.mark.parametrize("name", [name for name in ERRORS if name not in NOT_HERE])
def test_an_error_is_drawn_from_its_onset_on_and_nowhere_before(name: str) -> None:
    plan, own = plan_of(name)
    pictures = list(drawn(plan, own.material, 1.0))
    plain = list(drawn(replace(plan, paint=None), own.material, 1.0))
    steps = plan.take.steps
    assert len(pictures) == len(steps) == len(plain)
    shown = [s.amount > 0 for s in steps]
    changed = [bool((a != b).any()) for a, b in zip(pictures, plain, strict=True)]
    assert changed == shown
    assert any(shown)
    assert WAYS[name].group == plan.kind
    assert not plan.look_alike
    truth = truth_of(plan, own.material, clip="a.mp4", asked=1, seed=0, kind=name)
    assert truth["events"][0]["whole_picture"] is name.startswith("restyle")
    if name != "clone_mirrored":  # it is there from the first picture on
        assert not all(shown)


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_look_alike_changes_pictures_and_nobody(name: str) -> None:
    plan, own = plan_of(name)
    pictures = list(drawn(plan, own.material, 1.0))
    assert plan.look_alike
    before = own.material.frames
    assert len(pictures) != len(before) or bool((np.stack(pictures) != before).any())
    truth = truth_of(plan, own.material, clip="a.mp4", asked=1, seed=0, kind=name)
    assert truth["events"][0]["look_alike"] is True
    assert all(
        look == person["person"]
        for person in truth["people"]
        for track in person["tracks"]
        for look in track["look"]
    )
    assert Truth.from_dict(truth).events == ()  # so that telling it is a false alarm


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("swap_at_once", ("blue", "red")),
        ("swap_slow", ("blue", "red")),
        ("swap_cut", ("blue", "red")),
        ("swap_boundary", ("blue", "red")),
        ("upper_swap", ("blue", "red")),
    ],
)
def test_the_looks_change_places(name: str, expected: tuple[str, str]) -> None:
    plan, own = plan_of(name)
    truth = truth_of(plan, own.material, clip="a.mp4", asked=1, seed=0, kind=name)
    pictures = list(drawn(plan, own.material, 1.0))
    last = len(pictures) - 1
    boxes = [p["tracks"][0]["boxes"] for p in truth["people"]]
    assert tuple(wears(pictures[0], np.array(rows[0])) for rows in boxes) == ("red", "blue")
    assert tuple(wears(pictures[last], np.array(rows[-1])) for rows in boxes) == expected


@pytest.mark.parametrize("name", ["morph_at_once", "morph_slow", "stranger_cut", "drift_shot"])
def test_somebody_of_another_clip_takes_the_place(name: str) -> None:
    plan, own = plan_of(name)
    pictures = list(drawn(plan, own.material, 1.0))
    truth = truth_of(plan, own.material, clip="a.mp4", asked=1, seed=0, kind=name)
    who = truth["events"][0]["people"][0]
    track = next(p for p in truth["people"] if p["person"] == who)["tracks"][0]
    assert wears(pictures[-1], np.array(track["boxes"][-1])) == "green"
    assert track["look"][0] == who
    assert track["look"][-1] == "other"


@pytest.mark.parametrize(
    ("name", "first", "last"), [("vanish", True, False), ("pop_in", False, True)]
)
def test_who_vanishes_leaves_the_wall(name: str, *, first: bool, last: bool) -> None:
    plan, own = plan_of(name)
    pictures = list(drawn(plan, own.material, 1.0))
    track = next(t for t in own.material.tracks if t.name == plan.people[0])
    for frame, there in ((0, first), (len(pictures) - 1, last)):
        seen = colour_in(pictures[frame], track.boxes[frame])
        is_wall = bool(np.abs(seen - np.array([168, 162, 154])).max() < 25)
        assert is_wall is not there
    truth = truth_of(plan, own.material, clip="a.mp4", asked=1, seed=0, kind=name)
    frames = next(p for p in truth["people"] if p["person"] == track.name)["tracks"][0]["frames"]
    assert (0 in frames, len(pictures) - 1 in frames) == (first, last)


@pytest.mark.parametrize(("name", "gone_at"), [("vanish", -1), ("pop_in", 0)])
def test_where_the_camera_moves_a_blur_takes_the_place(name: str, gone_at: int) -> None:
    own = material()
    own._still = False
    plan = WAYS[name].make(Stock(own, ()), np.random.default_rng(1))
    assert isinstance(plan, Plan)
    assert plan.take.where == "blurred"
    pictures = list(drawn(plan, own, 1.0))
    track = next(t for t in own.tracks if t.name == plan.people[0])
    before, after = (colour_in(p[gone_at], track.boxes[gone_at]) for p in (own.frames, pictures))
    assert np.abs(before - after).max() > 25
    there = -1 - gone_at
    assert np.array_equal(pictures[there], own.frames[there])


def test_who_fills_the_picture_is_not_taken_out_of_it() -> None:
    own = material(("red",))
    own._still = False
    width, height = own.size
    own.tracks[0].boxes[:] = (0.1 * width, 0, 0.9 * width, height)
    answer = WAYS["vanish"].make(Stock(own, ()), np.random.default_rng(1))
    assert isinstance(answer, str)


HEAD = np.array([0.2, 0.0, 0.8, 0.25], np.float32)  # of the drawn figures: 24 pixels


def with_heads(own: Material, *, heads: list[np.ndarray | None], facing: list[float]) -> Material:
    """Return a window in which a network has found heads, each with a hat in its own colour."""
    for track, head, turn, hat in zip(own.tracks, heads, facing, LOOKS.values(), strict=False):
        track.head, track.facing = head, turn
        for frame, (x1, y1, x2, _) in enumerate(track.boxes.astype(int).tolist()):
            own.frames[frame, y1 : y1 + 14, x1 + 6 : x2 - 6] = hat
    return own


@pytest.mark.parametrize(
    ("heads", "facing", "reason"),
    [
        pytest.param([HEAD, HEAD], [0.5, 0.5], "", id="two heads"),
        pytest.param([HEAD, None], [0.5, 0.5], "20 pixels", id="no network saw one of them"),
        pytest.param([HEAD, HEAD * 0.5], [0.5, 0.5], "20 pixels", id="one is small"),
        pytest.param([HEAD * 2, HEAD], [0.5, 0.5], "similar size", id="one is twice as large"),
        pytest.param([HEAD, HEAD], [0.9, -0.9], "turned", id="one is seen from behind"),
    ],
)
def test_heads_change_places_and_clothes_stay(
    heads: list[np.ndarray | None], facing: list[float], reason: str
) -> None:
    own = with_heads(material(), heads=heads, facing=facing)
    plan = WAYS["head_swap"].make(Stock(own, ()), np.random.default_rng(1))
    if reason:
        assert isinstance(plan, str)
        assert reason in plan
        return
    assert isinstance(plan, Plan)
    pictures = list(drawn(plan, own, 1.0))
    last = len(pictures) - 1
    for track, hat, other in zip(own.tracks, ("red", "blue"), ("blue", "red"), strict=True):
        x1, y1, x2, _ = track.boxes[last].astype(int)
        seen = pictures[last][y1 + 3 : y1 + 11, x1 + 12 : x2 - 12].reshape(-1, 3)
        near = min(LOOKS, key=lambda k: float(np.abs(np.median(seen, axis=0) - LOOKS[k]).sum()))
        assert near == other
        assert wears(pictures[last], track.boxes[last]) == hat
    truth = truth_of(plan, own, clip="a.mp4", asked=1, seed=0, kind="head_swap")
    assert truth["events"][0]["kind"] == "attribute_swap"
    assert truth["events"][0]["people"] == ["p0", "p1"]
    strength = strength_of(plan, own, painted_window(plan, own, 1.0))
    assert strength is not None
    assert strength > 0.2  # of the heads alone


def test_strength_is_measured_and_rises_with_what_is_shown() -> None:
    measured = []
    for amount in (0.25, 0.5, 1.0):
        plan, own = plan_of("swap_at_once", amount)
        shown = painted_window(plan, own.material, amount)
        measured.append(strength_of(plan, own.material, shown) or 0.0)
    assert measured == sorted(measured)
    assert 0 < measured[0] < measured[2] <= 1
    plan, own = plan_of("swap_at_once")
    nothing = painted_window(plan, own.material, 0.0)
    assert strength_of(plan, own.material, nothing) == 0


@pytest.mark.parametrize(
    ("name", "looks", "frames", "reason"),
    [
        ("swap_at_once", (), 48, "fewer than two people"),
        ("swap_at_once", ("red",), 48, "fewer than two people"),
        ("swap_at_once", ("red", "blue"), 14, "long enough"),
        ("swap_cut", ("red", "blue"), 14, "too short"),
        ("swap_crossing", ("red", "blue"), 48, "cross"),
        ("hair_swap", ("red", "blue"), 48, "hair"),
        ("head_swap", ("red", "blue"), 48, "heads"),
        ("head_swap", ("red",), 48, "fewer than two people"),
        ("morph_at_once", (), 48, "no one"),
        ("vanish", (), 48, "no one"),
        ("clone_earlier", ("red", "blue", "green", "red"), 48, "free"),
    ],
)
def test_where_it_cannot_be_right_nothing_is_planted(
    name: str, looks: tuple[str, ...], frames: int, reason: str
) -> None:
    own = Stock(material(looks, frames), ())
    answer = WAYS[name].make(own, np.random.default_rng(0))
    assert isinstance(answer, str)
    assert reason in answer


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with clips of two people, of one, of nobody and of four frames, and their boxes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boxes").mkdir()
    for name, looks, frames in (
        ("two", ("red", "blue"), 48),
        ("other", ("green", "blue"), 48),
        ("one", ("red",), 48),
        ("nobody", (), 48),
        ("short", ("red", "blue"), 4),
    ):
        pictures, boxes = scene(looks, frames)
        write_clip(tmp_path / f"{name}.mp4", list(pictures), rate=16)
        (tmp_path / "boxes" / f"{name}.txt").write_text(boxes_text(boxes))
    (tmp_path / "fast.toml").write_text('[run]\nembedder = "colour"\n[shots]\nmethod = "content"\n')
    return tmp_path


FAST = ("--boxes", "boxes", "--config", "fast.toml")


def run(*arguments: str) -> tuple[int, str]:
    done = RUNNER.invoke(app, ["plant", *arguments])
    return done.exit_code, done.output


def test_same_seed_same_truth_and_a_twin_and_a_page(clips: Path) -> None:
    texts = []
    for out in ("a", "b"):
        code, said = run("two.mp4", "other.mp4", "-o", out, "--per-clip", "3", "--seed", "7", *FAST)
        assert code == 0, said
        texts.append({f.name: f.read_text() for f in sorted((clips / out).glob("*.truth.json"))})
    assert texts[0] == texts[1]
    assert len(texts[0]) >= 8
    assert "two__s0__clean.truth.json" in texts[0]
    for name, text in texts[0].items():
        truth = json.loads(text)
        with open_source(clips / "a" / truth["clip"]) as source:
            count = sum(len(batch) for batch in source.batches(16))
            assert source.info.rate == 16
        assert (truth["schema"], truth["frames"]) == ("castcheck.truth/1", count), name
        assert truth["shots"][0]["start_frame"] == 0
        assert truth["shots"][-1]["stop_frame"] == count
        assert len(truth["planted_from"]) == 64
    page = (clips / "a" / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 3 * len(texts[0])
    assert not [f for f in (clips / "a").iterdir() if "part" in f.name]
    other = {**json.loads(text_of({"seed": 1}))}
    assert other == {"seed": 1}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no clip was given"),
        (("gone.mp4",), "no such file"),
        (("nobody.mp4",), "nobody.mp4: nothing can be planted: no people"),
        (("one.mp4", "--kinds", "swap"), "one.mp4: nothing can be planted"),
        (("short.mp4",), "short.mp4: nothing can be planted: too short"),
        (("two.mp4", "--kinds", "wink"), "--kinds: 'wink' is unknown"),
        (("two.mp4", "--strength", "2"), "--strength: 2 is out of range"),
        (("two.mp4", "--strength", "much"), "--strength: 'much' is not a list of numbers"),
        (("two.mp4", "--per-clip", "0"), "--per-clip: must be 1 or more"),
        (("two.mp4", "--seconds", "0.9"), "--seconds: 0.9 is out of range, allowed is 1 or more"),
        (("two.mp4", "--seconds", "inf"), "--seconds: inf is out of range"),
        (("two.mp4", "--seconds", "nan"), "--seconds: nan is out of range"),
        (("two.mp4", "-o", "two.mp4"), "cannot be written"),
        (("two.mp4", "-o", "old"), "is there already"),
        (("--keep-from", "boxes/two.txt"), "is not a list of planted clips"),
        (("--score", "boxes", "-o", "boxes"), "holds no planted clips"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    clips: Path, arguments: tuple[str, ...], said: str
) -> None:
    (clips / "old").mkdir()
    (clips / "old" / "two__s0__clean.truth.json").write_text("{}")
    before = sorted(f for f in clips.rglob("*"))
    code, output = run(*arguments, *(() if "-o" in arguments else ("-o", "out")), *FAST)
    assert code == 2, output
    (line,) = output.splitlines()
    assert said in line
    left = [f for f in clips.rglob("*") if f not in before and f.is_file()]
    assert left == []


def test_a_full_disk_leaves_no_half_of_anything(
    clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(video, "av", _Full(full))
    code, said = run("two.mp4", "-o", "out", "--kinds", "swap_at_once", *FAST)
    assert code == 2
    assert "no space left on device" in said.splitlines()[-1]
    assert [f for f in (clips / "out").rglob("*") if f.is_file()] == []


class _Full:
    """PyAV with a disk that is full."""

    def __init__(self, refuse: object) -> None:
        self.open = refuse
        self.FFmpegError = RuntimeError


def test_what_looks_wrong_is_thrown_out(clips: Path) -> None:
    code, said = run("two.mp4", "-o", "out", "--kinds", "swap_at_once,vanish,legal", *FAST)
    assert code == 0, said
    listed = read_index(clips / "out" / "index.json")
    names = [e["clip"] for e in listed["clips"]]
    listed["clips"] = [{**e, "keep": e["clip"] != names[0]} for e in listed["clips"][:-1]]
    (clips / "kept.json").write_text(json.dumps(listed))
    stray = clips / "out" / "mine.mp4"
    stray.write_bytes(b"not of the set")
    code, said = run("--keep-from", "kept.json", "-o", "out")
    assert (code, f"{len(names) - 2} clips kept, 2 removed" in said) == (0, True)
    left = {f.name for f in (clips / "out").glob("*.mp4")}
    assert left == {*names[1:-1], "mine.mp4"}
    assert names[0] not in (clips / "out" / "index.html").read_text()
    assert keep_only(clips / "out", read_index(clips / "out" / "index.json")) == (len(names) - 2, 0)


def test_x_of_y_is_read_off_a_run(clips: Path) -> None:
    code, said = run("two.mp4", "-o", "out", "--kinds", "swap_at_once,swap_slow", *FAST)
    assert code == 0, said
    names = [f.stem for f in sorted((clips / "out").glob("*.mp4"))]
    for name in names[:2]:  # the clean twin, and a swap of which nothing is told
        folder = clips / "judged" / name
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(pass_report().to_json())
    code, said = run("--score", "judged", "-o", "out")
    lines = said.splitlines()
    assert code == 0
    assert lines[0].startswith("of the errors planted in your clips castcheck finds 0 of 1")
    assert "false alarms (major or worse) in 0 of 1 clean twins" in lines
    assert lines[-1] == f"not judged: {len(names) - 2} clips"
    code, said = run("--score", "nowhere", "-o", "out")
    assert (code, "holds no reports" in said) == (2, True)


def judged(**changes: object) -> Judged:
    return replace(Judged("a.mp4", "a", "swap", "open", error=True), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        ([], "finds 0 of 0"),
        ([judged(found=True)], "finds 1 of 1"),
        ([judged(found=True), judged(), judged(kind="drift")], "finds 1 of 3"),
    ],
)
def test_x_of_y_is_counted(rows: list[Judged], first: str) -> None:
    lines = summary_lines(rows)
    assert first in lines[0]
    passed = f"of the {len(rows)} clips with an error: 0 fail, 0 abstain, {len(rows)} pass"
    assert (passed in lines) == bool(rows)
    doubted = [*rows, judged(verdict="abstain"), judged(error=False, verdict="fail")]
    assert any(f"0 fail, 1 abstain, {len(rows)} pass" in line for line in summary_lines(doubted))
    good = [judged(error=False, kind="clean", false=1), judged(error=False, kind="flash")]
    assert summary_lines([*rows, *good])[-2:] == [
        "false alarms (major or worse) in 1 of 1 clean twins",
        "false alarms (major or worse) in 0 of 1 legal look-alikes",
    ]


@pytest.mark.parametrize(("hits", "count"), [(0, 0), (0, 5), (3, 5), (5, 5)])
def test_intervals_hold_the_share(hits: int, count: int) -> None:
    low, high = wilson(hits, count)
    assert 0 <= low <= (hits / count if count else 0.5) <= high <= 1


@pytest.mark.parametrize(
    ("kind", "frame", "found"),
    [("swap", 20, True), ("swap", 23, True), ("swap", 24, False), ("morph", 20, False)],
)
def test_a_finding_counts_as_the_contract_says(kind: Any, frame: int, *, found: bool) -> None:
    truth = {
        "clip": "a.mp4", "fps": "16", "frames": 40, "shots": [{"start_frame": 0}], "people": [],
        "events": [{"kind": "swap", "people": ["p0", "p1"], "start_frame": 20, "stop_frame": 21}],
    }  # fmt: skip
    told = Finding(kind, "major", 0.9, (), (0, 1), (0,), frame, frame + 1, "")
    row = judged_clip(truth, replace(pass_report(), findings=(told,)))
    assert (row.found, row.major, row.false) == (found, found, 0 if found else 1)
    doubted = judged_clip(
        truth, replace(pass_report(), findings=(replace(told, severity="minor"),))
    )
    assert (doubted.found, doubted.major, doubted.false) == (found, False, 0)


def test_wishes_are_checked() -> None:
    assert {row.group for row in Wish(kinds=("swap", "flash")).rows} == {"swap", "legal"}
    assert len(Wish().rows) == len(WAYS)
