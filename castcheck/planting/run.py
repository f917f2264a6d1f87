"""From clips known to be good to a folder of clips with one known error each."""

from __future__ import annotations

import zlib
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.checking.folders import clip_folders
from castcheck.planting.drawing import drawn, painted_window, save
from castcheck.planting.index import Entry, write_index
from castcheck.planting.plan import Plan, Stock
from castcheck.planting.timeline import plain
from castcheck.planting.truth import strength_of, truth_of
from castcheck.planting.ways import WAYS, Way
from castcheck.planting.windows import MIN_FRAMES, windows_of
from castcheck.report.writers import OutputError, check_writable
from scenes.errors import CastcheckError
from scenes.source import clip_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from castcheck.observe import Observations
    from castcheck.planting.material import Material
    from castcheck.planting.wish import Wish
    from castcheck.support.progress import Progress

CLEAN = "clean"
_LEGAL = "legal"
_ERRORS_PER_LEGAL = 3
_KEPT_BYTES = 1_500_000_000  # of windows that stay in memory: here, and where donors come from
_DONOR_BYTES = 1_000_000_000
_DONOR_CLIPS = 7
_WEAKEST = 0.05  # a change of looks below it is none


class PlantingError(CastcheckError):
    """Nothing could be planted."""


@dataclass(frozen=True, slots=True)
class PlantedSet:
    """What was made.

    Attributes:
        folder: Where it lies.
        entries: One per clip.
        notes: Per source, what could not be planted and why.
    """

    folder: Path
    entries: tuple[Entry, ...]
    notes: dict[str, str]

    @property
    def errors(self) -> tuple[Entry, ...]:
        """The clips with an error."""
        return tuple(e for e in self.entries if e.group not in (CLEAN, _LEGAL))


class _Windows:
    """Windows of clips, the newest few in memory."""

    def __init__(
        self, wish: Wish, observe: Callable[[Path], Observations], reader: Any = None
    ) -> None:
        self._wish = wish
        self._reader = reader
        self._observe = observe
        self.longest: dict[Path, int] = {}
        self._kept: OrderedDict[Path, list[Material]] = OrderedDict()

    def of(self, clip: Path) -> list[Material]:
        if clip not in self._kept:
            sha256 = clip_sha256(clip)  # says in plain words what no decoder could open
            seen = self._observe(clip)
            self.longest[clip] = max(len(shot) for shot in seen.shots)
            self._kept[clip] = windows_of(
                clip,
                sha256,
                seen,
                seconds=self._wish.seconds,
                side_px=self._wish.side_px,
                reader=self._reader,
            )
            while len(self._kept) > 1 and sum(map(_size, self._kept.values())) > _KEPT_BYTES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(clip)
        return self._kept[clip]


def plant_all(
    clips: Sequence[Path],
    out: Path,
    wish: Wish,
    *,
    observe: Callable[[Path], Observations],
    progress: Progress,
    note: Callable[[str], None],
    reader: Any = None,
) -> PlantedSet:
    """Plant errors in clips and write them, their truth, clean twins and an index into `out`.

    Args:
        clips: Clips known to be good.
        out: Folder; nothing in it is overwritten.
        wish: What is wanted.
        observe: What is seen in a clip.
        progress: Told how far it is.
        note: Told what could not be done, a line per clip.
        reader: The network that finds heads (a `PartsEmbedder`); `None` = heads are not asked for.

    Raises:
        PlantingError: Nothing can be planted in any of them.
        OutputError: Something is there already, or cannot be written.
    """
    check_writable(out)
    _refuse_old(out)
    windows = _Windows(wish, observe, reader)
    used: Counter[str] = Counter()
    entries: list[Entry] = []
    notes: dict[str, str] = {}
    names = clip_folders(clips)
    held: list[str] = []  # of the only clip the error says the same
    tell = note if len(clips) > 1 else held.append
    for number, clip in enumerate(clips):
        progress(f"{number + 1}/{len(clips)} {clip.name}", 0, None)
        try:
            own = windows.of(clip)
        except CastcheckError as err:
            notes[str(clip)] = str(err)
            tell(str(err))
            continue
        others = [clips[(number + k) % len(clips)] for k in range(1, min(_DONOR_CLIPS, len(clips)))]
        job = _Clip(
            names[number],
            own,
            [c for c in others if c != clip],
            windows,
            wish,
            used,
            windows.longest[clip],
        )
        made, reason = job.plant(out, partial(progress, clip.name))
        entries += made
        if reason:
            notes[str(clip)] = reason
            tell(f"{clip}: {reason}")
    if not any(entry.group != CLEAN for entry in entries):
        first = next(iter(notes.items()), ("", "no clip was given"))
        raise PlantingError(
            f"nothing can be planted: {first[1].removeprefix(first[0]).lstrip(': ')}",
            where=first[0] or None,
            hint="give clips in which two people or more are seen for a second",
        )
    for line in held:
        note(line)
    write_index(out, entries, notes)
    return PlantedSet(out, tuple(entries), notes)


def _refuse_old(out: Path) -> None:
    old = sorted(out.glob("*.truth.json")) if out.is_dir() else []
    old += [out / "index.json"] if (out / "index.json").exists() else []
    if old:
        raise OutputError("is there already", where=old[0], hint="choose another folder with -o")


def _size(windows: list[Material]) -> int:
    """Return how many bytes the pictures of windows take."""
    return sum(window.frames.nbytes for window in windows)


