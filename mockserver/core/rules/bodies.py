"""What is wrong with a body that stands in place of the API's own as a success. Pure."""

import binascii
import json
from base64 import b64decode
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=32)  # a rule's answer is sent again and again, and may have a picture in it
def body_told(body: str | None) -> str:
    """In a word what a client makes of it that looks for pictures; "" where there are some.

    `empty`, `html`, `text` or broken `json`; an `error`; `no_pictures`, `null` for one without its
    data, or broken `base64`.
    """
    text = (body or "").lstrip()
    if not text:
        return "empty"
    try:
        return _value_told(json.loads(text))
    except RecursionError:
        return "json"
    except ValueError:
        return {"<": "html", "{": "json", "[": "json"}.get(text[0], "text")


def _value_told(value: Any) -> str:
    match value:
        case {"error": error, **rest} if error and not rest.get("data"):
            return "error"
        case {"data": [*items]} if items:
            return next(filter(None, map(_item_told, items)), "")
        case {"object": _} if "data" not in value:  # of another endpoint
            return ""
        case _:
            return "no_pictures"


def _item_told(item: Any) -> str:
    match item:
        case {"object": _}:  # an entry of a list beside images
            return ""
        case {"b64_json": str(data)} if data:
            return "" if _is_base64(data) else "base64"
        case {"url": str(url)} if url:
            return ""
        case _:
            return "null"


def _is_base64(data: str) -> bool:
    try:
        b64decode(data)
    except (binascii.Error, ValueError):
        return False
    return True
