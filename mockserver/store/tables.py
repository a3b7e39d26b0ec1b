"""Logs and tables in memory. Each knows its bytes, and tells how many more a change takes."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import inf
from typing import Generic, NamedTuple, TypeVar

from mockserver.core.errors import ApiError
from mockserver.core.journal import Record
from mockserver.core.sandbox.items import CONTENT_BYTES, ITEM_BYTES, ITEMS, KINDS, Item, Kind
from mockserver.core.sandbox.ledger import BILL_BYTES, BILLS, SUM_BYTES, Bill, Sums, add, condensed
from mockserver.core.sandbox.logs import is_over

K = TypeVar("K")
V = TypeVar("V")


class Log:
    """The last records, the oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Record] = deque()
        self.size = 0

    def append(self, entry: Record) -> int:
        """Append one; the oldest go."""
        before = self.size
        self.entries.append(entry)
        self.size += entry.size
        while is_over(len(self.entries), self.size):
            self.size -= self.entries.popleft().size
        return self.size - before

    def clear(self) -> int:
        """Drop all."""
        self.entries.clear()
        gone, self.size = self.size, 0
        return -gone


class Ledger:
    """The last bills, the oldest first, and sums of those before them."""

    def __init__(self) -> None:
        self.bills: deque[Bill] = deque()
        self.sums = Sums()

    @property
    def size(self) -> int:
        """Bytes of all."""
        return BILL_BYTES * len(self.bills) + SUM_BYTES * len(self.sums)

    def append(self, bill: Bill) -> int:
        """Append one; the oldest is summed up."""
        self.bills.append(bill)
        if len(self.bills) <= BILLS:
            return BILL_BYTES
        before = len(self.sums)
        self.sums = add(self.sums, self.bills.popleft())
        return SUM_BYTES * (len(self.sums) - before)

    def lose(self, bill_id: str) -> None:
        """Mark a bill as one of which nothing has come, if it is among the last."""
        for place in range(len(self.bills) - 1, -1, -1):
            if self.bills[place].id == bill_id:
                self.bills[place] = self.bills[place]._replace(lost=True)
                return

    def strike(self, bill_id: str) -> Bill | None:
        """Take a bill out, if it is among the last."""
        found = next((b for b in reversed(self.bills) if b.id == bill_id), None)
        if found:
            self.bills.remove(found)
        return found

    def sum_up(self) -> int:
        """Keep sums by the day alone."""
        before = self.size
        while self.bills:
            self.sums = add(self.sums, self.bills.popleft())
        self.sums = condensed(self.sums, 1)
        return self.size - before

    def clear(self) -> int:
        """Drop all."""
        gone = self.size
        self.bills.clear()
        self.sums = Sums()
        return -gone


class Table(Generic[K, V]):
    """The values that were put last, by key.

    Args:
        size: bytes of an item.
        most: how many items there may be; of more, the keys that were put longest ago go.
        items: how many a value is.
    """

    def __init__(self, size: int, most: float = inf, items: Callable[[V], int] = lambda _: 1):
        self._each, self._most, self._items = size, most, items
        self._rows: OrderedDict[K, V] = OrderedDict()
        self._number = 0

    @property
    def size(self) -> int:
        """Bytes of all items."""
        return self._each * self._number

    def get(self, key: K) -> V | None:
        """The value of a key."""
        return self._rows.get(key)

    def rows(self) -> list[tuple[K, V]]:
        """All keys with their values, in the order in which they were put."""
        return [*self._rows.items()]

    def restore(self, rows: Iterable[tuple[K, V]]) -> int:
        """Put rows of another one."""
        return sum(self.put(key, value) for key, value in rows)

    def put(self, key: K, value: V) -> int:
        """Set the value of a key, now the newest; the oldest go."""
        before = self._number
        if (old := self._rows.pop(key, None)) is not None:
            self._number -= self._items(old)
        self._rows[key] = value
        self._number += self._items(value)
        while self._number > self._most:
            self._number -= self._items(self._rows.popitem(last=False)[1])
        return self._each * (self._number - before)

    def pop(self, key: K) -> int:
        """Drop a key, if it is there."""
        if (old := self._rows.pop(key, None)) is None:
            return 0
        gone = self._items(old)
        self._number -= gone
        return -self._each * gone

    def clear(self) -> int:
        """Drop all."""
        gone, self._number = self.size, 0
        self._rows.clear()
        return -gone


