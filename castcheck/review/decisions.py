"""What a person decided about a finding: one line of `decisions.jsonl`, whole or not at all.

Lines are only ever added. The last line about a finding by one reviewer counts; a line whose
`decision` is `null` takes back what that reviewer said before, which is how an undo is written.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from typing import IO, TYPE_CHECKING, Any

from castcheck.report.writers import OutputError
from castcheck.support.json_text import from_json
from castcheck.support.locking import wait_lock
from castcheck.tables.kinds import KINDS
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

SCHEMA = "castcheck.decision/1"
MISSED = "missed"
WORDS = ("right", "wrong", "other_kind", "duplicate", MISSED)
NOTE_CHARS = 2000
_MOST_TOLD = 5  # lines that are no decision: a video given as such a file has thousands

# Reviewer, clip and finding; for what castcheck missed: kind, frames and characters instead.
Key = tuple[Any, ...]


class DecisionError(CastcheckError):
    """Something that should be a decision is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One line of `decisions.jsonl`.

    Attributes:
        clip_sha256: Of the clip, as in its report.
        finding: Id of the finding; `None` where castcheck missed something.
        decision: One of `WORDS`; `None` takes back what this reviewer said before.
        kind: For "other_kind" what it is instead, for "missed" what was missed.
        start_frame, stop_frame: Half-open; of the finding, or of what was missed.
        characters: Ids of those concerned.
        by: The reviewer.
        at: When, RFC 3339 with a time zone.
        note: What the reviewer had to say.

    Raises:
        DecisionError: A field is unknown, missing or of the wrong kind.
    """

    clip_sha256: str
    finding: str | None
    decision: str | None
    by: str
    at: str
    kind: str | None = None
    start_frame: int | None = None
    stop_frame: int | None = None
    characters: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("clip_sha256", "by", "at", "note"):
            if not isinstance(getattr(self, name), str):
                raise DecisionError(f"{name} is not a text")
        if not self.clip_sha256 or not self.by:
            raise DecisionError("clip_sha256 or by is empty")
        if self.finding is not None and (not self.finding or type(self.finding) is not str):
            raise DecisionError("finding is neither an id nor null")
        if self.decision is not None and self.decision not in WORDS:
            raise DecisionError(
                f"decision {self.decision!r} is unknown, allowed is {', '.join(WORDS)}"
            )
        if not all(isinstance(name, str) for name in self.characters):
            raise DecisionError("characters is not a list of ids")
        self._check_kind()
        self._check_frames()
        _instant(self.at)

    def _check_kind(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            raise DecisionError(f"kind {self.kind!r} is unknown, allowed is {', '.join(KINDS)}")
        if self.decision == "other_kind" and self.kind is None:
            raise DecisionError("other_kind wants a kind")
        if (self.decision == MISSED and self.finding is not None) or (
            self.finding is None and self.decision not in {MISSED, None}
        ):
            raise DecisionError("missed has no finding, every other decision has one")

    def _check_frames(self) -> None:
        given = (self.start_frame, self.stop_frame)
        if any(v is not None and (type(v) is not int or v < 0) for v in given):
            raise DecisionError("start_frame and stop_frame are whole numbers from 0, or null")
        start, stop = given
        if start is not None and stop is not None and stop <= start:
            raise DecisionError("stop_frame is not behind start_frame")
        if self.finding is None and (self.kind is None or start is None or stop is None):
            raise DecisionError("what was missed wants kind, start_frame and stop_frame")

    @property
    def subject(self) -> Key:
        """What it is about, whoever says it."""
        if self.finding is not None:
            return (self.clip_sha256, self.finding)
        frames = (self.start_frame, self.stop_frame)
        return (self.clip_sha256, None, self.kind, *frames, self.characters)

    @property
    def key(self) -> Key:
        """What it is about and who says it: of two lines with one key the later counts."""
        return (self.by, *self.subject)

    @property
    def time(self) -> datetime:
        """When it was made."""
        return _instant(self.at)

    def to_json(self) -> str:
        """Return the line, without its end."""
        table = {"schema": SCHEMA, **{name: getattr(self, name) for name in _ORDER}}
        return json.dumps(table, ensure_ascii=True, allow_nan=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON types, without the schema."""
        return {**asdict(self), "characters": list(self.characters)}

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> Decision:
        """Read back what `to_json` wrote; fields that are not known are passed over.

        Raises:
            DecisionError: Another schema, or a field is missing or of the wrong kind.
        """
        if table.get("schema") != SCHEMA:
            raise DecisionError(f"schema is {table.get('schema')!r}, this version reads {SCHEMA!r}")
        values = {item.name: table[item.name] for item in fields(Decision) if item.name in table}
        names = values.get("characters", ())
        if not isinstance(names, (list, tuple)):
            raise DecisionError("characters is not a list of ids")
        try:
            return Decision(**{**values, "characters": tuple(names)})
        except TypeError:
            needed = ("clip_sha256", "finding", "decision", "by", "at")
            lacking = [name for name in needed if name not in values]
            raise DecisionError(f"field {', '.join(lacking)} is missing") from None


