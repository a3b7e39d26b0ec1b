"""Requests to /v1/responses as tests send them. Tests nothing."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from tests.edits import DAY, encoded, scene
from tests.in_process import client_of

PATH = "/v1/responses"
# The smallest pictures that the model draws.
TOOL = {"type": "image_generation", "quality": "low", "model": "gpt-image-2", "size": "1024x640"}
OF_2025 = {"model": "gpt-image-1", "size": "1024x1024"}


def ask(client: TestClient, said: Any = "a fox", *, tool: Any = None, **body: Any) -> Response:
    """Ask with the tool for images, with these of its options."""
    tools = [TOOL | (tool or {})]
    return client.post(PATH, json={"model": "gpt-5", "input": said, "tools": tools} | body)


def answered(client: TestClient, said: Any = "a fox", **body: Any) -> Any:
    response = ask(client, said, **body)
    assert response.status_code == 200, response.text
    return response.json()


def drawn(client: TestClient, said: Any = "a fox", **body: Any) -> Any:
    """The item of the picture in an answer."""
    return answered(client, said, **body)["output"][0]


def url(file: bytes) -> str:
    return f"data:image/png;base64,{b64encode(file).decode()}"


def shown(*files: bytes, text: str = "furnish it") -> list[Any]:
    """A message with pictures."""
    pictures = [{"type": "input_image", "image_url": url(file)} for file in files]
    content = [{"type": "input_text", "text": text}, *pictures]
    return [{"role": "user", "content": content}]


ROOM, LAMP = encoded(scene(256, 160, 90)), encoded(scene(256, 160, 160))


def client_of_day() -> TestClient:
    """A client of a server of that day without limits."""
    app = create_app(configured(log_format="none", as_of=DAY, tier="off"), clock=ManualClock())
    return client_of(app, {"Authorization": "Bearer sk-mock-me"})


def refusal(client: TestClient, **body: Any) -> tuple[str, Any, Any]:
    """Message, parameter and code of a refusal."""
    response = ask(client, **body)
    assert response.status_code in (400, 404), response.text
    found = response.json()["error"]
    return found["message"], found["param"], found["code"]
