"""Small pictures of what tests asked for, drawn once more. Judges nothing."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockserver.client.requests import Request
from mockserver.pytest_plugin.artifacts import drawn, of_pictures

if TYPE_CHECKING:
    from mockserver.pytest_plugin.ambient import Ambient
    from mockserver.pytest_plugin.coverage.tally import Sample

SIDE = 160  # pixels at most, twice what is shown
_QUALITY = 60


def draw(samples: Mapping[str, Sequence[Sample]], ambient: Ambient) -> None:
    """Give each sample its picture, where that can be drawn again: uploads are not kept.

    Raises:
        RuntimeError: the server does not answer.
    """
    if not ambient.is_used:
        return
    spare, before = ambient.sandbox("again"), None
    known: dict[str, str] = {}
    for sample in (one for those in samples.values() for one in those):
        options = of_pictures(sample.options)
        if options != before:
            spare.begin(**options, tier="off")
            known, before = {}, options
        request = Request.of(sample.record)
        sample.picture = known[request.id] if request.id in known else _drawn(spare, request)
        known[request.id] = sample.picture


def _drawn(spare: Any, request: Request) -> str:
    """The first picture of a request as a data URI; "" if it can't be drawn."""
    try:
        picture = next(drawn(spare, request), b"")
        return small(picture) if picture else ""
    except Exception:  # a page without a picture is better than none
        return ""


def small(picture: bytes) -> str:
    """A picture within `SIDE`, as a data URI."""
    from PIL import Image  # few want a page

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"
