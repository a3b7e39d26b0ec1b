from io import BytesIO

import httpx2
import openai
from openai.types import ImagesResponse
from PIL import Image

CLIENT = openai.OpenAI(timeout=120)
SIZE = (256, 256)


class NoPoster(Exception):
    """There is no poster, and why."""


def poster(prompt, path):
    """Draw a poster, and save it; NoPoster if there is none."""
    try:
        answer = CLIENT.images.generate(model="dall-e-2", prompt=prompt, size="256x256")
        file = httpx2.get(address(answer)).raise_for_status().content
        with Image.open(BytesIO(file)) as image:
            image.load()  # the whole of it: open() and verify() pass half a file
            size = image.size
    except (openai.OpenAIError, httpx2.HTTPError, OSError, ValueError) as error:
        raise NoPoster(str(error)) from error
    if size != SIZE:
        raise NoPoster(f"a picture of {size} came")
    path.write_bytes(file)


def address(answer):
    """Where the picture is: not every 200 has one, nor is every 200 an answer of the API."""
    if isinstance(answer, ImagesResponse) and answer.data and answer.data[0].url:
        return answer.data[0].url
    raise NoPoster("an answer without a picture came")
