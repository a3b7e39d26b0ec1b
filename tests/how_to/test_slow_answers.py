import openai
import pytest

from mockserver.handle import Sandbox


def test_a_slow_answer_runs_into_the_timeout(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.delay(30)  # ends when the client has given up: this test takes 0.2 s
    hasty = images_client.with_options(timeout=0.2, max_retries=0)
    with pytest.raises(openai.APITimeoutError):
        hasty.images.generate(model="dall-e-2", prompt="a red fox")


def test_the_second_attempt_is_in_time(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.stall()
    hasty = images_client.with_options(timeout=1, max_retries=1)
    assert hasty.images.generate(model="dall-e-2", prompt="a red fox").data


def test_a_body_that_drips_is_waited_for(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.drip(bytes_per_second=10_000)
    assert images_client.images.generate(model="dall-e-2", prompt="a red fox").data
