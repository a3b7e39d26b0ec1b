"""Bodies recorded off the real API, reproduced byte for byte by the requests that cause them.

Each is tested on the first day of its dates, or on the first of them on which it can have been so.
`<ORG>`, `<ID>` and the like stand for what differs from answer to answer.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from PIL import Image

from mockserver.clock import ManualClock
from tests.conftest import Api, generate

INVALID, BACKEND = "invalid_request_error", "image_generation_user_error"
GENERATIONS, EDITS, VARIATIONS = (
    f"/v1/images/{name}" for name in ("generations", "edits", "variations")
)
BEGINNING = "2022-11-03"  # no earlier day can be asked for


def laid_out(
    keys: str, indent: int, end: str, message: str, kind: str = INVALID, param: str | None = None, code: str | None = None, **further: Any
) -> str:  # fmt: skip
    values = {"code": code, "message": message, "param": param, "type": kind}
    body = {"error": {key: values[key] for key in keys.split()} | further}
    return json.dumps(body, indent=indent) + end


legacy = partial(laid_out, "code message param type", 2, "\n")
platform = partial(laid_out, "message type param code", 2, "\n")
four_spaces = partial(laid_out, "message type param code", 4, "\n")
gateway = partial(laid_out, "message type param code", 2, "")


def png(mode: str = "RGBA", size: tuple[int, int] = (64, 64)) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, "PNG")
    return file.getvalue()


def asks(**body: Any) -> dict[str, Any]:
    return {"method": "POST", "url": GENERATIONS, "json": {"prompt": "x"} | body}


def uploads(url: str, *images: bytes, kind: str = "image/png", **data: str) -> dict[str, Any]:
    """A form; without an image it has a file of another name, so that it is multipart."""
    files = [("image", ("a.png", image, kind)) for image in images]
    return sends("POST", url) | {"files": files or {"user": (None, "x")}, "data": data}


def sends(method: str, url: str) -> dict[str, Any]:
    return {"method": method, "url": url}


@dataclass(frozen=True, slots=True)
class Record:
    """One recording: `name` is its id, and in brackets which of its cases this is."""

    name: str
    day: str
    request: dict[str, Any]
    status: int
    body: str
    key: str | None = "sk-mock-me"
    headers: Mapping[str, str | None] = field(default_factory=dict)  # patterns; None is absent
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_broken: bool = False  # the server fails inside

    @property
    def id(self) -> str:
        return self.name.partition(" (")[0]


MOCK_KEYS = {"keys": "mock"}  # so that there is a wrong key
UNAUTHORIZED = {"www-authenticate": re.escape('Bearer realm="OpenAI API"'), "openai-organization": None, "openai-project": None}  # fmt: skip
BARE = {"x-content-type-options": "nosniff", "content-type": None, "content-length": "0"}
KEYS = "https://platform.openai.com/account/api-keys."
PROVIDE = "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're {accessing} the API from your browser and are prompted for a username and password. You can obtain an API key from {place}"
PROVIDE_2022 = PROVIDE.format(accessing="accesing", place="https://beta.openai.com.")
PROVIDE_2023 = PROVIDE.format(accessing="accessing", place=KEYS)
UNPARSABLE = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)"
RATE = "Rate limit exceeded for images per minute in organization org-<ORG>. Limit: {limit}/1min. Current: {current}/1min. Please visit https://platform.openai.com/docs/guides/rate-limits to learn how to increase your rate limit."
NOT_A_PNG = "Uploaded image must be a PNG and less than 4 MB."
NOT_SQUARE = (
    "Invalid input image - expected an image with equal width and height, got 300x200 instead."
)
UNVERIFIED = "Your organization must be verified to use the model `dall-e-2`. Please go to: https://platform.openai.com/settings/organization/general and click on Verify Organization. If you just verified, it can take up to 15 minutes for access to propagate."
SORRY = "The server had an error processing your request. Sorry about that! You can retry your request, or contact us through our help center at help.openai.com if you keep seeing this error. (Please include the request ID <ID> in your email.)"
SORRY_B = "An error occurred while processing your request. You can retry your request, or contact us through our help center at help.openai.com if the error persists. Please include the request ID <ID> in your message."
QUOTA = "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."

REFUSED = "Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by our safety system."
DESCRIBED = "Your request was rejected as a result of our safety system. Image descriptions generated from your prompt may contain text that is not allowed by our safety system. If you believe this was done in error, your request may succeed if retried, or by adjusting your prompt."
OVERLOADED = "That model is currently overloaded with other requests. You can retry your request, or contact us through our help center at help.openai.com if the error persists. (Please include the request ID <ID> in your message.)"
VIOLATION = {"code": "content_policy_violation"}


def scripted(**then: Any) -> dict[str, Any]:
    return {"rules": [{"then": then}]}


RECORDS = [
    # what it shows
    Record("content-policy-2022", "2022-12-01", asks(prompt="mock:refuse"), 400, legacy(REFUSED)),
    Record("content-policy-2023", "2023-11-01", asks(prompt="mock:refuse", n=4), 400, legacy(REFUSED, **VIOLATION)),
    Record("content-policy-descriptions", "2023-11-06", asks(model="dall-e-3"), 400, legacy(DESCRIBED, **VIOLATION), settings=scripted(refuse="description")),
    Record("content-filter-dalle3", "2023-11-06", asks(model="dall-e-3"), 400, legacy("This request has been blocked by our content filters.", **VIOLATION), settings=scripted(refuse="picture")),
    Record("overloaded-429", "2023-01-01", asks(prompt="mock:overloaded"), 429, platform(OVERLOADED, "server_error")),
    # who asks
    Record("auth-missing-key-2022", BEGINNING, asks(), 401, legacy(PROVIDE_2022), None, UNAUTHORIZED),
    Record("auth-incorrect-key-2022", BEGINNING, asks(), 401, legacy(f"Incorrect API key provided: sk-{'*' * 23}. You can find your API key at https://beta.openai.com.", code="invalid_api_key"), "sk-" + "*" * 23, UNAUTHORIZED, MOCK_KEYS),
    Record("auth-missing-key-2023", "2023-01-01", sends("POST", "/v1/chat/completions"), 401, four_spaces(PROVIDE_2023), None, UNAUTHORIZED),
    Record("auth-missing-key-2023 (still in 2026)", "2026-06-01", sends("POST", "/v1/chat/completions"), 401, four_spaces(PROVIDE_2023), None, UNAUTHORIZED),
    Record("auth-incorrect-key-masked", "2023-01-01", asks(), 401, four_spaces(f"Incorrect API key provided: sk-abcde{'*' * 39}wxyz. You can find your API key at {KEYS}", code="invalid_api_key"), "sk-abcde" + "x" * 39 + "wxyz", UNAUTHORIZED, MOCK_KEYS),
    Record("auth-missing-key-2026", "2026-01-01", asks(), 401, gateway("Missing bearer or basic authentication in header"), None, UNAUTHORIZED),
    Record("auth-missing-key-2026 (models)", "2026-01-01", sends("GET", "/v1/models"), 401, gateway("Missing bearer authentication in header"), None, UNAUTHORIZED),
    Record("auth-missing-key-2026 (one model)", "2026-01-01", sends("GET", "/v1/models/dall-e-2"), 401, gateway("Missing bearer authentication in header"), None, UNAUTHORIZED),
    Record("auth-incorrect-key-2026", "2026-06-01", asks(model="dall-e-2"), 401, gateway(f"Incorrect API key provided: fake_key. You can find your API key at {KEYS}", code="invalid_api_key"), "fake_key", UNAUTHORIZED | {"content-length": "237", "x-content-type-options": "nosniff", "access-control-expose-headers": "(CF-Ray|X-Request-ID|, ){3,}"}, MOCK_KEYS),
    Record("org-mismatch", "2024-01-01", asks() | {"headers": {"OpenAI-Organization": "org-mock-mismatch"}}, 401, platform("OpenAI-Organization header should match organization for API key", code="mismatched_organization"), headers=UNAUTHORIZED),
    # 2025-04 without a day: since the model came that it was said of; ours is another
    *(
        Record(f"org-unverified ({model})", "2025-04-23", asks(model=model), 403, gateway(UNVERIFIED.replace("dall-e-2", model)), "sk-mock-unverified")
        for model in ("gpt-image-1", "dall-e-2")
    ),
    Record("billing-hard-limit-2025", "2025-01-01", asks(), 400, platform("Billing hard limit has been reached.", "billing_limit_user_error", code="billing_hard_limit_reached"), "sk-mock-hard-limit"),
    Record("insufficient-quota", "2023-01-01", asks(), 429, platform(QUOTA, "insufficient_quota", code="insufficient_quota"), "sk-mock-no-credit"),
    Record("rl-images-dalle-free", "2023-12-01", asks(model="dall-e-3"), 429, legacy(RATE.format(limit=0, current=1), "requests", code="rate_limit_exceeded"), "sk-mock-free"),
    # where to
    Record("method-get-2023", "2023-01-01", sends("GET", GENERATIONS), 405, legacy("Not allowed to GET on /v1/images/generations. (HINT: Perhaps you meant to use a different HTTP method?)")),
    Record("method-405-2025", "2025-01-01", sends("GET", GENERATIONS), 405, platform("Only POST requests are accepted.", code="method_not_supported")),
    Record("url-invalid-2023", "2023-03-01", sends("POST", "/v1/nope"), 404, platform("Invalid URL (POST /v1/nope)")),
    Record("url-invalid-2023 (doubled)", "2023-03-01", sends("POST", GENERATIONS + "/images/generations"), 404, platform("Invalid URL (POST /v1/images/generations/images/generations)")),
    *(
        Record(f"url-unknown-404-2026 ({method} {path})", "2026-08-01", sends(method, path), 404, "", headers=BARE)
        for method in ("GET", "POST")
        for path in (VARIATIONS, "/v1/images/foo", "/v1/nope")
    ),
    Record("variations-retired", "2026-08-01", uploads(VARIATIONS, png()), 404, "", headers=BARE),
    Record("chat-with-image-model", "2024-01-01", sends("POST", "/v1/chat/completions"), 404, platform("This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?", param="model")),
    Record("models-delete-missing", "2025-03-01", sends("DELETE", "/v1/models/ft:123"), 404, platform("The model 'ft:123' does not exist", param="model", code="model_not_found")),
    Record("json-unparsable", "2023-01-01", sends("POST", GENERATIONS) | {"content": b"{"}, 400, platform(UNPARSABLE)),
    # parameters, in A's words
    Record("additional-property-2023", "2023-01-01", asks(responseFormat="url"), 400, legacy("Additional properties are not allowed ('responseFormat' was unexpected)")),
    Record("size-enum-2022", "2022-12-01", asks(size="256×256"), 400, legacy("'256×256' is not one of ['256x256', '512x512', '1024x1024'] - 'size'")),
    # 2023-11 without a day: since there are models to choose from
    Record("size-model-2023-11", "2023-11-06", asks(size="1792x1024"), 400, legacy("The size is not supported by this model.", code="invalid_size")),
    *(
        Record(f"size-model-2023-11 (dall-e-3, {size})", "2023-11-06", asks(size=size, model="dall-e-3"), 400, legacy("The size is not supported by this model.", code="invalid_size"))
        for size in ("256x256", "512x512")
    ),
    Record("n-max-2023", "2023-01-01", asks(n=15), 400, legacy("15 is greater than the maximum of 10 - 'n'")),
    Record("n-dalle3", "2023-11-06", asks(n=4, model="dall-e-3"), 400, legacy("You must provide n=1 for this model.")),
    Record("model-unknown-2023-11", "2023-11-06", asks(model="o1-mini"), 400, legacy("Invalid model o1-mini. The model argument should be left blank.")),
    Record("prompt-too-long-2023", "2023-01-01", asks(prompt="é" * 1001), 400, legacy(f"'{'é' * 1001}' is too long - 'prompt'")),
    Record("prompt-too-long-2023 (dall-e-3)", "2023-11-06", asks(prompt="é" * 4001, model="dall-e-3"), 400, legacy(f"'{'é' * 4001}' is too long - 'prompt'")),
    Record("prompt-empty-2025", "2025-01-01", asks(prompt=""), 400, platform("You must provide a prompt.")),
    # uploads, in A's words
    Record("missing-image-2022", BEGINNING, uploads(VARIATIONS), 400, legacy("'image' is a required property")),
    *(
        Record(f"missing-image-2022 (openai-kotlin#83: no boundary, {url})", "2023-01-25", sends("POST", url) | {"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}}, 400, legacy("'image' is a required property"))
        for url in (VARIATIONS, EDITS)
    ),
    *(
        Record(f"upload-not-png-2024 ({url})", "2024-02-01", uploads(url, b"GIF89a", **data), 400, legacy(NOT_A_PNG, code="invalid_image_format"))
        for url, data in ((VARIATIONS, {}), (EDITS, {"prompt": "x"}))
    ),
    Record("edit-rgb-no-alpha-old", "2023-02-01", uploads(EDITS, png("RGB"), prompt="x"), 400, legacy("Invalid input image - format must be in ['RGBA'], got RGB.")),
    # 2023 without a day: after the older list, which was still there in 2023-02
    Record("edit-rgb-no-alpha", "2023-03-01", uploads(EDITS, png("RGB"), prompt="x"), 400, legacy("Invalid input image - format must be in ['RGBA', 'LA', 'L'], got RGB.")),
    Record("variation-mode", "2023-03-01", uploads(VARIATIONS, png("P")), 400, legacy("Invalid input image - format must be in ['RGB', 'RGBA'], got P.")),
    *(
        Record(f"image-not-square ({url})", "2023-01-01", uploads(url, png(size=(300, 200)), **data), 400, legacy(NOT_SQUARE))
        for url, data in ((VARIATIONS, {}), (EDITS, {"prompt": "x"}))
    ),
    # B on edits: records of 2025 without a day can't be older than its first day there
    Record("mimetype-octet-stream-dalle2", "2025-04-16", uploads(EDITS, png(), kind="application/octet-stream", prompt="x"), 400, gateway("Invalid file 'image': unsupported mimetype ('application/octet-stream'). Supported file formats are 'image/png'.", param="image", code="unsupported_file_mimetype")),
    Record("edit-prompt-too-long-2025", "2025-04-16", uploads(EDITS, png(), prompt="é" * 1635), 400, gateway("Invalid 'prompt': string too long. Expected a string with maximum length 1000, but got a string with length 1635 instead.", param="prompt", code="string_above_max_length")),
    # 2025-04 without a day: since the model came that was sent
    Record("edits-model-dalle2-only", "2025-04-23", uploads(EDITS, png(), prompt="x" * 32_001, model="gpt-image-1"), 400, gateway("Invalid value: 'gpt-image-1'. Value must be 'dall-e-2'.", param="model", code="invalid_value")),
    Record("edits-duplicate-image", "2025-04-23", uploads(EDITS, png(), png(), prompt="x"), 400, gateway("Duplicate parameter: 'image'. You provided multiple values for this parameter, whereas only one is allowed. If you are trying to provide a list of values, use the array syntax instead e.g. 'image[]=<value>'.", param="image", code="duplicate_parameter")),
    # B on generations
    *(
        Record(f"unknown-param-stream-dalle ({model})", "2025-07-01", asks(model=model, stream=True), 400, gateway("Unknown parameter: 'stream'.", param="stream", code="unknown_parameter"))
        for model in ("dall-e-2", "dall-e-3")
    ),
    Record("unknown-param-quality-dalle2", "2026-03-31", asks(prompt="a white siamese cat", model="dall-e-2", n=1, quality="standard", size="256x256"), 400, gateway("Unknown parameter: 'quality'.", param="quality", code="unknown_parameter"), headers={"content-type": "application/json", "content-length": "161", "openai-organization": "user-[a-z0-9]{24}", "openai-project": "proj_[A-Za-z0-9]{24}", "x-request-id": "req_[0-9a-f]{32}", "x-content-type-options": "nosniff", "access-control-expose-headers": None, "www-authenticate": None}),
    *(
        Record(f"model-retired-dalle3 ({model!r})", "2026-09-01", asks(model=model), 400, gateway(f"The model '{model}' does not exist.", BACKEND, "model", "invalid_value"))
        for model in ("dall-e-3", "dall-e-2", "", "nope")
    ),
    *(
        Record(f"model-missing-2026 ({name})", "2026-08-01", request, 400, gateway("Missing required parameter: 'model'.", param="model", code="missing_required_parameter"))
        for name, request in (
            ("generations", asks()),
            ("edits", uploads(EDITS, png(), prompt="x")),
            ("edits in JSON", asks() | {"url": EDITS}),
        )
    ),
    Record("model-null-2026", "2026-08-01", asks(model=None), 400, gateway("Invalid type for 'model': expected a string, but got null instead.", param="model", code="invalid_type")),
    # the server's own failures
    Record("server-error-500", BEGINNING, asks(), 500, legacy(SORRY, "server_error"), is_broken=True),
    Record("server-error-500-b", "2026-06-01", asks(), 500, gateway(SORRY_B, "server_error", code="server_error"), is_broken=True),
]  # fmt: skip

#: Bodies that api-facts names beside the recordings, and whole texts found by others.
DERIVED = [
    Record("billing-hard-limit-2022", BEGINNING, asks(), 400, legacy("Billing hard limit has been reached", code="billing_hard_limit_reached"), "sk-mock-hard-limit", {"content-length": "172"}),
    *(
        Record(f"upload-not-png-2022 ({url})", BEGINNING, request, 400, legacy(NOT_A_PNG))
        for url, request in (
            (VARIATIONS, uploads(VARIATIONS, b"GIF89a")),
            (EDITS, {"method": "POST", "url": EDITS, "files": {"image": b"GIF89a", "mask": png()}, "data": {"prompt": "x"}}),
        )
    ),
    Record("n-min-2023", "2023-01-01", asks(n=0), 400, legacy("0 is less than the minimum of 1 - 'n'")),
    Record("response-format-enum-2023", "2023-01-01", asks(response_format="png"), 400, legacy("'png' is not one of ['b64_json', 'url'] - 'response_format'")),
    Record("model-unknown-2026", "2026-08-01", asks(model="o1-mini"), 400, gateway("The model 'o1-mini' does not exist.", BACKEND, "model", "invalid_value")),
    Record("dall-e-2's own bound (2024-11)", "2024-11-17", asks(prompt="é" * 1192), 400, legacy("Prompt must be length 1000 or less. Your prompt length is 1192. Please reduce your prompt length.")),
]  # fmt: skip

_PLACES = {"<ORG>": "[A-Za-z0-9]{24}", "<ID>": "(?:req_)?[0-9a-f]{32}", "<INPUT>": ".*input.*"}
_PLACES |= {"<CREATED>": r"\d{10}", "<SECONDS>": r"\d+"}


def pattern_of(body: str) -> re.Pattern[str]:
    pattern = re.escape(body)
    for place, stands_for in _PLACES.items():
        pattern = pattern.replace(place, stands_for)
    return re.compile(pattern)


def break_down(*_: object) -> None:
    raise RuntimeError("boom")


@pytest.mark.parametrize("record", RECORDS + DERIVED, ids=lambda r: r.name)
def test_a_recorded_answer_is_given_on_its_first_day(
    api: Api, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    if record.is_broken:
        monkeypatch.setattr("mockserver.api.images.read_body", break_down)
    check(api, record)


def check(api: Api, record: Record) -> None:
    """Ask what was recorded, on its day, and compare all of the answer."""
    client = api(as_of=record.day, **record.settings)
    del client.headers["Authorization"]
    key = {"Authorization": f"Bearer {record.key}"} if record.key is not None else {}
    headers = key | record.request.get("headers", {})
    response = client.request(**record.request | {"headers": headers})
    assert response.status_code == record.status
    assert pattern_of(record.body).fullmatch(response.content.decode("ascii"))
    always = {
        "content-type": "application/json",
        "content-length": str(len(response.content)),
        "openai-version": "2020-10-01",
        "openai-processing-ms": r"\d+",
        "x-request-id": "(req_)?[0-9a-f]{32}",
    }
    for name, pattern in (always | dict(record.headers)).items():
        found = response.headers.get(name)
        assert found is None if pattern is None else re.fullmatch(pattern, found or ""), name


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_the_sixteenth_picture_of_a_minute_meets_the_recorded_limit(api: Api) -> None:
    client = api(as_of="2025-01-01", limits="15/min")  # rl-images-dalle3-tier
    answers = [client.request(**asks(model="dall-e-3")) for _ in range(16)]
    assert [a.status_code for a in answers] == [200] * 15 + [429]
    limit = legacy(RATE.format(limit=15, current=16), "requests", code="rate_limit_exceeded")
    assert pattern_of(limit).fullmatch(answers[15].text)


def test_a_url_that_ended_answers_the_recorded_xml(api: Api, clock: ManualClock) -> None:
    clock.advance(seconds("2023-03-25 18:12:35") - clock.now() / 1e9)
    client = api(as_of="2023-03-01")
    url = generate(client).json()["data"][0]["url"]
    clock.advance(seconds("2023-03-27 07:28:51") - clock.now() / 1e9)
    clock.advance(0.8578866)
    refused = client.get(url)
    assert refused.status_code == 403
    said = re.sub("RequestId:[0-9a-f-]{36}", "RequestId:<GUID>", refused.text)
    assert said == (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>'
        "Server failed to authenticate the request. Make sure the value of Authorization header is "
        "formed correctly including the signature.\nRequestId:<GUID>\n"
        "Time:2023-03-27T07:28:51.8578866Z</Message><AuthenticationErrorDetail>Signature not valid "
        "in the specified time frame: Start [Sat, 25 Mar 2023 17:12:35 GMT] - Expiry [Sat, 25 Mar "
        "2023 19:12:35 GMT] - Current [Mon, 27 Mar 2023 07:28:51 GMT]</AuthenticationErrorDetail>"
        "</Error>"
    )
    assert refused.headers["content-type"] == "application/xml"
    assert refused.headers["content-length"] == "544"
    assert refused.headers["x-ms-error-code"] == "AuthenticationFailed"
    assert re.fullmatch(
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", refused.headers["x-ms-request-id"]
    )
