"""What the documentation says of settings is what they do: default, smallest and largest value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from identity.settings import ClusteringSettings, FindingSettings, LooksSettings
from scenes.errors import ConfigError

DOCUMENT = Path(__file__).parents[2] / "docs/configuration.md"
SECTIONS = {"looks": LooksSettings, "clustering": ClusteringSettings, "findings": FindingSettings}


def documented():
    """Yield section, key, default, lowest and highest of all numbers of these sections."""
    section = ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"## `\[(.+)\]`", line):
            section = found[1]
        row = re.match(r"\| `(\w+)` \| `(.+?)` \| (\S+) to (\S+) \|", line)
        if row and section in SECTIONS:
            yield section, *row.groups()


def test_all_numbers_are_documented():
    assert len({(section, key) for section, key, *_ in documented()}) >= 17


@pytest.mark.parametrize(("section", "key", "default", "low", "high"), list(documented()))
def test_a_setting_does_what_is_documented(section, key, default, low, high):
    settings = SECTIONS[section]
    number = int if re.fullmatch(r"-?\d+", low) and "." not in default + high else float
    kind = type(getattr(settings(), key) or 1)
    assert str(getattr(settings(), key)).lower() == default.strip('"')
    for edge, beyond in ((low, -1), (high, 1)):
        assert getattr(settings(**{key: kind(number(edge))}), key) == number(edge)
        step = 1 if kind is int else 1e-3
        with pytest.raises(ConfigError, match=f"{section}.{key}"):
            settings(**{key: kind(number(edge)) + beyond * step})


@pytest.mark.parametrize("count", [True, 1.0, "2"])
def test_a_number_of_characters_is_a_whole_number(count):
    with pytest.raises(ConfigError, match="expected a whole number"):
        ClusteringSettings(characters=count)


@pytest.mark.parametrize(
    ("confidence", "strictness", "odds"),
    [(0.5, 1.0, 0.0), (0.75, 1.0, 1.0986), (0.5, 2.0, 2.0794), (0.5, 0.5, -2.0794),
     (0.0, 1.0, -6.9068), (1.0, 1.0, 6.9068)],
)  # fmt: skip
def test_odds_from_which_something_is_a_finding(confidence, strictness, odds):
    settings = FindingSettings(min_confidence=confidence, strictness=strictness)
    assert settings.least_log_odds == pytest.approx(odds, abs=1e-3)


@pytest.mark.parametrize(("confidence", "odds"), [(0.5, 0.0), (0.75, 1.0986), (0.2, -1.3863)])
def test_odds_from_which_a_track_makes_a_character(confidence, odds):
    settings = ClusteringSettings(min_someone_confidence=confidence)
    assert settings.least_someone_odds == pytest.approx(odds, abs=1e-3)
