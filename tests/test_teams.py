"""One server for several teams: what a team's control token opens, and what it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.cli import cli
from mockserver.client.connection import ControlError
from mockserver.client.events import Events
from mockserver.client.follow import journal_lines
from mockserver.clock import ManualClock
from mockserver.config import ConfigError, configured
from mockserver.control import openapi
from mockserver.core.journal import Record
from mockserver.core.keys import MARK, Keyring
from mockserver.facts import load
from mockserver.page.actions import ACTIONS
from mockserver.page.pages import VIEWS
from mockserver.request.feed import KEPT, Feed, missed
from mockserver.request.world import _secret
from mockserver.testing import ImagesMock
from tests.conftest import GENERATIONS, Api, error, generate
from tests.in_process import LOOP, client_of
from tests.page.test_pages import HTML, PAGE

ART, LAB, ALL = "art-t0ken", "lab-t0ken", "all-t0ken"
HIDDEN = "what lab does"  # in a prompt of lab's
RULE = {"when": {"prompt": "x2"}, "then": {"quota": True}}
RULE_OF_LAB = {"when": {"prompt": HIDDEN}, "then": {"quota": True}}
LINES = f"# of whom\nart = {ART}\nlab = '{LAB}'  # new\nart-eu = \"eu-t0ken\"\n"
ANN, BOB, ME = "sk-mock-art-ann", "sk-mock-lab-bob", "sk-mock-me"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("teams") / "tokens.toml"
    file.write_text(LINES)
    return file


@pytest.fixture
def client(tokens: Path) -> TestClient:
    """A server with a request and a rule of each team, and of no team."""
    config = configured(control_token_file=str(tokens), control_token=ALL, log_format="none")
    found = client_of(create_app(config, clock=ManualClock()))
    for key, prompt in ((ANN, "x"), (BOB, HIDDEN), (ME, "x")):
        assert generate(found, key=key, prompt=prompt, size="256x256").status_code == 200
        put(found, ALL, "POST", "rules", key, json=RULE_OF_LAB if key == BOB else RULE)
    return found


def put(client: TestClient, token: str, method: str, path: str, key: str = "", **sent: Any) -> Any:
    """What the control API answers to who has a token, of a key's sandbox."""
    headers = {"Authorization": f"Bearer {token}"} | ({"Mock-Sandbox-Key": key} if key else {})
    return client.request(method, f"/_mock/{path}", headers=headers, **sent)


def name_of(client: TestClient, key: str) -> str:
    name: str = put(client, ALL, "GET", "sandboxes", key).json()["sandboxes"][0]["name"]
    return name


def state_of(client: TestClient, key: str) -> list[Any]:
    """All that the control API tells of a sandbox."""
    paths = ("requests", "rules", "clock", "limits", "ledger", "downloads", "sandboxes")
    return [put(client, ALL, "GET", path, key).json() for path in paths]


# -- who is let in -----------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("own", [None, ALL])
def test_where_teams_share_a_server_nobody_gets_in_without_a_token(
    api: Api, tokens: Path, host: str, own: str | None
) -> None:
    client = api(host=host, control_token=own, control_token_file=str(tokens))
    for headers, code in (
        ({"Authorization": ""}, "control_token_wrong"),
        ({"Authorization": "Bearer sk-mock-art-ann"}, "control_token_wrong"),
        ({"Authorization": f"Bearer {ART}x"}, "control_token_wrong"),
        ({"Authorization": f"Bearer {ART[:-1]}"}, "control_token_wrong"),
        ({"Cookie": f"images-mock-session={ART}"}, "control_token_required"),
        ({}, "control_token_required"),
    ):
        client.headers = httpx2.Headers(headers)
        answer = client.get("/_mock/requests")
        assert (answer.status_code, error(answer)["code"]) == (401, code), headers
        assert ART not in answer.text
    client.headers = httpx2.Headers()
    assert client.get("/_mock/ready").status_code == 200
    assert client.get("/", headers=HTML).status_code == 401
    for token in (ART, LAB, *filter(None, [own])):
        assert put(client, token, "GET", "requests").status_code == 200
    assert put(client, ALL, "GET", "requests").status_code == (200 if own else 401)


def test_without_a_file_of_tokens_all_is_as_it_was(api: Api) -> None:
    client = api()
    generate(client, key=ANN)
    (found,) = client.get("/_mock/sandboxes").json()["sandboxes"]
    assert found["name"] == Keyring(load(), _secret("0", "keys")).sandbox_of(f"Bearer {ANN}")
    assert client.get("/_mock/config").status_code == 200


