"""GET /_mock/coverage: which kinds of failure a program has met. Loaded by the first look."""

from __future__ import annotations

from typing import Any

from mockserver.control.judging import judged
from mockserver.control.request import ControlRequest
from mockserver.core.judging import coverage


async def told(request: ControlRequest) -> dict[str, Any]:
    """What was met in the sandboxes that are meant."""
    return await judged(request, coverage.told)
