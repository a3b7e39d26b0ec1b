"""A retry of an upload is known by its parts, whatever the boundary, with the clients of the day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

import aiohttp
import openai
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from mockserver.client.sandbox import Sandbox
from mockserver.clock import ManualClock
from mockserver.request.bodies import mark_of
from mockserver.testing import ImagesMock
from tests.conftest import Api
from tests.test_control import ask
from tests.test_rules import png

PICTURE = png("RGBA", 64)
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # variations
Client = Callable[[Sandbox, str], None]


@pytest.fixture
def sandbox(server: ImagesMock) -> Iterator[Sandbox]:
    found = server.sandbox("sk-mock-uploads").begin()
    yield found
    found.begin()


def sdk(sandbox: Sandbox) -> openai.OpenAI:
    return openai.OpenAI(base_url=sandbox.url, api_key=sandbox.api_key)


def edit(sandbox: Sandbox, prompt: str) -> None:
    with sdk(sandbox) as client:
        client.images.edit(image=("a.png", PICTURE), prompt=prompt, size="256x256")


def vary(sandbox: Sandbox, prompt: str) -> None:
    with sdk(sandbox) as client:
        client.images.create_variation(image=("a.png", PICTURE), size="256x256", user=prompt)


def by_requests(sandbox: Sandbox, prompt: str) -> None:
    with requests.Session() as session:
        again = Retry(3, status_forcelist=[429, 500], allowed_methods=None, backoff_factor=0)
        again.respect_retry_after_header = False
        session.mount("http://", HTTPAdapter(max_retries=again))
        form = {"prompt": prompt, "size": "256x256"}
        key = {"Authorization": f"Bearer {sandbox.api_key}"}
        url = f"{sandbox.url}/images/edits"
        session.post(url, data=form, files={"image": PICTURE}, headers=key).raise_for_status()


def by_aiohttp(sandbox: Sandbox, prompt: str) -> None:
    """A loop of the program's own: each attempt makes its form anew, and so its boundary."""

    async def loop() -> int:
        key = {"Authorization": f"Bearer {sandbox.api_key}"}
        async with aiohttp.ClientSession(headers=key) as session:
            for _ in range(4):
                form = aiohttp.FormData({"prompt": prompt, "size": "256x256"})
                form.add_field("image", PICTURE, filename="a.png", content_type="image/png")
                async with session.post(f"{sandbox.url}/images/edits", data=form) as answer:
                    await answer.read()
                    if answer.status == 200:
                        return 200
        return 0

    assert asyncio.run(loop()) == 200


def limited(sandbox: Sandbox) -> None:
    sandbox.next.rate_limit(times=1, retry_after=20)


def broken(sandbox: Sandbox) -> None:
    sandbox.next.error("internal", times=1)


@pytest.mark.parametrize("client", [edit, vary, by_requests, by_aiohttp])
@pytest.mark.parametrize("script", [limited, broken])
def test_an_upload_and_its_retry_are_one_call(
    sandbox: Sandbox, client: Client, script: Callable[[Sandbox], Any]
) -> None:
    script(sandbox)
    client(sandbox, "a fox")
    sandbox.assert_called_once()
    assert [[r.retries for r in call] for call in sandbox.calls] == [[0, 1]]


def test_a_client_that_counts_is_believed_after_a_broken_line_too(sandbox: Sandbox) -> None:
    sandbox.next.disconnect(times=1)
    edit(sandbox, "a fox")
    sandbox.assert_called_once()


def test_a_magic_words_two_refusals_are_one_call_with_its_retries(sandbox: Sandbox) -> None:
    edit(sandbox, "mock:429x2")
    assert [[r.status for r in call] for call in sandbox.calls] == [[429, 429, 200]]


def test_a_standing_clock_moves_by_the_wait_that_an_upload_served(sandbox: Sandbox) -> None:
    before = sandbox.clock.now
    limited(sandbox)
    edit(sandbox, "a fox")
    assert sandbox.clock.now - before == pytest.approx(20)


def test_eight_edits_get_through_a_limit_of_five(sandbox: Sandbox) -> None:
    sandbox.limits(per_minute=5)
    for number in range(8):
        edit(sandbox, f"a fox {number}")
    sandbox.assert_called(8)


def test_equal_uploads_over_one_connection_are_two_calls(api: Api) -> None:
    client = api()
    for _ in range(2):
        sent = {"image": ("a.png", PICTURE, "image/png")}
        client.post("/v1/images/edits", data={"prompt": "x", "size": "256x256"}, files=sent)
    assert [r["retries"] for r in ask(client, "GET", "requests")["requests"]] == [0, 0]


def test_another_order_or_content_of_parts_is_another_call(api: Api, clock: ManualClock) -> None:
    client = api(rules=[{"then": {"error": "internal"}}])
    forms: list[dict[str, str]] = [
        {"prompt": "x", "size": "256x256"},
        {"size": "256x256", "prompt": "x"},
        {"prompt": "y", "size": "256x256"},
    ]
    for form in [*forms, forms[2]]:
        client.post("/v1/images/edits", data=form, files={"image": ("a.png", PICTURE)})
    assert [r["retries"] for r in ask(client, "GET", "requests")["requests"]] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("content_type", "body", "common"),
    [
        ("multipart/form-data; boundary=abc", b"--abc\r\n\r\nx--abc--", b"--\r\n\r\nx----"),
        ('Multipart/Form-Data; boundary="a b"', b"--a b\r\n", b"--\r\n"),
        ("multipart/form-data", b"--abc", b"--abc"),
        ("multipart/form-data; boundary=", b"--abc", b"--abc"),
        ("application/json; boundary=abc", b"--abc", b"--abc"),
        (None, b"--abc", b"--abc"),
    ],
)
def test_only_a_boundary_is_left_out(content_type: str | None, body: bytes, common: bytes) -> None:
    assert mark_of(content_type, body, b"") == blake2b(common, digest_size=16).digest()
