"""Bytes to values and back: request bodies, header lists, responses. Knows no rule of the API."""

from __future__ import annotations

import json
import math
import re
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

JSON = "application/json"
FORM = "multipart/form-data"
PARTS = 1_000  # of a form; no operation has a hundredth of them
Headers = list[tuple[bytes, bytes]]


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
    if content_type is not None and content_type.partition(";")[0].strip().lower() != JSON:
        raise ApiError(Reason.WRONG_CONTENT_TYPE, content_type=content_type, expected=JSON)
    try:
        return _decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ApiError(Reason.UNPARSABLE_JSON) from None


def form_value(content_type: str | None, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart body by name, files and texts alike; of equal names the first.

    `image[]` and `image[0]` are `image`: clients write a list so, of which these models take one.

    Raises:
        ApiError: another content type, or no multipart body.
    """
    kind, options = parse_options_header(content_type)
    if kind.lower() != FORM.encode():
        told = content_type or "None"
        raise ApiError(Reason.WRONG_CONTENT_TYPE, content_type=told, expected=FORM)
    try:
        return _parts(options.get(b"boundary", b""), body)
    except FormParserError:
        raise ApiError(Reason.UNPARSABLE_FORM) from None


def _parts(boundary: bytes, body: bytes) -> dict[str, bytes]:
    if not boundary:
        raise FormParserError("no boundary")
    found: dict[str, bytes] = {}
    numbers = count(1)

    def add(name: bytes | None, value: bytes) -> None:
        if next(numbers) > PARTS:
            raise FormParserError("too many parts")
        found.setdefault(_name(name), value)

    def on_field(field: Field) -> None:
        add(field.field_name, field.value or b"")

    def on_file(file: File) -> None:
        if file.size or file.file_name:  # browsers send an empty one for an unused input
            file.file_object.seek(0)
            add(file.field_name, file.file_object.read())
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


def _name(name: bytes | None) -> str:
    return _LIST.sub("", (name or b"").decode("utf-8", "replace"))


_LIST = re.compile(r"\[\d*\]\Z")
_IN_MEMORY = {"MAX_MEMORY_FILE_SIZE": math.inf}  # the body is capped already; no disk is needed


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode  # json.loads would make one a call


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
    """Send a whole response with its length."""
    start: Headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        *(headers or ()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})
