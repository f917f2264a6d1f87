"""Which findings make a clip fail: `--fail-on` and what follows from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.support.suggestions import did_you_mean
from castcheck.tables.kinds import KINDS
from identity.findings import SEVERITIES, Finding
from scenes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castcheck.facts.parts import Verdict

DEFAULT_GATE = "major"
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Gate:
    """The bar a finding has to reach.

    Attributes:
        severity: Findings this severe or worse trip the gate; `None` = severity does not count.
        kinds: Findings of these kinds trip it whatever their severity.
        silent: `never` was asked for: the verdict stays what it is, the exit code stays 0.
    """

    severity: str | None
    kinds: frozenset[str] = frozenset()
    silent: bool = False

    def trips(self, finding: Finding) -> bool:
        """Return whether `finding` is at or above the bar; what was accepted never is."""
        return not finding.accepted and self.trips_at(finding.kind, finding.severity)

    def trips_at(self, kind: str, severity: str) -> bool:
        """Return whether a finding of this kind and severity is at or above the bar."""
        if kind in self.kinds:
            return True
        if self.severity is None:
            return False
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.severity)  # type: ignore[arg-type]

    def doubts(self, findings: Iterable[Finding]) -> bool:
        """Return whether a finding would trip the gate if it were sure enough.

        Example:
            >>> told = Finding("swap", "minor", 0.6, (), (), (), 3, 4, "")
            >>> unsure = Finding(
            ...     "swap", "minor", 0.6, (), (), (), 3, 4, "", {"severity_if_sure": "critical"}
            ... )
            >>> parse_gate("major").doubts([told]), parse_gate("major").doubts([unsure])
            (False, True)
        """
        return any(
            not finding.accepted and self.trips_at(finding.kind, finding.severity_if_sure)
            for finding in findings
        )

    def verdict(self, findings: Iterable[Finding], *, judged: bool) -> Verdict:
        """Return the verdict on a clip.

        A finding that is more likely right than wrong, and not sure enough to fail a clip, is no
        reason to call it good either.

        Args:
            findings: Everything found in it.
            judged: Whether anybody in it was seen well enough to be judged.

        Example:
            >>> parse_gate("major").verdict([], judged=False)
            'abstain'
        """
        findings = tuple(findings)
        if any(self.trips(finding) for finding in findings):
            return "fail"
        return "pass" if judged and not self.doubts(findings) else "abstain"

    def exit_code(self, findings: Iterable[Finding]) -> int:
        """Return 1 where a finding trips the gate, else 0; always 0 with `never`."""
        return int(not self.silent and any(self.trips(finding) for finding in findings))


def parse_gate(spec: str) -> Gate:
    """Read a gate: a severity, a comma-separated list of kinds, both, or `never`.

    `never` keeps the verdict of the default gate and only silences the exit code: a clip with a
    swap in it does not become a good clip because a script wants to go on.

    Raises:
        ConfigError: An unknown word, an empty list, or two severities.

    Example:
        >>> parse_gate("swap, clone").kinds == {"swap", "clone"}
        True
        >>> parse_gate("critical,drift").severity
        'critical'
    """
    words = [word.strip() for word in spec.split(",") if word.strip()]
    if words == [NEVER]:
        return Gate(DEFAULT_GATE, silent=True)
    severities = [word for word in words if word in SEVERITIES]
    kinds = frozenset(word for word in words if word in KINDS)
    for word in words:
        if word not in SEVERITIES and word not in KINDS:
            raise ConfigError(
                f"{word!r} is unknown{did_you_mean(word, [*SEVERITIES, *KINDS, NEVER])}",
                where="--fail-on",
                hint=_allowed(),
            )
    if not words or len(severities) > 1:
        raise ConfigError(f"cannot read {spec!r}", where="--fail-on", hint=_allowed())
    return Gate(severities[0] if severities else None, kinds)


def _allowed() -> str:
    return (
        f"allowed is one of {', '.join(SEVERITIES)}, a comma-separated list of kinds "
        f"({', '.join(KINDS)}), or {NEVER}"
    )
