"""From a clip to what was seen in it: shots, tracklets and their looks. Nothing is judged here."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.models.precision import precision_advised
from castcheck.support.memory import trim_heap
from identity.appearance.feature_store import FeatureStore
from identity.appearance.looks import Looks, LooksReader
from identity.evidence.picture_style import STYLE_PX, PictureStyles, StyleReader
from identity.evidence.same_place import one_is_mixed, set_goes_on, tone_of
from scenes.arrays import check_network_output
from scenes.cuts import ShotSplitter
from scenes.cuts_content import SMALL_PX
from scenes.frames import with_small
from scenes.prefetch import read_ahead
from scenes.shots import Cut, Shot, shots_from_cuts
from scenes.source import Fingerprint, open_source
from scenes.threads import thread_count
from scenes.upload import moved_there
from tracker.belief import FOLLOWED_MOST
from tracker.creatures import without_passing
from tracker.deepsort import ShotTracker
from tracker.detections import Detections, Detector
from tracker.replay import ReplayDetector
from tracker.stillness import StirOfShots, without_pictures
from tracker.stride import StridedDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.config import Config
    from castcheck.models.load import Models
    from castcheck.support.progress import Progress
    from scenes.frames import FrameBatch, VideoInfo
    from tracker.tracklets import Tracklet

    Found = tuple[FrameBatch, Detections]

_TRIM_EVERY_FRAMES = 128
_FASTEST_RATE = 120.0  # frames per second that are shown as such
# Frames per second. Of the four clean rendered samples, thinned, three fail at 5 and two at 3, for
# people and cuts that are mixed up; one at 6, 7 and 8. It was chosen on these clips.
LEAST_RATE = 6.0
_SLOW_MOTION_RATE = 24.0  # those of slow motion as it is played
THUMBNAIL_PX = (96, 54)  # width, height: enough to tell one camera set-up from another
_SMALL_PX = (SMALL_PX, THUMBNAIL_PX, STYLE_PX)  # what is asked of a picture besides its people
# Boxes that are only just followed may be parts of the set, by which a cut is told.
_SURELY_NO_SET = FOLLOWED_MOST + 0.01
_TRANSITION_FRAMES = 12  # beside a dissolve its pictures show both shots


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """All that was seen in one clip.

    Attributes:
        info: What the container says.
        frame_times_s: Time of every frame, seconds from the first.
        end_s: When the last frame ends.
        shots: They tile the clip.
        tracklets: Numbered by their place in this tuple.
        looks: The looks of each tracklet, one row per box; their vectors lie in a file.
        thumbnails: (S, 2, 54, 96, 3) uint8 RGB, the first and last picture of every shot, small.
        tone: (F, 3) float32, mean CIE Lab of what lies outside all boxes; NaN where nothing does.
        degradations: What could not be read as it should.
        timings: Seconds per stage; cuts and, on several cores, boxes are looked for beside the
            rest, so that stages add up to more than what elapsed.
        fingerprint: Of the clip before it was read; `None` where it was not read from a file.
        searched_frames: In how many pictures the detector looked for people; elsewhere boxes are
            drawn between found ones.
        styles: How every picture is drawn; `None` = not known.
        doubtful_cuts: First frames of what may be shots of their own and are not taken for such.
    """

    info: VideoInfo
    frame_times_s: tuple[Fraction, ...]
    end_s: Fraction
    shots: tuple[Shot, ...]
    tracklets: tuple[Tracklet, ...]
    looks: tuple[Looks, ...]
    thumbnails: NDArray[np.uint8]
    tone: NDArray[np.float32]
    degradations: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    fingerprint: Fingerprint | None = None
    searched_frames: int = 0
    styles: PictureStyles | None = None
    doubtful_cuts: tuple[int, ...] = ()

    @property
    def fps(self) -> float:
        """Frames per second at which the clip is judged, for thresholds; never for times."""
        if self.info.rate is not None:
            return judging_rate(float(self.info.rate))
        return judging_rate(len(self.frame_times_s) / max(float(self.end_s), 1e-6))

    @property
    def is_sparse(self) -> bool:
        """Whether too few pictures a second are shown to follow anyone."""
        return self.fps < LEAST_RATE


def judging_rate(fps: float) -> float:
    """Return at how many frames per second a clip is judged.

    What is filmed faster than screens show is slow motion, or its header is wrong. At its own rate
    a clip of a hundred pictures would be over before anybody was looked at twice.

    Example:
        >>> judging_rate(59.94), judging_rate(960.0)
        (59.94, 24.0)
    """
    return fps if fps <= _FASTEST_RATE else _SLOW_MOTION_RATE


class Observer:
    """Reads one clip once, keeping small things only: boxes and thumbnails at the cuts."""

    def __init__(self, detector: Detector, models: Models, config: Config, *, fps: float) -> None:
        self._detector_name = detector.name
        self._stride = config.detector.stride
        self._boxes = StridedDetector(detector, self._stride)
        often = config.detector.stride_at(fps)
        if self._stride == 1 and often > 1 and not isinstance(detector, ReplayDetector):
            self._boxes = StridedDetector(detector, often, sure_score=config.tracker.start_score)
        self._passing = detector.passing_classes
        # Whoever hands in boxes has said who is there.
        self._leaves_pictures_out = not isinstance(detector, ReplayDetector)
        self._splitter = ShotSplitter(config.shots, device=models.device)
        self._reader = LooksReader(
            models.embedder, config.looks, fps=fps, faces=models.faces, second=models.second
        )
        self._found: list[Detections] = []
        self._looks = FeatureStore()
        self._cuts: list[Cut] = []
        self._times: list[Fraction] = []
        self._thumbnails: dict[int, NDArray[np.uint8]] = {}
        self._stir = StirOfShots()
        self._stir_stop = 0
        self._tone: list[NDArray[np.float32]] = []
        self._styles = StyleReader(fps=fps)
        self._start_score = config.tracker.start_score
        self.timings = dict.fromkeys(("detect", "shots", "looks"), 0.0)

    @property
    def frame_count(self) -> int:
        """Frames seen so far."""
        return len(self._times)

    def split(self, pictures: Iterable[FrameBatch]) -> Generator[FrameBatch, None, None]:
        """Yield the pictures as they are, once it is known which cuts lie among those before."""
        for batch in pictures:
            self._note_cuts(partial(self._splitter.push, batch))
            yield batch
        self._note_cuts(self._splitter.finish)

    def _note_cuts(self, split: Callable[[], list[Cut]]) -> None:
        started = time.perf_counter()
        self._cuts += split()
        self.timings["shots"] += time.perf_counter() - started

    def searched(self, pictures: Iterable[FrameBatch]) -> Generator[Found, None, None]:
        """Yield all pictures of a clip with their boxes, in order.

        What `take` keeps is not looked at here, so that one thread may search while another takes
        in what was found.
        """
        for batch in pictures:
            yield from self._checked(partial(self._boxes.push, batch))
        yield from self._checked(self._boxes.finish)

    def _checked(self, search: Callable[[], list[Found]]) -> list[Found]:
        started = time.perf_counter()
        ready = search()
        self.timings["detect"] += time.perf_counter() - started
        for _, found in ready:
            for values in (found.xyxy, found.score):
                check_network_output(values, network=self._detector_name, what="boxes")
        return ready

    def take(self, batch: FrameBatch, found: Detections) -> None:
        """Take in the next pictures, with their boxes."""
        started = time.perf_counter()
        self._looks.append(self._reader.read(batch, found))
        self._keep_thumbnails(batch, found)
        self.timings["looks"] += time.perf_counter() - started
        self._found.append(found)
        self._times += batch.time_s
        if self.frame_count % _TRIM_EVERY_FRAMES < len(batch):
            trim_heap()

    def _keep_thumbnails(self, batch: FrameBatch, found: Detections) -> None:
        """Keep the pictures at both sides of every cut, and those that may still become such."""
        size_px = batch.rgb.shape[2], batch.rgb.shape[1]
        for row, frame in enumerate(batch.index):
            small = batch.small(row, THUMBNAIL_PX)
            self._thumbnails[int(frame)] = small
            people = self._people_at(found, int(frame))
            self._tone.append(tone_of(small, people, picture_px=size_px))
            self._styles.read(batch, row, small, people)
        open_from = int(batch.index[-1]) - self._splitter.lookback_frames - 2 * _TRANSITION_FRAMES
        self._note_stir(open_from)
        cuts = (*self._cuts, *self._splitter.doubtful)
        edges = {0, *(frame for cut in cuts for side in _sides_of(cut) for frame in side)}
        self._thumbnails = {
            frame: picture
            for frame, picture in self._thumbnails.items()
            if frame >= open_from or frame in edges
        }

    def _note_stir(self, stop_frame: int) -> None:
        """Keep what changes in the pictures before `stop_frame`, whose cuts are all known."""
        cuts = [cut.frame for cut in self._cuts if cut.frame >= self._stir_stop]
        for frame in range(self._stir_stop, stop_frame):
            grey = cv2.cvtColor(self._thumbnails[frame], cv2.COLOR_RGB2GRAY)
            self._stir.push(frame, np.asarray(grey, np.uint8), cuts=cuts)
        self._stir_stop = max(stop_frame, self._stir_stop)

    def finish(
        self, info: VideoInfo, config: Config, *, end_s: Fraction, degradations: tuple[str, ...]
    ) -> Observations:
        """Cut into shots, follow everybody through each, and hand out what was seen."""
        self._note_stir(self.frame_count)
        found = Detections.concat(self._found)
        # Of damaged pictures every new key picture looks like a cut.
        self._cuts, doubtful = (
            [] if info.all_damaged else self._where_the_set_changes(cuts, info, found)
            for cuts in (self._cuts, self._splitter.doubtful)
        )
        shots = shots_from_cuts(self._cuts, frame_count=len(self._times))
        parted = self._boxes.spans_cut(found.frame, [cut.frame for cut in self._cuts])
        if self._stride > 1:
            degradations = (*degradations, self._stride_note(found.frame, parted))
        own_fps = len(self._times) / max(float(end_s), 1e-6)
        fps = judging_rate(own_fps)
        if fps != own_fps:
            note = f"{own_fps:.4g} pictures a second: judged as slow motion at {fps:g}"
            degradations = (*degradations, note)
        tracklets: list[Tracklet] = []
        looks: list[Looks] = []
        for shot in shots:
            rows = np.arange(*np.searchsorted(found.frame, (shot.start_frame, shot.stop_frame)))
            rows = rows[~parted[rows]]  # a line from one shot into the next shows nobody
            tracker = ShotTracker(config.tracker, fps=fps, shot_index=shot.index)
            tracker.push(found.take(rows), start_frame=shot.start_frame, stop_frame=shot.stop_frame)
            new = without_passing(
                tracker.finish(first_id=len(tracklets)),
                self._passing,
                shot_frames=shot.stop_frame - shot.start_frame,
                picture_px=(info.width_px, info.height_px),
            )
            if self._leaves_pictures_out:
                new = without_pictures(
                    new,
                    self._stir.between(shot.start_frame, shot.stop_frame),
                    picture_px=(info.width_px, info.height_px),
                    fps=fps,
                )
            tracklets += new
            looks += [self._looks.take(own) for own in _rows_of(new, found, rows)]
        edges = [
            np.stack([self._thumbnails[s.start_frame], self._thumbnails[s.stop_frame - 1]])
            for s in shots
        ]
        return Observations(
            info,
            tuple(self._times),
            end_s,
            shots,
            tuple(tracklets),
            tuple(looks),
            np.stack(edges) if edges else np.zeros((0, 2, *THUMBNAIL_PX[::-1], 3), np.uint8),
            np.array(self._tone, np.float32).reshape(-1, 3),
            degradations,
            self.timings,
            searched_frames=self._boxes.searched_count,
            styles=self._styles.finish(),
            doubtful_cuts=tuple(cut.frame for cut in doubtful),
        )

    def _where_the_set_changes(
        self, cuts: list[Cut], info: VideoInfo, found: Detections
    ) -> list[Cut]:
        """Return the cuts at which more changes than people."""

        def goes_on(before: int, after: int) -> bool:
            return set_goes_on(
                self._thumbnails[before],
                self._thumbnails[after],
                self._people_at(found, before, least=_SURELY_NO_SET),
                self._people_at(found, after, least=_SURELY_NO_SET),
                picture_px=(info.width_px, info.height_px),
            )

        last = len(self._times) - 1

        def held(side: tuple[int, int]) -> tuple[int, int]:
            return max(side[0], 0), min(side[1], last)

        def shows_one_shot_each(cut: Cut) -> tuple[int, int]:
            beside, apart = (held(side) for side in _sides_of(cut))
            if cut.opens_with != "cut":
                return apart
            pictures = (self._thumbnails[frame] for frame in (apart[0], *beside, apart[1]))
            return apart if one_is_mixed(*pictures) else beside

        return [cut for cut in cuts if not goes_on(*shows_one_shot_each(cut))]

    def _people_at(
        self, found: Detections, frame: int, *, least: float = 0.0
    ) -> NDArray[np.float32]:
        rows = slice(*np.searchsorted(found.frame, (frame, frame + 1)))
        return found.xyxy[rows][found.score[rows] >= max(self._start_score, least)]

    def _stride_note(self, frame: NDArray[np.int64], parted: NDArray[np.bool_]) -> str:
        """Say which boxes were drawn, not found."""
        drawn = int(np.count_nonzero(self._boxes.is_interpolated(frame) & ~parted))
        return (
            f"one frame in {self._stride} was searched; {drawn} of {len(frame) - parted.sum()} "
            "boxes are interpolated between detected ones"
        )


def _sides_of(cut: Cut) -> tuple[tuple[int, int], ...]:
    """Return the last frame before and the first after a cut; then those that show one shot alone.

    Within a dissolve neighbouring pictures are always alike, and one picture of a cut may be mixed.
    """
    beside = (cut.frame - 1, cut.frame)
    reach = 1 if cut.opens_with == "cut" else _TRANSITION_FRAMES
    return beside, (beside[0] - reach, beside[1] + reach)


def _rows_of(
    tracklets: list[Tracklet], found: Detections, rows: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Return which of the `rows` of `found` each tracklet is made of."""
    row_of = {(int(found.frame[row]), found.xyxy[row].tobytes()): int(row) for row in rows}
    return [
        np.array(
            [row_of[int(f), b.tobytes()] for f, b in zip(t.frame, t.xyxy, strict=True)], np.int64
        )
        for t in tracklets
    ]


