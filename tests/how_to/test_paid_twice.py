import time

import openai
import pytest
from openai.types import ImagesResponse

from mockserver.handle import Sandbox

LOST = ["before_head", "after_head", "in_picture", "gateway_timeout"]


def poster(client: openai.OpenAI, prompt: str) -> ImagesResponse:
    """Asks again only where the API has said that nothing was made: so it buys once."""
    once = client.with_options(max_retries=0, timeout=180)  # longer than a picture takes
    for _ in range(3):
        try:
            return once.images.generate(model="dall-e-2", prompt=prompt)
        except openai.RateLimitError as busy:
            time.sleep(int(busy.response.headers["retry-after-ms"]) / 1000)
    return once.images.generate(model="dall-e-2", prompt=prompt)


@pytest.mark.parametrize("how", LOST)
def test_the_sdks_own_retries_buy_again(
    images_mock: Sandbox, images_client: openai.OpenAI, how: str
) -> None:
    images_mock.next.lose(how)  # the picture is made and paid for; its answer does not come
    images_client.images.generate(model="dall-e-2", prompt="a red fox")
    with pytest.raises(AssertionError, match="paid more than once for one call"):
        images_mock.assert_nothing_paid_twice()


@pytest.mark.parametrize("how", LOST)
def test_this_program_tells_its_user_instead(
    images_mock: Sandbox, images_client: openai.OpenAI, how: str
) -> None:
    images_mock.next.lose(how)
    with pytest.raises((openai.APIConnectionError, openai.InternalServerError)):
        poster(images_client, "a red fox")
    images_mock.assert_nothing_paid_twice()


def test_it_is_patient_where_nothing_was_made(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.rate_limit(times=2, retry_after=20)
    assert poster(images_client, "a red fox").data
    images_mock.assert_nothing_paid_twice()
    images_mock.assert_spent_at_most(0.02)


def test_who_is_hasty_pays_twice(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.stall()
    hasty = images_client.with_options(timeout=1, max_retries=1)
    assert hasty.images.generate(model="dall-e-2", prompt="a red fox").data
    with pytest.raises(AssertionError, match="the client had left, stall"):
        images_mock.assert_nothing_paid_twice()


@pytest.mark.images_mock(abandoned="unpaid")  # as if the API stopped work for who has left
def test_unless_nobody_pays_for_what_was_left(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.next.stall()
    hasty = images_client.with_options(timeout=1, max_retries=1)
    assert hasty.images.generate(model="dall-e-2", prompt="a red fox").data
    images_mock.assert_nothing_paid_twice()
