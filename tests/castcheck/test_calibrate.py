"""Bars per kind: how they are fitted, what is promised, and the file that comes out."""

from __future__ import annotations

import json
import random
from contextlib import nullcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from castcheck.cli import app
from castcheck.config import Config
from castcheck.runs.calibrate import NEVER, calibrate, fit
from castcheck.runs.evidence import Alarm, Error, KnownClip
from castcheck.tables.kinds import KIND_NAMES
from identity.findings import SEVERITY_IF_SURE
from tests.castcheck.runs_made_up import make_report, told, write_run

START: dict[str, float] = {kind: 0.75 for kind in KIND_NAMES}  # noqa: C420 (of texts)


def good(source, *alarms):
    return KnownClip(source, good=True, alarms=tuple(Alarm(*alarm) for alarm in alarms))


def bad(source, *errors):
    planted = tuple(Error(kind, confidence, planted=True) for kind, confidence in errors)
    return KnownClip(source, good=False, errors=planted)


@pytest.mark.parametrize(
    ("clips", "allowed", "moved"),
    [
        pytest.param([], 0, {}, id="no-clips"),
        pytest.param([good("a")], 0, {}, id="nothing-told"),
        pytest.param([good("a", ("swap", 0.7))], 0, {}, id="stops-nothing-today"),
        pytest.param([good("a", ("swap", 0.8))], 1, {}, id="one-may-fail"),
        pytest.param([good("a", ("swap", 0.8))], 0, {"swap": 0.801}, id="raised-just-above"),
        pytest.param([good("a", ("swap", 0.99))], 0, {"swap": NEVER}, id="never"),
        pytest.param([good("a", ("swap", 0.8)), bad("b", ("swap", 0.9))], 0, {"swap": 0.85},
                     id="midway-to-what-is-right"),
        pytest.param([good("a"), bad("b", ("swap", 0.6))], 0, {"swap": 0.5},
                     id="down-to-the-floor"),
        pytest.param([good("a", ("swap", 0.55)), bad("b", ("swap", 0.65))], 0, {"swap": 0.6},
                     id="down-not-as-far"),
        pytest.param([good("a", ("swap", 0.8), ("drift", 0.9))], 0, {"swap": 0.801, "drift": 0.901},
                     id="both-kinds-of-one-clip"),
        # Of two that fail one may: the one whose bar costs no error is freed.
        pytest.param([good("a", ("swap", 0.8)), good("b", ("drift", 0.8)),
                      bad("c", ("swap", 0.78))], 1, {"drift": 0.801}, id="the-cheaper-one"),
        pytest.param([bad("c", ("swap", None))], 0, {}, id="what-nobody-tells-moves-nothing"),
    ],
)  # fmt: skip
def test_where_bars_come_to_rest(clips, allowed, moved):
    bars = fit(clips, allowed=allowed, start=START, floor=0.5)
    assert bars == pytest.approx({**START, **moved})


ALARMS = st.lists(
    st.tuples(st.sampled_from(KIND_NAMES[:3]), st.integers(500, 990).map(lambda v: v / 1000)),
    max_size=2,
)


@settings(deadline=None, max_examples=60)
@given(st.lists(ALARMS, min_size=1, max_size=12), st.lists(ALARMS, max_size=8), st.integers(0, 3))
def test_no_more_good_clips_fail_than_are_allowed(alarms, errors, allowed):
    clips = [good(str(k), *own) for k, own in enumerate(alarms)]
    clips += [bad(f"e{k}", *own) for k, own in enumerate(errors)]
    bars = fit(clips, allowed=allowed, start=START, floor=0.5)
    failing = [c for c in clips if any(a.confidence >= bars[a.kind] for a in c.alarms)]
    assert len(failing) <= allowed
    assert all(0.5 <= bar <= 1 for bar in bars.values())


