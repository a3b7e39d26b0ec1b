from base64 import b64decode
from io import BytesIO

import openai
import pytest
from openai.types.responses import Response
from openai.types.responses.response_output_item import ImageGenerationCall
from PIL import Image

from mockserver.handle import Sandbox


def picture_in(response: Response) -> ImageGenerationCall:
    (call,) = [item for item in response.output if item.type == "image_generation_call"]
    return call


def draw(client: openai.OpenAI, text: str, before: Response | None = None) -> Response:
    return client.responses.create(
        model="gpt-5",  # any: it speaks, and lets another model draw
        input=text,
        previous_response_id=before.id if before else None,
        tools=[{"type": "image_generation", "size": "1536x1024", "quality": "low"}],
    )


def test_a_picture_is_drawn_and_then_changed(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    fox = draw(images_client, "a red fox")
    hat = draw(images_client, "now with a hat", before=fox)
    assert picture_in(hat).action == "edit"
    assert Image.open(BytesIO(b64decode(picture_in(hat).result or ""))).size == (1536, 1024)
    edit = images_mock.requests[1]
    assert (edit.operation, edit.prompt) == ("responses.create", "now with a hat")
    images_mock.assert_called_once(image=b64decode(picture_in(fox).result or ""))


def test_what_the_safety_system_refuses(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.on(contains="fox").refuse()  # here as at /v1/images
    with pytest.raises(openai.BadRequestError) as refused:
        draw(images_client, "a red fox")
    assert refused.value.code == "moderation_blocked"


def test_words_are_not_its_job(images_client: openai.OpenAI) -> None:
    answer = images_client.responses.with_raw_response.create(model="gpt-5", input="Who are you?")
    assert answer.parse().output_text == "This mock server draws pictures and writes no words."
    assert "writes no words" in answer.headers["mock-warning"]
