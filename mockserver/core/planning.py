"""Plan the pictures of a request. Draws nothing.

What makes a picture: operation, model, prompt, n, index, seed, the pixels of uploads and all
options that the facts do not except; and with `repeats = vary` how often the same was drawn before.
Not the key, the date, a header, nor the answer's form: url and b64_json show the same.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, NamedTuple

from mockserver.core.picture import Picture, shown
from mockserver.core.request import ImageRequest
from mockserver.facts import fields


class Seen(NamedTuple):
    """What follows from the uploads of a request."""

    pixels: tuple[bytes, ...]  # digests of their pixels; that of a mask is the last, or empty
    images: tuple[str, ...]  # addresses of the files
    mask: str | None = None  # its address


GIVEN = "given"  # the fault of a picture whose file is a rule's
ENCODING = ("output_format", "output_compression")


def pictures(
    request: ImageRequest, whole: bytes, repeat: int = 0, seen: Seen | None = None
) -> tuple[Picture, ...]:
    """The `n` pictures that answer `request`, by its digest, for the `repeat`-th time after one.

    `seen` is what is known of its uploads, if there are any.
    """
    width, height = map(int, request.size.split("x"))
    if repeat:
        whole = sha256(whole + repeat.to_bytes(8, "big")).digest()
    prompt = shown(request.prompt)
    images, mask = (seen.images, seen.mask) if seen else ((), None)
    form, encoding = _format(request)
    return tuple(
        [
            Picture(
                operation=request.operation,
                model=request.model,
                prompt=prompt,
                width=width,
                height=height,
                place=index,
                n=request.n,
                digest=sha256(whole + index.to_bytes(2, "big")).digest()[:16],
                options=request.drawn + encoding,
                images=images,
                mask=mask,
                format=form,
            )
            for index in range(request.n)
        ]
    )


def _format(request: ImageRequest) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """The format of a request's pictures, and the options that say how they are written.

    None for PNG, which is always written in the same way.
    """
    asked = {name: request.options[name] for name in ENCODING if name in request.options}
    form = str(asked.get("output_format", "png")).upper()
    return form, () if form == "PNG" else tuple(asked.items())


def address(upload: bytes) -> str:
    """The content address under which an upload is kept."""
    return sha256(upload).hexdigest()[:32]


def request_digest(request: ImageRequest, seed: str, pixels: tuple[bytes, ...] = ()) -> bytes:
    """32 bytes that change as soon as anything does that makes a picture.

    `pixels` are digests of the uploads' pixels.
    """
    drawn, positions = request.drawn, len(fields().by_position)
    parts = (
        seed,
        request.operation,
        request.model,
        request.prompt,
        request.size,
        *[value for _, value in drawn[:positions]],
        request.n,
        *[p.hex() for p in pixels],
        *drawn[positions:],
    )
    return sha256(json.dumps(parts).encode("ascii")).digest()
