"""Whether a program ever stops waiting for an answer. Pure."""

from collections.abc import Iterator

from mockserver.core.judging.case import Case, Shown, is_by_hand
from mockserver.core.judging.findings import Severity, span
from mockserver.core.judging.seen import Seen

_HELD = ("stall", "stream.stall", "lose.timeout")  # what rules do that nothing but a timeout ends
_LONG = 60.0  # seconds: whoever waits as long in a test waits for ever
_SHORT = 5.0  # seconds after which a client without a timeout of its own is suspect
#: Clients that wait for ever unless they are told otherwise.
_PATIENT = ("python-requests/", "python-urllib/", "go-http-client/", "node-fetch/")


def no_timeout(case: Case) -> Iterator[Shown]:
    """Answers that never came, and for which the program waited until its test ended."""
    seen = (*case.requests, *case.journal.downloads)
    now = max((r.until for r in seen), default=0.0)
    released = [r for r in seen if r.ended == "released" and _is_held(r)]
    found = [(r, r.milliseconds / 1000) for r in released]
    found += [(r, now - r.at) for r in case.journal.open if _is_held(r)]
    found.sort(key=lambda one: one[0].at)
    for group in case.by_place((r, held) for r, held in found if held >= _limit(r)):
        longest = max(held for _, held in group)
        yield Shown(
            f"waited {span(longest)} for an answer that never came, until the end",
            [r for r, _ in group],
            None if longest >= _LONG else Severity.NOTE,
        )


def _is_held(seen: Seen) -> bool:
    return not is_by_hand(seen) and any(e.removeprefix("download.") in _HELD for e in seen.effects)


def _limit(seen: Seen) -> float:
    return _SHORT if seen.client.lower().startswith(_PATIENT) else _LONG
