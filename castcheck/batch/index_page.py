"""The page of a run: counts, findings by kind, and a table of all clips. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from castcheck.batch.progress import ordered_counts, outcome_word
from castcheck.batch.remote import clip_path
from castcheck.labels import clock, kind_meaning, kind_title, plural
from castcheck.report.html import environment, read_asset
from castcheck.report.page import script_json
from identity.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.batch.record import Record

_CLASSES = {"pass": "pass", "fail": "fail", "abstain": "abstain"}  # all else: "broken"


@dataclass(frozen=True, slots=True)
class Share:
    """How many clips ended one way."""

    word: str
    look: str
    count: int
    percent: float


@dataclass(frozen=True, slots=True)
class KindBar:
    """How often one kind was found.

    Attributes:
        parts: Severity, count, and width in percent of the longest bar; worst first.
        clips: How many clips have it.
    """

    kind: str
    title: str
    meaning: str
    count: int
    clips: int
    parts: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Everything the template needs; `home` is the folder that all clips lie below."""

    title: str
    total: str
    duration: str
    home: str
    shares: tuple[Share, ...]
    kinds: tuple[KindBar, ...]
    notices: tuple[tuple[str, str], ...]


def render_index(records: Sequence[Record], *, title: str, report_file: str) -> str:
    """Return the text of `index.html`.

    Args:
        records: In the order of the list.
        title: What to call the run.
        report_file: The file of a clip's folder that a click opens.
    """
    home = _home(records)
    page = IndexPage(
        title=title,
        total=plural(len(records), "clip"),
        duration=clock(sum(r.duration_s or 0 for r in records)).rsplit(".", 1)[0],
        home=home,
        shares=_shares(records),
        kinds=_kind_bars(records),
        notices=_notices(records),
    )
    data = {"report": report_file, "rows": [_row(record, home) for record in records]}
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            page=page,
            css=Markup(read_asset("report.css") + read_asset("index.css")),  # noqa: S704 (ours)  # nosec B704
            js=Markup(read_asset("index.js")),  # noqa: S704  # nosec B704
            data=Markup(script_json(data)),  # noqa: S704 (escaped)  # nosec B704
        )
    )


def _shares(records: Sequence[Record]) -> tuple[Share, ...]:
    counts = Counter(map(outcome_word, records))
    return tuple(
        Share(word, _CLASSES.get(word, "broken"), count, round(100 * count / len(records), 3))
        for word, count in ordered_counts(counts)
    )


def _kind_bars(records: Sequence[Record]) -> tuple[KindBar, ...]:
    counts = Counter((str(f["kind"]), str(f["severity"])) for r in records for f in r.findings)
    clips = Counter(kind for r in records for kind in r.kinds)
    totals = Counter(str(f["kind"]) for r in records for f in r.findings)
    longest = max(totals.values(), default=1)
    bars = []
    for kind, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        parts = tuple(
            (severity, counts[kind, severity], round(100 * counts[kind, severity] / longest, 3))
            for severity in reversed(SEVERITIES)
            if counts[kind, severity]
        )
        bars.append(
            KindBar(
                kind,
                kind_title(kind),
                kind_meaning(kind),
                total,
                clips[kind],
                parts,
            )
        )
    return tuple(bars)


def _notices(records: Sequence[Record]) -> tuple[tuple[str, str], ...]:
    """Return what clips were judged with less than was asked for, and how many."""
    counts = Counter(line for record in records for line in record.degradations)
    return tuple((line, plural(n, "clip")) for line, n in counts.most_common(5))


def _home(records: Sequence[Record]) -> str:
    """Return the folder that all clips lie below, up to its last slash; empty where there is none.

    Example:
        >>> from types import SimpleNamespace as Clip
        >>> _home([Clip(clip="renders/a/1.mp4"), Clip(clip="renders/b/1.mp4")])
        'renders/'
    """
    names = sorted(record.clip for record in records)
    alike = zip(names[0], names[-1], strict=False) if names else ()
    shared = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], alike))
    return shared[: max(shared.rfind("/"), shared.rfind("\\")) + 1]


def _row(record: Record, home: str) -> dict[str, Any]:
    severities = {str(f["severity"]) for f in record.findings}
    worst = next((one for one in reversed(SEVERITIES) if one in severities), "")
    path = clip_path(record.clip)
    return {
        "clip": record.clip,
        "name": path.name or record.clip,
        "where": record.clip[len(home) :].removesuffix(path.name),
        "folder": record.folder,
        "word": outcome_word(record),
        "look": _CLASSES.get(outcome_word(record), "broken"),
        "text": record.message,
        "worst": worst,
        "kinds": dict(record.kinds),
        "consistency": record.consistency,
        "seconds": record.duration_s,
        "length": "" if record.duration_s is None else clock(record.duration_s),
    }
