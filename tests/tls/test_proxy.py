"""The proxy: programs whose address is built in get pictures by it, and nothing gets past it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import openai
import pytest
import requests
from PIL import Image

from mockserver.client.environment import hosts_to_guard
from mockserver.testing import ImagesMock
from tests.test_outbound import watched
from tests.test_slow_clients import state_of, waited_for
from tests.tls.entered import GET, LOOPS, SOON, all_of, head_of, line, served, trusting

BUILT_IN = "https://api.openai.com/v1"
ELSEWHERE = "https://example.com/v1/images/generations"
REFUSAL = "images-mock leads nothing to example.com:443"


@pytest.fixture(scope="module", params=LOOPS)
def mock(request: pytest.FixtureRequest) -> Iterator[ImagesMock]:
    with served(request.param) as server:
        yield server


@pytest.fixture
def mocked(mock: ImagesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that lead programs to the proxy, set for this process and its children."""
    variables = mock.environment(tmp_path / "ca.pem")
    for name in ("SSL_CERT_DIR", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    mock._access.forget()
    return variables


def tunnel(mock: ImagesMock, target: bytes = b"api.openai.com:443", rest: bytes = b"") -> Any:
    connection = line(mock.proxy_url)
    connection.sendall(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n%b" % (target, target, rest))
    return connection


# -- programs


def test_the_unmodified_sdk_gets_pictures_and_downloads_them(
    mock: ImagesMock, mocked: dict[str, str]
) -> None:
    with openai.OpenAI(base_url=BUILT_IN) as sdk, watched() as seen:
        made = sdk.images.generate(model="dall-e-2", prompt="a fox", n=2, size="256x256")
        urls = [image.url or "" for image in made.data or []]
        assert [url.partition("/private/")[0] for url in urls] == ["https://api.openai.com"] * 2
        for url in urls:
            with Image.open(BytesIO(httpx2.get(url).content)) as picture:
                assert picture.size == (256, 256)
        places = {a[1] for event, a in seen if event == "socket.connect"}
    assert places == {("127.0.0.1", int(mock.proxy_url.rpartition(":")[2]))}
    assert mock.refused_hosts == []


@pytest.mark.usefixtures("mocked")
def test_the_asynchronous_sdk_gets_a_stream(mock: ImagesMock) -> None:
    async def events() -> list[str]:
        async with openai.AsyncOpenAI(base_url=BUILT_IN) as sdk:
            stream = await sdk.images.generate(
                model="gpt-image-2", prompt="x", quality="low", stream=True, partial_images=1
            )
            return [event.type async for event in stream]

    assert asyncio.run(events()) == ["image_generation.partial_image", "image_generation.completed"]


@pytest.mark.usefixtures("mocked")
def test_azure_s_client_gets_pictures_from_a_resource_that_is_not_there(mock: ImagesMock) -> None:
    with openai.AzureOpenAI(
        azure_endpoint="https://my-art.openai.azure.com",
        api_version="2025-04-01-preview",
        api_key="sk-mock-me",
    ) as sdk:
        assert sdk.images.generate(model="gpt-image-2", prompt="x", quality="low").data


@pytest.mark.usefixtures("mocked")
def test_each_host_that_a_guard_stops_is_led_here() -> None:
    with httpx2.Client(headers={"Authorization": "Bearer sk-mock-me"}, timeout=SOON) as client:
        for host in hosts_to_guard(""):
            for scheme in ("https", "http"):
                answer = client.get(f"{scheme}://{host.replace('*', 'any')}/v1/models")
                assert answer.status_code == 200, (host, answer.text)


@pytest.mark.usefixtures("mocked")
def test_any_other_host_fails_loudly_whatever_the_client(mock: ImagesMock) -> None:
    async def by_aiohttp() -> None:
        async with aiohttp.ClientSession(trust_env=True) as session, session.get(ELSEWHERE):
            pass

    with pytest.raises(httpx2.ProxyError, match=f"403 {REFUSAL}"):
        httpx2.get(ELSEWHERE)
    with pytest.raises(requests.exceptions.ProxyError, match=f"403 {REFUSAL}"):
        requests.get(ELSEWHERE, timeout=SOON)
    with pytest.raises(aiohttp.ClientHttpProxyError, match=REFUSAL):
        asyncio.run(by_aiohttp())
    with (
        openai.OpenAI(base_url="https://example.com/v1", max_retries=0) as sdk,
        pytest.raises(openai.APIConnectionError) as told,
    ):
        sdk.images.generate(model="dall-e-2", prompt="x")
    assert REFUSAL in str(told.value.__cause__)
    assert mock.refused_hosts == ["example.com:443"]


@pytest.mark.usefixtures("mocked")
def test_what_was_refused_is_told_and_forgotten(
    mock: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with pytest.raises(httpx2.ProxyError):
            httpx2.get(ELSEWHERE)
    answer = httpx2.get("http://example.com:8080/a")
    assert answer.status_code == 403
    assert "images-mock leads nothing to example.com:8080" in answer.json()["error"]["message"]
    told = httpx2.get(f"{mock.address}/_mock/proxy").json()
    assert [(r["host"], r["times"]) for r in told["refused"]] == [
        ("example.com:443", 2),
        ("example.com:8080", 1),
    ]
    assert (told["proxy"], f"{told['https']}/v1") == (mock.proxy_url, mock.https_url)
    assert told["hosts"] == hosts_to_guard("")
    assert "--lead example.com" in caplog.records[0].getMessage()
    httpx2.delete(f"{mock.address}/_mock/proxy")
    assert mock.refused_hosts == []


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_gets_pictures_and_is_refused_elsewhere(mocked: dict[str, str]) -> None:
    def curl(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["curl", "-sSq", *arguments], env=mocked, capture_output=True, text=True, timeout=60
        )

    made = curl(
        f"{BUILT_IN}/images/generations",
        "-H",
        "Authorization: Bearer sk-mock-me",
        "--json",
        '{"prompt": "x"}',
    )
    assert '"url": "https://api.openai.com/private/' in made.stdout, made.stderr
    refused = curl(ELSEWHERE)
    assert (refused.returncode, refused.stderr.strip()) == (
        56,
        "curl: (56) CONNECT tunnel failed, response 403",
    )


# -- lines


def test_a_tunnel_carries_tls_or_plain_http_whichever_comes_first(
    mock: ImagesMock, tmp_path: Path
) -> None:
    asked = GET.replace(b"Host: localhost", b"Host: api.openai.com\r\nConnection: close")
    plain = tunnel(mock, b"api.openai.com:80", asked)
    assert b"\r\n\r\nHTTP/1.1 200 OK\r\n" in all_of(plain)
    secured = tunnel(mock)
    assert head_of(secured) == b"HTTP/1.1 200 Connection established\r\n\r\n"
    trust = trusting(mock, tmp_path)
    with trust.wrap_socket(secured, server_hostname="api.openai.com") as connection:
        connection.sendall(asked)
        assert all_of(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_does_not_wait_for_the_tunnel_is_served(
    mock: ImagesMock, tmp_path: Path
) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting(mock, tmp_path).wrap_bio(incoming, outgoing, server_hostname="api.openai.com")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    connection = tunnel(mock, rest=outgoing.read())
    head_of(connection)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            connection.sendall(outgoing.read())
            incoming.write(connection.recv(1 << 16))
    connection.close()


@pytest.mark.parametrize("size", [1, 7])
def test_heads_may_come_in_pieces(mock: ImagesMock, size: int) -> None:
    said = b"CONNECT api.openai.com:80 HTTP/1.1\r\nHost: api.openai.com\r\n\r\n"
    said += GET.replace(b"Host: localhost", b"Host: api.openai.com\r\nConnection: close")
    connection = line(mock.proxy_url)
    for start in range(0, len(said), size):
        connection.sendall(said[start : start + size])
    assert b"\r\n\r\nHTTP/1.1 200 OK\r\n" in all_of(connection)


def test_whole_addresses_are_served_over_one_line_each_for_its_host(mock: ImagesMock) -> None:
    asked = GET.replace(b"/v1/models", b"http://api.openai.com/v1/models/dall-e-2")
    azure = GET.replace(b"/v1/models", b"HTTP://Art.openai.azure.com:8080/v1/models/dall-e-2")
    connection = line(mock.proxy_url)
    for said in (asked, azure):
        connection.sendall(said)
        head = head_of(connection)
        assert head.startswith(b"HTTP/1.1 200 ")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert len(connection.recv(length)) == length
    connection.sendall(asked.replace(b"api.openai.com", b"example.com"))
    assert all_of(connection).startswith(
        b"HTTP/1.1 403 images-mock leads nothing to example.com:80\r\n"
    )


OFFER = GET.replace(b"/v1/models", b"http://api.openai.com/v1/models/dall-e-2").replace(
    b"Host: localhost",
    b"Host: api.openai.com\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
)


def test_who_offers_another_protocol_for_a_whole_address_is_served_or_refused_as_all(
    mock: ImagesMock,
) -> None:
    for said, expected in (
        (OFFER, b"HTTP/1.1 200 OK\r\n"),
        (OFFER.replace(b"//api.openai.com", b"//example.com"), b"HTTP/1.1 403 images-mock leads "),
    ):
        connection = line(mock.proxy_url)
        connection.sendall(said)
        assert all_of(connection).startswith(expected)


def test_nothing_is_served_behind_a_request_that_was_refused(
    mock: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    mock.sandbox().begin()
    served = OFFER.replace(b"Upgrade: h2c\r\n", b"")
    refused = served.replace(b"//api.openai.com", b"//example.com").replace(b", close", b"")
    connection = line(mock.proxy_url)
    connection.sendall(refused + served * 2)
    answer = all_of(connection)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert waited_for(lambda: not state_of(mock).connections)
    assert mock.sandbox().requests == []
    assert not [r for r in caplog.records if "ERROR" in r.getMessage()]


@pytest.mark.parametrize("host", [b"api.openai.com.", b"API.OpenAI.com", b"localhost.", b"[::1]"])
def test_a_host_may_be_written_otherwise(mock: ImagesMock, host: bytes) -> None:
    port = mock.address.rpartition(":")[2].encode()
    said = GET.replace(b"localhost", b"%b:%b\r\nConnection: close" % (host, port))
    assert b"\r\n\r\nHTTP/1.1 200 OK\r\n" in all_of(tunnel(mock, b"%b:%b" % (host, port), said))
    connection = line(mock.proxy_url)
    connection.sendall(said.replace(b"/v1/models", b"http://%b:%b/v1/models" % (host, port)))
    assert all_of(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_what_stands_for_a_host_and_is_a_key_is_not_remembered(
    mock: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    mock._access.forget()
    key = b"sk-proj-" + b"a1B2" * 12
    for said in (b"CONNECT %b:443 HTTP/1.1\r\n\r\n", b"GET http://%b/ HTTP/1.1\r\n\r\n"):
        connection = line(mock.proxy_url)
        connection.sendall(said % key)
        assert all_of(connection).startswith(b"HTTP/1.1 403 ")
    kept = [*mock.refused_hosts, *(record.getMessage() for record in caplog.records)]
    assert len(kept) == 4
    assert key.decode() not in " ".join(kept)


def test_the_host_that_is_asked_for_counts_not_the_one_of_the_header(mock: ImagesMock) -> None:
    said = b"POST https://api.openai.com/v1/images/generations HTTP/1.1\r\nHost: example.com\r\n"
    said += b"Authorization: Bearer sk-mock-me\r\nContent-Type: application/json\r\n"
    connection = line(mock.proxy_url)
    connection.sendall(said + b'Connection: close\r\nContent-Length: 15\r\n\r\n{"prompt": "x"}')
    assert b'"url": "https://api.openai.com/private/' in all_of(connection)


def test_in_a_tunnel_no_other_host_is_answered_for(mock: ImagesMock) -> None:
    said = GET.replace(b"Host: localhost", b"Host: example.com\r\nConnection: close")
    assert b"\r\n\r\nHTTP/1.1 421 " in all_of(tunnel(mock, b"api.openai.com:80", said))


def test_its_own_address_is_led_to_it_and_no_other_port_of_this_machine(mock: ImagesMock) -> None:
    own = mock.address.removeprefix("http://").encode()
    said = GET.replace(b"Host: localhost", b"Host: %b\r\nConnection: close" % own)
    assert b"\r\n\r\nHTTP/1.1 200 OK\r\n" in all_of(tunnel(mock, own, said))
    for other in (b"127.0.0.1:1", b"localhost:22", b"[::1]:443"):
        assert all_of(tunnel(mock, other)).startswith(b"HTTP/1.1 403 images-mock leads nothing to ")


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: api.openai.com\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: api.openai.com\r\n\r\n",
        b"POST /v1/images/generations HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
        b"CONNECT / HTTP/1.1\r\n\r\n",
        b"GET http://%b/ HTTP/1.1\r\n\r\n" % (b"a" * 300),
        b"CONNECT api.openai.com HTTP/1.1\r\n\r\n",
        b"CONNECT api.openai.com:443\r\n\r\n",
    ],
)
def test_who_takes_it_for_something_else_is_told_what_it_is(mock: ImagesMock, said: bytes) -> None:
    mock._access.forget()
    connection = line(mock.proxy_url)
    connection.sendall(said)
    answer = all_of(connection)
    assert answer.startswith(b"HTTP/1.1 400 this is a proxy\r\n")
    assert f"HTTPS_PROXY={mock.proxy_url}".encode() in answer
    assert mock.refused_hosts == []


def test_who_takes_the_server_for_a_proxy_is_told_what_makes_one(mock: ImagesMock) -> None:
    with (
        httpx2.Client(proxy=mock.address, timeout=SOON) as client,
        pytest.raises(httpx2.ProxyError, match="400 this port of images-mock is no proxy"),
    ):
        client.get(BUILT_IN)


@pytest.mark.parametrize(
    "said", [b"\x16\x03\x01\x00\x05hello", b"\x00\x01", b"CONNECT " + b"a" * (70 << 10)]
)
def test_garbage_ends_the_line_and_no_more(
    mock: ImagesMock, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    connection = line(mock.proxy_url)
    connection.sendall(said)
    assert b" 200 " not in all_of(connection)
    assert waited_for(lambda: not state_of(mock).connections)
    assert all(record.exc_info is None for record in caplog.records)


def test_a_host_may_be_led_here_that_no_preset_has(tmp_path: Path) -> None:
    with served("asyncio", tls=False, lead=["api.test", "gateways"]) as mock:
        trust = trusting(mock, tmp_path)
        with httpx2.Client(verify=trust, proxy=mock.proxy_url, timeout=SOON) as client:
            for host in ("api.test", "openrouter.ai", "api.openai.com"):
                assert client.get(f"https://{host}/v1/models").status_code == 401


def test_the_server_does_not_look_names_up_or_connect(mock: ImagesMock) -> None:
    with watched() as seen:
        for target in (b"example.com:443", b"api.openai.com:443", b"169.254.169.254:80"):
            with closing(tunnel(mock, target)) as connection:
                head_of(connection)
    assert {event for event, _ in seen} <= {"socket.connect", "socket.getaddrinfo"}
    here = int(mock.proxy_url.rpartition(":")[2])
    assert all(here in (a[1] if event == "socket.connect" else a) for event, a in seen)
