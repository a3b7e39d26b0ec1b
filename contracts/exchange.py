"""One request and its answer, as values. Sends nothing and judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Literal, NamedTuple

Headers = tuple[tuple[str, str], ...]
#: A form's field: its name, the file's name or None for a text, the content type or "", the bytes.
Part = tuple[str, str | None, str, bytes]

#: Which key is sent: "limited" is that of a low tier, "admin" one of the organization's own.
KeyKind = Literal["good", "none", "bad", "limited", "admin"]


class Request(NamedTuple):
    """What is sent, without the key: who holds it writes it in."""

    method: str  # in capitals
    path: str  # below the base URL, as "/images/generations"; of a download the whole URL
    headers: Headers = ()
    body: bytes = b""
    key: KeyKind = "good"

    def header(self, name: str) -> str:
        """The value of a header, or "" without it."""
        return header_in(self.headers, name)


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Headers  # in the order in which they came
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, or "" without it."""
        return header_in(self.headers, name)

    @property
    def media(self) -> str:
        """The content type without its options, as "application/json"."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body's value; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Exchange(NamedTuple):
    """A request, its answer, and when."""

    request: Request
    answer: Answer
    began: float  # Unix seconds, just before it was sent
    ended: float  # just after the last byte came


def header_in(headers: Headers, name: str) -> str:
    """The first value of a header, whatever the case of its name; "" without it."""
    return next((value for one, value in headers if one.lower() == name.lower()), "")


def json_request(method: str, path: str, value: Any) -> Request:
    """A request with a JSON body, spelled as the SDKs do."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Request(method, path, (("content-type", "application/json"),), body)


def form_request(method: str, path: str, parts: Iterable[Part]) -> Request:
    """A request with a multipart form; its boundary follows from its parts."""
    parts = tuple(parts)
    boundary = sha256(repr(parts).encode()).hexdigest()[:32]
    body = b"".join(_written(part, boundary) for part in parts) + f"--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    return Request(method, path, (("content-type", kind),), body)


def _written(part: Part, boundary: str) -> bytes:
    name, file, media, data = part
    named = f'; filename="{file}"' if file is not None else ""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'
    kind = f"Content-Type: {media}\r\n" if media else ""
    return f"{head}{kind}\r\n".encode() + data + b"\r\n"
