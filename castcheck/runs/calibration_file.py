"""A calibration as lines for the screen, and as a file that `--config` takes. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from castcheck.config import CalibrationSettings, Config
from castcheck.labels import plural
from castcheck.runs.calibrate import NEVER
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from castcheck.runs.calibrate import Calibration
    from castcheck.runs.statistics import Rate

# Written anew, about this machine, or not about what is found: runs to calibrate from are often
# judged with a gate of "never", which would open the gate of every run with this file.
_LEFT_OUT = frozenset(
    {"calibration", "report", "confidence", "gate", "run.settings_file", "run.device"}
)


def alarm_line(rate: Rate) -> str:
    """Return a rate of false alarms in words.

    Example:
        >>> from castcheck.runs.statistics import rate_of
        >>> alarm_line(rate_of([False] * 212))
        '0 of 212 good clips fail: at most 1.7 per 100'
    """
    head = f"{rate.hits} of {plural(rate.count, 'good clip')} fail"
    if rate.low == 0:
        return f"{head}: at most {_per_100(rate.high)} per 100"
    return f"{head}: {_per_100(rate.low)} to {_per_100(rate.high)} per 100"


def recall_line(kind: str, rate: Rate, *, planted: bool) -> str:
    """Return a recall in words.

    Example:
        >>> from castcheck.runs.statistics import rate_of
        >>> recall_line("swap", rate_of([True] * 9 + [False]), planted=True)
        'swap: stops 9 of 10 planted (55 to 100 %)'
    """
    what = "planted" if planted else "found by people"
    span = f"{100 * rate.low:.0f} to {100 * rate.high:.0f} %"
    return f"{kind}: stops {rate.hits} of {rate.count} {what} ({span})"


def recall_lines(found: Calibration) -> Iterator[str]:
    """Yield what is found of each kind, one line for planted and one for other errors."""
    for recall in found.recalls:
        for rate, planted in ((recall.planted, True), (recall.seen, False)):
            if rate.count:
                yield recall_line(recall.kind, rate, planted=planted)


def shortfall(found: Calibration) -> str:
    """Return why what was asked cannot be promised; empty where it can."""
    if found.kept:
        return ""
    asked, rate = f"{_per_100(found.asked)} per 100", found.alarms
    if rate.hits:
        return (
            f"{asked} cannot be promised: it takes {plural(found.needed, 'good clip')} of which no "
            f"more than {rate.hits} {'fails' if rate.hits == 1 else 'fail'}"
        )
    return f"{asked} cannot be promised: it takes {plural(found.needed, 'good clip')} without alarm"


def bar_lines(found: Calibration) -> Iterator[str]:
    """Yield the bars that moved."""
    for kind in KINDS:
        before, now = found.before[kind], found.bars[kind]
        if now != before:
            end = ", that is never" if now >= NEVER else ""
            yield f"{kind}: stops a clip from {now:.3g} on{end} (was {before:.3g})"


def config_text(
    found: Calibration, config: Mapping[str, Any], *, judged_with: str, notes: Sequence[str]
) -> str:
    """Return the text of the file.

    Args:
        found: The bars and what they promise.
        config: The resolved settings that the clips were judged with.
        judged_with: The models, see `castcheck.facts.provenance.models_of`.
        notes: For the head of the file.
    """
    statement = "; ".join([alarm_line(found.alarms), *recall_lines(found)])
    lines = [f"# {line}" for line in notes]
    lines += ["", "[confidence]"]
    lines += [f"{kind} = {found.bars[kind]:.3g}" for kind in KINDS]
    calibration = CalibrationSettings(
        statement=f"{statement} (held out)",
        asked_per_100_clips=round(100 * found.asked, 6),
        judged_with=judged_with,
    )
    lines += ["", "[calibration]"]
    lines += [f"{name} = {_toml(getattr(calibration, name))}" for name in calibration.__slots__]
    lines += _as_judged(config)
    return "\n".join(lines) + "\n"


def _as_judged(config: Mapping[str, Any]) -> list[str]:
    """Return the settings that are not the default: the bars hold for findings made with them."""
    lines: list[str] = []
    for section, defaults in Config().to_dict().items():
        own = config.get(section)
        if section in _LEFT_OUT or not isinstance(own, dict):
            continue
        changed = {
            name: own[name]
            for name, default in defaults.items()
            if name in own
            and f"{section}.{name}" not in _LEFT_OUT
            and _plain(own[name]) != _plain(default)
        }
        if changed:
            lines += ["", f"[{section}]", *(f"{k} = {_toml(v)}" for k, v in changed.items())]
    return lines


def _plain(value: Any) -> Any:
    """Return a setting as JSON has it: a list where Python has a tuple."""
    return list(value) if isinstance(value, tuple) else value


def _toml(value: Any) -> str:
    """Return a value as TOML, whose texts, numbers and lists are written like those of JSON."""
    return json.dumps(_plain(value))


def _per_100(share: float) -> str:
    """Return a share per hundred.

    Example:
        >>> _per_100(0.01725), _per_100(0.01), _per_100(0.25)
        ('1.7', '1', '25')
    """
    return f"{100 * share:.2g}" if share < 0.0995 else f"{100 * share:.0f}"
