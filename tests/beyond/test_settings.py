"""Numbers beyond reason in every setting, each way it can be set: a message with name and fix."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mockserver import settings
from mockserver.config import FILE_NAME, PREFIX, Config, ConfigError, config_of, configured, resolve
from mockserver.core.entrances import entrance, port
from mockserver.facts import read_from
from mockserver.facts.files import FactsError
from mockserver.pytest_plugin.options import _MARKED
from mockserver.settings import SETTINGS, Setting
from tests.beyond import BEYOND_PYTHON, IN_TEXTS
from tests.test_facts_directory import FILES, written

#: What the parsers of numbers take, as help and README say it; the others hold none.
TIME = r"[0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h|d)"
BYTES = "[0-9]{1,12}(B|kB|KB|KiB|MB|MiB|GB|GiB)?"
TAKEN: dict[Any, str] = {
    port: "[0-9]{1,5}",
    entrance: "[0-9]{1,5}",
    settings.tier: "[1-5]",
    settings.limits: "[0-9]{1,9}/min",
    settings.latency: TIME,
    settings.seconds: TIME,
    settings.size: BYTES,
    settings.connections: "[1-9][0-9]{0,6}",
    settings.workers: "1",  # as long as there is no state that several share
    settings.capacity: "[1-9][0-9]{0,6}",
}
#: These are names, for which digits are letters as others.
NAMES = (
    "host",
    "ready-file",
    "seed",
    "allowed-host",
    "start-id",
    "control-token",
    "lead",
    "authority",
)
#: As TOML writes numbers. It has signs, underscores and other bases; a setting means the number.
IN_TOML = {
    **dict.fromkeys(("nan", "inf", "-inf", "1e400", "-1", "-0.0", "1.5", "true", "[]", "{a=1}")),
    "1_000": "1000",
    "+1": "1",
    "0x10": "16",
    "0b1": "1",
    "0o17": "15",
    **dict.fromkeys(("0x" + "f" * 5_000, BEYOND_PYTHON, "1" + "0" * 400, '"١٢"', '"1٢"')),
}
OTHERS = [s for s in SETTINGS if s.name not in NAMES]


def _flag(setting: Setting, text: str) -> dict[str, Any]:
    return {"flags": {setting.name: text}, "environment": {}, "directory": None}


def _variable(setting: Setting, text: str) -> dict[str, Any]:
    name = PREFIX + setting.field.upper()
    return {"flags": {}, "environment": {name: text}, "directory": None}


def _configured(given: dict[str, Any]) -> Config:
    return config_of(resolve(**given))


def _refused(read: Callable[[], Config], name: str) -> str | None:
    """What a configuration is refused for, which names the setting; None if it is taken."""
    try:
        read()
    except ConfigError as error:
        said = str(error)
        assert said.startswith((name, "There is no")), said
        assert len(said) < 1_000, said
        assert (
            "must be" in said or "must look" in said or "takes one" in said or "digits" in said
        ), said
        return said
    return None


@pytest.mark.parametrize("way", [_flag, _variable])
@pytest.mark.parametrize("setting", OTHERS, ids=lambda s: s.name)
def test_a_setting_takes_plain_digits_or_says_what_would_be_right(
    setting: Setting, way: Callable[[Setting, str], dict[str, Any]]
) -> None:
    for text in IN_TEXTS:
        if not text or (setting.many and "," in text):
            continue  # which is to say: not set; or two
        said = _refused(partial(_configured, way(setting, text)), setting.name)
        pattern = TAKEN.get(setting.parse)
        assert (said is None) == bool(pattern and re.fullmatch(pattern, text)), (text, said)


@pytest.mark.parametrize("setting", OTHERS, ids=lambda s: s.name)
def test_a_setting_in_a_file_means_the_number_that_toml_means(
    setting: Setting, tmp_path: Path
) -> None:
    file = tmp_path / FILE_NAME
    others = {"[]"} if setting.many else {"true"} if setting.is_switch else set()
    for text, meant in IN_TOML.items():
        if text in others:
            continue
        file.write_text(f"{setting.name} = {text}\n", "utf-8")
        way: dict[str, Any] = {"flags": {}, "environment": {}, "directory": tmp_path}
        named = f"{file} has a number" if text == BEYOND_PYTHON else setting.name
        said = _refused(partial(_configured, way), named)
        pattern = TAKEN.get(setting.parse)
        assert (said is None) == bool(meant and pattern and re.fullmatch(pattern, meant)), text


@pytest.mark.parametrize("setting", OTHERS, ids=lambda s: s.name)
def test_a_setting_from_python_is_refused_by_name(setting: Setting) -> None:
    for value in (float("nan"), float("inf"), -1, 1.5, 10**400, 10**5_000, "١٢", [], [1, 2]):
        if not (setting.many and value == []):
            assert _refused(partial(configured, **{setting.field: value}), setting.name), value


@pytest.mark.parametrize("tier", [*IN_TOML, '"2"', "3"])
def test_a_tier_of_a_key_is_one_of_the_facts(tmp_path: Path, tier: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(f'[[key]]\nkey = "sk-a"\ntier = {tier}\n', "utf-8")
    said = _refused(partial(configured, keys=str(file)), "keys")
    assert (said is None) == (tier in ("+1", "0b1", '"2"', "3"))


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("prices", '64x64" = 0.25', "nan"),
        ("prices", "text_input = 5", "-1"),
        ("limits", "[0, 6", "1e400"),
        ("models", "maximum = 4", "0x" + "f" * 5_000),
    ],
)
def test_a_number_of_facts_is_none_beyond_reason(
    tmp_path: Path, name: str, place: str, value: str
) -> None:
    changed = re.sub("[0-9.]+$", value, place)
    assert place in FILES[name]
    written(tmp_path, **{name: FILES[name].replace(place, changed)})
    with pytest.raises(FactsError, match=f"{name}.toml, .* must be a number from 0 to"):
        read_from(tmp_path)


@pytest.mark.parametrize("name", [*_MARKED])
def test_a_number_of_a_marker_is_checked_before_it_is_sent(name: str) -> None:
    for value in (float("nan"), float("inf"), -1, 10**400, 10**5_000, "١٢", "1" * 2_000):
        is_seed = name == "seed" and value in (-1, "١٢")
        if is_seed:
            assert _MARKED[name](value) == str(value)
            continue
        with pytest.raises(ValueError, match="must "):
            _MARKED[name](value)


def test_a_time_has_an_end() -> None:
    assert configured(latency="3650d").latency.seconds == 3650 * 86_400
    for setting in ("latency", "batch-time"):
        given = {setting.replace("-", "_"): "3651d"}
        assert _refused(partial(configured, **given), setting)
