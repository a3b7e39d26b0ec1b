from io import BytesIO
from pathlib import Path

import httpx2
import openai
import pytest
from PIL import Image

from mockserver.handle import Sandbox


def checked(client: openai.OpenAI, size: str = "256x256") -> Image.Image:
    """The code under test: takes nothing but a whole PNG of the size that it asked for."""
    answer = client.images.generate(model="dall-e-2", prompt="a red fox", size=size)
    assert answer.data
    content = httpx2.get(answer.data[0].url or "").content
    picture = Image.open(BytesIO(content), formats=["PNG"])
    picture.load()
    if f"{picture.width}x{picture.height}" != size:
        raise ValueError(f"asked for {size}, got {picture.size}")
    return picture


def test_a_file_that_breaks_off(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.truncated_picture()
    with pytest.raises(OSError, match="truncated"):
        checked(images_client)


def test_another_size(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.picture_of_wrong_size()
    with pytest.raises(ValueError, match="asked for 256x256"):
        checked(images_client)


def test_another_format(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    images_mock.next.picture_of_wrong_format()
    with pytest.raises(OSError, match="cannot identify"):
        checked(images_client)


def test_a_picture_of_your_own(
    images_mock: Sandbox, images_client: openai.OpenAI, tmp_path: Path
) -> None:
    Image.new("RGB", (256, 256), "teal").save(tmp_path / "teal.png")
    images_mock.on(contains="fox").image(tmp_path / "teal.png")
    assert checked(images_client).getpixel((0, 0)) == (0, 128, 128)
