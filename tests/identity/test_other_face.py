"""Whose face becomes another's in a shot, while clothes and all else stay."""

from __future__ import annotations

import pytest

from identity.explanations import other_face
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from tests.identity.people import FPS, looks, tracklet
from tests.identity.told import explained, scene_of

COUNT, AT = 96, 48
STRIDE = 3


def words_of(face):
    """Return whose face is seen at every frame: "A", "A>B" at once, "A~B" slowly, "A>B>A"."""
    if "~" in face:
        return [(face[0], face[-1], k / (COUNT - 1)) for k in range(COUNT)]
    parts = face.split(">")
    edges = [0, AT, AT + 12, COUNT] if len(parts) == 3 else [0, AT, COUNT]
    return [
        parts[min(sum(k >= edge for edge in edges[1:-1]), len(parts) - 1)] for k in range(COUNT)
    ]


def tracks_of(people):
    """Return tracks of people side by side who keep their clothes; "" = nobody sees the face."""
    frames = list(range(COUNT))
    tracklets, seen = [], []
    for number, face in enumerate(people):
        clothes = ["ABCDEFGH"[number]] * COUNT
        shown = words_of(face) if face else None
        seen.append(looks(frames, clothes, face=shown, seed=number, stride=STRIDE))
        tracklets.append(tracklet(number, frames, at=(60 + 180 * number, 60)))
    return [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]


@pytest.mark.parametrize(
    ("people", "told"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param(["A"], [], id="stays"),
        pytest.param([""], [], id="no face is seen"),
        pytest.param(["A>B"], [(0,)], id="another face at once"),
        pytest.param(["A~B"], [], id="slowly: nobody asks"),
        pytest.param(["A>B>A"], [], id="the old one is back: something was in front of it"),
        pytest.param(["A>B", "C"], [(0,)], id="who is beside keeps his"),
        pytest.param(["A>B", "C>D"], [], id="both at once: not one person's error"),
    ],
)
def test_whose_face_becomes_anothers(people, told):
    tracks = tracks_of(people)
    found = other_face.find(scene_of(tracks)) if tracks else []
    assert [one.tracks for one in found] == told
    for one in found:
        assert (one.kind, one.attribute, one.vouched) == ("morph", "face", False)  # a hint
        assert set(one.features) == set(other_face.FEATURES)
        assert abs(one.start_frame - AT) <= STRIDE
        (curve,) = one.curves.values()  # of the face: it falls
        assert curve.value[0] > curve.value[-1] + 0.5
    if told:
        assert [one.attribute for one in explained(tracks)] == ["face"]


@pytest.mark.parametrize(
    ("hair", "vouched"),
    [
        pytest.param(None, False, id="not seen"),
        pytest.param("A", False, id="stays"),
        pytest.param("A>B", True, id="goes along"),
    ],
)
def test_hair_that_goes_along_vouches(hair, vouched):
    frames = list(range(COUNT))
    worn = looks(
        frames, ["A"] * COUNT, face=words_of("A>B"), stride=STRIDE,
        hair=None if hair is None else words_of(hair),
    )  # fmt: skip
    (chain,) = link_tracklets([tracklet(0, frames)], fps=FPS)
    (found,) = other_face.find(scene_of([make_body_track(chain, [tracklet(0, frames)], [worn])]))
    assert found.vouched is vouched


def test_without_faces_nobody_is_asked():
    frames = list(range(COUNT))
    (chain,) = link_tracklets([tracklet(0, frames)], fps=FPS)
    track = make_body_track(chain, [tracklet(0, frames)], [looks(frames, ["A"] * COUNT)])
    assert other_face.find(scene_of([track])) == []
