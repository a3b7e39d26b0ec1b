"""Generations in process, under a clock that stands still: limits, latency, URLs, failures, log."""

from __future__ import annotations

import json

import pytest

from mockserver.clock import ManualClock
from mockserver.facts import load
from tests.conftest import Api, error, generate

TIERS = {t: limits[0].per_minute for t, limits in load().limits["model-page"]["dall-e-2"].items()}

# -- limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", TIERS)
def test_a_burst_gets_exactly_the_number_of_its_tier(api: Api, tier: str) -> None:
    client, limit = api(tier=tier), TIERS[tier]
    for _ in range(limit // 10):
        assert generate(client, n=10).status_code == 200
    refused = generate(client)
    assert refused.status_code == 429
    said = f"Limit: {limit}/1min. Current: {limit + 1}/1min."
    assert said in error(refused)["message"]
    assert error(refused)["type"] == "requests"


def test_the_wait_that_is_told_lets_the_same_request_pass(api: Api, clock: ManualClock) -> None:
    client = api(limits="7/min")
    assert generate(client, n=7).status_code == 200
    refused = generate(client, n=1)
    assert refused.headers["retry-after-ms"] == "8572"  # 60/7 s, rounded up
    assert refused.headers["retry-after"] == "9"
    clock.advance(8.571)
    assert generate(client, n=1).status_code == 429
    clock.advance(0.001)
    assert generate(client, n=1).status_code == 200


def test_more_than_the_limit_at_once_is_refused_without_a_wait(api: Api) -> None:
    refused = generate(api(limits="5/min"), n=6)
    assert "Limit: 5/1min. Current: 6/1min." in error(refused)["message"]
    assert not {"retry-after", "retry-after-ms"} & set(refused.headers)


def test_the_journal_tells_what_limit_and_budget_decided(api: Api) -> None:
    client, here = api(limits="3/min"), {"Mock-Sandbox-Key": "sk-mock-me"}

    def decided(n: int, key: str = "sk-mock-me") -> tuple[int, bool, float, list[str]]:
        status = generate(client, n=n, key=key).status_code
        last = client.get("/_mock/requests/last", headers={"Mock-Sandbox-Key": key}).json()
        return status, last["scripted"], last["usd"], last["trace"]

    full = "limit 3 a minute: 2 used, {0} more is too many"
    assert decided(2) == (200, False, 0.032, ["limit 3 a minute: 2 used"])
    assert decided(2) == (429, True, 0.0, [full.format(2)])
    assert decided(4) == (429, True, 0.0, [full.format(4)])
    client.put("/_mock/ledger", json={"budget_usd": 0.04}, headers=here)
    assert decided(1) == (400, True, 0.0, ["budget: $0.016 more would exceed it"])
    assert decided(1, "sk-mock-no-credit")[:3] == (429, True, 0.0)


def test_free_has_no_images_and_no_wait(api: Api) -> None:
    for client, key in ((api(tier="free"), "x"), (api(limits="5/min"), "sk-mock-free-x")):
        refused = generate(client, key=key)
        assert "Limit: 0/1min. Current: 1/1min." in error(refused)["message"]
        assert "retry-after" not in refused.headers


@pytest.mark.parametrize(
    ("chosen", "is_free"), [({"tier": "free"}, True), ({"limits": "5/min"}, False)]
)
def test_free_is_told_what_would_help(api: Api, chosen: dict[str, str], is_free: bool) -> None:
    refused = generate(api(as_of="2025-06-15", **chosen), n=10)
    assert "Requested 10. " in error(refused)["message"]
    assert ("by adding a payment method" in error(refused)["message"]) is is_free


def test_sandboxes_and_models_have_limits_of_their_own(api: Api) -> None:
    client = api(limits="1/min")
    assert generate(client, key="a").status_code == 200
    assert generate(client, key="a").status_code == 429
    assert generate(client, key="b").status_code == 200
    assert generate(client, key="a", model="dall-e-3").status_code == 200


def test_a_request_that_is_refused_for_its_words_costs_nothing(api: Api) -> None:
    client = api(limits="1/min")
    assert generate(client, size="1x1").status_code == 400
    assert generate(client).status_code == 200


def test_off_means_no_limit(api: Api) -> None:
    client = api(tier="off", limits="1/min")
    assert {generate(client, n=10).status_code for _ in range(20)} == {200}


def test_a_key_of_a_tier_overrides_the_server_s(api: Api) -> None:
    client = api(tier="off")
    assert generate(client, key="sk-mock-free").status_code == 429


# -- time and errors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latency", "least", "most"),
    [("none", 0, 0), ("1500ms", 1.5, 1.5), ("measured", 4.5, 8.7), ("measured*0.1", 0.45, 0.87)],
)
def test_an_answer_is_held_back_as_long_as_latency_says(
    api: Api, clock: ManualClock, latency: str, least: float, most: float
) -> None:
    before = clock.now()
    response = generate(api(latency=latency))
    waited = (clock.now() - before) / 1e9
    assert least <= waited <= most
    assert int(response.headers["openai-processing-ms"]) == max(1, int(waited * 1000))


