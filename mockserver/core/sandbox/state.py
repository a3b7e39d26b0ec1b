"""What is small of a sandbox as one value, and what is left of it when a part is emptied."""

from collections.abc import Mapping
from typing import NamedTuple

from mockserver.core.sandbox import Options
from mockserver.core.sandbox.account import FULL, Account
from mockserver.core.sandbox.clock import Clock
from mockserver.core.sandbox.rulebook import RuleBook

SANDBOX_BYTES = 5_500  # of one that is empty
#: The logs and tables that are emptied with each part.
EMPTIED: Mapping[str, tuple[str, ...]] = {
    "requests": ("requests", "downloads", "late", "calls", "repeats"),
    "rules": ("counts", "words"),
    "limits": (),
    "ledger": ("ledger",),
    "clock": ("waits",),
    "files": ("files",),
    "batches": ("batches",),
    "responses": ("responses",),
}
#: Those that nobody set on purpose: they go where others need the room.
SPARE = (*EMPTIED["requests"], "waits", "words")
_PLAIN = Options()


class State(NamedTuple):
    """What is small of a sandbox, and always at hand."""

    options: Options
    rules: RuleBook
    account: Account = Account()
    clock: Clock = Clock()

    @property
    def is_set_up(self) -> bool:
        """Whether somebody scripted or set it on purpose, or moved its clock."""
        options = self.options
        is_plain = options == _PLAIN or options._replace(begun=0) == _PLAIN
        scripted = any(r.origin == "call" for r in self.rules.rules)
        return scripted or not is_plain or self.clock.offset > 0


def emptied(state: State, part: str, first: State) -> State:
    """The state without a part: what was set since its beginning goes back to what it was then."""
    options, as_begun = state.options, first.options
    match part:
        case "rules":
            return state._replace(rules=first.rules._replace(ids=state.rules.ids))
        case "limits":
            options = options._replace(per_minute=as_begun.per_minute, tier=as_begun.tier)
            return state._replace(options=options, account=state.account._replace(buckets=FULL))
        case "ledger":
            options = options._replace(
                budget=as_begun.budget,
                budget_day=as_begun.budget_day,
                budget_month=as_begun.budget_month,
            )
            return state._replace(options=options, account=Account(buckets=state.account.buckets))
        case "clock":
            return state._replace(clock=Clock())
        case _:
            return state
