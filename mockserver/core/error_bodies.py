"""From a refusal to its bytes, in words that are given."""

import json
from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import Answer, ApiError
from mockserver.core.texts import beginning
from mockserver.facts.words import Words
from mockserver.facts.words.templates import Cut, filled
from mockserver.facts.words.wording import TEXT_ALONE, Wording

#: Characters of a value that an error repeats. Recorded errors repeat a prompt in full; where the
#: API itself would cut one is not known, so the bound is this server's own.
ECHOED = 65_536


def answer(error: ApiError, words: Words, request_id: str = "") -> Answer:
    """The status, bytes and extra headers of `error` in these words."""
    wording = words[error.reason]
    values = _told(error, request_id)
    headers = tuple((name, filled(value, values)) for name, value in wording.headers)
    return Answer(wording.status, _body(wording, values), headers)


def message(error: ApiError, words: Words, request_id: str = "") -> str:
    """What `error` says in these words, or its name where they leave the body empty."""
    values = _told(error, request_id)
    return filled(words[error.reason].message, values) or str(error.reason)


def _told(error: ApiError, request_id: str) -> dict[str, Any]:
    """What the templates can mention, each at a length that can be sent."""
    values = {name: _echoed(value) for name, value in error.values.items()}
    return {"request_id": request_id, **values}


def _echoed(value: Any) -> Any:
    if isinstance(value, str):
        return beginning(value, ECHOED)
    if isinstance(value, list | dict | bytes) and len(text := repr(value)) > ECHOED:
        return Cut(value, beginning(text, ECHOED))
    return value


def _body(wording: Wording, values: Mapping[str, Any]) -> bytes:
    form = wording.form
    if not form.keys:
        return b""
    if form is TEXT_ALONE:
        text = {"error": filled(wording.message, values)}
        return json.dumps(text, separators=(",", ":")).encode("ascii")
    fields = {
        "code": wording.code,
        "message": filled(wording.message, values),
        "param": None if wording.param is None else filled(wording.param, values),
        "type": wording.type,
    }
    if form.layout:  # which may have anything that the words mention
        known = {**values, **fields}
        return (form.layout % tuple([json.dumps(known[key]) for key in form.keys])).encode("ascii")
    further = {key: json.loads(value) for key, value in wording.further}
    body = {"error": {key: fields[key] for key in form.keys} | further}
    return (json.dumps(body, indent=form.indent) + "\n" * form.newline).encode("ascii")
