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
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            css=Markup(_read("report.css")),  # noqa: S704 (our own file)
            js=Markup(_read("report.js")),  # noqa: S704
            data=Markup(page.data),  # noqa: S704 (escaped for a script where it is made)
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
