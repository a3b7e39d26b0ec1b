"""Libraries that wrap the API ask GPT image models, as programs of their own over a real socket."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from mockserver.client.requests import Request
from mockserver.client.sandbox import Sandbox
from mockserver.testing import ImagesMock
from tests.node import installed
from tests.node import run as run_in
from tests.test_clients import KEY, found_in, needs, run

LOOK = """
import asyncio, base64, io, pathlib, tempfile
from PIL import Image

def looks(file, size=None, form="PNG"):
    image = Image.open(io.BytesIO(base64.b64decode(file) if isinstance(file, str) else file))
    assert image.format == form and size in (None, image.size), image

def png(mode="RGB", colour=(9, 9, 9)):
    file = io.BytesIO()
    Image.new(mode, (64, 64), colour).save(file, "PNG")
    return file.getvalue()

def named(**of):
    file = io.BytesIO(png(**of))
    file.name = "image.png"
    return file

CLEAR = {"mode": "RGBA", "colour": (0, 0, 0, 0)}
SQUARE = (1024, 1024)
"""
RESULTS = Path(__file__).parents[1] / "docs" / "gpt-clients.json"
WRAPPERS = Path(__file__).parent / "wrappers"
#: What is sent again and again beside the prompt.
SQUARE = {"size": "1024x1024"}
GPT = {"model": "gpt-image-2"}


@dataclass(frozen=True)
class Case:
    """What a library does, what it sends for it, and what comes of that.

    In `sent`, `image` and `mask` are counts of files. What the program prints are prices in USD, one
    for each request; they are held against what the mock spent.
    """

    module: str
    package: str
    seen: str
    program: str
    sent: list[dict[str, Any]]


CASES = {
    "LiteLLM": Case(
        "litellm",
        "litellm",
        "usage, and the price that the mock tells",
        """
import litellm
made = litellm.image_generation(
    model="openai/gpt-image-2", prompt="a fox", n=2, size="1024x1024", quality="low"
)
assert len(made.data) == 2
for item in made.data:
    looks(item.b64_json, SQUARE)
usage = made.usage
assert usage.total_tokens == usage.input_tokens + usage.output_tokens, usage
assert dict(usage.input_tokens_details) == {"text_tokens": usage.input_tokens, "image_tokens": 0}, usage
print(made._hidden_params["response_cost"])
made = litellm.image_edit(
    model="openai/gpt-image-2", image=[named(), named()], mask=named(**CLEAR), prompt="a fox",
    size="1024x1024",
)
looks(made.data[0].b64_json, SQUARE)
assert dict(made.usage.input_tokens_details)["image_tokens"] > 0, made.usage
print(made._hidden_params["response_cost"])
""",
        [GPT | SQUARE | {"n": 2, "quality": "low"}, GPT | SQUARE | {"image": 2, "mask": 1}],
    ),
    "LiteLLM for Azure": Case(
        "litellm",
        "litellm",
        "usage, and the price that the mock tells",
        """
import litellm
azure = {"model": "azure/gpt-image-2", "prompt": "a fox", "size": "1024x1024"}
made = litellm.image_generation(**azure, quality="low")
looks(made.data[0].b64_json, SQUARE)
print(made._hidden_params["response_cost"])
edited = litellm.image_edit(**azure, image=[named(), named()], mask=named(**CLEAR))
looks(edited.data[0].b64_json, SQUARE)
print(edited._hidden_params["response_cost"])
""",
        [GPT | SQUARE | {"quality": "low"}, GPT | SQUARE | {"image": 2, "mask": 1}],
    ),
    "LangChain (Python, community)": Case(
        "langchain_community",
        "langchain-community",
        "the picture is lost: a TypeError, for it joins URLs",
        """
from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper
try:
    DallEAPIWrapper(model="gpt-image-2").run("a fox")
except TypeError as error:
    assert "expected str instance, NoneType found" in str(error)
else:
    raise AssertionError("it has learned to read base64")
""",
        [GPT | SQUARE | {"n": 1}],
    ),
    "Haystack": Case(
        "haystack",
        "haystack-ai",
        "a picture, no usage",
        """
from haystack.components.generators import OpenAIImageGenerator
answer = OpenAIImageGenerator().run(prompt="a fox")
(picture,) = answer["images"]
looks(picture, SQUARE)
assert answer["revised_prompt"] == "", answer["revised_prompt"]
""",
        [GPT | SQUARE | {"n": 1, "quality": "auto"}],
    ),
    "pydantic-ai": Case(
        "pydantic_ai",
        "pydantic-ai-slim",
        "WebP, usage, and the price that the mock tells",
        """
