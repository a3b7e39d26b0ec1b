"""Agents that draw, as libraries make them: they ask /v1/responses, over a real socket."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from mockserver.testing import ImagesMock
from tests.test_clients import KEY, found_in, needs, run
from tests.test_gpt_clients import LOOK, hold

TOOL: dict[str, Any] = {"type": "image_generation", "size": "1536x1024"}
WIDE = """
WIDE = (1536, 1024)
"""


@dataclass(frozen=True)
class Case:
    """An agent, what it sends for its pictures, and what comes of that."""

    module: str
    package: str
    seen: str
    program: str
    tools: list[dict[str, Any]]  # of each request


CASES = {
    "openai-agents": Case(
        "agents",
        "openai-agents",
        "pictures, partial ones too; the agent has nothing to say, and ends",
        """
from agents import Agent, ImageGenerationTool, Runner

TOOL = {"type": "image_generation", "size": "1536x1024"}

def painter(**options):
    return Agent("painter", model="gpt-5.5", tools=[ImageGenerationTool(TOOL | options)])

def picture(items):
    (call,) = [item.raw_item for item in items if item.type == "tool_call_item"]
    looks(call.result, WIDE)

async def draw():
    done = await Runner.run(painter(), "a fox", max_turns=1)
    picture(done.new_items)
    assert done.final_output == "", done.final_output
    streamed = Runner.run_streamed(painter(partial_images=2), "a fox", max_turns=1)
    events = [event async for event in streamed.stream_events()]
    partial = [
        event.data for event in events
        if event.type == "raw_response_event" and event.data.type.endswith("partial_image")
    ]
    assert [event.partial_image_index for event in partial] == [0, 1]
    for event in partial:
        looks(event.partial_image_b64, WIDE)
    picture(streamed.new_items)
    more = [*done.to_input_list(), {"role": "user", "content": "a fox"}]
    edited = await Runner.run(painter(), more, max_turns=1)
    picture(edited.new_items)
    (call,) = [item.raw_item for item in edited.new_items if item.type == "tool_call_item"]
    assert call.action == "edit", call.action

asyncio.run(draw())
""",
        [TOOL, TOOL | {"partial_images": 2}, TOOL],
    ),
    "pydantic-ai, ImageGenerationTool": Case(
        "pydantic_ai",
        "pydantic-ai-slim",
        "a `BinaryImage`, streamed too",
        """
from pydantic_ai import Agent, BinaryImage
from pydantic_ai.capabilities import NativeTool
from pydantic_ai.native_tools import ImageGenerationTool
tool = NativeTool(ImageGenerationTool(size="1536x1024", output_format="webp", quality="low"))
agent = Agent("openai-responses:gpt-5.5", capabilities=[tool], output_type=BinaryImage)

async def draw():
    done = await agent.run("a fox")
    async with agent.run_stream("a fox") as streamed:
        return done.output, await streamed.get_output()

for image in asyncio.run(draw()):
    assert image.media_type == "image/webp"
    looks(image.data, WIDE, "WEBP")
""",
        [
            TOOL
            | {
                "action": "auto",
                "background": "auto",
                "moderation": "auto",
                "output_compression": 100,
                "output_format": "webp",
                "partial_images": 0,
                "quality": "low",
            }
        ]
        * 2,
    ),
    "LangChain (Python), Responses": Case(
        "langchain_openai",
        "langchain-openai",
        "a block `image`, streamed too",
        """
from langchain_openai import ChatOpenAI
tool = {"type": "image_generation", "size": "1536x1024"}
chat = ChatOpenAI(model="gpt-5.5", use_responses_api=True, output_version="v1").bind_tools([tool])
whole = chat.invoke("a fox")
pieces = iter(chat.stream("a fox"))
streamed = next(pieces)
for piece in pieces:
    streamed += piece
for message in (whole, streamed):
    (image,) = [block for block in message.content_blocks if block["type"] == "image"]
    looks(image["base64"], WIDE)
""",
        [TOOL, TOOL | {"partial_images": 1}],
    ),
    "ag2": Case(
        "ag2",
        "ag2",
        "a file of the reply",
        """
from ag2 import Agent
from ag2.config import OpenAIResponsesConfig
from ag2.tools import ImageGenerationTool
tool = ImageGenerationTool(size="1536x1024", output_format="jpeg")
agent = Agent("painter", config=OpenAIResponsesConfig(model="gpt-5.5"), tools=[tool])
(file,) = asyncio.run(agent.ask("a fox")).files
looks(file.data, WIDE, "JPEG")
""",
        [TOOL | {"output_format": "jpeg"}],
    ),
}


@pytest.mark.clients
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs(case.module)) for name, case in CASES.items()]
)
def test_an_agent_draws_as_the_page_says(server: ImagesMock, name: str) -> None:
    case, images = CASES[name], server.sandbox(KEY).begin(per_minute=1000)
    run(LOOK + WIDE + case.program, server)
    assert [request.sent["tools"] for request in images.requests] == [[t] for t in case.tools]
    assert {request.prompt for request in images.requests} == {"a fox"}
    assert images.spent > 0
    assert found_in(server) == set()
    hold(name, f"{case.package} {version(case.package)}", images.requests, case.seen)


UNTRACED = """
from agents import trace
from agents.tracing import get_trace_provider
with trace("an agent") as seen:
    pass
assert type(seen).__name__ == "NoOpTrace", seen
"""


@pytest.mark.clients
@needs("agents")
def test_openai_agents_sends_no_traces_to_the_real_api(server: ImagesMock) -> None:
    run(UNTRACED, server)


PAINTER = Path(__file__).parent / "how_to" / "agents" / "test_painter.py"
PAGE = Path(__file__).parents[1] / "docs" / "beside-images.md"


@pytest.mark.clients
@needs("agents")
def test_the_agent_of_the_page_passes_without_a_warning(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.path.joinpath(PAINTER.name).write_text(PAINTER.read_text("utf-8"), "utf-8")
    done = pytester.runpytest_subprocess("-W", "error", "-p", "mockserver.pytest_plugin")
    done.assert_outcomes(passed=4)


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_the_agent_letter_for_letter() -> None:
    assert f"```python\n{PAINTER.read_text('utf-8')}```\n" in PAGE.read_text("utf-8")
