"""The exact words of dialect A, each with its source. Decides nothing.

A is what answered from 2022-11 to spring 2025, and on variations to their end.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.bounds import BOUNDS
from mockserver.facts.words.wording import (
    AUTHENTICATION,
    PLATFORM,
    Reason,
    Wording,
)

REALM = (("www-authenticate", 'Bearer realm="OpenAI API"'),)
RATE = (
    "Rate limit exceeded for images per minute in organization {organization}. "
    "Limit: {limit}/1min. Current: {current}/1min. Please visit "
    "https://platform.openai.com/docs/guides/rate-limits to learn how to increase your rate limit."
)
JSONSCHEMA = "validator wording as recorded on the same endpoint for other parameters"

KEY_OF_2023 = Wording(
    401,
    "You didn't provide an API key. You need to provide your API key in an Authorization "
    "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field "
    "(with blank username) if you're accessing the API from your browser and are prompted for "
    "a username and password. You can obtain an API key from "
    "https://platform.openai.com/account/api-keys.",
    form=AUTHENTICATION,
    headers=REALM,
    level="observed in part",
    source="recorded 2023 on chat, with four spaces; the same on images is assumed",
)

#: 2023 to spring 2025, and what was the same before.
A: Mapping[Reason, Wording] = {
    Reason.MISSING_KEY: KEY_OF_2023,
    Reason.INCORRECT_KEY: Wording(
        401,
        "Incorrect API key provided: {key}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
        form=AUTHENTICATION,
        headers=REALM,
        level="observed in part",
        source="recorded 2023; four spaces as for a missing key (assumed)",
    ),
    Reason.MISMATCHED_ORGANIZATION: Wording(
        401,
        "OpenAI-Organization header should match organization for API key",
        code="mismatched_organization",
        form=PLATFORM,
        headers=REALM,
        level="observed in part",
        source="body recorded 2024 and 2026-08-14; the header as on other 401s",
    ),
    Reason.UNVERIFIED: Wording(
        403,
        "Your organization must be verified to use the model `{model}`. Please go to: "
        "https://platform.openai.com/settings/organization/general and click on Verify "
        "Organization. If you just verified, it can take up to 15 minutes for access to propagate.",
        form=PLATFORM,
        level="inferred",
        source="recorded 2025-04 for a GPT image model; these models never asked for it",
    ),
    Reason.NO_CREDIT: Wording(
        429,
        "You exceeded your current quota, please check your plan and billing details. For more "
        "information on this error, read the docs: "
        "https://platform.openai.com/docs/guides/error-codes/api-errors.",
        type="insufficient_quota",
        code="insufficient_quota",
        form=PLATFORM,
        level="observed in part",
        source="documented and widely quoted, 2023 to 2026",
    ),
    Reason.HARD_LIMIT: Wording(
        400,
        "Billing hard limit has been reached.",
        type="billing_limit_user_error",
        code="billing_hard_limit_reached",
        form=PLATFORM,
        level="observed",
        source="production logs 2025 to 2026",
    ),
    Reason.RATE_LIMITED: Wording(
        429,
        RATE,
        type="requests",
        code="rate_limit_exceeded",
        headers=(("retry-after", "{retry_after}"), ("retry-after-ms", "{retry_after_ms}")),
        level="observed",
        source="recorded 2023-12; the two headers were recorded on chat only",
    ),
    Reason.OVER_LIMIT: Wording(
        429,
        RATE,
        type="requests",
        code="rate_limit_exceeded",
        level="inferred",
        source="as recorded 2023-12 with a limit of 0",
    ),
    Reason.NOT_OF_TIER: Wording(
        429,
        RATE,
        type="requests",
        code="rate_limit_exceeded",
        level="observed",
        source="recorded 2023-12 with a limit of 0",
    ),
    Reason.OVERLOADED: Wording(
        429,
        "That model is currently overloaded with other requests. You can retry your request, or "
        "contact us through our help center at help.openai.com if the error persists. (Please "
        "include the request ID {request_id} in your message.)",
        type="server_error",
        form=PLATFORM,
        level="observed",
        source="file ids 11042291983 and 12197578738, 2023, text models; not seen on images",
    ),
    Reason.REFUSED: Wording(
        400,
        "Your request was rejected as a result of our safety system. Your prompt may contain text "
        "that is not allowed by our safety system.",
        code="content_policy_violation",
        level="observed",
        source="tipi-tapi/ai-paint-today-BE#210 (2023-08-24); file id 4105333085 (2023-11)",
    ),
    Reason.DESCRIPTION_REFUSED: Wording(
        400,
        "Your request was rejected as a result of our safety system. Image descriptions generated "
        "from your prompt may contain text that is not allowed by our safety system. If you "
        "believe this was done in error, your request may succeed if retried, or by adjusting "
        "your prompt.",
        code="content_policy_violation",
        level="observed in part",
        source="file ids 4564515720 and 7895003615, 2023-11",
    ),
    Reason.PICTURE_REFUSED: Wording(
        400,
        "This request has been blocked by our content filters.",
        code="content_policy_violation",
        level="observed in part",
        source="file ids 4564515720, 48068051209 and 7895003615, 2023-11",
    ),
    Reason.UNKNOWN_URL: Wording(
        404,
        "Invalid URL ({method} {path})",
        form=PLATFORM,
        level="observed in part",
        source="openai-node#132, openai-python#250, 2023-03",
    ),
    Reason.OUTSIDE_API: Wording(
        404,
        "Invalid URL ({method} {path})",
        form=PLATFORM,
        level="observed in part",
        source="as for an unknown URL",
    ),
    Reason.WRONG_METHOD: Wording(
        405,
        "Only {allowed} requests are accepted.",
        code="method_not_supported",
        form=PLATFORM,
        level="observed in part",
        source="openai-python#2703, 2025; for methods other than POST assumed",
    ),
    Reason.NO_CHAT_MODEL: Wording(
        404,
        "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
        "Did you mean to use v1/completions?",
        param="model",
        form=PLATFORM,
        level="inferred",
        source="recorded 2024 for other models that are not chat models",
    ),
    Reason.NO_SUCH_MODEL: Wording(
        404,
        "The model '{model}' does not exist",
        param="model",
        code="model_not_found",
        form=PLATFORM,
        level="observed",
        source="recorded 2025-03-14 on DELETE /v1/models/ft:123; assumed for the vendor's own",
    ),
    Reason.WRONG_HOST: Wording(
        421,
        "This mock does not answer for the host '{host}'. If that is meant, start it with "
        "--allowed-host {host} (or IMAGES_MOCK_ALLOWED_HOST={host}).",
        code="host_not_allowed",
        form=PLATFORM,
        level="own",
        source="the Host rule of this server",
    ),
    Reason.BODY_TOO_LARGE: Wording(
        413,
        "Maximum content size limit ({limit}) exceeded ({read} bytes read)",
        type="server_error",
        form=PLATFORM,
        level="assumed",
        source="as uploads to audio endpoints are refused (recalled)",
    ),
    Reason.WRONG_CONTENT_TYPE: Wording(
        400,
        "Invalid Content-Type header ({content_type}), expected {expected}. "
        "(HINT: If you're using curl, you can pass -H 'Content-Type: {expected}')",
        level="observed",
        source="Azzeccagarbugli/openai_client#2 and load1n9/openai#20 (2023), the whole text; "
        "for JSON assaf/fine-tune#7",
    ),
    Reason.UNPARSABLE_JSON: Wording(
        400,
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't "
        "using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was "
        "sent was not valid JSON. If you have trouble figuring out how to fix this, please contact "
        "us through our help center at help.openai.com.)",
        form=PLATFORM,
        level="observed in part",
        source="2023, any JSON endpoint",
    ),
    Reason.WRONG_BODY_TYPE: Wording(
        400, "{value!r} is not of type 'object'", level="assumed", source=JSONSCHEMA
    ),
    Reason.UNKNOWN_PARAMETER: Wording(
        400,
        "Additional properties are not allowed ({unexpected} unexpected)",
        level="observed",
        source="recorded 2023-01",
    ),
    Reason.MISSING_PARAMETER: Wording(
        400,
        "'{param}' is a required property",
        level="observed",
        source="recorded 2022-11 for 'image'",
    ),
    Reason.WRONG_TYPE: Wording(
        400,
        "{value!r} is not of type '{expected}' - '{param}'",
        level="inferred",
        source=JSONSCHEMA,
    ),
    Reason.NOT_A_NUMBER: Wording(
        400,
        "{value!r} is not of type 'integer' - '{param}'",
        level="inferred",
        source="A does not tell it from another type; the same words on /v1/uploads, 2026-09-23",
    ),
    Reason.DUPLICATE_PARAMETER: Wording(
        400, "'{param}' is given twice", level="assumed", source="A takes the first, says nothing"
    ),
    Reason.NOT_ONE_OF: Wording(
        400,
        "{value!r} is not one of {allowed} - '{param}'",
        level="observed",
        source="recorded 2022-12 for size and 2023 for response_format",
    ),
    Reason.NO_MATCH: Wording(
        400,
        "{value!r} does not match {pattern!r} - '{param}'",
        level="inferred",
        source=JSONSCHEMA,
    ),
    **{
        reason: Wording(
            400, f"{{value!r}} is {bound} - '{{param}}'", level="observed", source="recorded 2023"
        )
        for reason, bound in (
            (Reason.TOO_SMALL, "less than the minimum of {bound}"),
            (Reason.TOO_LARGE, "greater than the maximum of {bound}"),
        )
    },
    Reason.EMPTY_PROMPT: Wording(
        400,
        "You must provide a prompt.",
        form=PLATFORM,
        level="observed in part",
        source="asserted by a client's live tests, 2025; the full stop is not certain",
    ),
    Reason.PROMPT_TOO_LONG: Wording(
        400,
        "{value!r} is too long - 'prompt'",
        level="observed in part",
        source="recorded 2023: the message repeats the whole prompt",
    ),
    Reason.PROMPT_OVER_MODEL: Wording(
        400,
        "Prompt must be length {bound} or less. Your prompt length is {length}. Please reduce your "
        "prompt length.",
        level="observed in part",
        source="griptape-ai/ComfyUI-Griptape#164 (2024-11-17), DALL·E 2; the type is inferred",
    ),
    Reason.UNKNOWN_MODEL: Wording(
        400,
        "Invalid model {model}. The model argument should be left blank.",
        level="observed in part",
        source="a client's live tests, 2023-11",
    ),
    Reason.SIZE_NOT_OF_MODEL: Wording(
        400,
        "The size is not supported by this model.",
        code="invalid_size",
        level="observed",
        source="recorded 2023-11",
    ),
    Reason.UNPARSABLE_FORM: Wording(
        400,
        "Could not parse multipart form",
        form=PLATFORM,
        level="assumed",
        source="as file uploads to other endpoints are refused (recalled)",
    ),
    Reason.NO_BOUNDARY: Wording(
        400,
        "'image' is a required property",
        level="observed in part",
        source="aallam/openai-kotlin#83 (2023-01), variations: a form without a boundary has no "
        "parts; for edits and other days assumed",
    ),
    Reason.FILE_TYPE: Wording(
        400,
        "Uploaded image must be a PNG and less than 4 MB.",
        code="invalid_image_format",
        level="assumed",
        source="A looks at the bytes and not at the type that a part names",
    ),
    Reason.NOT_A_PNG: Wording(
        400,
        "Uploaded image must be a PNG and less than 4 MB.",
        code="invalid_image_format",
        level="observed",
        source="recorded 2024-02; the same for a mask is assumed",
    ),
    Reason.IMAGE_MODE: Wording(
        400,
        "Invalid input image - format must be in {allowed}, got {mode}.",
        level="observed in part",
        source="reported 2023 for edits without a mask and for variations",
    ),
    Reason.NOT_SQUARE: Wording(
        400,
        "Invalid input image - expected an image with equal width and height, "
        "got {width}x{height} instead.",
        level="observed in part",
        source="reported 2023",
    ),
    Reason.MASK_MODE: Wording(
        400,
        "Invalid input mask - format must be in {allowed}, got {mode}.",
        level="assumed",
        source="as for an image: no text for masks was found",
    ),
    Reason.MASK_SIZE: Wording(
        400,
        "Invalid input mask - expected a mask with the size of the image, {expected}, "
        "got {width}x{height} instead.",
        level="assumed",
        source="as for an image that is not square: no text for masks was found",
    ),
    Reason.ONE_IMAGE_ONLY: Wording(
        400,
        "You must provide n=1 for this model.",
        level="observed",
        source="recorded 2023-11",
    ),
    Reason.INTERNAL: Wording(
        500,
        "The server had an error processing your request. Sorry about that! You can retry your "
        "request, or contact us through our help center at help.openai.com if you keep seeing this "
        "error. (Please include the request ID {request_id} in your email.)",
        type="server_error",
        level="observed in part",
        source="2022 to 2024; the key order is inferred",
    ),
    **BOUNDS,
    Reason.CONTROL_REFUSED: Wording(
        401,
        "This mock listens beyond loopback, so /_mock wants its control token: start it with "
        "--control-token TOKEN (or IMAGES_MOCK_CONTROL_TOKEN) and send "
        "'Authorization: Bearer TOKEN'.",
        code="control_token_required",
        form=PLATFORM,
        level="own",
        source="the control token of this server",
    ),
}
