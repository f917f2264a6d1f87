"""From tracklets and their looks to the cast and to what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.feature_store import CACHE_BYTES
from identity.cast.characters import Cast, build_cast
from identity.cast.same_head import one_in_other_clothes
from identity.evidence.consistency import SimilarityCurve, similarity_curves
from identity.evidence.learnt import learnt_evidence
from identity.evidence.samples import COMPARED, lay_out
from identity.evidence.someone import someone_log_odds
from identity.explanations.clip import explain_cuts
from identity.explanations.clone import (
    alike_at_once,
    has_become,
    may_be_clones,
    shows_one_face,
)
from identity.explanations.contract import (
    Clip,
    Explained,
    Scene,
    characters_of_tracks,
)
from identity.explanations.model import bundled_model
from identity.explanations.presence import PresenceCandidate, find_presence_candidates
from identity.explanations.restyle import find_restyles, stay_over, without_restyled
from identity.explanations.shot import explain_shot
from identity.tracks.body_track import BodyTrack, make_body_track
from identity.tracks.linking import link_tracklets
from identity.tracks.segments import Segment, make_segment
from scenes.shots import numbers_by_shot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Looks
    from identity.evidence.alignment import Sets
    from identity.evidence.calibration import Calibration
    from identity.evidence.picture_style import PictureStyles
    from identity.evidence.samples import ShotSamples
    from identity.explanations.contract import Kind
    from identity.settings import ClusteringSettings, FindingSettings
    from scenes.shots import Shot
    from tracker.tracklets import Tracklet


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What identity has to say about a clip; findings are worded elsewhere.

    Attributes:
        tracks: Bodies, each through one shot.
        segments: Stretches of tracklets that wear one look.
        cast: Who is who among the segments.
        explained: What happened to whom; indices are those of `tracks` and `segments`.
        presence: Candidates for vanish and pop_in, to be checked in the pictures.
        curves: Similarity over time of each track: to how its character looked first, or, where
            something is explained, to the looks before it, which is what decided.
        consistency: Character to its number in [0, 1]; `None` = not seen well enough.
    """

    tracks: tuple[BodyTrack, ...]
    segments: tuple[Segment, ...]
    cast: Cast
    explained: tuple[Explained, ...]
    presence: tuple[PresenceCandidate, ...]
    curves: tuple[SimilarityCurve, ...]
    consistency: tuple[float | None, ...]

    def of_kind(self, kind: Kind) -> tuple[Explained, ...]:
        """Return what is explained by one kind."""
        return tuple(one for one in self.explained if one.kind == kind)

    def character_at(self, track: int, frame: int) -> int:
        """Return the character that a track wears at `frame`, -1 = nobody of the cast."""
        tracklet = self.tracks[track].tracklet_at(frame)
        for segment, label in zip(self.segments, self.cast.labels, strict=True):
            inside = segment.start_frame <= frame < segment.stop_frame
            if segment.tracklet.tracklet_id == tracklet and inside:
                return int(label)
        return -1


def judge_looks(
    tracklets: Sequence[Tracklet],
    looks: Sequence[Looks],
    shots: Sequence[Shot],
    setups: NDArray[np.float32],
    calibration: Calibration,
    cast_settings: ClusteringSettings,
    finding_settings: FindingSettings,
    *,
    fps: float,
    tone: NDArray[np.float32] | None = None,
    styles: PictureStyles | None = None,
    sets: Sets | None = None,
    size_px: tuple[float, float] | None = None,
    weighed_boxes: bool = True,
) -> Judgement:
    """Explain what happens inside shots, make the cast, then explain what the cuts show.

    Args:
        tracklets: Numbered by their place.
        looks: Of each tracklet.
        shots: They tile the clip.
        setups: (S, S) similarity of their camera set-ups.
        calibration: Of the embedder.
        cast_settings: How tracklets are joined.
        finding_settings: From where on a change is a finding.
        fps: Of the clip.
        tone: (F, 3) mean CIE Lab of the set at every frame; `None` = not known.
        styles: How every picture is drawn; `None` = no change of style is told.
        sets: What the shots look like where nobody stands; `None` = no exchange over a cut is told.
        size_px: Width and height of the picture; `None` = nobody is known to leave over its edges.
        weighed_boxes: Whether the detector weighs its boxes (`tracker.belief`).
    """
    chains = link_tracklets(tracklets, fps=fps)
    tracks = tuple(make_body_track(chain, tracklets, looks) for chain in chains)
    by_shot = numbers_by_shot(track.shot_index for track in tracks)
    here = {shot.index: by_shot.get(shot.index, []) for shot in shots}
    scenes = _scenes(tracks, here, calibration, finding_settings, fps=fps, tone=tone)
    restyles = []
    if styles is not None:
        least = finding_settings.least_log_odds
        restyles = find_restyles(styles, shots, tracks, fps=fps, least_log_odds=least)
    explained = [_of_clip(e, here[shot]) for shot, scene in scenes for e in explain_shot(scene)]
    explained = [*restyles, *without_restyled(explained, restyles, fps=fps)]
    segments = _split_where_looks_change(tracklets, looks, tracks, explained)
    explained = [_with_segments(e, tracks, segments) for e in explained]
    explained = [e for e in explained if e.kind != "clone" or may_be_clones(e, segments)]
    learnt = learnt_evidence()
    makes = learnt.someone if weighed_boxes else learnt.someone_of_others
    someone = someone_log_odds(segments, makes, fps=fps)
    cast = build_cast(segments, setups, calibration, cast_settings, someone=someone)
    explained = [_clone_vouched(e, segments, cast) for e in explained]
    cast = _join_clones(cast, explained, segments, finding_settings)
    cast = _joined(cast, _goes_on_restyled(tracks, segments, restyles))
    cast = _joined(cast, one_in_other_clothes(segments, cast, calibration))
    clip = explain_cuts(
        Clip(
            tracks, segments, cast, setups, sets, calibration, bundled_model(), finding_settings,
            fps, tuple(explained),
        )
    )  # fmt: skip
    # What may be a thing says nothing of how much somebody stays himself.
    sure = np.where(clip.cast.doubtful, -1, clip.cast.labels)
    worn = characters_of_tracks(tracks, segments, sure.tolist())
    curves = tuple(similarity_curves(tracks, worn, setups, calibration))
    consistency = _consistency(worn, clip.cast, curves, clip.explained)
    presence = tuple(_presence(tracks, here, shots, size_px))
    drawn = {k: curve for one in clip.explained for k, curve in one.curves.items()}
    curves = tuple(drawn.get(k, curve) for k, curve in enumerate(curves))
    return Judgement(tracks, segments, clip.cast, clip.explained, presence, curves, consistency)


