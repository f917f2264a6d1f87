"""What the HTML page shows, ready to be poured into the template. Pure."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.facts.parts import ordered
from castcheck.facts.report import frame_rate
from castcheck.labels import clock, display_name, frames, headline, kind_title, plural, when
from castcheck.report.curves import character_plot, finding_plot
from castcheck.report.page_model import Badge, CaptionedImage, Card, Page, Pair, Person, ShotCard
from castcheck.report.palette import style_of
from castcheck.report.pictures import choose
from castcheck.report.play import play_data
from castcheck.report.timeline import (
    Axis,
    Marker,
    finding_markers,
    lanes,
    links,
    shot_blocks,
)
from castcheck.tables.kinds import KINDS, PAIR_LABELS
from identity.appearance.cues.table import CUE_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castcheck.facts.report import CharacterFacts, Report
    from castcheck.report.visuals import Comparison, Picture, Visuals
    from identity.findings import Finding

MANY_FINDINGS = 10  # from here on the page offers to filter them, and folds those beyond
_NOBODY_KNOWN = Badge(None, "another person", "")


def build_page(
    report: Report,
    visuals: Visuals,
    *,
    budget_bytes: int,
    sources: Iterable[tuple[str, str]] = (),
    play_note: str = "",
) -> Page:
    """Return everything the page shows.

    Args:
        report: The report.
        visuals: The pictures.
        budget_bytes: What the pictures may take.
        sources: What the page may play, in order: kind ("clip" or "annotated") and address.
        play_note: What to say about the clip before anything is played.
    """
    choice = choose(visuals, report, budget_bytes=budget_bytes)
    pictures = choice.visuals
    axis = Axis(report)
    findings = ordered(report.findings)
    markers = finding_markers(report, axis, findings)
    badges = _badges(report.characters)
    rows = lanes(report, axis, findings, markers)
    return Page(
        verdict=report.verdict,
        headline=headline(report),
        clip=Path(report.clip.path).name or report.clip.path,
        facts=_facts(report),
        notices=report.degradations,
        cards=tuple(
            _card(report, pictures, badges, number, finding)
            for number, finding in enumerate(findings, start=1)
        ),
        markers=markers,
        marker_levels=1 + max((marker.level for marker in markers), default=0),
        lanes=rows,
        links=links(rows),
        ticks=axis.ticks(),
        blocks=shot_blocks(report, axis, frozenset(pictures.shot_pictures)),
        shot_pictures=tuple(
            (index + 1, data_uri(jpeg)) for index, jpeg in sorted(pictures.shot_pictures.items())
        ),
        shots=_shot_cards(report, badges, pictures),
        people=tuple(
            _person(report, pictures, badges, character, findings, markers)
            for character in report.characters
        ),
        provenance=_provenance(report),
        config=json.dumps(report.provenance.get("config", {}), indent=1, ensure_ascii=False),
        timings=tuple((stage, f"{seconds:.2f} s") for stage, seconds in report.timings.items()),
        picture_notes=choice.notes,
        glossary=tuple(
            (kind.name, kind.title, kind.meaning)
            for kind in KINDS.values()
            if any(finding.kind == kind.name for finding in findings)
        ),
        filterable=len(findings) >= MANY_FINDINGS,
        summary_length=MANY_FINDINGS,
        data=_data(report, findings, sources),
        kinds=tuple((kind.name, kind.title) for kind in KINDS.values()),
        play_note=play_note,
        gone=_gone(report),
    )


def data_uri(jpeg: bytes) -> str:
    """Return a JPEG as something a page can hold."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def _badges(characters: Iterable[CharacterFacts]) -> dict[str, Badge]:
    return {
        character.id: Badge(style_of(index), display_name(character), f"c{index + 1}")
        for index, character in enumerate(characters)
    }


def _facts(report: Report) -> tuple[str, ...]:
    clip = report.clip
    rate = frame_rate(clip.fps)
    beat = (
        "varying frame rate" if report.frame_times_s else f"{float(rate):.5g} fps" if rate else ""
    )
    facts = (
        clock(clip.duration_s),
        plural(clip.frames, "frame"),
        f"{clip.width}×{clip.height}",  # noqa: RUF001 (a size is written with a cross)
        beat,
        plural(len(report.shots), "shot"),
        plural(len(report.characters), "character"),
    )
    return tuple(fact for fact in facts if fact)


def _card(
    report: Report, visuals: Visuals, badges: dict[str, Badge], number: int, finding: Finding
) -> Card:
    pairs = visuals.comparisons.get(finding.finding_id, ())
    return Card(
        number=number,
        id=finding.finding_id,
        kind=finding.kind,
        title=kind_title(finding.kind),
        severity=finding.severity,
        when=when(report, finding),
        frames=frames(finding),
        shots=_shots(finding),
        message=finding.message,
        confidence=f"{100 * finding.confidence:.0f} % sure",
        badges=tuple(badges[name] for name in finding.characters if name in badges),
        pairs=tuple(_pair(report, pair, badges, finding) for pair in pairs),
        plot=finding_plot(report, number, finding),
        numbers=tuple(_flat(finding.evidence)),
        accepted=finding.accepted,
    )


def _gone(report: Report) -> tuple[str, ...]:
    if report.baseline is None:
        return ()
    return tuple(
        f"{kind_title(gone.kind)} at {clock(gone.start_s)}: {gone.message}"
        for gone in report.baseline.gone
    )


def _shots(finding: Finding) -> str:
    names = ", ".join(str(index + 1) for index in finding.shots)
    return f"shot {names}" if len(finding.shots) == 1 else f"shots {names}" if names else ""