from pydantic_ai import BinaryImage
from pydantic_ai.images import ImageGenerator
generator = ImageGenerator("openai:gpt-image-2")
webp = {"openai_output_format": "webp", "openai_size": "1024x1024", "openai_quality": "low"}
made = generator.generate_sync("a fox", settings=webp)
looks(made.images[0].content.data, SQUARE, "WEBP")
assert made.images[0].content.media_type == "image/webp"
assert made.usage.details["input_text_tokens"] == made.usage.input_tokens > 0, made.usage
print(made.cost().total_price)
image = BinaryImage(png(), media_type="image/png")
edited = generator.generate_sync("a fox", images=[image, image])
looks(edited.images[0].content.data)
assert edited.usage.details["input_image_tokens"] > 0, edited.usage
print(edited.cost().total_price)
""",
        [GPT | SQUARE | {"output_format": "webp", "quality": "low"}, GPT | {"image": 2}],
    ),
    "semantic-kernel": Case(
        "semantic_kernel",
        "semantic-kernel",
        "pictures, no usage",
        """
from semantic_kernel.connectors.ai.open_ai import OpenAITextToImage
service = OpenAITextToImage(ai_model_id="gpt-image-2")

async def both():
    files = [named(), named()]
    return [
        *await service.generate_images("a fox"),
        *await service.edit_image("a fox", image_files=files, ai_model_id="gpt-image-2"),
    ]

made, edited = asyncio.run(both())
looks(made)
looks(edited)
""",
        [GPT | {"n": 1}, GPT | {"n": 1, "image": 2}],
    ),
    "semantic-kernel for Azure": Case(
        "semantic_kernel",
        "semantic-kernel",
        "pictures, no usage; an endpoint must be https: give it an `async_client`",
        """
import openai, os, pytest
from semantic_kernel.connectors.ai.open_ai import AzureTextToImage
with pytest.raises(Exception, match="should be 'https'"):
    AzureTextToImage(deployment_name="gpt-image-2")
client = openai.AsyncAzureOpenAI()
del os.environ["AZURE_OPENAI_ENDPOINT"]     # it is looked at all the same
service = AzureTextToImage(deployment_name="gpt-image-2", async_client=client)

async def both():
    return [
        *await service.generate_images("a fox"),
        *await service.edit_image("a fox", image_files=[named()], ai_model_id="gpt-image-2"),
    ]

made, edited = asyncio.run(both())
looks(made)
looks(edited)
""",
        [GPT | {"n": 1}, GPT | {"n": 1, "image": 1}],
    ),
    "agno": Case(
        "agno",
        "agno",
        "a picture, no usage",
        """
from agno.tools.openai import OpenAITools
answer = OpenAITools(enable_image_generation=True).generate_image("a fox")
assert answer.content == "Image generated successfully.", answer
looks(answer.images[0].content)
""",
        [GPT],
    ),
    "llm with llm-openai-images": Case(
        "llm_openai_images",
        "llm-openai-images",
        "files, usage",
        """
import llm
folder = pathlib.Path(tempfile.mkdtemp())
source = folder / "source.png"
source.write_bytes(png())
model = llm.get_model("openai/gpt-image-1.5")
made = model.prompt("a fox", output=str(folder / "made.png"), quality="low", size="landscape")
looks(pathlib.Path(made.text()).read_bytes(), (1536, 1024))
image = llm.Attachment(path=str(source))
edited = model.prompt("a fox", output=str(folder / "edited.png"), attachments=[image])
looks(pathlib.Path(edited.text()).read_bytes(), SQUARE)
for usage in (made.usage(), edited.usage()):
    assert usage.input > 0 < usage.output, usage
""",
        [
            {
                "model": "gpt-image-1.5",
                "n": 1,
                "size": "1536x1024",
                "quality": "low",
                "moderation": "low",
            },
            SQUARE | {"model": "gpt-image-1.5", "n": 1, "quality": "medium", "image": 1},
        ],
    ),
    "any-llm": Case(
        "any_llm",
        "any-llm-sdk",
        "partial pictures, usage",
        """
import any_llm
fox = {"model": "gpt-image-2", "prompt": "a fox", "provider": "openai", "size": "1024x1024"}
looks(any_llm.image_generation(**fox).data[0].b64_json, SQUARE)

async def streamed():
    events = await any_llm.aimage_generation(**fox, stream=True, partial_images=2)
    return [event async for event in events]

*partial, last = asyncio.run(streamed())
assert [event.partial_image_index for event in partial] == [0, 1]
for event in (*partial, last):
    looks(event.b64_json, SQUARE)
