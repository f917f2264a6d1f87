"""PySceneDetect's adaptive detector behind our interface: the one file that imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scenes.device_pictures import on_host
from scenes.shots import Cut

if TYPE_CHECKING:
    from scenes.frames import FrameBatch

WINDOW_FRAMES = 2  # neighbours on either side a frame is compared with; the library's default
NOMINAL_RATE = 25.0  # the library counts in timecodes; only whole frames are used here


class SceneDetectDetector:
    """Cuts of `scenedetect.AdaptiveDetector`; see `scenes.cuts.CutDetector`.

    Args:
        adaptive_min: How many times the change into a frame must exceed the mean around it.
        options: Further options of the library's detector.
    """

    lookback_frames = WINDOW_FRAMES

    def __init__(self, *, adaptive_min: float, options: dict[str, Any] | None = None) -> None:
        import scenedetect

        self._timecode = scenedetect.FrameTimecode
        self._detector = scenedetect.AdaptiveDetector(
            adaptive_threshold=adaptive_min,
            window_width=WINDOW_FRAMES,
            min_scene_len=1,
            **(options or {}),
        )
        self._last: Any = None
        self.doubtful: list[Cut] = []

    def push(self, batch: FrameBatch) -> list[Cut]:
        """Return the cuts that have become certain with `batch`, in order of frames."""
        found = []
        for index, rgb in zip(batch.index.tolist(), on_host(batch.rgb), strict=True):
            self._last = self._timecode(index, NOMINAL_RATE)
            found += self._detector.process_frame(self._last, rgb[..., ::-1])
        return _cuts(found)

    def finish(self) -> list[Cut]:
        """Return the remaining cuts, after the last batch."""
        return [] if self._last is None else _cuts(self._detector.post_process(self._last))


def _cuts(timecodes: list[Any]) -> list[Cut]:
    return [Cut(int(timecode.frame_num)) for timecode in timecodes]
