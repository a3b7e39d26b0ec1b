import openai
import pytest

from mockserver.handle import Sandbox


@pytest.mark.images_mock(budget_usd=0.10)
def test_the_budget_is_never_exceeded(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_client.images.generate(model="dall-e-2", prompt="a red fox", size="1024x1024", n=5)
    with pytest.raises(openai.BadRequestError) as error:
        images_client.images.generate(model="dall-e-2", prompt="a red fox", size="1024x1024", n=2)
    assert error.value.code == "billing_hard_limit_reached"
    assert images_mock.spent <= 0.10


def test_what_a_run_costs(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    for prompt in ("spring", "autumn"):
        images_client.images.generate(model="dall-e-2", prompt=prompt, size="256x256")
    images_mock.assert_spent_at_most(0.04)
    assert sum(r.usd for r in images_mock.requests) == pytest.approx(images_mock.spent)
