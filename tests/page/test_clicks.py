"""Where a click leads: to what was meant, and never to a page that is not there."""

from __future__ import annotations

import base64
import re
from html import unescape

import httpx2
import pytest

from tests.conftest import Api, generate
from tests.page.test_pages import HOSTILE, HTML, PAGE, Tags, act, page, sandbox_of


def rule_of(shown: str) -> str | None:
    """What a page restores, if it offers that."""
    found = re.search(r'name="rule" value="([^"]*)"', shown)
    return unescape(found[1]) if found else None


@pytest.mark.parametrize("day", [None, "2022-11-10", "2023-12-01", "2026-06-01", "today"])
def test_a_test_request_is_answered_by_the_rules_of_any_day(api: Api, day: str | None) -> None:
    client = api(as_of=day) if day else api()
    assert "answered with 200" in page(client, act(client, "", do="try").headers["location"])


def test_a_test_request_is_shown_whichever_sandbox_is_looked_at(api: Api) -> None:
    client = api()
    client.post("/_mock/sandbox", headers={"Mock-Sandbox-Key": "sk-mock-other"}, json={})
    other = sandbox_of(client)
    tried = act(client, "", do="try", sandbox=other).headers["location"]
    assert "a red fox in the snow</a>" in page(client, tried)


@pytest.mark.parametrize("day", ["2023-12-01", "2026-06-01"])
def test_the_first_snippets_name_a_model_of_the_day_and_where_its_picture_is(
    api: Api, day: str
) -> None:
    client = api(as_of=day)
    shown = unescape(page(client))
    found = re.search(r'-d \'(\{"model": .*?\})\'', shown)
    assert found
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/images/generations", content=found[1], headers=headers)
    assert answer.status_code == 200
    [field] = [name for name in ("url", "b64_json") if answer.json()["data"][0].get(name)]
    assert f"print(answer.data[0].{field})" in shown


def test_another_sandbox_is_chosen_from_a_page_that_it_has_too(api: Api) -> None:
    client = api()
    generate(client)
    identity = client.get("/_mock/requests/last").json()["id"]
    name = sandbox_of(client)
    generate(client, key="sk-mock-other")
    of_one = (f"requests/{identity}", "empty", "nowhere")
    shown = [client.get(f"{PAGE}{p}", headers=HTML, params={"sandbox": name}).text for p in of_one]
    shown += [client.post(f"{PAGE}identify", files={"file": b"x"}, headers=HTML).text]
    for text in shown:
        action = re.search(r'class="switch" method="get" action="([^"]+)"', text)
        assert action
        page(client, action[1], sandbox=sandbox_of(client))
    assert f'action="{PAGE}rules" data-auto' in page(client, f"{PAGE}rules")


def test_a_sandbox_that_is_gone_is_on_no_link_of_the_page_that_says_so(api: Api) -> None:
    gone = api().get("/", headers=HTML, params={"sandbox": "gonegone"})
    assert gone.status_code == 404
    assert "?sandbox=" not in gone.text


def test_a_sandbox_that_is_named_by_its_first_letters_is_the_one_that_is_chosen(api: Api) -> None:
    client = api()
    generate(client)
    name = sandbox_of(client)
    assert f'<option value="{name}" selected>' in page(client, sandbox=name[:6])


def test_who_removes_a_rule_goes_on_looking_at_what_he_looked_at(api: Api) -> None:
    client = api()
    generate(client)
    name = sandbox_of(client)
    act(client, "rules", do="add-rule", fault="500")
    act(client, "rules", do="add-rule", fault="500", sandbox=name)
    for of, looked_at in ((name, ""), ("*", name)):
        before = client.get("/_mock/rules").json()["rules"]
        [rule] = [r for r in before if (r["sandbox"] == name) == (of == name)]
        gone = act(client, "rules", do="remove-rule", sandbox=of, shown=looked_at, id=rule["id"])
        after = page(client, gone.headers["location"])
        assert ("selected>" in after) == bool(looked_at)
        restored = act(
            client, "rules", do="restore-rule", sandbox=looked_at, rule=rule_of(after) or ""
        )
        assert restored.status_code == 303
        again = client.get("/_mock/rules").json()["rules"]
        assert {(r["sandbox"], r["origin"]) for r in again} == {
            (r["sandbox"], r["origin"]) for r in before
        }


