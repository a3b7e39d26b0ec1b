"""Values of any type that a step or a snapshot can hold, thought out by annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

NUMBERS = st.integers(-(2**70), 2**70)  # no typed number is wider: see `decoding.MOST`
FLOATS = st.floats(allow_nan=False)
#: What clients send: halves of surrogates, what looks like the codec's own marks, nothing.
TEXTS = st.text(max_size=5) | st.sampled_from(
    ["", "\x00", "\ud800", "\udfff x", "\U0010ffff", "\U0010ffff1", '\U0010ffff"x"', "é" * 400]
)
WIDE = st.sampled_from([2**64 - 1, 10**30, -(10**30), 2**64, 2**63, -(2**63) - 1])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | WIDE | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
_PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    int: NUMBERS,
    float: FLOATS,
    str: TEXTS,
    bytes: st.binary(max_size=5),
    bool: st.booleans(),
    NoneType: st.none(),
    Any: ANYTHING,
}


@cache
def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if get_origin(kind) is not None:
        return _of(get_origin(kind), get_args(kind))
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        return st.deferred(lambda: st.builds(kind, **parts(kind)))  # it may hold itself
    raise AssertionError(f"no values are known of {kind}")


def parts(kind: Any) -> dict[str, st.SearchStrategy[Any]]:
    """Values of each field of a class."""
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind)] if is_dataclass(kind) else kind._fields
    return {name: values(hints[name]) for name in names}


def _of(origin: Any, inner: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin in (Union, UnionType):
        return st.one_of([values(one) for one in inner])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is tuple and inner[-1:] != (Ellipsis,):
        return st.tuples(*map(values, inner))
    if origin is tuple:
        return st.lists(values(inner[0]), max_size=2).map(tuple)
    if origin in (list, Sequence):
        return st.lists(values(inner[0]), max_size=2)
    if origin in (dict, Mapping):
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    raise AssertionError(f"no values are known of {origin}")
