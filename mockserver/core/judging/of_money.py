"""What a program pays for and does not get, or gets and does not use. Pure."""

from collections.abc import Iterator, Sequence

from mockserver.core.judging.case import Case, Shown
from mockserver.core.judging.seen import Seen


def paid_twice(case: Case) -> Iterator[Shown]:
    """The same bought again after an answer that was paid for and got lost."""
    found = [(bought[1], bought) for s in case.series if (bought := _bought(s.tries))]
    for group in case.by_place(found):
        usd = sum(r.usd for _, bought in group for r in bought[1:])
        _, most = max(group, key=lambda one: len(one[1]))
        yield Shown(
            f"paid {len(most)} times for one call: asked again after an answer that was lost, "
            f"for ${usd:.4g} more",
            [r for _, bought in group for r in bought[1:]],
        )


def _bought(tries: Sequence[Seen]) -> list[Seen]:
    """The attempts that were paid for, where one that was lost is not the last of them."""
    paid = [r for r in tries if r.usd > 0]
    return paid if any(r.paid == "lost" for r in paid[:-1]) else []
