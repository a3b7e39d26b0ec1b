"""The page without a browser: what it shows, to whom, what its forms do, and what it weighs."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.config import Config
from mockserver.page.actions import FAULTS, TOKEN
from mockserver.page.pages import VIEWS
from mockserver.page.render import assets
from mockserver.testing import ImagesMock
from tests.conftest import Api, generate
from tests.in_process import client_of
from tests.test_control import ask

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGE = "/_mock/page/"
MOST = 30 * 1024  # bytes of all scripts and styles together, compressed
HOSTILE = [
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=pwned=1>',
    "' autofocus onfocus=pwned=1 x='",
    "{{ 7*7 }}{% raw %}",
    "javascript:pwned=1",
    "\u202egnp.exe",
    "a\0b",
    "👩‍👩‍👧‍👦 Zürich שלום",
    "x" * 32_000,
]


def page(client: httpx2.Client, path: str = "/", **query: str) -> str:
    answer = client.get(path, headers=HTML, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.text


def act(client: httpx2.Client, path: str, **form: str) -> httpx2.Response:
    return client.post(f"{PAGE}{path}", data={"token": TOKEN, **form}, follow_redirects=False)


def sandbox_of(client: httpx2.Client) -> str:
    name: str = client.get("/_mock/sandboxes").json()["sandboxes"][-1]["name"]
    return name


class Tags(HTMLParser):
    """What of a page could run, or lead away."""

    def __init__(self) -> None:
        super().__init__()
        self.dangers: list[str] = []

    @classmethod
    def of(cls, text: str) -> Tags:
        found = cls()
        found.feed(text)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            led = name in ("src", "href", "action") and not (value or "").startswith(("/", "#"))
            if name.startswith("on") or name == "style" or led:
                self.dangers.append(f"<{tag} {name}={value}>")
        if tag in ("script", "img") and not dict(attrs).get("src", "").startswith(PAGE):  # type: ignore[union-attr]
            self.dangers.append(f"<{tag}> of its own")


# -- who sees it ---------------------------------------------------------------------------------


def test_a_browser_gets_the_page_and_everybody_else_the_text(api: Api) -> None:
    client = api()
    assert "<h1>Requests</h1>" in page(client)
    assert client.get("/").text.startswith("images-mock ")


@pytest.mark.parametrize("path", [*(f"{PAGE}{p}" for p in VIEWS), "/"])
def test_every_page_is_safe_against_others_and_names_its_assets_by_content(
    api: Api, path: str
) -> None:
    client = api()
    generate(client)
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.count("<h1>") == 1
    for asset in re.findall(rf'(?:href|src)="({PAGE}assets/[^"]+)"', answer.text):
        assert client.get(asset).headers["cache-control"].endswith("immutable")


def test_a_page_of_another_site_sees_nothing_but_a_link_to_the_page_works(api: Api) -> None:
    client = api()
    of_other = {**HTML, "Sec-Fetch-Site": "cross-site"}
    assert client.get("/", headers=of_other).status_code == 403
    visit = {**of_other, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/", headers=visit).status_code == 200
    framed = {**visit, "Sec-Fetch-Dest": "iframe"}
    assert client.get("/", headers=framed).status_code == 403
    posted = client.post(f"{PAGE}rules", data={"token": TOKEN, "do": "reset"}, headers=visit)
    assert posted.status_code == 403


def test_off_loopback_the_token_opens_a_session_which_is_not_the_token() -> None:
    client = client_of(create_app(Config(host="0.0.0.0", control_token="s3cret-token")))
    closed = client.get("/", headers=HTML)
    assert closed.status_code == 401
    assert 'name="control_token"' in closed.text
    wrong = client.post(f"{PAGE}login", data={"control_token": "no"})
    assert (wrong.status_code, "That is not it." in wrong.text) == (401, True)
    right = client.post(
        f"{PAGE}login", data={"control_token": "s3cret-token"}, follow_redirects=False
    )
    assert right.status_code == 303
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "s3cret" not in cookie
    session = {**HTML, "Cookie": cookie.partition(";")[0]}
    assert client.get("/", headers=session).status_code == 200
    assert client.get("/_mock/requests", headers=session).status_code == 200
    other = {**session, "Cookie": "images-mock-session=0"}
    assert client.get("/", headers=other).status_code == 401


def test_off_loopback_without_a_token_the_page_is_closed_and_says_how_to_open_it() -> None:
    client = client_of(create_app(Config(host="0.0.0.0")))
    closed = client.get("/", headers=HTML)
    assert closed.status_code == 403
    assert "--control-token" in closed.text


# -- what it shows -------------------------------------------------------------------------------


def test_an_empty_page_shows_how_to_ask_and_asks_by_itself(api: Api) -> None:
    client = api()
    empty = page(client)
    for name in ("Python", "Node", "curl", "Go", "Ruby", "PHP", "Java", ".NET"):
        assert f">{name}</figcaption>" in empty
    assert "http://localhost:6780/v1" in empty
    tried = act(client, "", do="try").headers["location"]
    assert tried.startswith("/?said=It+was+answered+with+200.&sign=")
    assert "a red fox in the snow" in page(client)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_client_sends_is_text_on_every_page(api: Api, text: str) -> None:
    client = api()
    generate(client, prompt=text or "x")
    generate(client, prompt="a fox", size=text)
    client.get(f"/v1/{text[:50]!r}")
    identities = [r["id"] for r in client.get("/_mock/requests").json()["requests"]]
    pages = [page(client, f"{PAGE}{path}") for path in VIEWS]
    pages += [page(client, f"{PAGE}requests/{identity}") for identity in identities]
    pages += [page(client, q=text[:1000])]
    for shown in pages:
        assert Tags.of(shown).dangers == []


def test_a_request_is_shown_with_what_is_known_of_it(api: Api) -> None:
    client = api()
    ask(client, "POST", "rules", json={"when": {"prompt": "busy"}, "then": {"quota": True}})
    generate(client, prompt="an owl", n=2, size="256x256")
    identity = client.get("/_mock/requests").json()["requests"][0]["id"]
    shown = unescape(page(client, f"{PAGE}requests/{identity}"))
    assert "an owl, 256x256" in shown  # the alternative text
    assert "limit 500 a minute: 2 used" in shown
    assert "wanted 'busy', got 'an owl'" in shown
    assert "not sent, filled in" in shown
    assert "images_mock.assert_called_once(prompt='an owl')" in shown
    assert "authorization: Bearer ***" in shown
    for place in (0, 1):
        drawn = client.get(f"{PAGE}pictures/{identity}/{place}")
        assert drawn.headers["content-type"] == "image/png"
    assert client.get(f"{PAGE}pictures/{identity}/2").status_code == 404
    assert client.get(f"{PAGE}requests/req_none").status_code == 404


def test_no_key_is_on_a_page_wherever_it_was_sent(api: Api) -> None:
    client, key = api(), f"sk-proj-{'aB3' * 16}"
    generate(client, key=key, prompt=f"a fox {key}", user=key)
    client.get(f"/v1/{key}?key={key}", headers={"Authorization": f"Bearer {key}"})
    identities = [r["id"] for r in client.get("/_mock/requests").json()["requests"]]
    assert len(identities) == 2
    for path in (*VIEWS, *(f"requests/{identity}" for identity in identities)):
        assert key[8:] not in page(client, f"{PAGE}{path}")


def test_a_search_finds_prompts_and_states(api: Api) -> None:
    client = api()
    for prompt in ("an owl", "a fox", "mock:500"):
        generate(client, prompt=prompt)
    assert "an owl" not in page(client, q="FOX").partition("<tbody>")[2]
    failed = page(client, status="5xx").partition("<tbody>")[2]
    assert failed.count("<tr ") == 1
    assert "None of the requests is like that" in page(client, q="a bear")


# -- what its forms do ---------------------------------------------------------------------------


def test_rules_are_added_removed_and_restored(api: Api) -> None:
    client = api()
    generate(client)
    name = sandbox_of(client)
    for fault in FAULTS:
        added = act(client, "rules", do="add-rule", sandbox=name, text="owl", fault=fault)
        assert added.status_code == 303
    rules = client.get("/_mock/rules").json()["rules"]
    assert len(rules) == len(FAULTS)
    gone = act(client, "rules", do="remove-rule", sandbox=name, id=rules[0]["id"])
    after = page(client, gone.headers["location"])
    found = re.search(r'name="rule" value="([^"]*)"', after)
    assert found
    act(client, "rules", do="restore-rule", sandbox=name, rule=unescape(found[1]))
    restored = client.get("/_mock/rules").json()["rules"]
    assert len(restored) == len(FAULTS)
    assert {str(r["then"]) for r in restored} == {str(r["then"]) for r in rules}


def test_limits_budget_and_clock_are_set(api: Api) -> None:
    client = api()
    generate(client)
    name = sandbox_of(client)
    act(client, "limits", do="limit", sandbox=name, per_minute="3")
    assert ask(client, "GET", "limits")["limits"][0]["per_minute"] == 3
    act(client, "limits", do="refill", sandbox=name)
    act(client, "costs", do="budget", sandbox=name, usd="2.5")
    assert ask(client, "GET", "ledger")["budget_usd"] == 2.5
    act(client, "clock", do="advance", sandbox=name, by="1h")
    assert ask(client, "GET", "clock")["moved"] == 3600
    act(client, "clock", do="stand", sandbox=name, standing="yes")
    assert ask(client, "GET", "clock")["standing"] is True
    act(client, "sandboxes", do="reset", sandbox=name)
    assert ask(client, "GET", "requests")["requests"] == []


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"do": "reset", "token": "wrong"}, 403),
        ({"do": "nothing"}, 400),
        ({}, 400),
        ({"do": "add-rule", "fault": "none"}, 400),
        ({"do": "restore-rule", "rule": "{"}, 400),
        ({"do": "restore-rule", "rule": '{"then": {}}'}, 400),
        ({"do": "budget", "usd": "much"}, 400),
        ({"do": "budget", "usd": "nan"}, 400),
        ({"do": "advance", "by": "-1"}, 400),
        ({"do": "remove-rule", "id": "r99"}, 404),
        ({"do": "stand"}, 400),
        ({"do": "reset", "token": "é"}, 403),
        ({"do": "restore-rule", "rule": "[" * 50_000}, 400),
        ({"do": "add-rule", "fault": "500", "times": "²"}, 400),
        ({"do": "add-rule", "fault": "500", "times": "9" * 5000}, 400),
        ({"do": "add-rule", "fault": "500", "times": "often"}, 400),
        ({"do": "limit", "per_minute": "many"}, 400),
        ({"do": "add-rule", "fault": "500", "text": "x" * 300_000}, 413),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_on_a_page(
    api: Api, form: dict[str, str], status: int
) -> None:
    refused = act(api(), "rules", **form)
    assert refused.status_code == status
    assert "<h1>That did not work</h1>" in refused.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_page_is_read_or_sent_a_form_and_nothing_else(api: Api, method: str) -> None:
    refused = api().request(method, f"{PAGE}rules", headers=HTML)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")


def test_the_address_without_a_slash_is_the_page_too(api: Api) -> None:
    assert "<h1>Requests</h1>" in page(api(), "/_mock/page")


def test_a_link_of_somebody_else_says_nothing_on_the_page_and_offers_no_rule(api: Api) -> None:
    query = {"said": "Call 555", "undo": '{"then": {"error": "internal"}}', "sign": "é"}
    shown = page(api(), "/", **query)
    assert "Call 555" not in shown
    assert "restore-rule" not in shown


def test_a_picture_by_itself_is_inert_and_a_number_beyond_reason_is_none(api: Api) -> None:
    client = api()
    generate(client, size="256x256")
    at = f"{PAGE}pictures/{client.get('/_mock/requests/last').json()['id']}/"
    policy = client.get(f"{at}0").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; sandbox")
    for path in ("9" * 5000, "²", "upload/" + "9" * 5000):
        assert client.get(f"{at}{path}").status_code == 404
    assert client.get(f"{at}0/{'9' * 5000}").status_code == 200


def test_half_a_character_breaks_no_page(api: Api) -> None:
    client = api()
    headers = {"Authorization": "Bearer sk-mock-a", "Content-Type": "application/json"}
    for body in ({"prompt": "\ud800 half"}, {"prompt": "x", "model": "\ud800"}, {"\udfff": 1}):
        client.post("/v1/images/generations", content=json.dumps(body), headers=headers)
    name = sandbox_of(client)
    rule = '{"when": {"prompt": "\\ud800"}, "then": {"error": "internal"}}'
    gone = act(client, "rules", do="restore-rule", sandbox=name, rule=rule)
    assert gone.status_code == 303
    for path in VIEWS:
        page(client, f"{PAGE}{path}")
    for record in client.get("/_mock/requests").json()["requests"]:
        page(client, f"{PAGE}requests/{record['id']}")
    removed = act(client, "rules", do="remove-rule", sandbox=name, id="r1")
    assert removed.status_code == 303
    assert 'value="restore-rule"' in page(client, removed.headers["location"])


# -- what it weighs ------------------------------------------------------------------------------


def test_scripts_and_styles_are_small_and_fetch_nothing_from_elsewhere() -> None:
    texts = [a.content for name, a in assets().items() if name.endswith((".js", ".css"))]
    assert sum(len(gzip.compress(text)) for text in texts) < MOST
    for text in texts:
        assert b"//" not in re.sub(rb"^\s*//.*|// .*", b"", text, flags=re.MULTILINE)
        assert b"@import" not in text


# -- what is copied ------------------------------------------------------------------------------


def copied(mock: ImagesMock, name: str) -> str:
    """The last request, as the page offers it to be copied."""
    identity = httpx2.get(f"{mock.address}/_mock/requests/last").json()["id"]
    shown = httpx2.get(f"{mock.address}{PAGE}requests/{identity}").text
    found = re.search(rf">{name}</figcaption>.*?<code>(.*?)</code>", shown, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("prompt", ["an owl", 'it\'s "quoted" $(touch x) `x` \\ é\n{{}}'])
def test_what_is_copied_asks_for_the_same_picture(prompt: str, pytester: pytest.Pytester) -> None:
    with ImagesMock() as mock:
        body = {"prompt": prompt, "size": "256x256", "n": 2}
        asked = httpx2.post(
            f"{mock.url}/images/generations",
            json=body,
            headers={"Authorization": "Bearer sk-mock-me"},
        )
        assert asked.status_code == 200
        box = mock.sandbox("sk-mock-me")
        exec(copied(mock, "Python"), {})
        if shutil.which("curl"):
            subprocess.run(["sh", "-c", copied(mock, "curl")], check=True, capture_output=True)
        assert len({str(r.fields) for r in box.requests}) == 1
        assert len(box.requests) >= 2
        rule = json.loads(copied(mock, "rule"))
        added = httpx2.post(f"{mock.address}/_mock/rules?sandbox=*", json=rule)
        assert added.status_code == 201
        test = copied(mock, "pytest")
    pytester.makepyfile(test)
    pytester.runpytest_inprocess("-p", "no:asyncio").assert_outcomes(passed=1)


def test_the_first_snippets_work_as_they_stand() -> None:
    with ImagesMock() as mock:
        empty = httpx2.get(mock.address, headers=HTML).text
        for name in ("Python", "curl"):
            found = re.search(rf">{name}</figcaption>.*?<code>(.*?)</code>", empty, re.DOTALL)
            assert found
            if name == "Python":
                exec(unescape(found[1]), {})
            elif shutil.which("curl"):
                subprocess.run(["sh", "-c", unescape(found[1])], check=True, capture_output=True)
        assert {r.status for r in mock.sandbox("sk-mock-me").requests} == {200}