def observe(clip: Path, *, config: Config, models: Models, progress: Progress) -> Observations:
    """Read `clip` once.

    Raises:
        CastcheckError: The clip cannot be read.
    """
    started = time.perf_counter()
    detector = models.detector_for(clip)
    fingerprint = Fingerprint.of(clip)
    decoder = config.run.decoder_at(models.device)
    with (
        precision_advised(config.run, device=models.device, detector=detector.name),
        open_source(clip, decoder=decoder, limits=config.limits) as source,
    ):
        rate = source.info.rate
        fps = judging_rate(float(rate)) if rate else 25.0
        observer = Observer(detector, models, config, fps=fps)
        progress("reading", 0, source.info.frame_count)
        pictures = source.batches(config.detector.batch_size)
        if models.device == "cpu":
            pictures = with_small(pictures, small_px=_SMALL_PX)
        else:
            pictures = moved_there(pictures, models.device, small_px=_SMALL_PX)
        batches = read_ahead(observer.split(pictures))
        found: Generator[Found, None, None] = observer.searched(batches)
        beside = {"shots"}
        if models.device == "cpu" and thread_count() > 1:
            found = read_ahead(found)
            beside.add("detect")
        with contextlib.closing(batches), contextlib.closing(found):
            for batch, boxes in found:
                observer.take(batch, boxes)
                progress("reading", observer.frame_count, source.info.frame_count)
        seen = observer.finish(
            source.info, config, end_s=source.end_s, degradations=source.degradations
        )
    fingerprint.check()
    spent = time.perf_counter() - started
    own = sum(seconds for stage, seconds in seen.timings.items() if stage not in beside)
    seen.timings.update(decode_and_rest=spent - own, elapsed=spent)
    return replace(seen, fingerprint=fingerprint)
