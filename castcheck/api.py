"""The Python front door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.config import Config
from scenes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from castcheck.facts.report import Report


def check(
    clip: str | Path,
    *,
    cast: str | Path | None = None,
    config: Config | str | Path | Mapping[str, Any] | None = None,
    models: Any = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Report:
    """Judge one clip.

    Args:
        clip: A video file, or a folder of numbered pictures.
        cast: A cast file or a folder of reference pictures; beats `run.cast` of the config. With
            `models` it is left out: what they were loaded with counts, as for `gate.baseline`.
        config: A `Config`, the path of a TOML file, or nested mappings such as
            `{"run": {"device": "cpu"}}`; `None` = the defaults.
        models: What `castcheck.pipeline.load_models(config)` returned, to load them only once for
            many clips.
        progress: Called with the name of the stage, how much is done, and of how much.

    Returns:
        The report; see `report.verdict` and `report.findings`.

    Raises:
        CastcheckError: The clip, the weights or a setting is bad. The text is one line.
    """
    from castcheck import pipeline  # noqa: PLC0415 (brings the networks' engines along)

    settings = settings_of(config)
    if cast is not None:
        if models is not None:
            raise ConfigError(
                "cannot be given together with models that are loaded already",
                where="cast",
                hint='load them with {"run": {"cast": ...}} in the config',
            )
        settings = settings.updated({"run": {"cast": str(cast)}})
    if models is None:
        models = pipeline.load_models(settings)
    report: Report = pipeline.judge(
        Path(clip), config=settings, models=models, progress=progress or _no_progress
    ).report
    return report


def settings_of(config: Config | str | Path | Mapping[str, Any] | None) -> Config:
    """Return the settings that `check` takes in any of these forms.

    Raises:
        ConfigError: A file that cannot be read, or a setting that is unknown or bad.
    """
    if config is None:
        return Config()
    if isinstance(config, Config):
        return config
    if isinstance(config, (str, Path)):
        return Config.load(config)
    return Config.from_dict(dict(config))


def _no_progress(stage: str, done: int, total: int | None) -> None:
    """Take the news and say nothing."""
