"""The files that a rule gives, in base64: a picture's, and what addresses are answered with."""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256
from typing import Any

from mockserver.core import shapes
from mockserver.core.decoding import RuleError, text_of
from mockserver.core.shapes import TEXT, Schema, Shape, whole

_BASE64 = f"^([A-Za-z0-9+/]{{4}})*([A-Za-z0-9+/]{{2}}==|[A-Za-z0-9+/]{{3}}=)?{shapes.END}"


def _file(name: str, value: Any) -> str:
    if isinstance(value, dict) and "sha256" in value:
        raise RuleError(
            f"{name} must be a file in base64: sha256 and bytes only tell which one a rule has; "
            "a PUT of that rule keeps it"
        )
    text = text_of(name, value)
    try:
        content = b64decode(text, validate=True)
    except ValueError:
        content = b""
    if not content:
        raise RuleError(f"{name} must be a file in base64")
    return text


def told_image(image: str) -> dict[str, Any]:
    """Which file an image in base64 is: it would be too large to be told."""
    content = b64decode(image)
    return {"sha256": sha256(content).hexdigest(), "bytes": len(content)}


_FILE_SCHEMA = TEXT | {"contentEncoding": "base64", "pattern": _BASE64, "minLength": 1}
FILE = Shape(_file, _FILE_SCHEMA, told_image)
#: An image as it is told.
IMAGE_TOLD = shapes.asked(sha256=TEXT, bytes=shapes.WHOLE) | {"required": ["sha256", "bytes"]}

#: By URL, or id of a file: the file in base64, or the status of a download that fails.
Addresses = tuple[tuple[str, str | int], ...]
_STATUS = whole(400, 599)


def _addresses(name: str, value: Any) -> Addresses:
    if not isinstance(value, dict) or not value:
        raise RuleError(f"{name} must be a table of addresses, each with a file in base64")
    return tuple((k, _addressed(f"{name}.{k[:100]}", v)) for k, v in value.items())


def _addressed(name: str, value: Any) -> str | int:
    if isinstance(value, str):
        return _file(name, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _STATUS.read(name, value)
    raise RuleError(f"{name} must be a file in base64, or the status of a failed download")


def _told_addresses(found: Addresses) -> dict[str, Any]:
    return {k: told_image(v) if isinstance(v, str) else v for k, v in found}


def _each(file: Schema) -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [file, _STATUS.schema]},
    }


ADDRESSES = Shape(_addresses, _each(_FILE_SCHEMA), _told_addresses)
#: The same as they are told.
ADDRESSES_TOLD = _each(IMAGE_TOLD)
