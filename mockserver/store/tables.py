"""The bounded tables that a sandbox in memory is made of. Each counts its bytes."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mockserver.core.journal import Record, Tried, is_led_on, is_retry
from mockserver.core.rules.effects import PLAIN, Effect, changed
from mockserver.core.rules.precedence import Fired, added, joined
from mockserver.core.rules.rule import Rule, Text
from mockserver.core.sandbox import Wait
from mockserver.core.weight import weight

RECORDS = 1_000  # of a sandbox's journal
RECORD_BYTES = 4 * 1024 * 1024
WAITS = 1_000  # told and not served; of more the oldest goes
WORDS = 1_000  # prompts with a magic word that are counted
_EQUAL = 128  # attempts of equal calls that the next one may follow
REPEATED = 10_000  # requests whose repeats are counted; the longest unasked is forgotten
# Bytes of one of each; the rest is counted.
_RULE, _WAIT, _COUNT, _TRIED, BILL, _REPEATED = 600, 350, 280, 420, 400, 250


class Journal:
    """The last records, bounded by count and bytes."""

    def __init__(self) -> None:
        self.records: deque[Record] = deque()
        self.size = 0  # bytes

    def add(self, record: Record) -> None:
        """Write one down; the oldest go."""
        self.records.append(record)
        self.size += record.size
        while len(self.records) > RECORDS or (self.size > RECORD_BYTES and len(self.records) > 1):
            self.size -= self.records.popleft().size


class Calls:
    """Requests that a retry may still follow: by body, those without a next one yet."""

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, list[Tried]] = OrderedDict()
        self._length = 0
        self.size = 0  # bytes

    def join(self, record: Record) -> None:
        """Find the call that a record is an attempt of, and write it into the record."""
        record.call = record.id
        attempt = record.attempt
        if attempt is None:
            return
        same = self._open.pop(attempt.body, [])
        self._length -= len(same)
        if led := next((t for t in same if is_led_on(attempt, t)), None):
            record.call, record.retries = led.call, led.retries
            same.remove(led)
        elif same and attempt.number != 0:
            fitting = [t for t in same if is_retry(attempt, t)]
            if fitting:  # of equal calls one that was told to try again, the longest waiting
                earlier = next((t for t in fitting if t.asks_again), fitting[-1])
                record.call, record.retries = earlier.call, earlier.retries + 1
                same.remove(earlier)
        same.append(Tried.of(record, attempt))
        del same[:-_EQUAL]
        self._open[attempt.body] = same
        self._length += len(same)
        while self._length > RECORDS:
            self._length -= len(self._open.popitem(last=False)[1])
        self.size = _TRIED * self._length


class Waits:
    """Waits that were told, by the digest of the request, until they are served."""

    def __init__(self) -> None:
        self._told: OrderedDict[bytes, Wait] = OrderedDict()
        self.size = 0  # bytes

    def tell(self, wait: Wait) -> None:
        """Remember one; a later one for the same request takes its place."""
        self._told.pop(wait.body, None)
        self._told[wait.body] = wait
        if len(self._told) > WAITS:
            self._told.popitem(last=False)
        self.size = _WAIT * len(self._told)

    def served(self, body: bytes, real: int) -> Wait | None:
        """The wait that this request has served; it is forgotten."""
        wait = self._told.get(body)
        if wait is None or not wait.is_served(body, real):
            return None
        self.size -= _WAIT
        return self._told.pop(body)


class Repeats:
    """How often each request got its pictures, by the digest that makes them; of the last few."""

    def __init__(self) -> None:
        self._counted: OrderedDict[bytes, int] = OrderedDict()
        self.size = 0  # bytes

    def count(self, digest: bytes) -> int:
        """Count one; how many there were before it."""
        before = self._counted.pop(digest, 0)
        self._counted[digest] = before + 1
        if len(self._counted) > REPEATED:
            self._counted.popitem(last=False)
        self.size = _REPEATED * len(self._counted)
        return before

    def take_back(self, digest: bytes, repeat: int) -> None:
        """Count it no longer, if it is the last."""
        if self._counted.get(digest) == repeat + 1:
            self._counted[digest] = repeat


class Counts:
    """How often each rule was met and has fired. Of the rules of magic words only the last few."""

    def __init__(self) -> None:
        self._scripted: dict[str, list[int]] = {}  # id → seen, fired
        self._magic: OrderedDict[str, list[int]] = OrderedDict()
        self.size = 0  # bytes of the latter; the others weigh with their rules

    def count(self, rule: Rule) -> list[int]:
        """A rule's counts, with this request among those that it has met."""
        if rule.origin == "magic":
            count = self._magic[rule.id] = self._magic.pop(rule.id, [0, 0])
            if len(self._magic) > WORDS:
                self._magic.popitem(last=False)
            self.size = _COUNT * len(self._magic)
        else:
            count = self._scripted.setdefault(rule.id, [0, 0])
        count[0] += 1
        return count

    def of(self, rule_id: str) -> tuple[int, int]:
        """How many requests a rule has met, and how often it has fired."""
        seen, fired = self._scripted.get(rule_id) or self._magic.get(rule_id) or (0, 0)
        return seen, fired

    def forget(self, rule_id: str) -> None:
        """Count a rule anew."""
        self._scripted.pop(rule_id, None)

    def forget_words(self) -> None:
        """Count magic words anew."""
        self._magic.clear()
        self.size = 0


def claim(rules: Sequence[tuple[Rule, Counts]]) -> list[Fired]:
    """Count a request that matches these, and tell which fire.

    It is counted for every rule, lest its k-th call depend on others. One fires that is not used
    up, whose `call` it is, and which adds something; of those that wait in a queue only the first.
    """
    counted = [(rule, counts.count(rule)) for rule, counts in rules]
    fired: list[Fired] = []
    effect = PLAIN
    for rule, count in counted:
        if rule.when.call is not None and count[0] != rule.when.call:
            continue
        if rule.times is not None and count[1] >= rule.times:
            continue
        if rule.next and fired:
            continue
        part = added(effect, rule.then)
        if part == PLAIN:
            continue
        count[1] += 1
        fired.append(Fired(rule, count[1], part))
        effect = joined(effect, part)
    return fired


class Tally:
    """The bytes of all sandboxes; makes room when they are more than `most`."""

    def __init__(self, most: int | None = None, make_room: Callable[[], None] | None = None):
        self.most = most
        self.taken = 0
        self.rules = 0  # of these those of rules, which nobody but their author takes away
        self._make_room = make_room

    def add(self, change: int) -> None:
        """So many bytes more, or less."""
        self.taken += change
        if change > 0 and self._make_room and self.most is not None and self.taken > self.most:
            self._make_room()


def weight_of(rule: Rule) -> int:
    """Roughly the bytes of a rule, its picture and its counts."""
    wanted = (w.what if isinstance(w, Text) else w for _, w in rule.when.wanted)
    return _RULE + sum(map(weight, (*wanted, *_values(rule.then), rule.name)))


def _values(effect: Effect) -> Iterator[Any]:
    """The values of an effect, and of what is in it."""
    yield from changed(effect).values()
    if reply := effect.reply:
        yield from (reply.body, reply.headers)
    if effect.download:
        yield from _values(effect.download.effect)