def _pair(report: Report, pair: Comparison, badges: dict[str, Badge], finding: Finding) -> Pair:
    row = KINDS.get(finding.kind)
    labels = PAIR_LABELS[row.pictured if row is not None else "change"]
    return Pair(
        badges.get(pair.character_id or ""),
        None if pair.was_id is None else badges.get(pair.was_id, _NOBODY_KNOWN),
        tuple(_shown(report, picture) for picture in pair.before),
        tuple(_shown(report, picture) for picture in pair.after),
        labels,
    )


def _shown(report: Report, picture: Picture, *, flagged: bool = False) -> CaptionedImage:
    return CaptionedImage(
        data_uri(picture.jpeg),
        picture.width_px,
        picture.height_px,
        clock(report.time_s(picture.frame)),
        picture.frame,
        flagged,
        picture.caption,
    )


def _person(
    report: Report,
    visuals: Visuals,
    badges: dict[str, Badge],
    character: CharacterFacts,
    findings: tuple[Finding, ...],
    markers: tuple[Marker, ...],
) -> Person:
    mine = [
        (finding, marker)
        for finding, marker in zip(findings, markers, strict=True)
        if character.id in finding.characters
    ]
    spans = [(f.start_frame, f.stop_frame) for f, _ in mine]
    level = character.consistency
    return Person(
        badge=badges[character.id],
        id=character.id,
        description=character.description,
        abstained=character.abstained,
        consistency="not judged" if level is None else f"{100 * level:.0f} %",
        percent=None if level is None else round(100 * level, 1),
        seen=_seen(character.screen_s),
        findings=tuple(marker for _, marker in mine),
        strip=tuple(
            _shown(report, p, flagged=any(start <= p.frame < stop for start, stop in spans))
            for p in visuals.strips.get(character.id, ())
        ),
        in_doubt=sum(
            segment.doubtful and segment.character == character.id
            for tracklet in report.tracklets
            for segment in tracklet.segments
        ),
        reference=(
            _shown(report, visuals.references[character.id])
            if character.id in visuals.references
            else None
        ),
        plot=character_plot(report, character.id, [(m.number, f) for f, m in mine]),
    )


def _seen(seconds: float) -> str:
    return f"{seconds:.1f} s on screen" if seconds >= 0.1 else "on screen for a moment"


def _shot_cards(report: Report, badges: dict[str, Badge], visuals: Visuals) -> tuple[ShotCard, ...]:
    cards = []
    for shot in report.shots:
        present = {
            segment.character
            for tracklet in report.tracklets
            if tracklet.shot == shot.index
            for segment in tracklet.segments
        }
        opens = "" if shot.opens_with == "start" else f" · opens with a {shot.opens_with}"
        text = f"{clock(shot.start_s)} to {clock(shot.stop_s)}{opens}"
        seen = tuple(badge for name, badge in badges.items() if name in present)
        cards.append(ShotCard(shot.index + 1, shot.index in visuals.shot_pictures, text, seen))
    return tuple(cards)


def _provenance(report: Report) -> tuple[tuple[str, str], ...]:
    facts = report.provenance
    rows = [("castcheck", str(facts.get("version", "unknown")))]
    rows += [(key, _model(facts.get(key))) for key in ("detector", "embedder")]
    rows += [(key, _model(facts[key])) for key in ("heads", "faces", "cast") if key in facts]
    known = {"version", "detector", "heads", "embedder", "faces", "cast", "config"}
    rows += [(str(k), _plain(v)) for k, v in facts.items() if k not in known]
    rows += list(_settings_rows(report))
    rows.append(("clip", report.clip.path))
    rows.append(("clip sha256", report.clip.sha256 or "unknown"))
    return tuple(rows)


def _settings_rows(report: Report) -> Iterable[tuple[str, str]]:
    """Yield which files had a say in the verdict, and what the bars promise."""
    config = report.provenance.get("config", {})
    settings_file = config.get("run", {}).get("settings_file")
    if settings_file:
        yield "settings file", settings_file
    statement = config.get("calibration", {}).get("statement")
    if statement:
        yield "calibration", statement
    if report.baseline is not None:
        yield (
            "baseline",
            _model(
                {
                    "name": report.baseline.name,
                    "sha256": report.baseline.sha256,
                    "accepted here": report.baseline.accepted,
                    "gone": len(report.baseline.gone),
                }
            ),
        )


def _model(facts: Any) -> str:
    if not isinstance(facts, dict):
        return _plain(facts)
    rest = ", ".join(f"{k} {_plain(v)}" for k, v in facts.items() if k != "name" and v is not None)
    return f"{facts.get('name', 'unknown')}{f' ({rest})' if rest else ''}"


def _plain(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _flat(evidence: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Yield the evidence as rows of text; a tree becomes dotted names, a cue its title."""
    for key, value in evidence.items():
        title = CUE_TABLE[key].title if key in CUE_TABLE else key.replace("_", " ")
        name = f"{prefix}{title}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name} · ")
        else:
            yield name, _plain(value)


def _data(report: Report, findings: tuple[Finding, ...], sources: Iterable[tuple[str, str]]) -> str:
    """Return verdict, findings and what is played as JSON that may stand inside a `<script>`."""
    table = {
        "verdict": report.verdict,
        "clip": report.clip.path,
        "findings": [
            {
                "id": f.finding_id,
                "kind": f.kind,
                "severity": f.severity,
                "start_frame": f.start_frame,
            }
            for f in findings
        ],
        "play": play_data(report),
        "sources": [{"kind": kind, "url": url} for kind, url in sources],
    }
    return script_json(table)


def script_json(table: Any) -> str:
    r"""Return JSON that may stand inside a `<script>`.

    Example:
        >>> print(script_json("</script>"))
        "\u003c/script\u003e"
    """
    text = json.dumps(table, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
