"""Defects of a server's reading: what it takes, fills in, or does not look at. Tests nothing.

Each asks the honest server for something else than it was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from contracts.cases.uploads import png
from contracts.exchange import Answer, KeyKind, Request
from tests.contracts.mutants.altering import (
    Ask,
    Body,
    Defect,
    fields_of,
    honest,
    of_requests,
    text_of,
    with_fields,
    with_part,
    without,
)


def _with(change: Callable[[Body], Body]) -> Defect:
    """A defect: JSON is read with some fields changed."""
    return of_requests(lambda request: with_fields(request, change(fields_of(request))))


def _where(name: str, bad: Callable[[Any], bool], instead: Any) -> Defect:
    """A defect: values of a field that are bad are read as another one."""
    return _with(lambda f: {name: instead} if name in f and bad(f[name]) else {})


def _as_good(kind: KeyKind) -> Defect:
    """A defect: who has this key, or none, is let in."""
    return of_requests(lambda r: r._replace(key="good") if r.key == kind else r)


#: What each operation knows, of any model.
KNOWN = {
    "prompt", "model", "n", "size", "response_format", "user", "quality", "style", "background",
    "moderation", "output_format", "output_compression", "stream", "partial_images", "image", "images",
    "mask", "input_fidelity", "markup", "safety_identifier",
}  # fmt: skip
QUALITIES = ("standard", "hd", "low", "medium", "high", "auto")
REFUSED = "What is refused has the status"


def _unknown(request: Request) -> Request:
    """Without what nobody knows."""
    return without(*(set(fields_of(request)) - KNOWN))(request)


def _other_defaults(name: str, value: Any) -> Defect:
    """A defect: without a field, another value is meant than the API's default."""

    def change(request: Request) -> Request:
        fields = fields_of(request)
        if not request.path.startswith("/images/") or name in fields or "prompt" not in fields:
            return request
        return with_fields(request, {name: value})

    return of_requests(change)


def _default_size(request: Request, ask: Ask) -> Answer:
    smaller = _other_defaults("size", "512x512")
    return (smaller if text_of(request, "model") in ("", "dall-e-2") else honest)(request, ask)


def _texts_as_numbers(request: Request) -> Request:
    found = {}
    for name, value in fields_of(request).items():
        if name in ("n", "output_compression", "partial_images") and isinstance(value, str):
            found[name] = int(value) if value.isdigit() else value
    return with_fields(request, found)


def _good_uploads(name: str) -> Defect:
    """A defect: a file that breaks a rule is read as a good one."""

    def change(request: Request, ask: Ask) -> Answer:
        answer = ask(request)
        if answer.status != 400 or not isinstance(fields_of(request).get(name), bytes):
            return answer
        side = 16
        taken = with_part(request, "image", png("RGBA", side))
        return ask(with_part(taken, "mask", png("RGBA", side)))

    return change


MUTANTS: dict[str, tuple[Defect, str]] = {
    # Fields that are not looked at
    "n ignored": (of_requests(without("n")), "as many pictures as"),
    "size ignored": (of_requests(without("size")), "the size that was asked for"),
    "quality ignored": (of_requests(without("quality")), "quality is told as"),
    "format ignored": (
        of_requests(without("output_format", "output_compression")),
        "decodes whole|output_format is told",
    ),
    "background ignored": (of_requests(without("background")), "background|clear|alpha"),
    "response_format ignored": (
        of_requests(without("response_format")),
        "A picture has the fields",
    ),
    "model ignored": (
        of_requests(without("model")),
        "A picture has the fields|An answer has the fields",
    ),
    "partial_images ignored": (of_requests(without("partial_images")), "partial pictures and then"),
    "prompt ignored": (
        _where("prompt", lambda told: True, "a fox"),
        "Another prompt gives another",
    ),
    "masks ignored": (of_requests(without("mask")), "that a mask keeps"),
    # Defaults
    "another default size": (_default_size, "default|the size"),
    "two pictures unless told": (_other_defaults("n", 2), "as many pictures as"),
    # What is taken
    "unknown fields are taken": (of_requests(_unknown), REFUSED),
    "numbers as texts are taken": (
        of_requests(_texts_as_numbers),
        REFUSED,
    ),
    "any size is taken": (
        _where("size", lambda told: not re.fullmatch(r"[0-9]+x[0-9]+", str(told)), "1024x1024"),
        REFUSED,
    ),
    "an empty prompt is taken": (
        _where("prompt", lambda told: told == "", "x"),
        REFUSED,
    ),
    "no prompt is needed": (
        _with(lambda f: {"prompt": "x"} if "prompt" not in f and "image" not in f else {}),
        REFUSED,
    ),
    "a prompt of any length is taken": (
        _where("prompt", lambda told: isinstance(told, str) and len(told) > 1000, "x"),
        REFUSED,
    ),
    "too many pictures are taken": (
        _where("n", lambda n: isinstance(n, int) and n > 10, 10),
        REFUSED,
    ),
    "no pictures are taken": (
        _where("n", lambda n: n == 0 and n is not False, 1),
        REFUSED,
    ),
    "any quality is taken": (
        _where("quality", lambda told: told not in QUALITIES, None),
        REFUSED,
    ),
    "any response_format is taken": (
        _where("response_format", lambda told: told not in ("url", "b64_json"), "url"),
        REFUSED,
    ),
    "models in capitals are taken": (
        _with(lambda f: {"model": f["model"].lower()} if isinstance(f.get("model"), str) else {}),
        REFUSED,
    ),
    "any model is taken": (
        _where("model", lambda told: not re.match("dall-e-[23]$|gpt-image-", str(told)), None),
        REFUSED,
    ),
    "null is taken for a prompt": (
        _where("prompt", lambda told: told is None, "x"),
        "that breaks the document is refused",
    ),
    "any image is taken": (_good_uploads("image"), REFUSED),
    "any mask is taken": (_good_uploads("mask"), REFUSED),
    # Keys
    "no key is needed": (_as_good("none"), REFUSED),
    "any key is taken": (_as_good("bad"), REFUSED),
}
