import openai
import pytest

from mockserver.handle import Sandbox


def test_by_the_model_page(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_client.images.generate(model="dall-e-2", prompt="a red fox", size="1024x1024")
    images_client.images.generate(model="dall-e-2", prompt="a red fox", size="512x512")
    assert [request.usd for request in images_mock.requests] == [0.016, 0.018]


@pytest.mark.images_mock(prices="billing", sizes="api", tier=2)
def test_by_the_bill(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_client.images.generate(model="dall-e-2", prompt="a red fox", size="1024x1024")
    images_client.images.generate(model="dall-e-2", prompt="a red fox", size="512x512")
    assert [request.usd for request in images_mock.requests] == [0.02, 0.018]