def test_created_is_the_end_of_the_job_and_urls_start_with_the_public_address(
    api: Api, clock: ManualClock
) -> None:
    body = generate(api(latency="10s", public_url="https://mock.test/x/")).json()
    assert body["created"] == clock.now() // 10**9
    assert body["data"][0]["url"].startswith("https://mock.test/x/private/org-")


def test_an_expired_url_answers_the_403_of_the_blob_store(api: Api, clock: ManualClock) -> None:
    client = api()
    url = generate(client).json()["data"][0]["url"]
    assert client.get(url).status_code == 200
    clock.advance(3600)
    refused = client.get(url)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/xml"
    assert refused.headers["x-ms-error-code"] == "AuthenticationFailed"
    assert refused.text.endswith(
        "<AuthenticationErrorDetail>Signature not valid in the specified time frame: "
        "Start [Sun, 30 Mar 2025 23:00:00 GMT] - Expiry [Mon, 31 Mar 2025 01:00:00 GMT] - "
        "Current [Mon, 31 Mar 2025 01:00:00 GMT]</AuthenticationErrorDetail></Error>"
    )
    assert "\nTime:2025-03-31T01:00:00.0000000Z</Message>" in refused.text
    assert client.get(url.partition("?")[0]).status_code == 403


def test_an_unexpected_error_is_the_api_s_own_500_and_one_log_line(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("boom\nsecond line")

    monkeypatch.setattr("mockserver.api.images.base_url", explode)
    response = generate(api())
    assert response.status_code == 500
    request_id = response.headers["x-request-id"]
    assert (
        f"(Please include the request ID {request_id} in your email.)" in error(response)["message"]
    )
    logged = capsys.readouterr().err
    assert logged.count("\n") == 1
    assert logged.startswith(f"ERROR {request_id} RuntimeError: boom\\nsecond line at ")


# -- log ---------------------------------------------------------------------------------------


def test_the_access_log_is_one_line_with_control_characters_escaped(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(api(log_format="text"), prompt="é\nb\x1b[31m\u202e fox", n=2, size="512x512")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.startswith("00:00:00 200 POST /v1/images/generations dall-e-2 512x512 n=2 $0.036 ")
    assert line.endswith('"é\\nb\\x1b[31m\\u202e fox"\n')


REFUSES = {"name": "refuser", "when": {"prompt": "no"}, "then": {"error": "refused"}}


def test_every_word_of_a_log_line_stands_as_it_always_did(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format="text", latency="1.2346s", rules=[REFUSES])
    generate(client, prompt="x" * 61, n=2, size="256x256")
    generate(client, prompt="no")
    client.get("/v1/" + "y" * 1_000)
    asked = "POST /v1/images/generations dall-e-2"
    assert capsys.readouterr().err.splitlines() == [
        f'00:00:00 200 {asked} 256x256 n=2 $0.032 1234ms sandbox=AY6VvE "{"x" * 59}…"',
        f"00:00:01 400 {asked} 1024x1024 n=1 $0 1ms refused=refused rule=f1(refused) "
        'sandbox=AY6VvE "no"',
        f"00:00:01 404 GET /v1/{'y' * 995}… 1ms refused=unknown_url",
    ]


def test_every_name_of_a_line_of_the_json_log_stands_as_it_always_did(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format="json", latency="1.2346s")
    request_id = generate(client, size="256x256").headers["x-request-id"]
    assert json.loads(capsys.readouterr().err) == {
        "time": 1743379200.0,
        "status": 200,
        "method": "POST",
        "path": "/v1/images/generations",
        "ms": 1234,
        "id": request_id,
        "sandbox": "AY6VvE",
        "model": "dall-e-2",
        "size": "256x256",
        "n": 1,
        "usd": 0.016,
        "prompt": "x",
    }


def test_the_log_says_why_a_request_was_refused_but_nothing_of_its_key(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format="text", keys="mock")
    generate(client, n=11)
    generate(client, key="secret")
    logged = capsys.readouterr().err.splitlines()
    assert "refused=too_large(n)" in logged[0]
    assert "refused=incorrect_key" in logged[1]
    assert "secret" not in logged[1]


def test_a_warning_has_the_form_of_the_log(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    generate(api(log_format="json"), key="sk-" + "a" * 48)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert "looks like a real OpenAI key" in lines[0]["message"]


def test_the_json_log_is_an_object_a_line(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    generate(api(log_format="json"), key="sk-mock-tier5")
    told = json.loads(capsys.readouterr().err)
    assert (told["status"], told["model"], told["usd"]) == (200, "dall-e-2", 0.016)
    assert "tier5" not in str(told)


def test_a_json_line_tells_all_that_there_is_to_say(
    api: Api, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format="json")
    rule = {"when": {"prompt": "X"}, "then": {"quota": True}, "name": "fox"}
    client.post("/_mock/rules", json=rule, headers={"Mock-Sandbox-Key": "sk-mock-me"})
    clock.advance(0.25)
    answer = generate(client, n=2, prompt="a" * 100)
    told = json.loads(capsys.readouterr().err)
    assert isinstance(told.pop("ms"), int)
    assert told.pop("closest_rule").startswith("r1 \"fox\": ≠ prompt: wanted 'X', got")
    assert told.pop("time") == pytest.approx(1_743_379_200.25, abs=1e-6)
    assert told == {
        "status": 200,
        "method": "POST",
        "path": "/v1/images/generations",
        "id": answer.headers["x-request-id"],
        "sandbox": "AY6VvE",
        "model": "dall-e-2",
        "size": "1024x1024",
        "n": 2,
        "usd": 0.032,
        "prompt": "a" * 59 + "…",
    }


def test_each_form_of_the_log_tells_hints(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    hint = api(log_format="json").get("/images/generations").headers["mock-hint"]
    assert json.loads(capsys.readouterr().err)["hint"] == hint
    api(log_format="text").get("/images/generations")
    assert capsys.readouterr().err.splitlines()[1:] == [f"         hint: {hint}"]


def test_prices_come_from_the_chosen_list(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    for prices, usd in (("model-page", 0.016), ("billing", 0.02)):
        generate(api(log_format="json", prices=prices), size="1024x1024")
        assert json.loads(capsys.readouterr().err)["usd"] == usd
    generate(api(log_format="json"), model="dall-e-3", quality="hd")
    assert json.loads(capsys.readouterr().err)["usd"] == 0.08


def test_a_key_that_looks_real_is_warned_of_once_and_never_written(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "sk-proj-" + "aB3_" * 20
    client = api(log_format="text")
    assert generate(client, key=key).status_code == 200
    assert generate(client, key=key).status_code == 200
    said = capsys.readouterr().err
    assert said.count("WARNING") == 1
    assert key[:12] not in said
    assert key[-8:] not in said
