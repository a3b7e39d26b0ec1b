"""How long an answer's headers tell a client to wait. Pure."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from mockserver.core.answer_headers import Headers

_DIGITS = 12  # of a number of seconds that may be meant


def told_wait(headers: Headers, now: int) -> tuple[int, int] | None:
    """The milliseconds that clients are told to wait; None if the answer tells none.

    Args:
        headers: the answer's, as they are sent.
        now: nanoseconds since the epoch, for a wait that is told as a date.

    Returns:
        What a client waits elsewhere, and what it waits here: a standing clock tells thousandths
        in `retry-after-ms`, beside the whole wait in `retry-after`.
    """
    told = dict(headers)
    whole = _milliseconds(told.get(b"retry-after", b""), now)
    exact = told.get(b"retry-after-ms", b"").decode("latin-1")
    sent = int(exact) if exact.isascii() and exact.isdigit() and len(exact) <= _DIGITS else None
    if whole is None:
        return None if sent is None else (sent, sent)
    return whole, whole if sent is None else sent


def _milliseconds(value: bytes, now: int) -> int | None:
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return int(text) * 1000 if len(text) <= _DIGITS else None
    try:
        end = parsedate_to_datetime(text)
        moment = end if end.tzinfo else end.replace(tzinfo=UTC)
        return max(0, round(moment.timestamp() * 1000) - now // 1_000_000)
    except (ValueError, OverflowError):
        return None
