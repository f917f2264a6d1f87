"""Bars and a baseline on a clip whose error is known, from the command line to the exit code."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from castcheck.cli import app
from identity.findings import SEVERITY_IF_SURE
from tests.e2e.test_samples import SAMPLES, check

CLIP = SAMPLES / "room_swap.mp4"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bar", "severity", "code"),
    [("swap = 0.9", "critical", 1), ("swap = 1.0", "minor", 0), ("drift = 1.0", "critical", 1)],
)
def test_a_bar_per_kind(bar, severity, code, tmp_path):
    settings = tmp_path / "castcheck.toml"
    settings.write_text(f'[confidence]\n{bar}\n[calibration]\njudged_with = "others"\n')
    result, report = check(CLIP, tmp_path, "--config", str(settings))
    (finding,) = report.findings
    assert (finding.kind, finding.severity, result.exit_code) == ("swap", severity, code)
    assert finding.evidence.get(SEVERITY_IF_SURE) == (None if code else "critical")
    assert report.provenance["config"]["run"]["settings_file"] == str(settings)
    assert any("fitted with other models" in line for line in report.degradations)
    page = (tmp_path / CLIP.stem / "report.html").read_text(encoding="utf-8")
    assert f"<dt>settings file</dt><dd>{settings}</dd>" in page


@pytest.mark.slow
def test_what_was_accepted_stays_so_with_another_detector(tmp_path):
    first, report = check(CLIP, tmp_path / "then")
    assert (first.exit_code, [f.kind for f in report.findings]) == (1, ["swap"])
    accepted = tmp_path / "accepted.json"
    arguments = ["baseline", str(tmp_path / "then"), "-o", str(accepted)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    result, report = check(
        CLIP, tmp_path / "now", "--detector", "bundled", "--baseline", str(accepted)
    )
    assert (result.exit_code, report.verdict) == (0, "pass")
    assert [(f.kind, f.accepted) for f in report.findings] == [("swap", True)]
    assert "accepted swap" in result.output
    assert "1 swap (accepted)" in result.output
    page = (tmp_path / "now" / CLIP.stem / "report.html").read_text(encoding="utf-8")
    assert '<span class="severity minor">accepted</span>' in page
    # Only what can be found again is gone: the clean twin is another clip.
    _, clean = check(SAMPLES / "room_clean.mp4", tmp_path / "now", "--baseline", str(accepted))
    assert (clean.baseline.accepted, clean.baseline.gone) == (0, ())
    # Without the bars of today nothing is found, and that is said.
    settings = tmp_path / "blind.toml"
    settings.write_text("[findings]\nmin_confidence = 1.0\n")
    result, report = check(
        CLIP, tmp_path / "blind", "--baseline", str(accepted), "--config", str(settings)
    )
    assert [gone.kind for gone in report.baseline.gone] == ["swap"]
    assert "gone, accepted swap" in result.output


def test_a_bad_baseline_is_one_line(tmp_path):
    result = CliRunner().invoke(
        app, ["check", str(CLIP), "-o", str(tmp_path / "out"), "--baseline", str(tmp_path / "no")]
    )
    assert result.exit_code == 2
    assert "cannot be read: no such file or directory; check --baseline" in result.output
    assert not (tmp_path / "out").exists()