def test_what_is_promised_holds_for_clips_never_seen():
    """Bars fitted to chance alone must not be sold by the clips they were fitted to."""
    dice = random.Random(5)  # noqa: S311 (no secret)

    def clip(k):
        told = [("swap", round(dice.uniform(0.5, 0.99), 3))] if dice.random() < 0.3 else []
        return good(f"s{k}", *told)

    met = 0
    for _ in range(30):
        found = calibrate([clip(k) for k in range(120)], asked=0.1, before=START, floor=0.5)
        fresh = [clip(k) for k in range(2000)]
        rate = sum(any(a.confidence >= found.bars[a.kind] for a in c.alarms) for c in fresh) / 2000
        met += rate <= found.alarms.high
    assert met >= 27  # 95 % of 30, and room for chance


@pytest.mark.parametrize(
    ("count", "asked", "needed", "kept"),
    [(1, 0.01, 368, False), (40, 0.01, 368, False), (40, 0.1, 36, True)],
)
def test_too_few_clips_are_told_so_and_let_nothing_pass_that_is_stopped_today(
    count, asked, needed, kept
):
    clips = [good(str(k)) for k in range(count)] + [
        bad("x", ("swap", 0.6)),
        bad("y", ("swap", 0.6)),
    ]
    found = calibrate(clips, asked=asked, before=START, floor=0.5)
    assert (found.needed, found.kept) == (needed, kept)
    assert found.bars["swap"] == (0.5 if kept else 0.75)
    (recall,) = found.recalls
    assert (recall.kind, recall.planted.hits, recall.planted.count) == ("swap", 2 * kept, 2)


def test_a_source_is_never_on_both_sides():
    """One source with one alarm in each of its clips: its own half must not have been fitted."""
    clips = [good("twin", ("swap", 0.8)), good("twin", ("swap", 0.8)), good("other")]
    found = calibrate(clips, asked=0.01, before=START, floor=0.5)
    assert found.bars["swap"] == pytest.approx(0.801)  # fitted to all, none of them fails
    assert found.alarms.hits == 2  # where they are held out, both do


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def runs(tmp_path):
    sure = told("swap", 0.9, start=10)
    doubtful = told("drift", 0.6, start=10, severity="minor", evidence={SEVERITY_IF_SURE: "major"})
    reports = [make_report(tmp_path / f"g{k}.mp4") for k in range(8)]
    reports.append(make_report(tmp_path / "loud.mp4", sure))
    write_run(tmp_path / "good", reports)
    write_run(tmp_path / "reviewed", [
        make_report(tmp_path / "r0.mp4", sure, doubtful), make_report(tmp_path / "r1.mp4", sure),
        make_report(tmp_path / "r2.mp4"), make_report(tmp_path / "r3.mp4"),
    ])  # fmt: skip
    return tmp_path


