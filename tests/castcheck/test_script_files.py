"""Scripts as people write them, and the schedules of public benchmarks: files made up here."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from castcheck.cast.cast_file import CastFileError, cast_sha256, read_cast_file
from castcheck.cast.references import load_references
from castcheck.cast.script import ScriptError
from castcheck.config import Config
from tracker.replay import ReplayFolder

BEN = '[[character]]\nname = "Ben"\nreferences = ["ben.png"]\n'
MEI = '[[character]]\nname = "Mei"\n'


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (40, 120), "red").save(tmp_path / "ben.png")
    (tmp_path / "boxes").mkdir()
    return tmp_path


def write(folder, text, name="cast.toml"):
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return path


def test_a_cast_file_holds_the_script(folder):
    cast = read_cast_file(
        write(
            folder,
            "characters = 2\n" + BEN + MEI
            + '[[shot]]\nindex = 0\ncharacters = ["Ben", "Mei", "Ben"]\n'
            + "[[shot]]\nstart_s = 2\nstop_s = 3.5\ncharacters = []\n"
            + "[[shot]]\nstart_frame = 5\nstop_frame = 9\ncharacters = ['Mei']\n"
            + "[[scene]]\nshots = [2, 1]\ncharacters = ['Ben']\n",
        )
    )  # fmt: skip
    assert cast.characters == 2
    assert [(one.name, len(one.references)) for one in cast.members] == [("Ben", 1), ("Mei", 0)]
    assert [(line.title, line.names) for line in cast.script.lines] == [
        ("shot 1", ("Ben", "Mei")), ("2 s to 3.5 s", ()), ("frames 5 to 8", ("Mei",)),
        ("shots 2 to 3", ("Ben",)),
    ]  # fmt: skip
    assert [line.shots for line in cast.script.lines] == [(0,), (), (), (1, 2)]


def test_without_characters_the_script_says_who_there_is(folder):
    cast = read_cast_file(write(folder, '[[shot]]\nindex = 0\ncharacters = ["P", "Q"]\n'))
    assert [(one.name, one.references) for one in cast.members] == [("P", ()), ("Q", ())]
    alone = read_cast_file(write(folder, "characters = 3\n"))
    assert (alone.members, alone.characters) == ((), 3)


def shot(text):
    return BEN + MEI + f"[[shot]]\n{text}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("characters = 0\n", "characters is 0, wanted is how many", id="none"),
        pytest.param("characters = true\n", "characters is True", id="a truth"),
        pytest.param('characters = ["Ben"]\n', "characters is ['Ben']", id="a list at the top"),
        pytest.param(BEN + MEI, "Mei: has no references", id="no picture and no script"),
        pytest.param(shot("index = 0"), "shot section 1: does not say who", id="nobody said"),
        pytest.param(shot('characters = ["Ben"]'), "says where in no way", id="nowhere"),
        pytest.param(
            shot("index = 0\nstart_s = 0\nstop_s = 1\ncharacters = []"), "in two ways", id="two"
        ),
        pytest.param(shot("index = -1\ncharacters = []"), "index is -1", id="before the first"),
        pytest.param(shot("index = 1.5\ncharacters = []"), "index is 1.5", id="half a shot"),
        pytest.param(shot("shots = [1]\ncharacters = []"), "unknown key 'shots'", id="of scenes"),
        pytest.param(
            shot('index = 0\ncharacters = ["Bem"]'), "'Bem' is not a [[char", id="unknown name"
        ),
        pytest.param(
            shot("start_s = 2\nstop_s = 1\ncharacters = []"), "start_s and stop_s are 2", id="back"
        ),
        pytest.param(shot("start_s = 2\ncharacters = []"), "are 2 and None", id="half a range"),
        pytest.param(shot("start_s = nan\nstop_s = 1\ncharacters = []"), "are nan", id="nan"),
        pytest.param(
            shot("start_frame = 0.5\nstop_frame = 3\ncharacters = []"), "are 0.5", id="frames"
        ),
        pytest.param("[[shots]]\nindex = 0\n", "did you mean 'shot'", id="typo"),
        pytest.param(BEN + "[shot]\nindex = 0\n", "write [[shot]], in double", id="one bracket"),
        pytest.param('script = 3\n', "script is 3, wanted is a file", id="script is no file"),
        pytest.param('script = "no.json"\n', "no.json: cannot be read", id="no such script"),
        pytest.param(
            'script = "no.json"\n' + shot("index = 0\ncharacters = []"), "one is enough", id="both"
        ),
    ],
)  # fmt: skip
def test_a_bad_script_is_one_line_that_says_where(text, says, folder):
    with pytest.raises((CastFileError, ScriptError)) as caught:
        read_cast_file(write(folder, text))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(folder))


def story(*shots):
    return {
        "Story_type": {"en": "fable", "ch": "-"},
        "Characters": {"Fox": {"name_en": "Fox", "prompt_en": "a red fox", "tag": "unrealistic"}},
        "Shots": [
            {
                "index": number,
                "Setting Description": {"en": "a wood", "ch": "-"},
                "Plot Correspondence": {"en": "-", "ch": "-"},
                "Characters Appearing": {"en": list(names), "ch": ["-"] * len(names)},
                "Static Shot Description": {"en": "-", "ch": "-"},
                "Shot Perspective Design": {"en": "wide", "ch": "-"},
            }
            for number, names in enumerate(shots, start=1)
        ],
    }


def test_a_story_of_vistorybench_brings_its_pictures_along(folder):
    (folder / "image" / "Fox").mkdir(parents=True)
    (folder / "image" / "Fox" / "more").mkdir()
    for name in ("00.jpg", "more/01.png"):
        Image.new("RGB", (40, 120), "orange").save(folder / "image" / "Fox" / name)
    write(folder, story(["Fox"], [], ["Fox", "Crow "]), "story.json")
    cast = read_cast_file(folder)  # the folder of a story is the story
    assert [(one.name, len(one.references)) for one in cast.members] == [("Fox", 2), ("Crow", 0)]
    assert [line.names for line in cast.script.lines] == [("Fox",), (), ("Fox", "Crow")]
    assert [line.shots for line in cast.script.lines] == [(0,), (1,), (2,)]
    assert [line.clip_stem for line in cast.script.lines] == ["shot_01", "shot_02", "shot_03"]
    assert cast.script.shot_count == 3
    loaded = load_references(folder, ReplayFolder(folder / "boxes"), None, Config())
    assert [len(one.views) > 0 for one in loaded.members] == [True, False]
    assert [picture is not None for picture in loaded.pictures] == [True, False]


def episode(*shots, **more):
    """Return an episode of one scene, in the shape that EntityBench's files have."""
    return {
        "story_name": "made up",
        "story_overview": "-",
        "entity_descriptions": {
            "Character 1": {"name": "Ann", "description": "in red"},
            "Character 2": {"name": "Bo", "description": "in blue"},
            "Location 1": {"name": "the quay", "description": "wet"},
        },
        "scenes": [scene(1, len(shots))],
        "entity_schedule": {
            f"1:{number}": scheduled(*names) for number, names in enumerate(shots, start=1)
        },
        **more,
    }


