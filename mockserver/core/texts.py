"""Texts for people: shortened, on one line, and what was meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 100  # characters of a name that are looked at: no name that is known has as many


def shortened(text: str, most: int) -> str:
    """At most so many characters; the last is `…` where there were more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def beginning(text: str, length: int) -> str:
    """The first characters, and `…` where there were more."""
    return text if len(text) <= length else f"{text[:length]}…"


def escaped(text: str) -> str:
    """`text` with every character escaped that could move a cursor or break a line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def likely_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that a slip may have been meant for; None if none is like it."""
    from difflib import get_close_matches  # loaded by the first slip

    return next(iter(get_close_matches(name[:_LONGEST], list(known), n=1)), None)
