"""The report as one HTML page that needs no network."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from castcheck.report.page import build_page

if TYPE_CHECKING:
    from castcheck.report.writers import Material

_FOLDER = files("castcheck.report") / "templates"


def render(material: Material) -> str:
    """Return the text of `report.html`."""
    page = build_page(
        material.report,
        material.visuals,
        budget_bytes=material.settings.picture_kb * 1000 * 3 // 4,  # base64 makes 4 out of 3
    )
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            css=Markup(read_asset("report.css")),  # noqa: S704 (our own file)  # nosec B704
            js=Markup(read_asset("report.js")),  # noqa: S704  # nosec B704
            data=Markup(page.data),  # noqa: S704 (escaped where it is made)  # nosec B704
        )
    )


@cache
def environment() -> Environment:
    """Return what turns the templates into pages; all text is escaped."""
    return Environment(
        loader=FunctionLoader(read_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def read_asset(name: str) -> str:
    """Return a template, style sheet or script of ours."""
    return (_FOLDER / name).read_text(encoding="utf-8")
