"""Bytes to values and back: request bodies, header lists, responses. Knows no rule of the API."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from starlette.types import Message, Receive, Send

from mockserver.core.errors import Answer, ApiError, Reason

JSON = "application/json"
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


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode  # json.loads would make one a call


def json_bytes(value: Any) -> bytes:
    """A success body as the API lays it out: indented by two, with a final newline."""
    return (json.dumps(value, indent=2) + "\n").encode("ascii")


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
