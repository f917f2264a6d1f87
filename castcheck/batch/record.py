"""What a batch remembers of one clip. Pure, but for the JSON text it reads and writes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from castcheck.facts.parts import ordered
from castcheck.facts.report import finding_to_dict
from castcheck.labels import headline
from castcheck.support.json_text import from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castcheck.acceptance.gate import Gate
    from castcheck.facts.report import Report

SUMMARY_SCHEMA = "castcheck.summary/1"
RESULT_SCHEMA = "castcheck.result/1"

# judged: there is a report. bad_input: the clip cannot be read. crashed: it killed its worker
# twice. bug: castcheck failed on it. not_judged: the run was ended before its turn.
Outcome = Literal["judged", "bad_input", "crashed", "bug", "not_judged"]
EXIT_CODES = {"judged": 0, "bad_input": 2, "crashed": 3, "bug": 3, "not_judged": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One clip of a run: a line of `summary.jsonl`. Unknown is `None`, never 0.

    Nothing in it depends on the clock or on who judged it, so that two runs can be compared.

    Attributes:
        clip: As the user named it.
        outcome: Whether there is a report, and if not, why.
        message: The verdict in plain words, or what went wrong and what to do.
        folder: Below the run's folder; `None` where there is no report.
        verdict: "pass", "fail" or "abstain".
        consistency: The lowest of its characters, in [0, 1].
        findings: As in `report.json`, worst first.
        degradations: What could not be done as it should.
        gone: What was accepted once and is not found any more, as in `report.json`.
    """

    clip: str
    outcome: Outcome
    message: str
    folder: str | None = None
    verdict: str | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    fps: str | None = None
    duration_s: float | None = None
    shots: int | None = None
    characters: int | None = None
    consistency: float | None = None
    findings: tuple[Mapping[str, Any], ...] = ()
    degradations: tuple[str, ...] = ()
    gone: tuple[Mapping[str, Any], ...] = ()

    @property
    def kinds(self) -> Counter[str]:
        """How many findings of each kind."""
        return Counter(str(finding["kind"]) for finding in self.findings)

    def exit_code(self, gate: Gate, *, strict: bool) -> int:
        """Return the exit code this clip alone would give."""
        if self.outcome != "judged":
            return EXIT_CODES[self.outcome]
        if strict and self.degradations:
            return EXIT_CODES["bad_input"]
        return int(not gate.silent and self.tripping(gate) > 0)

    def tripping(self, gate: Gate) -> int:
        """Return how many findings are at or above the gate; what was accepted never is."""
        return sum(
            gate.trips_at(f["kind"], f["severity"]) and not f.get("accepted", False)
            for f in self.findings
        )

    def to_json(self) -> str:
        """Return the record as one line of JSON."""
        return json.dumps(
            {"schema": SUMMARY_SCHEMA, **asdict(self)}, ensure_ascii=False, allow_nan=False
        )

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> Record:
        """Read back what `to_json` wrote; fields that are not known are passed over.

        Raises:
            ValueError: Another schema, or a field is missing or of the wrong kind.
        """
        if table.get("schema") != SUMMARY_SCHEMA:
            raise ValueError(f"schema is {table.get('schema')!r}")
        known = {item.name for item in fields(Record)}
        values = {name: value for name, value in table.items() if name in known}
        for name in ("findings", "degradations", "gone"):
            values[name] = tuple(values.get(name, ()))
        try:
            return Record(**values)
        except TypeError as err:
            raise ValueError(str(err)) from err


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """`result.json` of a clip's folder: its record, and what a resumed run needs to trust it.

    Attributes:
        key: Absolute path or URL of the clip.
        stamp: Size and time of the clip when it was judged.
        judged_with: What the result depends on besides the clip: version, models, settings.
    """

    record: Record
    key: str
    stamp: str
    judged_with: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the text of `result.json`."""
        head = {"schema": RESULT_SCHEMA, "key": self.key, "stamp": self.stamp}
        body = {"judged_with": dict(self.judged_with), "record": json.loads(self.record.to_json())}
        return json.dumps({**head, **body}, ensure_ascii=False, allow_nan=False, indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> Finished:
        """Read back what `to_json` wrote.

        Raises:
            ValueError: It is none of ours.
        """
        table = from_json(text)
        if not isinstance(table, dict) or table.get("schema") != RESULT_SCHEMA:
            raise ValueError("not a result of this version")
        try:
            record = Record.from_dict(table["record"])
            return Finished(
                record=record,
                key=str(table["key"]),
                stamp=str(table["stamp"]),
                judged_with=dict(table["judged_with"]),
            )
        except (KeyError, TypeError, AttributeError) as err:
            raise ValueError(f"a field is missing or wrong: {err}") from err


def record_of(report: Report, *, folder: str) -> Record:
    """Return what a batch remembers of a clip that was judged."""
    levels = [c.consistency for c in report.characters if c.consistency is not None]
    clip = report.clip
    return Record(
        clip=clip.path,
        outcome="judged",
        message=headline(report),
        folder=folder,
        verdict=report.verdict,
        sha256=clip.sha256,
        width=clip.width,
        height=clip.height,
        frames=clip.frames,
        fps=clip.fps,
        duration_s=clip.duration_s,
        shots=len(report.shots),
        characters=len(report.characters),
        consistency=min(levels, default=None),
        findings=tuple(finding_to_dict(finding, report) for finding in ordered(report.findings)),
        degradations=report.degradations,
        gone=() if report.baseline is None else tuple(map(asdict, report.baseline.gone)),
    )
