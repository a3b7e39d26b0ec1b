"""A request as a line for a shell, without the key: the user's own stands in a variable."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from shlex import quote
from typing import NamedTuple

from contracts.exchange import Part, Request

#: Keeps bytes as a file of this name, and tells its path; None where nothing is kept.
Keep = Callable[[str, bytes], str | None]
KEY = '"Authorization: Bearer $OPENAI_API_KEY"'
BAD_KEY = "'Authorization: Bearer sk-not-a-key'"
LIMITED_KEY = "'Authorization: Bearer sk-mock-tier1'"  # the mock's, which alone is asked so
ADMIN_KEY = '"Authorization: Bearer $OPENAI_ADMIN_KEY"'
_KEYS = {"good": KEY, "bad": BAD_KEY, "limited": LIMITED_KEY, "admin": ADMIN_KEY}
#: A line may have a text or a file as long as this in it; what is longer is kept elsewhere.
LONG = 600
#: curl writes them itself, and those of Schemathesis mean nothing to a server.
_ITS_OWN = frozenset(
    ("accept", "accept-encoding", "authorization", "connection", "content-length", "host")
) | {"user-agent", "x-schemathesis-testcaseid"}
_PART = re.compile(
    rb'\r\nContent-Disposition: form-data; name="([^"\r\n]*)"(?:; filename="([^"\r\n]*)")?'
    rb"(?:\r\nContent-Type: ([^\r\n]*))?\r\n\r\n(.*)\Z",
    re.I | re.S,
)


class Curl(NamedTuple):
    """A line for a shell."""

    line: str
    missing: tuple[str, ...] = ()  # files that it names, and that nobody keeps


def curl(base_url: str, request: Request, keep: Keep) -> Curl:
    """A line that sends the same again.

    Args:
        base_url: what the request's path is below.
        request: what was sent.
        keep: for what is too long for a line.
    """
    url = request.path if "://" in request.path else base_url + request.path
    parts, files = parts_in(request), _Files(keep)
    words = ["curl", "-i", *_method(request), quote(url), *_key(request)]
    words += [*_headers(request, parts), *(_form(parts, files) if parts else _body(request, files))]
    return Curl(" && ".join((*files.made, " ".join(words))), tuple(files.missing))


class _Files:
    """The files that a line needs: kept, or made by it if they are short."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._names: set[str] = set()
        self.made: list[str] = []
        self.missing: list[str] = []

    def named(self, name: str, data: bytes) -> str:
        """The path of a file with these bytes."""
        safe = re.sub(r"[^\w.-]", "-", name).lstrip("-.") or "file"
        safe = f"{len(self._names)}-{safe}" if safe in self._names else safe
        self._names.add(safe)
        if path := self._keep(safe, data):
            return path
        if len(data) > LONG:
            self.missing.append(safe)
        else:
            self.made.append(f"echo {b64encode(data).decode()} | base64 -d > {safe}")
        return safe


def _method(request: Request) -> list[str]:
    usual = "POST" if request.body else "GET"
    return [] if request.method == usual else ["-X", request.method]


def _key(request: Request) -> list[str]:
    return ["-H", _KEYS[request.key]] if request.key in _KEYS else []


def _headers(request: Request, parts: list[Part]) -> Iterator[str]:
    for name, value in request.headers:
        if name.lower() in _ITS_OWN or (parts and name.lower() == "content-type"):
            continue
        yield from ("-H", quote(f"{name}: {value}" if value else f"{name};"))


def _body(request: Request, files: _Files) -> Iterator[str]:
    if not request.body:
        return
    text = _text(request.body)
    if text is not None:
        yield from ("--data-raw", quote(text))
    else:
        yield from ("--data-binary", quote("@" + files.named("body", request.body)))


def _form(parts: list[Part], files: _Files) -> Iterator[str]:
    for name, file, media, data in parts:
        text = _text(data) if file is None and not media else None
        if text is not None:
            # -F reads a file where a value begins with @ or <, and a type behind a semicolon.
            yield "--form-string" if re.match(r"[@<]|.*[;\"]", text, re.S) else "-F"
            yield quote(f"{name}={text}")
        else:
            kind = f";type={media}" if media else ""
            told = f";filename={file}" if file is not None else ""
            at = "<" if file is None else "@"
            yield from ("-F", quote(f"{name}={at}{files.named(file or name, data)}{kind}{told}"))


def _text(data: bytes) -> str | None:
    """What a line can hold."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if len(text) <= LONG and (text.isprintable() or not text) else None


def parts_in(request: Request) -> list[Part]:
    """The parts of a form that curl would write alike; none if it is no such form."""
    kind, _, boundary = request.header("content-type").partition("; boundary=")
    if kind.lower() != "multipart/form-data" or not boundary:
        return []
    before, *parts, after = (b"\r\n" + request.body).split(f"\r\n--{boundary}".encode())
    found = [_PART.match(part) for part in parts]
    if before or after not in (b"--\r\n", b"--") or not all(found):
        return []
    return [_part(match) for match in found if match]


def _part(match: re.Match[bytes]) -> Part:
    name, file, media, data = match.groups()
    told = file.decode("utf-8", "replace") if file is not None else None
    return name.decode("utf-8", "replace"), told, (media or b"").decode("latin-1"), data
