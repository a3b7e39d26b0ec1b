"""One sandbox of a shared store: what it is asked, and the steps that it takes.

What it tells is as the last step made it that was taken in this process. Whoever has it from the
store knows at least of all that was done before he asked for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockserver.core.journal import Record
from mockserver.core.limits import Verdict
from mockserver.core.rules.precedence import Fired
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import Option, Options
from mockserver.core.sandbox.account import Account
from mockserver.core.sandbox.clock import Wait
from mockserver.core.sandbox.items import Item, Kind
from mockserver.core.sandbox.ledger import Bill, Use
from mockserver.core.sandbox.rulebook import Count
from mockserver.facts.costs import Limit
from mockserver.store.sandbox import MemorySandbox

if TYPE_CHECKING:
    from mockserver.store.shared import SharedStore


class SharedSandbox:
    """One sandbox of a shared store."""

    def __init__(self, store: SharedStore, inside: MemorySandbox) -> None:
        self._store, self._found, self._of = store, inside, store.memory

    @property
    def _inside(self) -> MemorySandbox:
        store, found = self._store, self._found
        if self._of is not store.memory:  # that began anew
            self._of, now = store.memory, store.memory.peek(found.name)
            if now and now.number == found.number:
                self._found = now
        return self._found

    def _step(self, method: str, *given: Any) -> Awaitable[Any]:
        return self._store.step(self._inside, method, *given)

    @property
    def name(self) -> str:
        """Its name."""
        return self._found.name

    @property
    def number(self) -> int:
        """Of its life."""
        return self._found.number

    @property
    def options(self) -> Options:
        """What it is set to."""
        found = self._found if self._of is self._store.memory else self._inside  # it is asked often
        return found.options

    @property
    def rules(self) -> Sequence[Rule]:
        """Its own and everyone's."""
        return self._inside.rules

    @property
    def offset(self) -> int:
        """Nanoseconds by which its clock was moved."""
        return self._inside.offset

    def now(self, real: int) -> int:
        """The sandbox's time."""
        return self._inside.peek(real)

    def counted(self, rule_id: str) -> Count:
        """How often a rule was met and has fired."""
        return self._inside.counted(rule_id)

    def first_warning(self) -> bool:
        """Whether this process has told nothing of this sandbox yet."""
        return self._inside.first_warning()

    async def advance(self, nanoseconds: int) -> None:
        """Move the clock on."""
        await self._step("advance", nanoseconds)

    async def configure(self, changes: Mapping[str, Option]) -> None:
        """Change some of what it is set to."""
        await self._step("configure", changes)

    async def add(self, rule: Rule) -> Rule:
        """Add a rule."""
        found: Rule = await self._step("add", rule)
        return found

    async def remove(self, rule_id: str) -> None:
        """Remove a rule."""
        await self._step("remove", rule_id)

    async def put(self, rule: Rule) -> None:
        """Put a rule in the place of another."""
        await self._step("put", rule)

    async def claim(self, rules: Sequence[Rule]) -> list[Fired]:
        """Count a request that matches."""
        named = [rule if rule.origin == "magic" else rule.id for rule in rules]
        found: list[Fired] = await self._step("claim_named", named)
        return found

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
        found: Verdict = await self._step("admit", model, limits, charge, now, bill)
        if not found.admitted and self._store.outage.allows:
            await self._step("admit", model, (), {}, now, bill)
            return Verdict(True, 0, 0)
        return found

    async def lose(self, bill: str, amount: int) -> None:
        """Note that nothing has come of what was paid for."""
        await self._step("lose", bill, amount)

    async def refund(self, bill: str) -> None:
        """Give back what was paid."""
        await self._step("refund", bill)

    async def account(self) -> Account:
        """What was taken so far."""
        return await self._inside.account()

    async def refill(self) -> None:
        """Fill every bucket."""
        await self._step("refill")

    async def tell_wait(self, wait: Wait) -> None:
        """Remember a wait."""
        await self._step("tell_wait", wait)

    async def serve_wait(self, body: bytes, real: int) -> int:
        """Move the clock on by a wait that was served."""
        found: int = await self._step("serve_wait", body, real)
        return found

    async def repeat(self, digest: bytes) -> int:
        """Count an equal request."""
        found: int = await self._step("repeat", digest)
        return found

    async def take_back(self, digest: bytes, repeat: int) -> None:
        """Count it no longer, if it is the last."""
        await self._step("take_back", digest, repeat)

    async def requests(self) -> list[Record]:
        """What was asked."""
        return await self._inside.requests()

    async def billed(self) -> list[Bill]:
        """The last bills."""
        return await self._inside.billed()

    async def uses(self) -> list[Use]:
        """What was charged for."""
        return await self._inside.uses()

    async def downloads(self) -> list[Record]:
        """What was downloaded."""
        return await self._inside.downloads()

    async def late(self) -> list[Record]:
        """What an earlier life asked for."""
        return await self._inside.late()

    async def next_number(self) -> int:
        """Count an id that is given to an item."""
        found: int = await self._step("next_number")
        return found

    async def save(self, kind: Kind, item: Item) -> None:
        """Keep an item, and its contents where all processes find them."""
        await self._store.save(self._inside, kind, item)

    async def item(self, kind: Kind, item_id: str) -> Item | None:
        """The item of an id."""
        return await self._inside.item(kind, item_id)

    async def items(self, kind: Kind) -> list[Item]:
        """All items of a kind."""
        return await self._inside.items(kind)

    async def lead(self, work: str, now: int, until: int) -> bool:
        """Whether this process may do a work."""
        found: bool = await self._step("lead", work, now, until, self._store.process)
        return found

    async def drop(self, kind: Kind, item_id: str) -> None:
        """Keep an item no longer."""
        await self._step("drop", kind, item_id)

    async def forget(self, *, only: Sequence[str]) -> None:
        """Empty parts of it."""
        await self._step("forget", only)
