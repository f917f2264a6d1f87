"""What can go wrong in the studio for reasons a user can mend."""

from __future__ import annotations

from scenes.errors import CastcheckError


class StudioError(CastcheckError):
    """Base of the studio's expected failures: what, where, and what to do."""


class AssetsMissingError(StudioError):
    """The character assets are not in the cache."""


class AssetFetchError(StudioError):
    """A package of assets could not be fetched, or is not the one that was pinned."""


class RendererUnavailableError(StudioError):
    """No OpenGL context could be made on this machine."""


class SceneError(StudioError):
    """A scene was asked for that cannot be staged (an error without a place to happen, say)."""
