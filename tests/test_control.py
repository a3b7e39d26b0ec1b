"""The control API as its users meet it: in process, and over a real socket where time is real."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from mockserver.client.explain_last import Unexplained, explain_last
from mockserver.config import ConfigError, config_of, configured, resolve
from mockserver.core.rules import patterns
from mockserver.testing import ImagesMock
from tests.conftest import GENERATIONS, Api, error, generate

HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
QUOTA = {"then": {"quota": True}}
TOML = '[[rules]]\nname = "gore"\nwhen = { prompt = "gore" }\nthen = { refuse = true }\n'


def ask(client: TestClient, method: str, path: str, **sent: Any) -> Any:
    """What the control API says of the sandbox of `sk-mock-me`."""
    answer = client.request(method, f"/_mock/{path}", headers=HERE, **sent)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


# -- which sandbox -----------------------------------------------------------------------------


def test_a_sandbox_is_named_by_key_or_name_or_the_beginning_of_its_name(api: Api) -> None:
    client = api()
    for key in ("sk-mock-a", "sk-mock-b", "sk-mock-b"):
        generate(client, key=key)
    of_key = client.get("/_mock/sandboxes", headers={"Mock-Sandbox-Key": "sk-mock-b"}).json()
    ((name, requests),) = [(s["name"], s["requests"]) for s in of_key["sandboxes"]]
    assert requests == 2
    for text in (name, name[:6]):
        found = client.get("/_mock/requests", params={"sandbox": text}).json()
        assert [r["sandbox"] for r in found["requests"]] == [name, name]
    assert client.get("/_mock/requests", params={"sandbox": name[:5]}).status_code == 400
    missing = client.get("/_mock/requests", params={"sandbox": "nosuch"})
    assert missing.status_code == 404
    assert "/_mock/sandboxes" in error(missing)["message"]
    assert client.get("/_mock/requests", headers={"Mock-Sandbox-Key": ""}).status_code == 400


def test_reads_without_a_sandbox_span_all(api: Api) -> None:
    client = api(rules=[QUOTA | {"when": {"prompt": "x"}, "times": 1}])
    for key in ("sk-mock-a", "sk-mock-b"):
        assert generate(client, key=key).status_code == 429
        assert generate(client, key=key).status_code == 200
    assert len(client.get("/_mock/requests").json()["requests"]) == 4
    assert client.post("/_mock/requests/count", json={}).json() == {"count": 4}
    assert client.get("/_mock/ledger").json()["spent_usd"] == 0.032
    assert [r["fired"] for r in client.get("/_mock/rules").json()["rules"]] == [1, 1]
    assert client.get("/_mock/clock").json() == {
        "now": 1_743_379_200.0,
        "moved": 0.0,
        "standing": False,
    }
    limits = client.get("/_mock/limits").json()["limits"]
    assert [m["used"] for m in limits if m["model"] == "dall-e-2"] == [2]
    assert client.get("/_mock/rules/f1").status_code == 400  # there are two of them


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "rules"), ("DELETE", "rules"), ("DELETE", "requests"), ("POST", "clock/advance")]
    + [("PUT", "limits"), ("POST", "limits/refill"), ("PUT", "ledger"), ("POST", "sandbox")]
    + [("PUT", "rules/f1"), ("DELETE", "rules/f1")],
)
def test_writes_without_a_sandbox_are_told_how_to_name_one(
    api: Api, method: str, path: str
) -> None:
    client = api(rules=[QUOTA])
    generate(client)
    answer = client.request(method, f"/_mock/{path}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "Mock-Sandbox-Key" in error(answer)["message"]
    assert len(client.get("/_mock/rules").json()["rules"]) == 1


def test_a_key_may_come_as_it_stood_in_its_header(api: Api) -> None:
    client = api()
    generate(client)
    for text in ("Bearer sk-mock-me", "bearer  sk-mock-me"):
        found = client.get("/_mock/sandboxes", headers={"Mock-Sandbox-Key": text}).json()
        assert [s["requests"] for s in found["sandboxes"]] == [1]


def test_two_ways_to_name_a_sandbox_must_agree(api: Api) -> None:
    client = api()
    generate(client)
    generate(client, key="sk-mock-other")
    mine, other = [s["name"] for s in client.get("/_mock/sandboxes").json()["sandboxes"]]
    for name, status in [(mine, 200), (mine[:6], 200), (other, 400), (mine[:5], 400), ("*", 400)]:
        answer = client.get("/_mock/requests", params={"sandbox": name}, headers=HERE)
        assert answer.status_code == status
    everyone = {"Mock-Sandbox-Key": "*"}
    answer = client.get("/_mock/requests", params={"sandbox": mine}, headers=everyone)
    assert "name different sandboxes" in error(answer)["message"]


@pytest.mark.parametrize("text", ["sk-mock-me", "Bearer sk-mock-me", "sk-proj-1"])
def test_a_key_in_the_query_is_told_its_place_and_not_repeated(api: Api, text: str) -> None:
    answer = api().get("/_mock/requests", params={"sandbox": text})
    assert answer.status_code == 400
    assert "goes in the header Mock-Sandbox-Key" in error(answer)["message"]
    assert "sk-" not in answer.text


# -- requests ----------------------------------------------------------------------------------


def test_requests_are_listed_filtered_counted_and_cleared(api: Api) -> None:
    client = api()
    generate(client)
    generate(client, prompt="y", model="dall-e-3")
    generate(client, prompt="", n=True)
    client.get("/v1/models")
    client.get(generate(client).json()["data"][0]["url"])

    def prompts(**query: Any) -> list[Any]:
        found = ask(client, "GET", "requests", params=query)["requests"]
        return [r["fields"].get("prompt") for r in found]

    assert prompts() == ["x", "y", "", None, "x"]
    assert prompts(status=400) == [""]
    assert prompts(operation="images.generate", limit=2) == ["", "x"]
    assert prompts(limit=0) == []
    assert prompts(path="/v1/models") == [None]
    assert prompts(model="dall-e-3") == ["y"]
    (second,) = ask(client, "GET", "requests", params={"model": "dall-e-3"})["requests"]
    assert prompts(since=second["id"]) == ["", None, "x"]
    assert prompts(since=second["id"], limit=1) == ["x"]
    assert ask(client, "GET", f"requests/{second['id']}")["fields"]["size"] == "1024x1024"
    counted = ask(client, "POST", "requests/count", json={"when": {"prompt": {"regex": "[xy]"}}})
    assert counted == {"count": 3}
    (download,) = ask(client, "GET", "downloads")["downloads"]
    assert (download["method"], download["status"]) == ("GET", 200)
    assert ask(client, "DELETE", "requests") == {}
    assert prompts() == []
    assert ask(client, "GET", "ledger")["spent_usd"] > 0
    assert client.get("/_mock/requests/last", headers=HERE).status_code == 404
    assert client.get("/_mock/requests/req_1", headers=HERE).status_code == 404


def test_a_record_tells_what_was_sent_decided_and_answered(api: Api) -> None:
    client = api()
    ask(client, "POST", "rules", json=QUOTA | {"name": "broke"})
    answer = generate(client, size="512x512")
    record = ask(client, "GET", "requests/last")
    assert record["id"] == answer.headers["x-request-id"]
    assert record["fields"] == {
        "operation": "images.generate",
        "model": "dall-e-2",
        "n": 1,
        "size": "512x512",
        "response_format": "url",
        "prompt": "x",
    }
    assert record["error"]["code"] == "insufficient_quota"
    assert record["trace"] == ['rule r1 "broke": no_credit (time 1)']
    assert (record["status"], record["scripted"], record["rule"]) == (429, True, "r1")
    assert (record["usd"], record["call"], record["retries"]) == (0.0, record["id"], 0)


def test_two_equal_calls_are_not_a_retry_and_a_retry_of_an_sdk_is(api: Api) -> None:
    client = api()
    ask(client, "POST", "rules", json={"when": {"call": 3}, "then": {"error": "internal"}})
    for count in ("0", "0", "0", "1"):
        sent = {"X-Stainless-Retry-Count": count}
        client.post(GENERATIONS, json={"prompt": "x"}, headers=sent)
    found = ask(client, "GET", "requests")["requests"]
    assert [(r["status"], r["retries"]) for r in found] == [(200, 0), (200, 0), (500, 0), (200, 1)]
    assert found[3]["call"] == found[2]["call"] == found[2]["id"]


def test_a_client_can_wait_for_requests(server: ImagesMock) -> None:
    url, key = f"{server.address}/_mock/requests/wait", {"Mock-Sandbox-Key": "sk-mock-wait"}
    found: list[Any] = []

    def wait() -> None:
        body = {"when": {"prompt": "x"}, "count": 2, "timeout": 30}
        found.append(httpx2.post(url, json=body, headers=key, timeout=30).json())

    waiting = threading.Thread(target=wait)
    waiting.start()
    for prompt in ("x", "y", "x"):
        headers = {"Authorization": "Bearer sk-mock-wait"}
        httpx2.post(f"{server.url}/images/generations", json={"prompt": prompt}, headers=headers)
    waiting.join()
    assert found == [{"count": 2, "reached": True}]
    late = httpx2.post(url, json={"count": 9, "timeout": 0.05}, headers=key).json()
    assert late == {"count": 3, "reached": False}


def test_who_waits_and_leaves_is_let_go(
    server: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"{server.address}/_mock/requests/wait"
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(url, json={"count": 10**6, "timeout": 60}, timeout=0.05)
    assert httpx2.get(f"{server.address}/_mock/live", timeout=30).status_code == 200
    assert not caplog.records


# -- near misses -------------------------------------------------------------------------------


def test_the_rules_that_came_closest_are_told_with_the_reason(api: Api) -> None:
    client = api()
    for rule in (
        {"name": "spaces", "when": {"prompt": "a red fox"}},
        {"name": "used", "when": {}, "times": 1, "next": True},
        {"name": "third", "when": {"call": 3}},
        {"name": "behind"},
        {"name": "now"},
    ):
        ask(client, "POST", "rules", json=rule | QUOTA)
    generate(client, prompt="a red  fox")
    generate(client, prompt="a red  fox")
    ask(client, "POST", "rules", json={"name": "later", **QUOTA})
    near = ask(client, "GET", "requests/last")["near"]
    assert near == [
        'r2 "used": matches, but is used up: it has fired 1 of 1 times',
        'r6 "later": matches, but was not there yet',
        'r4 "behind": matches, but r5 came first',
        'r3 "third": matches, but only call 3 is meant, and it has seen 2',
        "r1 \"spaces\": ≠ prompt: wanted 'a red fox', got 'a red  fox'  "
        "(only the white space differs)",
    ]
    generate(client, prompt="a red fox", n=99)
    assert "before any rule was tried" in ask(client, "GET", "requests/last")["near"][0]


def test_a_request_that_no_rule_of_its_sandbox_matched_is_logged_with_the_closest(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format="text", rules=[{"when": {"prompt": "gore"}} | QUOTA])
    generate(client)
    assert "closest" not in capsys.readouterr().err
    ask(client, "POST", "rules", json={"name": "fox", "when": {"prompt": "X"}} | QUOTA)
    assert capsys.readouterr().err == ""  # the control API is not logged
    generate(client)
    assert "the closest: r1 \"fox\": ≠ prompt: wanted 'X', got 'x'" in capsys.readouterr().err


def test_the_last_request_is_explained_in_a_terminal(server: ImagesMock) -> None:
    key = {"Mock-Sandbox-Key": "sk-mock-explain"}
    name = httpx2.post(f"{server.address}/_mock/sandbox", headers=key).json()["sandbox"]
    with pytest.raises(Unexplained, match="Nothing was asked yet"):
        explain_last(server.url, name)
    rule = {"when": {"prompt": "a fox"}, "then": {"refuse": True}}
    httpx2.post(f"{server.address}/_mock/rules", json=rule, headers=key).raise_for_status()
    with httpx2.Client(headers={"Authorization": "Bearer sk-mock-explain"}) as client:
        client.post(f"{server.url}/images/generations", json={"prompt": "a fix\n"})
    text = explain_last(server.address.removeprefix("http://"), name[:6])
    assert text.startswith("200 POST /v1/images/generations  (")
    assert '  prompt: "a fix\\n"\n' in text
    assert "r1 refused: ≠ prompt: wanted 'a fox', got 'a fix\\n'  (did you mean this?)" in text
    with pytest.raises(Unexplained, match="no images-mock answers"):
        explain_last("http://127.0.0.1:1", None)


# -- rules -------------------------------------------------------------------------------------


def test_a_rule_that_runs_out_of_time_is_named_in_header_log_and_journal(
    api: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api(log_format="text")
    ask(client, "POST", "rules", json={"name": "slow", "when": {"prompt": {"regex": "^x"}}} | QUOTA)
    monkeypatch.setattr(patterns, "DEADLINE", 0)
    response = generate(client, prompt="x, but in vain")
    assert response.status_code == 200
    last = ask(client, "GET", "requests/last")
    for said in (response.headers["mock-hint"], capsys.readouterr().err, last["trace"][-1]):
        assert 'rule r1 "slow": its regular expression took longer than 20 ms' in said
    assert "counts as no match" in last["near"][0]
    for path in ("count", "wait"):
        body = {"when": {"prompt": {"regex": f"^{path}"}}}
        answer = client.post(f"/_mock/requests/{path}", json=body)
        assert answer.status_code == 400
        assert "took longer than 20 ms" in error(answer)["message"]


def test_rules_are_added_read_replaced_and_removed(api: Api) -> None:
    client = api()
    added = client.post("/_mock/rules", json=QUOTA | {"times": 2, "name": "a"}, headers=HERE)
    assert added.status_code == 201
    rule = added.json()
    assert (rule["id"], rule["fired"], rule["origin"]) == ("r1", 0, "call")
    generate(client)
    assert ask(client, "GET", "rules/r1")["fired"] == 1
    put = ask(client, "PUT", "rules/r1", json=rule | {"then": {"error": "overloaded"}})
    assert (put["then"], put["fired"], put["name"]) == ({"error": "overloaded"}, 0, "a")
    assert error(generate(client))["type"] == "server_error"
    assert ask(client, "DELETE", "rules/r1") == {}
    assert ask(client, "GET", "rules") == {"rules": []}
    for method in ("GET", "PUT", "DELETE"):
        body = QUOTA if method == "PUT" else None
        answer = client.request(method, "/_mock/rules/r1", headers=HERE, json=body)
        assert answer.status_code == 404
    assert generate(client).status_code == 200


def test_a_rule_that_cannot_be_read_is_refused_in_words(api: Api) -> None:
    answer = api().post("/_mock/rules", json={"then": {"eror": "x"}}, headers=HERE)
    assert answer.status_code == 400
    assert error(answer)["message"] == "then has no 'eror'; did you mean error?"


@pytest.mark.parametrize("path", ["count", "wait"])
def test_a_look_back_may_ask_for_any_value_but_for_an_operation_that_there_is_not(
    api: Api, path: str
) -> None:
    client = api()
    generate(client, n="2", model="none", size="512")
    for when in ({"n": "2"}, {"model": "none"}, {"size": "512"}, {"style": None}):
        counted = ask(client, "POST", f"requests/{path}", json={"when": when})
        assert counted["count"] == 1, when
    answer = client.post(f"/_mock/requests/{path}", json={"when": {"operation": "generate"}})
    assert "did you mean images.generate?" in error(answer)["message"]


def test_the_rules_of_the_file_stay_and_come_back(api: Api, tmp_path: Path) -> None:
    (tmp_path / "images-mock.toml").write_text(TOML)
    config = config_of(resolve(flags={}, environment={}, directory=tmp_path))
    assert [r.name for r in config.rules] == ["gore"]
    client = api(rules=[{"name": "gore", "when": {"prompt": "gore"}, "then": {"refuse": True}}])
    ask(client, "POST", "rules", json=QUOTA)
    ask(client, "DELETE", "rules")
    assert [r["origin"] for r in ask(client, "GET", "rules")["rules"]] == ["file"]
    ask(client, "DELETE", "rules/f1")
    assert generate(client, prompt="gore").status_code == 200
    ask(client, "POST", "reset", json={"only": ["rules"]})
    assert error(generate(client, prompt="gore"))["code"] == "content_policy_violation"
    assert generate(client, prompt="gore", key="sk-mock-other").status_code == 400


def test_rules_of_pyproject_and_pictures_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89")
    table = TOML.replace("rules", "tool.images-mock.rules") + "[[tool.images-mock.rules]]\n"
    (tmp_path / "pyproject.toml").write_text(table + 'then = { image = "a.png" }\n')
    values = resolve(flags={}, environment={}, directory=tmp_path)
    assert (values["rules"].texts, values["rules"].origin) == (("2 rules",), "file pyproject.toml")
    assert config_of(values).rules[1].then.image == "iQ=="


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOML + '[[rules]]\nthen = { eror = "x" }', "Rule 2 in file images-mock.toml: then has no"),
        ('[[rules]]\nthen = { image = "no.png" }', "then.image 'no.png' can't be read"),
        ("[[rules]]\nthen = { image = 1 }", "then.image must be a text"),
        ("rules = 1", "each under [[rules]], in file images-mock.toml"),
        (
            TOML.replace("rules", "rule"),
            "Rules must be tables under [[rules]], not [[rule]], in file",
        ),
        ("rules = [1]", "Rule 1 in file images-mock.toml: a rule must be a table"),
    ],
)
def test_a_bad_rule_in_the_file_is_named_by_its_number(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "images-mock.toml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        resolve(flags={}, environment={}, directory=tmp_path)
    assert words in str(refused.value)


def test_a_bad_rule_from_python_is_named_too() -> None:
    with pytest.raises(ConfigError, match=r"Rule 1 in call of configured\(\): a rule has no"):
        configured(rules=[{"them": {}}])
    assert configured(rules=[]).rules == ()
