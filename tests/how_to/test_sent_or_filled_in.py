import openai
import pytest

from mockserver.handle import Sandbox


def test_a_field_that_the_client_must_send(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_client.images.generate(model="dall-e-2", prompt="a red fox")
    images_mock.assert_called_once(model="dall-e-2", sent="model", not_sent=["size", "n"])
    [request] = images_mock.requests
    assert request.sent == {"model": "dall-e-2", "prompt": "a red fox"}
    assert request.size == "1024x1024"  # what was left out is filled in, as the API does
    assert request.filled == ("n", "size", "response_format")


def test_a_client_that_names_no_model(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_client.images.generate(prompt="a red fox")
    images_mock.assert_called_once(model="dall-e-2")  # sent or filled in: both fit
    images_mock.assert_not_called(sent="model")
    with pytest.raises(AssertionError, match="wanted sent, but the client left it out"):
        images_mock.assert_called_once(sent="model")
