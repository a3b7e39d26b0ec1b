import asyncio
import base64

import agents
import openai
import pytest
from agents.items import ToolCallItem
from openai.types.responses import EasyInputMessageParam
from openai.types.responses.response_output_item import ImageGenerationCall

from mockserver.handle import Sandbox

painter = agents.Agent(
    name="painter",
    model="gpt-5",
    instructions="Draw what you are told.",
    tools=[agents.ImageGenerationTool({"type": "image_generation", "size": "1536x1024"})],
)


@pytest.fixture(autouse=True)
def client(async_images_client: openai.AsyncOpenAI) -> None:
    """A client of its own for each test: asyncio.run makes a loop of its own."""
    agents.set_default_openai_client(async_images_client, use_for_tracing=False)


def pictures(run: agents.RunResult) -> list[bytes]:
    calls = [item.raw_item for item in run.new_items if isinstance(item, ToolCallItem)]
    drawn = [call for call in calls if isinstance(call, ImageGenerationCall)]
    return [base64.b64decode(call.result or "") for call in drawn]


def test_an_agent_draws(images_mock: Sandbox) -> None:
    run = asyncio.run(agents.Runner.run(painter, "a red fox"))
    (fox,) = pictures(run)
    images_mock.assert_final(fox)
    images_mock.assert_called_once(prompt="a red fox", size="1536x1024")


def test_an_agent_goes_on_from_its_picture(images_mock: Sandbox) -> None:
    async def draw() -> tuple[bytes, bytes]:
        first = await agents.Runner.run(painter, "a red fox")
        said: EasyInputMessageParam = {"role": "user", "content": "now with a hat"}
        second = await agents.Runner.run(painter, [*first.to_input_list(), said])
        return pictures(first)[0], pictures(second)[0]

    fox, hat = asyncio.run(draw())
    images_mock.assert_called_once(prompt="now with a hat", image=fox)
    assert fox != hat


def test_what_the_safety_system_refuses(images_mock: Sandbox) -> None:
    images_mock.on(contains="fox").refuse()
    with pytest.raises(Exception, match="safety system"):
        asyncio.run(agents.Runner.run(painter, "a red fox"))


def test_a_stream_that_breaks(images_mock: Sandbox) -> None:
    async def draw() -> None:
        async for _ in agents.Runner.run_streamed(painter, "a red fox").stream_events():
            pass

    images_mock.next.stream([0, "generation_failed"])
    with pytest.raises(Exception, match="Image generation failed"):
        asyncio.run(draw())
