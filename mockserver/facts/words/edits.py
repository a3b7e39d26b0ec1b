"""What is said of the pictures that GPT image models edit, however they are sent. Decides nothing.

It is met by models that came with dialect B alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.backend import USER_ERROR
from mockserver.facts.words.wording import GATEWAY, Reason, Wording

_PROBED = "live probes 2026-08-29 and 30 of gpt-image-2"
_OF_MASK = "Invalid mask image format - "


def _said(
    message: str, code: str, param: str | None, source: str, level: str = "observed"
) -> Wording:
    return Wording(400, message, level, source, code=code, param=param, form=GATEWAY)


def _of_service(
    message: str, code: str, param: str | None, source: str, level: str = "observed"
) -> Wording:
    return _said(message, code, param, source, level)._replace(type=USER_ERROR)


EDITS: Mapping[Reason, Wording] = {
    Reason.EMPTY_LIST: _said(
        "Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty "
        "array instead.",
        "empty_array",
        "{param}",
        _PROBED,
    ),
    Reason.LIST_TOO_LONG: _said(
        "Invalid '{param}': array too long. Expected an array with maximum length {bound}, but got "
        "an array with length {length} instead.",
        "array_above_max_length",
        "{param}",
        "as for an empty array, and as other endpoints say it; not seen on images",
        "assumed",
    ),
    Reason.FOR_JSON: _said(
        "Unknown parameter: '{param}'. For multipart/form-data use 'image' or 'image[]'.",
        "invalid_value",
        "{param}",
        _PROBED,
    ),
    Reason.FOR_FORMS: _said(
        "Unknown parameter: '{param}'. For application/json on /v1/images/edits, use 'images' "
        "(array).",
        "invalid_value",
        "{param}",
        _PROBED,
    ),
    Reason.IMAGE_FILE: _of_service(
        "Invalid image file or mode for image {number}, please check your image file. If you "
        "believe this is an error, contact us at help.openai.com and include the request ID "
        "{request_id}.",
        "invalid_image_file",
        None,
        "lofcz/LLMTornado#105 (2025-10); counted from 1 there (assumed), from 0 in ruby_llm's",
    ),
    Reason.IMAGE_DATA: _of_service(
        "Invalid image data.",
        "invalid_image_file",
        "{param}",
        "crmne/ruby_llm (2026-08-10): an address of an SVG",
    ),
    Reason.NOT_DOWNLOADED: _said(
        "Error while downloading file. Upstream status code: {status}.",
        "invalid_value",
        "url",
        "crmne/ruby_llm (2026-08-10): an address that answers 404",
    ),
    Reason.NO_SUCH_FILE: _said(
        "No such File object: {file}",
        "invalid_value",
        "{param}",
        "as the files endpoints say it; not seen on images",
        "assumed",
    ),
    Reason.MASK_FORMAT: _of_service(
        _OF_MASK + "mask image must be a PNG and less than 4 MB",
        "invalid_mask_image_format",
        None,
        "as for a mask without an alpha channel; the rule is the API reference's",
        "assumed",
    ),
}
