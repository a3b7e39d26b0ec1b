"""Bytes to values and back: request bodies, header lists, responses. Knows no rule of the API."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from itertools import count
from typing import Any, NoReturn

from anyio import CancelScope
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import (
    Field,
    File,
    FormParser,
    MultipartState,
    parse_options_header,
)
from starlette.types import Message, Receive, Send

from mockserver.core.errors import Answer, ApiError, Reason
from mockserver.core.uploads import Part
from mockserver.era import Headers

JSON = "application/json"
FORM = "multipart/form-data"
ABORT = "images_mock.abort"  # in a scope's extensions: how to break the line
PARTS = 1_000  # of a form; no operation has a hundredth of them


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


def form_value(content_type: str | None, body: bytes) -> dict[str, Part]:
    """The parts of a multipart body by name, files and texts alike; of equal names the first.

    `image[]` and `image[0]` are `image`: clients write a list so, of which these models take one.
    They may repeat; a part that is named outright and comes again is marked as repeated.

    Raises:
        ApiError: another content type, or no multipart body.
    """
    kind, options = parse_options_header(content_type)
    if kind.lower() != FORM.encode():
        raise _wrong_content_type(content_type, FORM)
    try:
        return _parts(options.get(b"boundary", b""), body)
    except FormParserError:
        raise ApiError(Reason.UNPARSABLE_FORM) from None


def without_boundary(content_type: str | None, body: bytes) -> bytes:
    """What two attempts of one call have in common: a form has a new boundary in each."""
    if not (content_type or "").lstrip().lower().startswith(FORM):
        return body
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    return body.replace(b"--" + boundary, b"--") if boundary else body


def _parts(boundary: bytes, body: bytes) -> dict[str, Part]:
    if not boundary:
        raise FormParserError("no boundary")
    found: dict[str, Part] = {}
    numbers = count(1)

    def add(part: Field | File, data: bytes) -> None:
        if next(numbers) > PARTS:
            raise FormParserError("too many parts")
        _add(found, part, data)

    def on_field(field: Field) -> None:
        add(field, field.value or b"")

    def on_file(file: File) -> None:
        if file.size or file.file_name:  # browsers send an empty one for an unused input
            file.file_object.seek(0)
            add(file, file.file_object.read())
        file.close()

    parser = FormParser(FORM, on_field, on_file, boundary=boundary, config=_IN_MEMORY)
    parser.write(body[max(0, body.find(b"--" + boundary)) :])  # a preamble may stand before it
    parser.finalize()
    if body and getattr(parser.parser, "state", None) is not MultipartState.END:
        raise FormParserError("the form breaks off")
    # The parser's callbacks are a cycle with `found`: what stays in it waits for the collector.
    parts = dict(found)
    found.clear()
    return parts


def _add(found: dict[str, Part], part: Field | File, data: bytes) -> None:
    told = (part.field_name or b"").decode("utf-8", "replace")
    name = _LIST.sub("", told)
    if name not in found:
        kind = (part.content_type or "").partition(";")[0].strip().lower()
        is_file = isinstance(part, File) or kind not in ("", "text/plain")
        found[name] = Part(data, kind, is_file=is_file, is_list=name != told)
    elif name == told and not found[name].is_list:
        found[name] = replace(found[name], repeated=True)
    else:
        found[name] = replace(found[name], is_list=True)


_LIST = re.compile(r"\[\d*\]\Z")
_IN_MEMORY = {"MAX_MEMORY_FILE_SIZE": math.inf}  # the body is capped already; no disk is needed


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode  # json.loads would make one a call


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
