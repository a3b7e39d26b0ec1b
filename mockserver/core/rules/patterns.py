"""Regular expressions of rules: those of Python's `re`, searched for within a deadline.

PyPI's `regex` searches, because `re` can't be stopped. It has `re`'s syntax and meaning, but for
what is handled here and for two fine points: combining marks (vowel signs of Devanagari) are word
characters to it, and its tables of letters are of a later Unicode. Knows nothing of rules.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Any

DEADLINE = 0.02  # seconds that one search may take
TOO_SLOW = f"its regular expression took longer than {DEADLINE * 1000:g} ms with a request"
_NAMED_CLASS = r"\[:\^?\w+:\]"  # in a set: to `re` its letters, to `regex` its name
# A brace that begins no repeat, which `regex` would take for an approximate match.
_BRACE = r"(?s)(\\N\{|\\.|\{(?=[\d,])\d*(?:,\d*)?\})|\{"


def check(pattern: str) -> None:
    """Compile a pattern.

    Raises:
        ValueError: it is no regular expression, or one that can't be searched for as `re` would.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # that `[[` may mean more some day
            plain = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    if named := re.search(_NAMED_CLASS, pattern):
        raise ValueError(f"has {named[0]!r}, which is no class in Python: list the characters")
    try:
        same = _compiled(pattern)
    except (ValueError, RecursionError) as error:  # its own error is none of `re`'s
        raise ValueError(f"can't be searched for with a deadline: {error}") from None
    if same.groupindex != dict(plain.groupindex) or same.groups != plain.groups:
        raise ValueError("has groups that not every dialect counts alike")


@lru_cache(maxsize=64)
def found(pattern: str, text: str) -> bool | None:
    """Whether a checked pattern is found in a text; None if the deadline came first.

    Remembered, because a request that no rule matches is compared with the rules once more.
    """
    try:
        return _compiled(pattern).search(text, timeout=DEADLINE) is not None
    except TimeoutError:
        return None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import regex  # 10 ms, and few rules have one

    try:
        return regex.compile(re.sub(_BRACE, lambda m: m[1] or r"\{", pattern), regex.VERSION0)
    except regex.error as error:
        raise ValueError(str(error)) from None
