"""Files that are kept under an id: what is known of one, when it is gone, and how it is told."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.durations import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.sandbox.items import Item
from mockserver.core.texts import escaped

_FILE = 600  # bytes of one, beside its content and its name
#: The purpose of what the API itself makes.
BATCH_OUTPUT = "batch_output"


class File(NamedTuple):
    """What an item of the kind `files` has as its value."""

    purpose: str
    filename: str
    bytes: int
    expires_at: int | None = None  # seconds since the epoch, by the sandbox's clock


def file_item(item_id: str, at: int, file: File, content: Any) -> Item:
    """A file as a sandbox keeps it; `at` is nanoseconds since the epoch."""
    return Item(item_id, at, file, _FILE + 4 * len(file.filename), content)


def expiry(purpose: str, at: int, bounds: Mapping[str, Any], seconds: int | None) -> int | None:
    """When a file of a purpose expires, in seconds since the epoch; None is never.

    Args:
        purpose: the file's.
        at: when it was made, in nanoseconds since the epoch.
        bounds: those of the facts.
        seconds: as was asked for.
    """
    kept = bounds.get("seconds", {}).get(purpose) if seconds is None else seconds
    return None if kept is None else at // SECOND + kept


def asked_seconds(given: Mapping[str, Any]) -> int | None:
    """How long a file shall be kept, of what a form has; ApiError if it tells only half of it."""
    names = ("expires_after[anchor]", "expires_after[seconds]")
    values = [given.get(name) for name in names]
    missing = [name for name, value in zip(names, values, strict=True) if value is None]
    if len(missing) == 1:
        raise ApiError(Reason.MISSING_PARAMETER, param=missing[0])
    return values[1]


def is_expired(item: Item, now: int) -> bool:
    """Whether a file is gone by the sandbox's time, in nanoseconds since the epoch."""
    file: File = item.value
    return file.expires_at is not None and file.expires_at * SECOND <= now


def described(item: Item, fields: Sequence[str]) -> dict[str, Any]:
    """A file as the API tells it, with these fields."""
    file: File = item.value
    found = {
        "object": "file",
        "id": item.id,
        **file._asdict(),
        "created_at": item.at // SECOND,
        "status": "processed",
        "status_details": None,
    }
    return {name: found[name] for name in fields}


def attachment(filename: str) -> bytes:
    """The Content-Disposition of a file's content; what a header can't carry is escaped."""
    name = escaped(filename).replace('"', "%22").encode("ascii", "backslashreplace")
    return b'attachment; filename="%b"' % name.replace(b"\\", rb"\\")  # in quotes it escapes
