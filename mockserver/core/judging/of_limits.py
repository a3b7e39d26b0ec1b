"""Whether a program keeps what it has under way within the limits of its account. Pure."""

import re
from collections.abc import Iterator, Sequence

from mockserver.core.judging.case import SLACK, Case, Shown
from mockserver.core.judging.seen import Seen

#: How a trace tells what a limit has refused; of another unit there is its name before `a minute`.
_REFUSED = re.compile(r"limit (\d+) a minute: \d+ used, \d+ more is too many")
_LIMITS = ("rate_limited", "over_limit")


def over_limit_in_flight(case: Case) -> Iterator[Shown]:
    """More under way at once than a minute lets through, and some of it lost by that."""
    calls: dict[tuple[str, str], list[Seen]] = {}
    for seen in case.asked:
        calls.setdefault((seen.sandbox, seen.model), []).append(seen)
    last = {series.tries[-1].id for series in case.series}
    for asked in calls.values():
        lost = [r for r in asked if r.id in last and _limit(r)]
        if not lost:
            continue
        limit, most = min(_limit(r) for r in lost), _at_once(asked)
        if most > limit:
            yield Shown(
                f"had {most} requests under way at once where {limit} pictures a minute pass; "
                f"{len(lost)} came to nothing",
                lost,
            )


def _limit(seen: Seen) -> int:
    """The pictures a minute for which a request was refused; 0 if it was not, or by a rule."""
    if seen.reason not in _LIMITS:
        return 0
    return next((int(m[1]) for line in seen.trace if (m := _REFUSED.fullmatch(line))), 0)


def _at_once(asked: Sequence[Seen]) -> int:
    """How many were under way at one time, at most."""
    ends = ((max(r.at, r.until - SLACK), 1) for r in asked)
    most = now = 0
    for _, is_end in sorted([*((r.at, 0) for r in asked), *ends]):  # beginnings first
        now += -1 if is_end else 1
        most = max(most, now)
    return most
