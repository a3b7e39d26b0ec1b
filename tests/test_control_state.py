"""The control API on a sandbox's state: clock, limits, ledger, reset; and who may ask at all."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.clock import ManualClock
from tests.conftest import GENERATIONS, Api, error, generate
from tests.test_control import HERE, QUOTA, ask

# -- clock and waits ---------------------------------------------------------------------------


def test_a_moved_clock_moves_limits_and_expiry_and_created(api: Api) -> None:
    client = api()
    first = generate(client).json()
    assert client.get(first["data"][0]["url"]).status_code == 200
    moved = ask(client, "POST", "clock/advance", json={"seconds": 7200})
    assert moved == {"now": 1_743_379_200.0 + 7200, "moved": 7200.0, "standing": False}
    assert ask(client, "GET", "clock") == moved
    assert client.get(first["data"][0]["url"]).status_code == 403
    assert generate(client).json()["created"] == first["created"] + 7200
    assert generate(client, key="sk-mock-other").json()["created"] == first["created"]
    ask(client, "POST", "reset", json={"only": ["clock"]})
    assert generate(client).json()["created"] == first["created"]


@pytest.mark.parametrize(
    "far",
    [{"seconds": value} for value in (-1, "60", "1 h", "9999999d", None, True, 1e12)]
    + [{"minutes": value} for value in ("2m", -1, None, True, 1e12)]
    + [{"days": 3651}, {"hours": 1, "weeks": 1}, {}, []],
    ids=str,
)
def test_a_clock_moves_on_by_a_length_of_time_and_not_beyond_reason(api: Api, far: Any) -> None:
    client, decade = api(), 3650 * 86_400
    answer = client.post("/_mock/clock/advance", json=far, headers=HERE)
    assert answer.status_code == 400
    ask(client, "POST", "clock/advance", json={"seconds": decade})
    again = client.post("/_mock/clock/advance", json={"seconds": 1}, headers=HERE)
    assert again.status_code == 400
    assert generate(client).status_code == 200


@pytest.mark.parametrize(
    ("far", "seconds"),
    [({"minutes": 2}, 120), ({"hours": 1.5}, 5400), ({"days": 1, "seconds": 1}, 86_401)]
    + [
        ({"seconds": "250ms"}, 0.25),
        ({"seconds": "2m"}, 120),
        ({"seconds": "1h", "days": 0}, 3600),
    ],
    ids=str,
)
def test_a_clock_moves_on_by_seconds_minutes_hours_and_days_or_a_text(
    api: Api, far: dict[str, Any], seconds: float
) -> None:
    assert ask(api(), "POST", "clock/advance", json=far)["moved"] == seconds


def test_a_tier_and_a_seed_may_be_numbers(api: Api) -> None:
    client = api(limits="measured-2024")
    told = ask(client, "PUT", "limits", json={"tier": 5})
    assert told == ask(client, "PUT", "limits", json={"tier": 5.0})
    assert told == ask(client, "PUT", "limits", json={"tier": "5"})
    ask(client, "POST", "sandbox", json={"tier": 5, "seed": 7})
    assert ask(client, "GET", "limits") == told
    number = generate(client).json()["data"][0]["url"]
    ask(client, "POST", "sandbox", json={"seed": "7"})
    assert generate(client).json()["data"][0]["url"] == number


def test_a_scaled_retry_succeeds_exactly_when_an_unscaled_one_would(
    api: Api, clock: ManualClock
) -> None:
    client = api()
    ask(client, "POST", "sandbox", json={"standing": True, "per_minute": 5})
    ask(client, "PUT", "limits", json={"per_minute": 5})
    assert generate(client, n=5).status_code == 200
    clock.advance(3600)
    refused = generate(client)
    assert refused.status_code == 429  # real time does not count
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("12", "12")
    assert generate(client, prompt="another").status_code == 429
    assert generate(client).status_code == 429  # at once is too early
    clock.advance(0.011)
    assert generate(client).status_code == 429  # and so is this
    clock.advance(0.012)
    assert generate(client).status_code == 200
    assert ask(client, "GET", "clock")["moved"] == 12
    assert generate(client, prompt="another").status_code == 429  # the other wait ran meanwhile
    assert "clock moved on by 12 s" in ask(client, "GET", "requests")["requests"][-2]["trace"][0]


def test_an_unscaled_retry_of_the_same(api: Api, clock: ManualClock) -> None:
    client = api(limits="5/min")
    generate(client, n=5)
    assert generate(client).headers["retry-after-ms"] == "12000"
    clock.advance(11.999)
    assert generate(client).status_code == 429
    clock.advance(0.001)
    assert generate(client).status_code == 200


def test_one_sandboxs_clock_takes_no_upload_from_another(api: Api) -> None:
    from tests.test_rules import png

    client = api(as_of="2024-06-01")

    def edit(key: str) -> str:
        sent = {"image": ("a.png", png("RGBA", 16 + len(key)), "image/png")}
        form, headers = {"prompt": "x", "size": "256x256"}, {"Authorization": f"Bearer {key}"}
        answer = client.post("/v1/images/edits", data=form, files=sent, headers=headers)
        return str(answer.json()["data"][0]["url"])

    url = edit("sk-mock-other")
    ask(client, "POST", "clock/advance", json={"seconds": 86_400})
    assert client.get(edit("sk-mock-me")).status_code == 200
    assert client.get(url).status_code == 200


# -- limits ------------------------------------------------------------------------------------


def test_the_limits_of_a_sandbox_by_its_name_are_those_of_its_key(api: Api) -> None:
    generate(client := api(), key="sk-mock-tier5")
    (by_name,) = client.get("/_mock/sandboxes").json()["sandboxes"]
    told = client.get("/_mock/limits", params={"sandbox": by_name["name"]}).json()
    assert told == client.get("/_mock/limits", headers={"Mock-Sandbox-Key": "sk-mock-tier5"}).json()
    assert told["limits"][0]["per_minute"] > 500


def test_limits_are_told_set_refilled_and_reset(api: Api) -> None:
    client = api()

    def of_model(told: Any) -> tuple[int | None, int]:
        (found,) = [m for m in told["limits"] if m["model"] == "dall-e-2"]
        return found["per_minute"], found["used"]

    before = of_model(ask(client, "GET", "limits"))[0]
    generate(client, n=2)
    assert of_model(ask(client, "PUT", "limits", json={"per_minute": 3})) == (3, 0)
    assert generate(client, n=2).status_code == 200
    assert of_model(ask(client, "GET", "limits")) == (3, 2)
    assert generate(client, n=2).status_code == 429
    assert of_model(ask(client, "POST", "limits/refill")) == (3, 0)
    assert generate(client, n=2).status_code == 200
    assert of_model(ask(client, "PUT", "limits", json={"per_minute": None, "tier": "off"})) == (
        None,
        0,
    )
    ask(client, "POST", "reset", json={"only": ["limits"]})
    assert of_model(ask(client, "GET", "limits")) == (before, 0)
    wrong: list[Any] = [{"tier": "9"}, {"tier": 9}, {"tier": True}, {"per_minute": -1}]
    for bad in [*wrong, {"per_minute": True}, {"x": 1}, []]:
        assert client.put("/_mock/limits", json=bad, headers=HERE).status_code == 400


# -- ledger ------------------------------------------------------------------------------------


def test_a_budget_refuses_what_would_exceed_it_and_the_ledger_lists_each_price(api: Api) -> None:
    client = api()
    assert ask(client, "PUT", "ledger", json={"budget_usd": 0.05})["budget_usd"] == 0.05
    for prompt in ("x", "y"):
        assert generate(client, prompt=prompt, size="512x512").status_code == 200
    refused = generate(client, prompt="z", size="512x512", n=5)
    assert (refused.status_code, error(refused)["code"]) == (400, "billing_hard_limit_reached")
    told = ask(client, "GET", "ledger")
    assert (told["spent_usd"], [r["usd"] for r in told["requests"]]) == (0.036, [0.018, 0.018])
    assert told["requests"][0].items() >= {"model": "dall-e-2", "size": "512x512", "n": 1}.items()
    assert (told["received_usd"], told["lost_usd"]) == (0.036, 0)
    ask(client, "DELETE", "requests")
    assert ask(client, "GET", "ledger") == told
    ask(client, "POST", "reset", json={"only": ["ledger"]})
    nothing: dict[str, Any] = dict.fromkeys(("spent_usd", "received_usd", "lost_usd"), 0.0)
    nothing |= {"budget_usd": None, "prices": "model-page", "requests": []}
    assert ask(client, "GET", "ledger") == nothing
    assert client.put("/_mock/ledger", json={"budget_usd": "1"}, headers=HERE).status_code == 400


# -- reset and sandboxes -----------------------------------------------------------------------


def test_a_reset_empties_all_or_what_is_named_of_one_sandbox_or_all(api: Api) -> None:
    client = api()
    for key in ("sk-mock-me", "sk-mock-other"):
        client.post("/_mock/rules", json=QUOTA | {"times": 1}, headers={"Mock-Sandbox-Key": key})
        generate(client, key=key)
        generate(client, key=key)

    def left() -> list[tuple[int, int, float]]:
        found = client.get("/_mock/sandboxes").json()["sandboxes"]
        return [(s["requests"], s["rules"], s["spent_usd"]) for s in found]

    ask(client, "POST", "reset", json={"only": ["requests"]})
    assert sorted(left()) == [(0, 1, 0.016), (2, 1, 0.016)]
    ask(client, "POST", "reset")
    assert sorted(left()) == [(0, 0, 0), (2, 1, 0.016)]
    assert client.post("/_mock/reset", json={}).json() == {}
    assert left() == [(0, 0, 0)] * 2
    for bad, words in [
        ({"only": ["all"]}, "only can't have 'all'; there is requests, rules,"),
        ({"only": ["rule"]}, "did you mean rules?"),
        ({"only": "rules"}, "only must be a list of requests,"),
        ({"parts": ["rules"]}, "did you mean only?"),
    ]:
        answer = client.post("/_mock/reset", json=bad)
        assert answer.status_code == 400
        assert words in error(answer)["message"]


def test_a_sandbox_begins_anew_with_its_options_and_keeps_them_over_a_reset(api: Api) -> None:
    client = api()
    url = generate(client).json()["data"][0]["url"]
    options = {"tier": "2", "as_of": "2024-06-01", "seed": "7", "budget_usd": 0.02}
    begun = ask(client, "POST", "sandbox", json=options)
    assert begun["late"] == 0
    life = {"spent_usd": 0.016, "late": [], "waited": 0}
    assert begun["ended"] == life
    assert ask(client, "POST", "sandbox", json=options)["ended"] == {**life, "spent_usd": 0}
    assert client.get("/_mock/sandboxes").json()["sandboxes"][0]["name"] == begun["sandbox"]
    ask(client, "POST", "reset")
    other = generate(client, model="dall-e-2", size="1024x1024").json()["data"][0]["url"]
    assert client.get(other).content != client.get(url).content
    assert error(generate(client, model="dall-e-2"))["code"] == "billing_hard_limit_reached"
    for bad in ({"as_of": "1999-01-01"}, {"seed": ""}, {"standing": 1}, {"budget": 1}):
        assert client.post("/_mock/sandbox", json=bad, headers=HERE).status_code == 400


def test_the_settings_are_told_but_no_secret(api: Api) -> None:
    client = api(control_token="secret", limits="5/min", latency="1.5s", rules=[QUOTA])
    right = {"Authorization": "Bearer secret"}
    settings = client.get("/_mock/config", headers=right).json()["settings"]
    assert (
        settings.items()
        >= {
            "control-token": "(hidden)",
            "limits": "5/min",
            "latency": "1.5s",
            "keys": "any",
            "tier": "1",
            "as-of": None,
            "cors-origin": None,
            "rules": "1 rule",
        }.items()
    )
    plain = api(latency="measured*0.5", cors_origin=["*"], keys="mock").get("/_mock/config").json()
    assert (
        plain["settings"].items()
        >= {
            "limits": "model-page",
            "latency": "measured*0.5",
            "cors-origin": "*",
            "keys": "mock",
            "control-token": None,
        }.items()
    )


# -- who may ask -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:6780"}, 200),
        ({"Origin": "http://mock.test"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "null"}, 403),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_web_page_of_another_origin_gets_in(
    api: Api, method: str, headers: dict[str, str], status: int
) -> None:
    client = api(public_url="http://mock.test", cors_origin=["*"])
    path = "/_mock/reset" if method == "POST" else "/_mock/requests"
    asked = headers | {"Access-Control-Request-Method": "GET"} if method == "OPTIONS" else headers
    answer = client.request(method, path, headers=asked)
    assert answer.status_code == (405 if method == "OPTIONS" and status == 200 else status)
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json; charset=utf-8", b"{}", 200),
        ("application/json", b"", 200),
        ("text/plain", b"{}", 415),
        ("text/plain", b"", 415),
        ("application/x-www-form-urlencoded", b"a=1", 415),
        ("", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b"[NaN]", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b"[]", 400),
        ("application/json", b'"\xff"', 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_must_be_json_and_say_so(
    api: Api, content_type: str, body: bytes, status: int
) -> None:
    headers = HERE | ({"Content-Type": content_type} if content_type else {})
    answer = api().post("/_mock/reset", content=body, headers=headers)
    assert answer.status_code == status
    assert "application/json" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b"{'only': []}",
            "line 1, column 2: Expecting property name enclosed in double quotes, at",
        ),
        (b'{"only": [],\n "x" 1}', "line 2, column 6: Expecting ':' delimiter, at '1}'"),
        (b'{"only": [', "line 1, column 11: Expecting value, but it ends there"),
        (b"{} {}", "line 1, column 4: Extra data, at '{}'"),
        (b'"\xff"', "its byte 2 is not of UTF-8"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[" * 100_000, "too many brackets in one another"),
        (b"1" * 5000, "The body is no JSON: Exceeds the limit"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_json_is_told_where_and_why(api: Api, body: bytes, words: str) -> None:
    headers = HERE | {"Content-Type": "application/json"}
    answer = api().post("/_mock/reset", content=body, headers=headers)
    assert answer.status_code == 400
    assert words in error(answer)["message"]


def test_a_body_over_the_cap_is_refused(api: Api) -> None:
    client = api(max_body="1KiB")
    assert client.post("/_mock/rules", json={"name": "x" * 2000}, headers=HERE).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "", 404, "/_mock/openapi.json"),
        ("GET", "journal", 404, "/_mock/openapi.json tells"),
        ("GET", "request", 404, "did you mean /_mock/requests?"),
        ("GET", "requests/", 404, "did you mean /_mock/requests?"),
        ("GET", "rule/r1", 404, "did you mean /_mock/rules/r1?"),
        ("POST", "clock/advnce", 404, "did you mean /_mock/clock/advance?"),
        ("POST", "clock", 405, "Did you mean POST /_mock/clock/advance?"),
        ("GET", "requests/count", 405, "Only POST"),
        ("PATCH", "rules/r1", 405, "Only GET, PUT, DELETE"),
        ("GET", "requests?modell=x", 400, "did you mean model?"),
        ("GET", "rules?limit=x", 400, "there is sandbox"),
        ("GET", "requests?limit=x", 400, "whole number"),
        ("GET", "requests?limit=1&limit=2", 400, "only once"),
        ("GET", "requests?since=nope", 404, "no 'nope' to begin at, or no longer: leave since out"),
        ("GET", "downloads?since=nope", 404, "leave since out"),
        ("GET", "downloads?made_by=nope", 404, "no request 'nope'"),
        ("GET", "requests?status=42", 400, "from 100 to 599, or 0"),
        ("GET", "requests?status=4xx", 400, "whole number"),
        ("GET", "requests?operation=generate", 400, "did you mean images.generate?"),
        ("GET", "requests/summary?operation=x", 400, "there is , images.generate"),
        ("GET", "requests?path=v1/models", 400, "from its first / on"),
        ("GET", "requests?path=/v1/models?x", 400, "without a query"),
        ("GET", "requests?rule=r9", 404, "no rule 'r9'"),
        ("GET", "requests?call=req_9", 404, "no call 'req_9'"),
        ("GET", "requests?raw=yes", 400, "raw must be true or false"),
        ("GET", "requests/summary?limit=1", 400, "there is sandbox, status"),
    ],
)
def test_what_is_not_there_is_told(
    api: Api, method: str, path: str, status: int, words: str
) -> None:
    answer = api(as_of="2026-04-01").request(method, f"/_mock/{path}", headers=HERE)
    assert answer.status_code == status
    assert words in error(answer)["message"]
    assert (status == 405) is ("allow" in answer.headers)


def test_the_control_api_is_never_journaled_limited_or_faulted_nor_logged(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(rules=[{"then": {"error": "internal"}}], limits="0/min", log_format="text")
    for _ in range(3):
        nothing = {"requests": [], "late": [], "open": [], "waited": 0}
        assert ask(client, "GET", "requests") == nothing
    client.get("/_mock/nope")
    assert client.get("/_mock/requests").json()["requests"] == []
    assert capsys.readouterr().err == ""
    assert client.post(GENERATIONS, json={"prompt": "x"}).status_code == 500
    assert "500 POST" in capsys.readouterr().err
