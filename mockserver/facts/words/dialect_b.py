"""The exact words of dialect B, each with its source. Decides nothing.

B is what answers since spring 2025, on all but variations. What it said to DALL·E models was seen
in part only: the rest is what a GPT image model was told, or A's words in B's form.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.backend import BACKEND, USER_ERROR
from mockserver.facts.words.dialect_a import KEY_OF_2023, A
from mockserver.facts.words.edits import EDITS
from mockserver.facts.words.wording import GATEWAY, Reason, Wording

_PROBED = "live probes 2026-08-29 and 30 with a GPT image model"
_AS_IN_A = "A's words in B's form: what B said to these models was not found"
RATE_TAIL = " Visit https://platform.openai.com/account/rate-limits to learn more."


def _kept(reason: Reason, level: str = "assumed", source: str = _AS_IN_A) -> Wording:
    """A's words of a reason in B's form."""
    return A[reason]._replace(form=GATEWAY, level=level, source=source)


def _of_backend(reason: Reason) -> Wording:
    return _kept(reason)._replace(type=USER_ERROR)


#: Words that are not the API's, or not of a service that ever spoke B.
_ELSEWHERE = (
    *(Reason.WRONG_HOST, Reason.CONTROL_REFUSED, Reason.BODY_TOO_LARGE, Reason.UNPARSABLE_FORM),
    *(Reason.OUTSIDE_API, Reason.NO_CHAT_MODEL, Reason.NO_SUCH_MODEL, Reason.UNKNOWN_URL),
    *(Reason.MISMATCHED_ORGANIZATION, Reason.UNVERIFIED, Reason.NO_CREDIT, Reason.HARD_LIMIT),
    *(Reason.WRONG_METHOD, Reason.OVERLOADED, Reason.SANDBOXES_FULL),
    *(Reason.REQUEST_TIMEOUT, Reason.CONNECTIONS_FULL, Reason.NO_ROOM_FOR_BODY),
    Reason.STATE_AWAY,
)

B: Mapping[Reason, Wording] = {
    **{reason: A[reason]._replace(form=GATEWAY) for reason in _ELSEWHERE},
    **BACKEND,
    **EDITS,
    Reason.MISSING_KEY: KEY_OF_2023._replace(
        form=GATEWAY, level="assumed", source="A's words until others were seen"
    ),
    Reason.INCORRECT_KEY: _kept(
        Reason.INCORRECT_KEY, "observed", "recorded 2026-06 on generations, 237 bytes"
    ),
    Reason.RATE_LIMITED: Wording(
        429,
        "Rate limit reached for {model} in organization {organization} on input-images per min: "
        "Limit {limit}, Used {used}, Requested {requested}. Please try again in {wait}."
        + RATE_TAIL,
        type="input-images",
        code="rate_limit_exceeded",
        form=GATEWAY,
        headers=A[Reason.RATE_LIMITED].headers,
        level="inferred",
        source="recorded 2026 for a GPT image model, whose family it names; the end is assumed",
    ),
    Reason.OVER_LIMIT: Wording(
        429,
        "Request too large for {model} in organization {organization} on input-images per min: "
        "Limit {limit}, Requested {requested}." + RATE_TAIL,
        type="input-images",
        code="rate_limit_exceeded",
        form=GATEWAY,
        level="inferred",
        source="quoted 2026 for a GPT image model (file id 69474669517); the end is assumed",
    ),
    Reason.NOT_OF_TIER: Wording(
        429,
        "Request too large for {model} in organization {organization} on input-images per min: "
        "Limit {limit}, Requested {requested}. You can increase your rate limit by adding a "
        "payment method to your account." + RATE_TAIL,
        type="input-images",
        code="rate_limit_exceeded",
        form=GATEWAY,
        level="inferred",
        source="quoted 2026 for a GPT image model (file id 57955872892); the end is assumed",
    ),
    Reason.REFUSED: _kept(Reason.REFUSED),
    Reason.DESCRIPTION_REFUSED: _kept(Reason.DESCRIPTION_REFUSED),
    Reason.PICTURE_REFUSED: _kept(Reason.PICTURE_REFUSED),
    Reason.WRONG_CONTENT_TYPE: Wording(
        400,
        "Unsupported content type: '{media}'. This API method only accepts '{expected}' requests, "
        "but you specified the header 'Content-Type: {media}'. Please try again with a supported "
        "content type.",
        code="unsupported_content_type",
        form=GATEWAY,
        level="observed",
        source="microsoft/genaiscript#1913 (2025-08-29), openai-python#2749 (2025-11)",
    ),
    Reason.UNPARSABLE_JSON: _kept(
        Reason.UNPARSABLE_JSON,
        "observed in part",
        "the same words on chat until 2026-09-23; their layout on images is assumed",
    ),
    Reason.WRONG_BODY_TYPE: _kept(Reason.UNPARSABLE_JSON)._replace(source="as no JSON at all"),
    Reason.UNKNOWN_PARAMETER: Wording(
        400,
        "Unknown parameter: '{param}'.",
        param="{param}",
        code="unknown_parameter",
        form=GATEWAY,
        level="observed",
        source="openllmetry 2026-03-31, 161 bytes; gpt-ai-assistant#360 (2025-05-08)",
    ),
    Reason.MISSING_PARAMETER: Wording(
        400,
        "Missing required parameter: '{param}'.",
        param="{param}",
        code="missing_required_parameter",
        form=GATEWAY,
        level="observed",
        source=_PROBED,
    ),
    Reason.DUPLICATE_PARAMETER: Wording(
        400,
        "Duplicate parameter: '{param}'. You provided multiple values for this parameter, whereas "
        "only one is allowed. If you are trying to provide a list of values, use the array syntax "
        "instead e.g. '{param}[]=<value>'.",
        param="{param}",
        code="duplicate_parameter",
        form=GATEWAY,
        level="observed in part",
        source="quoted in parts since 2025-04 for a GPT image model; the code is inferred",
    ),
    Reason.WRONG_TYPE: Wording(
        400,
        "Invalid type for '{param}': expected {parameter!e}, but got {value!g} instead.",
        param="{param}",
        code="invalid_type",
        form=GATEWAY,
        level="observed",
        source=f"{_PROBED}; AIProxyTeam/AIProxySwift#211 (2025-09-06) for an array of images",
    ),
    Reason.NOT_A_NUMBER: Wording(
        400,
        "Invalid type for '{param}': expected an integer, but got a string value that could not be "
        "converted into an integer.",
        param="{param}",
        code="invalid_type",
        form=GATEWAY,
        level="observed",
        source=_PROBED,
    ),
    Reason.NOT_ONE_OF: Wording(
        400,
        "Invalid value: '{value}'. {allowed!v}",
        param="{param}",
        code="invalid_value",
        form=GATEWAY,
        level="observed",
        source=f"{_PROBED}; for DALL·E 3 the words alone (file id 8405943388)",
    ),
    Reason.NO_MATCH: Wording(
        400,
        "Invalid '{param}': string does not match pattern. Expected a string that matches the "
        "pattern '{pattern}'.",
        param="{param}",
        code="invalid_value",
        form=GATEWAY,
        level="observed in part",
        source="the same words on chat, for names of messages: file id 1965434060",
    ),
    Reason.TOO_SMALL: Wording(
        400,
        "Invalid '{param}': integer below minimum value. Expected a value >= {bound}, but got "
        "{value} instead.",
        param="{param}",
        code="integer_below_min_value",
        form=GATEWAY,
        level="observed",
        source=_PROBED,
    ),
    Reason.TOO_LARGE: Wording(
        400,
        "Invalid '{param}': integer above maximum value. Expected a value <= {bound}, but got "
        "{value} instead.",
        param="{param}",
        code="integer_above_max_value",
        form=GATEWAY,
        level="observed",
        source=f"{_PROBED}; for n of chat thisisartium/continuous-alignment-testing#25; the first "
        "sentence for DALL·E 3 (file id 8405943388)",
    ),
    Reason.ONE_IMAGE_ONLY: _kept(Reason.ONE_IMAGE_ONLY, source="B has the model's bound alone"),
    Reason.EMPTY_PROMPT: Wording(
        400,
        "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty "
        "string instead.",
        param="prompt",
        code="empty_string",
        form=GATEWAY,
        level="observed",
        source=_PROBED,
    ),
    Reason.PROMPT_TOO_LONG: Wording(
        400,
        "Invalid 'prompt': string too long. Expected a string with maximum length {bound}, but got "
        "a string with length {length} instead.",
        param="prompt",
        code="string_above_max_length",
        form=GATEWAY,
        level="observed in part",
        source="file ids 54182736620 (2025) and 58629439855 (2026-05-01), edits by DALL·E 2",
    ),
    Reason.PROMPT_OVER_MODEL: _kept(Reason.PROMPT_OVER_MODEL, source="B has one bound alone"),
    Reason.UNKNOWN_MODEL: Wording(
        400,
        "The model '{model}' does not exist.",
        type=USER_ERROR,
        param="model",
        code="invalid_value",
        form=GATEWAY,
        level="observed",
        source="recorded 2026-09-20 for DALL·E 3; probed 2026-08 for DALL·E 2 and others",
    ),
    Reason.SIZE_NOT_OF_MODEL: Wording(
        400,
        "Invalid value: '{value}'. {allowed!v}",
        param="{param}",
        code="invalid_value",
        form=GATEWAY,
        level="observed in part",
        source="the words for DALL·E 3, 2026-02-06 (file id 42072536001); the rest inferred",
    ),
    Reason.NO_BOUNDARY: A[Reason.UNPARSABLE_FORM]._replace(form=GATEWAY),
    Reason.FILE_TYPE: Wording(
        400,
        "Invalid file '{param}': unsupported mimetype ('{type}'). Supported file formats are "
        "{allowed!a}.",
        param="{param}",
        code="unsupported_file_mimetype",
        form=GATEWAY,
        level="observed in part",
        source="dd-trace-js, 2025; the code of a GPT image model's (file id 68562771445)",
    ),
    Reason.NOT_A_PNG: _of_backend(Reason.NOT_A_PNG),
    Reason.IMAGE_MODE: _of_backend(Reason.IMAGE_MODE),
    Reason.NOT_SQUARE: _of_backend(Reason.NOT_SQUARE),
    Reason.MASK_MODE: Wording(
        400,
        "Invalid mask image format - mask image missing alpha channel",
        type=USER_ERROR,
        code="invalid_mask_image_format",
        form=GATEWAY,
        level="observed in part",
        source="relayed 2025-07-18 for a GPT image model; param is inferred",
    ),
    Reason.MASK_SIZE: Wording(
        400,
        "Invalid mask image format - mask size does not match image size",
        type=USER_ERROR,
        code="invalid_mask_image_format",
        form=GATEWAY,
        level="observed in part",
        source="file ids 15404253881 and 51774155902 for GPT image models; param is inferred",
    ),
    Reason.INTERNAL: Wording(
        500,
        "An error occurred while processing your request. You can retry your request, or contact "
        "us through our help center at help.openai.com if the error persists. Please include the "
        "request ID {request_id} in your message.",
        type="server_error",
        code="server_error",
        form=GATEWAY,
        level="observed in part",
        source="gaoren002/GPT2Image-Pro#34 (2026-06) for a GPT image model",
    ),
}
