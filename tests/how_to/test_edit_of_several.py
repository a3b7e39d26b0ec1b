from base64 import b64decode
from io import BytesIO

import openai
from PIL import Image

from mockserver.handle import Sandbox


def png(image: Image.Image) -> tuple[str, bytes]:
    file = BytesIO()
    image.save(file, "PNG")
    return "image.png", file.getvalue()  # the name tells the part's type, which the API looks at


ROOM, LAMP, CHAIR = (
    png(Image.new("RGB", (1024, 1024), colour)) for colour in ("teal", "gold", "tan")
)


def test_the_room_is_furnished(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    mask = Image.new("RGBA", (1024, 1024), "black")
    mask.paste((0, 0, 0, 0), (200, 500, 1024, 1024))  # clear is what shall be drawn anew
    answer = images_client.images.edit(
        model="gpt-image-2",
        image=[ROOM, LAMP, CHAIR],  # up to 16; the mask is for the first
        mask=png(mask),
        prompt="furnish this room",
        size="1024x1024",
    )
    assert answer.data
    assert answer.usage
    made = Image.open(BytesIO(b64decode(answer.data[0].b64_json or "")))
    assert made.getpixel((10, 10)) == (0, 128, 128)  # what the mask keeps is the upload's own
    assert answer.usage.input_tokens_details.image_tokens == 3 * 1024
    images_mock.assert_called_once(image=[ROOM[1], LAMP[1], CHAIR[1]], mask=png(mask)[1])
    assert [upload.width for upload in images_mock.requests[0].images] == [1024] * 3


def test_pictures_can_be_named_by_address(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    address = "https://example.com/room.png"  # nothing is fetched: a rule has the file
    images_mock.on(model="gpt-image-2").addresses({address: ROOM[1]})
    body = {
        "model": "gpt-image-2",
        "prompt": "furnish this room",
        "images": [{"image_url": address}],
    }
    answer = images_client.post("/images/edits", body=body, cast_to=openai.types.ImagesResponse)
    assert answer.size == "1254x1254"  # left to the model, it is like the first picture
    images_mock.assert_called_once(image=ROOM[1])