assert last.usage.input_tokens_details.text_tokens > 0, last.usage
edited = any_llm.image_edit(image=png(), mask=png(**CLEAR), **fox)
looks(edited.data[0].b64_json, SQUARE)
""",
        [
            GPT | SQUARE,
            GPT | SQUARE | {"stream": True, "partial_images": 2},
            GPT | SQUARE | {"image": 1, "mask": 1},
        ],
    ),
}


def hold(name: str, packages: str, requests: list[Request], seen: str) -> None:
    """Fail if the page has another result; `UPDATE_CLIENTS` writes it. Packages may be newer."""
    asked = list(dict.fromkeys(map(outcome, requests)))
    result = {"packages": packages, "requests": asked, "seen": seen}
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    if "UPDATE_CLIENTS" in os.environ:
        RESULTS.write_text(json.dumps(results | {name: result}, indent=2) + "\n", "utf-8")
    elif RESULTS.exists():  # the docs may be out of the way
        assert result == results[name] | {"packages": packages}


def outcome(request: Request) -> str:
    """What was asked for, and how it was answered."""
    words = [request.operation.removeprefix("images.")]
    words += ["stream"] if request.sent.get("stream") else []
    words += [f"{request.status} {request.error.code}"] if request.error else []
    return ", ".join(words)


def told(request: Request) -> dict[str, Any]:
    """What was sent beside the prompt, with the number of files for the files."""
    files = {"image": len(request.images), "mask": int(request.mask is not None)}
    fields = {k: v for k, v in request.sent.items() if k not in files and k != "prompt"}
    return fields | {name: count for name, count in files.items() if count}


@pytest.mark.clients
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs(case.module)) for name, case in CASES.items()]
)
def test_a_library_does_with_gpt_image_models_what_the_page_says(
    server: ImagesMock, name: str
) -> None:
    case, images = CASES[name], server.sandbox(KEY).begin(per_minute=1000)
    prices = run(LOOK + case.program, server).split()
    assert [told(request) for request in images.requests] == case.sent
    assert {r.prompt for r in images.requests} == {"a fox"}
    if prices:
        assert sum(map(float, prices)) == pytest.approx(images.spent)
    package = f"{case.package} {version(case.package)}"
    assert found_in(server) == set()
    hold(name, package, images.requests, case.seen)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs for Node and their packages are."""
    return installed(tmp_path_factory, "wrappers", WRAPPERS.iterdir())


def node(folder: Path, program: str, sandbox: Sandbox) -> list[dict[str, Any]]:
    """What the program prints, line by line."""
    done = run_in(folder, "node", program, **sandbox.env)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def packages(*names: str) -> str:
    """These packages with the versions that are pinned."""
    pinned = json.loads((WRAPPERS / "package.json").read_text("utf-8"))["dependencies"]
    return ", ".join(f"{name} {pinned[name]}" for name in names)


@pytest.mark.javascript
def test_the_ai_sdk_does_with_gpt_image_models_what_the_page_says(
    folder: Path, server: ImagesMock
) -> None:
    images = server.sandbox(KEY).begin(per_minute=1000)
    lines = node(folder, "ai-sdk.mjs", images)
    assert lines == [
        {"types": types, "usage": [True, is_edit], "warnings": 0}
        for types, is_edit in (
            (["image/webp", "image/webp"], False),
            (["image/png"], False),
            (["image/gif"], False),
            (["image/png"], True),
            (["image/png"], True),
        )
    ]
    assert [told(request) for request in images.requests] == [
        GPT
        | SQUARE
        | {
            "n": 2,
            "quality": "low",
            "output_format": "webp",
            "output_compression": 60,
            "moderation": "low",
        },
        SQUARE | {"model": "gpt-image-1.5", "n": 1, "background": "transparent"},
        SQUARE
        | {
            "model": "gpt-image-2.6-flare",
            "n": 1,
            "output_format": "gif",
            "frame_count": 3,
            "frame_duration_ms": 100,
        },
        GPT | SQUARE | {"n": 1, "image": 2},
        GPT | SQUARE | {"n": 1, "image": 1, "mask": 1},
    ]
    seen = "WebP, PNG with alpha, animated GIF, usage"
    assert found_in(server) == set()
    hold("AI SDK", packages("ai", "@ai-sdk/openai"), images.requests, seen)


@pytest.mark.javascript
def test_langchain_for_javascript_is_refused_what_a_gpt_image_model_does_not_know(
    folder: Path, server: ImagesMock
) -> None:
    images = server.sandbox(KEY).begin(per_minute=1000)
    (error,) = node(folder, "langchain.mjs", images)
    assert error == {"status": 400, "code": "unknown_parameter", "param": "response_format"}
    (request,) = images.requests
    asked = {"n": 1, "response_format": "url", "style": "vivid", "quality": "standard"}
    assert told(request) == GPT | SQUARE | asked
    seen = "refused, as by the API: `response_format` and `style` are always sent"
    assert found_in(server) == set()
    hold("LangChain (JavaScript)", packages("@langchain/openai"), images.requests, seen)
