"""Picture URLs as real clients use them: pages in a browser, HTTP libraries, curl."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
import requests

from mockserver.testing import ImagesMock
from tests.conftest import Api, generate

# -- pages in a browser --------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1", "http://[::1]:80"])
def test_a_page_on_this_machine_may_fetch_a_part(origin: str, api: Api) -> None:
    page = api()
    url = generate(page, size="256x256").json()["data"][0]["url"]
    asks = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    asks["Access-Control-Request-Headers"] = "range,x-ms-range"
    allowed = page.options(url, headers=asks)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == origin
    names = allowed.headers["access-control-allow-headers"]
    assert {"range", "x-ms-range"} <= set(re.split(", ?", names))
    part = page.get(url, headers={"Origin": origin, "Range": "bytes=0-9"})
    assert part.headers["access-control-allow-origin"] == origin
    assert (part.status_code, len(part.content)) == (206, 10)
    assert page.get(url[:-1], headers={"Origin": origin}).headers["access-control-allow-origin"]


def test_a_page_elsewhere_may_not(api: Api) -> None:
    page = api()
    url = generate(page, size="256x256").json()["data"][0]["url"]
    response = page.get(url, headers={"Origin": "https://example.com"})
    assert "access-control-allow-origin" not in response.headers


# -- real clients over a real socket ---------------------------------------------------------------


@pytest.fixture(scope="module")
def live(server: ImagesMock) -> str:
    """The URL of a picture on a real server."""
    headers = {"Authorization": "Bearer sk-mock-blobs"}
    asked = {"prompt": "x", "size": "256x256"}
    answer = httpx2.post(f"{server.url}/images/generations", json=asked, headers=headers)
    url: str = answer.json()["data"][0]["url"]
    return url


Fetch = Callable[[str, dict[str, str]], tuple[int, bytes]]


def by_httpx2(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    response = httpx2.get(url, headers=headers)
    return response.status_code, response.content


def by_requests(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    response = requests.get(url, headers=headers, timeout=60)
    return response.status_code, response.content


@pytest.mark.parametrize("get", [by_httpx2, by_requests])
def test_a_client_gets_whole_part_and_refusals(get: Fetch, live: str) -> None:
    status, whole = get(live, {})
    assert status == 200
    assert get(live, {"Range": "bytes=10-19"}) == (206, whole[10:20])
    assert get(live, {"Range": "bytes=-5"}) == (206, whole[-5:])
    etag = requests.head(live, timeout=60).headers["etag"]
    assert get(live, {"If-None-Match": etag}) == (304, b"")
    assert get(live, {"If-Match": '"0x8D0000000000000"'})[0] == 412
    assert get(live, {"Range": f"bytes={len(whole)}-"})[0] == 416
    assert get(live[:-1], {})[0] == 403


def test_a_client_that_rewrites_the_url_gets_the_picture(live: str) -> None:
    # yarl, of aiohttp, decodes `%3A` in a query, for it need not be escaped there; others `%3D`.
    parts = urlsplit(live)
    decoded = parts.query.replace("%3A", ":")
    sorted_as_go_does = urlencode(sorted(parse_qsl(parts.query)))
    for query in (decoded, decoded.replace("%3D", "="), sorted_as_go_does, f"{parts.query}&x=y"):
        connection = HTTPConnection(parts.netloc, timeout=60)  # sends a URL as it is
        connection.request("GET", f"{parts.path}?{query}")
        assert connection.getresponse().read() == httpx2.get(live).content
        connection.close()


def test_one_connection_survives_every_kind_of_answer(live: str) -> None:
    with requests.Session() as session:
        for _ in range(2):
            assert session.head(live, timeout=60).status_code == 200
            assert session.head(live[:-1], timeout=60).status_code == 403
            head = session.head(live, headers={"If-None-Match": "*"}, timeout=60)
            assert head.status_code == 304
            assert session.get(live, headers={"If-None-Match": "*"}, timeout=60).status_code == 304
            assert session.put(live, data=b"x" * 100_000, timeout=60).status_code == 405
            assert session.get(live, timeout=60).status_code == 200


def curl(*arguments: str) -> str:
    done = subprocess.run(
        ["curl", "--silent", "--show-error", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def has_curl() -> bool:
    try:
        curl("--version")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


with_curl = pytest.mark.skipif(not has_curl(), reason="no curl")


@with_curl
def test_curl_resumes_a_download(live: str, tmp_path: Path) -> None:
    whole, file = httpx2.get(live).content, tmp_path / "picture.png"
    file.write_bytes(whole[:1000])
    assert curl("-C", "-", "-w", "%{http_code}", "-o", str(file), live) == "206"
    assert file.read_bytes() == whole


@with_curl
def test_curl_sees_the_headers_alone(live: str) -> None:
    first, *lines = curl("-I", live).strip().splitlines()
    told = dict(line.lower().split(": ", 1) for line in lines)
    assert first.split()[1] == "200"
    assert told["accept-ranges"] == "bytes"
    assert told["content-length"] == str(len(httpx2.get(live).content))
