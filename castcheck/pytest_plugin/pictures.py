"""Findings with their pictures for the reports of pytest-html."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING, Any

from castcheck.facts.parts import ordered
from castcheck.labels import headline, kind_title, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.pipeline import Outcome
    from castcheck.report.visuals import Comparison, Picture

MOST_FINDINGS = 8  # of one test: a page of a thousand tests has to open
_SIDE_PICTURES = 2
_HEIGHT_PX = 120


def extras(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return what pytest-html shows below a test, one block per clip with findings."""
    from pytest_html import extras as make  # noqa: PLC0415 (only where the plugin is there)

    return [make.html(block(outcome)) for outcome in outcomes if outcome.report.findings]


def block(outcome: Outcome) -> str:
    """Return the findings of one clip as HTML, worst first, before and after of each."""
    report = outcome.report
    rows = [f"<p><b>{escape(report.clip.path)}</b>: {escape(headline(report))}</p>"]
    for finding in ordered(report.findings)[:MOST_FINDINGS]:
        title = f"{kind_title(finding.kind)}, {finding.severity}, {when(report, finding)}"
        rows.append(f"<p>{escape(title)}: {escape(finding.message)}</p>")
        pairs = outcome.visuals.comparisons.get(finding.finding_id, ())
        rows += [_pair(pair) for pair in pairs if pair.before or pair.after]
    more = len(report.findings) - MOST_FINDINGS
    if more > 0:
        rows.append(f"<p>and {more} more</p>")
    return f'<div class="castcheck">{"".join(rows)}</div>'


def _pair(pair: Comparison) -> str:
    was = "" if pair.was_id is None else f"{pair.was_id or '?'} → "
    who = escape(f"{was}{pair.character_id or ''}")
    sides = (_side(pair.before), _side(pair.after))
    return f"<p>{who} {' &#8594; '.join(side for side in sides if side)}</p>"


def _side(pictures: Sequence[Picture]) -> str:
    return "".join(
        f'<img height="{_HEIGHT_PX}" alt="frame {picture.frame}" title="{_title(picture)}" '
        f'src="data:image/jpeg;base64,{b64encode(picture.jpeg).decode()}">'
        for picture in pictures[:_SIDE_PICTURES]
    )


def _title(picture: Picture) -> str:
    return escape(picture.caption or f"frame {picture.frame}", quote=True)
