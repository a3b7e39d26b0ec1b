"""Clients of Azure's for JavaScript, unmodified, against a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.client.sandbox import Sandbox
from mockserver.testing import ImagesMock
from tests.test_clients import KEY
from tests.test_gpt_clients import GPT, SQUARE, folder, hold, node, packages, told

__all__ = ["folder"]
pytestmark = pytest.mark.javascript
BY_DEPLOYMENT = "/openai/deployments/gpt-image-2/images"


@pytest.fixture
def images(server: ImagesMock) -> Sandbox:
    return server.sandbox(KEY).begin(per_minute=1000)


def seen(folder: Path, program: str, images: Sandbox) -> dict[str, Any]:
    """What the program prints, by name."""
    return {line["name"]: line["seen"] for line in node(folder, program, images)}


def test_the_sdk_draws_edits_and_is_refused_as_by_azure(folder: Path, images: Sandbox) -> None:
    assert seen(folder, "azure.mjs", images) == {
        "OPENAI_BASE_URL": {"raised": "NotFoundError", "status": 404, "code": None},
        "OPENAI_BASE_URL and an endpoint": {
            "raised": "OpenAIError",
            "message": "baseURL and endpoint are mutually exclusive",
        },
        "a deployment": ["PNG"],
        "a base URL": ["PNG"],
        "the API's own client": ["PNG"],
        "an edit": ["PNG"],
        "a stream": ["image_generation.partial_image", "image_generation.completed"],
        "no such deployment": {
            "raised": "NotFoundError",
            "status": 404,
            "code": "DeploymentNotFound",
        },
        "a refusal": {
            "raised": "BadRequestError",
            "status": 400,
            "code": "content_policy_violation",
        },
        "a limit that passes": ["PNG"],
        "a token": ["PNG"],
    }
    astray, *requests = images.requests
    assert "unset it" in astray.hints[0]
    assert [r.path for r in requests] == [
        *[f"{BY_DEPLOYMENT}/generations"] * 2,
        "/openai/v1/deployments/gpt-image-2/images/generations",
        "/openai/v1/images/generations",
        f"{BY_DEPLOYMENT}/edits",
        f"{BY_DEPLOYMENT}/generations",
        "/openai/deployments/my-images/images/generations",
        *[f"{BY_DEPLOYMENT}/generations"] * 5,
    ]
    assert images.waited == 0
    lost = "pictures and usage; `OPENAI_BASE_URL` must not be set: it goes before an endpoint"
    hold("openai (npm) for Azure", packages("openai"), requests, lost)


def test_the_ai_sdk_draws_and_edits(folder: Path, images: Sandbox) -> None:
    picture = {"types": ["image/png"], "usage": True}
    lines = seen(folder, "ai-sdk-azure.mjs", images)
    assert lines.pop("a refusal")["raised"] == "APICallError"
    assert lines == dict.fromkeys(("v1", "by deployment", "an edit"), picture)
    assert [r.path for r in images.requests] == [
        "/openai/v1/images/generations",
        f"{BY_DEPLOYMENT}/generations",
        f"{BY_DEPLOYMENT}/edits",
        "/openai/v1/images/generations",
    ]
    assert told(images.requests[2]) == GPT | SQUARE | {"n": 1, "image": 2}
    lost = "pictures and usage; no variable leads it: give it a `baseURL`"
    hold("AI SDK for Azure", packages("ai", "@ai-sdk/azure"), images.requests, lost)
