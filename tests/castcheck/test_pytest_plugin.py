"""The pytest plugin, run by pytest itself in processes of its own, as a user would."""

from __future__ import annotations

import shutil
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_videos"
# Where castcheck is installed pytest finds the plugin by itself.
INSTALLED = any(
    point.value == "castcheck.pytest_plugin" for point in entry_points(group="pytest11")
)
PLUGIN = () if INSTALLED else ("-p", "castcheck.pytest_plugin")

# A pipeline that needs no model, in the place of the real one; it writes down who loaded models.
CONFTEST = f"""
import os, sys
from types import ModuleType
sys.path.insert(0, {str(ROOT)!r})
from tests.castcheck.support import FakePipeline
from scenes.errors import VideoOpenError

class Pipeline(FakePipeline):
    def load_models(self, config):
        with open({{log!r}}, "a") as file:
            file.write(f"load {{{{os.getpid()}}}}\\n")
        return super().load_models(config)
    def judge(self, clip, **more):
        with open({{log!r}}, "a") as file:
            file.write(f"judge {{{{clip.name}}}}\\n")
        if "bad" in clip.name:
            raise VideoOpenError("not a video", where=clip, hint="try another")
        if "bug" in clip.name:
            raise KeyError("surprise")
        return super().judge(clip, **more)

fake = Pipeline()
module = ModuleType("castcheck.pipeline")
module.judge, module.load_models = fake.judge, fake.load_models
import castcheck
sys.modules["castcheck.pipeline"] = castcheck.pipeline = module
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    log = pytester.path / "log.txt"
    log.write_text("")
    pytester.makeconftest(CONFTEST.format(log=str(log)))
    folder = pytester.path / "renders"
    folder.mkdir()
    for name in ("a.mp4", "b_swap.mp4", "c_empty.mp4"):
        (folder / name).write_bytes(name.encode())
    return pytester


def run(suite, *arguments):
    return suite.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider", *arguments)


def log(suite):
    return (suite.path / "log.txt").read_text().splitlines()


FIXTURE_TESTS = """
    import pytest

    def test_clean(castcheck):
        assert castcheck("renders/a.mp4").passed

    def test_swapped(castcheck):
        assert castcheck("renders/b_swap.mp4").passed

    def test_swapped_is_told_in_detail(castcheck):
        report = castcheck("renders/b_swap.mp4")
        assert [f.kind for f in report.at_or_above("major")] == ["drift", "swap"]

    def test_nobody_judged_is_no_pass(castcheck):
        report = castcheck("renders/c_empty.mp4")
        assert not report.passed and report.verdict == "abstain"

    def test_settings_of_one_test(castcheck):
        assert castcheck("renders/a.mp4", config={"gate": {"fail_on": "swap"}}).passed
        with pytest.raises(Exception, match="gate.nix"):
            castcheck("renders/a.mp4", config={"gate": {"nix": 1}})

    @pytest.fixture(scope="module")
    def report(castcheck):
        return castcheck("renders/a.mp4")

    def test_fixture_of_a_wider_scope(report):
        assert report.passed
