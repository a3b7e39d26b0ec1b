"""Multipart forms: their parts by name, within bounds, and what of them does not count.

Judges no value, and knows no rule of the API but how clients write a list.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

from mockserver.core.errors import ApiError, Reason
from mockserver.core.masking import Hide, without_keys
from mockserver.core.pieces import find, pieces
from mockserver.core.texts import beginning
from mockserver.core.uploads import Form, Part

PARTS = 1_000  # of a form; no operation has a hundredth of them
TEXT = 1 << 20  # bytes of a part that is no file: Starlette's default
_LIST = re.compile(r"(\[\d*\])+\Z")  # the last of `image[]`, and of `image[][0]`
_IDENTITY = (b"", b"7bit", b"8bit", b"binary")  # transfer encodings that change nothing
#: What a form of many fields, or a huge one, may be.
HOW_TO_SEND = (
    "the openai npm package sends a bare Buffer or Uint8Array as a text field for each byte. Send "
    'a file: in Node fs.createReadStream(path) or await toFile(buffer, "image.png", {type: '
    '"image/png"}), in Python an open file or ("image.png", data, "image/png")'
)
SAID = 3  # remarks of one kind on one form
RUNS = 8  # of spread files that are looked for
FIELD = 600  # bytes of a field that has one byte of a file
#: Its warnings are of forms that are refused, which the log tells; Python printed them beside it.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


def read_form(boundary: bytes, body: bytes, hide: Hide = without_keys) -> Form:
    """The parts of a form by name, files and texts alike; of equal names the first.

    `image[]` and `image[0]` are `image`: clients write a list so. They may repeat, and the first
    has the others; a part that is named outright and comes again is marked as repeated.

    Raises:
        ApiError: a text is too large, there are too many parts, or it is no form.
    """
    runs = _runs(boundary, body)
    reader = _Reader(hide)
    try:
        parser = reader.parser(boundary)
        for piece in _without(runs, boundary, body):
            parser.write(piece)
        if body and parser.state is not MultipartState.END:
            raise FormParserError("it breaks off")
    except FormParserError as broken:
        hint = _spread(runs) or f"the form can't be parsed: {broken}"
        raise ApiError(Reason.UNPARSABLE_FORM, hint=hint) from None
    found = reader.found
    for run in runs:
        if part := found.get(run.name):
            found[run.name] = part._replace(more=part.more + run.fields - 1)
    if runs:
        found.hints.append(_spread(runs))
    return found


class _Reader:
    """Gathers parts from the parser's callbacks, which come again where a piece ended."""

    def __init__(self, hide: Hide) -> None:
        self.found = Form()
        self._hide = hide  # keys in all but the contents of files
        self._parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._header = self._text = b""
        self._name = ""  # as the part tells it
        self._filename = b""
        self._type = ""
        self._is_file = self._is_unused = False
        self._value = BytesIO()  # a large one is given without a copy

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_begin": self._begin_header,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._headed,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )

    def _begin(self) -> None:
        self._headers = {}
        self._parts += 1
        if self._parts > PARTS:
            raise FormParserError(f"it has more than {PARTS} parts; {HOW_TO_SEND}")

    def _begin_header(self) -> None:
        self._header = self._text = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._text += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header.lower()] = self._hide(self._text)

    def _headed(self) -> None:
        told, _ = self._told(b"content-type")
        _, options = self._told(b"content-disposition")
        if b"name" not in options:
            raise FormParserError("a part has no name")
        self._type = told.decode("latin-1")
        self._is_file = b"filename" in options or self._type not in ("", "text/plain")
        self._value = BytesIO()
        self._name = options[b"name"].decode("utf-8", "replace")
        self._filename = options.get(b"filename", b"")
        # As browsers send an unused input.
        self._is_unused = not self._filename and b"filename" in options
        encoding = self._headers.get(b"content-transfer-encoding", b"").strip().lower()
        if encoding not in _IDENTITY and len(self.found.hints) < SAID:
            self.found.hints.append(
                f"the Content-Transfer-Encoding of {shown(self._name)} is not heeded (RFC 7578, "
                "4.7): send the bytes as they are"
            )

    def _told(self, header: bytes) -> tuple[bytes, dict[bytes, bytes]]:
        return parse_options_header(self._headers.get(header, b"").decode("latin-1"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._value.write(data[start:end])

    def _end(self) -> None:
        value, self._value = self._value.getvalue(), BytesIO()
        if len(value) > TEXT and not self._is_file:
            hint = f"{shown(self._name)} has no file name, and more than a text may have"
            raise ApiError(Reason.BODY_TOO_LARGE, limit=TEXT, read=len(value), hint=hint)
        if self._is_unused and not value:
            if len(self.found.ignored) < SAID:
                self.found.ignored.append(f"the empty file {shown(self._name)} counts as none")
            return
        value = value if self._is_file else self._hide(value)
        name = _LIST.sub("", self._name)
        is_list, first = name != self._name, self.found.get(name)
        part = Part(value, self._type, is_file=self._is_file, is_list=is_list, name=self._filename)
        if first is None:
            self.found[name] = part
        elif is_list or first.is_list:
            others = (*first.others, part)
            self.found[name] = first._replace(is_list=True, more=first.more + 1, others=others)
        else:
            self.found[name] = first._replace(repeated=True, more=first.more + 1)


def shown(name: str) -> str:
    """A field's name as a remark has it."""
    return repr(beginning(name, 40))


class _Run(NamedTuple):
    """Fields that follow each other, each with one byte of what should have been a file."""

    name: str
    fields: int
    start: int  # of the second field in the body
    end: int  # of the last one


def _runs(boundary: bytes, body: bytes) -> list[_Run]:
    """What the openai npm package makes of a bare Buffer: `image[0]` with the text 137, and so on.

    There are millions of them; all but the first of each are kept from the parser.
    """
    delimiter, found, at = b"--" + boundary, list[_Run](), 0
    for _ in range(RUNS):
        at = find(body, b'[1]"\r\n', at)
        if at < 0:
            break
        second = body.rfind(delimiter, max(0, at - FIELD), at)
        first = body.rfind(delimiter, max(0, second - FIELD), max(0, second))
        match = _spread_fields(delimiter).match(body, max(0, first))
        is_part = body[first - 2 : first] == b"\r\n" or first == find(body, delimiter)
        if not is_part or match is None or match.start("others") != second:
            at += 1
            continue
        start, at = match.span("others")
        name = _LIST.sub("", match["name"].decode("utf-8", "replace"))
        found.append(_Run(name, 1 + body.count(delimiter, start, at), start, at))
    return found


def _spread_fields(delimiter: bytes) -> re.Pattern[bytes]:
    head = rb'\r\n(?i:content-disposition): form-data; name="%b\[\d{1,9}\]"\r\n'
    rest = rb"(?:(?i:content-type): text/plain[^\r\n]{0,40}\r\n)?\r\n\d{1,3}\r\n"
    first = re.escape(delimiter) + head % rb'(?P<name>[^"\[\]\r\n]{1,64}(?:\[\])?)' + rest
    others = re.escape(delimiter) + head % rb"(?P=name)" + rest
    # Possessive: a repeat that could be given back would be remembered, each time.
    end = rb"(?=%b(?:\r\n|--)|\Z)" % re.escape(delimiter)  # a delimiter, and no text like one
    return re.compile(rb"%b(?P<others>(?:%b)++)%b" % (first, others, end))


def _without(runs: list[_Run], boundary: bytes, body: bytes) -> Iterator[bytes]:
    """The form, piece by piece, without a preamble and without the runs."""
    at = max(0, find(body, b"--" + boundary))
    for run in runs:
        yield from pieces(body, at, run.start)
        at = run.end
    yield from pieces(body, at)


def _spread(runs: list[_Run]) -> str:
    """What is wrong with them and what to do; "" if there are none."""
    if not runs:
        return ""
    name = runs[0].name
    return (
        f"{name} is no file: the form has {runs[0].fields} text fields {name}[0], {name}[1] ...; "
        + HOW_TO_SEND
    )
