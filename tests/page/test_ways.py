"""Whose a sandbox is, what stays chosen, and where a login leads."""

from __future__ import annotations

import re
from html import unescape

import pytest

from mockserver.app import create_app
from mockserver.config import Config
from tests.conftest import Api, generate
from tests.in_process import client_of
from tests.page.test_pages import HTML, PAGE, page


def test_a_key_of_this_mock_says_whose_a_sandbox_is_and_no_other_is_shown(api: Api) -> None:
    client = api()
    real = f"sk-proj-{'A1b2' * 12}"
    for key in (
        "sk-mock-alice",
        "sk-mock-admin-alice",
        "sk-mock-" + "x" * 60,
        "gateway-s3cret-of-ours",
        real,
    ):
        generate(client, key=key)
    for path in (f"{PAGE}sandboxes", f"{PAGE}rules"):
        shown = page(client, path)
        assert "sk-mock-alice" in shown
        assert "sk-mock-admin" not in shown
        assert "x" * 31 + "…" in shown
        assert "x" * 32 not in shown
        assert "gateway-…ours" in shown
        assert "s3cret" not in shown
        assert real[8:] not in shown
        assert "(one that looks real)" in shown
    identity = client.get("/_mock/requests").json()["requests"][0]["id"]
    assert "of sk-mock-alice" in page(client, f"{PAGE}requests/{identity}")


def test_who_chooses_another_sandbox_keeps_what_else_was_chosen(api: Api) -> None:
    client = api()
    generate(client)
    for path, query in (
        ("verdict/migration", {"to": '"dall-e-2'}),
        ("", {"q": "x", "status": "4"}),
    ):
        shown = page(client, f"{PAGE}{path}", **query)
        switch = shown.partition('class="switch"')[2].partition("</form>")[0]
        kept = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', switch)
        assert {name: unescape(value) for name, value in kept} == query


@pytest.mark.parametrize(
    ("at", "then"),
    [
        ("/", "/"),
        (f"{PAGE}verdict/migration?to=a&sandbox=b", f"{PAGE}verdict/migration?to=a&sandbox=b"),
        (f"{PAGE}requests/req_1", f"{PAGE}requests/req_1"),
        (f"{PAGE}login", "/"),
    ],
)
def test_who_logs_in_goes_on_where_he_was(at: str, then: str) -> None:
    client = client_of(create_app(Config(host="0.0.0.0", control_token="s3cret-token")))
    found = re.search(r'name="back" value="([^"]*)"', client.get(at, headers=HTML).text)
    assert found
    form = {"back": unescape(found[1]), "control_token": "no"}
    wrong = re.search(r'name="back" value="([^"]*)"', client.post(f"{PAGE}login", data=form).text)
    assert wrong
    form = {"back": unescape(wrong[1]), "control_token": "s3cret-token"}
    right = client.post(f"{PAGE}login", data=form, follow_redirects=False)
    assert right.headers["location"] == then


@pytest.mark.parametrize(
    "to",
    ["//other.example/", "https://other.example", "/\\other.example", "/a", "/\r\nX: y", "/?\n"],
)
def test_a_login_leads_nowhere_else(to: str) -> None:
    client = client_of(create_app(Config(host="0.0.0.0", control_token="s3cret-token")))
    form = {"control_token": "s3cret-token", "back": to}
    assert client.post(f"{PAGE}login", data=form, follow_redirects=False).headers["location"] == "/"
