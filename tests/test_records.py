"""Bodies recorded off the real API, reproduced byte for byte by the requests that cause them.

Each row is one recording whose dates cover 2025-03-31: id, request, status, key order, values.
"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from tests.conftest import Api

LEGACY = ("code", "message", "param", "type")
PLATFORM = ("message", "type", "param", "code")
INVALID = "invalid_request_error"
GENERATIONS, EDITS, VARIATIONS = (
    f"/v1/images/{name}" for name in ("generations", "edits", "variations")
)


def png(mode: str = "RGBA", size: tuple[int, int] = (64, 64)) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, "PNG")
    return file.getvalue()


def asks(**body: Any) -> dict[str, Any]:
    return {"method": "POST", "url": GENERATIONS, "json": {"prompt": "x"} | body}


def uploads(url: str, image: bytes | None, **data: str) -> dict[str, Any]:
    files = {"image": image} if image is not None else {"user": b"x"}
    return {"method": "POST", "url": url, "files": files, "data": data}


def by(key: str, **request: Any) -> dict[str, Any]:
    return (request or asks()) | {"headers": {"Authorization": f"Bearer {key}"}}


# id, request, status, keys, message, type, param, code
RECORDS: list[tuple[str, dict[str, Any], int, tuple[str, ...], str, str, Any, Any]] = [
    ("n-max-2023", asks(n=15), 400, LEGACY, "15 is greater than the maximum of 10 - 'n'", INVALID, None, None),
    ("n-dalle3", asks(n=4, model="dall-e-3"), 400, LEGACY, "You must provide n=1 for this model.", INVALID, None, None),
    ("additional-property-2023", asks(responseFormat="url"), 400, LEGACY, "Additional properties are not allowed ('responseFormat' was unexpected)", INVALID, None, None),
    ("size-model-2023-11", asks(size="1792x1024"), 400, LEGACY, "The size is not supported by this model.", INVALID, None, "invalid_size"),
    ("size-model-2023-11 (dall-e-3)", asks(size="512x512", model="dall-e-3"), 400, LEGACY, "The size is not supported by this model.", INVALID, None, "invalid_size"),
    ("model-unknown-2023-11", asks(model="o1-mini"), 400, LEGACY, "Invalid model o1-mini. The model argument should be left blank.", INVALID, None, None),
    ("prompt-too-long-2023", asks(prompt="é" * 4001), 400, LEGACY, f"'{'é' * 4001}' is too long - 'prompt'", INVALID, None, None),
    ("prompt-empty-2025", asks(prompt=""), 400, PLATFORM, "You must provide a prompt.", INVALID, None, None),
    ("json-unparsable", {"method": "POST", "url": GENERATIONS, "content": b"{"}, 400, PLATFORM, "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)", INVALID, None, None),
    ("method-405-2025", {"method": "GET", "url": GENERATIONS}, 405, PLATFORM, "Only POST requests are accepted.", INVALID, None, "method_not_supported"),
    ("url-invalid-2023", {"method": "POST", "url": "/v1/nope"}, 404, PLATFORM, "Invalid URL (POST /v1/nope)", INVALID, None, None),
    ("chat-with-image-model", {"method": "POST", "url": "/v1/chat/completions"}, 404, PLATFORM, "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?", INVALID, "model", None),
    ("models-delete-missing", {"method": "DELETE", "url": "/v1/models/ft:123"}, 404, PLATFORM, "The model 'ft:123' does not exist", INVALID, "model", "model_not_found"),
    ("org-mismatch", asks() | {"headers": {"OpenAI-Organization": "org-mock-mismatch"}}, 401, PLATFORM, "OpenAI-Organization header should match organization for API key", INVALID, None, "mismatched_organization"),
    ("billing-hard-limit-2025", by("sk-mock-hard-limit"), 400, PLATFORM, "Billing hard limit has been reached.", "billing_limit_user_error", None, "billing_hard_limit_reached"),
    ("insufficient-quota", by("sk-mock-no-credit"), 429, PLATFORM, "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.", "insufficient_quota", None, "insufficient_quota"),
    ("rl-images-dalle-free", by("sk-mock-free", **asks(model="dall-e-3")), 429, LEGACY, "Rate limit exceeded for images per minute in organization {organization}. Limit: 0/1min. Current: 1/1min. Please visit https://platform.openai.com/docs/guides/rate-limits to learn how to increase your rate limit.", "requests", None, "rate_limit_exceeded"),
    ("missing-image-2022", uploads(VARIATIONS, None), 400, LEGACY, "'image' is a required property", INVALID, None, None),
    ("upload-not-png-2024", uploads(VARIATIONS, b"GIF89a"), 400, LEGACY, "Uploaded image must be a PNG and less than 4 MB.", INVALID, None, "invalid_image_format"),
    ("edit-rgb-no-alpha", uploads(EDITS, png("RGB"), prompt="x"), 400, LEGACY, "Invalid input image - format must be in ['RGBA', 'LA', 'L'], got RGB.", INVALID, None, None),
    ("variation-mode", uploads(VARIATIONS, png("P")), 400, LEGACY, "Invalid input image - format must be in ['RGB', 'RGBA'], got P.", INVALID, None, None),
    ("image-not-square", uploads(VARIATIONS, png(size=(300, 200))), 400, LEGACY, "Invalid input image - expected an image with equal width and height, got 300x200 instead.", INVALID, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "status", "keys", "message", "kind", "param", "code"),
    [r[1:] for r in RECORDS],
    ids=[r[0] for r in RECORDS],
)
def test_a_recorded_body_is_reproduced_byte_for_byte(
    api: Api,
    request_: dict[str, Any],
    status: int,
    keys: tuple[str, ...],
    message: str,
    kind: str,
    param: Any,
    code: Any,
) -> None:
    response = api().request(**request_)
    assert response.status_code == status
    if "{organization}" in message:  # a placeholder in the recording too
        found = response.json()["error"]["message"]
        message = message.format(organization=found.split("organization ")[1].split(". ")[0])
    values = {"code": code, "message": message, "param": param, "type": kind}
    body = {"error": {key: values[key] for key in keys}}
    assert response.content == (json.dumps(body, indent=2) + "\n").encode()


KEYS = "https://platform.openai.com/account/api-keys."


@pytest.mark.parametrize(
    ("key", "message", "code"),
    [
        ("", f"You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from {KEYS}", None),
        ("fake_key", f"Incorrect API key provided: fake_key. You can find your API key at {KEYS}", "invalid_api_key"),
        ("sk-abcde" + "x" * 39 + "wxyz", f"Incorrect API key provided: sk-abcde{'*' * 39}wxyz. You can find your API key at {KEYS}", "invalid_api_key"),
    ],
    ids=["auth-missing-key-2023", "auth-incorrect-key", "auth-incorrect-key-masked"],
)  # fmt: skip
def test_a_refused_key_is_answered_with_four_spaces_as_recorded_on_chat(
    api: Api, key: str, message: str, code: str | None
) -> None:
    response = api(keys="mock").request(**by(key))
    values = {"message": message, "type": INVALID, "param": None, "code": code}
    assert response.status_code == 401
    assert response.content == (json.dumps({"error": values}, indent=4) + "\n").encode()
    assert response.headers["www-authenticate"] == 'Bearer realm="OpenAI API"'
