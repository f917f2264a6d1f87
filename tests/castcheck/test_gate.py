"""Which findings make a clip fail."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from castcheck.acceptance.gate import parse_gate
from identity.findings import Finding
from scenes.errors import ConfigError


def finding(kind: str, severity: str) -> Finding:
    return Finding(kind, severity, 0.9, (), (), (), 0, 1, "")  # type: ignore[arg-type]


MINOR_SWAP, MAJOR_DRIFT = finding("swap", "minor"), finding("drift", "major")
CRITICAL_CLONE = finding("clone", "critical")
ALL = [MINOR_SWAP, MAJOR_DRIFT, CRITICAL_CLONE]


@pytest.mark.parametrize(
    ("spec", "trips"),
    [
        ("minor", ALL),
        ("major", [MAJOR_DRIFT, CRITICAL_CLONE]),
        ("critical", [CRITICAL_CLONE]),
        ("swap", [MINOR_SWAP]),
        (" swap , drift ,", [MINOR_SWAP, MAJOR_DRIFT]),
        ("critical,swap", [MINOR_SWAP, CRITICAL_CLONE]),
        ("morph", []),
    ],
)
def test_who_trips(spec, trips):
    gate = parse_gate(spec)
    assert [f for f in ALL if gate.trips(f)] == trips
    assert gate.exit_code(ALL) == bool(trips)
    assert gate.verdict(ALL, judged=True) == ("fail" if trips else "pass")


def test_never_silences_the_exit_code_and_not_the_verdict():
    gate = parse_gate("never")
    assert gate.exit_code(ALL) == 0
    assert gate.verdict(ALL, judged=True) == "fail"
    assert gate.verdict([MINOR_SWAP], judged=True) == "pass"


@pytest.mark.parametrize("spec", ["major", "never", "swap"])
def test_nothing_judged_is_never_a_pass(spec):
    assert parse_gate(spec).verdict([], judged=False) == "abstain"


@pytest.mark.parametrize(
    ("spec", "expect"),
    [
        ("pop_in", nullcontext()),
        ("", pytest.raises(ConfigError, match="cannot read ''")),
        ("majr", pytest.raises(ConfigError, match="did you mean 'major'")),
        ("never,swap", pytest.raises(ConfigError, match="'never' is unknown")),
        ("minor,major", pytest.raises(ConfigError, match="cannot read")),
        ("SWAP", pytest.raises(ConfigError, match="allowed is one of minor, major, critical")),
    ],
)
def test_what_can_be_read(spec, expect):
    with expect:
        parse_gate(spec)
