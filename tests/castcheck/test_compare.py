"""Two runs on the same clips: pairs, figures, the answer, the page."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from castcheck.batch.record import Record
from castcheck.cli import app
from castcheck.runs.compare import Couple, Seen, compare
from castcheck.runs.leaderboard import leaderboard
from castcheck.runs.pairing import pair
from castcheck.runs.reading import RunReadError, read_run
from tests.castcheck.runs_made_up import make_report, told, write_run
from tests.castcheck.support import write_clip


def seen(count=0, *, kind="swap", consistency=0.9):
    return Seen({kind: count} if count else {}, 0.9 * count, 0.5, consistency, 2.0)


def couples(*counts):
    return [Couple(f"c{k}", (seen(a), seen(b))) for k, (a, b) in enumerate(counts)]


@pytest.mark.parametrize(
    ("counts", "margin", "answer"),
    [
        pytest.param([(0, 1)], 0.0, "open", id="one-pair-shows-nothing"),
        pytest.param([(0, 0)] * 40, 0.0, "open", id="no-difference-is-no-proof-of-none"),
        pytest.param([(0, 0)] * 40, 0.1, "not worse", id="nor-more-than-the-margin"),
        pytest.param([(0, 1)] * 15 + [(0, 0)] * 15, 0.0, "worse", id="worse"),
        pytest.param([(0, 1)] * 15 + [(0, 0)] * 15, 0.8, "not worse", id="within-the-margin"),
        pytest.param([(1, 0)] * 15 + [(0, 0)] * 15, 0.0, "not worse", id="better"),
        pytest.param([(0, 1), (1, 0)] * 10, 0.0, "open", id="both-ways"),
    ],
)
def test_the_answer(counts, margin, answer):
    assert compare(couples(*counts), margin=margin).answer == answer


def test_figures_of_a_comparison():
    rows = [
        Couple("a", (seen(0), seen(2))),
        Couple("b", (seen(1, kind="drift"), seen(0))),
        Couple("c", (seen(1), seen(1, consistency=None))),
        Couple("d", (seen(0, consistency=0.8), seen(0, consistency=0.6))),
        Couple("e", (seen(0), seen(0))),
    ]
    found = compare(rows, margin=0, cohorts={"model": {"x": ["a", "b", "gone"], "y": ["c"]}})
    first, failing, minute, consistency, characters = found.overall
    assert (first.a, first.b, first.better, first.worse) == (0.4, 0.6, 1, 1)
    assert (failing.a, failing.b) == (0.4, 0.4)
    assert (minute.a, minute.b) == pytest.approx((0.8, 1.2))
    assert (consistency.pairs, consistency.worse) == (4, 1)
    assert (characters.better, characters.worse, characters.less_is_better) == (0, 0, None)
    assert [(m.name, m.a, m.b) for m in found.kinds] == [("swap", 0.2, 0.6), ("drift", 0.2, 0.0)]
    assert found.changed == (("a", 2), ("b", -1))
    assert [(c.column, c.value, c.measure.pairs) for c in found.cohorts] == [
        ("model", "x", 2), ("model", "y", 1),
    ]  # fmt: skip


PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25)


@settings(deadline=None, max_examples=15)
@given(PAIRS)
def test_changing_sides_turns_everything_round(counts):
    there = compare(couples(*counts), margin=0.0)
    back = compare(couples(*((b, a) for a, b in counts)), margin=0.0)
    for one, other in zip(there.overall + there.kinds, back.overall + back.kinds, strict=True):
        assert (one.a, one.b) == (other.b, other.a)
        assert (one.better, one.worse) == (other.worse, other.better)
        assert one.p == pytest.approx(other.p)
        assert one.difference is not None
        assert other.difference is not None
        assert one.difference.value == pytest.approx(-other.difference.value)
    assert {n: -v for n, v in there.changed} == dict(back.changed)
    if there.answer == "worse":
        assert back.answer == "not worse"


def test_a_leaderboard_has_the_fewest_findings_first():
    rows = [Couple(f"c{k}", (seen(1), seen(0), seen(2))) for k in range(8)]
    board = leaderboard(rows, ["a", "b", "c"], margin=0.0)
    assert [place.name for place in board] == ["b", "a", "c"]
    assert [place.answer for place in board] == ["not worse", "not worse", "worse"]
    assert [place.failing.hits for place in board] == [0, 8, 8]
    assert [place.kinds["swap"] for place in board] == [0, 1, 2]


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def summary(*clips):
    return [Record(clip=clip, outcome="bad_input", message="no") for clip in clips]


@pytest.mark.parametrize(
    ("a", "b", "names", "alone"),
    [
        pytest.param(["x/1.mp4"], ["y/1.webm"], ["1"], ([], []), id="stems"),
        pytest.param(["1.mp4", "2.mp4"], ["1.mp4", "3.mp4"], ["1"], (["2"], ["3"]), id="alone"),
        pytest.param(["r/a/s.mp4", "r/b/s.mp4"], ["q/a/s.mp4", "q/b/s.mp4"], ["a/s", "b/s"],
                     ([], []), id="paths-where-stems-are-not-unique"),
    ],
)  # fmt: skip
def test_what_is_paired(a, b, names, alone, tmp_path):
    for side, clips in (("a", a), ("b", b)):
        write_run(tmp_path / side, [make_report(clip) for clip in clips])
    found = pair([read_run(tmp_path / "a"), read_run(tmp_path / "b")])
    assert [row.name for row in found.rows] == names
    assert found.alone == tuple(map(tuple, alone))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("a,b\n1,9\n", None),
        ("\ufeffb, a\r\n9.mp4,1\r\n", None),
        ("a,c\n1,9\n", "has no column 'b'"),
        ("a,b\n1,8\n", "line 2: '8' is not a clip of"),
        ("a,b\n1,9\n1,9\n", "line 3: '1' stands twice"),
        ("a,b\n1\n", "line 2 has not as many cells"),
        ("a,b\n", "pairs no clips"),
    ],
)
def test_pairs_by_a_table(table, message, tmp_path):
    write_run(tmp_path / "a", [make_report("1.mp4"), make_report("2.mp4")])
    write_run(tmp_path / "b", [make_report("9.mp4")])
    path = tmp_path / "pairs.csv"
    path.write_text(table)
    runs = [read_run(tmp_path / "a"), read_run(tmp_path / "b")]
    if message is None:
        found = pair(runs, path)
        assert [row.name for row in found.rows] == ["1"]
        assert found.alone == (("2",), ())
        return
    with pytest.raises(RunReadError, match=message):
        pair(runs, path)


@pytest.fixture
def two_runs(tmp_path):
    """Ten clips: in B two of them fail that do not in A, one only in A; one cannot be judged."""
    a, b = [], []
    for k in range(10):
        clip = write_clip(tmp_path / f"clip{k}.mp4", frames=48, size=(320, 240))
        a.append(make_report(clip, *([told("drift", stop=30)] if k == 7 else [])))
        b.append(make_report(clip, *([told("swap", tracklets=(0, 1))] if k < 2 else []),
                             version="0.2.0"))  # fmt: skip
    a.append(make_report("nobody.mp4"))
    b.append(make_report("nobody.mp4", verdict="abstain"))
    write_run(tmp_path / "a", a, summary("broken.mp4"))
    write_run(tmp_path / "b", b)
    return tmp_path


def test_from_two_runs_to_a_page(two_runs):
    (two_runs / "cohorts.csv").write_text("clip,seed\nclip0.mp4,1\nclip1,2\nother,2\n")
    result = run("compare", two_runs / "a", two_runs / "b", "-o", two_runs / "out",
                 "--cohorts", two_runs / "cohorts.csv")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "a and b were not judged alike: castcheck: 0.1.0 and 0.2.0" in result.output
    assert "1 clip only in a: broken" in result.output
    assert "1 clip left out, since not every run could judge them: nobody" in result.output
    assert "1 clip of the table not compared, 9 clips not in the table" in result.output
    assert result.output.count("NOT DECIDED") == 1
    table = json.loads((two_runs / "out" / "compare.json").read_text())
    assert (table["schema"], table["answer"], table["clips"]) == (
        "castcheck.compare/1", "open", 10,
    )  # fmt: skip
    assert [row["clip"] for row in table["worse"]] == ["clip0", "clip1"]
    assert [row["clip"] for row in table["better"]] == ["clip7"]
    page = (two_runs / "out" / "index.html").read_text()
    assert "10 pairs" in page
    assert "20.0 s each" in page  # ten times two seconds, and no "0.3 min"
    assert page.count("data:image/jpeg") == 3 * 2 * 2  # three clips, two runs, two times
    assert not re.search(r'(?:src|href)="https?:', page)  # works offline
    assert 'href="../a/clip0/report.json"' in page


def test_a_clip_that_is_gone_or_changed_shows_its_poster(two_runs):
    (two_runs / "clip0.mp4").unlink()
    (two_runs / "clip7.mp4").write_bytes((two_runs / "clip1.mp4").read_bytes() + b"x")
    assert run("compare", two_runs / "a", two_runs / "b", "-o", two_runs / "out").exit_code == 0
    page = (two_runs / "out" / "index.html").read_text()
    assert page.count("the clip is not there any more</figcaption>") == 2
    assert page.count("the clip has changed since</figcaption>") == 2
    assert page.count("data:image/jpeg") == 2 + 2 + 2 * 2


@pytest.mark.parametrize(
    ("b_fails", "margin", "code"), [(0, "0", 0), (9, "0", 1), (9, "2", 0)], ids=str
)
def test_the_exit_code(b_fails, margin, code, tmp_path):
    clips = [f"c{k}.mp4" for k in range(10)]
    write_run(tmp_path / "a", [make_report(clip) for clip in clips])
    write_run(tmp_path / "b", [
        make_report(clip, *([told("swap")] if k < b_fails else [])) for k, clip in enumerate(clips)
    ])  # fmt: skip
    arguments = ["compare", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "out"]
    assert run(*arguments, "--margin", margin).exit_code == code
    # A third run makes a leaderboard, with the same code.
    write_run(tmp_path / "c", [make_report(clip) for clip in clips])
    assert run(*arguments, tmp_path / "c", "--margin", margin).exit_code == code
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Leaderboard" in page
    assert "fewer than a" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "two runs or more are wanted"),
        (["a", "nowhere"], "no such folder"),
        (["a", "b", "a/../a"], "is named twice"),
        (["a", "other"], "no clip has the same name in all runs"),
        (["a", "blind"], "no clip was judged in all runs"),
        (["a", "b", "--margin", "-0.1"], "--margin: -0.1 is out of range, allowed is 0 or more"),
        (["a", "b", "--margin", "nan"], "--margin: nan is out of range"),
        (["a", "b", "--margin", "inf"], "--margin: inf is out of range"),
        (["a", "b", "--fail-on", "swpa"], "did you mean 'swap'"),
        (["a", "b", "--cohorts", "none.csv"], "none.csv: cannot be read"),
        (["a", "b", "other", "--pairs", "p.csv"], "a table pairs two runs"),
    ],
)
def test_bad_input_is_one_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "a", [make_report("1.mp4")])
    write_run(tmp_path / "b", [make_report("1.mp4")])
    write_run(tmp_path / "blind", [make_report("1.mp4", verdict="abstain")])
    write_run(tmp_path / "other", [make_report("2.mp4")])
    result = run("compare", *arguments, "-o", "out")
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_of_check_is_a_run_too(tmp_path):
    for side, findings in (("a", []), ("b", [told("swap")])):
        for k in range(2):
            folder = tmp_path / side / f"c{k}"
            folder.mkdir(parents=True)
            (folder / "report.json").write_text(make_report(f"c{k}.mp4", *findings).to_json())
    result = run("compare", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1.00 more findings per clip" in result.output
