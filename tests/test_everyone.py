"""Rules of all sandboxes: for whoever scripts another program's server, and does not know its key."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from mockserver.client.sandbox import ControlError
from mockserver.testing import ImagesMock
from tests.conftest import Api, error, generate
from tests.test_control import HERE, QUOTA, ask


@pytest.mark.parametrize(
    "how", [{"params": {"sandbox": "*"}}, {"headers": {"Mock-Sandbox-Key": "*"}}]
)
def test_a_rule_of_all_meets_every_sandbox_and_is_counted_once(
    api: Api, how: dict[str, Any]
) -> None:
    client = api()
    generate(client, key="sk-mock-a")
    made = client.post("/_mock/rules", json=QUOTA | {"times": 2}, **how)
    assert made.status_code == 201
    assert (made.json()["id"], made.json()["origin"], made.json()["sandbox"]) == ("a1", "all", "*")
    keys = ["sk-mock-a", "sk-mock-new", "sk-mock-a"]
    assert [generate(client, key=k).status_code for k in keys] == [429, 429, 200]
    (told,) = client.get("/_mock/rules", **how).json()["rules"]
    assert told["fired"] == 2
    assert client.get("/_mock/rules").json()["rules"] == [told]
    assert ask(client, "GET", "rules") == {"rules": [told]}
    assert ask(client, "GET", "rules/a1") == told


def test_the_kth_call_is_that_of_all_together(api: Api) -> None:
    client = api()
    client.post("/_mock/rules?sandbox=*", json=QUOTA | {"when": {"call": 2}})
    statuses = [generate(client, key=f"sk-mock-{n}").status_code for n in range(3)]
    assert statuses == [200, 429, 200]


def test_a_sandbox_s_own_rules_go_before_those_of_all(api: Api) -> None:
    client = api(rules=[{"name": "file", "when": {"prompt": "f"}} | QUOTA])
    for which, name in [("", "own"), ("", "own next"), ("*", "all"), ("*", "all next")]:
        body = QUOTA | {"name": name} | ({"next": True} if "next" in name else {})
        query = {"params": {"sandbox": "*"}} if which else {"headers": HERE}
        client.post("/_mock/rules", json=body, **query)  # type: ignore[arg-type]
    names = [r["name"] for r in ask(client, "GET", "rules")["rules"]]
    assert names == ["own next", "all next", "own", "all", "file"]


def test_rules_of_all_outlive_a_sandbox_and_go_with_all(api: Api) -> None:
    client = api()

    def add() -> None:
        assert client.post("/_mock/rules?sandbox=*", json=QUOTA).status_code == 201
        assert generate(client).status_code == 429

    add()
    for method, path in [("POST", "sandbox"), ("POST", "reset"), ("DELETE", "rules")]:
        ask(client, method, path, json={} if method == "POST" else None)
        assert generate(client).status_code == 429
    assert client.delete("/_mock/rules/a1", headers=HERE).status_code == 400
    assert (
        client.put("/_mock/rules/a1?sandbox=*", json={"then": {"error": "internal"}}).json()[
            "fired"
        ]
        == 0
    )
    assert generate(client).status_code == 500
    assert client.delete("/_mock/rules/a1?sandbox=*").status_code == 200
    assert generate(client).status_code == 200
    for method, path in [
        ("DELETE", "rules?sandbox=*"),
        ("POST", "reset?sandbox=*"),
        ("POST", "reset"),
    ]:
        add()
        client.request(method, f"/_mock/{path}", json={})
        assert generate(client).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "sandbox"), ("PUT", "limits"), ("POST", "clock/advance"), ("DELETE", "requests")],
)
def test_all_together_have_nothing_but_rules_to_set(api: Api, method: str, path: str) -> None:
    answer = api().request(method, f"/_mock/{path}?sandbox=*", json={})
    assert answer.status_code == 400
    assert "have rules, and a reset" in error(answer)["message"]


def test_a_handle_on_all_scripts_and_sees_every_sandbox() -> None:
    with ImagesMock() as mock, httpx2.Client() as client:
        everyone = mock.sandbox("*")
        rule = everyone.on(contains="fox").refuse()

        def status(key: str) -> int:
            headers = {"Authorization": f"Bearer {key}"}
            body = {"prompt": "a fox", "size": "256x256"}
            return client.post(
                f"{mock.url}/images/generations", json=body, headers=headers
            ).status_code

        assert [status("sk-mock-a"), status("sk-mock-b")] == [400, 400]
        assert rule.fired == 2
        everyone.assert_called(2, contains="fox")
        assert mock.sandbox("sk-mock-a").unused_rules() == []
        rule.remove()
        assert status("sk-mock-a") == 200
        with pytest.raises(ControlError, match="name one"):
            everyone.clock.advance(1)
