"""What the API says when it refuses at any service beside images. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.dialect_b import RATE_TAIL
from mockserver.facts.words.wording import PLATFORM, Reason, Wording

BESIDE: Mapping[Reason, Wording] = {
    Reason.RATE_LIMITED: Wording(
        429,
        "Rate limit reached for requests in organization {organization} on requests per min (RPM): "
        "Limit {limit}, Used {used}, Requested {requested}. Please try again in {wait}."
        + RATE_TAIL,
        type="requests",
        code="rate_limit_exceeded",
        form=PLATFORM,
        headers=(("retry-after", "{retry_after}"), ("retry-after-ms", "{retry_after_ms}")),
        level="assumed",
        source="as chat's models said it; not seen on these endpoints",
    ),
    Reason.NO_SUCH_CURSOR: Wording(
        404,
        "Resource not found.",
        param="{param}",
        form=PLATFORM,
        level="assumed",
        source="so another imitation of /v1/files answers (file id 70188588022, 2026)",
    ),
}