class Weight(NamedTuple):
    """Bytes of an item, or of many."""

    own: int = 0  # in memory, but for its content
    in_memory: int = 0  # of its content
    stored: int = 0  # of its content, in memory or not

    @classmethod
    def of(cls, item: Item) -> Weight:
        """What an item weighs now: a content may grow."""
        if item.content is None:
            return cls(item.size)
        return cls(item.size, item.content.in_memory, item.content.size)

    def __sub__(self, other: Weight) -> Weight:
        return Weight(*(a - b for a, b in zip(self, other, strict=True)))

    def plus(self, other: Weight) -> Weight:
        """Both together."""
        return Weight(*(a + b for a, b in zip(self, other, strict=True)))


class Shelf:
    """Items by id, the oldest first; of more than there may be the oldest go.

    Args:
        room: bytes of all contents, in memory or not.
    """

    def __init__(self, room: float = inf) -> None:
        self.items: OrderedDict[str, Item] = OrderedDict()
        self._room = room
        self._weights: dict[str, Weight] = {}  # of each as it was put there
        self._total = Weight()

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self._total.own + self._total.in_memory

    @property
    def stored(self) -> int:
        """Bytes of contents, in memory or not."""
        return self._total.stored

    def put(self, item: Item) -> int:
        """Put one there, or in the place of the one with its id.

        Raises:
            ApiError: its content has to go to the disk, which takes no more; it is not put there.
        """
        before, weight = self.size, Weight.of(item)
        others = self._total - self._weights.get(item.id, Weight())
        if item.content is not None and others.in_memory + weight.in_memory > CONTENT_BYTES:
            item.content.spill()
            weight = Weight.of(item)
        self.items[item.id] = item
        self._weigh(item.id, weight)
        while self._is_full:
            self._weigh(self.items.popitem(last=False)[0], None)
        return self.size - before

    @property
    def _is_full(self) -> bool:
        is_heavy = self._total.own > ITEM_BYTES or self._total.stored > self._room
        return is_heavy or len(self.items) > ITEMS

    def _weigh(self, item_id: str, weight: Weight | None) -> None:
        """Count an item with this weight from now on; None is no longer."""
        self._total -= self._weights.pop(item_id, Weight())
        if weight is not None:
            self._weights[item_id] = weight
            self._total = self._total.plus(weight)

    def spill(self) -> int:
        """Keep no content in memory, but what the disk does not take."""
        before = self.size
        with suppress(ApiError):
            for item in self.items.values():
                if item.content is not None:
                    item.content.spill()
                    self._weigh(item.id, Weight.of(item))
        return self.size - before

    def pop(self, key: str) -> int:
        """Drop one, if it is there."""
        before = self.size
        self.items.pop(key, None)
        self._weigh(key, None)
        return self.size - before

    def clear(self) -> int:
        """Drop all."""
        gone, self._total = self.size, Weight()
        self.items.clear()
        self._weights.clear()
        return -gone


class Shelves:
    """The items of a sandbox by kind; most sandboxes have none.

    Args:
        room: bytes of all contents of a kind, in memory or not.
    """

    def __init__(self, room: float) -> None:
        self._room = room
        self._shelves: dict[Kind, Shelf] = {}

    def of(self, kind: Kind) -> Shelf:
        """Those of a kind."""
        return self._shelves.get(kind) or self._shelves.setdefault(kind, Shelf(self._room))

    def all(self) -> dict[Kind, list[Item]]:
        """The items of each kind that there is one of, the oldest first."""
        shelves = {kind: self._shelves[kind] for kind in KINDS if kind in self._shelves}
        return {kind: [*shelf.items.values()] for kind, shelf in shelves.items() if shelf.items}

    def restore(self, items: Mapping[Kind, Iterable[Item]]) -> int:
        """Put items of another one."""
        return sum(self.of(kind).put(item) for kind, of_kind in items.items() for item in of_kind)

    def spill(self) -> int:
        """Keep no content in memory, but what the disk does not take."""
        return sum(shelf.spill() for shelf in self._shelves.values())

    @property
    def stored(self) -> int:
        """Bytes of contents, in memory or not."""
        return sum(shelf.stored for shelf in self._shelves.values())

    @property
    def is_empty(self) -> bool:
        """Whether there is none."""
        return not any(shelf.items for shelf in self._shelves.values())


class Tally:
    """The bytes of all sandboxes; makes room when they are more than `most`."""

    def __init__(self, most: int | None = None, make_room: Callable[[], None] | None = None):
        self.most = most
        self.taken = 0
        self.rules = 0  # of these those of rules, which nobody but their author takes away
        self._bound = inf if most is None else most
        self._make_room = make_room

    def add(self, change: int) -> None:
        """So many bytes more, or less."""
        self.taken += change
        if change > 0 and self.taken > self._bound and self._make_room:
            self._make_room()

    @property
    def is_over(self) -> bool:
        """Whether they are more than there may be."""
        return self.taken > self._bound
