"""Edits by GPT image models as tests send them, as forms and in JSON. Tests nothing."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from typing import Any

from httpx2 import Response
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from tests.in_process import client_of

EDITS = "/v1/images/edits"
DAY = "2026-11-28"
MODELS = ["gpt-image-1-mini", "gpt-image-1.5", "chatgpt-image-latest", "gpt-image-2"]
MODELS += ["gpt-image-2.5-flare", "gpt-image-2.6-sunburst"]
QUICKLY = {"PNG": {"compress_level": 1}, "WEBP": {"method": 0}}
FORMS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
Files = list[tuple[str, tuple[str, bytes, str]]]


def scene(width: int = 256, height: int = 256, hue: int = 90, mode: str = "RGB") -> Image.Image:
    """Something with shapes and shades."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    box = (width // 4, height // 4, width // 2 + 1, height // 2 + 1)
    ImageDraw.Draw(image).ellipse(box, fill=(200, hue, 40))
    return image.convert(mode)


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **QUICKLY.get(form, {}) | options)
    return file.getvalue()


def half_clear(width: int = 256, height: int = 256) -> Image.Image:
    """A mask whose lower half is to be edited."""
    mask = Image.new("RGBA", (width, height), "black")
    mask.paste((0, 0, 0, 0), (0, height // 2, width, height))
    return mask


def parts(*images: bytes, kind: str = "image/png", name: str = "image[]") -> Files:
    return [(name, ("blob", image, kind)) for image in images]


def edit(
    client: TestClient, files: Files | None = None, *, mask: bytes | None = None, **data: Any
) -> Response:
    files = parts(encoded(scene())) if files is None else files
    files = files + ([("mask", ("mask.png", mask, "image/png"))] if mask else [])
    body = {"model": "gpt-image-2", "prompt": "a fox", "quality": "low"} | data
    return client.post(EDITS, files=files, data=body)


def refer(client: TestClient, *images: Any, **body: Any) -> Response:
    told = {"model": "gpt-image-2", "prompt": "a fox", "quality": "low", "images": [*images]}
    return client.post(EDITS, json=told | body)


def in_data(file: bytes, kind: str = "image/png") -> dict[str, str]:
    return {"image_url": f"data:{kind};base64,{b64encode(file).decode()}"}


def pictures(answer: Response) -> list[Image.Image]:
    assert answer.status_code == 200, answer.text[:500]
    return [Image.open(io.BytesIO(b64decode(p["b64_json"]))) for p in answer.json()["data"]]


def made(**settings: Any) -> TestClient:
    config = configured(log_format="none", as_of=DAY, tier="off", **settings)
    headers = {"Authorization": "Bearer sk-mock-me"}
    app = create_app(config, clock=ManualClock())
    return client_of(app, headers)


def told(client: TestClient) -> dict[str, Any]:
    """The last request as the journal has it."""
    found: dict[str, Any] = client.get("/_mock/requests/last", headers=HERE).json()
    return found
