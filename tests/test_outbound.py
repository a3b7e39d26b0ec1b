"""The server reaches out to nobody: what would be told if it did, and that addresses are no way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import GENERATIONS
from tests.outbound.sitecustomize import SEEN
from tests.outbound_check import TOLD

#: A program with a server in it that does what no server of ours does, each in its own way.
REACHES = """
import asyncio, os, socket, subprocess, sys, threading, urllib.request
from mockserver.api.models import Models
from mockserver.testing import ImagesMock

answer, ways = Models.__call__, {}

def way(do):
    ways[do.__name__] = do
    return do

def quietly(do, *arguments):
    try:
        do(*arguments)
    except OSError:
        pass

NOWHERE = ("127.0.0.1", 9)

@way
async def connects(): quietly(socket.create_connection, NOWHERE)
@way
async def looks_up(): quietly(socket.getaddrinfo, "localhost", 9)
@way
async def fetches(): quietly(urllib.request.urlopen, "http://127.0.0.1:9/")
@way
async def sends(): quietly(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", NOWHERE))
@way
async def connects_in_c():
    try:
        await asyncio.open_connection(*NOWHERE)
    except OSError:
        pass
@way
async def starts_a_program(): subprocess.run([sys.executable, "-S", "-c", ""])
@way
async def connects_in_a_pool(): await asyncio.to_thread(quietly, socket.create_connection, NOWHERE)
@way
async def connects_in_a_thread():
    thread = threading.Thread(target=quietly, args=(socket.create_connection, NOWHERE))
    thread.start()
    thread.join()
@way
async def connects_later():
    later = asyncio.Event()
    def then():
        quietly(socket.create_connection, NOWHERE)
        later.set()
    asyncio.get_running_loop().call_soon(then)
    await later.wait()

async def reach(self, scope, receive, send):
    path = os.environ["OUTBOUND_TOLD"]
    before = open(path).read()
    await ways[scope["query_string"].decode()]()
    print(scope["query_string"].decode(), len(open(path).read()) > len(before), flush=True)
    await answer(self, scope, receive, send)

Models.__call__ = reach
with ImagesMock() as mock:
    for name in ways:
        asked = urllib.request.Request(f"{mock.url}/models?{name}", headers={"Authorization": "Bearer a"})
        urllib.request.urlopen(asked).read()
"""
HERE = Path(__file__).parents[1]
ADDRESSES = [
    *("https://example.com/a.png", "http://127.0.0.1:9/a.png", "http://[::1]:9/", "http://0/"),
    *("http://localhost:9/a.png", "http://169.254.169.254/latest/meta-data/", "http://2130706433/"),
    *("http://metadata.google.internal/computeMetadata/v1/", "http://0x7f000001/", "http://127.1/"),
    *(
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "ftp://127.0.0.1/a.png",
        "//127.0.0.1/a",
    ),
    *(
        "gopher://127.0.0.1:6379/_INFO",
        "dict://127.0.0.1:11211/stats",
        "ldap://127.0.0.1/",
        "jar:a",
    ),
    *(
        "http://a@127.0.0.1:9/a.png",
        "http://127.0.0.1:9#@example.com/",
        "http://[::ffff:127.0.0.1]/",
    ),
    *(
        "HTTP://EXAMPLE.COM/a.png",
        "http://xn--80ak6aa92e.com/",
        "http://１２７.0.0.1/",
        "/etc/passwd",
    ),
    *("data:text/html,<img src=http://127.0.0.1:9/>", "data:image/png;base64,aHR0cDovL2EvYg=="),
    *(
        "unix:///var/run/docker.sock",
        "\\\\127.0.0.1\\share\\a.png",
        "http://127.0.0.1:9/private/org-a/",
    ),
    *(
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='http://127.0.0.1:9/'/></svg>",
    ),
]


@contextmanager
def watched() -> Iterator[list[tuple[str, Any]]]:
    """What this process connects to, looks up or starts meanwhile, whoever in it does."""
    seen: list[tuple[str, Any]] = []
    setattr(sys, SEEN, seen)
    try:
        yield seen
    finally:
        setattr(sys, SEEN, None)


def test_a_server_that_reaches_out_is_told_of_however_it_does_and_its_clients_are_not(
    tmp_path: Path,
) -> None:
    told = tmp_path / "told"
    told.touch()
    variables = os.environ | {TOLD: str(told), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", REACHES],
        env=variables,
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=60,
    )
    ways = dict(line.split() for line in done.stdout.splitlines())
    assert ways == dict.fromkeys(ways, "True"), done.stderr
    assert len(ways) == 9
    assert "/models?" not in told.read_text()


def test_every_process_of_a_test_run_is_looked_at(tmp_path: Path) -> None:
    program = "import sys; print(hasattr(sys, 'outbound_seen'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_in_a_request_makes_the_server_connect_or_look_up_a_name(
    client: TestClient, address: str
) -> None:
    model = {"model": "gpt-image-1", "prompt": "a fox"}
    picture = {"type": "input_image", "image_url": address}
    said = {"role": "user", "content": [{"type": "input_text", "text": address}, picture]}
    with watched() as seen:
        for asked in (
            model | {"images": [{"image_url": address}]},
            model | {"images": [{"file_id": address}]},
            model | {"images": [{"image_url": address}], "mask": {"image_url": address}},
        ):
            client.post("/v1/images/edits", json=asked)
        client.post("/v1/images/edits", data=model | {"image": address})
        client.post(GENERATIONS, json=model | {"user": address, "prompt": address})
        client.post("/v1/responses", json={"model": "gpt-5", "input": [said]})
        client.post("/v1/batches", json={"input_file_id": address, "endpoint": address})
        client.get("/_mock/requests", params={"path": address})
    assert seen == []
