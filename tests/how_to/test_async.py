import asyncio

import openai
import pytest

from mockserver.handle import Sandbox

pytestmark = pytest.mark.anyio  # or asyncio_mode = "auto" with pytest-asyncio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_ten_at_a_time(images_mock: Sandbox, async_images_client: openai.AsyncOpenAI) -> None:
    images_mock.next.rate_limit(times=3, retry_after=20)
    posters = (
        async_images_client.images.generate(model="dall-e-2", prompt=f"poster {number}")
        for number in range(10)
    )
    answers = await asyncio.gather(*posters)
    assert all(answer.data for answer in answers)
    images_mock.assert_called(times=10)
    assert len(images_mock.requests) == 13


async def test_a_task_that_is_cancelled(
    images_mock: Sandbox, async_images_client: openai.AsyncOpenAI
) -> None:
    images_mock.next.stall()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await async_images_client.images.generate(model="dall-e-2", prompt="a red fox")