def test_a_team_may_not_have_the_token_that_opens_all(api: Api, tokens: Path) -> None:
    with pytest.raises(ConfigError, match="own control token as that of lab") as refused:
        api(control_token_file=str(tokens), control_token=LAB)
    assert LAB not in str(refused.value)


# -- every route, both ways --------------------------------------------------------------------


class Way(NamedTuple):
    """What is sent to a route, and what a team gets of it."""

    body: Any = None
    own: bool = True  # of its sandboxes; or 403, for it is of all
    alone: int = 200  # the status where no sandbox is named
    is_rule: bool = False  # what stands in the path
    query: Mapping[str, str] = {}


WAYS = {
    "requests.list": Way(),
    "requests.clear": Way(alone=400),
    "requests.last": Way(),
    "requests.summary": Way(),
    "requests.count": Way({"when": {"prompt": HIDDEN}}),
    "requests.wait": Way({"count": 0}),
    "requests.elsewhere": Way(alone=400),
    "requests.get": Way(),
    "downloads.list": Way(),
    "coverage.get": Way(),
    "migration.get": Way(query={"to": "dall-e-3", "as_of": "2024-01-01"}),
    "verdict.get": Way(),
    "rules.list": Way(),
    "rules.add": Way(RULE, alone=400),
    "rules.clear": Way(alone=400),
    "rules.get": Way(is_rule=True),
    "rules.put": Way(RULE, is_rule=True, alone=400),
    "rules.remove": Way(is_rule=True, alone=400),
    "clock.get": Way(),
    "clock.advance": Way({"seconds": 5}, alone=400),
    "limits.get": Way(),
    "limits.put": Way({"per_minute": 3}, alone=400),
    "limits.refill": Way(alone=400),
    "ledger.get": Way(),
    "ledger.put": Way({"budget_usd": 3}, alone=400),
    "reset": Way({}),
    "sandbox.begin": Way({"tier": "2"}, alone=400),
    "sandboxes.list": Way(),
    "config.get": Way(own=False),
    "events.follow": Way(),
    "proxy.get": Way(own=False),
    "proxy.clear": Way(own=False),
    "metrics.get": Way(own=False),
    "document.get": Way(),
}
#: Every operation of the control API that wants a token, as its own document has them.
ROUTES = {
    operation["operationId"]: (method.upper(), path.removeprefix("/_mock/"))
    for path, methods in openapi.document()["paths"].items()
    for method, operation in methods.items()
    if operation.get("security") != []
}


def test_every_route_has_decided_what_a_team_gets_of_it() -> None:
    assert ROUTES.keys() == WAYS.keys()


def test_a_team_gets_of_every_route_what_is_its_own_and_nothing_else(client: TestClient) -> None:
    before = [state_of(client, k) for k in (BOB, ME)]
    hidden = [name_of(client, k) for k in (BOB, ME)]
    for name, way in WAYS.items():
        if name != "events.follow":  # which does not end; see below
            _check(client, name, way, hidden)
            assert [state_of(client, k) for k in (BOB, ME)] == before, name


def _check(client: TestClient, name: str, way: Way, hidden: list[str]) -> None:
    method, path = ROUTES[name]
    sent = {} if way.body is None else {"json": way.body}
    generate(client, key=ANN, prompt="x", size="256x256")
    rule = put(client, ART, "POST", "rules", ANN, json=RULE).json()["id"]
    last = {k: put(client, ALL, "GET", "requests/last", k).json()["id"] for k in (ANN, BOB)}

    def asked(token: str, key: str = "", *, of: str = ANN, **query: str) -> Any:
        there = path.replace("{id}", rule if way.is_rule else last[of])
        return put(client, token, method, there, key, params={**way.query, **query}, **sent)

    # Its own it gets, however it is named, and where none is named: of all.
    alone = asked(ART)
    assert alone.status_code == (way.alone if way.own else 403), name
    for answer in (alone, asked(ART, ANN), asked(ART, sandbox=name_of(client, ANN)[:6])):
        assert answer.status_code in ((200, 201, 400, 404) if way.own else (403,)), name
        assert not [h for h in (HIDDEN, *hidden) if h in answer.text], name
    assert way.is_rule or (asked(ART, ANN).status_code < 300) == way.own, name
    # What is another team's, or nobody's, and what is not there, is one and the same.
    nowhere = asked(ART, "sk-mock-nowhere")
    for key in (BOB, ME, "sk-mock-lab-new", "sk-mock-free", "nothing", "*"):
        refused = asked(ART, key)
        assert (refused.status_code, error(refused)["code"]) == (403, "team_refused"), name
        assert key == "*" or refused.text == nowhere.text, name
    for sandbox in ("*", *hidden, *(h[:6] for h in hidden)):
        missing = "n" * len(sandbox)
        refused, unknown = asked(ART, sandbox=sandbox), asked(ART, sandbox=missing)
        if sandbox == "*":
            assert (refused.status_code, error(refused)["code"]) == (403, "team_refused"), name
        elif name != "document.get":  # which looks at nothing
            assert refused.status_code == (404 if way.own else 403), name
            assert refused.text == unknown.text.replace(missing, sandbox), name
    if "{id}" in path and not way.is_rule:
        refused, unknown = asked(ART, of=BOB), asked(ART, of=ANN, sandbox=hidden[0])
        assert (refused.status_code, HIDDEN in refused.text) == (404, False), name
    # Who may see all still does; what that empties is looked at elsewhere.
    assert name == "reset" or asked(ALL).status_code == (way.alone if way.own else 200), name


