"""What the API says when it refuses at /v1/responses. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.backend import BACKEND, USER_ERROR
from mockserver.facts.words.batches import BATCHES
from mockserver.facts.words.dialect_b import B
from mockserver.facts.words.edits import EDITS
from mockserver.facts.words.gpt_image import GPT_IMAGE
from mockserver.facts.words.wording import GATEWAY, Reason, Wording

#: The service behind the tool sees no option by its place: what it refuses is of `tools`.
_OF_TOOLS: Mapping[Reason, Wording] = {
    reason: wording._replace(
        param="tools",
        level="observed in part" if reason is Reason.TRANSPARENT_BACKGROUND else "inferred",
        source="file id 61530534345, 2026, for a transparent background: param 'tools'; "
        "else as /v1/images says it",
    )
    for reason, wording in {**BACKEND, **EDITS}.items()
    if wording.type == USER_ERROR and wording.param in ("size", "background", "input_fidelity")
}

_OF_METADATA = (Reason.METADATA_TOO_MANY, Reason.METADATA_NAME, Reason.METADATA_VALUE)


def _refused(
    message: str, source: str, level: str, *, param: str | None, code: str | None, status: int = 400
) -> Wording:
    return Wording(status, message, level, source, code=code, param=param, form=GATEWAY)


RESPONSES: Mapping[Reason, Wording] = {
    **_OF_TOOLS,
    **{reason: BATCHES[reason] for reason in _OF_METADATA},
    Reason.NO_INPUT: _refused(
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be "
        "provided.",
        "file ids 56782304773, 46244822326 and 56320246417, 2025 to 2026, the text and the code",
        "observed in part",
        param="input",
        code="missing_required_parameter",
    ),
    Reason.NO_TEXT_MODEL: _refused(
        "The requested model '{model}' is not supported with the Responses API.",
        "file ids 13528255013 (2025), 59573097501 and 68626966803 (2026), the text; param and code "
        "are assumed",
        "observed in part",
        param="model",
        code="model_not_found",
    ),
    Reason.UNKNOWN_MODEL: B[Reason.UNKNOWN_MODEL]._replace(
        param="tools",
        source="heyhuynhgiabuu/proxypal#226 and router-for-me/CLIProxyAPI#3687 (2026-06-02)",
    ),
    Reason.RATE_LIMITED: GPT_IMAGE["B, gpt-image"][Reason.RATE_LIMITED]._replace(
        level="assumed", source="as /v1/images says it of the same model"
    ),
    Reason.TOOL_NOT_THERE: _refused(
        "Tool choice '{tool}' not found in 'tools' parameter.",
        "file ids 51824152119 and 53606221555 (2026-04), the text; 67505675172, the param",
        "observed in part",
        param="tool_choice",
        code=None,
    ),
    Reason.NOTHING_TO_EDIT: _refused(
        "The 'edit' action requires at least one image in the context.",
        "no text was found",
        "assumed",
        param="tools",
        code="invalid_value",
    )._replace(type=USER_ERROR),
    Reason.NO_SUCH_RESPONSE: _refused(
        "Response with id '{id}' not found.",
        "file ids 57364381537 and 57963919550 repeat the text; status and null fields are assumed",
        "observed in part",
        param=None,
        code=None,
        status=404,
    ),
    Reason.NO_PREVIOUS_RESPONSE: _refused(
        "Previous response with id '{id}' not found.",
        "file id 54730605334 (2026-07-22); pydantic-ai's test of a recording (file id 55625739888)",
        "observed",
        param="previous_response_id",
        code="previous_response_not_found",
    ),
    Reason.NO_SUCH_ITEM: _refused(
        "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try "
        "again with `store` set to true, or remove this item from your input.",
        "file ids 55672232252, 68429845517 and 60841601225, 2026, of reasoning items where store "
        "was false; the same of pictures, and where it was true, is assumed",
        "observed in part",
        param="input",
        code=None,
        status=404,
    ),
    Reason.NOT_CANCELLED: _refused(
        "Cannot cancel a synchronous response.",
        "imitations of the API say so (file ids 2098044 and 53412792992); the nulls are assumed",
        "observed in part",
        param=None,
        code=None,
    ),
    Reason.NO_PARTIAL_IMAGES: _refused(
        "Streaming must have non-zero partial images.",
        "QuantumNous/new-api#1234 (2025-06-16); langchain-ai/langchain#31522",
        "observed",
        param="tools",
        code=None,
    )._replace(type=USER_ERROR),
}
