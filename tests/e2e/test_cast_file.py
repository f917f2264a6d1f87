"""A sample clip against cast files made from crops of its broken twin and of another clip."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from PIL import Image
from typer.testing import CliRunner

from castcheck.cast.references import load_references
from castcheck.cli import app
from castcheck.config import Config
from castcheck.facts.report import Report
from castcheck.models.load import load_models
from castcheck.observe import observe
from castcheck.pipeline import report_on
from castcheck.report.html import render
from castcheck.report.writers import ReportInputs

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[2] / "sample_videos"
CLIP = SAMPLES / "room_clean.mp4"
ROOM = ("room_swap", 4)  # a frame before the exchange
CAFE = ("cafe_clean", 4)


def crops(stem, frame, folder):
    """Cut everybody out of one frame; return name to file."""
    truth = json.loads((SAMPLES / f"{stem}.truth.json").read_text())
    with av.open(str(SAMPLES / f"{stem}.mp4")) as container:
        picture = next(
            shown for k, shown in enumerate(container.decode(video=0)) if k == frame
        ).to_image()
    files = {}
    for person in truth["people"]:
        track = person["tracks"][0]
        box = track["boxes"][track["frames"].index(frame)]
        files[f"{stem[:4]} {person['person']}"] = folder / f"{stem}_{person['person']}.png"
        picture.crop(box).save(files[f"{stem[:4]} {person['person']}"])
    return files


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cast")
    return {**crops(*ROOM, folder), **crops(*CAFE, folder)}


def config(cast=""):
    return Config.from_dict({"run": {"detector": str(SAMPLES / "boxes"), "cast": str(cast)}})


@pytest.fixture(scope="module")
def seen():
    settings = config()
    models = load_models(settings)
    return observe(CLIP, config=settings, models=models, progress=lambda *_: None)


def judge(seen, names, people, folder):
    path = folder / "cast.toml"
    path.write_text(
        "\n".join(
            f'[[character]]\nname = "{name}"\nreferences = ["{people[name].as_posix()}"]'
            for name in names
        )
    )
    settings = config(path)
    return report_on(CLIP, seen, config=settings, models=load_models(settings)), settings


ROWS = [
    pytest.param(0, 0, [], 0, id="the cast"),
    pytest.param(0, 1, ["missing"], 1, id="one more is listed"),
    pytest.param(1, 0, ["unexpected"], 1, id="one is not listed"),
    pytest.param(1, 1, ["stranger"], 1, id="another is listed in somebody's place"),
]


@pytest.mark.parametrize(("left_out", "added", "kinds", "code"), ROWS)
def test_table(left_out, added, kinds, code, seen, people, tmp_path):
    room = sorted(name for name in people if name.startswith("room"))
    cafe = sorted(name for name in people if name.startswith("cafe"))
    names = [*room[left_out:], *cafe[:added]]
    outcome, settings = judge(seen, names, people, tmp_path)
    report = outcome.report
    assert [f.kind for f in report.findings] == kinds
    assert settings.parsed_gate().exit_code(report.findings) == code
    assert {c.name for c in report.characters} - {None} == set(room[left_out:])
    assert [member.name for member in report.cast] == names
    again = Report.from_json(report.to_json())
    assert again == report
    page = render(ReportInputs(report, outcome.visuals, settings.report, CLIP))
    for name in room[left_out:]:
        assert f"reference of {name}" in page
    for finding in report.findings:
        assert finding.message.split(" (")[0].split(" matches")[0] in page
        assert (finding.start_frame, finding.stop_frame) == (0, 96)
        if finding.kind != "unexpected":
            assert finding.evidence["member"] == cafe[0]
            assert f"reference of {cafe[0]}" in page


ALL = ["room anna", "room omar", "room mei"]
SCRIPTS = [
    pytest.param(ALL, [], id="as filmed"),
    pytest.param(["room anna", "room omar"], [("unexpected", ["room mei"])], id="one too many"),
    pytest.param([*ALL, "cafe ida"], [("missing", ["cafe ida"])], id="missing"),
    pytest.param(
        ["room anna", "room omar", "cafe ida"], [("unexpected", ["room mei", "cafe ida"])],
        id="in another's place",
    ),
]  # fmt: skip


@pytest.mark.parametrize("bare", [False, True], ids=["by pictures", "by the script alone"])
@pytest.mark.parametrize(("third", "expect"), SCRIPTS)
def test_a_script_judges_each_shot(third, expect, bare, seen, people, tmp_path):
    names = [*ALL, "cafe ida"]
    references = [[] if bare else [people[name].as_posix()] for name in names]
    shots = {0: ALL, 1: ["room anna", "room omar"], 2: third}
    path = tmp_path / "cast.toml"
    path.write_text(
        "".join(
            f'[[character]]\nname = "{name}"\nreferences = {files}\n'
            for name, files in zip(names, references, strict=True)
        )
        + "".join(f"[[shot]]\nindex = {k}\ncharacters = {who}\n" for k, who in shots.items())
    )
    settings = config(path)
    outcome = report_on(CLIP, seen, config=settings, models=load_models(settings))
    report = outcome.report
    found = [(f.kind, f.evidence["members"]) for f in report.findings]
    assert found == expect
    assert report.degradations == ()
    assert Report.from_json(report.to_json()) == report
    page = render(ReportInputs(report, outcome.visuals, settings.report, CLIP))
    for finding in report.findings:
        assert (finding.shots, finding.start_frame, finding.stop_frame) == ((2,), 64, 96)
        assert finding.message in page.replace("&#39;", "'")


def test_a_picture_cut_to_a_figure_shows_the_bundled_detector_one_figure(people):
    models = load_models(Config.from_dict({"run": {"detector": "bundled"}}))
    folder = next(iter(people.values())).parent
    cast = load_references(folder, models.detector, models.embedder, Config())
    assert sorted(member.name for member in cast.members) == sorted(
        file.stem for file in people.values()
    )
    assert cast.notes == ()  # somebody was found in each
    for picture in cast.pictures:
        assert picture is not None
        with Image.open(folder / f"{picture.caption.removeprefix('reference of ')}.png") as given:
            aspect = picture.width_px / picture.height_px
            assert aspect == pytest.approx(given.width / given.height, rel=0.35)


@pytest.mark.parametrize(
    ("omar", "mei", "script", "kinds", "names"),
    [
        pytest.param("room omar", ["white"], "", [], ALL[:2], id="no picture shows her"),
        pytest.param("room omar", ["white", "room mei"], "", [], ALL, id="one of two does"),
        pytest.param("room omar", ["cafe ida"], "", ["stranger"], ALL[:2], id="of another"),
        pytest.param("room omar", ["white"], f"[[shot]]\nindex = 0\ncharacters = {ALL}\n", [], ALL,
                     id="a script tells where she is"),
        pytest.param("cafe omar", ["white"], "", ["missing"], ALL[:1],
                     id="he is missing, whoever she is"),
        pytest.param("cafe omar", ["white"], '[[shot]]\nindex = 7\ncharacters = ["room omar"]\n',
                     [], ALL[:1], id="a script of other shots does not say that he is there"),
    ],
)  # fmt: skip
def test_nobody_is_accused_by_a_blank_picture(
    omar, mei, script, kinds, names, seen, people, tmp_path
):
    Image.new("RGB", (100, 300), "white").save(tmp_path / "white.png")
    of = {**people, "white": tmp_path / "white.png"}
    references = {"room anna": ["room anna"], "room omar": [omar], "room mei": mei}
    path = tmp_path / "cast.toml"
    path.write_text(
        "".join(
            f'[[character]]\nname = "{name}"\nreferences = {[of[k].as_posix() for k in own]}\n'
            for name, own in references.items()
        )
        + script
    )
    settings = config(path)
    outcome = report_on(CLIP, seen, config=settings, models=load_models(settings))
    assert [f.kind for f in outcome.report.findings] == kinds
    assert sorted(c.name for c in outcome.report.characters if c.name) == sorted(names)
    told = [line for line in outcome.report.degradations if "white.png" in line]
    assert len(told) == ("white" in mei)
    page = render(ReportInputs(outcome.report, outcome.visuals, settings.report, CLIP))
    assert all(line in page for line in told)


def test_a_bad_cast_is_one_line_and_exit_code_2(tmp_path):
    arguments = ["check", str(CLIP), "-o", str(tmp_path), "--detector", str(SAMPLES / "boxes")]
    result = CliRunner().invoke(app, [*arguments, "--cast", str(tmp_path / "nobody")])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "nobody: cannot be read: no such file or directory; check --cast" in result.stderr


@pytest.mark.parametrize(
    ("script", "is_complete"),
    [
        pytest.param("", True, id="a complete cast"),
        pytest.param('[[shot]]\nindex = 0\ncharacters = ["room anna"]\n', False, id="a script"),
    ],
)
def test_kinds_may_ask_a_complete_cast(script, is_complete, seen, people, tmp_path, monkeypatch):
    cases = []

    def find(case):
        cases.append(case)
        return []

    monkeypatch.setattr("castcheck.kinds.clone.find", find)
    path = tmp_path / "cast.toml"
    path.write_text(
        f'[[character]]\nname = "room anna"\nreferences = ["{people["room anna"].as_posix()}"]\n'
        + script
    )
    settings = config(path)
    report_on(CLIP, seen, config=settings, models=load_models(settings))
    (case,) = cases
    assert (case.roll is not None) is is_complete
    if is_complete:
        assert case.roll.member_of.count(0) == 1