def test_reads_of_a_team_span_its_own_sandboxes(client: TestClient) -> None:
    generate(client, key="sk-mock-art-ben", prompt="y")
    generate(client, key="sk-mock-art-eu-eve", prompt="z")  # of another team
    told = put(client, ART, "GET", "requests").json()["requests"]
    assert [r["fields"]["prompt"] for r in told] == ["x", "y"]
    names = [s["name"] for s in put(client, ART, "GET", "sandboxes").json()["sandboxes"]]
    assert len(names) == 2
    assert len({n[-MARK:] for n in names}) == 1
    assert len({n[:6] for n in names}) == 2  # as logs show them
    assert put(client, ART, "GET", "requests/summary").json()["requests"] == 2
    assert put(client, ART, "GET", "ledger").json()["spent_usd"] == 0.032
    assert put(client, ALL, "GET", "requests/summary").json()["requests"] == 5


def test_a_team_empties_all_of_its_own_and_leaves_rules_of_all(client: TestClient) -> None:
    assert put(client, ALL, "POST", "rules", "*", json=RULE).status_code == 201
    assert put(client, ART, "POST", "reset", json={}).status_code == 200
    assert put(client, ART, "GET", "requests").json()["requests"] == []
    assert len(put(client, ALL, "GET", "requests").json()["requests"]) == 2
    assert [r["id"] for r in put(client, ART, "GET", "rules").json()["rules"]] == ["a1"]
    for method, sent in (("PUT", RULE), ("DELETE", None)):
        answer = put(client, ART, method, "rules/a1", ANN, json=sent)
        assert answer.status_code == 400


def test_the_costs_that_any_key_may_ask_for_are_those_of_no_team(client: TestClient) -> None:
    def costs(key: str) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        params = {"start_time": "1743292800", "limit": "5"}
        told = client.get("/v1/organization/costs", params=params, headers=headers)
        buckets = told.json()["data"]
        return sum(r["amount"]["value"] for b in buckets for r in b["results"])

    assert costs("sk-mock-admin") == 0.016
    assert costs("sk-mock-admin-lab-bob") == 0.016  # who knows a key knows what it cost


# -- what happens, as it happens ---------------------------------------------------------------


def test_a_listener_of_a_team_hears_of_it_alone_and_how_much_of_it_he_missed() -> None:
    LOOP.run_until_complete(_hear())


async def _hear() -> None:
    feed = Feed(ManualClock())
    mine, other = ("a" * 16 + "artmark1", "b" * 16 + "labmark1")
    with feed.heard(mine[-MARK:]) as listener, feed.heard(None) as of_all:
        for number, sandbox in enumerate((mine, other, "", "*")):
            feed.wrote(Record(id=f"r{number}", at=0, method="POST", path="/v1/x", sandbox=sandbox))
        feed.gather()
        told = listener.take()
        assert (told.count(b"event:"), of_all.take().count(b"event:")) == (2, 4)
        assert b"id: r0\n" in told
        assert b"id: r3\n" in told
        feed.changed("rules", mine)
        for _ in range(KEPT + 2):
            feed.changed("rules", other)
        feed.gather()
        assert listener.take() == missed(1)


@pytest.fixture
def shared(tokens: Path) -> Iterator[ImagesMock]:
    with ImagesMock(control_token_file=str(tokens)) as server:
        yield server