"""


def test_the_fixture(suite):
    suite.makepyfile(FIXTURE_TESTS)
    result = run(suite)
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert False*",
            "*<Report fail 'renders/b_swap.mp4': swap at frame 38:*",
            "*- Captured castcheck call -*",
            "FAIL  renders/b_swap.mp4: 1 swap (critical), 1 drift (major), 1 vanish (minor)*",
            "*critical swap: char-01 and Mei exchange their looks in full view.",
        ]
    )
    seen = log(suite)
    assert sum(line.startswith("load") for line in seen) == 1
    assert seen.count("judge b_swap.mp4") == 1  # two tests, one look


def test_clips_become_tests(suite):
    result = run(suite, "--castcheck", "renders", "-rs", "-v")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "castcheck::renders/a.mp4 PASSED*",
            "castcheck::renders/b_swap.mp4 FAILED*",
            "castcheck::renders/c_empty.mp4 SKIPPED*",
            "renders/b_swap.mp4: 1 swap (critical), 1 drift (major)*",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_a_bad_clip_points_at_the_line_of_the_test(suite):
    suite.makepyfile(
        """
        import pytest
        from castcheck import CastcheckError

        def test_bad(castcheck):
            assert castcheck("renders/bad.mp4").passed

        def test_expected(castcheck):
            with pytest.raises(CastcheckError, match="try another"):
                castcheck("renders/bad.mp4")
        """
    )
    (suite.path / "renders/bad.mp4").write_bytes(b"x")
    result = run(suite)
    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    assert "VideoOpenError: renders/bad.mp4: not a video; try another" in text
    assert 'assert castcheck("renders/bad.mp4").passed' in text
    assert "pytest_plugin/clips.py" not in text


def test_with_xdist_each_worker_loads_once_and_each_clip_is_judged_once(suite):
    pytest.importorskip("xdist")
    for number in range(10):
        (suite.path / "renders" / f"more-{number}.mp4").write_bytes(b"x")
    result = run(suite, "--castcheck", "renders", "-n", "2", "--castcheck-out", "out")
    result.assert_outcomes(passed=11, failed=1, skipped=1)
    seen = log(suite)
    loads = [line for line in seen if line.startswith("load")]
    assert len(loads) == len(set(loads)) == 2
    judged = [line for line in seen if line.startswith("judge")]
    assert len(judged) == len(set(judged)) == 13
    assert len(list((suite.path / "out").glob("*/report.json"))) == 13


@pytest.mark.parametrize(
    ("names", "more", "code", "says"),
    [
        pytest.param(["nix/*.mp4"], [], 2, "nix/*.mp4: matches nothing", id="no match"),
        pytest.param(["renders/bad.mp4"], [], 1, "renders/bad.mp4: not a video; try", id="bad"),
        pytest.param(["renders/bug.mp4"], [], 1, "KeyError: 'surprise'", id="bug"),
        pytest.param(["@nix.txt"], [], 2, "this list cannot be read", id="no list"),
        pytest.param(
            ["renders"], ["--castcheck-config=no.toml"], 2, "no.toml: cannot", id="no settings"
        ),
        pytest.param(["s3://bucket/x.mp4"], [], 2, "fetch it first", id="remote"),
    ],
)  # fmt: skip
def test_bad_input_is_told(names, more, code, says, suite):
    for name in ("bad.mp4", "bug.mp4"):
        (suite.path / "renders" / name).write_bytes(b"x")
    result = run(suite, *(f"--castcheck={name}" for name in names), *more)
    assert result.ret == code
    assert says in result.stdout.str() + result.stderr.str()


def test_the_gate_and_strict_come_from_the_settings(suite):
    (suite.path / "never.toml").write_text('[gate]\nfail_on = "never"\n')
    clip = "--castcheck=renders/b_swap.mp4"
    run(suite, clip, "--castcheck-config", "never.toml").assert_outcomes(passed=1)
    (suite.path / "strict.toml").write_text('[gate]\nfail_on = "never"\nstrict = true\n')
    result = run(suite, clip, "--castcheck-config", "strict.toml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*b_swap.mp4: cuda unavailable, used cpu; strict makes*"])


def test_html_reports_show_the_findings_with_pictures(suite):
    pytest.importorskip("pytest_html")
    suite.makepyfile(FIXTURE_TESTS)
    arguments = ("--castcheck", "renders", "--html", "r.html", "--self-contained-html")
    run(suite, *arguments, "-n", "2")
    page = (suite.path / "r.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") >= 3 * 6  # three tests saw the swapped clip
    assert "Swap, critical, 0:01.58: char-01 and Mei exchange" in page


def test_junit_names_the_verdict_of_each_clip(suite):
    run(suite, "--castcheck", "renders", "--junitxml", "r.xml")
    text = (suite.path / "r.xml").read_text(encoding="utf-8")
    assert 'name="castcheck renders/b_swap.mp4" value="fail"' in text
    assert 'name="castcheck renders/a.mp4" value="pass"' in text


def test_without_the_option_nothing_is_collected_and_nothing_of_castcheck_is_imported(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_light():
            ours = [name for name in sys.modules if name.startswith("castcheck.")]
            assert ours == ["castcheck.pytest_plugin"] or "castcheck.report" not in ours
            assert "torch" not in sys.modules and "castcheck.pytest_plugin.clips" not in sys.modules
        """
    )
    pytester.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=1)


@pytest.mark.slow
def test_sample_clips_with_the_real_pipeline(pytester):
    folder = pytester.path / "renders"
    folder.mkdir()
    for name in ("room_clean.mp4", "room_swap.mp4"):
        shutil.copy(SAMPLES / name, folder)
    boxes = (SAMPLES / "boxes").as_posix()
    (pytester.path / "castcheck.toml").write_text(
        f'[run]\ndetector = "{boxes}"\nembedder = "colour"\ndevice = "cpu"\n'
    )
    pytester.makeini("[pytest]\ncastcheck_config = castcheck.toml\ncastcheck_out = out\n")
    result = pytester.runpytest_subprocess(*PLUGIN, "--castcheck", "renders")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*renders/room_swap.mp4: 1 swap*", "*reports: out/room_swap"])
    assert (pytester.path / "out/room_swap/report.html").is_file()
