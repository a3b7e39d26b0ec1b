"""Pictures of equal requests: the same by default, others where `repeats` is `vary`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mockserver.client.sandbox import Sandbox
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.varied_pictures import REPEATED
from mockserver.store.sandbox import MemorySandbox
from mockserver.testing import ImagesMock
from tests.conftest import Api, generate


def drawn(client: openai.OpenAI, prompt: str = "a red fox", **more: Any) -> list[str]:
    answer = client.images.generate(
        prompt=prompt, size="256x256", response_format="b64_json", **more
    )
    return [item.b64_json or "" for item in answer.data or []]


@pytest.fixture
def images(server: ImagesMock) -> Sandbox:
    return server.sandbox("sk-mock-repeats").begin(repeats="vary")


@pytest.fixture
def client(images: Sandbox) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=images.url, api_key=images.api_key) as client:
        yield client


def test_equal_requests_get_the_same_picture_unless_told_otherwise(
    images: Sandbox, client: openai.OpenAI
) -> None:
    images.begin()
    assert drawn(client) == drawn(client)
    images.begin(repeats="same")
    assert drawn(client) == drawn(client)


def test_varied_repeats_begin_with_the_picture_of_always_and_are_the_same_row_again(
    images: Sandbox, client: openai.OpenAI
) -> None:
    row = [*drawn(client, n=2), *drawn(client, n=2), *drawn(client, n=2)]
    assert len(set(row)) == 6
    images.begin(repeats="vary")
    assert [*drawn(client, n=2), *drawn(client, n=2), *drawn(client, n=2)] == row
    images.reset("requests")
    assert drawn(client, n=2) == row[:2]
    images.begin()
    assert drawn(client, n=2) == row[:2]


def test_each_request_is_counted_for_itself_and_each_sandbox_too(
    images: Sandbox, client: openai.OpenAI, server: ImagesMock
) -> None:
    first = drawn(client)
    drawn(client, "a blue whale")
    drawn(client.with_options(api_key=server.sandbox("sk-mock-other").begin().api_key))
    second = drawn(client, user="kim")  # no part of a picture
    assert second != first
    images.begin(repeats="vary")
    assert [drawn(client), drawn(client)] == [first, second]


SPOILED = {
    "a refusal": lambda images: images.next.rate_limit(retry_after=20),
    "an error": lambda images: images.next.error("internal"),
    "a line that breaks at once": lambda images: images.next.disconnect(),
    "a line that breaks in the answer": lambda images: images.next.disconnect(40),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_an_attempt_that_failed_has_made_no_picture(
    images: Sandbox, client: openai.OpenAI, spoil: Any
) -> None:
    row = [drawn(client), drawn(client)]
    images.begin(repeats="vary")
    spoil(images)
    assert [drawn(client), drawn(client)] == row
    assert len(images.requests) == 3
    images.begin(repeats="vary")
    first = drawn(client)
    spoil(images)
    assert [first, drawn(client)] == row


def test_urls_and_uploads_vary_as_well(images: Sandbox, client: openai.OpenAI) -> None:
    from io import BytesIO

    file = BytesIO()
    Image.new("RGBA", (256, 256), "teal").save(file, "PNG")
    upload = ("x.png", file.getvalue())
    made = [
        client.images.edit(
            image=upload, prompt="x", size="256x256", response_format="b64_json", model="dall-e-2"
        )
        for _ in range(2)
    ]
    assert len({a.data[0].b64_json for a in made if a.data}) == 2
    urls = [client.images.generate(prompt="x", size="256x256") for _ in range(2)]
    paths = {(a.data[0].url or "").partition("?")[0] for a in urls if a.data}
    assert len(paths) == 2


def test_it_is_a_setting_of_the_server_too_and_a_sandbox_has_the_last_word(api: Api) -> None:
    client = api(repeats="vary")
    asked = {"response_format": "b64_json", "size": "256x256"}
    first, second = (generate(client, **asked).json()["data"] for _ in range(2))
    assert first != second
    named = {"Mock-Sandbox-Key": "sk-mock-me"}
    begun = client.post("/_mock/sandbox", json={"repeats": "same"}, headers=named)
    assert begun.status_code == 200, begun.text
    assert [generate(client, **asked).json()["data"] for _ in range(2)] == [first, first]
    refused = client.post("/_mock/sandbox", json={"repeats": "often"}, headers=named)
    assert refused.status_code == 400
    assert "repeats must be one of same, vary" in refused.text


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=30))
def test_numbers_are_used_once_and_in_order_where_nobody_gives_back_late(
    asked: list[tuple[int, bool]],
) -> None:
    async def run() -> None:
        sandbox = MemorySandbox("x", 1, Options(), ())
        kept: dict[int, int] = {}
        for digest, fails in asked:
            number = await sandbox.repeat(bytes([digest]))
            assert number == kept.get(digest, 0)
            if fails:
                await sandbox.take_back(bytes([digest]), number)
            else:
                kept[digest] = number + 1

    asyncio.run(run())


def test_who_gives_back_late_takes_no_number_from_the_others() -> None:
    async def run() -> None:
        sandbox = MemorySandbox("x", 1, Options(), ())
        numbers = [await sandbox.repeat(b"x") for _ in range(3)]
        await sandbox.take_back(b"x", numbers[0])
        assert await sandbox.repeat(b"x") == 3

    asyncio.run(run())


def test_the_counters_are_bounded() -> None:
    async def run() -> None:
        sandbox = MemorySandbox("x", 1, Options(), ())
        for number in range(REPEATED + 1):
            await sandbox.repeat(number.to_bytes(4, "big"))
            await sandbox.repeat(b"often")
        assert await sandbox.repeat(b"often") == REPEATED + 1
        assert await sandbox.repeat((0).to_bytes(4, "big")) == 0  # forgotten: it begins again

    asyncio.run(run())
