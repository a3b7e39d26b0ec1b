"""The HTTP surface, in process: routes, bodies, headers, the Host rule, the control surface."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from mockserver.clock import ManualClock
from tests.conftest import GENERATIONS, Api, error, generate

# -- routes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/images/generations/images/generations"),
        ("GET", "/v1/nope"),
        ("GET", "/v1/models/"),
        ("DELETE", "/v1/assistants/x"),
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


def test_a_server_may_tell_the_application_to_begin_and_to_end(api: Api) -> None:
    with api() as client:
        assert client.get("/v1/models").status_code == 200


def test_a_web_socket_is_closed_before_it_is_accepted(api: Api) -> None:
    with pytest.raises(WebSocketDisconnect), api().websocket_connect("/v1/images"):
        pass


def test_a_base_url_without_v1_gets_its_404_and_a_hint(api: Api) -> None:
    response = api().post("/images/generations", json={"prompt": "x"})
    assert response.status_code == 404
    assert error(response)["message"] == "Invalid URL (POST /images/generations)"
    assert "/v1" in response.headers["mock-hint"]


def unescaped(header: str) -> str:
    return header.encode().decode("unicode-escape")


@pytest.mark.parametrize(
    ("method", "path", "headers", "is_kept"),
    [
        ("POST", "/images/generations", {"Authorization": "Bearer sk-mock-out"}, True),
        ("GET", "/models", {"Authorization": "Bearer sk-mock-out"}, True),
        ("POST", "/v1x/images/edits", {}, True),
        ("POST", "/", {"Authorization": "Bearer sk-mock-out"}, True),
        ("GET", "/models", {}, False),
        ("GET", "/favicon.ico", {}, False),
        ("OPTIONS", "/models", {}, False),
        ("POST", "/private/x", {}, False),
        ("POST", "/_mock/nothing", {}, False),
    ],
)
def test_what_missed_the_api_is_in_the_journal_of_its_key(
    api: Api, method: str, path: str, headers: dict[str, str], is_kept: bool
) -> None:
    client = api()
    del client.headers["Authorization"]
    response = client.request(method, path, headers=headers)
    asked = client.get("/_mock/requests").json()["requests"]
    assert [(r["method"], r["path"], r["status"]) for r in asked] == (
        [(method, path, response.status_code)] if is_kept else []
    )
    if is_kept:
        assert asked[0]["trace"] == [f"hint: {response.headers['mock-hint']}"]
        assert bool(asked[0]["sandbox"]) is bool(headers)
        assert client.post("/_mock/requests/count", json={}).json() == {"count": 0}


@pytest.mark.parametrize("path", ["images%2fgenerations", "%69mages/generations", "images/edits/"])
@pytest.mark.parametrize("base", ["/v1/", "/%761/", "/v1//"])
def test_a_path_is_matched_as_it_came(api: Api, base: str, path: str) -> None:
    response = api().post(base + path, json={"prompt": "x"})
    assert response.status_code == 404
    assert error(response)["message"] == f"Invalid URL (POST {unquote(base + path)})"


def test_a_control_path_is_matched_as_it_came(api: Api) -> None:
    assert api().get("/%5fmock/requests").status_code == 404
    assert error(api().get("/_mock/%72equests"))["code"] == "not_found"


@pytest.mark.parametrize("name", ["a%2Fb", "a/b", "ft%3A1", "%C3%A9"])
def test_the_name_of_a_model_is_decoded(api: Api, name: str) -> None:
    assert f"'{unquote(name)}'" in error(api().get(f"/v1/models/{name}"))["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", GENERATIONS, "POST"),
        ("DELETE", "/v1/models", "GET"),
        ("PUT", GENERATIONS, "POST"),
        ("PUT", "/v1/models/dall-e-2", "DELETE, GET"),
    ],
)
def test_a_wrong_method_is_a_405(api: Api, method: str, path: str, allowed: str) -> None:
    response = api().request(method, path)
    assert response.status_code == 405
    assert error(response)["message"] == f"Only {allowed} requests are accepted."


@pytest.mark.parametrize("model", ["ft:123", "dall-e-2"])
def test_no_model_can_be_deleted(api: Api, model: str) -> None:
    response = api().delete(f"/v1/models/{model}")
    assert response.status_code == 404
    assert error(response)["message"] == f"The model '{model}' does not exist"


def test_what_only_begins_like_the_api_is_outside_of_it(api: Api) -> None:
    response = api().post("/v1x/images/generations")
    assert "mock-hint" in response.headers
    assert "openai-version" not in response.headers


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
    assert re.search(r"^    sk-mock-free +usage tier Free$", text, re.MULTILINE)
    assert "    sk-mock-project-limit 429 `project_spend_limit_exceeded`\n" in text


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
    elsewhere = client.post("/v1/nope", content=chunks())
    for response in (told, untold, elsewhere):
        assert response.status_code == 413
        assert "Maximum content size limit (1024) exceeded" in error(response)["message"]
        assert response.headers["mock-hint"] == "--max-body sets this bound"
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    spread = client.post("/v1/images/edits", content=b"x" * 1025, headers=form)
    assert "toFile(buffer" in spread.headers["mock-hint"]


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


def test_a_chunked_body_within_the_cap_arrives_whole(api: Api) -> None:
    pieces = iter([b'{"prompt"', b': "x"}'])
    headers = {"Content-Type": "application/json"}
    assert api().post(GENERATIONS, content=pieces, headers=headers).status_code == 200


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


@pytest.mark.parametrize(
    "host",
    ['a"b', "localhost:6780/x", "localhost:99999999", "a b", "[::1"]
    + ["[:1:]", "[]", "[localhost]", "[1::2::3]:80"],
)
def test_what_is_no_host_at_all_is_refused(api: Api, host: str) -> None:
    assert api().get("/v1/models", headers={"Host": host}).status_code == 421


# -- control -----------------------------------------------------------------------------------


def test_off_loopback_the_control_surface_wants_its_token_but_for_live_and_ready(api: Api) -> None:
    client = api(host="0.0.0.0", control_token="secret")
    assert client.get("/_mock/live").status_code == 200
    assert client.get("/_mock/ready").status_code == 200
    assert client.get("/_mock/requests").status_code == 401
    assert client.get("/_mock").status_code == 401
    right = {"Authorization": "Bearer secret"}
    assert client.get("/_mock/requests", headers=right).status_code == 200
    assert api(host="0.0.0.0").get("/_mock/requests", headers=right).status_code == 401
    assert api().get("/_mock/requests").status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer ", "secret", "Digest x", "Bearer sécret"])
def test_a_wrong_control_token_is_refused_on_loopback_too(api: Api, host: str, sent: str) -> None:
    client = api(host=host, control_token="secret")
    answer = client.get("/_mock/requests", headers=[(b"Authorization", sent.encode())])
    assert (answer.status_code, error(answer)["code"]) == (401, "control_token_wrong")
    assert ("may be left out" in error(answer)["message"]) is (host == "127.0.0.1")
    right = client.get("/_mock/requests", headers={"Authorization": "Bearer secret"})
    assert right.status_code == 200


def test_on_loopback_no_token_is_wanted_and_without_one_none_is_looked_at(api: Api) -> None:
    client = api(control_token="secret")
    del client.headers["Authorization"]
    assert client.get("/_mock/requests").status_code == 200
    answer = api().get("/_mock/requests", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 200
    assert "goes in Mock-Sandbox-Key" in answer.headers["mock-hint"]
    named = api().get("/_mock/requests", headers={"Mock-Sandbox-Key": "sk-mock-me"})
    assert "mock-hint" not in named.headers
