from io import BytesIO

import openai
from PIL import Image

from mockserver.handle import Sandbox


def png(colour: str, mode: str = "RGB") -> tuple[str, bytes]:
    file = BytesIO()
    Image.new(mode, (64, 64), colour).save(file, "PNG")
    return "image.png", file.getvalue()


def test_every_field_can_be_asserted(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_client.images.generate(model="dall-e-2", prompt="a red fox", n=2, user="kim")
    images_mock.assert_called_once(model="dall-e-2", prompt="a red fox", n=2, user="kim")
    images_mock.assert_called(contains="fox")
    images_mock.assert_called(regex="^a .* fox$")
    images_mock.assert_not_called(model="dall-e-3")
    [request] = images_mock.requests
    assert request.size == "1024x1024"  # what was left out is filled in


def test_uploads_are_compared_by_content(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    photo, mask = png("teal"), png("#0000", "RGBA")
    images_client.images.edit(model="dall-e-2", image=photo, mask=mask, prompt="a neon sunset")
    images_mock.assert_called_once(operation="images.edit", image=photo[1], mask=mask[1])
    upload = images_mock.requests[0].image
    assert upload
    assert (upload.format, upload.mode, upload.width, upload.height) == ("PNG", "RGB", 64, 64)


def test_what_the_mock_decided_is_told(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.rate_limit(name="busy")
    images_client.images.generate(model="dall-e-2", prompt="a red fox")
    refused, passed = images_mock.requests
    assert refused.error
    assert refused.error.reason == "rate_limited"
    assert any("busy" in decision for decision in refused.trace)
    assert passed.error is None
