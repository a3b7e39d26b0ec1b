"""GET /_mock/verdict: what a program did wrong. Loaded by the first look; judges nothing itself."""

from __future__ import annotations

from functools import partial
from typing import Any

from mockserver.control.judging import judged as in_thread
from mockserver.control.request import ControlRequest, refuse
from mockserver.core.judging.seen import Journal
from mockserver.core.judging.verdict import judged, not_known


async def told(request: ControlRequest) -> dict[str, Any]:
    """The findings in the journals of the sandboxes that are meant, and how much was looked at."""
    ignore = [one for one in request.query.get("ignore", "").split(",") if one]
    if why := not_known(ignore):
        refuse(why, "ignore")
    return await in_thread(request, partial(_told, ignore))


def _told(ignore: list[str], seen: Journal) -> dict[str, Any]:
    found = judged(seen, ignore=ignore)
    return {"findings": [one.as_json() for one in found], "requests": len(seen.requests)}