def _scenes(
    tracks: Sequence[BodyTrack],
    here: Mapping[int, Sequence[int]],
    calibration: Calibration,
    settings: FindingSettings,
    *,
    fps: float,
    tone: NDArray[np.float32] | None,
) -> Iterator[tuple[int, Scene]]:
    """Yield every shot, ready to be asked about; the looks of few only are laid out at a time."""
    alike: dict[int, float] = {}
    kept: dict[int, ShotSamples] = {}
    for shot, own in here.items() if len(here) > 1 else ():  # asked by other shots only
        alike[shot] = -2.0
        if len(own) < 2:
            continue  # nobody is there who could be like another
        samples = lay_out([tracks[k] for k in own], COMPARED, fps=fps, tone=tone)
        odds = alike_at_once(samples, calibration).values() if samples.looks else ()
        alike[shot] = max(odds, default=-2.0)
        if samples.looks_bytes + sum(one.looks_bytes for one in kept.values()) <= CACHE_BYTES:
            kept[shot] = samples
    for shot, own in here.items():
        if shot in kept:
            samples = kept.pop(shot)
        else:
            samples = lay_out([tracks[k] for k in own], COMPARED, fps=fps, tone=tone)
        twins = max((odds for other, odds in alike.items() if other != shot), default=-2.0)
        yield shot, Scene(samples, calibration, bundled_model(), settings, twins)


def _of_clip(one: Explained, numbers: Sequence[int]) -> Explained:
    """Return what was found in a shot with the tracks' numbers in the clip."""
    curves = {numbers[k]: curve for k, curve in one.curves.items()}
    return replace(one, tracks=tuple(numbers[k] for k in one.tracks), curves=curves)


def _presence(
    tracks: Sequence[BodyTrack],
    here: Mapping[int, Sequence[int]],
    shots: Sequence[Shot],
    size_px: tuple[float, float] | None,
) -> Iterator[PresenceCandidate]:
    for shot in shots:
        own = here[shot.index]
        everybody = [tracks[k] for k in own]
        for found in find_presence_candidates(everybody, shot, size_px=size_px):
            yield replace(found, track=own[found.track])


def _with_segments(
    one: Explained, tracks: Sequence[BodyTrack], segments: Sequence[Segment]
) -> Explained:
    """Return a clone with the segments that are worn when it begins; all else as it is."""
    if one.kind != "clone":
        return one
    worn = tuple(_segment_at(tracks[k], segments, one.start_frame) for k in one.tracks)
    return replace(one, segments=worn)


def _clone_vouched(one: Explained, segments: Sequence[Segment], cast: Cast) -> Explained:
    """Return a clone as vouched for by one face, or by another shot that shows one of the two.

    Twins would be two there as well, which speaks against a clone (`Scene.twins`). All else stays
    as it is.
    """
    if one.kind != "clone" or one.vouched:
        return one
    if shows_one_face(one, segments):
        return replace(one, vouched=True)
    shot = segments[one.segments[0]].tracklet.shot_index
    two = {int(cast.labels[k]) for k in one.segments} - {-1}
    elsewhere = {
        int(label)
        for segment, label, doubtful in zip(segments, cast.labels, cast.doubtful, strict=True)
        if segment.tracklet.shot_index != shot and not doubtful
    }
    return replace(one, vouched=bool(two & elsewhere))


