"""What to change in a request that another model refuses, so that it takes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mockserver.core.errors import ApiError
from mockserver.core.judging.sent_again import Sent
from mockserver.core.options import SIZE
from mockserver.core.texts import shortened
from mockserver.facts import Offer, Parameter
from mockserver.facts.migration import called_elsewhere, fix_for

_SIZE = re.compile(SIZE)
_SHOWN = 40  # characters of a value


class Mended(NamedTuple):
    """What to do, and the fields as they are then; None where that can't be known."""

    about: str  # the parameter, and its value if that is what is wrong: "size 256x256"
    say: str
    fields: Sent | None = None
    times: int = 1  # as many requests make what the one asked for


class _Wrong(NamedTuple):
    """A refused parameter of some fields, and what the model offers."""

    model: str
    param: str  # "" is none
    reason: str
    fields: Sent
    offer: Offer | None
    error: ApiError

    @property
    def parameter(self) -> Parameter | None:
        return self.offer.parameter.get(self.param) if self.offer else None

    @property
    def value(self) -> Any:
        return self.fields.get(self.param)

    def given(self, value: Any) -> Sent:
        return {**self.fields, self.param: value}

    def without(self, *names: str) -> Sent:
        return {k: v for k, v in self.fields.items() if k not in names}


def mended(model: str, offer: Offer | None, fields: Sent, error: ApiError) -> Mended:
    """What to do about an error that a model refuses some fields with."""
    param, reason = str(error.values.get("param") or ""), str(error.reason)
    fix = fix_for(reason, param)
    wrong = _Wrong(model, param, reason, fields, offer, error)
    mend = _MENDS.get(fix.mend) if fix else None
    found = mend(wrong) if mend else None
    about = _about(wrong, fix.mend if fix else "")
    if fix is None or (mend and found is None):
        return Mended(about, "")
    names, new, mended_fields = found or (param, "", None)
    value = shortened(str(wrong.value), _SHOWN)
    say = fix.say.format(to=model, param=names, value=value, new=new)
    if fix.mend == "nearest_size" and _sides(wrong.value) is None:
        say = f"ask for {new}"  # nothing can be scaled to what is no size
    return Mended(about, say, mended_fields, _times(wrong, new) if param == "n" else 1)


def _times(wrong: _Wrong, new: Any) -> int:
    """How many requests make as many pictures."""
    are_numbers = isinstance(wrong.value, int) and isinstance(new, int)
    return max(1, -(-wrong.value // new)) if are_numbers and new else 1


#: The parameters that are changed, what is sent in their place, and the fields as they are then.
_Found = tuple[str, Any, Sent]


def _drop(wrong: _Wrong) -> _Found | None:
    if wrong.param not in wrong.fields:
        return None
    return wrong.param, "", wrong.without(wrong.param)


def _nearest_size(wrong: _Wrong) -> _Found | None:
    """The size that the model has which is most like the one asked for."""
    asked, parameter = _sides(wrong.value), wrong.parameter
    sizes = [(size, _sides(size)) for size in _sizes(parameter)] if parameter else []
    if not sizes:
        return None
    if asked is None:
        size = sizes[0][0]
    else:
        size = min(sizes, key=lambda one: _unlike(asked, one[1] or asked))[0]
    return wrong.param, size, wrong.given(size)


def _sizes(parameter: Parameter) -> list[str]:
    listed = [value for value in parameter.values or () if value not in parameter.leaves]
    return listed or _free(parameter)


def _free(parameter: Parameter) -> list[str]:
    """Sizes of the usual proportions, where any are taken within bounds: the smallest of each."""
    free = parameter.free
    if free is None:
        return []
    found = []
    for across, down in ((1, 1), (3, 2), (2, 3), (16, 9), (9, 16)):
        step = next(
            n
            for n in range(1, free.side_max)
            if across * down * (n * free.multiple) ** 2 >= free.pixels_min
        )
        found.append(f"{across * step * free.multiple}x{down * step * free.multiple}")
    return found


def _sides(size: Any) -> tuple[int, int] | None:
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    return (int(found[1]), int(found[2])) if found else None


def _unlike(asked: tuple[int, int], other: tuple[int, int]) -> tuple[float, int]:
    """How unlike two sizes are: in their proportions first, then in their area."""
    products = asked[0] * other[1], asked[1] * other[0]
    return max(products) / min(products), abs(asked[0] * asked[1] - other[0] * other[1])


def _value(wrong: _Wrong) -> _Found | None:
    """What the model calls the value; else its default, by leaving the parameter out."""
    taken = wrong.parameter.values or () if wrong.parameter else ()
    for name in called_elsewhere(wrong.param, str(wrong.value)):
        if name in taken:
            return wrong.param, name, wrong.given(name)
    if wrong.parameter is None or wrong.parameter.required:
        return None
    return wrong.param, wrong.parameter.default, wrong.without(wrong.param)


def _bound(wrong: _Wrong) -> _Found | None:
    parameter = wrong.parameter
    bound = wrong.error.values.get("bound") or (parameter.maximum if parameter else None)
    if bound is None:
        return None
    return wrong.param, int(bound), wrong.given(int(bound))


def _cut(wrong: _Wrong) -> _Found | None:
    bound = wrong.error.values.get("bound")
    if not isinstance(wrong.value, str) or bound is None:
        return None
    return wrong.param, bound, wrong.given(wrong.value[:bound])


def _apart(wrong: _Wrong) -> _Found | None:
    """Leave out what does not go together with the rest."""
    rows = [row for row in wrong.offer.refused if row.reason == wrong.reason] if wrong.offer else []
    for row in rows:
        names = [name for name in row.when if name in wrong.fields and name not in _NEEDED]
        if names:
            return " and ".join(names), "", wrong.without(*names)
    return None


_NEEDED = ("prompt", "image", "images", "stream", "output_format")
_MENDS: Mapping[str, Callable[[_Wrong], _Found | None]] = {
    "drop": _drop,
    "nearest_size": _nearest_size,
    "value": _value,
    "bound": _bound,
    "cut": _cut,
    "apart": _apart,
}


def _about(wrong: _Wrong, mend: str) -> str:
    if mend == "cut" and isinstance(wrong.value, str):
        return f"a prompt of {len(wrong.value)} characters"
    shown = isinstance(wrong.value, str | int | float) and mend in (
        "nearest_size",
        "value",
        "bound",
    )
    if shown:
        return f"{wrong.param} {shortened(str(wrong.value), _SHOWN)}"
    return wrong.param or wrong.reason.replace("_", " ")
