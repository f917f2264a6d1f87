from __future__ import annotations

import pytest

from studio import cli


def test_missing_packages_are_named(monkeypatch, capsys):
    monkeypatch.setattr(cli, "_NEEDS", {"no_such_module_here": "the-package"})
    assert cli.run(["assets"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "the-package" in err
    assert 'pip install -e ".[studio]"' in err


def test_missing_assets_are_one_line(tmp_path, capsys):
    pytest.importorskip("moderngl", reason="the studio extra is not installed")
    arguments = ["scene", "--seed", "1", "-o", str(tmp_path / "out"), "--cache", str(tmp_path)]
    assert cli.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert "python -m studio assets" in err


@pytest.mark.parametrize(
    "arguments",
    [["scene"], ["set", "no-such-set", "-o", "x"], ["scene", "--story", "opera", "-o", "x"]],
)
def test_bad_usage_ends_with_two(arguments, capsys, tmp_path, monkeypatch):
    pytest.importorskip("moderngl", reason="the studio extra is not installed")
    monkeypatch.chdir(tmp_path)
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err


def test_help_ends_with_zero(capsys):
    pytest.importorskip("moderngl", reason="the studio extra is not installed")
    assert cli.run(["--help"]) == 0
    assert "scene" in capsys.readouterr().out
