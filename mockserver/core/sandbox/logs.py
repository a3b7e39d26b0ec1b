"""What a sandbox appends of a request, and to which of its logs. Each drops its oldest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from mockserver.core.journal import Record
from mockserver.core.sandbox.retries import Call, Tried, follow

#: `late` is what an earlier life of the sandbox asked for, and this one saw the end of.
LogName = Literal["requests", "downloads", "late"]
LOGS: tuple[LogName, ...] = get_args(LogName)
RECORDS = 1_000  # of one log
RECORD_BYTES = 4 * 1024 * 1024


def write_down(
    record: Record, tried: Sequence[Tried], *, is_late: bool
) -> tuple[Sequence[tuple[LogName, Record]], Call | None, Sequence[Tried]]:
    """Decide where a request is written down, and as what.

    Returns:
        What is appended to which log; the call that the request is an attempt of; and the attempts
        with its body that another may follow from now on, which are `tried` until now.
    """
    if is_late:
        return (("late", record),), None, tried
    if record.is_download:
        return (("downloads", record),), None, tried
    entries: list[tuple[LogName, Record]] = [("requests", record)]
    if record.attempt is None:
        return entries, Call(record.id), tried
    return entries, *follow(record, record.attempt, tried)


def is_over(number: int, size: int) -> bool:
    """Whether a log of so many entries and bytes has to drop its oldest."""
    return number > RECORDS or (size > RECORD_BYTES and number > 1)
