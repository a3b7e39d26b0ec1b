"""Libraries that wrap the API, as programs of their own over a real socket."""

from __future__ import annotations

import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockserver.testing import ImagesMock

KEY = "sk-mock-clients"
TABLE: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "clients.py"))
PROGRAMS = {c["name"]: c for c in TABLE["clients"]() if "program" in c}
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
made = litellm.image_generation(model="openai/dall-e-2", prompt="a fox", n=2, size="256x256")
edited = litellm.image_edit(
    model="openai/dall-e-2", image=png("RGBA", (9, 9, 9, 0)), prompt="a fox", size="256x256"
)
varied = litellm.image_variation(model="openai/dall-e-2", image=png("RGB", (9, 9, 9)))
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


#: What every program of the table does: a picture, then one that is refused for ever.
BOTH = """
ask("a fox")
try:
    ask("a fox mock:429")
except Exception as error:
    print(type(error))
"""


def run(program: str, server: ImagesMock) -> str:
    """What the program prints."""
    # LiteLLM asks the network at import unless it is told so.
    here = server.sandbox(KEY).env | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | here,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


#: What is the programs' own: they name models that the API has no more, and download nothing.
OWN = {"deprecated-parameter", "url-never-downloaded"}


def found_in(server: ImagesMock) -> set[str]:
    """The ids of what a verdict finds in what was asked last."""
    headers = {"mock-sandbox-key": KEY}
    url = f"{server.address}/_mock/verdict"
    verdict = httpx2.get(url, headers=headers, trust_env=False).json()
    assert verdict["requests"] > 0
    return {one["id"] for one in verdict["findings"]}


def needs(module: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(module) is None and not os.environ.get("CI")
    return pytest.mark.skipif(
        missing, reason=f"{module} is not installed: pip install '.[clients]'"
    )


@pytest.mark.skipif(not TABLE["PAGE"].exists(), reason="the docs are out of the way")
def test_the_page_of_clients_is_made_of_the_table() -> None:
    assert TABLE["PAGE"].read_text("utf-8") == TABLE["page"](), "run python docs/clients.py"


@pytest.mark.clients
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_client_does_what_the_table_says(server: ImagesMock, name: str) -> None:
    client, images = PROGRAMS[name], server.sandbox(KEY).begin()
    module = client["program"].split()[1].partition(".")[0]
    module = client.get("module", module)
    if importlib.util.find_spec(module) is None and not os.environ.get("CI"):
        pytest.skip(f"{module} is not installed: pip install '.[clients]'")
    run(client["program"] + BOTH, server)
    first, *refused = images.requests
    assert first.sent == client["sent"] | {"prompt": "a fox"}
    assert len(refused) == client["requests_on_429"]
    assert len({r.call for r in refused}) == 1
    assert images.waited == 0
    assert found_in(server) == OWN | client.get("findings", {}).keys()


@pytest.mark.clients
def test_the_official_sdk_edits_varies_and_downloads(server: ImagesMock) -> None:
    server.sandbox(KEY).begin()
    run(UPLOAD + OPENAI, server)
    assert found_in(server) == {"deprecated-parameter"}


@pytest.mark.clients
@needs("litellm")
def test_litellm_generates_edits_varies_and_downloads(server: ImagesMock) -> None:
    server.sandbox(KEY).begin()
    run(UPLOAD + LITELLM, server)
    assert found_in(server) == {"deprecated-parameter"}


@pytest.mark.clients
@needs("langchain_community")
def test_langchain_generates_and_downloads(server: ImagesMock) -> None:
    """Its wrapper knows generations only."""
    server.sandbox(KEY).begin()
    run(UPLOAD + LANGCHAIN, server)
    assert found_in(server) == {"deprecated-parameter"}
