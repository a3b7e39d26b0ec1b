"""The variables that lead clients to the mock, and the hosts that they are kept from."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mockserver.client.environment import ADDRESS, UNTRACED, hosts_to_guard, variables

URL, KEY = "http://127.0.0.1:6780/v1", "sk-mock-me"


def test_every_variable_that_holds_an_address_leads_to_the_mock() -> None:
    told = variables(URL, KEY, dict.fromkeys(ADDRESS, "https://api.openai.com/v1"))
    assert {told[name] for name in ADDRESS} == {URL}
    assert told["OPENAI_API_KEY"] == KEY


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
    told = variables(URL, KEY, {"NO_PROXY": "a.test", "no_proxy": "b.test,a.test"}, ["*.c.test"])
    assert told["NO_PROXY"] == told["no_proxy"] == "a.test,b.test,127.0.0.1,localhost,.c.test"


@pytest.mark.parametrize(("before", "now"), [(None, "true"), ("", "true"), ("false", "false")])
def test_openai_agents_traces_nothing_unless_it_is_told_to(before: str | None, now: str) -> None:
    environment = {} if before is None else {UNTRACED: before}
    assert variables(URL, KEY, environment)[UNTRACED] == now


def test_the_store_of_real_pictures_is_guarded_always() -> None:
    assert hosts_to_guard("")[1:] == ["oaidalleapiprodscus.blob.core.windows.net"]


def test_a_preset_stands_for_its_hosts() -> None:
    assert {"api.portkey.ai", "openrouter.ai", "*.helicone.ai"} < {*hosts_to_guard("gateways")}
    assert hosts_to_guard("mine.test, azure")[2:] == ["mine.test", "*.openai.azure.com"]


def test_the_names_are_known_without_the_facts() -> None:
    code = "import sys, mockserver.client.environment as l; l.hosts_to_guard(''); print('mockserver.facts' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
