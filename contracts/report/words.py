"""How a report spells what it shows. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from contracts.exchange import Answer
from contracts.trials import Promise
from mockserver.facts import load

#: Base64, and the like: its beginning is enough.
_LONG = re.compile(r"[\w+/=-]{48,}")


def counted(number: int, thing: str) -> str:
    """As "1 call", "2 calls"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def listed(things: Sequence[str], most: int) -> str:
    """As "a, b, c", or "a, b and 3 more"."""
    more = f" and {len(things) - most} more" if len(things) > most else ""
    return ", ".join(things[:most]) + more


def printable(text: str) -> str:
    """A text of characters that move no terminal's cursor."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def cut(text: str, wide: int) -> str:
    """A text in one line, at most so long."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= wide else f"{text[: wide - 1]}…"


def answer_told(answer: Answer) -> str:
    """Its status, its type and the beginning of what it says."""
    if not answer.status:
        return "none: the connection broke"
    text = " ".join(answer.body[:2000].decode("utf-8", "replace").split())
    said = _LONG.sub(lambda found: f"{found[0][:24]}…", text) or "(nothing)"
    return printable(f"{answer.status} {answer.media} {said}")


def day_told(day: date | None) -> str:
    """The day of a contract."""
    return str(day or f"DALL·E as on {load().day}, GPT image models as today")


def promise_told(promise: Promise) -> str:
    """A row's name."""
    return f"{promise.operation} {promise.status} {promise.branch}"


def seconds_told(seconds: float) -> str:
    """To a tenth."""
    return f"{seconds:.1f}"


def usd_told(usd: Decimal) -> str:
    """To the cent, or as exactly as it is known."""
    whole, _, cents = f"{usd.normalize():f}".partition(".")
    return f"{whole}.{cents:0<2}"
