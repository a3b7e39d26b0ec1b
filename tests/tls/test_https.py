"""HTTPS beside HTTP: what is served, to whom, how a line ends, and what is said of bad ones."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import shake_256
from io import BytesIO
from pathlib import Path

import httpx2
import openai
import pytest
from PIL import Image

from mockserver.testing import ImagesMock
from tests.streaming import ALL, STREAM
from tests.test_slow_clients import asking, state_of, waited_for
from tests.tls.entered import GET, LOOPS, SOON, all_of, head_of, line, served, trusting


@pytest.fixture(scope="module", params=LOOPS)
def mock(request: pytest.FixtureRequest) -> Iterator[ImagesMock]:
    with served(request.param) as server:
        yield server


@pytest.fixture
def trust(mock: ImagesMock, tmp_path: Path) -> ssl.SSLContext:
    return trusting(mock, tmp_path)


@pytest.fixture
def http(mock: ImagesMock, trust: ssl.SSLContext) -> Iterator[httpx2.Client]:
    key = {"Authorization": "Bearer sk-mock-me"}
    base = mock.https_url.removesuffix("/v1")
    with httpx2.Client(
        base_url=base, verify=trust, headers=key, trust_env=False, timeout=SOON
    ) as client:
        yield client


def secured(
    mock: ImagesMock, trust: ssl.SSLContext, name: str = "localhost", data: bytes = b""
) -> ssl.SSLSocket:
    connection = trust.wrap_socket(line(mock.https_url), server_hostname=name)
    connection.sendall(data)
    return connection


def noted(caplog: pytest.LogCaptureFixture, part: str) -> bool:
    return waited_for(lambda: any(part in record.getMessage() for record in caplog.records))


def test_the_sdk_gets_pictures_by_https_and_their_urls_are_of_https(
    mock: ImagesMock, http: httpx2.Client, trust: ssl.SSLContext
) -> None:
    with (
        openai.DefaultHttpxClient(verify=trust, trust_env=False) as own,
        openai.OpenAI(base_url=mock.https_url, api_key="sk-mock-me", http_client=own) as sdk,
    ):
        made = sdk.images.generate(model="dall-e-2", prompt="a fox", size="256x256")
    url = (made.data or [])[0].url or ""
    assert url.startswith(mock.https_url.removesuffix("/v1") + "/private/")
    with Image.open(BytesIO(http.get(url).content)) as picture:
        assert picture.size == (256, 256)


def test_a_large_edit_goes_in_and_a_stream_comes_out(http: httpx2.Client) -> None:
    noise = Image.frombytes("RGB", (700, 700), shake_256(b"x").digest(700 * 700 * 3))
    file = BytesIO()
    noise.save(file, "PNG", compress_level=1)
    assert len(file.getvalue()) > 1 << 20
    form = {"model": "gpt-image-2", "prompt": "x", "size": "1024x1024"}
    answer = http.post(
        "/v1/images/edits", data=form, files={"image": ("a.png", file.getvalue(), "image/png")}
    )
    assert answer.status_code == 200, answer.text
    with http.stream("POST", "/v1/images/generations", json=STREAM) as stream:
        assert stream.status_code == 200
        told = [text for text in stream.iter_lines() if text.startswith("event: ")]
    assert told == [f"event: {name}" for name in ALL]


def test_a_line_is_kept_and_a_body_is_asked_for(mock: ImagesMock, trust: ssl.SSLContext) -> None:
    with secured(mock, trust) as connection:
        for _ in range(3):
            connection.sendall(GET.replace(b"models", b"models/dall-e-2"))
            head = head_of(connection)
            assert head.startswith(b"HTTP/1.1 200 ")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            assert len(connection.recv(length)) == length
        body = b'{"prompt": "x"}'
        connection.sendall(
            b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Authorization: Bearer sk-mock-me\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        assert head_of(connection) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert all_of(connection).startswith(b"HTTP/1.1 200 ")


def test_only_http_1_1_is_agreed_on(mock: ImagesMock, trust: ssl.SSLContext) -> None:
    trust.set_alpn_protocols(["h2", "http/1.1"])
    with secured(mock, trust) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "host.docker.internal"])
def test_its_certificate_has_the_names_that_it_answers_for(
    mock: ImagesMock, trust: ssl.SSLContext, name: str
) -> None:
    with secured(mock, trust, name, GET):
        pass


def test_a_name_that_it_does_not_answer_for_is_not_in_its_certificate(
    mock: ImagesMock, trust: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for 'example.com'"):
        secured(mock, trust, "example.com")
    assert noted(caplog, "a client refused the certificate (")


def test_allowed_hosts_are_in_the_certificate(tmp_path: Path) -> None:
    with served("asyncio", allowed_host=["images.test", "*.ci.test"], proxy=False) as mock:
        trust = trusting(mock, tmp_path)
        for name in ("images.test", "a.ci.test", "a.b.ci.test"):
            asked = GET.replace(b"localhost", name.encode()).replace(
                b"Auth", b"Connection: close\r\nAuth"
            )
            assert all_of(secured(mock, trust, name, asked)).startswith(b"HTTP/1.1 200 ")


# -- what is no TLS, or a bad one


def test_plain_http_at_the_port_of_https_is_told_where_to_go(mock: ImagesMock) -> None:
    plain = mock.https_url.replace("https:", "http:")
    answer = httpx2.post(f"{plain}/images/generations", json={"prompt": "x"}, trust_env=False)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert message == (
        f"This port speaks HTTPS: ask for {mock.https_url.removesuffix('/v1')}. "
        f"Plain HTTP is spoken at {mock.address}."
    )


def test_tls_at_the_port_of_plain_http_is_told_of(
    mock: ImagesMock, trust: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ssl.SSLError), closing(line(mock.address)) as connection:
        trust.wrap_socket(connection, server_hostname="localhost")
    assert noted(caplog, "TLS was sent to the port of plain HTTP")


@pytest.mark.parametrize("garbage", [b"\x00\x01\x02", b"\x16\x03\x01\x00\x05hello", b"\xff" * 5000])
def test_garbage_ends_the_line_and_no_more(
    mock: ImagesMock, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    connection = line(mock.https_url)
    connection.sendall(garbage)
    assert b"HTTP" not in all_of(connection)
    assert waited_for(lambda: len(caplog.records) == 1)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert waited_for(lambda: not state_of(mock).connections)


def test_a_client_that_does_not_trust_it_is_told_of_calmly(
    mock: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx2.get(mock.https_url, verify=ssl.create_default_context(), trust_env=False)
    assert noted(caplog, "a client refused the certificate (tlsv1 alert unknown ca)")
    assert all(record.exc_info is None for record in caplog.records)


def test_who_leaves_in_the_middle_of_a_handshake_is_no_news(
    mock: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(line(mock.https_url)) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert waited_for(lambda: bool(state_of(mock).connections))
    assert waited_for(lambda: not state_of(mock).connections)
    assert not caplog.records


# -- deadlines, the crowd, the end


@pytest.fixture(scope="module", params=LOOPS)
def hasty(request: pytest.FixtureRequest) -> Iterator[ImagesMock]:
    with served(request.param, **dict.fromkeys(("head_timeout", "body_timeout"), "200ms")) as mock:
        yield mock


def test_who_does_not_end_a_handshake_or_a_head_is_ended(
    hasty: ImagesMock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trust = trusting(hasty, tmp_path)
    silent, begun = line(hasty.https_url), line(hasty.https_url)
    begun.sendall(b"\x16\x03\x01\x02\x00\x01")
    tunnel, half = line(hasty.proxy_url), line(hasty.proxy_url)
    tunnel.sendall(b"CONNECT api.openai.com:443 HTTP/1.1\r\n\r\n")
    half.sendall(b"CONNECT api.openai.com:443 HTTP/1.1\r\nX: ")
    headless = secured(hasty, trust, data=GET[:30])
    with ThreadPoolExecutor(5) as pool:
        ends = [*pool.map(all_of, (silent, begun, tunnel, half, headless))]
    assert ends[:2] == [b"", b""]
    assert ends[2].startswith(b"HTTP/1.1 200 Connection established\r\n")
    assert ends[3] == b""
    assert ends[4].startswith(b"HTTP/1.1 408 ")
    assert noted(caplog, "a client did not end its TLS handshake in time")
    assert waited_for(lambda: not state_of(hasty).connections)


@pytest.mark.parametrize("loop", LOOPS)
def test_an_answer_that_nobody_takes_breaks_the_line(loop: str, tmp_path: Path) -> None:
    with served(loop, send_timeout="300ms") as mock:
        trust = trusting(mock, tmp_path)
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(SOON)
        port = int(mock.https_url.rpartition(":")[2].removesuffix("/v1"))
        raw.connect(("127.0.0.1", port))
        large = asking(size="1024x1024", n=10, response_format="b64_json")
        with trust.wrap_socket(raw, server_hostname="localhost") as connection:
            connection.sendall(large * 16)
            assert waited_for(lambda: bool(state_of(mock).tasks))
            assert waited_for(lambda: not state_of(mock).connections)


@pytest.mark.parametrize("loop", LOOPS)
def test_all_ports_share_one_bound_on_connections(loop: str, tmp_path: Path) -> None:
    with served(loop, max_connections=2) as mock:
        trust = trusting(mock, tmp_path)
        first, second = secured(mock, trust, data=GET), secured(mock, trust, data=GET)
        for connection in (first, second):
            assert head_of(connection).startswith(b"HTTP/1.1 200 ")
        with closing(line(mock.https_url)):
            assert b'"data"' in all_of(first)  # which idled longest, and gave way
            assert len(state_of(mock).connections) == 2
        second.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_that_ends_answers_what_was_asked_and_lets_idle_ones_go(
    loop: str, tmp_path: Path
) -> None:
    with served(loop) as mock:
        trust = trusting(mock, tmp_path)
        mock.sandbox().begin().next.delay(0.3)
        idle = secured(mock, trust, data=GET)
        head_of(idle)
        busy = secured(mock, trust, data=asking())
        assert waited_for(lambda: bool(state_of(mock).tasks))
        mock.stop()
        assert all_of(busy).startswith(b"HTTP/1.1 200 ")
        idle.close()
    with pytest.raises(OSError, match="refused"):
        line(mock.https_url)
