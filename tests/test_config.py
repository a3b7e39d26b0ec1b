"""Settings: flag over environment over file over default, and clear words for what can't be used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.config import PREFIX, Config, ConfigError, config_of, configured, resolve
from mockserver.control.shown_settings import shown
from mockserver.core.places import Place
from mockserver.core.sandbox import MIB, Latency
from mockserver.settings import BY_NAME, SETTINGS, Limits


def read(
    environment: dict[str, str] | None = None,
    *,
    directory: Path | None = None,
    flags: dict[str, tuple[str, ...]] | None = None,
) -> Config:
    return config_of(resolve(flags=flags or {}, environment=environment or {}, directory=directory))


def refusal(variable: str, value: str) -> str:
    with pytest.raises(ConfigError) as refused:
        read({variable: value})
    return str(refused.value)


def test_the_defaults_of_the_settings_are_the_defaults_of_config() -> None:
    assert read() == Config()


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "images-mock.toml").write_text('port = 1\ntier = "2"\nseed = 7\n')
    config = read(
        {"IMAGES_MOCK_PORT": "2", "IMAGES_MOCK_TIER": "4", "OTHER": "x"},
        directory=tmp_path,
        flags={"port": ("3",)},
    )
    assert (config.port, config.tier, config.seed) == (3, "4", "7")


def test_each_value_knows_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "images-mock.toml").write_text('tier = "2"\n')
    values = resolve(
        flags={"port": ("3",)}, environment={"IMAGES_MOCK_SEED": "9"}, directory=tmp_path
    )
    origins = {name: values[name].origin for name in ("port", "seed", "tier", "host")}
    assert origins == {
        "port": "flag --port",
        "seed": "environment IMAGES_MOCK_SEED",
        "tier": "file images-mock.toml",
        "host": "default",
    }


def test_the_table_of_pyproject_is_read_where_there_is_no_file_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.images-mock]\ntier = 3\nallowed-host = ["a.test", "b.test"]\n'
    )
    assert read(directory=tmp_path).tier == "3"
    assert read(directory=tmp_path).allowed_host == ("a.test", "b.test")
    (tmp_path / "images-mock.toml").write_text("")
    assert read(directory=tmp_path).tier == "1"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_can_be_an_environment_variable(setting: Any, tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text('[[key]]\nkey = "k"\n')
    tokens = tmp_path / "tokens"
    tokens.write_text("art = 5c7f\n")
    good = {
        "public-url": "http://a.test",
        "as-of": "2023-12-01",
        "facts": str(tmp_path),
        "tier": "5",
        "limits": "9/min",
        "sizes": "api",
        "repeats": "vary",
        "abandoned": "unpaid",
        "validation": "schema",
        "prices": "billing",
        "keys": str(keys),
        "latency": "measured*0.5",
        "capacity": "4",
        "batch-time": "2h",
        "magic": "off",
        "allowed-host": "a.test,b.test",
        "cors-origin": "http://a.test",
        "deployment": "art=dall-e-3,edit=dall-e-2",
        "max-body": "1MB",
        "head-timeout": "5s",
        "body-timeout": "off",
        "lint-against": "gpt-image-2",
        "send-timeout": "0",
        "max-connections": "100",
        "on-state-outage": "refuse",
        "upload-cache": "1MB",
        "file-room": "1MB",
        "log-format": "json",
        "port": "0",
        "tls": "on",
        "proxy": "8080",
        "workers": "4",
        "state": "sqlite:mock.db",
        "control-token-file": str(tokens),
        "team-sandboxes": "7",
        "team-journal": "1MB",
        "keep": "7d",
    }
    variable = PREFIX + setting.name.replace("-", "_").upper()
    needed = {"IMAGES_MOCK_STATE": good["state"]} if setting.name == "workers" else {}
    chosen = read(needed | {variable: good.get(setting.name, "something")})
    assert getattr(chosen, setting.field) != getattr(Config(), setting.field)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("IMAGES_MOCK_SERVICE_HOST", "10.0.0.1"),
        ("IMAGES_MOCK_SERVICE_PORT", "80"),
        ("IMAGES_MOCK_SERVICE_PORT_HTTP", "80"),
        ("IMAGES_MOCK_PORT", "tcp://10.0.0.1:80"),
        ("IMAGES_MOCK_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("IMAGES_MOCK_PORT_80_TCP_PROTO", "tcp"),
        ("IMAGES_MOCK_API_SERVICE_HOST", "10.0.0.1"),
        ("IMAGES_MOCK_API_PORT", "tcp://10.0.0.1:80"),
        ("IMAGES_MOCK_TIER", ""),
    ],
)
def test_service_links_and_empty_variables_are_ignored(variable: str, value: str) -> None:
    assert read({variable: value}) == Config()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("IMAGES_MOCK_PROT", "1", "IMAGES_MOCK_PROT.*Did you mean IMAGES_MOCK_PORT"),
        ("IMAGES_MOCK_XYZZY", "1", "IMAGES_MOCK_XYZZY.*config show"),
        ("IMAGES_MOCK_PORT", "http", r"port \('http'\) must be a number.*IMAGES_MOCK_PORT"),
        ("IMAGES_MOCK_PORT", "65536", "must be a number from 0"),
        ("IMAGES_MOCK_PORT", "-1", "must be a number from 0"),
        ("IMAGES_MOCK_TIER", "9", "must be one of free, 1, 2, 3, 4, 5, off"),
        ("IMAGES_MOCK_LIMITS", "5/sec", "model-page, measured-2024, or a number as 50/min"),
        ("IMAGES_MOCK_SIZES", "all", "must be one of page, api"),
        ("IMAGES_MOCK_PRICES", "free", "must be one of model-page, billing"),
        ("IMAGES_MOCK_LATENCY", "5", "must be none, a time such as 250ms"),
        ("IMAGES_MOCK_LATENCY", "measured*x", "must be none, a time such as 250ms"),
        ("IMAGES_MOCK_MAX_BODY", "lots", "must be a number of bytes"),
        ("IMAGES_MOCK_PUBLIC_URL", "ftp://x", "must look like http://images.test:6780"),
        ("IMAGES_MOCK_PUBLIC_URL", "http://user:word@x", "must look like http://images.test:6780"),
        ("IMAGES_MOCK_PUBLIC_URL", "http://x:99999", "must look like http://images.test:6780"),
        ("IMAGES_MOCK_ALLOWED_HOST", "a.test:80", "without a port"),
        ("IMAGES_MOCK_CORS_ORIGIN", "a.test", "must be an origin such as"),
        ("IMAGES_MOCK_LOG_FORMAT", "xml", "must be one of text, json, none"),
        ("IMAGES_MOCK_KEYS", "no-such-file", "must be any, mock or a readable file"),
        ("IMAGES_MOCK_SEED", " ", "must not be blank"),
        ("IMAGES_MOCK_DEPLOYMENT", "..=dall-e-3", "must look like my-pictures="),
        ("IMAGES_MOCK_DEPLOYMENT", "art=fox", "names a model that is none of dall-e-2"),
        ("IMAGES_MOCK_WORKERS", "0", "must be a number from 1 to 99"),
        ("IMAGES_MOCK_WORKERS", "2", "must be 1 where state is memory.*--state sqlite:PATH"),
        ("IMAGES_MOCK_STATE", "sqlite:", "must name a file"),
        ("IMAGES_MOCK_STATE", "sqlite::memory:", "must name a file"),
        ("IMAGES_MOCK_STATE", "mysql://h", "must be memory, sqlite:PATH, or a URL"),
        ("IMAGES_MOCK_STATE", "redis://h:0", "must be memory, sqlite:PATH, or a URL"),
        ("IMAGES_MOCK_STATE", "redis://h:6379/db", "must be memory, sqlite:PATH, or a URL"),
        ("IMAGES_MOCK_STATE", "redis://h/0#1", "nothing but options such as"),
        ("IMAGES_MOCK_ON_STATE_OUTAGE", "deny", "must be one of local, allow, refuse"),
    ],
)
def test_what_can_not_be_used_is_refused_by_name_with_what_would_be_right(
    variable: str, value: str, words: str
) -> None:
    assert re.search(words, refusal(variable, value))


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nimages-mock = 3"])
def test_a_pyproject_that_is_none_of_ours_is_no_internal_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    if text == "tool = 3":
        assert read(directory=tmp_path) == Config()
    else:
        with pytest.raises(ConfigError, match="must be a table"):
            read(directory=tmp_path)


def test_brackets_around_an_ipv6_address_are_not_part_of_it() -> None:
    assert configured(host="[::1]").host == "::1"


def test_a_secret_is_never_part_of_a_message() -> None:
    assert "control-token must not be blank" in refusal("IMAGES_MOCK_CONTROL_TOKEN", "\t\t")


SECRET = "hu/s#h@?"


@pytest.mark.parametrize(
    "state",
    [
        f"redis://user:{SECRET}@h:1/0",
        f"redis://:{SECRET}@h",
        f"redis:user:{SECRET}@h",
        f"mysql://user:{SECRET}@h",
        f"redis://h/0?password={SECRET}",
        f"redis://h?password={SECRET}#x",
    ],
)
def test_a_password_of_a_state_that_is_refused_is_not_shown(state: str) -> None:
    said = refusal("IMAGES_MOCK_STATE", state)
    assert not {"hu", "s#h", "user"} & {*re.split("[^a-z#]", said)}
    assert said.startswith("state ('")


def test_a_state_is_a_kind_of_store_and_where_it_is_and_shown_without_its_password() -> None:
    config = configured(state="valkey://user:hush@cache.test:6379/3", workers=2)
    assert config.state == Place("redis", "redis://user:hush@cache.test:6379/3")
    assert str(config.state) == shown(config)["state"] == "redis://***@cache.test:6379/3"
    assert "hush" not in repr(config)
    assert configured(state="sqlite:a:b@c.db").state == Place("sqlite", "a:b@c.db")
    assert str(configured(state="rediss://h").state) == "rediss://h"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "key prot in images-mock.toml. Did you mean port"),
        ("port = [1, 2]", "port takes one value"),
        ("port = true", "port .* must be a number"),
        ("port =", "not valid TOML"),
        ("host = {a = 1}", "host must be a text, a number or a list"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "images-mock.toml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        read(directory=tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "without .*key.* tables"),
        ("[[key]]\nname = 'x'", "unknown 'name'"),
        ("[[key]]\ntier = '1'", "lacks its line key"),
        ("[[key]]\nkey = 'x'\ntier = '9'", "a tier that must be one of free"),
        ("[[key", "not TOML"),
        ("[[key]]\nkey = 'é'", "in ASCII"),
        ("[[key]]\nkey = ' x'", "lacks its line key"),
        ("[[key]]\nkey = 'x'\norganization = 5", "organization that is no text"),
        ("[[key]]\nkey = 'x'\n[[key]]\nkey = 'x'", "lists a key twice"),
    ],
)
def test_a_bad_file_of_keys_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"(?s)keys .*{words}"):
        configured(keys=path)


def test_a_file_of_keys_binds_and_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('[[key]]\nkey = "team-secret"\norganization = "org-t"\ntier = 3\n')
    config = configured(keys=path)
    assert config.keys.listed is not None
    assert config.keys.listed["team-secret"].tier == "3"
    assert "team-secret" not in repr(config)


@pytest.mark.parametrize("settings", [{}, {"batch_time": "12d", "latency": "250ms"}])
def test_what_is_shown_of_a_configuration_can_be_written_again(settings: dict[str, str]) -> None:
    config = configured(**settings)
    written = {name.replace("-", "_"): text for name, text in shown(config).items() if text}
    assert configured(**written) == config


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("none", Latency()),
        ("250ms", Latency(seconds=0.25)),
        ("1.5s", Latency(seconds=1.5)),
        ("2m", Latency(seconds=120)),
        ("1h", Latency(seconds=3600)),
        ("measured", Latency(measured=1)),
        ("measured*0.1", Latency(measured=0.1)),
    ],
)
def test_a_latency_means(text: str, meaning: Latency) -> None:
    assert configured(latency=text).latency == meaning


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("25MB", 25_000_000), ("64MiB", 64 * MIB), ("1kB", 1000)]
)
def test_a_size_means_bytes(text: str, size: int) -> None:
    assert configured(max_body=text).max_body == size


def test_limits_are_a_table_or_a_number() -> None:
    assert configured(limits="measured-2024").limits == Limits("measured-2024")
    assert configured(limits="50/min").limits == Limits(per_minute=50)


@pytest.mark.parametrize(
    ("host", "on_loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("mock", False)],
)
def test_loopback_is_told_from_the_rest_of_the_network(host: str, on_loopback: bool) -> None:
    assert configured(host=host).on_loopback is on_loopback


def test_an_unknown_setting_from_python_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="Did you mean tier"):
        configured(teir="1")


@pytest.mark.parametrize(
    "text",
    [
        "[[rules]]\nthen = { quota = true }\nport = 1\n",
        "[[rules]]\n[rules.then]\nquota = true\nport = 1\n",
        '[[rules]]\n[rules.when]\nprompt = "x"\nport = 1\n[rules.then]\nquota = true\n',
    ],
)
def test_a_setting_below_the_rules_is_told_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "images-mock.toml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        read(directory=tmp_path)
    assert "Rule 1 in file images-mock.toml has 'port', which is a setting" in str(refused.value)
    assert "above the first [[rules]]" in str(refused.value)


def test_one_rule_by_the_name_of_one_is_told_the_right_name(tmp_path: Path) -> None:
    (tmp_path / "images-mock.toml").write_text("[[rule]]\nthen = { quota = true }\n")
    with pytest.raises(ConfigError, match=r"under \[\[rules\]\], not \[\[rule\]\]"):
        read(directory=tmp_path)


@pytest.mark.parametrize(("written", "meant"), [("true", "on"), ("false", "off")])
def test_a_switch_is_also_true_or_false(tmp_path: Path, written: str, meant: str) -> None:
    (tmp_path / "images-mock.toml").write_text(f"magic = {written}\n")
    assert read(directory=tmp_path).magic == meant
    assert configured(magic=written == "true").magic == meant
    (tmp_path / "images-mock.toml").write_text(f"tier = {written}\n")
    with pytest.raises(ConfigError, match=f"tier \\('{written}'\\) must be one of"):
        read(directory=tmp_path)


@given(st.sampled_from(sorted(BY_NAME)), st.text(max_size=20))
def test_any_text_for_any_setting_is_taken_or_refused_by_name(name: str, text: str) -> None:
    try:
        configured(**{name.replace("-", "_"): text})
    except ConfigError as refused:
        assert name in str(refused)


def test_one_name_is_of_one_deployment() -> None:
    named = ["art=dall-e-3", "more=dall-e-2", "art=gpt-image-1"]
    with pytest.raises(ConfigError, match=r"deployment .* names 'art' twice.*set by call"):
        configured(deployment=named)


def test_an_address_of_brackets_alone_is_none() -> None:
    for host in ("[", "]", "[]", "[ ]"):
        with pytest.raises(ConfigError, match=r"host .* must not be blank"):
            configured(host=host)