def test_events_and_the_journal_in_a_terminal_are_the_team_s(shared: ImagesMock) -> None:
    headers = {"Authorization": f"Bearer {ART}"}
    with Events(shared.address, headers, timeout=60) as events:
        for key, prompt in ((BOB, HIDDEN), (ANN, "a fox")):
            httpx2.post(
                f"{shared.address}{GENERATIONS}",
                json={"prompt": prompt},
                headers={"Authorization": f"Bearer {key}"},
            )
        lab = {"Authorization": f"Bearer {LAB}"}
        httpx2.post(f"{shared.address}/_mock/reset", json={}, headers=lab)
        httpx2.post(f"{shared.address}/_mock/reset", json={"only": ["clock"]}, headers=headers)
        assert next(events).told["fields"]["prompt"] == "a fox"
        changed = next(events).told
        assert (changed["what"], changed["sandbox"] == "*") == ("reset", False)
    (line,) = journal_lines(shared.address, None, token=ART)
    assert "a fox" in line
    with pytest.raises(ControlError, match="sk-mock-art-ANYTHING"):
        next(journal_lines(shared.address, None, key=BOB, token=ART))


# -- the page ----------------------------------------------------------------------------------


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    """A browser that art's token was given to."""
    client.headers.update(HTML)
    answer = client.post(f"{PAGE}login", data={"control_token": ART}, follow_redirects=False)
    assert answer.status_code == 303
    assert ART not in answer.headers["set-cookie"]
    client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
    return client


def form_token(client: TestClient) -> str:
    text = client.get(f"{PAGE}rules").text
    return text.partition('name="token" value="')[2].partition('"')[0]


def test_every_page_shows_to_a_team_its_own(browser: TestClient) -> None:
    hidden = [name_of(browser, k) for k in (BOB, ME)]
    identity = put(browser, ALL, "GET", "requests/last", BOB).json()["id"]
    of_request = [f"requests/{identity}", f"pictures/{identity}/0", f"pictures/{identity}/0/0"]
    for path in (*VIEWS, *of_request):
        answer = browser.get(f"{PAGE}{path}")
        is_open = path in VIEWS and path != "settings"
        expected = 200 if is_open else 403 if path == "settings" else 404
        assert answer.status_code == expected, path
        assert not [h for h in (HIDDEN, *hidden, ME) if h in answer.text], path
        assert 'href="/_mock/page/settings' not in answer.text, path
        for sandbox in (*hidden, "*"):
            other = browser.get(f"{PAGE}{path}", params={"sandbox": sandbox})
            is_shown = is_open and (sandbox == "*" or path == "sandboxes")
            assert is_shown or other.status_code in (403, 404), path
            assert HIDDEN not in other.text, path


def test_no_click_of_a_team_changes_anything_of_others(browser: TestClient) -> None:
    token, mine = form_token(browser), name_of(browser, ANN)
    before = [state_of(browser, k) for k in (BOB, ME)]
    form = {"fault": "500", "id": "r1", "by": "5s", "per_minute": "3", "usd": "1", "text": "x"}
    form |= {"rule": json.dumps(RULE), "token": token}
    for do in ACTIONS:
        for sandbox in (name_of(browser, BOB), "*", "", mine):
            sent = form | {"do": do, "sandbox": sandbox}
            answer = browser.post(f"{PAGE}rules", data=sent, follow_redirects=False)
            is_own = sandbox == mine or do == "try" or (do == "reset" and not sandbox)
            assert (answer.status_code == 303) == is_own, (do, sandbox, answer.text)
        assert [state_of(browser, k) for k in (BOB, ME)] == before, do


def test_a_form_of_one_team_is_none_of_another_s(browser: TestClient) -> None:
    token = form_token(browser)
    login = browser.post(f"{PAGE}login", data={"control_token": LAB}, follow_redirects=False)
    browser.headers["Cookie"] = login.headers["set-cookie"].partition(";")[0]
    assert form_token(browser) not in ("", token)
    form = {"token": token, "do": "reset"}
    assert browser.post(f"{PAGE}rules", data=form).status_code == 403


def test_what_a_page_tries_is_a_request_of_the_team(browser: TestClient) -> None:
    form = {"token": form_token(browser), "do": "try"}
    browser.post(f"{PAGE}", data=form, follow_redirects=False)
    assert len(put(browser, ART, "GET", "requests").json()["requests"]) == 2
    assert len(put(browser, ALL, "GET", "requests", "sk-mock-art-me").json()["requests"]) == 1


# -- nobody tells a token ----------------------------------------------------------------------


def test_no_token_of_a_team_is_told(client: TestClient, tokens: Path) -> None:
    for path in ("config", "requests?raw=true", "openapi.json", "metrics"):
        answer = put(client, ALL, "GET", path)
        assert (answer.status_code, "t0ken" in answer.text) == (200, False)
    shown = CliRunner().invoke(cli, ["config", "show", "--control-token-file", str(tokens)])
    assert (shown.exit_code, "t0ken" in shown.output) == (0, False)
    assert "t0ken" not in repr(configured(control_token_file=str(tokens)))
