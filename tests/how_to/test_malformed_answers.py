import openai
import pytest

from mockserver.handle import Sandbox


def test_json_that_breaks_off(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.bad_json()
    with pytest.raises(ValueError, match="Unterminated|Expecting"):  # the SDK lets it through
        images_client.images.generate(model="dall-e-2", prompt="a red fox")


def test_json_that_calls_itself_html(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.content_type("text/html")
    answer = images_client.images.with_raw_response.generate(prompt="a red fox")
    assert answer.headers["content-type"] == "text/html"
    assert answer.parse().data  # the SDK does not mind; does your code?


@pytest.mark.parametrize("after_bytes", [0, 40])
def test_a_line_that_breaks(
    images_mock: Sandbox, images_client: openai.OpenAI, after_bytes: int
) -> None:
    images_mock.on().disconnect(after_bytes)
    with pytest.raises(openai.APIConnectionError):
        images_client.with_options(max_retries=0).images.generate(prompt="a red fox")
