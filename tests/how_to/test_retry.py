import openai
import pytest

from mockserver.handle import Sandbox


def test_one_call_is_tried_again_until_it_passes(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    busy = images_mock.next.rate_limit(times=2, retry_after=20)  # nobody waits 20 s here
    images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert busy.fired == 2
    images_mock.assert_called_once(prompt="a red fox")  # retries are of the call they repeat
    [attempts] = images_mock.calls
    assert [(a.status, a.retries) for a in attempts] == [(429, 0), (429, 1), (200, 2)]


def test_the_client_gives_up_in_the_end(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.on(model="dall-e-2").error("overloaded", name="a bad day")
    with pytest.raises(openai.RateLimitError):
        images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert len(images_mock.requests) == 3


def test_an_account_without_credit_is_no_matter_of_patience(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.on().quota()
    with pytest.raises(openai.RateLimitError) as error:
        images_client.images.generate(model="dall-e-2", prompt="a red fox")
    assert error.value.code == "insufficient_quota"


def test_only_the_second_call_fails(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.on(call=2).error("internal")
    strict = images_client.with_options(max_retries=0)
    strict.images.generate(model="dall-e-2", prompt="one")
    with pytest.raises(openai.InternalServerError):
        strict.images.generate(model="dall-e-2", prompt="two")
    strict.images.generate(model="dall-e-2", prompt="three")
