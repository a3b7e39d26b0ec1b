import openai
import pytest

from mockserver.handle import Sandbox

GENERATIONS = "/v1/images/generations"


def test_a_bad_gateway_is_tried_again(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.gateway(502)  # with an HTML page, and without x-request-id
    images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert [r.status for r in images_mock.requests] == [502, 200]


def test_an_error_that_forbids_it_is_not_tried_again(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.on().then(gateway=503, headers={"x-should-retry": "false"})
    with pytest.raises(openai.InternalServerError) as error:
        images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert "<html>" in str(error.value.body)  # the page: there is no JSON, and no code in it
    assert len(images_mock.requests) == 1


@pytest.mark.parametrize("as_date", [False, True])
def test_a_wait_may_be_told_in_seconds_or_as_a_date(
    images_mock: Sandbox, images_client: openai.OpenAI, as_date: bool
) -> None:
    images_mock.next.gateway(503, retry_after=20, as_date=as_date)
    before = images_mock.clock.now
    images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert images_mock.clock.now - before == pytest.approx(20)  # for you an instant


def test_a_page_where_an_answer_should_be(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.gateway(200, body="<html>Please sign in</html>")
    answer: object = images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert answer == "<html>Please sign in</html>"  # a text, and no error; does your code look?


def test_a_redirect_is_followed(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.respond(307, headers={"location": GENERATIONS})
    assert images_client.images.generate(model="dall-e-2", prompt="a red fox").data
    assert [r.status for r in images_mock.requests] == [307, 200]
