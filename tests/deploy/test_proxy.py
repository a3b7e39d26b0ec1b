"""The proxy's configuration in a real nginx, before mocks on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx2
import openai
import pytest

from mockserver.testing import ImagesMock
from tests.deploy.manifests import DEPLOY
from tests.edits import encoded, scene
from tests.test_dockerfile import free_port

pytestmark = pytest.mark.deploy

MIB = 1 << 20
LEAST = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def nginx() -> str:
    """Debian's; without it tests are skipped, but not in CI."""
    found = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if found is None:
        reason = "nginx is not there: apt-get install nginx-light"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


@contextmanager
def proxied(directory: Path, *addresses: str) -> Iterator[str]:
    """The address of a proxy before these, with the configuration that is deployed."""
    conf, port = (DEPLOY / "nginx.conf").read_text("utf-8"), free_port()
    told = {
        # Debian's nginx is too old for `resolve`, and there are no names here.
        "server mock:6780 max_fails=0 resolve;": " ".join(
            f"server {address.removeprefix('http://')} max_fails=0;" for address in addresses
        ),
        "resolver 127.0.0.11 valid=5s;": "",
        "listen 6780;": f"listen 127.0.0.1:{port};",
        "/tmp/": f"{directory}/",
    }
    for text, other in told.items():
        assert text in conf
        conf = conf.replace(text, other)
    (directory / "nginx.conf").write_text(conf)
    words = [nginx(), "-p", str(directory), "-c", str(directory / "nginx.conf"), "-e", "stderr"]
    subprocess.run(words, check=True)  # it returns once it listens
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([*words, "-s", "stop"], check=True)


@pytest.fixture(scope="module")
def mocks() -> Iterator[list[ImagesMock]]:
    """Three of them, each with a state of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(ImagesMock(tier="off")) for _ in range(3)]


@pytest.fixture(scope="module")
def proxy(mocks: list[ImagesMock], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with proxied(tmp_path_factory.mktemp("nginx"), *[mock.address for mock in mocks]) as address:
        yield address


@pytest.fixture
def sdk(proxy: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{proxy}/v1", api_key="sk-mock-proxy", max_retries=0) as client:
        yield client


def test_pictures_have_the_address_of_the_proxy(proxy: str, sdk: openai.OpenAI) -> None:
    pictures = sdk.images.generate(model="dall-e-2", prompt="x", size="256x256").data
    url = (pictures and pictures[0].url) or ""
    assert url.startswith(f"{proxy}/private/")
    assert httpx2.get(url).content[:4] == b"\x89PNG"


def test_all_mocks_have_their_share(mocks: list[ImagesMock], sdk: openai.OpenAI) -> None:
    for _ in range(9):
        sdk.images.generate(model="dall-e-2", prompt="share", size="256x256")
    asked = [
        [r for r in mock.sandbox("sk-mock-proxy").requests if r.prompt == "share"] for mock in mocks
    ]
    assert all(asked), [len(some) for some in asked]


def test_fifty_megabytes_go_through(sdk: openai.OpenAI) -> None:
    uploads = [("a.png", encoded(scene()) + bytes(24 * MIB), "image/png") for _ in range(2)]
    answer = sdk.images.edit(model="gpt-image-2", image=uploads, prompt="x", size="1024x1024")
    assert answer.data


def test_what_is_too_large_the_mock_refuses_in_its_own_words(proxy: str) -> None:
    headers = {"Authorization": "Bearer sk-mock-proxy", "Content-Type": "application/json"}
    answer = httpx2.post(f"{proxy}/v1/images/edits", content=bytes(65 * MIB), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["error"]


def test_lines_that_rules_break_are_broken_and_make_no_mock_ill(
    mocks: list[ImagesMock], sdk: openai.OpenAI
) -> None:
    for mock in mocks:
        box = mock.sandbox("sk-mock-proxy").begin(per_minute=1000)
        box.on(contains="break late").disconnect(after_bytes=100)
        box.on(contains="break at once").disconnect()
    for _ in range(6):
        with pytest.raises(openai.APIConnectionError):
            sdk.images.generate(model="dall-e-2", prompt="break late", response_format="b64_json")
        with pytest.raises(openai.InternalServerError) as told:  # a proxy can't say less
            sdk.images.generate(model="dall-e-2", prompt="break at once")
        assert told.value.status_code == 502
    assert sdk.images.generate(model="dall-e-2", prompt="x").data


def test_events_and_uploads_go_through_piece_by_piece(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as upstream,
        proxied(tmp_path, f"127.0.0.1:{upstream.getsockname()[1]}") as address,
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 10) as client,
    ):
        upstream.settimeout(10)
        client.sendall(b"POST /v1 HTTP/1.1\r\nHost: mock.test:99\r\nContent-Length: 8\r\n\r\nhalf")
        line, _ = upstream.accept()
        with closing(line), line.makefile("rb") as asked, client.makefile("rb") as answer:
            line.settimeout(10)
            head = [asked.readline() for _ in range(4)]
            while head[-1] != b"\r\n":
                head.append(asked.readline())
            assert b"Host: mock.test:99\r\n" in head
            assert asked.read(4) == b"half"  # though the client has not sent the rest
            client.sendall(b"rest")
            assert asked.read(4) == b"rest"
            line.sendall(LEAST + b"5\r\nfirst\r\n")
            while answer.readline() != b"\r\n":
                pass
            assert (answer.readline(), answer.read(7)) == (
                b"5\r\n",
                b"first\r\n",
            )  # before the last
            line.sendall(b"4\r\nlast\r\n0\r\n\r\n")
            assert (answer.readline(), answer.read(6)) == (b"4\r\n", b"last\r\n")
