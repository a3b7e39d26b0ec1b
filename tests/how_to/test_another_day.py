import openai
import pytest

from mockserver.handle import Sandbox


@pytest.mark.images_mock(as_of="2022-11-10")
def test_before_there_were_models(images_client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="'model' was unexpected"):
        images_client.images.generate(model="dall-e-2", prompt="a red fox")


@pytest.mark.images_mock(as_of="2026-05-11")
def test_the_last_day_of_a_model(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_client.images.generate(model="dall-e-2", prompt="a red fox")
    images_mock.clock.advance(days=1)
    with pytest.raises(openai.BadRequestError, match="does not exist"):
        images_client.images.generate(model="dall-e-2", prompt="a red fox")
