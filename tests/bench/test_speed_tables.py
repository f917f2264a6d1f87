"""The tables of the speed bench, from figures as it notes them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench import speed
from bench.speed import against_floor, median_stages, time_rows
from bench.speed_tables import tables

ROUND = [{"wall_s": 0.1, "cpu_s": 0.1}]
TWICE = [{"wall_s": 0.2, "cpu_s": 0.15}]
SIZE = {"frames": 240, "wall_s": 2.4, "cpu_s": 1.2, "stages_s": {"judge": 0.24}}


def found(**parts: Any) -> dict[str, Any]:
    rows = {
        "floor": "1 threads",
        "rows": against_floor({"floor": ROUND, "castcheck, whole": TWICE}),
        "stages": {"castcheck, whole": {"detect": 6.0, "looks": 2.0}},
        "gpu": None,
    }
    return {**rows, **parts}


MINUTE = {"seconds": 60.0, "people": 3, "peak_mb": 400.0, **SIZE}
TEN_MINUTES = {"seconds": 600.0, "people": 3, "peak_mb": 420.0, **SIZE}
SHORT = {"seconds": 10.0, "people": 1, "peak_mb": 400.0, **SIZE}
START = [{"what": "castcheck --help", "wall_s": 0.2, "cpu_s": 0.1}]
BUSY = [{"loops": 0, **SIZE}, {"loops": 2, **SIZE, "wall_s": 7.2}]
TALL = {"height_px": 1080, "peak_mb": 900.0, **SIZE}
WORKERS = {"one_clips_per_s": 0.5, "two_clips_per_s": 0.9, "ratio": 1.8}


@pytest.mark.parametrize(
    ("figures", "line"),
    [
        pytest.param(found(), "| floor | 10.0 | 100 | 1.00 | 1.00 to 1.00 | 1.00 |", id="floor"),
        pytest.param(
            found(), "| castcheck, whole | 5.0 | 150 | 2.00 | 2.00 to 2.00 | 1.50 |", id="rows"
        ),
        pytest.param(found(), "| detector | 6.0 (75%) |", id="stages"),
        pytest.param(found(), "| frames/s | - |", id="no gpu"),
        pytest.param(found(), "There was no GPU.", id="no gpu, said"),
        pytest.param(found(stages={}), "| stage |", id="peers only"),
        pytest.param(
            {"sizes": [MINUTE, TEN_MINUTES]},
            "| 600 s, 3 people | 10.0 | 5.0 | 1.0 | 420 | 1.05 |",
            id="sizes",
        ),
        pytest.param(
            {"sizes": [SHORT]}, "| 10 s, 1 people | 10.0 | 5.0 | 1.0 | 400 | - |", id="no minute"
        ),
        pytest.param({"start": START}, "| castcheck --help | 0.20 | 0.10 |", id="start-up"),
        pytest.param({"busy": BUSY}, "| alone | 2.40 | 1.20 | 1.00 |", id="alone"),
        pytest.param({"busy": BUSY}, "| 2 busy loops | 7.20 | 1.20 | 3.00 |", id="busy"),
        pytest.param({"resolutions": [TALL]}, "| 1080p | 10.0 | 5.0 | 900 |", id="resolution"),
        pytest.param({"resolutions": []}, "|---|---:|---:|---:|", id="no resolution"),
        pytest.param({"workers": WORKERS}, "| two workers | 0.90 | 1.80 |", id="workers"),
    ],
)
def test_tables(figures: dict[str, Any], line: str) -> None:
    text = "\n\n".join(table.markdown() for table in tables(figures))
    assert line in text.splitlines()


def test_nothing_measured_gives_no_table() -> None:
    assert list(tables({})) == []


def test_stages_are_medians() -> None:
    assert median_stages([]) == {}
    assert median_stages([{"a": 1.0}, {"a": 9.0}, {"a": 2.0}]) == {"a": 2.0}
    rounds = [{"a": 1.0}, {"a": 5.0}, {"a": 9.0}, {"a": 9.0}, {"a": 2.0}, {"a": 2.0}]
    assert median_stages(rounds, clips=2) == {"a": 3.0}


def test_a_round_goes_over_all_clips_and_the_first_warms_up() -> None:
    seen: list[tuple[str, str]] = []

    def row(name: str, clip: Path) -> int:
        seen.append((name, clip.stem))
        return 4

    rows = {name: partial(row, name) for name in ("floor", "other")}
    spent = time_rows(rows, [Path("a.mp4"), Path("b.mp4")], runs=2)
    assert {name: len(costs) for name, costs in spent.items()} == {"floor": 2, "other": 2}
    assert seen == 3 * [(n, c) for n in rows for c in ("a", "b")]
    assert all(cost["wall_s"] > 0 for costs in spent.values() for cost in costs)
    assert time_rows({}, [Path("a.mp4")], runs=1) == {}


@pytest.mark.parametrize(
    ("missing", "skip", "said"),
    [
        pytest.param([], "", None, id="all is there"),
        pytest.param(["lap"], "", "not installed: lap; `pip install", id="no lap"),
        pytest.param(["lap", "matplotlib"], "", "not installed: lap, matplotlib;", id="neither"),
        pytest.param(["lap"], "rows", None, id="no row wants it"),
    ],
)
def test_what_is_not_installed_is_said_before_anything_runs(
    missing, skip, said, monkeypatch, tmp_path, capsys
):
    ran = []
    rest = f"{skip},sizes,workers,start,busy,resolutions"
    arguments = ["--detector", "a.pt", "--skip", rest, "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", ["speed", *arguments])
    monkeypatch.setattr(speed, "find_spec", lambda name: None if name in missing else name)
    monkeypatch.setattr(speed, "bare_network", lambda _: ran.append("rows"))
    for name, made in (("find_floors", []), ("rows_for", {}), ("against_floor", {})):
        monkeypatch.setattr(speed, name, lambda *_, made=made: made)
    for name in ("time_rows", "gpu_figures", "plot", "tell"):
        monkeypatch.setattr(speed, name, lambda *_: None)
    if said is None:
        assert speed.main() == 0
        assert ran == ["rows"] * (skip != "rows")
        return
    with pytest.raises(SystemExit, match="2"):
        speed.main()
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert not ran
    assert not (tmp_path / "out").exists()