def _segment_at(track: BodyTrack, segments: Sequence[Segment], frame: int) -> int:
    """Return the number of the segment that a track wears at `frame` or next after it."""
    own = [k for k, s in enumerate(segments) if s.tracklet.tracklet_id in track.members]
    return next((k for k in own if segments[k].stop_frame > frame), own[-1])


def _split_where_looks_change(
    tracklets: Sequence[Tracklet],
    looks: Sequence[Looks],
    tracks: Sequence[BodyTrack],
    explained: Sequence[Explained],
) -> tuple[Segment, ...]:
    """Cut every tracklet where it takes on another look."""
    cuts: dict[int, set[int]] = {}
    for one in explained:
        ends = {f for f in (one.start_frame, one.undone_frame) if f is not None}
        for member in (m for k in _taking_on_another_look(one) for m in tracks[k].members):
            cuts.setdefault(member, set()).update(ends)
    segments = []
    for tracklet, own in zip(tracklets, looks, strict=True):
        rows = {0, len(tracklet)}
        rows |= {
            int(np.searchsorted(tracklet.frame, f)) for f in cuts.get(tracklet.tracklet_id, ())
        }
        edges = sorted(rows)
        segments += [make_segment(tracklet, own, a, b) for a, b in pairwise(edges)]
    return tuple(segments)


def _taking_on_another_look(one: Explained) -> tuple[int, ...]:
    """Return the tracks that show another person from a moment on."""
    if one.everybody:
        return ()
    if one.kind == "clone":  # the copy, if he has become one
        return one.tracks[-1:] if has_become(one.features) else ()
    # Of another face clothes say that he is still the same, and of other clothes his head.
    divides = one.kind in ("swap", "morph") and not one.attribute
    return one.tracks if divides else ()


def _join_clones(
    cast: Cast,
    explained: Sequence[Explained],
    segments: Sequence[Segment],
    settings: FindingSettings,
) -> Cast:
    """Give both of a sure clone one identity, the earlier number, unless they may be twins.

    Whoever became a copy was somebody else until then. If the cast has kept his name, since two who
    are on screen at once are two, he alone gets the other's.
    """
    clones = [e for e in explained if e.kind == "clone" and e.vouched]
    for model, copy in (e.segments for e in clones if e.confidence >= settings.major_confidence):
        before = copy - 1
        keeps = (
            before >= 0
            and segments[before].tracklet is segments[copy].tracklet
            and cast.labels[before] == cast.labels[copy]
        )
        if keeps:
            labels = cast.labels.copy()
            labels[copy] = labels[model]
            cast = _numbered(cast, labels)
        else:
            cast = _joined(cast, [(model, copy)])
    return cast


def _goes_on_restyled(
    tracks: Sequence[BodyTrack], segments: Sequence[Segment], restyles: Sequence[Explained]
) -> Iterator[tuple[int, int]]:
    """Yield two segments of one who stands where he stood, drawn in another style after a cut."""
    for one in restyles:
        old, new = stay_over(one, tracks)
        for a, b in zip(old, new, strict=True):
            yield (
                _segment_at(tracks[a], segments, int(tracks[a].frame[-1])),
                _segment_at(tracks[b], segments, int(tracks[b].frame[0])),
            )


def _joined(cast: Cast, pairs: Iterable[tuple[int, int]]) -> Cast:
    """Give both segments of each pair one identity, the earlier number."""
    labels = cast.labels.copy()
    for pair in pairs:
        one, two = sorted(int(labels[k]) for k in pair)
        if one >= 0:
            labels[labels == two] = one
    return _numbered(cast, labels)


def _numbered(cast: Cast, labels: NDArray[np.int64]) -> Cast:
    """Return a cast with other labels, without a gap between them."""
    used = sorted({int(k) for k in labels if k >= 0})
    rename = {old: new for new, old in enumerate(used)} | {-1: -1}
    labels = np.array([rename[int(k)] for k in labels], np.int64)
    return replace(cast, labels=labels, character_count=len(used))


def _consistency(
    worn: Sequence[int],
    cast: Cast,
    curves: Sequence[SimilarityCurve],
    explained: Sequence[Explained],
) -> tuple[float | None, ...]:
    """Return, per character, the lowest similarity of any body that wears it.

    A curve goes by the better of network and colours; what a drift has lost is lost all the same.
    """
    lowest: list[float | None] = [None] * cast.character_count
    for label, curve in zip(worn, curves, strict=True):
        if label >= 0 and curve.lowest is not None:
            known = lowest[label]
            lowest[label] = curve.lowest if known is None else min(known, curve.lowest)
    for drift in (e for e in explained if e.kind == "drift"):
        labels = {worn[k] for k in drift.tracks}
        for label in labels if min(labels) >= 0 else ():
            known = lowest[label]
            if known is not None:
                lowest[label] = min(known, max(0.0, 1 - drift.strength))
    return tuple(lowest)
