"""How far a batch is, in words: rate, time left and counts, on a clock that tests set."""

from __future__ import annotations

import pytest

from castcheck.batch.progress import BatchProgress
from castcheck.batch.record import Outcome, Record


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def record(word):
    outcomes: dict[str, Outcome] = {"bad_input": "bad_input", "crashed": "crashed"}
    outcome = outcomes.get(word, "judged")
    return Record(
        clip="a.mp4", outcome=outcome, message="", verdict=word if outcome == "judged" else None
    )


def progress_after(clips, *, total, quiet=True):
    """Return the progress after clips of (seconds, what became of it, kept from before)."""
    clock = Clock()
    progress = BatchProgress(total, quiet=quiet, clock=clock)
    for seconds, word, kept in clips:
        clock.now += seconds
        progress.add(record(word), kept=kept)
    return progress


@pytest.mark.parametrize(
    ("clips", "total", "text"),
    [
        pytest.param([], 5, "0/5 clips", id="none"),
        pytest.param([(30, "pass", False)], 1, "1/1 clips · 2.0 a minute · 1 pass", id="single"),
        pytest.param(
            [(2, "fail", False), (2, "pass", False), (2, "bad_input", False)],
            63,
            "3/63 clips · 30.0 a minute · 2 min left · 1 pass, 1 fail, 1 unreadable",
            id="some",
        ),
        pytest.param(
            [(0, "pass", True)] * 90 + [(4, "pass", False)],
            101,
            "91/101 clips · 15.0 a minute · 40 s left · 91 pass",
            id="kept-ones-are-not-part-of-the-rate",
        ),
        pytest.param([(0, "pass", True)] * 3, 9, "3/9 clips · 3 pass", id="only-kept"),
        pytest.param(
            [(100, "pass", False)] * 20 + [(0.5, "crashed", False)] * 50,
            1070,
            "70/1070 clips · 2.0 a second · 8 min left · 20 pass, 50 crashed",
            id="rate-of-late",
        ),
    ],
)
def test_text(clips, total, text):
    assert progress_after(clips, total=total).text() == text


@pytest.mark.parametrize(
    ("clips", "text"),
    [
        pytest.param([], "", id="none"),
        pytest.param([(30, "pass", False)], "1 clip done in 30 s, 2.0 a minute", id="single"),
        pytest.param([(9, "pass", True)] * 3, "", id="only-kept"),
        pytest.param(
            [(0, "pass", True)] * 5 + [(2, "fail", False)] * 30 + [(1, "bad_input", False)] * 60,
            "90 clips done in 2 min, 45.0 a minute",
            id="over-the-whole-run",
        ),
    ],
)
def test_summary(clips, text):
    assert progress_after(clips, total=99).summary() == text


def test_a_file_gets_a_line_a_minute_and_quiet_none(capsys):
    clips = [(10, "pass", False)] * 13
    progress_after(clips, total=20, quiet=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(" · ")[0] for line in said.err.splitlines()] == [
        "castcheck: 6/20 clips",
        "castcheck: 12/20 clips",
    ]
    progress_after(clips, total=20, quiet=True)
    assert capsys.readouterr().err == ""
