"""Who is where, against a script: people on paper in shots on paper."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from castcheck.cast.script import Line, Script
from castcheck.findings.against_cast import member_facts
from castcheck.findings.against_script import ScriptFindingBuilder
from castcheck.findings.builder import FindingBuilder
from castcheck.findings.count import count_findings
from castcheck.findings.script_spans import expected_in, presence_in, spans_of
from identity.appearance.looks import Cue
from identity.cast.characters import build_cast
from identity.cast.matching import Member, ReferenceFeatures, match_to_cast, with_schedule
from identity.findings import Finding
from identity.settings import ClusteringSettings, FindingSettings
from identity.tracks.segments import make_segment
from scenes.shots import Shot
from tests.identity.people import body_of, calibration, colour_of, looks, tracklet

LENGTH, FPS = 48, 24


def member(name, *, pictures=True, presence="required"):
    if not pictures:
        return Member(name, (), presence)
    means: dict[Cue, np.ndarray] = {
        "body": body_of(name),
        "head": colour_of(name),
        "upper": colour_of(name),
    }
    return Member(name, (ReferenceFeatures(means, np.log(160 / 60)),), presence)


def clip_of(on_screen, *, length=LENGTH):
    """Return what was seen: a text per shot with a letter for each person there."""
    tracklets: list[Any] = []
    segments = []
    for number, people in enumerate(on_screen):
        frames = list(range(number * length, (number + 1) * length))
        for place, name in enumerate(people):
            own = tracklet(len(tracklets), frames, at=(60 + 150 * place, 60), shot=number)
            worn = looks(frames, [name] * length, seed=len(tracklets))
            tracklets.append(own)
            segments.append(make_segment(own, worn, 0, length))
    count = len(on_screen)
    seen: Any = SimpleNamespace(
        shots=tuple(
            Shot(i, i * length, (i + 1) * length, "cut" if i else "start") for i in range(count)
        ),
        frame_times_s=tuple(k / FPS for k in range(count * length)),
        end_s=count * length / FPS,
        info=SimpleNamespace(height_px=360),
        tracklets=tracklets,
        fps=FPS,
    )
    return seen, tuple(segments)


def judged(on_screen, members, script, *, told=(), settings=None, clip="clip.mp4"):
    """Return the findings against a script, the notes, and what names the characters got."""
    seen, segments = clip_of(on_screen)
    settings = settings or ClusteringSettings()
    setups = np.eye(len(seen.shots), dtype=np.float32)
    cast = build_cast(segments, setups, calibration(), settings)
    judgement: Any = SimpleNamespace(segments=segments, cast=cast)
    roll = match_to_cast(segments, cast, members, calibration(), settings)
    spans, notes = spans_of(script, Path(clip), seen, [one.name for one in members])
    presence = presence_in(judgement, spans)
    roll = with_schedule(roll, members, presence.at_all, expected_in(spans, len(members)))
    build = FindingBuilder(seen, judgement, FindingSettings())
    against = ScriptFindingBuilder(judgement, roll, members, spans, presence, build, told)
    names = {
        segments[i].tracklet.tracklet_id: members[roll.member_of[k]].name
        for i, k in enumerate(cast.labels)
        if k >= 0 and roll.member_of[k] >= 0
    }
    return against.findings(min_confidence=0.5), notes, names


def by_shot(*names):
    """Return a script by number of the shot; `None` = the shot is not spoken of."""
    said = [(i, tuple(who)) for i, who in enumerate(names) if who is not None]
    return Script(tuple(Line(f"shot {i + 1}", who, shots=(i,)) for i, who in said))


def told(findings):
    return [(f.kind, f.shots, f.evidence["members"]) for f in findings]


ROWS = [
    pytest.param(["AB", "A", "B"], ["AB", "A", "B"], "AB", [], id="as written"),
    pytest.param(["A"], ["A"], "A", [], id="one shot, one person"),
    pytest.param(["", ""], ["A", ""], "A", [], id="nobody could be judged at all"),
    pytest.param(
        ["AB", "B", "A"], ["AB", "A", "B"], "AB", [("swap", (1, 2), ["A", "B"])],
        id="two in each other's place",
    ),
    pytest.param(
        ["A", "B", "B", "A"], ["A", "B", "A", "B"], "AB", [("swap", (2, 3), ["A", "B"])],
        id="exchanged from the third shot on, over a cut to nowhere seen before",
    ),
    pytest.param(
        ["AB", "A", "B"], ["AB", "AB", "B"], "AB", [("missing", (1,), ["B"])], id="missing in one"
    ),
    pytest.param(
        ["A", "A"], ["AB", "AB"], "AB", [("missing", (0, 1), ["B"])], id="missing everywhere is one"
    ),
    pytest.param(
        ["AB", "AB"], ["AB", "A"], "AB", [("unexpected", (1,), ["B"])], id="one too many in one"
    ),
    pytest.param(
        ["AB", "A"], ["AB", "B"], "AB", [("unexpected", (1,), ["A", "B"])],
        id="in another's place: not also missing",
    ),
    pytest.param(
        ["AB", "AC"], ["AB", "AB"], "AB", [("stranger", (1,), ["B"])], id="stranger in B's place"
    ),
    pytest.param(
        ["AB", "ABC"], ["AB", "AB"], "AB", [("unexpected", (1,), [])], id="stranger on top"
    ),
    pytest.param(["AB", "A"], ["A", None], "AB", [("unexpected", (0,), ["B"])], id="unspoken shot"),
    pytest.param(["AB", "A"], ["", "A"], "AB",
                 [("unexpected", (0,), ["A"]), ("unexpected", (0,), ["B"])], id="nobody expected"),
]  # fmt: skip


@pytest.mark.parametrize(("on_screen", "script", "cast", "expect"), ROWS)
def test_table(on_screen, script, cast, expect):
    findings, notes, _ = judged(on_screen, [member(n) for n in cast], by_shot(*script))
    assert sorted(told(findings)) == sorted(expect)
    assert notes == ()
    for finding in findings:
        shots = finding.shots
        assert finding.start_frame == shots[0] * LENGTH
        stop = finding.start_frame + 1 if finding.kind == "swap" else (shots[-1] + 1) * LENGTH
        assert finding.stop_frame == stop


@pytest.mark.parametrize(
    ("on_screen", "script", "expect", "names"),
    [
        pytest.param(["AB", "A"], ["PQ", "P"], [], {0: "P", 1: "Q", 2: "P"}, id="as written"),
        pytest.param(
            ["A", "B", "B", "A"], ["P", "Q", "P", "Q"], [("swap", (2, 3), ["P", "Q"])],
            {0: "P", 1: "Q", 2: "Q", 3: "P"}, id="exchanged later: the first shots are believed",
        ),
        pytest.param(
            ["AB", "AB", "A"], ["PQ", "PQ", "PQ"], [("missing", (2,), ["Q"])],
            {0: "P", 1: "Q", 2: "P", 3: "Q", 4: "P"}, id="missing",
        ),
        pytest.param(
            ["A", "C"], ["P", "P"], [("stranger", (1,), ["P"])], {0: "P"}, id="somebody else",
        ),
    ],
)  # fmt: skip
def test_without_pictures_the_script_itself_names_people(on_screen, script, expect, names):
    people = [member(n, pictures=False) for n in dict.fromkeys("".join(script))]
    findings, _, named = judged(on_screen, people, by_shot(*script))
    assert told(findings) == expect
    assert named == names


def test_who_of_two_is_missing_is_not_told_where_the_script_does_not_know():
    people = [member(n, pictures=False) for n in "PQ"]
    (finding,), _, _ = judged(["AB", "AB", "A"], people, by_shot("PQ", "PQ", "PQ"))
    assert finding.message == "P or Q is not seen in shot 3."


def test_one_cause_is_told_once():
    swap = Finding("swap", "critical", 0.9, ("char-01", "char-02"), (0, 1), (0,), 10, 11, "")
    people = [member("A"), member("B")]
    rows = (["AB", "B"], people, by_shot("AB", "A"))
    assert told(judged(*rows)[0]) == [("unexpected", (1,), ["B", "A"])]
    assert judged(*rows, told=[swap])[0] == ()
    late = Finding("swap", "critical", 0.9, ("char-01", "char-02"), (0, 1), (1,), 96, 97, "")
    assert told(judged(*rows, told=[late])[0]) == [("unexpected", (1,), ["B", "A"])]


@pytest.mark.parametrize(
    ("one", "evidence", "kinds"),
    [
        pytest.param("char-03", {"characters_expected": 2}, [], id="counted already"),
        pytest.param("char-02", {"characters_expected": 2}, ["unexpected"], id="another one"),
        pytest.param("char-03", {}, ["unexpected"], id="unexpected for another reason"),
    ],
)
def test_who_is_one_too_many_is_told_once(one, evidence, kinds):
    counted = Finding("unexpected", "major", 0.9, (one,), (0,), (0,), 0, 48, "", evidence)
    people = [member("A"), member("B")]
    findings, _, _ = judged(["ABC"], people, by_shot("AB"), told=[counted])
    assert [f.kind for f in findings] == kinds


def test_optional_ones_may_be_absent_and_may_not_be_where_nobody_wants_them():
    people = [member("A"), member("B", presence="optional")]
    assert judged(["A", "AB"], people, by_shot("AB", "AB"))[0] == ()
    assert told(judged(["AB", "A"], people, by_shot("A", "A"))[0]) == [("unexpected", (0,), ["B"])]


def test_where_nothing_is_detected_missing_is_a_doubt():
    (finding,), _, _ = judged(["A", ""], [member("A")], by_shot("A", "A"))
    assert (finding.kind, finding.severity, finding.confidence) == ("missing", "minor", 0.7)


@pytest.mark.parametrize(
    ("line", "frames"),
    [
        pytest.param(Line("x", ("A",), shots=(0, 1)), (0, 96), id="shots of a scene"),
        pytest.param(Line("x", ("A",), frames=(40, 999)), (40, 144), id="frames, to the end"),
        pytest.param(Line("x", ("A",), seconds=(2.0, 4.0)), (48, 96), id="seconds"),
        pytest.param(Line("x", ("A",), seconds=(1.999, 4.001)), (48, 96), id="seconds, rounded"),
    ],
)
def test_a_line_says_where_in_any_way(line, frames):
    seen, _ = clip_of(["A", "A", "A"])
    (span,), notes = spans_of(Script((line,)), Path("x.mp4"), seen, ["A"])
    assert ((span.start_frame, span.stop_frame), notes) == (frames, ())


@pytest.mark.parametrize(
    ("script", "kept", "note"),
    [
        pytest.param(by_shot("A", "A", "A"), 0, "has shot 3, the clip 2 shots", id="more"),
        pytest.param(
            Script(by_shot("A").lines, shot_count=1), 0, "has 1 shot, the clip 2 shots", id="fewer"
        ),
        pytest.param(by_shot("A"), 1, "", id="fewer, but the script is no complete one"),
        pytest.param(
            Script((Line("a", ("A",), seconds=(0, 1)), Line("b", ("A",), seconds=(9, 10)))),
            1, "1 of its lines left out", id="after the end",
        ),
    ],
)  # fmt: skip
def test_what_of_a_script_does_not_fit_is_told(script, kept, note):
    seen, _ = clip_of(["A", "A"])
    spans, notes = spans_of(script, Path("x.mp4"), seen, ["A"])
    assert len(spans) == kept
    assert note in " ".join(notes)
    assert bool(notes) == bool(note)


def test_a_clip_of_one_shot_of_the_story_is_found_by_its_name():
    lines = (
        Line("shot 0", ("A",), shots=(0,), clip_stem="001_001"),
        Line("shot 1", ("B",), shots=(1,), clip_stem="001_002"),
    )
    script = Script(lines, shot_count=2)
    people = [member("A"), member("B")]
    assert judged(["B"], people, script, clip="001_002.mp4")[0] == ()
    findings, _, _ = judged(["A"], people, script, clip="001_002.mp4")
    assert told(findings) == [("unexpected", (0,), ["A", "B"])]


def test_somebody_who_only_crosses_a_misplaced_cut_is_not_accused():
    script = Script((Line("x", ("A",), seconds=(0, 1.9)), Line("y", (), seconds=(1.9, 2))))
    people = [member("A")]
    assert judged(["A"], people, script)[0] == ()


@pytest.mark.parametrize(
    ("on_screen", "count", "expect", "characters"),
    [
        pytest.param(["AB", "CD"], None, [], 4, id="not said"),
        pytest.param(["AB", "AB"], 2, [], 2, id="as many"),
        pytest.param(["AB", "CD"], 2, [], 2, id="the likest are joined"),
        pytest.param(["AB"], 1, ["unexpected"], 2, id="two at once are two"),
        pytest.param(["ABC", "AB"], 2, ["unexpected"], 3, id="one too many"),
        pytest.param(["A"], 3, ["missing"], 1, id="too few"),
    ],
)
def test_how_many_there_should_be(on_screen, count, expect, characters):
    seen, segments = clip_of(on_screen)
    settings = ClusteringSettings(characters=count, same_prior=-3.0)
    cast = build_cast(segments, np.eye(len(on_screen), dtype=np.float32), calibration(), settings)
    assert cast.character_count == characters
    judgement: Any = SimpleNamespace(segments=segments, cast=cast)
    findings = count_findings(
        seen, judgement, FindingBuilder(seen, judgement, FindingSettings()), count
    )
    assert [f.kind for f in findings] == expect
    if expect == ["missing"]:
        assert findings[0].severity == "minor"
    if on_screen == ["ABC", "AB"]:
        assert findings[0].tracklets == (2,)
        assert (findings[0].start_frame, findings[0].stop_frame) == (0, 48)


def test_whom_neither_pictures_nor_a_usable_script_show_is_unknown():
    _, segments = clip_of(["AB"])
    people = [member("A"), member("B", pictures=False)]
    cast = build_cast(segments, np.eye(1, dtype=np.float32), calibration(), ClusteringSettings())
    roll = match_to_cast(segments, cast, people, calibration(), ClusteringSettings())
    roll = with_schedule(roll, people, np.zeros((2, 0), np.bool_), np.zeros((2, 0), np.bool_))
    known, unknown = member_facts(roll, people)
    assert known.confidence is not None
    assert known.confidence > 0.5
    assert (unknown.confidence, unknown.characters) == (None, ())


def test_a_swap_of_others_explains_nothing():
    swap = Finding("swap", "critical", 0.9, ("char-01", "char-02"), (0, 1), (0,), 10, 11, "")
    people = [member("A"), member("B")]
    findings, _, _ = judged(["AB", "AB"], people, by_shot("AB", "A"), told=[swap])
    assert told(findings) == [("unexpected", (1,), ["B"])]
