"""The logs and tables of one sandbox in memory. Each change tells how many bytes more it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.core.sandbox import clock as clocks
from mockserver.core.sandbox import retries, rulebook
from mockserver.core.sandbox import varied_pictures as varied
from mockserver.core.sandbox.clock import Wait
from mockserver.core.sandbox.items import ITEMS, KINDS
from mockserver.core.sandbox.ledger import SUM_BYTES
from mockserver.core.sandbox.logs import LOGS, LogName
from mockserver.core.sandbox.retries import Tried
from mockserver.core.sandbox.rulebook import Count
from mockserver.store.saved import SavedTables
from mockserver.store.tables import Ledger, Log, Shelf, Shelves, Table

_Part = Ledger | Log | Table[Any, Any] | Shelf


class SandboxTables:
    """All of them, empty.

    Args:
        file_room: bytes of all contents of a kind of items.
    """

    def __init__(self, file_room: float) -> None:
        self.logs: dict[LogName, Log] = {name: Log() for name in LOGS}
        self.ledger = Ledger()
        self.counts: Table[str, Count] = Table(0)
        self.words: Table[str, Count] = Table(rulebook.COUNT_BYTES, rulebook.WORDS)
        self.calls: Table[bytes, Sequence[Tried]] = Table(retries.OPEN_BYTES, retries.OPEN, len)
        self.waits: Table[bytes, Wait] = Table(clocks.WAIT_BYTES, clocks.WAITS)
        self.repeats: Table[bytes, int] = Table(varied.REPEAT_BYTES, varied.REPEATED)
        self.leaders: Table[str, tuple[int, int]] = Table(0, ITEMS)  # process and until, by work
        self.items = Shelves(file_room)

    def _parts(self, names: Sequence[str]) -> list[_Part]:
        found: dict[str, _Part] = {
            **{kind: self.items.of(kind) for kind in KINDS},
            **{str(name): log for name, log in self.logs.items()},
            "ledger": self.ledger,
            "counts": self.counts,
            "words": self.words,
            "calls": self.calls,
            "waits": self.waits,
            "repeats": self.repeats,
        }
        return [found[name] for name in names]

    def size(self, names: Sequence[str]) -> int:
        """Bytes of those of these names."""
        return sum(part.size for part in self._parts(names))

    def clear(self, names: Sequence[str]) -> int:
        """Empty those of these names."""
        return sum(part.clear() for part in self._parts(names))

    @property
    def are_empty(self) -> bool:
        """Whether nothing is in them that anybody could miss."""
        asked = self.logs["requests"].entries or self.logs["downloads"].entries
        return not asked and self.items.is_empty

    @property
    def journal(self) -> int:
        """Bytes of all records, roughly."""
        asked, downloaded, late = self.logs.values()  # there may be 10,000 of these to be summed
        return asked.size + downloaded.size + late.size

    def saved(self) -> SavedTables:
        """All that is in them, which changes no more."""
        return SavedTables(
            {name: [*log.entries] for name, log in self.logs.items() if log.entries},
            [*self.ledger.bills],
            [*self.ledger.sums.items()],
            self.counts.rows(),
            self.words.rows(),
            self.calls.rows(),
            self.waits.rows(),
            self.repeats.rows(),
            self.leaders.rows(),
            self.items.all(),
        )

    def restore(self, saved: SavedTables) -> int:
        """Take what was saved of others; they are empty yet."""
        self.ledger.sums = dict(saved.sums)
        grown = SUM_BYTES * len(saved.sums) + sum(map(self.ledger.append, saved.bills))
        for name, entries in saved.logs.items():
            grown += sum(map(self.logs[name].append, entries))
        grown += self.counts.restore(saved.counts) + self.words.restore(saved.words)
        grown += self.calls.restore(saved.calls) + self.waits.restore(saved.waits)
        grown += self.repeats.restore(saved.repeats) + self.leaders.restore(saved.leaders)
        return grown + self.items.restore(saved.items)
