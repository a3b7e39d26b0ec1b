"""A successful answer as a value, and its bytes. What is in it was decided before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockserver.facts import Offer

CREATED, DATA = "created", "data"


@dataclass(frozen=True, slots=True)
class ImagesAnswer:
    """The pictures of a request, or where they are.

    Values are JSON already, quotes included: base64 is large, and joining it once costs a hundredth
    of encoding it.
    """

    created: int  # Unix seconds
    items: Sequence[Mapping[str, bytes]]  # for each picture its fields
    order: Sequence[str] = (CREATED, DATA)  # of the answer's fields
    further: Mapping[str, bytes] = field(default_factory=dict)  # all others that it has

    def as_json(self, *, newline: bool) -> bytes:
        """The body, byte for byte as recorded: indented by two, sorted item keys."""
        pieces = [b"{"]
        for name in self.order:
            comma = b"," if len(pieces) > 1 else b""
            if name == CREATED:
                pieces.append(b'%b\n  "created": %d' % (comma, self.created))
            elif name == DATA:
                pieces += (comma, b'\n  "data": [', *self._items(), b"]")
            elif name in self.further:
                pieces.append(b'%b\n  "%b": %b' % (comma, name.encode(), self.further[name]))
        pieces.append(b"\n}\n" if newline else b"\n}")
        return b"".join(pieces)

    def _items(self) -> list[bytes]:
        pieces: list[bytes] = []
        for number, item in enumerate(self.items):
            pieces.append(b",\n    {" if number else b"\n    {")
            for place, name in enumerate(sorted(item)):
                pieces += (b",\n" if place else b"\n", b'      "%b": ' % name.encode(), item[name])
            pieces.append(b"\n    }")
        if pieces:
            pieces.append(b"\n  ")
        return pieces


def further(
    offer: Offer, options: Mapping[str, Any], tokens: Mapping[str, int]
) -> dict[str, bytes]:
    """The fields that an answer has beside its pictures: options as they were meant, and usage.

    Args:
        offer: which fields there are.
        options: of the request, with the model's choices in them.
        tokens: by kind; none where they are not counted.
    """
    values = {**options, "usage": usage(offer, tokens)} if tokens else options
    return {name: _laid_out(values[name]) for name in offer.told.fields if name in values}


def usage(offer: Offer, tokens: Mapping[str, int]) -> dict[str, Any]:
    """Tokens by kind, as an answer tells them. Both details count, and the sums add up."""
    text, images, drawn, written = (
        tokens.get(kind, 0) for kind in ("text_input", "image_input", "image_output", "text_output")
    )
    told = {
        "input_tokens": text + images,
        "input_tokens_details": {"image_tokens": images, "text_tokens": text},
        "output_tokens": drawn + written,
        "output_tokens_details": {"image_tokens": drawn, "text_tokens": written},
        "total_tokens": text + images + drawn + written,
    }
    return {name: told[name] for name in offer.told.usage}


def _laid_out(value: Any) -> bytes:
    return json.dumps(value, indent=2).replace("\n", "\n  ").encode("ascii")
