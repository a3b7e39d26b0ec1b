"""The way to the control API, against servers that close, refuse, or are something else."""

from __future__ import annotations

import gc
import json
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection

import pytest

from mockserver import __version__
from mockserver.client.connection import ControlError, Remote
from mockserver.client.lines import FarLine, NearLine
from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock

Answer = Callable[[bytes], bytes]


@contextmanager
def answering(*connections: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers over each of its connections, then closes it."""
    asked: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            for answers in connections:
                line, _ = listener.accept()
                with line:
                    for answer in answers:
                        asked.append(line.recv(65536))
                        line.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join(timeout=30)


def http(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d x\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


def refusal(status: int, message: str) -> bytes:
    return http(status, json.dumps({"error": {"message": message}}).encode())


def test_what_is_asked_names_the_key_and_the_token() -> None:
    with answering([http(200, b"{}")]) as (address, asked):
        Remote(address, "sk-mock-a", "secret").ask("GET", "clock")
    assert asked[0].startswith(b"GET /_mock/clock HTTP/1.1\r\n")
    assert b"\r\nMock-Sandbox-Key: sk-mock-a\r\n" in asked[0]
    assert b"\r\nAuthorization: Bearer secret\r\n" in asked[0]


def test_a_connection_is_kept_and_one_that_was_ended_is_made_anew() -> None:
    ok = http(200, b"{}")
    with answering([ok, ok], [ok]) as (address, asked):
        remote = Remote(address, "sk-mock-a")
        assert [remote.ask("GET", "clock") for _ in range(3)] == [{}, {}, {}]
    assert len(asked) == 3


def test_a_server_that_ends_every_connection_is_asked_no_more_than_twice() -> None:
    with answering([http(200, b"{}")], []) as (address, _):
        remote = Remote(address, "sk-mock-a")
        remote.ask("GET", "clock")
        with pytest.raises(ControlError, match="no images-mock answers GET /_mock/clock"):
            remote.ask("GET", "clock")


def test_a_server_that_is_gone_is_named_with_the_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(ControlError) as error:
        Remote(address, "sk-mock-a").ask("POST", "rules", {})
    assert str(error.value) == (
        f"no images-mock answers POST /_mock/rules at {address}: Connection refused. Start it "
        "again (`images-mock`, or ImagesMock().start()) and begin a new sandbox."
    )
    assert error.value.status is None


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refusal(400, "No."), r"PUT /_mock/limits at http.* got 400: No\.$"),
        (refusal(404, "Invalid URL (PUT /_mock/limits)"), f"Run the same version .*{__version__}"),
        (
            refusal(401, "It wants its token."),
            r"token\. In Python: Sandbox\(…, control_token=TOKEN",
        ),
        (http(500, b'{"error": "x"}'), r"got 500: no reason told\.$"),
        (http(200, b"<html>"), r"got 200, but not from an images-mock\.$"),
        (http(200, b"[]"), r"got 200, but not from an images-mock\.$"),
        (b"SSH-2.0\r\n\r\n", "no images-mock answers PUT /_mock/limits"),
    ],
    ids=["refused", "too old", "token", "no reason", "HTML", "list", "no HTTP"],
)
def test_each_trouble_has_its_words(answer: bytes, told: str) -> None:
    with answering([answer]) as (address, _), pytest.raises(ControlError, match=told):
        Remote(address, "sk-mock-a").ask("PUT", "limits", {})


def test_a_real_server_that_lacks_a_path_is_of_another_version(server: ImagesMock) -> None:
    with pytest.raises(ControlError, match="Run the same version") as error:
        Remote(server.address, "sk-mock-a").ask("GET", "nothing/here/at/all")
    assert error.value.status == 404


@pytest.mark.parametrize(
    ("ready", "there"),
    [
        (http(200, b'{"server": "images-mock", "version": "0.0.9"}'), "0.0.9"),
        (http(404, b'{"error": {}}'), "of no version that it tells"),
        (http(200, b"<html>"), "of no version that it tells"),
    ],
    ids=["told", "older still", "gateway"],
)
def test_a_server_that_does_not_tell_what_is_needed_is_of_another_version(
    ready: bytes, there: str
) -> None:
    begun = http(200, b'{"sandbox": "a"}')
    with answering([begun, ready]) as (address, asked), pytest.raises(ControlError) as error:
        Sandbox(address, "sk-mock-a").begin()
    assert asked[1].startswith(b"GET /_mock/ready ")
    assert str(error.value) == (
        f"POST /_mock/sandbox at {address} tells no 'ended'; the images-mock there is {there}. "
        f"Run the same version of openai-images-mock there as here, which is {__version__}."
    )


def test_a_mock_beyond_loopback_hands_its_token_to_its_sandboxes() -> None:
    with ImagesMock(host="0.0.0.0", control_token="secret") as mock:
        assert mock.sandbox().begin().requests == []
        with pytest.raises(ControlError, match="control_token=TOKEN"):
            Remote(mock.address, "sk-mock-a").ask("GET", "clock")


def test_a_connection_that_is_forgotten_is_closed(server: ImagesMock) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        remote = Remote(server.address, "sk-mock-a")
        remote.ask("GET", "clock")
        thread = threading.Thread(target=remote.ask, args=("GET", "clock"))
        thread.start()
        thread.join()
        del remote, thread
        gc.collect()
    assert [w for w in caught if w.category is ResourceWarning] == []


@pytest.mark.parametrize(
    ("address", "kind", "of_library"),
    [
        ("http://127.0.0.1:1", NearLine, None),
        ("http://[::1]:1", NearLine, None),
        ("http://images:1", FarLine, HTTPConnection),
        ("https://127.0.0.1:1", FarLine, HTTPSConnection),
    ],
)
def test_the_address_chooses_the_connection(
    address: str, kind: type, of_library: type | None
) -> None:
    line = Remote(address, "sk-mock-a")._line()
    assert isinstance(line, kind)
    if of_library:
        assert type(getattr(line, "_line")) is of_library  # noqa: B009


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_near_and_far_get_the_same(server: ImagesMock, host: str) -> None:
    remote = Remote(server.address.replace("127.0.0.1", host), "sk-mock-near")
    assert remote.ask("POST", "clock/advance", {"seconds": 0})["moved"] == 0
    with pytest.raises(ControlError, match="seconds"):
        remote.ask("POST", "clock/advance", {"seconds": "x"})


BOOM = "the test's own"
PATCHED = [
    "http.client.HTTPConnection.request",
    "socket.socket.sendall",
    "socket.socket.connect",
    "socket.socket",
    "socket.getaddrinfo",
    "socket.create_connection",
    "time.time",
    "time.monotonic",
]


@pytest.mark.parametrize("target", PATCHED)
def test_what_a_test_replaces_is_not_on_the_way(
    server: ImagesMock, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    def boom(*_: object, **__: object) -> None:
        raise ValueError(BOOM)

    remote = Remote(server.address, "sk-mock-patched")
    with monkeypatch.context() as patch:
        patch.setattr(target, boom)
        assert remote.ask("GET", "clock")["moved"] == 0
