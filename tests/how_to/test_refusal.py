import openai
import pytest

from mockserver.handle import Sandbox


def safe_poster(client: openai.OpenAI, prompt: str) -> str | None:
    """The code under test: None for what the content policy refuses."""
    try:
        answer = client.images.generate(model="dall-e-2", prompt=prompt)
    except openai.BadRequestError as error:
        if error.code == "content_policy_violation":
            return None
        raise
    return answer.data[0].url if answer.data else None


@pytest.mark.parametrize("stage", ["prompt", "picture"])
def test_a_refusal_is_no_crash(
    images_mock: Sandbox, images_client: openai.OpenAI, stage: str
) -> None:
    images_mock.on(contains="gore").refuse(stage)
    assert safe_poster(images_client, "a castle") is not None
    assert safe_poster(images_client, "a castle full of gore") is None


def test_a_regular_expression_finds_more(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    images_mock.on(regex=r"(?i)\b(gore|blood)\b").refuse()
    assert safe_poster(images_client, "BLOOD on the snow") is None
    assert safe_poster(images_client, "a bloodhound") is not None
