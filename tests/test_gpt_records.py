"""Bodies recorded off GPT image models, reproduced as those in `test_records`; and which are left."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.conftest import Api
from tests.test_azure_records import AZURE_RECORDS
from tests.test_records import (
    BACKEND,
    EDITS,
    INVALID,
    RECORDS,
    Record,
    asks,
    check,
    gateway,
    pattern_of,
    png,
    uploads,
)

BLOCKED = "Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com and include the request ID <ID>."
#: The first days of some GPT image models.
BORN = {
    "gpt-image-1": "2025-04-23",
    "gpt-image-1-mini": "2025-10-06",
    "gpt-image-1.5": "2025-12-16",
    "gpt-image-2": "2026-04-21",
    "gpt-image-2.5-flare": "2026-09-08",
    "gpt-image-2.6-sunburst": "2026-11-04",
}

FOX = "https://example.com/fox.svg"


def refers(*images: dict[str, str], **body: Any) -> dict[str, Any]:
    """An edit in JSON."""
    told = {"model": "gpt-image-2", "images": [*images]} | body
    return asks(**told) | {"url": EDITS}


def edits(
    *images: bytes, kind: str = "image/png", name: str = "image[]", **data: str
) -> dict[str, Any]:
    """An edit as a form, with a file or several."""
    files = [(name, ("blob", image, kind)) for image in images or (png(),)]
    data = {"prompt": "x", "model": "gpt-image-1"} | data
    return uploads(EDITS, **data) | {"files": files}


GPT_RECORDS = [
    # edits
    *(
        Record(f"mimetype-octet-stream-gpt ({name}, {count})", "2025-04-23", edits(*[png()] * count, kind="application/octet-stream", name=name), 400, gateway(f"Invalid file '{told}': unsupported mimetype ('application/octet-stream'). Supported file formats are 'image/jpeg', 'image/png', and 'image/webp'.", param=told, code="unsupported_file_mimetype"))
        for name, told, count in (("image", "image", 1), ("image[0]", "image[0]", 1), ("image[]", "image[0]", 2))
    ),
    Record("edits-duplicate-image (gpt-image-1)", "2025-04-23", edits(png(), png(), name="image"), 400, gateway("Duplicate parameter: 'image'. You provided multiple values for this parameter, whereas only one is allowed. If you are trying to provide a list of values, use the array syntax instead e.g. 'image[]=<value>'.", param="image", code="duplicate_parameter")),
    Record("edits-images-missing", "2026-08-01", asks(model="gpt-image-2") | {"url": EDITS}, 400, gateway("Missing required parameter: 'images'.", param="images", code="missing_required_parameter")),
    Record("edits-images-empty", "2026-08-01", refers(), 400, gateway("Invalid 'images': empty array. Expected an array with minimum length 1, but got an empty array instead.", param="images", code="empty_array")),
    Record("edits-json-image-key", "2026-08-01", refers({"image_url": FOX}, image="x"), 400, gateway("Unknown parameter: 'image'. For application/json on /v1/images/edits, use 'images' (array).", param="image", code="invalid_value")),
    Record("edits-multipart-images-key", "2026-08-01", edits(name="images[]", model="gpt-image-2"), 400, gateway("Unknown parameter: 'images'. For multipart/form-data use 'image' or 'image[]'.", param="images", code="invalid_value")),
    *(
        Record(f"edits-image-file-invalid ({len(image)} bytes)", "2025-10-01", edits(image), 400, gateway("Invalid image file or mode for image 1, please check your image file. If you believe this is an error, contact us at help.openai.com and include the request ID <ID>.", BACKEND, code="invalid_image_file"))
        for image in (b"GIF89a", png()[:-20])
    ),
    Record("edits-image-data-invalid", "2026-08-01", refers({"image_url": FOX}, model="gpt-image-1.5"), 400, gateway("Invalid image data.", BACKEND, "images[0].image_url", "invalid_image_file"), headers={"content-length": "170"}, settings={"rules": [{"then": {"addresses": {FOX: b64encode(b"<svg/>").decode()}}}]}),
    Record("edits-image-url-404", "2026-08-01", refers({"image_url": FOX}, model="gpt-image-1.5"), 400, gateway("Error while downloading file. Upstream status code: 404.", param="url", code="invalid_value"), headers={"content-length": "180"}),
    *(
        Record(f"input-fidelity-model ({value})", "2026-08-01", edits(model="gpt-image-2", input_fidelity=value), 400, gateway("The model 'gpt-image-2' does not support the 'input_fidelity' parameter.", BACKEND, "input_fidelity", "invalid_input_fidelity_model"))
        for value in ("high", "low")
    ),
    Record("n-multipart-nondigit", "2026-08-01", edits(model="gpt-image-2", n="abc"), 400, gateway("Invalid type for 'n': expected an integer, but got a string value that could not be converted into an integer.", param="n", code="invalid_type")),
    Record("transparent-unsupported-param", "2026-10-04", edits(model="gpt-image-2", background="transparent"), 400, gateway("Transparent background is not supported for this model.", BACKEND, "background", "invalid_value")),
    Record("a text where a file is due (2025-05)", "2025-05-01", asks() | {"url": EDITS, "files": {"image": (None, "a.png"), "prompt": (None, "x"), "model": (None, "gpt-image-1")}, "json": None}, 400, gateway("Invalid type for 'image': expected one of an array of files or file, but got a string instead.", param="image", code="invalid_type")),
    # what GPT image models refuse
    *(
        Record(f"unknown-param-response-format ({model}, {value})", day, asks(model=model, response_format=value), 400, gateway("Unknown parameter: 'response_format'.", param="response_format", code="unknown_parameter"))
        for model, day in BORN.items()
        for value in ("b64_json", None)
    ),
    *(
        Record(f"unknown-param-input-fidelity ({model})", "2026-08-01", asks(model=model, input_fidelity="low"), 400, gateway("Unknown parameter: 'input_fidelity'.", param="input_fidelity", code="unknown_parameter"))
        for model in ("gpt-image-2", "gpt-image-1-mini")
    ),
    *(
        Record(name, "2026-08-01", asks(model="gpt-image-2", **body), 400, gateway(message, param=param, code=code))
        for name, body, message, param, code in (
            ("prompt-empty", {"prompt": ""}, "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty string instead.", "prompt", "empty_string"),
            ("prompt-type", {"prompt": 123}, "Invalid type for 'prompt': expected a string, but got an integer instead.", "prompt", "invalid_type"),
            ("n-min", {"n": 0}, "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead.", "n", "integer_below_min_value"),
            ("n-float", {"n": 1.5}, "Invalid type for 'n': expected an integer, but got a decimal number instead.", "n", "invalid_type"),
            ("quality-enum", {"quality": "hd"}, "Invalid value: 'hd'. Supported values are: 'low', 'medium', 'high', and 'auto'.", "quality", "invalid_value"),
            ("quality-type", {"quality": 1}, "Invalid type for 'quality': expected one of 'low', 'medium', 'high', or 'auto', but got an integer instead.", "quality", "invalid_type"),
            ("output-format-enum", {"output_format": "gif"}, "Invalid value: 'gif'. Supported values are: 'png', 'webp', and 'jpeg'.", "output_format", "invalid_value"),
            ("output-compression-max", {"output_compression": 101}, "Invalid 'output_compression': integer above maximum value. Expected a value <= 100, but got 101 instead.", "output_compression", "integer_above_max_value"),
        )
    ),
    *(
        Record(f"{name} ({size})", day, asks(model=model, size=size), 400, gateway(f"Invalid size '{size}'. {said}", BACKEND, "size", "invalid_value"))
        for name, model, day, said, sizes in (
            ("size-invalid-gptimage1", "gpt-image-1", "2025-04-23", "Supported sizes are 1024x1024, 1024x1536, 1536x1024, and auto.", ("123x456",)),
            ("size-invalid-gptimage2", "gpt-image-2", "2026-08-01", "Expected WIDTHxHEIGHT, for example '1824x1024'.", ("bogus", "0x0")),
            ("size-div16-gptimage2", "gpt-image-2", "2026-08-01", "Width and height must both be divisible by 16.", ("9x9",)),
            ("size-longest-edge-gptimage2", "gpt-image-2", "2026-04-21", "The longest edge must be less than or equal to 3840.", ("4096x4096", "4064x2032", "2304x4096", "5120x2880")),
            ("size-below-min-gptimage2", "gpt-image-2", "2026-04-21", "Requested resolution is below the current minimum pixel budget.", ("576x1024", "1024x576", "768x768", "800x800")),
            ("size-above-max-gptimage2", "gpt-image-2", "2026-04-21", "Requested resolution exceeds the current pixel budget.", ("3008x3008",)),
        )
        for size in sizes
    ),
    Record("partial-images-no-stream", "2026-01-01", asks(model="gpt-image-1", partial_images=1), 400, gateway("<INPUT>", BACKEND, "input", "unsupported_parameter")),
    Record("transparent-unsupported", "2026-04-21", asks(model="gpt-image-2", background="transparent"), 400, gateway("Transparent background is not supported for this model.", BACKEND, "background", "invalid_value")),
    Record("transparent-jpeg", "2026-01-01", asks(model="gpt-image-1", background="transparent", output_format="jpeg"), 400, gateway("Transparent background is not supported for JPEG output format", BACKEND, "background", "invalid_value")),
    Record("png-compression", "2026-01-01", asks(model="gpt-image-1", output_compression=80), 400, gateway("Compression less than 100 is not supported for PNG output format", BACKEND, code="invalid_png_output_compression")),
    Record("moderation-blocked-2025", "2025-04-23", asks(model="gpt-image-1", prompt="mock:refuse"), 400, gateway(BLOCKED + " safety_violations=[sexual].", BACKEND, code="moderation_blocked")),
    Record("moderation-blocked-2026", "2026-09-01", asks(model="gpt-image-1", prompt="mock:refuse"), 400, gateway(BLOCKED, BACKEND, code="moderation_blocked", moderation_details={"moderation_stage": "input", "categories": ["other"]})),
    Record("credit-balance-exhausted", "2026-10-01", asks(model="gpt-image-2"), 429, gateway("You have no credits remaining. Add credits to continue using the API.", "insufficient_quota", code="credit_balance_exhausted"), "sk-mock-no-credit"),
    Record("rl-images-gpt-image-over-limit", "2026-01-01", asks(model="gpt-image-1", n=10), 429, gateway("Rate limit reached for gpt-image-1 (for limit gpt-image) in organization org-<ORG> on input-images per min: Limit 5, Requested 10. Visit https://platform.openai.com/account/rate-limits to learn more.", "input-images", code="rate_limit_exceeded")),
    *(
        Record(f"model-retired-dalle3 ({model} in its turn)", day, asks(model=model), 400, gateway(f"The model '{model}' does not exist.", BACKEND, "model", "invalid_value"))
        for model, day in (("gpt-image-1", "2026-10-23"), ("gpt-image-1-mini", "2026-12-01"), ("gpt-image-1.5", "2026-12-01"), ("chatgpt-image-latest", "2026-12-01"))
    ),
]  # fmt: skip


@pytest.mark.parametrize("record", GPT_RECORDS, ids=lambda r: r.name)
def test_a_recorded_answer_is_given_on_its_first_day(api: Api, record: Record) -> None:
    check(api, record)


LIMITED = "Rate limit reached for gpt-image-1 (for limit gpt-image) in organization org-<ORG> on input-images per min:"
TAIL = " Visit https://platform.openai.com/account/rate-limits to learn more."


@pytest.mark.parametrize(
    ("day", "tier", "said", "kind"),
    [
        ("2026-01-01", "1", f"{LIMITED} Limit 5, Used 5, Requested 1. Please try again in 12s.{TAIL}", "input-images"),
        ("2026-01-01", "5", f"{LIMITED} Limit 250, Used 250, Requested 1. Please try again in 240ms.{TAIL}", "input-images"),
        ("2025-06-01", "1", "You've exceeded the rate limit, please slow down and try again after 12 seconds.", INVALID),
    ],
)  # fmt: skip
def test_a_minute_of_gpt_image_models_ends_in_the_recorded_limit(
    api: Api, day: str, tier: str, said: str, kind: str
) -> None:
    client = api(as_of=day, tier=tier)
    here = asks(model="gpt-image-1", quality="low", size="1024x1024")
    tens, ones = divmod(250 if tier == "5" else 5, 10)
    for n in (*[10] * tens, *[1] * ones):
        assert client.request(**here | {"json": here["json"] | {"n": n}}).status_code == 200
    refused = client.request(**here)
    assert refused.status_code == 429
    told = gateway(said, kind, code="rate_limit_exceeded")
    assert pattern_of(told).fullmatch(refused.text), refused.text


STREAMED = "needs a stream"
ANOTHER = "said on endpoints that are not served here"
NOT_YET: dict[str, str] = {
    "stream-error-event": STREAMED,
    **dict.fromkeys(["model-does-not-exist-edits-2025", "stream-partial-zero-responses-tool"], ANOTHER),
}  # fmt: skip
#: These have tests below.
OF_ITS_OWN = {
    *("blob-expired", "rl-images-gpt-image", "rl-images-gpt-image-no-family"),
    "rl-slow-down-gpt-image",
}
ALL_IDS = """
    auth-missing-key-2022 auth-incorrect-key-2022 auth-incorrect-key-2026 method-get-2023
    url-unknown-404-2026 url-invalid-2023 method-405-2025 json-unparsable missing-image-2022
    additional-property-2023 size-enum-2022 size-model-2023-11 n-max-2023 n-dalle3
    model-unknown-2023-11 prompt-too-long-2023 prompt-empty-2025 content-policy-2023
    content-policy-2022 content-policy-descriptions content-filter-dalle3 upload-not-png-2024
    edit-rgb-no-alpha edit-rgb-no-alpha-old variation-mode image-not-square
    mimetype-octet-stream-dalle2 mimetype-octet-stream-gpt edits-model-dalle2-only
    edit-prompt-too-long-2025 billing-hard-limit-2025 insufficient-quota rl-images-dalle-free
    rl-images-gpt-image rl-images-gpt-image-no-family rl-slow-down-gpt-image org-unverified
    model-retired-dalle3 model-missing-2026 model-null-2026 variations-retired
    unknown-param-quality-dalle2 unknown-param-response-format unknown-param-stream-dalle
    unknown-param-input-fidelity prompt-empty prompt-type n-min n-float n-multipart-nondigit
    quality-enum quality-type output-format-enum output-compression-max partial-images-no-stream
    size-invalid-gptimage1 size-invalid-gptimage2 size-div16-gptimage2 edits-images-missing
    edits-images-empty edits-json-image-key edits-multipart-images-key edits-duplicate-image
    edits-image-file-invalid edits-image-data-invalid edits-image-url-404 moderation-blocked-2026
    moderation-blocked-2025 transparent-unsupported transparent-jpeg png-compression
    input-fidelity-model models-delete-missing blob-expired auth-missing-key-2023
    auth-missing-key-2026 auth-incorrect-key-masked org-mismatch chat-with-image-model
    stream-error-event azure-policy azure-404 azure-blocked azure-content-filter-doc
    model-does-not-exist-edits-2025 server-error-500 server-error-500-b overloaded-429
    size-longest-edge-gptimage2 size-below-min-gptimage2 size-above-max-gptimage2
    stream-partial-zero-responses-tool output-format-webp-refused transparent-unsupported-param
    credit-balance-exhausted rl-images-gpt-image-over-limit azure-rate-limit
    azure-edit-on-json-operation
"""


def test_every_recording_is_reproduced_or_said_not_to_be_yet() -> None:
    reproduced = {r.id for r in RECORDS + GPT_RECORDS} | {r.id for r in AZURE_RECORDS} | OF_ITS_OWN
    assert not reproduced & NOT_YET.keys()
    assert reproduced | NOT_YET.keys() == {*ALL_IDS.split(), "a text where a file is due"}
