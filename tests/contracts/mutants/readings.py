"""Defects of a server's reading: what it takes, fills in, or does not look at. Tests nothing.

Each asks the honest server for something else than it was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from contracts.exchange import Answer, Request
from tests.contracts.mutants.altering import (
    Ask,
    Body,
    Defect,
    fields_of,
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


def _key(read_as: str, *kinds: str) -> Defect:
    def change(request: Request) -> Request:
        return request._replace(key="good") if request.key in kinds else request

    assert read_as == "good"
    return of_requests(change)


#: What each operation knows, of any model.
KNOWN = {
    "prompt", "model", "n", "size", "response_format", "user", "quality", "style", "background",
    "moderation", "output_format", "output_compression", "stream", "partial_images", "image", "images",
    "mask", "input_fidelity", "markup", "safety_identifier",
}  # fmt: skip


QUALITIES = ("standard", "hd", "low", "medium", "high", "auto")


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


def _of_dalle(request: Request) -> bool:
    return text_of(request, "model") in ("", "dall-e-2")


def _default_size(request: Request, ask: Ask) -> Answer:
    if _of_dalle(request):
        return _other_defaults("size", "512x512")(request, ask)
    return ask(request)


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
        from contracts.cases.uploads import png

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
    "prompt ignored": (_where("prompt", lambda told: True, "a fox"), "prompt"),
    "masks ignored": (of_requests(without("mask")), "that a mask keeps"),
    # Defaults
    "another default size": (_default_size, "default|the size"),
    "two pictures unless told": (_other_defaults("n", 2), "as many pictures as"),
    # What is taken
    "unknown fields are taken": (of_requests(_unknown), "is refused has the status"),
    "numbers as texts are taken": (
        of_requests(_texts_as_numbers),
        "is refused has the status",
    ),
    "any size is taken": (
        _where("size", lambda told: not re.fullmatch(r"[0-9]+x[0-9]+", str(told)), "1024x1024"),
        "is refused has the status",
    ),
    "an empty prompt is taken": (
        _where("prompt", lambda told: told == "", "x"),
        "is refused has the status",
    ),
    "no prompt is needed": (
        _with(lambda f: {"prompt": "x"} if "prompt" not in f and "image" not in f else {}),
        "is refused has the status",
    ),
    "a prompt of any length is taken": (
        _where("prompt", lambda told: isinstance(told, str) and len(told) > 1000, "x"),
        "is refused has the status",
    ),
    "too many pictures are taken": (
        _where("n", lambda n: isinstance(n, int) and n > 10, 10),
        "is refused has the status",
    ),
    "no pictures are taken": (
        _where("n", lambda n: n == 0 and n is not False, 1),
        "is refused has the status",
    ),
    "any quality is taken": (
        _where("quality", lambda told: told not in QUALITIES, None),
        "is refused has the status",
    ),
    "any response_format is taken": (
        _where("response_format", lambda told: told not in ("url", "b64_json"), "url"),
        "is refused has the status",
    ),
    "models in capitals are taken": (
        _with(lambda f: {"model": f["model"].lower()} if isinstance(f.get("model"), str) else {}),
        "is refused has the status",
    ),
    "any model is taken": (
        _where("model", lambda told: not re.match("dall-e-[23]$|gpt-image-", str(told)), None),
        "is refused has the status",
    ),
    "null is taken for a prompt": (
        _where("prompt", lambda told: told is None, "x"),
        "that breaks the document is refused",
    ),
    "any image is taken": (_good_uploads("image"), "is refused has the status"),
    "any mask is taken": (_good_uploads("mask"), "is refused has the status"),
    # Keys
    "no key is needed": (_key("good", "none"), "is refused has the status"),
    "any key is taken": (_key("good", "bad"), "is refused has the status"),
}
