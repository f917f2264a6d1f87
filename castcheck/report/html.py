"""The report as one HTML page that needs no network."""

from __future__ import annotations

import base64
import mimetypes
import os
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from castcheck.report.page import build_page
from castcheck.tables.formats import FORMATS
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from castcheck.report.writers import ReportInputs

_FOLDER = files("castcheck.report") / "templates"
_SCRIPTS = ("player.js", "report.js", "decide.js")
EMBED_LIMIT_BYTES = 200_000_000  # browsers give up on pages not much larger


def render(inputs: ReportInputs) -> str:
    """Return the text of `report.html`."""
    video, note = _embedded(inputs)
    page = build_page(
        inputs.report,
        inputs.visuals,
        budget_bytes=inputs.settings.picture_kb * 1000 * 3 // 4,  # base64 makes 4 out of 3
        sources=_sources(inputs, linked=not video),
        play_note=note,
    )
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            css=Markup(read_asset("report.css")),  # noqa: S704 (our own file)  # nosec B704
            js=Markup("\n".join(map(read_asset, _SCRIPTS))),  # noqa: S704  # nosec B704
            data=Markup(page.data),  # noqa: S704 (escaped where it is made)  # nosec B704
            video=video,
            video_type=mimetypes.guess_type(inputs.clip.name)[0] or "video/mp4",
        )
    )


def _embedded(inputs: ReportInputs) -> tuple[str, str]:
    """Return the clip as base64 if it was asked for, and why not if it cannot be had."""
    if not inputs.settings.embed_video:
        return "", ""
    if not inputs.clip.is_file():
        return "", "The clip is a folder of pictures, which no page can hold as a video."
    size = inputs.clip.stat().st_size
    if size > EMBED_LIMIT_BYTES:
        return "", (
            f"The clip has {size / 1e6:.0f} MB, too much to be held by a page: "
            "it is played from where it lies."
        )
    return base64.b64encode(inputs.clip.read_bytes()).decode("ascii"), ""


def _sources(inputs: ReportInputs, *, linked: bool) -> tuple[tuple[str, str], ...]:
    """Return what the page may play, in order: kind, and the address relative to the page."""
    found = []
    if linked and inputs.home is not None and inputs.clip.is_file():
        try:
            way = os.path.relpath(inputs.clip.resolve(), inputs.home.resolve())
        except ValueError:  # on another drive
            found.append(("clip", inputs.clip.resolve().as_uri()))
        else:
            # Bytes, since a file name need not be text; "./" keeps a colon from being a scheme.
            found.append(("clip", "./" + quote(os.fsencode(way.replace(os.sep, "/")))))
    if "video" in inputs.settings.format_list:
        found.append(("annotated", FORMATS["video"].filename))
    return tuple(found)


@cache
def environment() -> Environment:
    """Return what turns the templates into pages; all text is escaped."""
    made = Environment(
        loader=FunctionLoader(read_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["kinds_with_icons"] = tuple(KINDS.values())
    return made


def icons() -> str:
    """Return the SVG symbols of all kinds and verdicts, for pages that are no template."""
    return environment().get_template("icons.svg").render()


def read_asset(name: str) -> str:
    """Return a template, style sheet or script of ours."""
    return (_FOLDER / name).read_text(encoding="utf-8")
