"""Libraries that wrap the API, as programs of their own over a real socket."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from mockserver.testing import ImagesMock

pytestmark = pytest.mark.clients

UPLOAD = """
import io, urllib.request
from PIL import Image

def png(mode, colour):
    file = io.BytesIO()
    Image.new(mode, (64, 64), colour).save(file, "PNG")
    file.seek(0)
    file.name = "image.png"
    return file

def download(url):
    with Image.open(urllib.request.urlopen(url)) as image:
        assert (image.size, image.mode) == ((256, 256), "RGB"), image
"""
LITELLM = """
import litellm
made = litellm.image_generation(model="dall-e-2", prompt="a fox", n=2, size="256x256")
edited = litellm.image_edit(
    model="openai/dall-e-2", image=png("RGBA", (9, 9, 9, 0)), prompt="a fox", size="256x256"
)
varied = litellm.image_variation(model="dall-e-2", image=png("RGB", (9, 9, 9)))
for answer in (made, edited):
    for item in answer.data:
        download(item.url)
assert urllib.request.urlopen(varied.data[0].url).status == 200
"""
LANGCHAIN = """
from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper
for url in DallEAPIWrapper(model="dall-e-2", size="256x256", n=2).run("a fox").split():
    download(url)
"""
OPENAI = """
import openai
client = openai.OpenAI()
edited = client.images.edit(
    model="dall-e-2", image=png("RGB", (9, 9, 9)), mask=png("RGBA", (0, 0, 0, 0)), prompt="a fox",
    n=2, size="256x256",
)
varied = client.images.create_variation(image=png("RGB", (9, 9, 9)), n=2, size="256x256")
for item in [*edited.data, *varied.data]:
    download(item.url)
"""


def run(program: str, server: ImagesMock) -> None:
    here = {
        "OPENAI_API_KEY": "sk-mock-clients",
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_BASE": server.url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it asks the network at import
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", UPLOAD + program],
        env=os.environ | here,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr


def needs(module: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(module) is None and not os.environ.get("CI")
    return pytest.mark.skipif(
        missing, reason=f"{module} is not installed: pip install '.[clients]'"
    )


def test_the_official_sdk_edits_varies_and_downloads(server: ImagesMock) -> None:
    run(OPENAI, server)


@needs("litellm")
def test_litellm_generates_edits_varies_and_downloads(server: ImagesMock) -> None:
    run(LITELLM, server)


@needs("langchain_community")
def test_langchain_generates_and_downloads(server: ImagesMock) -> None:
    """Its wrapper knows generations only."""
    run(LANGCHAIN, server)
