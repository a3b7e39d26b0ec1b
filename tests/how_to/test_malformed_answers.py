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
    assert answer.parse().data  # this SDK does not mind, others do; does your code?


def test_an_answer_that_says_nothing(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.respond(body={})  # a text as it is, any other value as JSON
    assert images_client.images.generate(prompt="a red fox").data is None  # no error


def test_fewer_pictures_than_asked(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.on(n=3).pictures(1)
    images_mock.on(n=2).pictures(0)
    for n, came in (3, 1), (2, 0):
        answer = images_client.images.generate(model="dall-e-2", prompt="a red fox", n=n)
        assert len(answer.data or []) == came


def test_the_other_form_than_asked(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.response_format("b64_json")  # or "url", where base64 was asked for
    answer = images_client.images.generate(prompt="a red fox", response_format="url")
    assert answer.data
    assert (answer.data[0].url, bool(answer.data[0].b64_json)) == (None, True)


def test_an_error_of_your_own(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    body = {"error": {"message": "Try later.", "type": "x", "param": None, "code": "later"}}
    images_mock.on().respond(409, body=body)
    with pytest.raises(openai.ConflictError) as error:
        images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert error.value.code == "later"
    assert error.value.request_id == images_mock.requests[-1].id  # it has the API's headers


@pytest.mark.parametrize("after_bytes", [0, 40])
def test_a_line_that_breaks(
    images_mock: Sandbox, images_client: openai.OpenAI, after_bytes: int
) -> None:
    images_mock.on().disconnect(after_bytes)
    with pytest.raises(openai.APIConnectionError):
        images_client.with_options(max_retries=0).images.generate(prompt="a red fox")
