"""A successful answer as a value, and its bytes. What is in it was decided before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImagesAnswer:
    """The pictures of a request, or where they are."""

    created: int  # Unix seconds
    data: bytes  # the pictures as JSON, see `data_of`

    def pieces(self, *, newline: bool) -> tuple[bytes, ...]:
        """The body, byte for byte as recorded: apart, because `data` may be large and kept."""
        end = b"\n}\n" if newline else b"\n}"
        return b'{\n  "created": %d,\n  "data": ' % self.created, self.data, end


def data_of(form: str, values: Sequence[bytes], revised: Sequence[bytes] = ()) -> bytes:
    """The fields of each picture as a JSON list, laid out as recorded: indented, keys sorted.

    Args:
        form: the field that has the picture, `b64_json` or `url`.
        values: what stands there, as JSON already, quotes included: base64 is large, and joining it
            once costs a hundredth of encoding it.
        revised: the revised prompts as JSON, of a model that tells them.
    """
    if not values:
        return b"[]"
    columns = sorted([(form, values), *([("revised_prompt", revised)] if revised else [])])
    fields = [[b'      "%b": %b' % (name.encode(), v) for v in column] for name, column in columns]
    items = zip(*fields, strict=True)
    return b"[\n    {\n" + b"\n    },\n    {\n".join(map(b",\n".join, items)) + b"\n    }\n  ]"
