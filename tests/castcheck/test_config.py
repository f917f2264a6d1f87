"""Settings: what is accepted, and what the error says where it is not."""

from __future__ import annotations

import json
import warnings
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import pytest

from castcheck.api import check
from castcheck.config import Config, reference
from scenes.errors import ConfigError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        pytest.param("", nullcontext(), id="empty"),
        pytest.param('[run]\ndevice = "cuda:1"', nullcontext(), id="ok"),
        pytest.param("[tracker]\nstart_score = 1", nullcontext(), id="whole-number-for-a-fraction"),
        pytest.param("\ufeff[run]\nhalf = false", nullcontext(), id="byte-order-mark"),
        pytest.param("[rnu]", pytest.raises(ConfigError, match="rnu: unknown section, did you mean "
                     "'run'"), id="section"),
        pytest.param("[run]\ndevcie = 1", pytest.raises(ConfigError, match="run.devcie: unknown "
                     "setting, did you mean 'device'.*known here: detector, "), id="key"),
        pytest.param("run = 3", pytest.raises(ConfigError, match="run: expected a section"),
                     id="no-section"),
        pytest.param("[detector]\nbatch_size = 0", pytest.raises(ConfigError, match="detector."
                     "batch_size: 0 is out of range, allowed is 1 to 1024"), id="range"),
        pytest.param("[detector]\nbatch_size = 2.5", pytest.raises(ConfigError, match="a whole "
                     "number, got 2.5"), id="fraction"),
        pytest.param('[detector]\nbatch_size = "8"', pytest.raises(ConfigError, match="a whole "
                     "number, got '8'"), id="text-for-number"),
        pytest.param("[detector]\nbatch_size = true", pytest.raises(ConfigError, match="a whole "
                     "number, got True"), id="bool-for-number"),
        pytest.param("[detector]\nmin_score = nan", pytest.raises(ConfigError, match="out of"),
                     id="nan"),
        pytest.param("[run]\nhalf = 1", pytest.raises(ConfigError, match="true or false, got 1"),
                     id="number-for-bool"),
        pytest.param("[run]\ndevice = 0", pytest.raises(ConfigError, match="a text in quotes"),
                     id="number-for-text"),
        pytest.param('[run]\ndevice = "cuda:"', pytest.raises(ConfigError, match="cuda:N"),
                     id="device"),
        pytest.param('[gate]\nfail_on = "swpa"', pytest.raises(ConfigError, match="'swap'"),
                     id="gate"),
        pytest.param("[run", pytest.raises(ConfigError, match="not valid TOML"), id="no-toml"),
        pytest.param(b"\xff\xfe", pytest.raises(ConfigError, match="UTF-8"), id="no-text"),
    ],
)  # fmt: skip
def test_file(text, expect, tmp_path):
    path = tmp_path / "castcheck.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with expect as caught:
        Config.load(path)
    if caught is not None:
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.load(tmp_path)


def test_the_tree_is_json_and_comes_back():
    config = Config.from_dict({"run": {"device": "cpu"}, "gate": {"fail_on": "critical"}})
    table = json.loads(json.dumps(config.to_dict()))
    assert Config.from_dict(table) == config
    assert table["run"]["device"] == "cpu"


def test_every_setting_says_what_it_does():
    for section in fields(Config):
        for item in fields(getattr(Config(), section.name)):
            assert item.metadata.get("help"), f"{section.name}.{item.name}"


def test_every_section_checks_its_own_ranges_under_its_own_name():
    for section in fields(Config):
        settings = getattr(Config(), section.name)
        for item in fields(settings):
            high, default = item.metadata["high"], getattr(settings, item.name)
            kind = int if default is None else type(default)
            if high is not None:
                with pytest.raises(ConfigError, match=f"{section.name}.{item.name}: "):
                    Config.from_dict({section.name: {item.name: kind(high * 2 + 1)}})


def test_the_reference_is_up_to_date():
    path = ROOT / "docs/configuration.md"
    assert path.read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_api_takes_a_config_in_any_form_and_returns_the_report(pipeline, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('[run]\ndevice = "cpu"')
    config = Config.from_dict({"run": {"device": "cpu"}})
    for form in (config, path, str(path), {"run": {"device": "cpu"}}):
        assert check("room_swap.mp4", config=form).verdict == "fail"
    assert {item.run.device for item in pipeline.configs} == {"cpu"}
    assert check(Path("clean.mp4")).verdict == "pass"
    models = object()
    loads = pipeline.loads
    check("clean.mp4", models=models)
    assert pipeline.loads == loads
    check("clean.mp4", cast="people")
    assert pipeline.configs[-1].run.cast == "people"
    with pytest.raises(ConfigError, match="models that are loaded already"):
        check("clean.mp4", cast="people", models=models)


@pytest.mark.parametrize(
    ("table", "section", "name", "value", "says"),
    [
        pytest.param({"tracker": {"hidden_s": 2.0}}, "tracker", "max_gap_s", 2.0,
                     ["tracker.hidden_s is now tracker.max_gap_s"], id="a setting"),
        pytest.param({"cast": {"characters": 3}}, "clustering", "characters", 3,
                     ["[cast] is now [clustering]"], id="a section"),
        pytest.param({"tracker": {"hidden_s": 2.0, "max_gap_s": 3.0}}, "tracker", "max_gap_s", 3.0,
                     ["tracker.hidden_s is now tracker.max_gap_s"], id="the new name wins"),
        pytest.param({"cast": {"characters": 3}, "clustering": {"characters": 4}}, "clustering",
                     "characters", 4, ["[cast] is now [clustering]"], id="the new section wins"),
        pytest.param({"tracker": {"max_gap_s": 3.0}}, "tracker", "max_gap_s", 3.0, [], id="new"),
    ],
)  # fmt: skip
def test_settings_by_their_earlier_names_go_on_working(table, section, name, value, says):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config = Config.from_dict(table)
    assert getattr(getattr(config, section), name) == value
    assert [str(one.message) for one in caught] == says


def test_a_wrong_value_under_an_earlier_name_is_an_error_that_names_the_new_one():
    with (
        pytest.warns(FutureWarning, match="hidden_s is now"),
        pytest.raises(ConfigError, match="tracker.max_gap_s: -1.0 is out of range"),
    ):
        Config.from_dict({"tracker": {"hidden_s": -1.0}})


def test_the_page_of_commands_is_the_one_the_code_gives():
    from tools.cli_reference import reference as commands

    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == commands()
