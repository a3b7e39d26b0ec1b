"""What the API says when it refuses at /v1/batches, and why a batch failed. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.wording import GATEWAY, PLATFORM, Reason, Wording

_SEEN = "meta-llama/llama-stack, tests of 2025-08 that repeat the vendor's answers (id 1756172473)"
_COPIED = "a third party's API that has the vendor's words (id 59137274281); the code was reported"


def _of_file(
    code: str, message: str, source: str, level: str = "observed", *, param: str | None = None
) -> Wording:
    """Why a batch failed: a row of its `errors`, and no answer."""
    return Wording(400, message, level, source, code=code, param=param, form=GATEWAY)


BATCHES: Mapping[Reason, Wording] = {
    Reason.NO_SUCH_BATCH: Wording(
        404,
        "No batch found with id '{id}'.",
        form=PLATFORM,
        level="observed in part",
        source=f"{_SEEN}: the first three words; the rest is recalled",
    ),
    Reason.BATCH_ENDED: Wording(
        409,
        "Cannot cancel a batch with status '{status}'.",
        form=PLATFORM,
        level="observed in part",
        source=f"{_SEEN}; the layout is assumed",
    ),
    Reason.BATCH_FILE_PURPOSE: Wording(
        400,
        "Invalid 'input_file_id': expected a file with purpose 'batch', but got purpose "
        "'{purpose}' instead.",
        param="input_file_id",
        code="invalid_value",
        form=PLATFORM,
        level="assumed",
        source="that it is refused at once: id 59663717686; no words were found",
    ),
    Reason.BATCH_QUEUE_FULL: Wording(
        429,
        "Enqueued token limit reached for {model} in organization {organization}. Limit: "
        "{limit} enqueued tokens. Please try again once some in_progress batches have been "
        "completed.",
        code="token_limit_exceeded",
        form=PLATFORM,
        level="observed in part",
        source="quoted since 2024 for language models (id 18598043450); the status is assumed",
    ),
    Reason.METADATA_TOO_MANY: Wording(
        400,
        "Invalid 'metadata': too many properties. Expected an object with at most {bound} "
        "properties, but got an object with {length} properties instead.",
        param="metadata",
        code="object_above_max_properties",
        form=GATEWAY,
        level="assumed",
        source="recalled",
    ),
    Reason.METADATA_NAME: Wording(
        400,
        "Invalid 'metadata': property name too long. Expected property names with maximum length "
        "{bound}, but got one with length {length} instead.",
        param="metadata",
        code="property_name_above_max_length",
        form=GATEWAY,
        level="assumed",
        source="recalled",
    ),
    Reason.METADATA_VALUE: Wording(
        400,
        "Invalid '{param}': string too long. Expected a string with maximum length {bound}, but "
        "got a string with length {length} instead.",
        param="{param}",
        code="string_above_max_length",
        form=GATEWAY,
        level="assumed",
        source="as the words for prompts",
    ),
    Reason.BATCH_NO_FILE: _of_file(
        "invalid_request",
        "Cannot find file {file}, or organization {organization} does not have access to it.",
        _SEEN,
        param="file_id",
    ),
    Reason.BATCH_EMPTY: _of_file(
        "empty_file",
        "The input file is empty. Please provide a file with at least one request.",
        "the code is reported by several (id 59663717686); the words are not",
        "assumed",
    ),
    Reason.BATCH_TOO_MANY_LINES: _of_file(
        "too_many_tasks",
        "The number of requests in the input file exceeds the maximum allowed value of {bound}.",
        "as Azure has them (stdapi-ai/stdapi.ai#240)",
        "assumed",
    ),
    Reason.BATCH_TOO_LARGE: _of_file(
        "file_too_large",
        "The input file exceeds the maximum allowed size of {bound} bytes.",
        "the bound is documented, the words are not",
        "assumed",
    ),
    Reason.BATCH_LINE: _of_file(
        "invalid_json_line", "This line is not parseable as valid JSON.", _SEEN
    ),
    Reason.BATCH_DUPLICATE: _of_file(
        "duplicate_custom_id",
        "The custom_id '{custom_id}' for this request is a duplicate of another request. The "
        "custom_id parameter must be unique for each request in a batch.",
        _COPIED,
        "observed in part",
        param="custom_id",
    ),
    Reason.BATCH_URL: _of_file(
        "invalid_url",
        "The URL provided for this request does not match the batch endpoint.",
        _SEEN,
        param="url",
    ),
    Reason.BATCH_STREAM: _of_file(
        "streaming_unsupported",
        "{service}: Streaming is not supported in the Batch API.",
        f"{_SEEN}, for chat, where it begins with 'Chat Completions'",
        "observed in part",
        param="body.stream",
    ),
    Reason.BATCH_NO_MODEL: _of_file(
        "invalid_request", "Model parameter is required.", _SEEN, param="body.model"
    ),
    Reason.BATCH_MODEL: _of_file(
        "model_not_found",
        "The provided model '{model}' is not supported by the Batch API.",
        _SEEN,
        param="body.model",
    ),
    Reason.BATCH_MODELS: _of_file(
        "mismatched_model",
        "The model '{model}' for this request does not match the rest of the batch. Each batch "
        "must contain requests for a single model.",
        f"{_COPIED} (id 68393144376)",
        "observed in part",
        param="body.model",
    ),
    Reason.BATCH_NO_ROOM: _of_file(
        "no_room",
        "The answers of this batch take more than the {bound} bytes that this mock has for the "
        "files of an API key. Start it with a larger --file-room (or IMAGES_MOCK_FILE_ROOM).",
        "this server's bound",
        "own",
    ),
}