_ORDER = (
    *("clip_sha256", "finding", "decision", "kind", "start_frame", "stop_frame"),
    *("characters", "by", "at", "note"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file of decisions holds.

    Attributes:
        decisions: In the order of the lines.
        complaints: One line per line that is not a decision: file, number and why.
    """

    decisions: tuple[Decision, ...]
    complaints: tuple[str, ...]


def now() -> str:
    """Return the present moment as RFC 3339, in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_decisions(path: Path) -> Reading:
    """Read a file of decisions; a line that is none is complained about and passed over.

    A file that is not there holds no decisions.

    Raises:
        DecisionError: The file cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Reading((), ())
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise DecisionError(f"cannot be read: {reason}", where=path) from err
    decisions, complaints = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            decisions.append(_parse(line))
        except DecisionError as err:
            complaints.append(
                f"{path}: line {number} is not a decision: {err}; it is skipped and stays in "
                "the file"
            )
    return Reading(tuple(decisions), tuple(complaints))


def read_named(path: Path) -> Reading:
    """Read a file that somebody named as one of decisions.

    Raises:
        DecisionError: It cannot be read, or it has lines and none of them is a decision.
    """
    reading = read_decisions(path)
    if reading.complaints and not reading.decisions:
        raise DecisionError(
            "holds no decisions",
            where=path,
            hint="give a decisions.jsonl that `castcheck review` or a report's Export wrote",
        )
    return reading


def most_of(complaints: Sequence[str]) -> list[str]:
    """Return the first complaints, and a line that says how many more there are.

    Example:
        >>> most_of(["one", "two"]), most_of(["line"] * 9)[-1]
        (['one', 'two'], '4 more such lines')
    """
    more = len(complaints) - _MOST_TOLD
    return [*complaints[:_MOST_TOLD], *([f"{more} more such lines"] if more > 0 else [])]


def current(decisions: Iterable[Decision]) -> dict[Key, Decision]:
    """Return what counts: by reviewer and subject the last decision that was not taken back.

    Example:
        >>> facts = {"clip_sha256": "ab", "finding": "swap-3-0", "by": "ann", "at": now()}
        >>> said = Decision(decision="right", **facts)
        >>> len(current([said])), current([said, Decision(decision=None, **facts)])
        (1, {})
    """
    last = {decision.key: decision for decision in decisions}
    return {key: decision for key, decision in last.items() if decision.decision is not None}


def append_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Add lines to a file of decisions: on the disk when this returns, all of them or none.

    Several processes may do so at once. A last line that was never ended stays a line of its own.

    Raises:
        OutputError: They cannot be written; the file is as it was.
    """
    text = "".join(f"{decision.to_json()}\n" for decision in decisions)
    if not text:
        return
    try:
        with path.open("a+b") as file:
            wait_lock(file)
            _append(file, text.encode("utf-8"))
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise OutputError(
            f"cannot be written: {reason}", where=path, hint="nothing was changed"
        ) from err


def _append(file: IO[bytes], data: bytes) -> None:
    before = file.seek(0, os.SEEK_END)
    if before:
        file.seek(before - 1)
        if file.read(1) != b"\n":  # somebody was killed in the middle of a line
            data = b"\n" + data
    try:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        file.truncate(before)
        raise


def _parse(line: bytes) -> Decision:
    try:
        table = from_json(line)
    except ValueError as err:
        raise DecisionError("it is not JSON") from err
    if not isinstance(table, dict):
        raise DecisionError("it is not a JSON object")
    return Decision.from_dict(table)


def _instant(text: str) -> datetime:
    try:  # Python 3.10 does not know the Z
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError:
        raise DecisionError(f"at is {text!r}, not a time as in RFC 3339") from None
    if moment.tzinfo is None:
        raise DecisionError(f"at is {text!r}, a time without its zone")
    return moment
