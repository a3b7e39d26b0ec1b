"""A successful answer as a value, and its bytes. What is in it was decided before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.request import ImageRequest

DATA = "data"
NOTHING: Mapping[str, bytes] = {}


Around = tuple[bytes, bytes]  # what stands between `created` and `data`, and what after that


class ImagesAnswer(NamedTuple):
    """The pictures of a request, or where they are."""

    created: int  # Unix seconds
    data: bytes  # the pictures as JSON, see `data_of`
    around: Around = (b"", b"")  # its other fields, see `around`

    def pieces(self, *, newline: bool) -> tuple[bytes, ...]:
        """The body, byte for byte as recorded: apart, because `data` may be large and kept."""
        before, after = self.around
        end = b"\n}\n" if newline else b"\n}"
        head = b'{\n  "created": %d,%b\n  "data": ' % (self.created, before)
        return head, self.data, after + end


def data_of(
    form: str,
    values: Sequence[bytes],
    revised: Sequence[bytes] = (),
    beside: Mapping[str, bytes] = NOTHING,
) -> bytes:
    """The fields of each picture as a JSON list, laid out as recorded: indented, keys sorted.

    Args:
        form: the field that has the picture, `b64_json` or `url`.
        values: what stands there, as JSON already, quotes included: base64 is large, and joining it
            once costs a hundredth of encoding it.
        revised: the revised prompts as JSON, of a model that tells them.
        beside: what else is told, the same of each: JSON by the name of its field.
    """
    if not values:
        return b"[]"
    columns = [(form, values), *([("revised_prompt", revised)] if revised else [])]
    if beside:
        columns += [(name, [value] * len(values)) for name, value in beside.items()]
    columns.sort()
    fields = [[b'      "%b": %b' % (name.encode(), v) for v in column] for name, column in columns]
    items = zip(*fields, strict=True)
    return b"[\n    {\n" + b"\n    },\n    {\n".join(map(b",\n".join, items)) + b"\n    }\n  ]"


def around(request: ImageRequest) -> Around:
    """The fields that an answer has beside its pictures: options as they were meant, and usage."""
    told, tokens, values = request.offer.told, request.usage, request.options
    if tokens:
        values = {**values, "usage": usage(told.usage, tokens)}
    names = [name for name in told.fields if name in values or name == DATA]
    place = names.index(DATA)
    before = [b"\n%b," % field for field in _fields(names[:place], values)]
    after = [b",\n%b" % field for field in _fields(names[place + 1 :], values)]
    return b"".join(before), b"".join(after)


def _fields(names: Iterable[str], values: Mapping[str, Any]) -> Iterable[bytes]:
    for name in names:
        laid_out = json.dumps(values[name], indent=2).replace("\n", "\n  ")
        yield f'  "{name}": {laid_out}'.encode("ascii")


def usage(fields: Iterable[str], tokens: Mapping[str, int]) -> dict[str, Any]:
    """Tokens by kind, in these fields. Both details count, and the sums add up."""
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
    return {name: told[name] for name in fields}
