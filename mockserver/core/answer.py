"""A successful answer as a value, and its bytes. What is in it was decided before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImagesAnswer:
    """The pictures of a request, or where they are.

    Values are JSON already, quotes included: base64 is large, and joining it once costs a hundredth
    of encoding it.
    """

    created: int  # Unix seconds
    items: Sequence[Mapping[str, bytes]]  # for each picture its fields

    def as_json(self, *, newline: bool) -> bytes:
        """The body, byte for byte as recorded: indented by two, sorted item keys."""
        end = b"\n}\n" if newline else b"\n}"
        if not self.items:
            return b'{\n  "created": %d,\n  "data": []%b' % (self.created, end)
        pieces = [b'{\n  "created": %d,\n  "data": [' % self.created]
        for number, item in enumerate(self.items):
            pieces.append(b",\n    {" if number else b"\n    {")
            for place, name in enumerate(sorted(item)):
                pieces += (b",\n" if place else b"\n", b'      "%b": ' % name.encode(), item[name])
            pieces.append(b"\n    }")
        pieces += (b"\n  ]", end)
        return b"".join(pieces)
