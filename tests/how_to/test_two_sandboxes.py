import openai
import pytest

from mockserver.handle import Sandbox
from mockserver.pytest_plugin import SessionServer


@pytest.fixture
def poor(images_mock_server: SessionServer) -> Sandbox:
    """A second customer: a whole key is taken as it is, with its effect; a name gets one made."""
    return images_mock_server.sandbox("sk-mock-free-bob").begin()


def test_each_customer_has_a_key(
    images_mock: Sandbox, images_client: openai.OpenAI, poor: Sandbox
) -> None:
    bob = images_client.with_options(api_key=poor.api_key)
    images_client.images.generate(model="dall-e-2", prompt="a red fox")
    with pytest.raises(openai.RateLimitError):  # the tier Free has no images
        bob.images.generate(model="dall-e-2", prompt="a red fox")
    images_mock.assert_called_once()
    poor.assert_called_once()
    assert [other["key"] for other in images_mock.others] == ["sk-mock-…-bob"]
