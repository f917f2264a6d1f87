"""Runs, baselines, decisions and scripts that are none of ours: one line and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from castcheck.cli import app
from tests.corpus import make

TEXTS = {
    "empty": b"",
    "binary": bytes(range(256)),
    "null": b"null",
    "list": b"[]",
    "infinite": b"1e999",
    "object": b"{}",
    "deep": b"[" * 20_000,
    "deep-object": b'{"a":' * 20_000,
    "null-in-list": b'{"schema":"castcheck.baseline/1","findings":[null],"Shots":[null]}',
    "nul": b'{"schema":"castcheck.report/1","clip":{"path":"\\u0000"},"Shots":[{"Index":0}]}',
    "long-number": b'{"a":' + b"9" * 5000 + b"}",
    "half-a-pair": b'{"clip":"\\ud800","Shots":[{"Characters":["\\ud800"]}]}',
    "no-json": b"a = 1",
    "long-name": b'{"Shots":[{"Characters Appearing":["' + b"a" * 5000 + b'"]}]}',
    "long-number-in-a-name": b'{"shots":[{"shot_id":"s_'
    + b"9" * 5000
    + b'","entity_schedule":0}]}',
}
COMMANDS = {
    "baseline-of-check": "check real.mp4 --detector b.txt --embedder colour --baseline a.json",
    "script": "check real.mp4 --detector b.txt --embedder colour --cast a.json",
    "compare": "compare run run",
    "calibrate": "calibrate run -o o.toml",
    "decisions": "calibrate run -o o.toml --decisions a.json",
    "baseline": "baseline run -o o.json",
    "reports": "compare reports reports",
    "score": "plant --score run -o planted",
}


@pytest.mark.parametrize("text", TEXTS)
def test_files_that_are_none_of_ours(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("real.mp4").write_bytes(make.encode(make.BY_NAME["h264-mp4"]))
    Path("b.txt").touch()
    Path("a.json").write_bytes(TEXTS[text])
    for name in ("run/summary.jsonl", "reports/a/report.json", "planted/a.truth.json"):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_bytes(TEXTS[text])
    for name, line in COMMANDS.items():
        result = CliRunner().invoke(app, line.split())
        assert result.exit_code == 2, (name, result.output)
        assert "Traceback" not in result.output
        assert not Path("o.toml").exists()
        assert not Path("o.json").exists()
