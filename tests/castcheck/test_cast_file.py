"""What may stand in a cast file, and what is said about what may not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from castcheck.cast.cast_file import CastFileError, read_cast
from castcheck.cast.references import load_references, readings
from castcheck.config import Config
from castcheck.models.load import Models
from scenes.errors import CastcheckError
from tracker.detections import Detections
from tracker.replay import ReplayFolder


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(["ben-1.jpg", "ben-2.png", "mei.jpg", "low.png"]):
        size = (40, 20 if name == "low.png" else 120)
        picture = Image.new("RGB", size, (200 - 50 * number, 40, 60 * number))
        picture.paste((30, 30, 30), (0, 60, 40, 120))  # a figure is never of one colour
        picture.save(tmp_path / name)
    Image.new("RGB", (40, 120), "white").save(tmp_path / "white.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "boxes").mkdir()
    return tmp_path


def write(folder, text):
    path = folder / "cast.toml"
    path.write_text(text, encoding="utf-8")
    return path


BEN = '[[character]]\nname = "Ben"\nreferences = ["ben-1.jpg", "ben-2.png"]\n'
MEI = '[[character]]\nname = "Mei"\nreferences = ["mei.jpg"]\npresence = "optional"\n'


def test_a_cast_file_lists_names_references_and_presence(folder):
    ben, mei = read_cast(write(folder, BEN + MEI))
    assert (ben.name, ben.presence) == ("Ben", "required")
    assert [file.name for file in ben.references] == ["ben-1.jpg", "ben-2.png"]
    assert (mei.name, mei.presence) == ("Mei", "optional")
    assert read_cast(folder) == (ben, mei)  # a folder with a cast file is that file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "lists no [[character]]", id="empty"),
        pytest.param("name = 3\n", "unknown key 'name'", id="no section"),
        pytest.param("[[character]\n", "is not valid TOML", id="not TOML"),
        pytest.param('[[character]]\nreferences = ["a.jpg"]\n', "character 1: has no name", id="-"),
        pytest.param(BEN.replace('"Ben"', '" "'), "has no name", id="blank name"),
        pytest.param(BEN + BEN, "two characters are named 'Ben'", id="twice"),
        pytest.param('[[character]]\nname = "Ben"\n', "Ben: has no references", id="no picture"),
        pytest.param(BEN.replace("ben-1.jpg", "gone.jpg"), "gone.jpg: no such file", id="gone"),
        pytest.param(
            BEN.replace("references", "refrences"), "did you mean 'references'", id="typo"
        ),
        pytest.param(MEI.replace("optional", "perhaps"), "presence is 'perhaps'", id="presence"),
    ],
)
def test_a_bad_cast_file_is_one_line_that_says_where(folder, text, says):
    with pytest.raises(CastFileError) as caught:
        read_cast(write(folder, text))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(folder / "cast.toml"))


def test_a_folder_names_characters_by_its_files_and_folders(folder):
    (folder / "Tom").mkdir()
    Image.new("RGB", (40, 120)).save(folder / "Tom" / "x.png")
    cast = read_cast(folder)
    assert [(one.name, len(one.references)) for one in cast] == [
        ("ben", 2), ("broken", 1), ("low", 1), ("mei", 1), ("white", 1), ("Tom", 1),
    ]  # fmt: skip


def test_a_folder_without_pictures_and_no_folder_at_all(folder):
    with pytest.raises(CastFileError, match="holds no pictures"):
        read_cast(folder / "boxes")
    with pytest.raises(CastFileError, match=r"cannot be read.*check --cast"):
        read_cast(folder / "nowhere")
    with pytest.raises(CastFileError, match=r"not a text file|not valid TOML"):
        read_cast(folder / "mei.jpg")


@pytest.mark.parametrize(
    ("file", "says"),
    [
        pytest.param("broken.jpg", "cannot be read", id="no picture"),
        pytest.param("low.png", "20 pixels high; at least 28", id="too small"),
    ],
)
def test_a_bad_reference_is_one_line(folder, file, says):
    cast = write(folder, BEN.replace("ben-2.png", file))
    models = Models(ReplayFolder(folder / "boxes"), None)
    with pytest.raises(CastcheckError, match=says):
        load_references(cast, models.detector, models.embedder, Config())


def test_pictures_that_are_crops_are_read_whole(folder):
    models = Models(ReplayFolder(folder / "boxes"), None)
    loaded = load_references(write(folder, BEN + MEI), models.detector, models.embedder, Config())
    assert [member.name for member in loaded.members] == ["Ben", "Mei"]
    assert [len(member.views) for member in loaded.members] == [2, 1]
    assert all(view.means.keys() >= {"body", "head", "upper"} for m in loaded.members
               for view in m.views)  # fmt: skip
    assert [p and p.caption for p in loaded.pictures] == ["reference of Ben", "reference of Mei"]


def test_of_two_in_one_picture_nobody_knows_who_is_meant(folder):
    (folder / "boxes" / "mei.txt").write_text(
        "1,-1,0,0,18,110,0.9\n1,-1,20,0,18,110,0.9\n", encoding="utf-8"
    )
    models = Models(ReplayFolder(folder / "boxes"), None)
    with pytest.raises(CastFileError, match="shows 2 characters of similar size"):
        load_references(write(folder, MEI), models.detector, models.embedder, Config())


class Drawn:
    """A detector that has the same boxes for every picture, around which it expects some grey."""

    name, sha256, heads_from = "drawn", None, None
    passing_classes: frozenset[int] = frozenset()

    def __init__(self, boxes):
        self.boxes, self.sizes = boxes, []

    def detect(self, batch):
        self.sizes.append(batch.rgb.shape[1:3])
        xyxy, score = ([row[:4] for row in self.boxes], [row[4] for row in self.boxes])
        count = len(self.boxes)
        return Detections(
            np.zeros(count, np.int64), np.array(xyxy, np.float32).reshape(count, 4),
            np.array(score, np.float32), np.zeros(count, np.int32),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("boxes", "says"),
    [
        pytest.param([(24, 24, 64, 144, 0.9)], None, id="one"),
        pytest.param([(24, 24, 64, 144, 0.9), (24, 34, 64, 144, 0.2)], None, id="one, one doubted"),
        pytest.param([(0, 0, 88, 168, 0.9)], None, id="one beyond the edges"),
        pytest.param([(24, 24, 64, 144, 0.9), (24, 34, 64, 144, 0.3)], None, id="one, boxed twice"),
        pytest.param(
            [(24, 24, 44, 144, 0.9), (44, 24, 64, 144, 0.3)], "shows 2 characters", id="two"
        ),
    ],
)
def test_a_picture_is_searched_with_grey_around_it_for_those_who_would_start_a_track(
    boxes, says, folder
):
    detector = Drawn(boxes)
    if says:
        with pytest.raises(CastFileError, match=says):
            load_references(write(folder, MEI), detector, None, Config())
        return
    loaded = load_references(write(folder, MEI), detector, None, Config())
    assert detector.sizes == [(168, 88)]  # 40 x 120 px, and a fifth of 120 on every side
    [picture] = loaded.pictures
    assert picture is not None
    assert (picture.width_px, picture.height_px) == (40, 120)


UNKNOWN = (
    "Mei cannot be recognised, since no one is found in {}: whether Mei is missing, and who is a "
    "stranger or one too many, is left open; give a picture that shows Mei"
)


@pytest.mark.parametrize(
    ("files", "empty", "views", "notes"),
    [
        pytest.param(["mei.jpg"], [], 1, [], id="one that shows her"),
        pytest.param(["mei.jpg"], ["mei"], 0, [UNKNOWN.format("mei.jpg")], id="no one is found"),
        pytest.param(["white.jpg"], [], 0, [UNKNOWN.format("white.jpg")], id="blank"),
        pytest.param(
            ["white.jpg", "mei.jpg"], ["mei"], 0, [UNKNOWN.format("white.jpg, mei.jpg")],
            id="in none of two",
        ),
        pytest.param(
            ["white.jpg", "mei.jpg"], [], 1,
            ["white.jpg: no one is found in it, so it is left out"], id="in one of two",
        ),
    ],
)  # fmt: skip
def test_a_picture_of_nobody_is_nobodys_looks(files, empty, views, notes, folder):
    for stem in empty:  # boxes are stored for it, and there are none
        (folder / "boxes" / f"{stem}.txt").write_text("", encoding="utf-8")
    cast = write(folder, f'[[character]]\nname = "Mei"\nreferences = {files}\n')
    loaded = load_references(cast, ReplayFolder(folder / "boxes"), None, Config())
    [mei], [picture] = loaded.members, loaded.pictures
    assert len(mei.views) == views
    assert (picture is not None) is bool(views)
    assert loaded.notes == tuple(notes)


def test_nothing_is_said_of_whom_only_a_script_names(folder):
    cast = write(folder, '[[shot]]\nindex = 0\ncharacters = ["Mei"]\n')
    loaded = load_references(cast, Drawn([]), None, Config())
    assert ([len(one.views) for one in loaded.members], loaded.notes) == ([0], ())


@pytest.mark.parametrize(
    ("size", "box", "bottoms"),
    [
        pytest.param((200, 100), (30, 20, 70, 150), [False], id="a figure in a picture"),
        pytest.param((200, 60), (0, 0, 60, 200), [False], id="cut to a standing figure"),
        pytest.param((120, 100), (0, 0, 100, 120), [True], id="cut to head and shoulders"),
        pytest.param((200, 100), (0, 0, 100, 200), [True, False], id="could be either"),
    ],
)
def test_a_crop_is_read_as_what_its_shape_allows(size, box, bottoms):
    picture = np.zeros((*size, 3), np.uint8)
    found = readings(picture, box)
    assert [inside[3] >= 0.98 * rgb.shape[0] - 2 for rgb, inside in found] == bottoms
    for rgb, inside in found:
        assert inside[2] - inside[0] == box[2] - box[0]
        assert inside[3] <= rgb.shape[0]
