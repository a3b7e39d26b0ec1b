"""How JSON is laid out on the wire, to the byte. Judges no value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from contracts.checks.said import said
from contracts.exchange import Answer
from contracts.trials import Tier, Verdict


def layout(answer: Answer, indents: Sequence[int], ends: Sequence[str]) -> Iterator[Verdict]:
    """Judge the layout of a JSON body: one of these indents, and one of these ends."""
    value = answer.json()
    if value is None:
        return
    told = answer.body.decode("utf-8", "replace")
    known = (json.dumps(value, indent=indent) + end for indent in indents for end in ends)
    yield said(
        "JSON is laid out as the API's is: indented, in ASCII, with the end of its day",
        any(told == one for one in known),
        f"it begins with {told[:24]!r} and ends with {told[-6:]!r}",
        tier=Tier.STRICT,
    )
