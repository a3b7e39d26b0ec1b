"""What a sandbox was charged: its last bills, and sums of those before them. Stores nothing.

A bill that makes place for newer ones goes into the sum of its minute and of what it was for. Where
there are too many sums, the oldest minutes become hours, the oldest hours days, and only then are
sizes, operations and models put together: money, requests and pictures are exact to the day always.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from mockserver.core.durations import SECOND
from mockserver.core.sandbox import MICRO
from mockserver.facts.tokens import TOKENS

BILLS = 1_000  # of more the oldest are summed up
BILL_BYTES = 600  # of one
SUMS = 8_000  # of more the oldest are put together, until half are left
SUM_BYTES = 600  # of one
MINUTE, HOUR, DAY = 60, 3600, 86_400  # seconds
NO_TOKENS: Mapping[str, int] = {}


class Bill(NamedTuple):
    """What the ledger keeps of a request that was paid for."""

    id: str  # x-request-id
    at: int  # nanoseconds since the epoch, by the sandbox's clock
    model: str
    size: str  # of the pictures
    n: int
    micro: int  # of a dollar
    operation: str  # as in the facts: that on images, by whatever way it came
    tokens: Mapping[str, int] = NO_TOKENS  # by kind; none where pictures are paid for
    lost: bool = False  # whether nothing of it has come

    @property
    def usd(self) -> float:
        """The price."""
        return self.micro / MICRO


class Cell(NamedTuple):
    """What a sum is of; "" is what was put together."""

    width: int  # seconds
    start: int  # seconds since the epoch, a multiple of the width
    model: str
    size: str
    operation: str


class Use(NamedTuple):
    """What was charged for: one request, or several of one kind."""

    at: int  # nanoseconds since the epoch, by the sandbox's clock: of several the first
    model: str
    size: str
    operation: str
    requests: int
    images: int
    micro: int  # of a dollar
    tokens: tuple[int, ...]  # by kind, in the order of the facts


Sums = dict[Cell, Use]


def use_of(bill: Bill) -> Use:
    """What a bill is for."""
    tokens = tuple([bill.tokens.get(kind, 0) for kind in TOKENS])
    of = bill.at, bill.model, bill.size, bill.operation
    return Use(*of, 1, bill.n, bill.micro, tokens)


def add(sums: Sums, bill: Bill) -> Sums:
    """Sum a bill up, into these sums or into fewer."""
    start = bill.at // SECOND // MINUTE * MINUTE
    cell = Cell(MINUTE, start, bill.model, bill.size, bill.operation)
    known = sums.get(cell)
    if known is None or bill.tokens:
        sums[cell] = _joined(cell, use_of(bill), known)
    else:  # which comes at each of many
        at, _, _, _, requests, images, micro, tokens = known
        count = requests + 1, images + bill.n, micro + bill.micro, tokens
        sums[cell] = Use(min(bill.at, at), bill.model, bill.size, bill.operation, *count)
    return condensed(sums, SUMS // 2) if len(sums) > SUMS else sums


def condensed(sums: Sums, most: int) -> Sums:
    """The same in `most` sums, or in as few as there can be."""
    for coarser in _COARSER:
        if len(sums) > most:
            sums = _put_together(sums, coarser, most)
    return sums


def _put_together(sums: Sums, coarser: Callable[[Cell], Cell], most: int) -> Sums:
    """The oldest sums in coarser cells, until there are no more than `most`."""
    found, left = Sums(), len(sums)
    for cell, use in sorted(sums.items(), key=lambda item: (item[0].start, -item[0].width)):
        place = coarser(cell) if left > most else cell
        left -= place in found
        found[place] = _joined(place, use, found.get(place))
    return found


def _joined(cell: Cell, use: Use, other: Use | None) -> Use:
    if other is None:
        return use._replace(model=cell.model, size=cell.size, operation=cell.operation)
    return Use(
        min(use.at, other.at),
        *cell[2:],
        use.requests + other.requests,
        use.images + other.images,
        use.micro + other.micro,
        tuple(map(sum, zip(use.tokens, other.tokens, strict=True))),
    )


def _widened(cell: Cell, width: int) -> Cell:
    """The cell that this one is in, if it is a narrower one."""
    if cell.width >= width:
        return cell
    return cell._replace(width=width, start=cell.start // width * width)


_COARSER: Iterable[Callable[[Cell], Cell]] = (
    lambda cell: _widened(cell, HOUR),
    lambda cell: _widened(cell, DAY),
    lambda cell: cell._replace(size=""),
    lambda cell: cell._replace(operation=""),
    lambda cell: cell._replace(model=""),
)
