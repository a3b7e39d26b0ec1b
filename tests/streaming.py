"""What tests of streams ask for, and how they read it."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai

from mockserver.handle import Sandbox

ASK: dict[str, Any] = {"model": "gpt-image-2", "prompt": "a red fox", "size": "1024x1024"}
STREAM = ASK | {"stream": True, "partial_images": 2}
PARTIAL, COMPLETED = "image_generation.partial_image", "image_generation.completed"
FIRST, ALL = [PARTIAL], [PARTIAL, PARTIAL, COMPLETED]
#: What a stream of 2025-10-22 has, in its order.
OF_PARTIAL = ["type", "partial_image_index", "b64_json", "created_at", "size", "quality", "background", "output_format"]  # fmt: skip
OF_COMPLETED = ["type", "b64_json", "created_at", "usage", "size", "quality", "background", "output_format"]  # fmt: skip


def asked(box: Sandbox, **body: Any) -> httpx2.Response:
    """The bare answer; its headers are those of an SDK that asks for a stream."""
    headers = {"Authorization": f"Bearer {box.api_key}", "Accept": "application/json"}
    url = f"{box.url}/images/generations"
    return httpx2.post(url, json=STREAM | body, headers=headers, trust_env=False, timeout=60)


def frames(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of each event; fails if anything else is there."""
    assert text.endswith("\n\n")
    lines = [frame.split("\n") for frame in text[:-2].split("\n\n")]
    assert [[line.partition(": ")[0] for line in frame] for frame in lines] == [
        ["event", "data"]
    ] * len(lines)
    return [(event[7:], json.loads(data[6:])) for event, data in lines]


def types(client: openai.OpenAI, **body: Any) -> list[str]:
    return [event.type for event in client.images.generate(**STREAM | body)]


def told(box: Sandbox) -> str:
    """What the journal says of the last stream."""
    return next(line for line in box.requests[-1].trace if line.startswith("stream"))