@dataclass
class _Clip:
    """The work on one source."""

    name: str
    own: list[Material]
    others: list[Path]
    windows: _Windows
    wish: Wish
    used: Counter[str]
    longest: int
    _found: list[Material] | None = None

    def plant(
        self, out: Path, progress: Callable[[int, int | None], None]
    ) -> tuple[list[Entry], str]:
        """Return what was made of it, and why not all of it; "" where nothing was left out."""
        wanted = self.wish.per_clip
        seen = [m for m in self.own if m.tracks]
        if self.longest < MIN_FRAMES:
            return [], f"too short: no shot has {MIN_FRAMES} frames"
        if not seen:
            return [], "no people are seen in it for long enough"
        entries: list[Entry] = []
        reasons: list[str] = []
        rows = self.wish.rows
        errors = [row for row in rows if row.group != _LEGAL]
        legal = [row for row in rows if row.group == _LEGAL]
        extra = max(1, wanted // _ERRORS_PER_LEGAL) if errors else wanted
        for group, most in ((errors, wanted), (legal, extra)):
            done = 0
            for row in self._in_turn(group):
                if done == most:
                    break
                made = self._try(row, seen, out, reasons)
                if made:
                    self.used[row.name] += 1
                    entries += made
                    done += 1
                    progress(len(entries), None)
        if errors and not any(e.group != _LEGAL for e in entries):
            usual = Counter(reasons).most_common(1)[0][0] if reasons else "nothing was wanted"
            return entries and self._with_twins(entries, seen, out), f"no error: {usual}"
        missing = wanted - sum(e.strength_asked == max(self.wish.strengths) for e in entries
                               if e.group != _LEGAL) if errors else 0  # fmt: skip
        text = ""
        if missing > 0:
            usual = "; ".join(reason for reason, _ in Counter(reasons).most_common(2))
            text = f"{wanted - missing} of {wanted} errors planted ({usual})"
        return self._with_twins(entries, seen, out), text

    def _in_turn(self, rows: list[Way]) -> Iterator[Way]:
        """Yield rows, those planted least first, so that a set holds a bit of everything."""
        rng = self._rng("order")
        order = {row.name: float(rng.random()) for row in rows}
        groups = Counter()  # type: Counter[str]
        for row in WAYS.values():
            groups[row.group] += self.used[row.name]
        left = list(rows)
        while left:
            least = min(left, key=lambda r: (self.used[r.name], order[r.name]))
            left.remove(least)
            yield least

    def _rng(self, what: str) -> np.random.Generator:
        return np.random.default_rng([self.wish.seed, zlib.crc32(f"{self.name} {what}".encode())])

    def _try(self, row: Way, seen: list[Material], out: Path, reasons: list[str]) -> list[Entry]:
        """Plant one kind in the first window that carries it, in every strength asked for."""
        turn = int(self._rng(row.name).integers(len(seen)))
        for material in [*seen[turn:], *seen[:turn]]:
            donors = self._donors(material)
            made = []
            for amount in self.wish.strengths if row.graded else (1.0,):
                stock = Stock(material, donors, amount)
                plan = row.make(stock, self._rng(f"{row.name} {material.shot}"))
                if isinstance(plan, str):
                    reasons.append(plan)
                    break
                made.append(self._write(row, plan, material, amount, out, reasons))
            entries = [entry for entry in made if entry is not None]
            if entries:
                return entries
        return []

    def _donors(self, material: Material) -> tuple[Material, ...]:
        own = [m for m in self.own if m is not material]
        if self._found is None:
            self._found = []
            for clip in self.others:
                if _size(self._found) > _DONOR_BYTES:
                    break
                self._found += self._of_another(clip)
        return (*own, *self._found)

    def _of_another(self, clip: Path) -> list[Material]:
        try:
            return self.windows.of(clip)
        except CastcheckError:
            return []  # it is told when its own turn comes

    def _write(
        self, row: Way, plan: Plan, material: Material, amount: float, out: Path,
        reasons: list[str],
    ) -> Entry | None:  # fmt: skip
        pictures = list(drawn(plan, material, amount))
        truth = truth_of(plan, material, clip="", asked=amount, seed=self.wish.seed, kind=row.name)
        if plan.strength_of or plan.copy is not None:
            full = painted_window(plan, material, amount)
            strength = strength_of(plan, material, full)
            if strength is not None and strength < _WEAKEST * amount:
                reasons.append("those who could be exchanged look alike")
                return None
            truth["events"][0]["strength"] = strength
        stem = f"{self.name}__s{material.shot}__{row.name}"
        if len(self.wish.strengths) > 1 and row.graded:
            stem += f"_{round(100 * amount):03d}"
        return save(out, stem, truth, pictures, plan, material, row.group)

    def _with_twins(self, entries: list[Entry], seen: list[Material], out: Path) -> list[Entry]:
        shots = {entry.shot for entry in entries}
        twins = []
        for material in seen:
            if material.shot in shots:
                plan = Plan(CLEAN, plain(material))
                truth = truth_of(
                    plan, material, clip="", asked=0.0, seed=self.wish.seed, kind=CLEAN
                )
                truth["events"] = []
                stem = f"{self.name}__s{material.shot}__{CLEAN}"
                twins.append(
                    save(out, stem, truth, list(drawn(plan, material, 0)), plan, material, CLEAN)
                )
        return [*entries, *twins]