@pytest.mark.parametrize(
    "then",
    [
        {"image": base64.b64encode(b"no picture").decode()},
        {"respond": {"body": "\N{SNOWMAN}" * 10_000}},
        {"respond": {"body": "x\n" * 40_000}},
    ],
)
def test_a_rule_that_no_address_can_hold_is_not_offered_to_be_restored(
    api: Api, then: dict[str, object]
) -> None:
    client = api()
    added = client.post("/_mock/rules?sandbox=*", json={"then": then}).json()
    gone = act(client, "rules", do="remove-rule", sandbox="*", id=added["id"])
    assert len(gone.headers["location"]) < 8000
    after = page(client, gone.headers["location"])
    assert rule_of(after) is None
    assert "too large to be restored" in after


def test_the_longest_rule_that_is_restored_has_an_address_that_every_server_takes(api: Api) -> None:
    client = api()
    rule = {"when": {"prompt": '"' * 900}, "then": {"error": "internal"}}
    added = client.post("/_mock/rules?sandbox=*", json=rule).json()
    gone = act(client, "rules", do="remove-rule", sandbox="*", id=added["id"])
    assert len(gone.headers["location"]) < 8000
    assert rule_of(page(client, gone.headers["location"]))


@pytest.mark.parametrize(("key", "limit"), [("sk-mock-tier5", "10000"), ("sk-mock-me", "500")])
def test_limits_are_those_of_the_key(api: Api, key: str, limit: str) -> None:
    client = api()
    generate(client, key=key, n=10)
    assert f"10 of {limit} used" in page(client, f"{PAGE}limits", sandbox=sandbox_of(client))
    assert f"10 of {limit} used" in page(client, f"{PAGE}limits")


def test_who_is_behind_a_proxy_is_told_what_is_missing(api: Api) -> None:
    client = api()
    of_proxy = {"Origin": "https://mock.test", "Sec-Fetch-Site": "same-origin"}
    refused = client.post(f"{PAGE}rules", data={}, headers=HTML | of_proxy)
    assert refused.status_code == 403
    assert "--public-url" in refused.text
    of_other: httpx2.Response = client.post(
        f"{PAGE}rules", data={}, headers=HTML | of_proxy | {"Sec-Fetch-Site": "cross-site"}
    )
    assert "--public-url" not in of_other.text


def test_who_empties_a_sandbox_goes_on_looking_at_what_he_looked_at(api: Api) -> None:
    client = api()
    generate(client)
    name = sandbox_of(client)
    for shown in ("", name):
        asked = page(client, f"{PAGE}empty", sandbox=name, shown=shown)
        assert f'name="shown" value="{shown}"' in asked
        gone = act(client, "sandboxes", do="reset", sandbox=name, shown=shown)
        assert ("sandbox=" in gone.headers["location"]) == bool(shown)


def test_a_stream_s_partial_pictures_stand_before_the_whole_one(api: Api) -> None:
    client = api(as_of="2025-12-01")
    body = {"model": "gpt-image-1", "prompt": "a fox", "stream": True, "partial_images": 2}
    assert client.post("/v1/images/generations", json=body).status_code == 200
    identity = client.get("/_mock/requests/last").json()["id"]
    strip = page(client, f"{PAGE}requests/{identity}").partition("As it came")[2]
    places = re.findall(rf'src="({PAGE}pictures/[^"]+)"', strip)
    assert [place.partition(identity)[2] for place in places] == ["/0/0", "/0/1", "/0"]
    assert len({client.get(place).content for place in places}) == 3


@pytest.mark.parametrize("text", [*HOSTILE[:6], HOSTILE[7]], ids=range(7))
def test_what_a_header_says_is_text(api: Api, text: str) -> None:
    client = api()
    said = text.encode()
    headers = {b"X-Note": said, b"User-Agent": said, b"Authorization": b"Bearer sk-mock-me"}
    client.post("/v1/images/generations", json={"prompt": "x"}, headers=headers)
    identity = client.get("/_mock/requests/last").json()["id"]
    shown = page(client, f"{PAGE}requests/{identity}")
    assert "x-note: " in shown
    assert Tags.of(shown).dangers == []
