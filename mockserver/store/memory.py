"""State in the memory of one process: nothing survives it, nothing is shared.

Each step is atomic because nothing here waits.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from mockserver.core.journal import Record, is_retry
from mockserver.core.limits import Bucket, Verdict, admit
from mockserver.core.rules import Rule
from mockserver.core.sandbox import Options, Wait
from mockserver.store import Sandbox

UPLOAD_BYTES = 256 * 1024 * 1024
SANDBOXES = 1_000  # more than that, and the longest idle one without rules goes
RECORDS = 1_000  # of a sandbox's journal
RECORD_BYTES = 4 * 1024 * 1024
REPEATED = 10_000  # requests whose repeats are counted; the longest unasked is forgotten
_EQUAL = 128  # attempts of equal calls that the next one may follow


class Journal:
    """The last records, bounded by count and bytes."""

    def __init__(self) -> None:
        self.records: deque[Record] = deque()
        self._room = RECORD_BYTES

    def add(self, record: Record) -> None:
        """Write one down; the oldest go."""
        self.records.append(record)
        self._room -= record.size
        while len(self.records) > RECORDS or (self._room < 0 and len(self.records) > 1):
            self._room += self.records.popleft().size


class MemorySandbox:
    """One sandbox in dictionaries; `number` counts its lives."""

    def __init__(self, name: str, number: int, options: Options, rules: Sequence[Rule]) -> None:
        self.name = name
        self.number = number
        self.options = self._begun = options
        self._own = [replace(r, id=f"f{i}") for i, r in enumerate(rules, 1)]
        self._offset = 0
        self._stands_at: int | None = None
        self._waits: dict[bytes, Wait] = {}
        self._forget_all()

    def _forget_all(self) -> None:
        self.rules: list[Rule] = list(self._own)
        self._ids = 0
        self._seen: Counter[str] = Counter()
        self._fired: Counter[str] = Counter()
        self._buckets: dict[str, Bucket] = {}
        self._spent = 0
        self._forget_requests()
        self._billed = Journal()

    def _forget_requests(self) -> None:
        self._requests, self._downloads, self._late = Journal(), Journal(), Journal()
        self._open: OrderedDict[bytes, deque[Record]] = OrderedDict()
        self._repeats: OrderedDict[bytes, int] = OrderedDict()

    def now(self, real: int) -> int:
        """The machine's time and the offset; a standing clock starts at its first look."""
        if not self.options.standing:
            return real + self._offset
        if self._stands_at is None:
            self._stands_at = real
        return self._stands_at + self._offset

    async def advance(self, nanoseconds: int) -> None:
        """Move the clock on."""
        self._offset += nanoseconds

    @property
    def offset(self) -> int:
        """Nanoseconds by which the clock was moved."""
        return self._offset

    async def configure(self, options: Options) -> None:
        """Change what it is set to."""
        self.options = options

    async def add(self, rule: Rule) -> Rule:
        """Add a rule, behind those of its kind: `next` ones stand before the others."""
        self._ids += 1
        rule = replace(rule, id=f"r{self._ids}")
        place = sum(r.next for r in self.rules) if rule.next else len(self.rules)
        self.rules.insert(place, rule)
        return rule

    async def remove(self, rule_id: str) -> bool:
        """Remove a rule."""
        left = [r for r in self.rules if r.id != rule_id]
        found = len(left) < len(self.rules)
        self.rules = left
        return found

    async def put(self, rule: Rule) -> bool:
        """Put a rule in the place of another."""
        for place, old in enumerate(self.rules):
            if old.id == rule.id:
                self.rules = [*self.rules[:place], rule, *self.rules[place + 1 :]]
                del self._seen[rule.id], self._fired[rule.id]
                return True
        return False

    async def claim(self, rules: Sequence[Rule]) -> tuple[Rule, int] | None:
        """Count a request that matches: for every rule, lest the k-th call depend on the others."""
        self._seen.update(r.id for r in rules)
        for rule in rules:
            if rule.when.call is not None and self._seen[rule.id] != rule.when.call:
                continue
            if rule.times is None or self._fired[rule.id] < rule.times:
                self._fired[rule.id] += 1
                return rule, self._fired[rule.id]
        return None

    def fired(self, rule_id: str) -> int:
        """How often a rule has fired."""
        return self._fired[rule_id]

    def seen(self, rule_id: str) -> int:
        """How many requests a rule has matched."""
        return self._seen[rule_id]

    async def admit(self, model: str, *, limit: int, cost: int, now: int) -> Verdict:
        """Take `cost` images."""
        bucket = self._buckets.get(model)
        self._buckets[model], verdict = admit(bucket, limit=limit, cost=cost, now=now)
        return verdict

    async def buckets(self) -> dict[str, Bucket]:
        """What is left of each model's minute."""
        return dict(self._buckets)

    async def refill(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()

    async def spend(self, amount: int) -> bool:
        """Add to what was spent, within the budget."""
        budget = self.options.budget
        if budget is not None and self._spent + amount > budget:
            return False
        self._spent += amount
        return True

    async def spent(self) -> int:
        """Micro-dollars spent."""
        return self._spent

    async def tell_wait(self, wait: Wait) -> None:
        """Remember a wait; a later one for the same request takes its place."""
        self._waits[wait.body] = wait

    async def serve_wait(self, body: bytes, real: int) -> int:
        """Move the clock on by a wait that was served."""
        wait = self._waits.get(body)
        if wait is None or not wait.is_served(body, real):
            return 0
        del self._waits[body]
        # Waits that ran side by side end side by side: the clock moves to the end, not by the wait.
        missing = max(0, wait.until - self.now(real))
        self._offset += missing
        return missing // 1_000_000

    async def repeat(self, digest: bytes) -> int:
        """Count an equal request."""
        before = self._repeats.pop(digest, 0)
        self._repeats[digest] = before + 1
        if len(self._repeats) > REPEATED:
            self._repeats.popitem(last=False)
        return before

    async def take_back(self, digest: bytes, repeat: int) -> None:
        """Count it no longer, if it is the last."""
        if self._repeats.get(digest) == repeat + 1:
            self._repeats[digest] = repeat

    async def record(self, record: Record, *, number: int) -> None:
        """Write a request down, and find the call that it is an attempt of."""
        if number != self.number:
            self._late.add(record)
            return
        if record.operation or record.path.startswith("/v1"):
            self._join(record)
            self._requests.add(record)
            if record.usd:
                self._billed.add(record)
        else:
            self._downloads.add(record)

    def _join(self, record: Record) -> None:
        """Find the call; `_open` has the attempts by body that have no next one yet."""
        record.call = record.id
        if record.attempt is None:
            return
        body = record.attempt.body
        same = self._open.pop(body, None) or deque(maxlen=_EQUAL)
        if same and record.attempt.number != 0:
            fitting = [r for r in same if is_retry(record.attempt, r)]
            if fitting:  # of equal calls one that was told to try again, the longest waiting
                earlier = next((r for r in fitting if r.asks_again), fitting[-1])
                record.call, record.retries = earlier.call, earlier.retries + 1
                same.remove(earlier)
        same.append(record)
        self._open[body] = same
        if len(self._open) > RECORDS:
            self._open.popitem(last=False)

    async def requests(self) -> list[Record]:
        """What was asked, the oldest first."""
        return list(self._requests.records)

    async def billed(self) -> list[Record]:
        """What is in the ledger, the oldest first."""
        return list(self._billed.records)

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
                    self.rules, self._seen, self._fired = list(self._own), Counter(), Counter()
                case "limits":
                    begun = self._begun
                    self._buckets = {}
                    self.options = replace(
                        self.options, per_minute=begun.per_minute, tier=begun.tier
                    )
                case "ledger":
                    self._spent, self._billed = 0, Journal()
                    self.options = replace(self.options, budget=self._begun.budget)
                case "clock":
                    self._offset, self._stands_at, self._waits = 0, None, {}

    @property
    def has_rules(self) -> bool:
        """Whether somebody scripted it."""
        return any(r.origin == "call" for r in self.rules)


class MemoryStore:
    """Sandboxes and uploads in dictionaries, in the order of their last use."""

    def __init__(
        self,
        *,
        sandboxes: int = SANDBOXES,
        upload_bytes: int = UPLOAD_BYTES,
        rules: Sequence[Rule] = (),
    ) -> None:
        self._most = sandboxes
        self._rules = rules
        self._capacity = self._room = upload_bytes
        self._uploads: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._sandboxes: OrderedDict[str, MemorySandbox] = OrderedDict()
        self._numbers = 0

    async def sandbox(self, name: str) -> Sandbox:
        """The sandbox of a name."""
        found = self._sandboxes.get(name)
        if found is None:
            return self._new(name, Options())
        self._sandboxes.move_to_end(name)
        return found

    async def find(self, name: str) -> Sandbox | None:
        """The sandbox of a name if there is one."""
        return self._sandboxes.get(name)

    async def renew(self, name: str, options: Options) -> Sandbox:
        """Begin a sandbox anew."""
        return self._new(name, options)

    def _new(self, name: str, options: Options) -> MemorySandbox:
        self._numbers += 1
        made = MemorySandbox(name, self._numbers, options, self._rules)
        self._sandboxes[name] = made
        self._sandboxes.move_to_end(name)
        if len(self._sandboxes) > self._most:
            self._drop_one()
        return made

    def _drop_one(self) -> None:
        """The longest idle one goes; those that somebody scripted only if all are.

        Never the last, which was made just now: what is told to it would be told to nobody.
        """
        older = islice(self._sandboxes.items(), len(self._sandboxes) - 1)
        idle = next((n for n, s in older if not s.has_rules), None)
        del self._sandboxes[next(iter(self._sandboxes)) if idle is None else idle]

    async def sandboxes(self) -> list[Sandbox]:
        """All there are."""
        return [*self._sandboxes.values()]

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload; those whose time is over go first, then the oldest."""
        if len(upload) > self._capacity:
            return
        if address not in self._uploads:
            self._room -= len(upload)
        self._uploads[address] = (upload, until)
        self._uploads.move_to_end(address)
        while self._uploads and (self._room < 0 or self._oldest_ends() < now):
            _, (gone, _) = self._uploads.popitem(last=False)
            self._room += len(gone)

    def _oldest_ends(self) -> int:
        return next(iter(self._uploads.values()))[1]

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address, if it is still here."""
        upload, _ = self._uploads.get(address, (None, 0))
        return upload
