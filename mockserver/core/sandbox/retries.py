"""Which requests are attempts of one call: retries, and what was led on to another address."""

from collections.abc import Sequence
from typing import NamedTuple

from mockserver.core.journal import Attempt, Record

OPEN = 1_000  # attempts that another may still follow; of more the longest unasked go
OPEN_BYTES = 420  # of one
_EQUAL = 128  # of those, with one body: so many equal calls may be under way at once
_LEADS_ON = frozenset((307, 308))  # the same is sent again to another address, and no retry


class Call(NamedTuple):
    """Whose attempt a request is."""

    id: str  # of the first attempt
    retries: int = 0  # attempts before this one


class Tried(NamedTuple):
    """An attempt that another may still follow: nothing of what was sent is kept."""

    attempt: Attempt
    call: Call
    asks_again: bool  # whether its answer was one after which clients try again
    is_redirect: bool = False
    #: Whether neither this answer nor an earlier one with the body makes clients send it again.
    is_calm: bool = False


def follow(record: Record, attempt: Attempt, tried: Sequence[Tried]) -> tuple[Call, list[Tried]]:
    """Find the call that a request belongs to.

    Args:
        record: the request.
        attempt: its own.
        tried: attempts with the same body that none has followed yet, the oldest first.

    Returns:
        The call, and the attempts with this body that another may follow from now on.
    """
    call, before = Call(record.id), None
    is_calm = not tried or tried[-1].is_calm
    if attempt.number or not is_calm:  # else a search among a hundred would find none
        if before := _redirect_to(attempt, tried):
            call = before.call
        elif before := _retried_by(attempt, tried):
            call = Call(before.call.id, before.call.retries + 1)
    others = tried if before is None else [t for t in tried if t is not before]
    asks, leads = record.asks_again, record.status in _LEADS_ON
    this = Tried(attempt, call, asks, leads, is_calm and not (asks or leads))
    return call, [*others[1 - _EQUAL :], this]


def _redirect_to(attempt: Attempt, tried: Sequence[Tried]) -> Tried | None:
    """The same attempt, whose answer led to another address: the oldest that fits."""
    return next((t for t in tried if t.is_redirect and is_led_on(attempt, t)), None)


def _retried_by(attempt: Attempt, tried: Sequence[Tried]) -> Tried | None:
    """The attempt that this one retries: the oldest that was told to try again, or the last one."""
    if attempt.number == 0:  # the client says that it is the first of its call
        return None
    counts = attempt.number is not None
    fitting = [t for t in tried if (counts or t.asks_again) and is_retry(attempt, t)]
    return next((t for t in fitting if t.asks_again), fitting[-1] if fitting else None)


def is_retry(attempt: Attempt, earlier: Tried) -> bool:
    """Whether a request is a further attempt of the call that `earlier` belongs to.

    A client that counts is believed. Of others, the same body over the same connection after an
    answer that asks to try again is a retry; two equal calls are not.
    """
    before = earlier.attempt
    if before.body != attempt.body:
        return False
    if attempt.number is not None:
        return attempt.number == (before.number or 0) + 1
    return earlier.asks_again and before.connection == attempt.connection


def is_led_on(attempt: Attempt, earlier: Tried) -> bool:
    """Whether a request is `earlier` itself, sent to where its answer led."""
    before = earlier.attempt
    same = before.body == attempt.body and before.number == attempt.number
    return earlier.is_redirect and same
