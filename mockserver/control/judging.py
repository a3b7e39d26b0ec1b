"""The journals that a request means, judged in a thread: they may be long. Judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mockserver.control.journal import found_in
from mockserver.control.request import ControlRequest
from mockserver.core.journal import Record
from mockserver.core.judging.seen import Journal, Seen


async def judged(
    request: ControlRequest, judge: Callable[[Journal], dict[str, Any]]
) -> dict[str, Any]:
    """What is made of the journals of the sandboxes that are meant."""
    lists = await found_in(request, await request.sandboxes())
    return await request.world.heavy.run(lambda: judge(seen_in(*lists)))


def seen_in(*lists: Iterable[Record]) -> Journal:
    """The journal of what was asked, downloaded, and is held back."""
    return Journal(*([Seen.of(record.as_json()) for record in records] for records in lists))
