"""Exact presentation times of pictures, also where the file's own time stamps are broken.

Pure: integers and fractions in, fractions out. Floats are made only where a person reads them.
"""

from __future__ import annotations

from fractions import Fraction

FALLBACK_RATE = Fraction(
    25
)  # frames per second where a file says nothing at all: PAL, FFmpeg's own
REBASE_GAP_S = Fraction(1)  # a step back of more than this is a new time line, not a shuffled stamp
LONGEST_STEP_S = Fraction(600)  # nobody shows one picture for longer: a broken stamp


class FrameClock:
    """Turn the time stamps of consecutive pictures into strictly increasing exact seconds.

    The first picture is at 0. A missing stamp, or one that does not lie after its predecessor, is
    replaced by its predecessor plus the usual step; a jump back by more than `REBASE_GAP_S` (joined
    files, a wrapped counter) moves the time line, so that the spacing behind it stays exact. So
    does a jump forward by more than `LONGEST_STEP_S`; `closed_s` adds up by how much.

    Args:
        time_base: Seconds per unit of `pts`.
        rate: Nominal frames per second; `None` where the file does not say.

    Example:
        >>> clock = FrameClock(time_base=Fraction(1, 1000), rate=Fraction(24))
        >>> [str(clock.tick(pts, None)) for pts in (80, 120, None, 200)]
        ['0', '1/25', '2/25', '3/25']
        >>> str(clock.end_s), clock.repaired
        ('4/25', 1)
    """

    def __init__(self, *, time_base: Fraction, rate: Fraction | None) -> None:
        self.repaired = 0
        self.closed_s = Fraction(0)
        self._time_base = time_base
        self._nominal_step_s = 1 / (rate or FALLBACK_RATE)
        self._step_s: Fraction | None = None  # between the two newest trusted stamps
        self._offset_s: Fraction | None = None  # of the file's time line against ours
        self._last_s: Fraction | None = None
        self._last_duration_s: Fraction | None = None

    @property
    def end_s(self) -> Fraction:
        """Where the newest picture ends: its time plus how long it is shown. 0 before the first."""
        if self._last_s is None:
            return Fraction(0)
        return self._last_s + (self._last_duration_s or self._step_s or self._nominal_step_s)

    def tick(self, pts: int | None, duration: int | None) -> Fraction:
        """Return the time of the next picture, in seconds from the first one.

        Args:
            pts: Its presentation stamp in units of the time base; `None` where it has none.
            duration: How long it is shown, in the same units; `None` or 0 where unknown.
        """
        stamp_s = None if pts is None else pts * self._time_base
        time_s = self._place(stamp_s)
        self._last_s = time_s
        self._last_duration_s = duration * self._time_base if duration and duration > 0 else None
        return time_s

    def _place(self, stamp_s: Fraction | None) -> Fraction:
        """Return the time of a picture stamped `stamp_s` on the file's own time line."""
        if self._last_s is None:
            self._offset_s = stamp_s
            self.repaired += stamp_s is None
            return Fraction(0)
        expected_s = self._last_s + (self._step_s or self._nominal_step_s)
        if stamp_s is None:
            self.repaired += 1
            return expected_s
        if self._offset_s is None:
            self._offset_s = stamp_s - expected_s
        time_s = stamp_s - self._offset_s
        if time_s - self._last_s > LONGEST_STEP_S:
            self.repaired += 1
            self.closed_s += time_s - expected_s
            self._offset_s = stamp_s - expected_s
            return expected_s
        if time_s > self._last_s:
            self._step_s = time_s - self._last_s
            return time_s
        self.repaired += 1
        if self._last_s - time_s > REBASE_GAP_S:
            self._offset_s = stamp_s - expected_s
        return expected_s


def seconds_text(time_s: Fraction) -> str:
    """Return a time for people, in seconds with two decimals.

    Example:
        >>> seconds_text(Fraction(79, 24))
        '3.29 s'
    """
    return f"{float(time_s):.2f} s"