def scene(number, shots, **more):
    return {
        "scene_num": number, "video_prompts": ["-"] * shots, "action_descriptions": ["-"] * shots,
        **more,
    }  # fmt: skip


def scheduled(*names):
    return {"characters": list(names), "objects": ["a lamp"], "places": ["the quay"]}


EPISODES = [
    pytest.param(
        episode(["Ann"], ["Bo", "Ann "]),
        [("001_001", (0,), ("Ann",)), ("001_002", (1,), ("Bo", "Ann"))],
        2,
        id="one scene",
    ),
    pytest.param(
        episode(
            scenes=[scene(1, 3, cut=[True, False, True]), scene(2, 1, cut=[True])],
            entity_schedule={
                key: scheduled(*names)
                for key, names in (
                    ("2:1", ["Cy"]), ("1:1", ["Ann"]), ("1:2", ["Bo"]), ("1:3", [])
                )
            },
        ),
        [
            ("001_001", (0,), ("Ann",)), ("001_002", (0,), ("Bo",)), ("001_003", (1,), ()),
            ("002_001", (2,), ("Cy",)),
        ],
        3,
        id="two scenes out of order, and a shot that goes on without a cut",
    ),
    pytest.param(
        episode(scenes=[scene(1, 12)], entity_schedule={"1:10": scheduled(), "1:2": scheduled()}),
        [("001_002", (1,), ()), ("001_010", (9,), ())],
        12,
        id="shots of which nothing is said count",
    ),
    pytest.param(
        episode(["Character 2"], scenes=None), [("001_001", (0,), ("Bo",))], 1,
        id="labels for names, and no scenes",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("table", "expect", "shot_count"), EPISODES)
def test_an_episode_of_entitybench_is_a_script(table, expect, shot_count, folder):
    cast = read_cast_file(write(folder, table, "episode.json"))
    lines = cast.script.lines
    assert [(line.clip_stem, line.shots, line.names) for line in lines] == expect
    assert cast.script.shot_count == shot_count
    assert [one.name for one in cast.members] == list(
        dict.fromkeys(n for *_, w in expect for n in w)
    )


def test_pictures_of_a_cast_file_and_the_script_of_an_episode(folder):
    write(folder, episode(["Ben"], ["Mei"]), "episode.json")
    cast = read_cast_file(write(folder, 'script = "episode.json"\n' + BEN + MEI))
    assert [(one.name, len(one.references)) for one in cast.members] == [("Ben", 1), ("Mei", 0)]
    assert len(cast.script.lines) == 2
    with pytest.raises(CastFileError, match="names 'Mei', which is not a"):
        read_cast_file(write(folder, 'script = "episode.json"\n' + BEN))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("{", "is not JSON", id="no JSON"),
        pytest.param({}, "holds no shots that say who is in them; wanted is", id="empty"),
        pytest.param([], "holds no shots", id="an empty list"),
        pytest.param({"Shots": []}, "holds no shots", id="a story without shots"),
        pytest.param({"Shots": [{"index": 1}]}, "shot 1: does not say who", id="nobody said"),
        pytest.param({"Shots": ["x"]}, "shot 1: does not say who", id="no shot"),
        pytest.param({"entity_schedule": []}, "holds no shots that say", id="no schedule"),
        pytest.param({"entity_schedule": {}}, "holds no shots; wanted is", id="an empty schedule"),
        pytest.param(
            {"entity_schedule": {"1:2": []}},
            "scene 1, shot 2: does not say",
            id="a shot of nothing",
        ),
        pytest.param(
            {"entity_schedule": {"one": {}}}, "'one' is not a shot: wanted", id="no shot key"
        ),
        pytest.param(episode([{"age": 3}]), "a character without a name", id="no name"),
        pytest.param("3", "holds no shots", id="a number"),
    ],
)
def test_a_file_that_is_no_schedule_is_one_line(content, says, folder):
    path = write(folder, content, "episode.json")
    with pytest.raises(ScriptError) as caught:
        read_cast_file(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_another_script_is_another_cast(folder):
    digests = {
        cast_sha256(read_cast_file(write(folder, BEN + more)))
        for more in (
            "", '[[shot]]\nindex = 0\ncharacters = ["Ben"]\n',
            '[[shot]]\nindex = 1\ncharacters = ["Ben"]\n',
        )
    }  # fmt: skip
    digests.add(cast_sha256(read_cast_file(write(folder, "characters = 2\n" + BEN))))
    assert len(digests) == 4
