"""What the server asks of a store. What a step makes of a sandbox, `core.sandbox` decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

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
from mockserver.store.health import Health, Taken

#: Called with the method that was called, and its arguments.
Heard = Callable[[str, Mapping[str, Any]], None]
EVERYONE = "*"  # instead of a sandbox's name: the rules of all


class Sandbox(Protocol):
    """One sandbox. A call is one atomic step, however many workers share the store."""

    @property
    def name(self) -> str:
        """24 letters and digits; "" is of requests without a key that is let in; or `EVERYONE`."""

    @property
    def number(self) -> int:
        """Of its life: a renewal begins another, and what is late belongs to an earlier one."""

    @property
    def options(self) -> Options:
        """What it is set to."""

    @property
    def rules(self) -> Sequence[Rule]:
        """Its own and everyone's, in the order in which they are tried."""

    @property
    def offset(self) -> int:
        """Nanoseconds by which its clock was moved."""

    def now(self, real: int) -> int:
        """The sandbox's time at `real`, both in nanoseconds since the epoch."""

    async def advance(self, nanoseconds: int) -> None:
        """Move the sandbox's clock on."""

    async def configure(self, changes: Mapping[str, Option]) -> None:
        """Change some of the options that it is set to, by name."""

    async def add(self, rule: Rule) -> Rule:
        """Add a rule; the returned one has its id. RuleError if there is no room for it."""

    async def remove(self, rule_id: str) -> None:
        """Remove a rule, if there is one of this id."""

    async def put(self, rule: Rule) -> None:
        """Put a rule in the place of the one with its id, counted anew; RuleError if no room."""

    async def claim(self, rules: Sequence[Rule]) -> list[Fired]:
        """Count a request that all of these match, in this order; which ones have a part in it."""

    def counted(self, rule_id: str) -> Count:
        """How many requests a rule has matched, and how often it has fired."""

    async def admit(
        self,
        model: str,
        *,
        limits: Sequence[Limit],
        charge: Mapping[str, int],
        now: int,
        bill: Bill | None = None,
    ) -> Verdict:
        """Take a charge out of a model's buckets and pay a bill, or do nothing of either.

        A bill that is paid is in the ledger. The budgets are what the sandbox is set to at this
        moment (see `account.settle`).
        """

    async def lose(self, bill: str, amount: int) -> None:
        """Note that nothing has come of what was paid for by a bill: so many micro-dollars."""

    async def refund(self, bill: str) -> None:
        """Give back what was paid by one of the last bills; of limits nothing is given back."""

    async def account(self) -> Account:
        """What is left of each model's minute, and the money that was spent."""

    async def refill(self) -> None:
        """Fill every bucket."""

    async def tell_wait(self, wait: Wait) -> None:
        """Remember a wait that a refusal told."""

    async def serve_wait(self, body: bytes, real: int) -> int:
        """Move the clock on by the wait that this request has served; the milliseconds, or 0."""

    def first_warning(self) -> bool:
        """Whether the log has told nothing of this sandbox yet; from now on, it has."""

    async def repeat(self, digest: bytes) -> int:
        """Count an equal request that gets its pictures; how many there were before it."""

    async def take_back(self, digest: bytes, repeat: int) -> None:
        """Count it no longer: its client got nothing. If others came since, the number is lost."""

    async def requests(self) -> list[Record]:
        """What was asked under /v1, or was meant to be, the oldest first."""

    async def billed(self) -> list[Bill]:
        """The last bills, the oldest first."""

    async def uses(self) -> list[Use]:
        """What was charged for: each of the last bills, and sums of those before them."""

    async def downloads(self) -> list[Record]:
        """What was downloaded, the oldest first."""

    async def late(self) -> list[Record]:
        """What an earlier life asked for and this one saw the end of."""

    async def next_number(self) -> int:
        """Count an id that is given to an item; the first is 1."""

    async def save(self, kind: Kind, item: Item) -> None:
        """Keep an item, or another state of it; of too many the oldest go."""

    async def item(self, kind: Kind, item_id: str) -> Item | None:
        """The item of an id, if it is still here."""

    async def items(self, kind: Kind) -> list[Item]:
        """All items of a kind, the oldest first."""

    async def lead(self, work: str, now: int, until: int) -> bool:
        """Whether this process may do a work until then, and no other process meanwhile.

        Times are of the machine's clock. Who leads may say so again, or end it by `now`.
        """

    async def drop(self, kind: Kind, item_id: str) -> None:
        """Keep an item no longer, if it is here."""

    async def forget(self, *, only: Sequence[str]) -> None:
        """Empty parts of it: requests, rules, limits, ledger, clock.

        What was set since it began (rules, limit, tier, budget) goes back with its part.
        """


class Store(Protocol):
    """Where sandboxes live, and the uploads that pictures are made from."""

    @property
    def health(self) -> Health:
        """How it is."""

    async def taken(self) -> Taken | None:
        """What it holds; None where it can't say, for that is no reason to tell nothing else."""

    @property
    def process(self) -> int:
        """Which of the processes that share it this one is; 0 where nobody shares it."""

    @property
    def heard(self) -> Heard:
        """Told of what other processes did to it."""

    @heard.setter
    def heard(self, told: Heard, /) -> None: ...

    @property
    def notice(self) -> Callable[[str], None]:
        """Told lines for the log."""

    @notice.setter
    def notice(self, told: Callable[[str], None], /) -> None: ...

    async def everyone(self) -> Sandbox:
        """Holds the rules that every sandbox has, those to come too; asked for nothing else.

        They are tried behind a sandbox's own and before the file's, counted for all sandboxes
        together, and outlive each.
        """

    async def sandbox(self, name: str) -> Sandbox:
        """The sandbox of a name; new if there is none.

        It is used now, or by the first step that it takes.

        Raises:
            ApiError: there is no room for a new one (SANDBOXES_FULL).
        """

    async def find(self, name: str) -> Sandbox | None:
        """The sandbox of a name if there is one."""

    async def renew(self, name: str, options: Options) -> Sandbox:
        """Begin a sandbox anew: empty but for the rules of the configuration file.

        Raises:
            ApiError: as `sandbox`.
        """

    async def sandboxes(self) -> list[Sandbox]:
        """All there are, the longest idle first."""

    async def write_down(self, record: Record, *, life: int) -> None:
        """Write a request down in the sandbox that it names, and number it.

        `life` is the sandbox's `number` when it was asked, or 0: if it has begun anew meanwhile,
        the request is only counted as late.

        Raises:
            ApiError: as `sandbox`.
        """

    async def corrected(self, record: Record) -> None:
        """Let other processes know how a record ended that was written down before.

        Only its trace, of which no line is longer than before, and `paid` and `ended` may differ.
        """

    async def tell(self, what: str, sandbox: str) -> None:
        """Let other processes know that something happened to a sandbox."""

    async def sync(self) -> None:
        """Learn what other processes did."""

    async def close(self) -> None:
        """Use it no longer."""

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload under its content address until `until`, if there is room for it.

        Times are nanoseconds since the epoch. What was kept longest ago goes first.
        """

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address, or None if it was never kept or had to go."""
