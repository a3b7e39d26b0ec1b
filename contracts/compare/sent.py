"""The fields of a request that was sent, from its bytes. Sends nothing."""

from __future__ import annotations

import json
from email import message_from_bytes
from typing import Any, NamedTuple

from contracts.exchange import Request


class Sent(NamedTuple):
    """A field of a form, or of a JSON body."""

    name: str
    value: Any  # a text or a JSON value; of a file its bytes
    media: str = ""  # of a file
    file: str | None = None  # its name


def fields_of(request: Request) -> list[Sent] | None:
    """The fields in their order; None for a body that is neither an object nor a form."""
    kind = request.header("content-type")
    if kind.startswith("multipart/form-data"):
        return _of_form(kind, request.body)
    try:
        value = json.loads(request.body or b"{}")
    except ValueError:
        return None
    return [Sent(*item) for item in value.items()] if isinstance(value, dict) else None


def _of_form(kind: str, body: bytes) -> list[Sent]:
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode("latin-1") + body)
    parts = message.get_payload() if message.is_multipart() else []
    return [_part(part) for part in parts]


def _part(part: Any) -> Sent:
    name = str(part.get_param("name", "", header="content-disposition"))
    file, data = part.get_filename(), part.get_payload(decode=True)
    if file is None:
        return Sent(name, data.decode("utf-8", "replace"))
    return Sent(name, data, part.get_content_type(), file)
