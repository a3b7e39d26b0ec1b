"""The pictures that a GPT image model edits: where they are, and what follows from them. Pure.

Fetches nothing: `sources_in` says which addresses a JSON body has, and `settled` is told the files.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from math import isqrt
from typing import Any
from urllib.parse import unquote_to_bytes

from mockserver.core.errors import ApiError, Reason
from mockserver.core.request import ImageRequest, Source
from mockserver.core.uploads import check_pictures, header
from mockserver.facts import Parameter
from mockserver.facts.tokens import Sides

STEP = 1 << 20  # letters that are decoded in one go
_KINDS = ("image_url", "file_id")


def sources_in(parameter: Parameter, value: Any) -> list[Source]:
    """What the references of a JSON body's `images` or `mask` refer to.

    Raises:
        ApiError: one of them has not exactly one of image_url and file_id. (Assumed.)
    """
    if isinstance(value, list):
        places = [(f"{parameter.name}[{place}]", one) for place, one in enumerate(value)]
        return [_source(param, one) for param, one in places]
    return [_source(parameter.name, value)]


def _source(param: str, value: dict[str, Any]) -> Source:
    for place, name in enumerate(value):
        if place or name not in _KINDS:
            raise ApiError(Reason.UNKNOWN_PARAMETER, param=f"{param}.{name}")
    for name, address in value.items():
        if isinstance(address, str):
            return Source(f"{param}.{name}", address)
        text = Parameter(f"{param}.{name}", "string", "", "")
        raise ApiError(Reason.WRONG_TYPE, param=text.name, value=address, parameter=text)
    raise ApiError(Reason.MISSING_PARAMETER, param=f"{param}.{_KINDS[0]}")


def inline(source: Source) -> bytes | None:
    """The bytes of a data: URL, None of any other address; ApiError if they can't be read."""
    if source.is_file or source.address[:5].lower() != "data:":
        return None
    comma = source.address.find(",")
    start = len(source.address) if comma < 0 else comma + 1
    if source.address[start - 8 : start - 1].lower() != ";base64":
        return _unquoted(source.address, start)
    try:
        return decoded(source.address, start)
    except ValueError:
        raise ApiError(Reason.IMAGE_DATA, param=source.param) from None


def decoded(base64: str, start: int = 0) -> bytes:
    """The bytes of a text in base64, piece by piece: all at once would stop other threads.

    Raises:
        ValueError: it is something else.
    """
    found = BytesIO()
    for at in range(start, len(base64), STEP):
        piece = base64[at : at + STEP]
        if at + STEP < len(base64) and "=" in piece:
            raise ValueError("it goes on behind its end")
        found.write(b64decode(piece, validate=True))
    return found.getvalue()


def _unquoted(text: str, at: int) -> bytes:
    """The bytes of a text with escapes as %20, in pieces that end within none."""
    found = BytesIO()
    while at < len(text):
        end = at + STEP
        cut = text.find("%", end - 2, end)
        end = end if cut < 0 else cut
        found.write(unquote_to_bytes(text[at:end]))
        at = end
    return found.getvalue()


def settled(request: ImageRequest, images: Sequence[bytes], mask: bytes | None) -> ImageRequest:
    """A request with its pictures, and with the size that they leave to the model.

    Raises:
        ApiError: they break a rule of the model.
    """
    offer = request.offer
    if offer.upload is None:
        return request
    check_pictures(offer.upload, images, mask, [s.param for s in request.sources])
    sides = [(found.width, found.height) for found in map(header, images) if found]
    size = _size(offer.parameter["size"], request.size, sides[0])
    return replace(
        request,
        images=tuple(images),
        mask=mask,
        sides=tuple(sides),
        drawn=(*request.drawn, ("masked", mask is not None)),
        options={**request.options, "size": size},
    )


def _size(parameter: Parameter, size: str, sides: Sides) -> str:
    """The size that is meant: of what leaves it to the model, that most like a picture."""
    usual: str = parameter.chosen(size)
    if usual == size or not parameter.follows:
        return usual
    if parameter.free is None:
        listed = [value for value in parameter.values or () if value not in parameter.leaves]
        return min(listed, key=lambda value: _unlike(_sides(value), sides))
    return _of_area(_sides(usual), sides, parameter.free.ratio_max)


def _sides(size: str) -> Sides:
    width, height = map(int, size.split("x"))
    return width, height


def _unlike(one: Sides, other: Sides) -> float:
    """How many times wider or higher one is in its proportions; 1 is not at all."""
    products = one[0] * other[1], one[1] * other[0]
    return max(products) / min(products)


def _of_area(usual: Sides, sides: Sides, ratio_max: int) -> str:
    """A size with the area of the usual one and a picture's proportions, within the bound."""
    area, long = usual[0] * usual[1], max(sides)
    short = max(min(sides), -(-long // ratio_max))
    across = isqrt(area * long // short)
    down = area // across
    return f"{across}x{down}" if sides[0] >= sides[1] else f"{down}x{across}"
