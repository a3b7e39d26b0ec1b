"""The journal as a user with curl meets it: what came over the wire, what was downloaded, counts."""

from __future__ import annotations

import json
import socket
from base64 import b64decode
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from mockserver.clock import ManualClock
from mockserver.core.raw_request import BODY
from mockserver.core.sandbox.logs import RECORD_BYTES
from mockserver.testing import ImagesMock
from tests.conftest import Api, generate
from tests.test_cli import run
from tests.test_control import QUOTA, ask

KEY = "sk-mock-journal"
Found = dict[str, Any]


@pytest.fixture
def http(server: ImagesMock) -> Iterator[httpx2.Client]:
    """A client of a real server, whose sandbox is empty; it is no SDK."""
    server.sandbox(KEY).begin(real_time=True)
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=server.address, headers=headers) as client:
        yield client


def asked(client: httpx2.Client, path: str, /, **query: Any) -> Found:
    answer = client.get(f"/_mock/{path}", params=query, headers={"Mock-Sandbox-Key": KEY})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def post(client: httpx2.Client, body: Any, path: str = "/v1/images/generations") -> httpx2.Response:
    return client.post(path, json=body)


# -- what came over the wire -------------------------------------------------------------------


def test_a_request_is_told_as_it_came_without_its_keys(http: httpx2.Client) -> None:
    headers = {"X-Trace": "7", "Cookie": "a=secret", "Api-Key": "secret", "Idempotency-Key": "i1"}
    body = b'{ "prompt" : "a \xc3\xa9" }'
    http.post(
        "/v1/images/generations?api-version=1&api_key=secret",
        content=body,
        headers=headers | {"Content-Type": "application/json"},
    )
    raw = asked(http, "requests/last")["raw"]
    path = "/v1/images/generations?api-version=1&api_key=***"
    assert raw["line"] == f"POST {path} HTTP/1.1"
    assert raw["body"] == body.decode()
    assert (raw["encoding"], raw["bytes"], raw["cut"]) == ("utf-8", len(body), False)
    told = {k: v for k, v in raw["headers"].items() if k not in ("host", "user-agent", "accept")}
    assert told == {
        "accept-encoding": told["accept-encoding"],
        "connection": "keep-alive",
        "authorization": "Bearer ***",
        "x-trace": "7",
        "cookie": "***",
        "api-key": "***",
        "idempotency-key": "i1",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    assert "secret" not in json.dumps(asked(http, "requests", raw="true"))


def test_a_list_tells_it_only_where_it_is_asked_for(http: httpx2.Client) -> None:
    post(http, {"prompt": "x"})
    assert "raw" not in asked(http, "requests")["requests"][0]
    for on in ("true", ""):
        (told,) = asked(http, "requests", raw=on)["requests"]
        assert json.loads(told["raw"]["body"]) == {"prompt": "x"}
    assert asked(http, f"requests/{told['id']}")["raw"] == told["raw"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/images/generations", {}, 400),  # no JSON
        ("/v1/images/generations", {"Content-Type": "text/plain"}, 400),
        ("/v1/images/edits", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
        ("/v1/nope", {}, 404),
        ("/images/generations", {}, 404),
        ("/openai/deployments/x/images/generations?api-version=1", {}, 404),
        ("/v1/images/generations", {"OpenAI-Organization": "org-mock-mismatch"}, 401),
        ("/v1/models", {}, 405),
    ],
)
def test_what_was_refused_before_it_was_read_is_told_as_it_came_too(
    http: httpx2.Client, path: str, headers: dict[str, str], status: int
) -> None:
    body = "{\"prompt\": 'a fox'}" * 200
    assert http.post(path, content=body, headers=headers).status_code == status
    raw = asked(http, "requests/last")["raw"]
    assert (raw["body"], raw["cut"]) == (body, False)
    assert raw["line"] == f"POST {path} HTTP/1.1"


def test_a_key_that_is_not_let_in_is_told_neither(api: Api) -> None:
    client = api(keys="mock")
    real = "sk-proj-" + "a1" * 30
    generate(client, key=real, user=f"it is {real}")  # and what is refused has no fields
    (told,) = client.get("/_mock/requests?raw=true").json()["requests"]
    assert told["status"] == 401
    assert told["raw"]["headers"]["authorization"] == "Bearer ***"
    assert real not in json.dumps(told)


def test_bytes_that_are_no_text_come_in_base64(http: httpx2.Client) -> None:
    http.post("/v1/images/generations", content=b"\xff\x00")
    raw = asked(http, "requests/last")["raw"]
    assert (b64decode(raw["body"]), raw["encoding"]) == (b"\xff\x00", "base64")


def test_of_an_upload_the_beginning_is_kept(http: httpx2.Client) -> None:
    files = {"image": ("a.png", b"\x89PNG" + b"x" * 100_000, "image/png")}
    assert http.post("/v1/images/variations", files=files).status_code == 400
    raw = asked(http, "requests/last")["raw"]
    assert (len(b64decode(raw["body"])), raw["cut"]) == (BODY, True)
    assert raw["bytes"] == int(raw["headers"]["content-length"]) > 100_000


def test_a_text_that_is_cut_within_a_letter_is_still_a_text(http: httpx2.Client) -> None:
    http.post("/v1/images/generations", content="é" * BODY)
    http.post("/v1/images/generations", content="x" + "é" * BODY)
    for told, text in zip(
        asked(http, "requests", raw="")["requests"],
        ["é" * (BODY // 2), "x" + "é" * (BODY // 2 - 1)],
        strict=True,
    ):
        assert (told["raw"]["encoding"], told["raw"]["body"]) == ("utf-8", text)


def test_a_client_that_never_sends_its_body_is_refused_all_the_same(server: ImagesMock) -> None:
    address = urlsplit(server.address)
    server.sandbox(KEY).begin()
    for more in ("", "Expect: 100-continue\r\n"):
        with socket.create_connection((address.hostname or "", address.port or 0)) as line:
            line.sendall(
                f"POST /v1/nope HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 9\r\n"
                f"Authorization: Bearer {KEY}\r\n{more}\r\n".encode()
            )
            told = line.makefile("rb")
            if (
                more
            ):  # it is asked for all the same: Go's client would send the next request in its place
                assert told.readline() + told.readline() == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert told.read(12) == b"HTTP/1.1 404"
    client = HTTPConnection(address.netloc)
    client.request("GET", "/_mock/requests/last", headers={"Mock-Sandbox-Key": KEY})
    raw = json.load(client.getresponse())["raw"]
    client.close()
    assert (raw["body"], raw["bytes"], raw["cut"]) == ("", 9, True)


def test_what_is_kept_of_heads_and_bodies_counts_and_has_a_bound(api: Api) -> None:
    client = api()
    for number in range(300):
        headers = {"X-Long": "x" * 50_000}
        client.post("/v1/images/generations", content=f"{number}" * BODY, headers=headers)
    found = ask(client, "GET", "requests", params={"raw": "true"})["requests"]
    kept = sum(len(r["raw"]["body"]) + len(str(r["raw"]["headers"])) for r in found)
    assert RECORD_BYTES // 2 < kept < RECORD_BYTES
    assert all(len(r["raw"]["body"]) == BODY for r in found)


def test_a_body_that_could_not_be_read_is_shown_by_explain_last(http: httpx2.Client) -> None:
    http.post("/v1/images/generations", content="{'prompt': 'a fox'}")
    done = run("explain", "last", "--url", str(http.base_url), "--key", KEY)
    assert "  body     19 bytes of no Content-Type: \"{'prompt': 'a fox'}\"" in done.stdout


# -- downloads ---------------------------------------------------------------------------------


def test_a_download_names_its_request_and_a_request_its_downloads(http: httpx2.Client) -> None:
    for prompt in ("a", "b"):
        for item in post(http, {"prompt": prompt, "n": 2}).json()["data"]:
            http.get(item["url"])
    done = run("explain", "last", "--url", str(http.base_url), "--key", KEY)
    assert "  pictures 2 times downloaded\n" in done.stdout
    post(http, {"prompt": "c", "response_format": "b64_json"})
    a, b, c = asked(http, "requests")["requests"]
    downloads = asked(http, "downloads")["downloads"]
    assert [d["made_by"] for d in downloads] == [a["id"], a["id"], b["id"], b["id"]]
    ids = [d["id"] for d in downloads]
    assert [a["downloads"], b["downloads"], c["downloads"]] == [ids[:2], ids[2:], []]
    assert [d["downloads"] for d in downloads] == [[]] * 4
    assert asked(http, f"requests/{b['id']}")["downloads"] == ids[2:]
    of_b = asked(http, "downloads", made_by=b["id"], limit=1)["downloads"]
    assert [d["id"] for d in of_b] == ids[3:]
    assert asked(http, "downloads", made_by=c["id"])["downloads"] == []


def test_a_download_that_was_refused_is_linked_and_filtered_too(http: httpx2.Client) -> None:
    url = post(http, {"prompt": "a"}).json()["data"][0]["url"]
    http.get(url)
    http.get(url.replace("sig=", "sig=x"))
    (made,) = asked(http, "requests")["requests"]
    first, second = asked(http, "downloads", raw="true")["downloads"]
    assert first["raw"]["line"].startswith("GET /private/org-")
    assert second["made_by"] == made["id"]
    (refused,) = asked(http, "downloads", status=403)["downloads"]
    assert refused["id"] == second["id"]
    assert asked(http, "downloads", since=first["id"])["downloads"] == [refused]
    assert asked(http, "downloads", path=first["path"], limit=0)["downloads"] == []


def test_of_equal_urls_the_last_request_before_the_download_counts_and_a_lost_one_is_not_named(
    api: Api, clock: ManualClock
) -> None:
    client = api()
    ask(client, "POST", "sandbox", json={"standing": True})
    urls = []
    for _ in range(2):
        clock.advance(1)
        urls.append(generate(client).json()["data"][0]["url"])
        client.get(urls[-1])
    assert urls[0] == urls[1]  # the sandbox's clock stands
    made = [r["id"] for r in ask(client, "GET", "requests")["requests"]]
    downloads = ask(client, "GET", "downloads")["downloads"]
    assert [d["made_by"] for d in downloads] == made
    ask(client, "DELETE", "requests")
    client.get(urls[0])
    assert [d["made_by"] for d in ask(client, "GET", "downloads")["downloads"]] == [""]


def test_python_sees_the_link(server: ImagesMock) -> None:
    images = server.sandbox("sk-mock-link").begin()
    headers = {"Authorization": "Bearer sk-mock-link"}
    answer = httpx2.post(f"{images.url}/images/generations", json={"prompt": "x"}, headers=headers)
    httpx2.get(answer.json()["data"][0]["url"])
    (request,), (download,) = images.requests, images.downloads
    assert (request.downloads, download.made_by) == ((download.id,), request.id)
    assert (request.made_by, download.downloads) == ("", ())


# -- filters and counts ------------------------------------------------------------------------


def test_requests_are_found_by_rule_and_by_call(api: Api) -> None:
    client = api()
    ask(client, "POST", "rules", json=QUOTA | {"name": "broke", "when": {"prompt": "b"}})
    for prompt in ("a", "b", "mock:500"):
        generate(client, prompt=prompt)

    def prompts(**query: Any) -> list[str]:
        found = ask(client, "GET", "requests", params=query)["requests"]
        return [r["fields"]["prompt"] for r in found]

    assert prompts(rule="r1") == prompts(rule="broke") == ["b"]
    assert prompts(rule="") == ["a"]
    magic = ask(client, "GET", "requests/last")
    assert magic["rule"] == "mock:500"  # the word itself: its id would tell nobody anything
    assert prompts(rule="mock:500") == prompts(call=magic["call"]) == ["mock:500"]
    assert prompts(rule="r1", call=magic["call"]) == prompts(status=0) == []
    ask(client, "DELETE", "rules/r1")
    assert prompts(rule="r1") == ["b"]  # the rule is gone, its request is not
    ask(client, "POST", "rules", json=QUOTA | {"name": "unmet"})
    assert prompts(rule="unmet") == []


def test_since_looks_at_all_requests_and_not_only_at_those_that_are_meant(api: Api) -> None:
    client = api()
    for prompt in ("a", "", "b", ""):
        generate(client, prompt=prompt)
    first, *_ = ask(client, "GET", "requests")["requests"]
    found = ask(client, "GET", "requests", params={"status": 400, "since": first["id"]})
    assert len(found["requests"]) == 2
    last = found["requests"][-1]["id"]
    assert ask(client, "GET", "requests", params={"since": last})["requests"] == []


def test_a_summary_counts_by_status_operation_model_and_rule(http: httpx2.Client) -> None:
    with_key = {"Mock-Sandbox-Key": KEY}
    rule = QUOTA | {"when": {"prompt": "b"}}
    http.post("/_mock/rules", json=rule, headers=with_key).raise_for_status()
    for body in ({"prompt": "a"}, {"prompt": "b"}, {"prompt": "a", "model": "x"}, {"model": [1]}):
        post(http, body)
    http.get("/v1/models")
    assert asked(http, "requests/summary") == {
        "requests": 5,
        "by_status": {"200": 2, "400": 2, "429": 1},
        "by_operation": {"images.generate": 4, "": 1},
        "by_model": {"dall-e-2": 2, "": 2, "x": 1},
        "by_rule": {"": 4, "r1": 1},
    }
    assert asked(http, "requests/summary", status=429)["by_rule"] == {"r1": 1}


@pytest.mark.parametrize(
    "path", ["/mock/requests", "/_mocks", "/__mock/requests", "/v1/_mock/requests", "/v1/_mock"]
)
def test_a_way_to_the_control_api_that_is_none_is_told_the_right_one(api: Api, path: str) -> None:
    answer = api().get(path)
    assert answer.status_code == 404
    assert "the control API is under /_mock, beside /v1" in answer.headers["mock-hint"]


def test_explain_last_says_that_its_token_is_wrong() -> None:
    with ImagesMock(control_token="secret") as mock:
        done = run("explain", "last", "--url", mock.address, "--control-token", "wrong")
        left_out = run("explain", "last", "--url", mock.address)
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1)
    assert "is not this server's control token" in done.stderr
    assert "Nothing was asked yet" in left_out.stderr
