"""The curve of false alarms against strictness."""

from __future__ import annotations

import pytest

from bench.alarms import main, point_of, table_of, upper_limit
from tests.bench.test_quality_score import clip, event, finding


@pytest.mark.parametrize(
    ("rows", "alarms", "found", "wrong"),
    [
        pytest.param([], 0, 0, 0, id="nothing judged"),
        pytest.param([clip()], 0, 0, 0, id="clean, silent"),
        pytest.param([clip(findings=[finding()])], 1, 0, 1, id="clean, false alarm"),
        pytest.param([clip(findings=[finding(severity="minor")])], 0, 0, 1, id="a minor one"),
        pytest.param([clip([event(0)], [finding(right=True)])], 0, 1, 0, id="found"),
        pytest.param([clip([event()], [finding()])], 0, 0, 1, id="missed, and wrong"),
    ],
)
def test_point(rows, alarms, found, wrong):
    point = point_of(1.0, rows)
    assert (point.alarms, point.found, point.wrong) == (alarms, found, wrong)
    assert point.per_100 == pytest.approx(100 * alarms)
    assert point.at_most_per_100 >= point.per_100


def test_limit_shrinks_with_more_clips_and_the_table_holds_every_point():
    few, many = (point_of(1.0, [clip()] * n) for n in (10, 100))
    assert few.at_most_per_100 == pytest.approx(10 * many.at_most_per_100)
    assert upper_limit(3) == pytest.approx(7.75, abs=0.01)
    assert [row[0] for row in table_of([few, many]).rows] == ["1", "1"]
    assert table_of([]).rows == ()


def test_no_clips_is_one_clear_line(tmp_path, capsys):
    assert main(["--set", "tune", "--clips", str(tmp_path)]) == 2
    assert "no clips" in capsys.readouterr().err
