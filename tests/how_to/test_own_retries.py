import asyncio
import time

import openai
import pytest

from mockserver.handle import Sandbox


def picture(client: openai.OpenAI, prompt: str) -> str | None:
    """The code under test: a retry loop of its own, which does what `retry-after` says."""
    patient = client.with_options(max_retries=0)
    for _ in range(5):
        try:
            answer = patient.images.generate(model="dall-e-2", prompt=prompt)
            return answer.data[0].url if answer.data else None
        except openai.RateLimitError as error:
            time.sleep(float(error.response.headers["retry-after"]))
    return None


@pytest.fixture(autouse=True)
def _no_real_waits(images_mock: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", images_mock.clock.sleep)  # moves the sandbox's clock
    monkeypatch.setattr(asyncio, "sleep", images_mock.clock.async_sleep)


def test_the_loop_waits_as_long_as_it_is_told(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.rate_limit(times=2, retry_after=20)
    before = images_mock.clock.now
    assert picture(images_client, "a red fox")
    assert images_mock.clock.now - before == pytest.approx(40)


def test_a_limit_that_stands_is_passed_once_the_time_has_come(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.limits(per_minute=5)
    assert all(picture(images_client, f"poster {number}") for number in range(8))


def test_each_try_is_a_call_unless_you_say_otherwise(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.rate_limit(times=2, retry_after=20)
    picture(images_client, "a red fox")
    images_mock.assert_called(times=3, prompt="a red fox")
    images_mock.assert_called_once(prompt="a red fox", own_retries=True)
