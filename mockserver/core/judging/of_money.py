"""What a program pays for and does not get, or gets and does not use. Pure."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from mockserver.core.judging.case import (
    SLACK,
    Case,
    Place,
    Series,
    Shown,
    ended_badly,
    fields_of,
    is_odd,
)
from mockserver.core.judging.findings import Severity, times
from mockserver.core.judging.seen import Seen

_REPEATS = 2  # from which equal calls are no chance, where nobody knows who repeats them
_AT_ONCE = 0.1  # seconds within which calls are dropped because another failed
#: Clients that drop the other parts of a call where one has failed.
_ALL_OR_NOTHING = ("ai-sdk/",)


def paid_twice(case: Case) -> Iterator[Shown]:
    """The same bought again after an answer that was paid for and got lost."""
    found = [(bought[1], (bought, s)) for s in case.again if (bought := _bought(s.tries))]
    for group in case.by_place(found):
        _, (most, series) = max(group, key=lambda one: len(one[1][0]))
        more = sum(r.usd for _, (bought, _) in group for r in bought[1:])
        of = f" ({times(len(group), 'call')})" if len(group) > 1 else ""
        is_empty = all(map(_came_empty, (r for r in most[:-1] if r.paid == "lost")))
        yield Shown(
            f"paid {len(most)} times for one call, ${more:.4g} more than once: asked again after "
            f"an answer that {'had no picture' if is_empty else 'got lost'}{of}",
            [r for _, (bought, _) in group for r in bought[1:]],
            Severity.NOTE if is_empty else _how_sure(series, len(most) - 1),
        )


def _came_empty(seen: Seen) -> bool:
    """Whether all of an answer came, and no picture in it: who asks again has seen that."""
    return seen.status == 200 and not seen.ended


def _how_sure(series: Series, repeats: int) -> Severity | None:
    """A note where it may have been the test that asked once more."""
    return None if series.is_one_call or repeats >= _REPEATS else Severity.NOTE


def _bought(tries: Sequence[Seen]) -> Sequence[Seen]:
    """The attempts that were paid for, where one that was lost is not the last of them."""
    paid = [r for r in tries if r.usd > 0]
    return paid if any(r.paid == "lost" for r in paid[:-1]) else []


def received_and_asked_again(case: Case) -> Iterator[Shown]:
    """The same bought again although its picture had arrived."""
    found = [(a, (b, a)) for series in case.again for b, a in _thrown_away(series)]
    for group in case.by_place(found):
        usd = sum(before.usd for _, (before, _) in group)
        is_clients = any(before.call == after.call for _, (before, after) in group)
        yield Shown(
            f"threw away {times(len(group), 'answer')} that had arrived (${usd:.4g}), "
            "and asked for the same again",
            [after for after, _ in group],
            None if is_clients else Severity.NOTE,  # a loop of a test looks the same
        )


def _thrown_away(series: Series) -> Sequence[tuple[Seen, Seen]]:
    """Answers that had arrived, each with the attempt after it."""
    pairs = [(b, a) for b, a in series.pairs if _arrived(b) and (a.call == b.call or is_odd(b))]
    is_clients = any(b.call == a.call for b, a in pairs)
    return pairs if is_clients or series.is_one_call or len(pairs) >= _REPEATS else []


def _arrived(seen: Seen) -> bool:
    """Whether a picture was paid for and came."""
    return seen.status == 200 and seen.usd > 0 and not seen.ended and seen.paid != "lost"


def paid_for_nothing(case: Case) -> Iterator[Shown]:
    """Parallel calls that were paid for and dropped, because another one failed."""
    last = {r.call: r for r in case.asked}  # of each call, its last attempt
    failed = [r for r in last.values() if r.status >= 400 and r.status != 499]
    dropped = [*_dropped(case, failed), *_parts_dropped(case, failed)]
    for group in case.by_place(dropped):
        usd = sum(r.usd for r, _ in group)
        yield Shown(
            f"dropped {times(len(group), 'call')} that {'was' if len(group) == 1 else 'were'} "
            f"paid for (${usd:.4g}) when another at the same time failed",
            [r for r, _ in group],
        )


def _dropped(case: Case, failed: Sequence[Seen]) -> Iterator[tuple[Seen, Seen]]:
    """Calls that the client left in the moment in which another one had failed."""
    failures: dict[Place, list[Seen]] = {}
    for seen in sorted(failed, key=lambda r: r.until):
        failures.setdefault((seen.sandbox, seen.client, ""), []).append(seen)
    for seen in case.asked:
        if seen.ended != "left" or seen.paid != "lost" or seen.usd <= 0:
            continue
        among = failures.get((seen.sandbox, seen.client, ""), [])
        place = bisect_left(among, seen.until - _AT_ONCE, key=lambda r: r.until)
        if place < len(among) and _was_under_way(seen, among[place]):
            yield seen, among[place]


def _was_under_way(seen: Seen, failed: Seen) -> bool:
    return seen.at <= failed.until <= seen.until + SLACK and failed.id != seen.id


def _parts_dropped(case: Case, failed: Sequence[Seen]) -> Iterator[tuple[Seen, Seen]]:
    """Parts of one call that came, where its client takes all of them or none."""
    ids = {r.id for r in failed}
    parts: dict[tuple[Place, str], list[Seen]] = {}
    for seen in case.asked:
        if seen.client.lower().startswith(_ALL_OR_NOTHING):
            parts.setdefault((case.place(seen), fields_of(seen, "n")), []).append(seen)
    for same in parts.values():
        for together in _together(same):
            refused = next((r for r in together if r.id in ids), None)
            if refused:
                yield from ((r, refused) for r in together if not ended_badly(r) and r.usd > 0)


def _together(same: Sequence[Seen]) -> Iterator[Sequence[Seen]]:
    """Those that were begun at once."""
    row: list[Seen] = []
    for seen in same:
        if row and seen.at - row[0].at > _AT_ONCE:
            yield row
            row = []
        row.append(seen)
    yield row
