"""What the service behind the gateway makes of a request that the gateway let pass. Pure.

It looks at sizes, and at options that don't go together; the facts say at which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.core.errors import ApiError, Reason
from mockserver.facts import FreeSizes, Parameter, Refused

SIZE = "([1-9][0-9]{0,8})x([1-9][0-9]{0,8})"
_SIZE = re.compile(SIZE)


def check_choice(parameter: Parameter, value: str) -> None:
    """Hold a value to those that a parameter names, or to the bounds of free sizes."""
    if value in (parameter.values or ()):
        return
    if parameter.free is None:
        told = {"value": value, "allowed": parameter.values}
        raise ApiError(Reason.SIZE_NOT_LISTED, param=parameter.name, **told)
    _check_free(parameter.name, value, parameter.free)


def _check_free(name: str, value: str, free: FreeSizes) -> None:
    """Hold WIDTHxHEIGHT to its bounds, in the order in which the API names them."""
    found = _SIZE.fullmatch(value)
    if found is None:
        raise ApiError(Reason.SIZE_FORM, param=name, value=value)
    width, height = map(int, found.groups())
    long, short = max(width, height), min(width, height)
    rules = (
        (Reason.SIZE_MULTIPLE, free.multiple, width % free.multiple or height % free.multiple),
        (Reason.SIZE_RATIO, free.ratio_max, long > free.ratio_max * short),
        (Reason.SIZE_SIDE, free.side_max, long > free.side_max),
        (Reason.SIZE_BELOW, free.pixels_min, width * height < free.pixels_min),
        (Reason.SIZE_ABOVE, free.pixels_max, width * height > free.pixels_max),
    )
    for reason, bound, is_broken in rules:
        if is_broken:
            raise ApiError(reason, param=name, value=value, bound=bound)


def check_together(refused: Iterable[Refused], options: Mapping[str, Any]) -> None:
    """Refuse options that a model does not take together."""
    for row in refused:
        if all(_is_met(options.get(name), wanted) for name, wanted in row.when.items()):
            raise ApiError(Reason(row.reason))


def _is_met(value: Any, wanted: Any) -> bool:
    match wanted:
        case {"above": bound}:
            return value is not None and bool(value > bound)
        case {"below": bound}:
            return value is not None and bool(value < bound)
        case _:
            return bool(value == wanted)
