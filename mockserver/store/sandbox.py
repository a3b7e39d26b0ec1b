"""One sandbox in the memory of a process. Each step is atomic, because nothing here waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from mockserver.core.journal import Bill, Record
from mockserver.core.limits import Bucket, Verdict, settle
from mockserver.core.rules.parser import RuleError
from mockserver.core.rules.precedence import Fired, in_order, with_rule
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import FARTHEST, Options, Wait
from mockserver.store import EVERYONE
from mockserver.store.tables import (
    BILL,
    RECORDS,
    Calls,
    Counts,
    Journal,
    Repeats,
    Tally,
    Waits,
    claim,
    weight_of,
)

MIB = 1024 * 1024
RULE_BYTES = 32 * MIB  # of one sandbox: six pictures as large as the API takes them, in base64
_SANDBOX = 5_500  # bytes of one that is empty
_PLAIN = Options()


class MemorySandbox:
    """One sandbox in dictionaries; `number` counts its lives. `everyone` has the rules of all."""

    def __init__(
        self,
        name: str,
        number: int,
        options: Options,
        rules: Sequence[Rule],
        tally: Tally | None = None,
        everyone: MemorySandbox | None = None,
    ) -> None:
        self.name = name
        self._everyone = everyone
        self.number = number
        self.options = self._begun = options
        self.used = 0  # nanoseconds since the epoch, the last time
        self._own = numbered(rules)
        self._tally = tally or Tally()
        self.size = 0  # bytes, as they were told to the tally
        self._rule_bytes = 0
        self._offset = 0
        self._stands_at: int | None = None
        self.is_warned = False  # the log has told something of it
        self._ids = 0
        self._buckets: dict[str, Bucket] = {}
        self._spent = 0
        self._waits = Waits()
        self._billed = deque[Bill](maxlen=RECORDS)
        self._forget_rules()
        self._forget_requests()
        self._count()

    def _forget_rules(self) -> None:
        self._weigh_rules(-self._rule_bytes)
        self._rules: list[Rule] = []
        for rule in self._own:
            self._rules = with_rule(self._rules, rule)
        self._counts = Counts()

    def _forget_requests(self) -> None:
        self._requests, self._downloads = Journal(), Journal()
        self._late = Journal()
        self._calls = Calls()
        self._repeats = Repeats()

    def _count(self) -> None:
        """Tell the tally what came or went."""
        taken = (
            _SANDBOX
            + self._rule_bytes
            + self._requests.size
            + self._downloads.size
            + self._late.size
            + BILL * len(self._billed)
            + self._calls.size
            + self._counts.size
            + self._waits.size
            + self._repeats.size
        )
        change, self.size = taken - self.size, taken
        self._tally.add(change)

    def shed(self) -> None:
        """Let go of all that was not set on purpose, for others need the room."""
        self._forget_requests()
        self._billed, self._waits = deque[Bill](maxlen=RECORDS), Waits()
        self._counts.forget_words()
        self._count()

    def leave(self) -> None:
        """Be no longer counted: whoever has this sandbox still may use it, to no effect."""
        self._tally.rules -= self._rule_bytes
        self._tally.add(-self.size)
        self._tally = Tally()

    def now(self, real: int) -> int:
        """The machine's time and the offset; a standing clock starts at its first look."""
        if not self.options.standing:
            return real + self._offset
        if self._stands_at is None:
            self._stands_at = real
        return self._stands_at + self._offset

    async def advance(self, nanoseconds: int) -> None:
        """Move the clock on."""
        self._offset = min(self._offset + nanoseconds, FARTHEST * 1_000_000_000)

    @property
    def offset(self) -> int:
        """Nanoseconds by which the clock was moved."""
        return self._offset

    async def configure(self, options: Options) -> None:
        """Change what it is set to."""
        self.options = options

    @property
    def rules(self) -> list[Rule]:
        """Its own and everyone's, in the order in which they are tried."""
        if self._everyone is None or not self._everyone.rules:
            return self._rules
        return in_order([*self._rules, *self._everyone.rules])

    def _counts_of(self, rule_id: str) -> Counts:
        """Where a rule is counted: one of everyone's for all sandboxes together."""
        return (self._everyone if self._everyone and rule_id.startswith("a") else self)._counts

    async def add(self, rule: Rule) -> Rule:
        """Add a rule: before those that are here, or to the queue of `next` ones."""
        self._weigh_rules(weight_of(rule))
        self._ids += 1
        rule = replace(rule, id=f"{'a' if self.name == EVERYONE else 'r'}{self._ids}")
        self._rules = with_rule(self._rules, rule)
        self._count()
        return rule

    async def remove(self, rule_id: str) -> bool:
        """Remove a rule."""
        gone = next((r for r in self._rules if r.id == rule_id), None)
        if gone is None:
            return False
        self._weigh_rules(-self._weight_of(gone))
        self._rules = [r for r in self._rules if r is not gone]
        self._counts.forget(rule_id)
        self._count()
        return True

    async def put(self, rule: Rule) -> bool:
        """Put a rule in the place of another."""
        for place, old in enumerate(self._rules):
            if old.id == rule.id:
                self._weigh_rules(weight_of(rule) - self._weight_of(old))
                self._rules = in_order([*self._rules[:place], rule, *self._rules[place + 1 :]])
                self._counts.forget(rule.id)
                self._count()
                return True
        return False

    def _weight_of(self, rule: Rule) -> int:
        """What a rule that is here was counted with: those of the file are everybody's."""
        return 0 if any(rule is own for own in self._own) else weight_of(rule)

    def _weigh_rules(self, change: int) -> None:
        """Count bytes of rules.

        Raises:
            RuleError: they are too many, in this sandbox or in all.
        """
        most = self._tally.most
        if change > 0 and self._rule_bytes + change > RULE_BYTES:
            raise RuleError(
                f"the rules of a sandbox may take {RULE_BYTES // MIB} MiB; remove some first"
            )
        if change > 0 and most is not None and self._tally.rules + change > most // 2:
            raise RuleError(
                f"the rules of all sandboxes may take {most // 2 // MIB} MiB; remove some first, "
                "or begin sandboxes anew that are no longer needed"
            )
        self._rule_bytes += change
        self._tally.rules += change

    async def claim(self, rules: Sequence[Rule]) -> list[Fired]:
        """Count a request that matches."""
        found = claim([(rule, self._counts_of(rule.id)) for rule in rules])
        self._count()
        return found

    def fired(self, rule_id: str) -> int:
        """How often a rule has fired."""
        return self._counts_of(rule_id).of(rule_id)[1]

    def seen(self, rule_id: str) -> int:
        """How many requests a rule has matched."""
        return self._counts_of(rule_id).of(rule_id)[0]

    async def admit(
        self, model: str, *, limit: int | None, cost: int, now: int, amount: int = 0
    ) -> Verdict:
        """Take `cost` images and their price together."""
        bucket, self._spent, verdict = settle(
            self._buckets.get(model),
            self._spent,
            limit=limit,
            budget=self.options.budget,
            cost=cost,
            amount=amount,
            now=now,
        )
        if bucket is not None:
            self._buckets[model] = bucket
        return verdict

    async def buckets(self) -> dict[str, Bucket]:
        """What is left of each model's minute."""
        return dict(self._buckets)

    async def refill(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()

    async def spent(self) -> int:
        """Micro-dollars spent."""
        return self._spent

    async def tell_wait(self, wait: Wait) -> None:
        """Remember a wait."""
        self._waits.tell(wait)
        self._count()

    async def serve_wait(self, body: bytes, real: int) -> int:
        """Move the clock on by a wait that was served."""
        wait = self._waits.served(body, real)
        if wait is None:
            return 0
        # Waits that ran side by side end side by side: the clock moves to the end, not by the wait.
        missing = max(0, wait.until - self.now(real))
        await self.advance(missing)
        self._count()
        return missing // 1_000_000

    async def repeat(self, digest: bytes) -> int:
        """Count an equal request."""
        before = self._repeats.count(digest)
        self._count()
        return before

    async def take_back(self, digest: bytes, repeat: int) -> None:
        """Count it no longer, if it is the last."""
        self._repeats.take_back(digest, repeat)

    def first_warning(self) -> bool:
        """Whether nothing was told of this sandbox yet; from now on, something was."""
        is_first, self.is_warned = not self.is_warned, True
        return is_first

    async def record(self, record: Record, *, number: int) -> None:
        """Write a request down, and find the call that it is an attempt of."""
        if number != self.number:
            self._late.add(record)
        elif not record.is_download:
            self._calls.join(record)
            self._requests.add(record)
            if record.usd:
                self._billed.append(Bill.of(record))
        else:
            self._downloads.add(record)
        self._count()

    async def requests(self) -> list[Record]:
        """What was asked, the oldest first."""
        return list(self._requests.records)

    async def billed(self) -> list[Bill]:
        """What is in the ledger, the oldest first."""
        return list(self._billed)

    async def downloads(self) -> list[Record]:
        """What was downloaded, the oldest first."""
        return list(self._downloads.records)

    async def late(self) -> list[Record]:
        """What an earlier life asked for."""
        return list(self._late.records)

    async def forget(self, *, only: Sequence[str]) -> None:
        """Empty parts of it."""
        for part in only:
            match part:
                case "requests":
                    self._forget_requests()
                case "rules":
                    self._forget_rules()
                case "limits":
                    begun = self._begun
                    self._buckets = {}
                    self.options = replace(
                        self.options, per_minute=begun.per_minute, tier=begun.tier
                    )
                case "ledger":
                    self._spent, self._billed = 0, deque[Bill](maxlen=RECORDS)
                    self.options = replace(self.options, budget=self._begun.budget)
                case "clock":
                    self._offset, self._stands_at, self._waits = 0, None, Waits()
        self._count()

    @property
    def is_set_up(self) -> bool:
        """Whether somebody scripted or set it on purpose, or moved its clock."""
        scripted = any(r.origin == "call" for r in self._rules)
        return scripted or replace(self.options, begun=0) != _PLAIN or self._offset > 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it that anybody could miss."""
        asked = self._requests.records or self._downloads.records or self._spent
        return not (asked or self.is_set_up)


def numbered(rules: Sequence[Rule]) -> list[Rule]:
    """The rules of the configuration file with their ids; all sandboxes share them."""
    return [r if r.id else replace(r, id=f"f{i}") for i, r in enumerate(rules, 1)]
