"""One sandbox in the memory of a process: loads, asks the core, commits.

Each step is atomic, because nothing here waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from mockserver.core.journal import Record
from mockserver.core.limits import Verdict
from mockserver.core.rules.magic_words import MAGIC
from mockserver.core.rules.precedence import Fired, in_order
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import Option, Options, rulebook
from mockserver.core.sandbox import clock as clocks
from mockserver.core.sandbox import varied_pictures as varied
from mockserver.core.sandbox.account import FULL, Account, lost, refunded, settle
from mockserver.core.sandbox.clock import Wait
from mockserver.core.sandbox.eviction import Summary
from mockserver.core.sandbox.items import Item, Kind
from mockserver.core.sandbox.ledger import BILL_BYTES, Bill, Use, use_of
from mockserver.core.sandbox.logs import write_down
from mockserver.core.sandbox.rulebook import NEVER, Count, RuleBook
from mockserver.core.sandbox.state import EMPTIED, SANDBOX_BYTES, SPARE, State, emptied
from mockserver.facts.costs import Limit
from mockserver.store.protocol import EVERYONE
from mockserver.store.sandbox_tables import SandboxTables
from mockserver.store.saved import SavedSandbox
from mockserver.store.tables import Table, Tally


class MemorySandbox:
    """One sandbox; `number` counts its lives. `everyone` has the rules of all."""

    def __init__(
        self,
        name: str,
        number: int,
        options: Options,
        rules: Sequence[Rule],
        tally: Tally | None = None,
        everyone: MemorySandbox | None = None,
        files: Tally | None = None,
        file_room: float = inf,
    ) -> None:
        self.name = name
        self.number = number
        self.used = 0  # nanoseconds since the epoch, the last time
        self.is_warned = False  # the log has told something of it
        self.size = 0  # bytes, as they were told to the tally
        self._everyone = everyone
        self._tally = tally or Tally()
        self._files = files or Tally()  # the contents of all sandboxes
        self._stored = 0  # bytes of contents, as they were told to that
        self._first = State(options, rulebook.begun(rulebook.numbered(rules)))
        self.options, self._book, self._account, self._clock = self._first
        self._tables = SandboxTables(file_room)
        self._given = 0  # ids of items
        self._grow(SANDBOX_BYTES)

    @property
    def _state(self) -> State:
        return State(self.options, self._book, self._account, self._clock)

    def _grow(self, change: int) -> None:
        """Tell the tally what came or went."""
        self.size += change
        self._tally.add(change)

    def _clear(self, names: Sequence[str]) -> None:
        self._grow(self._tables.clear(names))
        self._weigh()

    def shed(self) -> None:
        """Let go of all that was not set on purpose, for others need the room."""
        self._clear(SPARE)
        self._grow(self._tables.ledger.sum_up())
        self._grow(self._tables.items.spill())

    def shed_items(self, kinds: Sequence[Kind]) -> None:
        """Let go of files, batches and responses too, or of some of these kinds."""
        self._clear(kinds)

    def _weigh(self) -> None:
        """Tell the tally of contents what came or went."""
        change = self._tables.items.stored - self._stored
        self._stored += change
        self._files.add(change)

    def leave(self) -> None:
        """Be no longer counted: whoever has this sandbox still may use it, to no effect."""
        self._tally.rules -= self._book.size
        self._tally.add(-self.size)
        self._files.add(-self._stored)
        self._tally = self._files = Tally()
        self._everyone = self._everyone and self._everyone._aside()

    def _aside(self) -> MemorySandbox:
        """Another one with these rules: it counts for itself."""
        made = MemorySandbox(self.name, self.number, self.options, ())
        made._book = self._book
        made._tables.counts.restore(self._tables.counts.rows())
        return made

    def saved(self) -> SavedSandbox:
        """All of it, which changes no more; of the file's rules that are as they were their ids."""
        file = {*self._first.rules.rules}
        return SavedSandbox(
            self.name,
            self.number,
            self.used,
            self.is_warned,
            self._first.options,
            self._state._replace(rules=self._book._replace(rules=())),
            [r.id if r in file else r for r in self._book.rules],
            self._tables.saved(),
            self._given,
        )

    def restore(self, saved: SavedSandbox) -> None:
        """Be as one that was saved; it is new yet."""
        self.used, self.is_warned, self._given = saved.used, saved.is_warned, saved.given
        self.options, book, self._account, self._clock = saved.state
        file = {rule.id: rule for rule in self._first.rules.rules}
        rules = [file[r] if isinstance(r, str) else r for r in saved.rules]
        self._book = book._replace(rules=tuple(rules))
        grown = book.size
        self._tally.rules += grown
        self._grow(grown + self._tables.restore(saved.tables))
        self._weigh()

    @property
    def summary(self) -> Summary:
        """What decides whether it may go."""
        is_set_up = self._state.is_set_up
        spare = self._tables.size((*SPARE, "ledger"))
        is_empty = self._tables.are_empty and not (self._account.spent or is_set_up)
        return Summary(self.name, self.used, is_set_up, is_empty, self.size, spare)

    def first_warning(self) -> bool:
        """Whether nothing was told of this sandbox yet; from now on, something was."""
        is_first, self.is_warned = not self.is_warned, True
        return is_first

    async def configure(self, changes: Mapping[str, Option]) -> None:
        """Change some of what it is set to."""
        changed: dict[str, Any] = {**changes}
        self.options = self.options._replace(**changed)

    async def forget(self, *, only: Sequence[str]) -> None:
        """Empty parts of it."""
        for part in only:
            state = emptied(self._state, part, self._first)
            self.options, book, self._account, self._clock = state
            self._commit(book)
            self._clear(EMPTIED[part])

    # -- clock ---------------------------------------------------------------------------------

    @property
    def offset(self) -> int:
        """Nanoseconds by which the clock was moved."""
        return self._clock.offset

    @property
    def is_to_stand(self) -> bool:
        """Whether its clock is to stand still from its next look on."""
        return self.options.standing and self._clock.stands_at is None

    def peek(self, real: int) -> int:
        """The sandbox's time, where a clock that is to stand does not yet."""
        return clocks.look(self._clock, real, standing=self.options.standing)[1]

    def now(self, real: int) -> int:
        """The sandbox's time."""
        self._clock, now = clocks.look(self._clock, real, standing=self.options.standing)
        return now

    async def advance(self, nanoseconds: int) -> None:
        """Move the clock on."""
        self._clock = clocks.advance(self._clock, nanoseconds)

    async def tell_wait(self, wait: Wait) -> None:
        """Remember a wait."""
        self._grow(self._tables.waits.put(wait.body, wait))

    async def serve_wait(self, body: bytes, real: int) -> int:
        """Move the clock on by a wait that was served."""
        wait = self._tables.waits.get(body)
        if wait is None or not wait.is_served(real):
            return 0
        self._grow(self._tables.waits.pop(body))
        standing = self.options.standing
        self._clock, milliseconds = clocks.serve(self._clock, wait, real, standing=standing)
        return milliseconds

    # -- rules ---------------------------------------------------------------------------------

    @property
    def rules(self) -> Sequence[Rule]:
        """Its own and everyone's, in the order in which they are tried."""
        if self._everyone is None or not self._everyone.rules:
            return self._book.rules
        return in_order([*self._book.rules, *self._everyone.rules])

    def _commit(self, book: RuleBook) -> None:
        more = book.size - self._book.size
        rulebook.check_room(book.size, more, self._tally.rules, self._tally.most)
        self._book = book
        self._tally.rules += more
        self._grow(more)

    async def add(self, rule: Rule) -> Rule:
        """Add a rule."""
        book, rule = rulebook.write(self._book, rule, "a" if self.name == EVERYONE else "r")
        self._commit(book)
        return rule

    async def remove(self, rule_id: str) -> None:
        """Remove a rule."""
        self._commit(rulebook.erase(self._book, rule_id))
        self._tables.counts.pop(rule_id)

    async def put(self, rule: Rule) -> None:
        """Put a rule in the place of another."""
        self._commit(rulebook.rewrite(self._book, rule))
        self._tables.counts.pop(rule.id)

    def _counts_of(self, rule_id: str) -> Table[str, Count]:
        """Where a rule is counted: one of everyone's for all sandboxes together."""
        if rule_id.startswith(MAGIC):
            return self._tables.words
        return (
            self._everyone if self._everyone and rule_id.startswith("a") else self
        )._tables.counts

    async def claim(self, rules: Sequence[Rule]) -> list[Fired]:
        """Count a request that matches."""
        tables = [self._counts_of(rule.id) for rule in rules]
        counts = [t.get(r.id) or NEVER for t, r in zip(tables, rules, strict=True)]
        counts, fired = rulebook.claim(rules, counts)
        for table, rule, count in zip(tables, rules, counts, strict=True):
            self._grow(table.put(rule.id, count))
        return fired

    async def claim_named(self, named: Sequence[str | Rule]) -> list[Fired]:
        """The same of rules that are named by their ids, or given; those that went are no more."""
        known = {rule.id: rule for rule in self.rules}
        rules = [known.get(one) if isinstance(one, str) else one for one in named]
        return await self.claim([rule for rule in rules if rule])

    def counted(self, rule_id: str) -> Count:
        """How often a rule was met and has fired."""
        return self._counts_of(rule_id).get(rule_id) or NEVER

    # -- limits and ledger ---------------------------------------------------------------------

    async def admit(
        self,
        model: str,
        *,
        limits: Sequence[Limit],
        charge: Mapping[str, int],
        now: int,
        bill: Bill | None = None,
    ) -> Verdict:
        """Take a charge and pay its bill together."""
        self._account, verdict = settle(
            self._account,
            model,
            limits=limits,
            charge=charge,
            options=self.options,
            amount=bill.micro if bill else 0,
            now=now,
        )
        if bill and bill.micro and verdict.admitted:
            self._grow(self._tables.ledger.append(bill))
        return verdict

    async def lose(self, bill: str, amount: int) -> None:
        """Note that nothing has come of what was paid for."""
        self._account = lost(self._account, amount)
        self._tables.ledger.lose(bill)

    async def refund(self, bill: str) -> bool:
        """Give back what was paid."""
        found = self._tables.ledger.strike(bill)
        if found:
            self._account = refunded(self._account, found.micro, found.at)
            self._grow(-BILL_BYTES)
        return found is not None

    async def account(self) -> Account:
        """What was taken so far."""
        return self._account

    async def refill(self) -> None:
        """Fill every bucket."""
        self._account = self._account._replace(buckets=FULL)

    async def billed(self) -> list[Bill]:
        """The last bills, the oldest first."""
        return list(self._tables.ledger.bills)

    async def uses(self) -> list[Use]:
        """What was charged for, in bills or in sums."""
        return [*self._tables.ledger.sums.values(), *map(use_of, self._tables.ledger.bills)]

    # -- repeats and journal -------------------------------------------------------------------

    async def repeat(self, digest: bytes) -> int:
        """Count an equal request."""
        before = self._tables.repeats.get(digest) or 0
        self._grow(self._tables.repeats.put(digest, before + 1))
        return before

    async def take_back(self, digest: bytes, repeat: int) -> None:
        """Count it no longer, if it is the last."""
        if (count := self._tables.repeats.get(digest)) is not None:
            self._tables.repeats.put(digest, varied.take_back(count, repeat))

    def record(self, record: Record, *, number: int) -> None:
        """Write a request down, and find the call that it is an attempt of."""
        attempt = record.attempt
        tried = self._tables.calls.get(attempt.body) or () if attempt else ()
        entries, call, now_tried = write_down(record, tried, is_late=number != self.number)
        if call:
            record.call, record.retries = call
        if attempt and tried:
            record.same_connection = tried[-1].attempt.connection == attempt.connection
        grown = self._tables.calls.put(attempt.body, now_tried) if attempt and call else 0
        for log, entry in entries:
            grown += self._tables.logs[log].append(entry)
        self._grow(grown)

    @property
    def journal(self) -> int:
        """Bytes of all records, roughly."""
        return self._tables.journal

    def correct(self, number: int, trace: list[str], paid: str, ended: str) -> None:
        """Change what a record tells of its end; the trace is as long as before."""
        entries = (r for log in self._tables.logs.values() for r in reversed(log.entries))
        if found := next((r for r in entries if r.number == number), None):
            found.trace, found.paid, found.ended = trace, paid, ended

    async def requests(self) -> list[Record]:
        """What was asked, the oldest first."""
        return list(self._tables.logs["requests"].entries)

    async def downloads(self) -> list[Record]:
        """What was downloaded, the oldest first."""
        return list(self._tables.logs["downloads"].entries)

    async def late(self) -> list[Record]:
        """What an earlier life asked for."""
        return list(self._tables.logs["late"].entries)

    # -- items ---------------------------------------------------------------------------------

    async def next_number(self) -> int:
        """Count an id that is given to an item."""
        self._given += 1
        return self._given

    async def save(self, kind: Kind, item: Item) -> None:
        """Keep an item, or another state of it."""
        known = await self.item(kind, item.id) if hasattr(item.value, "beside") else None
        if known:  # another process may have cancelled it, or have gone on with it
            value = item.value.beside(known.value)
            item = (known if value.done > item.value.done else item)._replace(value=value)
        self._grow(self._tables.items.of(kind).put(item))
        self._weigh()

    async def item(self, kind: Kind, item_id: str) -> Item | None:
        """The item of an id."""
        return self._tables.items.of(kind).items.get(item_id)

    async def items(self, kind: Kind) -> list[Item]:
        """All items of a kind, the oldest first."""
        return list(self._tables.items.of(kind).items.values())

    async def lead(self, work: str, now: int, until: int, process: int = 0) -> bool:
        """Whether a process may do a work."""
        leader, its_until = self._tables.leaders.get(work) or (process, 0)
        if leader != process and now < its_until:
            return False
        self._tables.leaders.put(work, (process, until))
        return True

    async def drop(self, kind: Kind, item_id: str) -> None:
        """Keep an item no longer."""
        self._grow(self._tables.items.of(kind).pop(item_id))
        self._weigh()
