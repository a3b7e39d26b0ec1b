from io import BytesIO

import openai
import pytest
from PIL import Image

from mockserver.handle import Sandbox


def png(colour: str) -> tuple[str, bytes]:
    file = BytesIO()
    Image.new("RGB", (1024, 1024), colour).save(file, "PNG")
    return f"{colour}.png", file.getvalue()


def furnished(client: openai.OpenAI, *files: str) -> openai.types.ImagesResponse:
    body = {
        "model": "gpt-image-2",
        "prompt": "put the lamp into the room",
        "images": [{"file_id": file} for file in files],
    }
    return client.post("/images/edits", body=body, cast_to=openai.types.ImagesResponse)


def test_files_are_uploaded_once_and_edited_often(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    room = images_client.files.create(file=png("teal"), purpose="vision")
    lamp = images_client.files.create(file=png("gold"), purpose="vision")
    for _ in range(2):
        assert furnished(images_client, room.id, lamp.id).data
    images_mock.assert_called(times=2, image=[png("teal")[1], png("gold")[1]])
    images_mock.assert_called(times=2, operation="files.create")


def test_a_file_that_has_expired(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    room = images_client.files.create(
        file=png("teal"),
        purpose="vision",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    images_mock.clock.advance(hours=2)  # the sandbox's clock: nobody waits
    with pytest.raises(openai.BadRequestError, match="No such File object"):
        furnished(images_client, room.id)


def test_an_upload_that_fails_once(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.on(operation="files.create").error("internal", times=1)
    assert images_client.files.create(file=png("teal"), purpose="vision").id  # the SDK's own retry
    assert [r.status for r in images_mock.requests] == [500, 200]