def decide(folder, report_sha, finding, word, by="ann", **more):
    line = {"schema": "castcheck.decision/1", "clip_sha256": report_sha, "finding": finding,
            "decision": word, "by": by, "at": "2026-01-01T00:00:00Z", **more}  # fmt: skip
    with (folder / "decisions.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def test_the_file_is_a_config_and_the_report_names_it(runs):
    result = run("calibrate", runs / "good", "-o", runs / "c.toml",
                 "--false-alarms-per-100-clips", "40")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "1 of 9 good clips fail" in result.output
    config = Config.load(runs / "c.toml")
    assert config.confidence.swap == pytest.approx(0.901)
    assert config.run.settings_file == str(runs / "c.toml")
    assert config.calibration.statement.startswith("1 of 9 good clips fail")
    assert config.calibration.judged_with == "drawn " + "0123456789abcdef" * 4 + " and drawn " + (
        "0123456789abcdef" * 4
    )
    assert config.to_dict()["calibration"]["asked_per_100_clips"] == 40


def test_settings_that_were_judged_with_are_kept_but_not_the_gate(runs):
    judged = Config().to_dict()
    judged["gate"]["fail_on"] = "never"  # as planted clips are judged
    judged["findings"]["min_confidence"] = 0.6
    write_run(runs / "open", [make_report(runs / "open.mp4", config=judged)])
    result = run("calibrate", runs / "open", "-o", runs / "c.toml")
    assert result.exit_code == 0, result.output
    config = Config.load(runs / "c.toml")
    assert config.findings.min_confidence == 0.6
    assert config.gate.fail_on == Config().gate.fail_on


def test_decisions_say_what_is_good_and_what_is_found(runs):
    folder = runs / "reviewed"
    sha = {k: make_report(runs / f"r{k}.mp4").clip.sha256 for k in range(4)}
    decide(folder, sha[0], "swap-10-0", "right")
    decide(folder, sha[0], "drift-10-0", "right")
    decide(folder, sha[1], "swap-10-0", "right")
    decide(folder, sha[1], "swap-10-0", "wrong")  # the last word counts
    decide(folder, sha[2], None, "missed", kind="morph", start_frame=3, stop_frame=4)
    decide(folder, "f" * 64, "swap-1-0", "wrong")  # of another run
    decide(folder, sha[3], "swap-99-0", "wrong")  # the clip was judged again since
    with (folder / "decisions.jsonl").open("a") as file:
        file.write("half a li")
    result = run("calibrate", folder, "-o", runs / "c.toml", "--false-alarms-per-100-clips", "90")
    assert result.exit_code == 0, result.output
    assert "decisions.jsonl: line 8 is not a decision" in result.output
    assert "decisions about 1 clip that these runs do not hold" in result.output
    assert "1 decision about findings that these runs do not have" in result.output
    assert "before:   1 of 2 good clips fail" in result.output  # r1 is wrong, r3 has no findings
    assert "of 1 found by people" in result.output
    assert "morph: stops 0 of 1 found by people" in result.output


def test_clips_without_findings_count_as_far_as_the_others_are_decided(runs):
    folder = runs / "reviewed"
    decide(folder, make_report(runs / "r1.mp4").clip.sha256, "swap-10-0", "wrong")
    result = run("calibrate", folder, "-o", runs / "c.toml")
    assert "1 clip left out: findings without a decision" in result.output
    # One of two with findings is decided, so one of the two without counts.
    assert "1 of 2 good clips fail" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no such folder"),
        (["good", "--false-alarms-per-100-clips", "0"], "out of range, allowed is more than 0"),
        (["good", "--decisions", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["good", "--decisions", __file__], "test_calibrate.py: holds no decisions"),
        (["good", "other"], "was judged otherwise than the first clip (castcheck: 0.1.0 and 9)"),
        (["old"], "a version of castcheck that has no bars per kind"),
        (["empty"], "not a run: the folder has neither"),
        (["broken"], "line 1 is not a line of a summary"),
    ],
)
def test_bad_input_is_one_line(arguments, message, runs, monkeypatch):
    monkeypatch.chdir(runs)
    write_run(runs / "other", [make_report(runs / "o.mp4", version="9")])
    write_run(runs / "old", [make_report(runs / "o.mp4", config={})])
    (runs / "empty").mkdir()
    (runs / "broken").mkdir()
    (runs / "broken" / "summary.jsonl").write_text("{}\n")
    result = run("calibrate", *arguments, "-o", runs / "c.toml")
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (runs / "c.toml").exists()


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("[confidence]\nswap = 0.9", nullcontext()),
        ("[confidence]\nswap = 1.1", pytest.raises(Exception, match="confidence.swap: 1.1 is out")),
        ("[confidence]\nswpa = 0.9", pytest.raises(Exception, match="did you mean 'swap'")),
    ],
)
def test_bars_are_checked_where_they_are_read(text, expect, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with expect:
        assert Config.load(path).confidence.bar("swap", default=0.75) == 0.9
        assert Config.load(path).confidence.bar("drift", default=0.75) == 0.75
