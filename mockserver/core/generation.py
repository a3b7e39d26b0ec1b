"""Plan the pictures of a request and write the answer that carries them. Draws nothing.

What makes a picture: operation, model, prompt, size, quality, style, n, index, seed and the pixels
of uploads; and with `repeats = vary` how many times the same was drawn before. Not the key, `user`,
`response_format`, the date or a header, so that url and b64_json show the same.
"""

from __future__ import annotations

import json
from hashlib import sha256

from mockserver.core.picture import Picture, shown
from mockserver.core.validation import ImageRequest


def pictures(request: ImageRequest, whole: bytes, repeat: int = 0) -> list[Picture]:
    """The `n` pictures that answer `request`, by its digest, for the `repeat`-th time after one."""
    width, height = map(int, request.size.split("x"))
    if repeat:
        whole = sha256(whole + repeat.to_bytes(8, "big")).digest()
    prompt = shown(request.prompt)
    return [
        Picture(
            operation=request.operation,
            model=request.model,
            prompt=prompt,
            width=width,
            height=height,
            index=index,
            count=request.n,
            quality=request.quality,
            style=request.style,
            digest=sha256(whole + index.to_bytes(2, "big")).digest()[:16],
            image=address(request.image) if request.image is not None else None,
            mask=address(request.mask) if request.mask is not None else None,
        )
        for index in range(request.n)
    ]


def address(upload: bytes) -> str:
    """The content address under which an upload is kept."""
    return sha256(upload).hexdigest()[:32]


def request_digest(request: ImageRequest, seed: str, pixels: tuple[bytes, ...] = ()) -> bytes:
    """32 bytes that change as soon as anything does that makes a picture.

    `pixels` are digests of the uploads' pixels.
    """
    parts = (
        seed,
        request.operation,
        request.model,
        request.prompt,
        request.size,
        request.quality,
        request.style,
        request.n,
        *(p.hex() for p in pixels),
    )
    return sha256(json.dumps(parts).encode("ascii")).digest()


def answer_body(created: int, items: list[dict[str, bytes]], *, newline: bool) -> bytes:
    """The 200 body, byte for byte as recorded: indented by two, sorted item keys.

    Args:
        created: Unix seconds.
        items: for each picture its fields, whose values are JSON already (quotes included): base64
            is large, and joining it once costs a hundredth of encoding it.
        newline: whether the body ends in one: dialect A's do.
    """
    end = b"\n}\n" if newline else b"\n}"
    if not items:
        return b'{\n  "created": %d,\n  "data": []%b' % (created, end)
    pieces = [b'{\n  "created": %d,\n  "data": [' % created]
    for number, fields in enumerate(items):
        pieces.append(b",\n    {" if number else b"\n    {")
        for place, name in enumerate(sorted(fields)):
            pieces += (b",\n" if place else b"\n", b'      "%b": ' % name.encode(), fields[name])
        pieces.append(b"\n    }")
    pieces += (b"\n  ]", end)
    return b"".join(pieces)
