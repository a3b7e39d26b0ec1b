"""The variables that lead clients to the mock, and the hosts that they are kept from."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mockserver
from mockserver.client.environment import (
    ADDRESS,
    AZURE_ADDRESS,
    UNTRACED,
    hosts_to_guard,
    variables,
)

URL, KEY = "http://127.0.0.1:6780/v1", "sk-mock-me"


def test_every_variable_that_holds_an_address_leads_to_the_mock() -> None:
    told = variables(URL, KEY, dict.fromkeys(ADDRESS, "https://api.openai.com/v1"))
    assert {told[name] for name in ADDRESS} == {URL}
    assert told["OPENAI_API_KEY"] == KEY


def test_azures_clients_are_led_to_the_root_with_the_same_key() -> None:
    told = variables(URL, KEY, {"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com/"})
    assert {told[name] for name in AZURE_ADDRESS} == {"http://127.0.0.1:6780"}
    assert told["AZURE_OPENAI_API_KEY"] == told["AZURE_API_KEY"] == KEY


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({}, "2025-04-01-preview"),
        ({"OPENAI_API_VERSION": " "}, "2025-04-01-preview"),  # a client would send it
        ({"OPENAI_API_VERSION": "2024-02-01"}, "2024-02-01"),
    ],
)
def test_a_version_of_azures_api_that_the_user_has_set_stays(
    before: dict[str, str], now: str
) -> None:
    assert variables(URL, KEY, before)["OPENAI_API_VERSION"] == now


def test_a_token_goes_before_a_key_and_so_becomes_the_sandboxes() -> None:
    told = variables(URL, KEY, {"AZURE_OPENAI_AD_TOKEN": "eyJ"})
    assert told["AZURE_OPENAI_AD_TOKEN"] == KEY
    assert "AZURE_AD_TOKEN" not in told  # one that is not set is of no use


@pytest.mark.parametrize(
    ("url", "before", "now"),
    [
        (URL, None, None),
        (URL, "api.openai.com", ""),  # https is made of it, which the mock does not speak
        ("https://mock.test:8443/v1", "api.openai.com", "mock.test:8443"),
    ],
)
def test_a_host_goes_before_addresses_and_so_must_not_lead_away(
    url: str, before: str | None, now: str | None
) -> None:
    environment = {"OPENAI_API_HOST": before} if before else {}
    assert variables(url, KEY, environment).get("OPENAI_API_HOST") == now


def test_proxies_are_kept_out_of_the_way_of_mock_and_guard() -> None:
    guarded = ["*.c.test", "!d.test"]
    told = variables(URL, KEY, {"NO_PROXY": "a.test", "no_proxy": "b.test,a.test"}, guarded)
    assert told["NO_PROXY"] == told["no_proxy"] == "a.test,b.test,127.0.0.1,localhost,.c.test"


def facts(preset: str) -> set[str]:
    told = Path(mockserver.__file__).parent.joinpath("facts", "hosts.toml").read_text("utf-8")
    return {host["name"] for host in tomllib.loads(told)["host"] if host["preset"] == preset}


def test_hosts_that_are_guarded_always_are_facts_and_the_other_way_round() -> None:
    assert {*hosts_to_guard("")} == facts("always")


@pytest.mark.parametrize("preset", ["gateways", "azure"])
def test_a_preset_stands_for_its_hosts(preset: str) -> None:
    assert facts(preset)
    assert {*hosts_to_guard(preset)} == facts(preset) | facts("always")


@pytest.mark.parametrize(("before", "now"), [(None, "true"), ("", "true"), ("false", "false")])
def test_openai_agents_traces_nothing_unless_it_is_told_to(before: str | None, now: str) -> None:
    environment = {} if before is None else {UNTRACED: before}
    assert variables(URL, KEY, environment)[UNTRACED] == now


def test_hosts_may_be_named_and_spared() -> None:
    always = hosts_to_guard("")
    assert hosts_to_guard("mine.test, !his.test")[len(always) :] == ["mine.test", "!his.test"]


def test_the_names_are_known_without_the_facts() -> None:
    code = "import sys, mockserver.client.environment as l; l.hosts_to_guard(''); print('mockserver.facts' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
