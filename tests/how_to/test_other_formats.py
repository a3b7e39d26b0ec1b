from base64 import b64decode
from io import BytesIO
from typing import Literal

import openai
from PIL import Image, ImageSequence


def drawn(
    client: openai.OpenAI,
    output_format: Literal["png", "webp", "jpeg", "gif"],
    background: Literal["transparent", "opaque"] = "opaque",
) -> Image.Image:
    answer = client.images.generate(
        model="gpt-image-2.6-flare",
        prompt="a red fox",
        size="1024x1024",
        output_format=output_format,
        background=background,
    )
    assert answer.data
    return Image.open(BytesIO(b64decode(answer.data[0].b64_json or "")))


def thumbnail(picture: Image.Image) -> Image.Image:
    """The code under test: lays what is clear on white before it makes a JPEG."""
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture.convert("RGBA"))
    return ground.convert("RGB").resize((128, 128))


def test_a_transparent_background_becomes_white(images_client: openai.OpenAI) -> None:
    for form in ("png", "webp"):
        picture = drawn(images_client, form, "transparent")
        assert (picture.mode, picture.size) == ("RGBA", (1024, 1024))
        assert picture.getchannel("A").getextrema() == (0, 255)
        assert thumbnail(picture).getpixel((0, 0)) == (255, 255, 255)


def test_all_frames_of_a_gif_are_there(images_client: openai.OpenAI) -> None:
    picture = drawn(images_client, "gif")
    assert len([*ImageSequence.Iterator(picture)]) == 9
