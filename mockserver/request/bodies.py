"""Bytes to values and back: request bodies, header lists, responses. Knows no rule of the API."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from io import BytesIO
from typing import Any

from anyio import CancelScope
from python_multipart.multipart import parse_options_header
from starlette.types import Message, Receive, Send

from mockserver.core.answer_headers import Headers
from mockserver.core.decoding import no_constant
from mockserver.core.errors import Answer, ApiError, Reason
from mockserver.core.masking import Hide, without_keys
from mockserver.core.pieces import TOO_MANY_VALUES, has_too_many_values, pieces
from mockserver.core.uploads import Fields, Form, Part
from mockserver.request.forms import SAID, read_form, shown

JSON = "application/json"
FORM = "multipart/form-data"
_JOINED = 32 << 10  # bytes of an answer that are joined sooner than sent apart
ABORT = "images_mock.abort"  # in a scope's extensions: how to break the line
LATE = "images_mock.late"  # there: the refusal of who left, but is there; it may be sent
REFUSED = "images_mock.refused"  # in a scope: why its request is refused, whatever it asks


class ClientGone(Exception):
    """There is nobody to answer, or no more to send: the client has left."""

    how = "left"

    def __init__(self, *, received: bool = False) -> None:
        super().__init__()
        self.received = received  # whether it had what it paid for before


class Cut(ClientGone):
    """A rule breaks the line."""

    how = "cut"


class Released(ClientGone):
    """Nobody is kept waiting any more: the sandbox began anew, or the server stops."""

    how = "released"


async def read_body(receive: Receive) -> bytes:
    """The whole request body.

    Raises:
        ClientGone: it will never come.
        ApiError: it is larger than the server takes (raised by the cap around `receive`).
    """
    message = await receive()
    if not message.get("more_body") and message["type"] == "http.request":
        return bytes(message.get("body", b""))
    body = BytesIO()  # grows where it is; what it has is given without a copy
    body.write(_chunk(message))
    while message.get("more_body"):
        message = await receive()
        body.write(_chunk(message))
    return body.getvalue()


def _chunk(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGone
    return bytes(message.get("body", b""))


_UNREAD: Any = object()


class Body:
    """A request's body, decoded by the content type that it names, once somebody looks into it.

    One without a content type is taken for JSON (assumed).
    """

    __slots__ = ("_body", "_content", "_hide", "_type", "is_json")

    def __init__(self, content_type: str | None, body: bytes, hide: Hide = without_keys) -> None:
        self._type = content_type
        self._body = body
        self._hide = hide  # keys in the texts of a form; JSON has none any more
        self._content = _UNREAD
        self.is_json = content_type is None or is_json(content_type)

    @property
    def model(self) -> Any:
        """The model that it names; None if it names none, or can't be read."""
        try:
            value = self.content
        except ApiError:
            return None
        model = value.get("model") if isinstance(value, dict) else None
        return model.data.decode("utf-8", "replace") if isinstance(model, Part) else model

    def check_type(self, *, form: bool, json_too: bool) -> None:
        """Refuse a content type that an operation does not take; an edit's JSON must say so."""
        if not (self._is_form or (json_too and is_json(self._type)) if form else self.is_json):
            raise _wrong_content_type(self._type, FORM if form else JSON)

    @property
    def content(self) -> Any:
        """The JSON value, or the parts of a form by name; ApiError if it is not what it says."""
        if self._content is _UNREAD:
            is_json, body = self.is_json, self._body
            try:
                self._content = (
                    json_value(body) if is_json else form_value(self._type, body, self._hide)
                )
            except ApiError as refusal:  # others may look again
                self._content = refusal
            self._body, self._hide = b"", without_keys
        if isinstance(self._content, ApiError):
            raise ApiError(self._content.reason, **self._content.values)
        return self._content

    @property
    def _is_form(self) -> bool:
        return parse_options_header(self._type)[0].lower() == FORM.encode()


def json_value(body: bytes) -> Any:
    """The JSON value of a body; ApiError if it is none."""
    if has_too_many_values(body):
        raise ApiError(Reason.UNPARSABLE_JSON, hint=TOO_MANY_VALUES)
    try:
        return _decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ApiError(Reason.UNPARSABLE_JSON) from None


def hidden(content_type: str | None, body: bytes, hide: Hide) -> bytes:
    """A body without keys; a form's are taken out of its texts, for its files stay as they are."""
    return hide(body) if content_type is None or is_json(content_type) else body


def form_value(content_type: str | None, body: bytes, hide: Hide = without_keys) -> Form:
    """The parts of a multipart body by name (see `forms`); ApiError if it is none."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        hint = "the Content-Type names no boundary: leave that header to the HTTP library"
        raise ApiError(Reason.NO_BOUNDARY, hint=hint)
    return read_form(boundary, body, hide)


def mark_of(content_type: str | None, body: bytes, beside: bytes, key: bytes = b"") -> bytes:
    """A digest of what attempts of one call have in common: a form has a new boundary in each."""
    boundary = None
    if (content_type or "").lstrip().lower().startswith(FORM):
        boundary = parse_options_header(content_type)[1].get(b"boundary")
    delimiter = b"--" + boundary if boundary else b""
    digest = blake2b(beside, digest_size=16, key=key)
    for piece in pieces(body, uncut=delimiter):
        digest.update(piece.replace(delimiter, b"--") if delimiter else piece)
    return digest.digest()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of equal names the last one counts, and those that came again are named."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    times = Counter(name for name, _ in pairs)
    again = [shown(name) for name, number in times.items() if number > 1]
    return Fields(found, ignored=[f"of each {', '.join(again[:SAID])} only the last was used"])


# json.loads would make one a call
_decode = json.JSONDecoder(object_pairs_hook=_object, parse_constant=no_constant).decode


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
    await send_pieces(send, status, (body,), content_type, headers)


async def send_pieces(
    send: Send,
    status: int,
    pieces: Sequence[bytes],
    content_type: str,
    headers: Headers | None = None,
) -> None:
    """The same with a body in pieces; large ones go as they are, for to join them copies."""
    length = sum(map(len, pieces))
    if length <= _JOINED:
        pieces = (b"".join(pieces),)
    kind = [(b"content-type", content_type.encode())] if length else []
    start: Headers = [*kind, (b"content-length", b"%d" % length), *(headers or ())]
    await send({"type": "http.response.start", "status": status, "headers": start})
    for piece in pieces[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": pieces[-1]})


def host_in(value: str) -> str:
    """The name in a Host header: without port, brackets or final dot, in lower case."""
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0].rstrip(".").lower()
