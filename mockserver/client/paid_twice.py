"""What an assertion says of calls that were paid for more than once. Asks no server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from mockserver.client.requests import SHOWN, dollars
from mockserver.core.journal import GONE
from mockserver.core.judging import paid
from mockserver.core.judging.seen import Journal, Seen
from mockserver.core.texts import shortened

_ENDS = {
    "cut": "the line broke",
    "left": "the client had left",
    "released": "it was let go with its sandbox",
}
_ADVICE = """\
  The API has no idempotency key: who asks again after a timeout, a broken line or a gateway's error
  buys again, for the picture was made.
  Fix: ask again only after an answer that says that nothing was made (429, or the API's own error);
  that is OpenAI(max_retries=0) and a loop of your own. Give the client a timeout longer than a
  picture takes. Where an answer is lost, say so to whoever wants the picture before it is bought
  anew."""


def paid_twice(told: Mapping[str, Any]) -> str:
    """Which calls were, of those that the control API tells of; "" if none was."""
    journal = Journal.of(told)
    found = paid.paid_twice(journal.requests)
    if not found:
        return ""
    wasted = sum(one.usd for chain in found for one in chain[:-1])
    number = "one call" if len(found) == 1 else f"{len(found)} calls"
    lines = [
        f"paid more than once for {number}, {dollars(wasted)} of it for answers that were lost:"
    ]
    for chain in found:
        lines += _of_call(chain)
    return "\n".join([*lines, _ADVICE])


def _of_call(chain: Sequence[Seen]) -> list[str]:
    first = chain[0]
    words = [first.operation, first.model, str(first.fields.get("size") or "")]
    words += [repr(shortened(str(first.fields.get("prompt", "")), SHOWN))]
    lines = [f"  {' '.join(filter(None, words))}: {dollars(sum(s.usd for s in chain))}"]
    lines.append(f"    {_attempt(first)}")
    return lines + [
        f"    {_attempt(one)}, {one.at - before.at:.1f} s after the one before"
        for before, one in pairwise(chain)
    ]


def _attempt(one: Seen) -> str:
    how = "no answer" if one.status in (0, GONE) else str(one.status)
    why = ", ".join(filter(None, [_ENDS.get(one.ended, ""), *one.effects]))
    return f"{one.id} {dollars(one.usd)} {one.paid}: {how}" + (f" ({why})" if why else "")
