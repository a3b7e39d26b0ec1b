"""What of an answer a recording may keep, by name, and as what. Everything else is kept as a shape.

An allow-list: a field that the API has from tomorrow on is told of, and its value is not.
"""

from __future__ import annotations

from enum import Enum, auto

Path = str  # of a field, as "data[].url"


class Kept(Enum):
    """What becomes of a value."""

    VALUE = auto()  # stays; of a text the ids in it get names
    TEXT = auto()  # a text that differs each time
    MOMENT = auto()  # Unix seconds; before, within or after the call
    PICTURE = auto()  # base64 of a file; its description
    URL = auto()  # host, the path's shape, names of parameters, life time
    ID = auto()  # a name for it
    COUNT = auto()  # a number that differs each time
    LENGTH = auto()  # whether it is the body's length


#: By name; the kind of id after it.
HEADERS: dict[str, tuple[Kept, str]] = {
    "content-type": (Kept.VALUE, ""),
    "content-length": (Kept.LENGTH, ""),
    "openai-version": (Kept.VALUE, ""),
    "openai-model": (Kept.VALUE, ""),
    "openai-organization": (Kept.ID, "organization"),
    "openai-project": (Kept.ID, "project"),
    "openai-processing-ms": (Kept.COUNT, "milliseconds"),
    "x-request-id": (Kept.ID, "request"),
    "x-should-retry": (Kept.VALUE, ""),
    "x-content-type-options": (Kept.VALUE, ""),
    "www-authenticate": (Kept.VALUE, ""),
    "retry-after": (Kept.COUNT, "seconds"),
    "retry-after-ms": (Kept.COUNT, "milliseconds"),
    "allow": (Kept.VALUE, ""),
    "access-control-allow-origin": (Kept.VALUE, ""),
    "access-control-expose-headers": (Kept.VALUE, ""),
    # of a picture's file
    "accept-ranges": (Kept.VALUE, ""),
    "content-disposition": (Kept.VALUE, ""),
    "content-md5": (Kept.TEXT, ""),
    "etag": (Kept.TEXT, ""),
    "last-modified": (Kept.TEXT, ""),
    "x-ms-blob-type": (Kept.VALUE, ""),
    "x-ms-creation-time": (Kept.TEXT, ""),
    "x-ms-error-code": (Kept.VALUE, ""),
    "x-ms-lease-state": (Kept.VALUE, ""),
    "x-ms-lease-status": (Kept.VALUE, ""),
    "x-ms-request-id": (Kept.ID, "request"),
    "x-ms-server-encrypted": (Kept.VALUE, ""),
    "x-ms-version": (Kept.VALUE, ""),
}
#: Of the road and not of the API, or the mock's own: not even told of.
ROAD = (
    *("date", "server", "via", "connection", "keep-alive", "transfer-encoding", "content-encoding"),
    *("vary", "alt-svc", "strict-transport-security", "set-cookie", "cf-", "x-envoy-", "mock-"),
)
RATES = "x-ratelimit-"  # and whatever follows: counts and times

_USAGE = {
    f"usage.{name}": Kept.VALUE
    for name in (
        *("input_tokens", "output_tokens", "total_tokens"),
        *("input_tokens_details.image_tokens", "input_tokens_details.text_tokens"),
        *("output_tokens_details.image_tokens", "output_tokens_details.text_tokens"),
    )
}
_OPTIONS = dict.fromkeys(("background", "output_format", "quality", "size"), Kept.VALUE)
_REFUSALS = dict.fromkeys(("message", "type", "param", "code"), Kept.VALUE)

#: The fields of answers on images, and of events.
IMAGES: dict[Path, Kept] = {
    "created": Kept.MOMENT,
    "created_at": Kept.MOMENT,
    "data[].url": Kept.URL,
    "data[].b64_json": Kept.PICTURE,
    "data[].revised_prompt": Kept.TEXT,
    "b64_json": Kept.PICTURE,
    "safety_identifier": Kept.TEXT,
    "type": Kept.VALUE,
    "partial_image_index": Kept.VALUE,
    "sequence_number": Kept.VALUE,
    **_OPTIONS,
    **_USAGE,
    **{f"error.{name}": kept for name, kept in _REFUSALS.items()},
    **{name: kept for name, kept in _REFUSALS.items() if name != "type"},  # of an error event
}
_MODEL = dict.fromkeys(("id", "object", "created", "owned_by", "shutdown_date"), Kept.VALUE)
#: Those of answers on models. A list has an account's own models, too: only the API's are kept.
MODELS: dict[Path, Kept] = {
    **_MODEL,
    "deleted": Kept.VALUE,
    **{f"data[].{name}": kept for name, kept in _MODEL.items()},
    **{f"error.{name}": kept for name, kept in _REFUSALS.items()},
}
#: Parameters of a picture's URL that say nothing of whose it is: versions, rights, types.
PUBLIC_PARAMETERS = ("rscd", "rsct", "skv", "sks", "sp", "sr", "sv")
#: How the API's own models of images begin.
PUBLIC_MODELS = ("dall-e-", "gpt-image-", "chatgpt-image-")
PUBLIC_OWNERS = ("system", "openai", "openai-internal", "openai-dev")


def is_road(header: str) -> bool:
    """Whether a header says something of the way, and nothing of the API."""
    return header.startswith(ROAD)
