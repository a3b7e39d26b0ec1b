"""The vendor's SDK."""

import base64
import io
import logging
import pathlib

import openai
from PIL import Image

FOX = {"model": "gpt-image-2", "prompt": "a red fox"}


def faulty_never_retried():
    openai.OpenAI(max_retries=0).images.generate(**FOX)


def mended_never_retried():
    openai.OpenAI().images.generate(**FOX)  # twice more, and each after the wait that it was told


def faulty_paid_twice():
    openai.OpenAI(timeout=0.3).images.generate(**FOX)  # whom nobody waits for is paid for, too


def mended_paid_twice():
    openai.OpenAI(timeout=180, max_retries=0).images.generate(**FOX)


def faulty_broken_picture_trusted():
    made = openai.OpenAI().images.generate(**FOX)
    pathlib.Path("fox.png").write_bytes(base64.b64decode(made.data[0].b64_json))


def mended_broken_picture_trusted():
    made = openai.OpenAI().images.generate(**FOX)
    file = base64.b64decode(made.data[0].b64_json)
    Image.open(io.BytesIO(file)).load()  # raises OSError where it breaks off
    pathlib.Path("fox.png").write_bytes(file)


def faulty_stream_not_completed():
    last = None
    for event in openai.OpenAI().images.generate(**FOX, stream=True, partial_images=2):
        last = event
    pathlib.Path("fox.png").write_bytes(base64.b64decode(last.b64_json))


def mended_stream_not_completed():
    for event in openai.OpenAI().images.generate(**FOX, stream=True, partial_images=2):
        if event.type == "image_generation.completed":
            pathlib.Path("fox.png").write_bytes(base64.b64decode(event.b64_json))
            return
    raise RuntimeError("the stream ended without a picture")


def faulty_event_trusted_without_type():
    for event in openai.OpenAI().images.generate(**FOX, stream=True, partial_images=1):
        if not isinstance(event, openai.types.ImageGenPartialImageEvent):
            pathlib.Path("fox.png").write_bytes(base64.b64decode(event.b64_json))


def mended_event_trusted_without_type():
    kept = False
    for event in openai.OpenAI().images.generate(**FOX, stream=True, partial_images=1):
        if event.type == "image_generation.completed":
            pathlib.Path("fox.png").write_bytes(base64.b64decode(event.b64_json))
            kept = True
    if not kept:
        logging.error("the stream ended without a picture")


def faulty_key_looks_real():
    key = "sk-proj-" + 48 * "b"  # as if it stood in the developer's environment
    openai.OpenAI(api_key=key).images.generate(**FOX)


def mended_key_looks_real():
    openai.OpenAI(api_key="sk-mock-tests").images.generate(**FOX)


def faulty_model_left_out():
    openai.OpenAI().images.generate(prompt="a red fox", response_format="b64_json")


def mended_model_left_out():
    openai.OpenAI().images.generate(model="gpt-image-2", prompt="a red fox")


def faulty_deprecated_parameter():
    openai.OpenAI().images.generate(
        model="dall-e-2", prompt="a red fox", response_format="b64_json"
    )


def mended_deprecated_parameter():
    openai.OpenAI().images.generate(model="gpt-image-2", prompt="a red fox")
