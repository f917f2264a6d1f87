"""What the studio's tests share: assets and a small renderer, skipped where they are missing."""

from __future__ import annotations

import pytest

from studio.assets import open_assets
from studio.errors import AssetsMissingError, RendererUnavailableError


@pytest.fixture(scope="session")
def studio_at_work():
    """A studio that renders thumbnails."""
    pytest.importorskip("moderngl", reason="the studio extra is not installed")
    from studio.film import Studio
    from studio.makehuman import Library
    from studio.picture import RenderSettings
    from studio.video import Encoding

    settings = RenderSettings(width_px=160, height_px=90, samples=4, shadow_px=256)
    try:
        library = Library(open_assets())
    except AssetsMissingError as err:
        pytest.skip(f"no character assets: {err}")
    try:
        studio = Studio(library, settings, Encoding(crf=28, preset="ultrafast"))
    except RendererUnavailableError as err:
        pytest.skip(f"no EGL: {err}")
    with studio:
        yield studio
