"""Azure's paths as tests ask them, in one server. Tests nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from httpx2 import Response
from PIL import Image
from starlette.testclient import TestClient

PREVIEW = "2025-04-01-preview"
KEY = {"api-key": "sk-mock-me"}
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
NOT_FOUND = '{"error":{"code":"404","message": "Resource not found"}}'


def deployed(name: str, version: str = PREVIEW, operation: str = "generations") -> str:
    return f"/openai/deployments/{name}/images/{operation}?api-version={version}"


Azure = Callable[..., TestClient]


def asks(client: TestClient, where: str = "gpt-image-2", **body: Any) -> Response:
    """Ask a deployment, or a path, for a picture of `x`."""
    path = where if where.startswith("/") else deployed(where)
    cheap = {} if "dall-e" in where or ":" in where else {"quality": "low", "size": "1024x1024"}
    return client.post(path, json={"prompt": "x"} | cheap | body)


def edits(client: TestClient, where: str = "gpt-image-2", **data: Any) -> Response:
    path = where if where.startswith("/") else deployed(where, operation="edits")
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")
    files = {"image": ("a.png", file.getvalue(), "image/png")}
    return client.post(path, files=files, data={"prompt": "x", "quality": "low"} | data)


def last(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/_mock/requests/last", headers=HERE).json()
    return found
