"""What a download may ask for, conditions and a range, and what it gets. Sends nothing.

As Azure documents its Get Blob; where it is silent, as RFC 9110 says.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from hashlib import md5
from typing import NamedTuple

from mockserver.core.blob_errors import (
    BLOB_CONDITION_NOT_MET,
    BLOB_INVALID_RANGE,
    BLOB_NOT_MODIFIED,
    BlobError,
)

#: A request header's value by its name in lower case, or None.
Asked = Callable[[bytes], str | None]

# Longer numbers than any file has are taken for nonsense.
_RANGE = r"(?i)\s*bytes=([0-9]{0,99})-([0-9]{0,99})\s*"


class Blob(NamedTuple):
    """A picture as it lies in the store."""

    content: bytes
    md5: str  # in base64
    etag: str  # in quotes
    modified: int  # Unix seconds

    @property
    def last_modified(self) -> str:
        """When it was made, as a header says it."""
        return formatdate(self.modified, usegmt=True)


def blob_of(content: bytes, modified: int) -> Blob:
    """The blob of these bytes: the same bytes have the same ETag, at any time and anywhere.

    Azure's own ETags count time (`0x8D` and 13 hex digits); this one has their shape only.
    """
    digest = md5(content, usedforsecurity=False).digest()
    etag = f'"0x8D{digest.hex()[:13].upper()}"'
    return Blob(content, b64encode(digest).decode(), etag, modified)


def check_conditions(asked: Asked, blob: Blob) -> None:
    """Let a request pass whose conditions hold.

    Azure: If-Match && If-Unmodified-Since && (If-None-Match || If-Modified-Since), for versions
    since 2013-08-15 (learn.microsoft.com, "Specifying conditional headers for Blob service
    operations"). RFC 9110 would let the ETag decide alone.

    Raises:
        BlobError: 412 for one of the first two, 304 for the others.
    """
    if not (_matches(asked(b"if-match"), blob) and _unmodified(asked, blob)):
        raise BlobError(BLOB_CONDITION_NOT_MET)
    if not _is_news(asked, blob):
        headers = (("last-modified", blob.last_modified), ("etag", blob.etag))
        raise BlobError(BLOB_NOT_MODIFIED, headers=headers)


def _matches(tags: str | None, blob: Blob) -> bool:
    return tags is None or _names(tags, blob)


def _unmodified(asked: Asked, blob: Blob) -> bool:
    since = _seconds(asked(b"if-unmodified-since"))
    return since is None or blob.modified <= since


def _is_news(asked: Asked, blob: Blob) -> bool:
    tags, since = asked(b"if-none-match"), _seconds(asked(b"if-modified-since"))
    told = []
    if tags is not None:
        told.append(not _names(tags.replace("W/", ""), blob))  # compared weakly: RFC 9110, 13.1.2
    if since is not None:
        told.append(blob.modified > since)
    return any(told) if told else True


def _names(tags: str, blob: Blob) -> bool:
    # Azure takes ETags without their quotes, too.
    return any(t.strip() in ("*", blob.etag, blob.etag[1:-1]) for t in tags.split(","))


def _seconds(date: str | None) -> int | None:
    """Unix seconds of an HTTP date; None for other texts: they say nothing (RFC 9110, 13.1.3)."""
    if date is None:
        return None
    try:
        moment = parsedate_to_datetime(date)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def wanted_part(asked: Asked, blob: Blob) -> range | None:
    """The positions that a GET asks for; None for the whole.

    `x-ms-range` wins over `Range` (learn.microsoft.com, "Specifying the range header for Blob
    service operations"). Several ranges at once, or nonsense, get the whole (assumed).

    Raises:
        BlobError: 416, for none of it is there.
    """
    text = asked(b"x-ms-range") or asked(b"range")
    if text is None or not _still(asked(b"if-range"), blob):
        return None
    part = _positions(text, len(blob.content))
    if part is not None and not part:
        total = ("content-range", f"bytes */{len(blob.content)}")
        raise BlobError(BLOB_INVALID_RANGE, headers=(total,))
    return part


def _still(validator: str | None, blob: Blob) -> bool:
    # Azure does not mention If-Range; browsers and download managers send it (RFC 9110, 13.1.5).
    return validator is None or validator.strip() in (blob.etag, blob.last_modified)


def _positions(text: str, size: int) -> range | None:
    """The positions of a range in a file of `size` bytes; None if it can't be read."""
    found = re.fullmatch(_RANGE, text)
    if found is None:
        return None
    first, last = found.groups()
    if not first:
        # Azure documents `a-b` and `a-` only; this form is RFC 9110's (assumed).
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)
