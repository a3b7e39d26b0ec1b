"""The HTTP surface, in process under a clock that stands still: routes, headers, rules, limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.facts import load
from tests.conftest import Api

GENERATIONS = "/v1/images/generations"
TIERS = load().limits["model-page"]["dall-e-2"]


def error(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["error"]
    return found


def generate(client: TestClient, **body: Any) -> Any:
    key = body.pop("key", "sk-mock-me")
    headers = {"Authorization": f"Bearer {key}"}
    return client.post(GENERATIONS, json={"prompt": "x"} | body, headers=headers)


# -- routes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/images/generations/images/generations"),
        ("GET", "/v1/nope"),
        ("GET", "/v1/models/"),
        ("DELETE", "/v1/files/x"),
    ],
)
def test_an_unknown_url_is_named_in_the_error(api: Api, method: str, path: str) -> None:
    response = api().request(method, path)
    if path == "/v1/models/":
        assert error(response)["code"] == "model_not_found"
        return
    assert response.status_code == 404
    assert error(response)["message"] == f"Invalid URL ({method} {path})"
    assert "mock-hint" not in response.headers


def test_a_base_url_without_v1_gets_its_404_and_a_hint(api: Api) -> None:
    response = api().post("/images/generations", json={"prompt": "x"})
    assert response.status_code == 404
    assert error(response)["message"] == "Invalid URL (POST /images/generations)"
    assert "/v1" in response.headers["mock-hint"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", GENERATIONS, "POST"), ("DELETE", "/v1/models", "GET"), ("PUT", GENERATIONS, "POST")],
)
def test_a_wrong_method_is_a_405(api: Api, method: str, path: str, allowed: str) -> None:
    response = api().request(method, path)
    assert response.status_code == 405
    assert error(response)["message"] == f"Only {allowed} requests are accepted."


def test_chat_says_that_this_is_no_chat_model(api: Api) -> None:
    response = api().post("/v1/chat/completions", json={"model": "dall-e-2"})
    assert response.status_code == 404
    assert error(response)["message"].startswith("This is not a chat model")


def test_models_are_laid_out_as_recorded(api: Api) -> None:
    assert api().get("/v1/models/dall-e-2").text == (
        '{\n  "id": "dall-e-2",\n  "object": "model",\n  "created": 1698798177,\n'
        '  "owned_by": "system"\n}\n'
    )


def test_the_root_tells_how_to_use_this_server_without_a_key(api: Api) -> None:
    client = api()
    client.headers.pop("Authorization")
    text = client.get("/").text
    assert "export OPENAI_BASE_URL=http://localhost:6780/v1" in text
    assert "sk-mock-free" in text


@pytest.mark.parametrize("path", [GENERATIONS, "/v1/models", "/v1/models/dall-e-2"])
def test_every_route_of_the_api_wants_a_key(api: Api, path: str) -> None:
    client = api()
    client.headers.pop("Authorization")
    response = client.post(path, json={}) if path == GENERATIONS else client.get(path)
    assert response.status_code == 401
    assert error(response)["message"].startswith("You didn't provide an API key.")
    assert response.headers["www-authenticate"] == 'Bearer realm="OpenAI API"'


# -- bodies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"prompt": NaN}', b"\xff", "é".encode("utf-16"), b"[" * 100_000, b"1" * 5000]
    + [b'{"prompt": "x"} x', b"\xef\xbb\xbf{}"],
    ids=repr,
)
def test_what_is_not_json_is_refused_in_the_words_of_the_api(api: Api, body: bytes) -> None:
    response = api().post(GENERATIONS, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert error(response)["message"].startswith("We could not parse the JSON body of your request")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_wrong_content_type_is_named(api: Api, kind: str) -> None:
    response = api().post(GENERATIONS, content=b"{}", headers={"Content-Type": kind})
    assert error(response)["message"] == (
        f"Invalid Content-Type header ({kind}), expected application/json. "
        "(HINT: If you're using curl, you can pass -H 'Content-Type: application/json')"
    )


def test_a_charset_beside_the_content_type_is_fine(api: Api) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert api().post(GENERATIONS, content=b'{"prompt": "x"}', headers=headers).status_code == 200


def test_a_prompt_with_lone_surrogates_is_drawn(api: Api) -> None:
    body = b'{"prompt": "\\ud83d x", "response_format": "b64_json", "size": "256x256"}'
    headers = {"Content-Type": "application/json"}
    assert api().post(GENERATIONS, content=body, headers=headers).status_code == 200
    linked = api().post(GENERATIONS, content=b'{"prompt": "\\ud83d x"}', headers=headers).json()
    assert api().get(linked["data"][0]["url"]).status_code == 200


def test_a_body_over_the_cap_is_refused_whether_its_length_is_told_or_not(api: Api) -> None:
    client = api(max_body="1KiB")

    def chunks() -> Iterator[bytes]:
        yield from (b"x" * 600, b"x" * 600)

    told = client.post(GENERATIONS, content=b"x" * 1025)
    untold = client.post(GENERATIONS, content=chunks())
    elsewhere = client.post("/v1/nope", content=b"x" * 1025)
    for response in (told, untold, elsewhere):
        assert response.status_code == 413
        assert "Maximum content size limit (1024) exceeded" in error(response)["message"]


# -- headers -----------------------------------------------------------------------------------


def test_a_success_carries_the_headers_that_were_recorded(api: Api) -> None:
    headers = generate(api()).headers
    assert headers["content-type"] == "application/json"
    assert headers["openai-version"] == "2020-10-01"
    assert re.fullmatch(r"user-[a-z0-9]{24}", headers["openai-organization"])
    assert re.fullmatch(r"req_[0-9a-f]{32}", headers["x-request-id"])
    assert int(headers["openai-processing-ms"]) >= 1
    assert not any(name.startswith("x-ratelimit") for name in headers)
    assert "server" not in headers


def test_a_401_names_no_organization(api: Api) -> None:
    assert "openai-organization" not in generate(api(), key="sk-mock-revoked").headers


def test_request_ids_are_the_same_row_for_the_same_seed(api: Api) -> None:
    rows = []
    for seed in ("1", "1", "2"):
        client = api(seed=seed)
        rows.append([generate(client).headers["x-request-id"] for _ in range(3)])
    assert rows[0] == rows[1] != rows[2]
    assert len(set(rows[0])) == 3


def test_a_retired_model_is_answered_with_a_warning_from_its_last_day(
    api: Api, clock: ManualClock
) -> None:
    assert "mock-warning" not in generate(api()).headers
    clock.advance((date(2026, 5, 12) - date(2025, 3, 31)).days * 86_400)
    assert "2026-05-12" in generate(api()).headers["mock-warning"]
    assert "2026-05-12" in api().get("/v1/models/dall-e-3").headers["mock-warning"]


def test_a_page_on_loopback_may_call_from_a_browser_and_others_when_let_in(api: Api) -> None:
    def preflight(client: TestClient, origin: str) -> Any:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        return client.options(GENERATIONS, headers=asked)

    allowed = preflight(api(), "http://localhost:3000")
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert preflight(api(), "https://evil.example").status_code == 400
    app = api(cors_origin=["https://app.test"])
    assert preflight(app, "https://app.test").status_code == 200
    refused = app.post(GENERATIONS, json={}, headers={"Origin": "https://app.test"})
    assert refused.status_code == 400
    assert refused.headers["access-control-allow-origin"] == "https://app.test"


# -- Host --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:80", "app.localhost:6780", "127.0.0.1:6780", "[::1]:6780", "10.1.2.3"]
    + ["images-mock:6780", "host.docker.internal", "localhost.", "mock.test", "a.ci.test"],
)
def test_names_that_no_site_can_own_are_answered(api: Api, host: str) -> None:
    client = api(public_url="https://mock.test/x", allowed_host=["*.ci.test"])
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "1.2.3.4.5", "ci.test"]
)
def test_other_names_get_421_that_names_the_setting(api: Api, host: str) -> None:
    client = api(allowed_host=["*.ci.test"])
    for path in ("/", "/_mock/ready", "/v1/models"):
        response = client.get(path, headers={"Host": host})
        assert response.status_code == 421
        assert f"--allowed-host {host}" in error(response)["message"]


# -- control -----------------------------------------------------------------------------------


def test_off_loopback_the_control_surface_wants_its_token_but_for_live_and_ready(api: Api) -> None:
    client = api(host="0.0.0.0", control_token="secret")
    assert client.get("/_mock/live").status_code == 200
    assert client.get("/_mock/ready").status_code == 200
    assert client.get("/_mock/requests").status_code == 401
    right = {"Authorization": "Bearer secret"}
    assert client.get("/_mock/requests", headers=right).status_code == 404
    assert api(host="0.0.0.0").get("/_mock/requests", headers=right).status_code == 401
    assert api().get("/_mock/requests").status_code == 404


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


def test_free_has_no_images_and_no_wait(api: Api) -> None:
    for client, key in ((api(tier="free"), "x"), (api(limits="5/min"), "sk-mock-free-x")):
        refused = generate(client, key=key)
        assert "Limit: 0/1min. Current: 1/1min." in error(refused)["message"]
        assert "retry-after" not in refused.headers


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

    monkeypatch.setattr("mockserver.endpoints.pictures", explode)
    response = generate(api())
    assert response.status_code == 500
    request_id = response.headers["x-request-id"]
    assert f"(Please include the request ID {request_id} in your email.)" in error(response)["message"]
    logged = capsys.readouterr().err
    assert logged.count("\n") == 1
    assert logged.startswith(f"ERROR {request_id} RuntimeError: boom\\nsecond line at ")


# -- log ---------------------------------------------------------------------------------------


def test_the_access_log_is_one_line_with_control_characters_escaped(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(api(log_format="text"), prompt="a\nb\x1b[31m\u202e fox", n=2, size="512x512")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.startswith("00:00:00 200 POST /v1/images/generations dall-e-2 512x512 n=2 $0.036 ")
    assert line.endswith('"a\\nb\\x1b[31m\\u202e fox"\n')


def test_the_json_log_is_an_object_a_line(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    generate(api(log_format="json"), key="sk-mock-tier5")
    told = json.loads(capsys.readouterr().err)
    assert (told["status"], told["model"], told["usd"]) == (200, "dall-e-2", 0.016)
    assert "tier5" not in str(told)


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
