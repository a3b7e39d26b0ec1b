import openai
import pytest

from mockserver.handle import Sandbox


def test_a_prompt_can_carry_its_own_script(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_client.images.generate(model="dall-e-2", prompt="a red fox mock:429x2")
    assert [r.status for r in images_mock.requests] == [429, 429, 200]


def test_from_any_language(images_client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        images_client.images.generate(model="dall-e-2", prompt="mock:refuse")
    assert error.value.code == "content_policy_violation"
