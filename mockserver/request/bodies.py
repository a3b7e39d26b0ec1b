"""Bytes to values and back: request bodies, header lists, responses. Knows no rule of the API."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

from anyio import CancelScope
from python_multipart.multipart import parse_options_header
from starlette.types import Message, Receive, Send

from mockserver.core.errors import Answer, ApiError, Reason
from mockserver.core.uploads import Fields
from mockserver.request.era import Headers
from mockserver.request.forms import SAID, read_form, shown

JSON = "application/json"
FORM = "multipart/form-data"
ABORT = "images_mock.abort"  # in a scope's extensions: how to break the line


class ClientGone(Exception):
    """The client left before its request was read. There is nobody to answer."""


async def read_body(receive: Receive) -> bytes:
    """The whole request body.

    Raises:
        ClientGone: it will never come.
        ApiError: it is larger than the server takes (raised by the cap around `receive`).
    """
    message = await receive()
    if not message.get("more_body") and message["type"] == "http.request":
        return bytes(message.get("body", b""))
    chunks = [_chunk(message)]
    while message.get("more_body"):
        message = await receive()
        chunks.append(_chunk(message))
    return b"".join(chunks)


def _chunk(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGone
    return bytes(message.get("body", b""))


def json_value(content_type: str | None, body: bytes) -> Any:
    """The JSON value of a body. A body without a content type is taken for JSON (assumed).

    Raises:
        ApiError: another content type, or no JSON.
    """
    if content_type is not None and not is_json(content_type):
        raise _wrong_content_type(content_type, JSON)
    try:
        return _decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ApiError(Reason.UNPARSABLE_JSON) from None


def form_value(content_type: str | None, body: bytes) -> Fields:
    """The parts of a multipart body by name (see `forms`).

    Raises:
        ApiError: another content type, or no multipart body.
    """
    kind, options = parse_options_header(content_type)
    if kind.lower() != FORM.encode():
        raise _wrong_content_type(content_type, FORM)
    boundary = options.get(b"boundary")
    if not boundary:
        hint = "the Content-Type names no boundary: leave that header to the HTTP library"
        raise ApiError(Reason.NO_BOUNDARY, hint=hint)
    return read_form(boundary, body)


def without_boundary(content_type: str | None, body: bytes) -> bytes:
    """What two attempts of one call have in common: a form has a new boundary in each."""
    if not (content_type or "").lstrip().lower().startswith(FORM):
        return body
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    return body.replace(b"--" + boundary, b"--") if boundary else body


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of equal names the last one counts, and those that came again are named."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    times = Counter(name for name, _ in pairs)
    again = [shown(name) for name, number in times.items() if number > 1]
    return Fields(found, ignored=[f"of each {', '.join(again[:SAID])} only the last was used"])


# json.loads would make one a call
_decode = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse).decode


def _wrong_content_type(told: str | None, expected: str) -> ApiError:
    media = (told or "").partition(";")[0].strip()
    return ApiError(
        Reason.WRONG_CONTENT_TYPE, content_type=told or None, media=media, expected=expected
    )


def is_json(content_type: str | None) -> bool:
    """Whether a body says that it is JSON."""
    return content_type is not None and content_type.partition(";")[0].strip().lower() == JSON


def json_bytes(value: Any) -> bytes:
    """A success body as the API lays it out: indented by two, with a final newline."""
    return (json.dumps(value, indent=2) + "\n").encode("ascii")


async def has_left(receive: Receive) -> bool:
    """Whether the client of a request that was read is gone."""
    with CancelScope() as now:
        now.cancel()
        return bool((await receive())["type"] == "http.disconnect")
    return False


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an error."""
    extra = [(name.encode(), value.encode()) for name, value in answer.headers]
    await send_bytes(send, answer.status, answer.body, JSON, extra)


async def send_bytes(
    send: Send, status: int, body: bytes, content_type: str, headers: Headers | None = None
) -> None:
    """Send a whole response with its length; one without a body has no type either."""
    start: Headers = [(b"content-length", b"%d" % len(body)), *(headers or ())]
    if body:
        start.insert(0, (b"content-type", content_type.encode()))
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


def host_in(value: str) -> str:
    """The name in a Host header: without port, brackets or final dot, in lower case."""
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0].rstrip(".").lower()
