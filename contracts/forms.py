"""Multipart forms as they were sent: read by their bytes. Judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form, as it was sent."""

    data: bytes
    type: str = ""  # its content type, in lower case and without options; "" if it names none
    is_file: bool = True  # it names a file, or a type that is no text
    is_list: bool = False  # its name ended in brackets, or that of another one did
    repeated: bool = False  # more fields have this very name
    others: tuple[Field, ...] = ()  # further ones of the list

    @property
    def all(self) -> tuple[Field, ...]:
        """The field, and the others of its list."""
        return (self, *self.others)


Fields = Mapping[str, Field]

_BOUNDARY = re.compile(r'\A\s*multipart/form-data\s*;.*?\bboundary="?([^";]+)', re.I | re.S)
_NAME = re.compile(rb'^content-disposition:[^\r\n]*?;\s*name="([^"]*)"', re.I | re.M)
_FILE = re.compile(rb'^content-disposition:[^\r\n]*?;\s*filename="', re.I | re.M)
_TYPE = re.compile(rb"^content-type:([^\r\n;]*)", re.I | re.M)
_LIST = re.compile(r"\[[0-9]*\]\Z")


def fields_in(content_type: str | bytes | None, body: Any) -> list[tuple[str, Field]]:
    """Names and fields of a form, in order; none if it is no form, as clients write one."""
    told = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    boundary = _BOUNDARY.match(told or "")
    if not (boundary and isinstance(body, bytes)):
        return []
    found = []
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head):
            found.append(_field(name[1].decode("utf-8", "replace"), head, value))
    return found


def _field(told: str, head: bytes, value: bytes) -> tuple[str, Field]:
    name, kind = _LIST.sub("", told), _TYPE.search(head)
    media = kind[1].decode("latin-1").strip().lower() if kind else ""
    is_file = _FILE.search(head) is not None or media not in ("", "text/plain")
    return name, Field(value, media, is_file=is_file, is_list=name != told)


def gathered(fields: Iterable[tuple[str, Field]]) -> dict[str, Field]:
    """Fields by name: of equal names the first, marked as one that came again or in a list."""
    found: dict[str, Field] = {}
    for name, field in fields:
        if name not in found:
            found[name] = field
        elif field.is_list or found[name].is_list:
            others = (*found[name].others, field)
            found[name] = replace(found[name], is_list=True, others=others)
        else:
            found[name] = replace(found[name], repeated=True)
    return found
