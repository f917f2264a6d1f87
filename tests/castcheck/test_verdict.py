"""A verdict and the numbers beside it never say different things."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castcheck.acceptance.gate import parse_gate
from castcheck.acceptance.verdict import verdict_on
from castcheck.config import Config
from castcheck.facts.report import CharacterFacts, ClipFacts, Report
from castcheck.labels import headline
from castcheck.observe import judging_rate
from castcheck.pipeline import judge, load_models
from identity.findings import SEVERITY_IF_SURE, Finding
from scenes.cut_settings import ShotSettings
from scenes.errors import VideoOpenError
from scenes.source import Fingerprint
from tests.corpus import make

MINOR = Finding("drift", "minor", 0.9, ("a",), (0,), (0,), 3, 9, "")
DOUBT = replace(MINOR, confidence=0.6, evidence={SEVERITY_IF_SURE: "major"})
MAJOR = Finding("swap", "major", 0.9, ("a",), (0,), (0,), 3, 4, "")


def who(name: str, consistency: float | None, abstained: str = "") -> CharacterFacts:
    return CharacterFacts(name, None, consistency, 1.0, abstained)


@pytest.mark.parametrize(
    ("characters", "findings", "verdict"),
    [
        pytest.param([], [], "abstain", id="nobody"),
        pytest.param([who("a", 0.9)], [], "pass", id="himself"),
        pytest.param([who("a", 0.5)], [], "pass", id="just-himself"),
        pytest.param([who("a", 0.49)], [], "abstain", id="hardly-himself"),
        pytest.param([who("a", 1.0), who("b", 0.0)], [], "abstain", id="one-of-two"),
        pytest.param([who("a", 0.0)], [MINOR], "pass", id="told-and-minor"),
        pytest.param([who("a", 1.0), who("b", 0.0)], [MINOR], "abstain", id="another-is-told"),
        pytest.param([who("a", 0.0)], [MAJOR], "fail", id="told-and-major"),
        pytest.param([who("a", 1.0)], [MINOR], "pass", id="small"),
        pytest.param([who("a", 1.0)], [DOUBT], "abstain", id="not-sure"),
        pytest.param([who("a", 1.0)], [replace(DOUBT, accepted=True)], "pass", id="accepted"),
        pytest.param([who("a", 1.0)], [DOUBT, MAJOR], "fail", id="not-sure-beside-sure"),
        pytest.param([who("a", None, "too small")], [], "abstain", id="too-small"),
        pytest.param([who("a", None)], [], "pass", id="one-shot-after-the-other"),
    ],
)
def test_verdict(characters, findings, verdict) -> None:
    assert verdict_on(findings, characters, parse_gate("major")) == verdict


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=4), st.booleans())
def test_nobody_is_said_to_stay_himself_against_the_numbers(shares, told) -> None:
    characters = tuple(who(f"c{k}", share) for k, share in enumerate(shares))
    findings = (DOUBT,) if told else ()
    verdict = verdict_on(findings, characters, parse_gate("major"))
    clip = ClipFacts("a.mp4", "", 8, 8, 5, "24/1", 0.2)
    said = headline(Report(clip, verdict, characters=characters, findings=findings))
    if told or any(share is not None and share < 0.5 for share in shares):
        assert verdict == "abstain"
        assert "sel" not in said


def settings_for(folder: Path, boxes: str) -> Config:
    (folder / "b.txt").write_text(boxes)
    return Config.from_dict(
        {
            "run": {"detector": str(folder / "b.txt"), "embedder": "colour", "device": "cpu"},
            "shots": {"method": "none"},
        }
    )


BOXES = "".join(f"{n},-1,{3 * n % 40},4,30,58,0.9\n" for n in range(1, make.FRAMES + 1))


@pytest.mark.parametrize(("rate", "judged_at"), [(24, 24), (120, 120), (240, 24), (960, 24)])
def test_a_rate_no_screen_shows_is_slow_motion(rate: int, judged_at: int, tmp_path: Path) -> None:
    assert judging_rate(rate) == judged_at
    clip = tmp_path / "fast.mp4"
    clip.write_bytes(make.encode(make.Recipe("", "libx264", "mp4", "", rate=rate)))
    config = settings_for(tmp_path, BOXES)
    report = judge(clip, config=config, models=load_models(config), progress=lambda *_: None).report
    assert any("slow motion" in note for note in report.degradations) == (rate != judged_at)
    looked_at = [t.likeness for t in report.tracklets if t.likeness is not None]
    assert sum(len(curve.frames) for curve in looked_at) >= make.FRAMES // 2
    assert report.clip.duration_s == pytest.approx(24 / rate, abs=0.01)
    assert Fraction(report.clip.fps) == rate


def test_a_clip_nobody_was_looked_at_in_is_no_pass(tmp_path: Path) -> None:
    clip = tmp_path / "short.mp4"
    clip.write_bytes(make.encode(make.BY_NAME["h264-mp4"], make.pictures(2)))
    config = settings_for(tmp_path, BOXES)
    outcome = judge(clip, config=config, models=load_models(config), progress=lambda *_: None)
    assert outcome.report.verdict == "abstain"


@pytest.mark.parametrize(
    ("name", "abstains"),
    [
        pytest.param("whole-vp9-webm", False, id="sound"),
        # By what is drawn of it, the clip would have a verdict too, and a cut.
        pytest.param("flipped-vp9", True, id="no-picture-is-sound"),
    ],
)
def test_what_a_decoder_guesses_decides_nothing(name: str, abstains: bool, tmp_path: Path) -> None:
    config = settings_for(tmp_path, BOXES)
    config = replace(config, shots=ShotSettings(method="content"))
    clip = make.write(name, tmp_path)
    report = judge(clip, config=config, models=load_models(config), progress=lambda *_: None).report
    assert (report.verdict == "abstain", len(report.shots)) == (abstains, 1)
    assert report.clip.frames == make.FRAMES
    assert bool(report.findings) != abstains
    assert bool(report.degradations) == abstains
    assert all((one.consistency is None) == bool(one.abstained) for one in report.characters)


@pytest.mark.parametrize("how", ["longer", "other-bytes", "gone", "touched"])
def test_a_clip_that_changes_while_it_is_read(how: str, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    data = make.encode(make.BY_NAME["h264-mp4"])
    clip.write_bytes(data)
    before = Fingerprint.of(clip)
    before.check()
    if how == "touched":
        os.utime(clip, (1, 1))
        before.check()
        return
    if how == "gone":
        clip.unlink()
    else:
        clip.write_bytes(data + b"\0" if how == "longer" else data[:-1] + b"x")
    with pytest.raises(VideoOpenError, match="changed|no such file"):
        before.check()


def test_a_clip_that_changes_is_no_report(tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(make.encode(make.BY_NAME["h264-mp4"]))
    config = settings_for(tmp_path, BOXES)
    models = load_models(config)

    def meddle(stage: str, done: int, total: int | None) -> None:
        if stage == "judging":
            clip.write_bytes(make.encode(make.BY_NAME["h264-mp4"], make.pictures(20)))

    with pytest.raises(VideoOpenError, match="changed"):
        judge(clip, config=config, models=models, progress=meddle)
