import openai
import pytest

from mockserver.handle import Sandbox


@pytest.mark.images_mock(per_minute=5)
def test_five_images_a_minute(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    strict = images_client.with_options(max_retries=0)
    strict.images.generate(model="dall-e-2", prompt="a red fox", n=5)
    with pytest.raises(openai.RateLimitError):
        strict.images.generate(model="dall-e-2", prompt="one more")
    images_mock.clock.advance(seconds=12)  # a fifth of a minute is one image
    strict.images.generate(model="dall-e-2", prompt="one more")


@pytest.mark.images_mock(per_minute=5)
def test_the_client_waits_for_its_turn(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    before = images_mock.clock.now
    for number in range(8):
        images_client.images.generate(model="dall-e-2", prompt=f"poster {number}")
    assert images_mock.clock.now - before >= 3 * 12 - 1  # as the API has it; for you an instant


def test_a_limit_of_your_own(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.limits(per_minute=1)
    strict = images_client.with_options(max_retries=0)
    strict.images.generate(model="dall-e-2", prompt="a red fox")
    images_mock.refill()
    strict.images.generate(model="dall-e-2", prompt="a red fox")
