"""GET /_mock/coverage: which kinds of failure a program has met. Loaded by the first look."""

from __future__ import annotations

from typing import Any

from mockserver.control.journal import found_in
from mockserver.control.request import ControlRequest
from mockserver.core.judging import coverage
from mockserver.core.judging.seen import Journal, Seen


async def told(request: ControlRequest) -> dict[str, Any]:
    """What was met in the sandboxes that are meant."""
    asked, fetched = await found_in(await request.sandboxes())
    found = ([*map(Seen.of, (record.as_json() for record in those))] for those in (asked, fetched))
    return coverage.told(Journal(*found))
