"""Which calls were paid for more than once: an answer was lost, and made again. Pure."""

from collections.abc import Iterable, Sequence

from mockserver.core.journal import LOST
from mockserver.core.judging.seen import Seen

#: Seconds: who was left may notice it after the next attempt has come.
_SLACK = 0.1


def paid_twice(requests: Iterable[Seen]) -> list[Sequence[Seen]]:
    """The paid attempts of each call that was paid for more than once, the oldest first.

    An attempt whose answer was paid for and lost is made again by the next equal request that comes
    after its end, whether a client says that it is a retry or not. Equal requests of which each
    has got its answer, or that were under way together, are calls of their own.

    Args:
        requests: the oldest first.
    """
    chains: dict[str, list[list[Seen]]] = {}  # by what was asked
    for one in requests:
        if one.paid:
            asked = repr((one.sandbox, one.path, sorted(one.sent.items())))
            _continued(chains.setdefault(asked, []), one).append(one)
    found = [chain for of_one in chains.values() for chain in of_one if len(chain) > 1]
    return sorted(found, key=lambda chain: chain[0].at)


def _continued(chains: list[list[Seen]], one: Seen) -> list[Seen]:
    """The oldest chain that a request may go on with, or a new one."""
    for chain in chains:
        last = chain[-1]
        if last.paid == LOST and (last.call == one.call or last.until <= one.at + _SLACK):
            return chain
    chains.append([])
    return chains[-1]
