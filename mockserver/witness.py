"""The journal as the control API tells it: requests, counts, near misses. Writes nothing down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mockserver.clock import SECOND
from mockserver.core.journal import Record, waited
from mockserver.core.nearness import differences, nearest
from mockserver.core.patterns import TOO_SLOW
from mockserver.core.rules import Rule, When
from mockserver.core.scripts import RuleError, when_of, whole_of
from mockserver.holds import came
from mockserver.inquiry import Inquiry, not_found, seconds_of
from mockserver.store import Sandbox

LONGEST = 60  # seconds that a client may wait for requests
_NEAR = 5  # rules that are told
Told = dict[str, Any]


async def requests(inquiry: Inquiry) -> Told:
    """What was asked, the oldest first, and what came late."""
    sandboxes, limit = await inquiry.sandboxes(), inquiry.number("limit")
    asked = _filtered(inquiry, await _asked(sandboxes))
    since = inquiry.query.get("since")
    place = next((i for i, r in enumerate(asked, 1) if r.id == since), 0)
    asked = asked[max(place, len(asked) - limit if limit is not None else 0) :]
    late = _filtered(inquiry, _sorted([r for s in sandboxes for r in await s.late()]))
    return {
        "requests": [r.told() for r in asked],
        "late": [r.told() for r in late],
        "waited": sum([waited(await s.requests()) for s in sandboxes if s.options.standing]),
    }


async def elsewhere(inquiry: Inquiry) -> Told:
    """The other sandboxes that were asked since this one began, and a hint at the key of each."""
    own = await inquiry.sandbox()
    found = []
    for other in await inquiry.world.store.sandboxes():
        asked = [r for r in await other.requests() if r.at >= own.options.begun]
        if asked and other.name != own.name:
            found.append({"name": other.name, "key": asked[-1].key, "requests": len(asked)})
    return {"sandboxes": found}


async def forget_requests(inquiry: Inquiry) -> Told:
    """Empty the journal, and nothing else."""
    await (await inquiry.sandbox()).forget(only=["requests"])
    return {}


async def last_request(inquiry: Inquiry) -> Told:
    """The last request, and the rules that came closest."""
    asked = await _asked(await inquiry.sandboxes())
    if not asked:
        not_found("Nothing was asked yet.")
    return await _explained(inquiry, asked[-1])


async def request(inquiry: Inquiry) -> Told:
    """One request, and the rules that came closest."""
    asked = await _asked(await inquiry.sandboxes())
    found = next((r for r in asked if r.id == inquiry.id), None)
    if found is None:
        not_found(f"The journal has no request {inquiry.id!r}, or no longer.")
    return await _explained(inquiry, found)


async def count(inquiry: Inquiry) -> Told:
    """How many requests were so."""
    when = when_of(inquiry.fields("when").get("when", {}))
    return {"count": await _count(inquiry, when)}


async def wait(inquiry: Inquiry) -> Told:
    """The same, once there are enough; or when the time is over."""
    asked = inquiry.fields("when", "count", "timeout")
    when = when_of(asked.get("when", {}))
    wanted = whole_of("count", asked.get("count", 1), least=0)
    timeout = seconds_of("timeout", asked.get("timeout", 5), LONGEST)
    clock = inquiry.world.clock
    end = clock.now() + round(timeout * SECOND)
    with inquiry.world.news.heard() as news:
        while (found := await _count(inquiry, when)) < wanted:
            left = (end - clock.now()) / SECOND
            if left <= 0 or not await came(news, clock, left, inquiry.receive):
                found = await _count(inquiry, when)
                break
            news.clear()  # before the next look: what comes meanwhile sets it again
    return {"count": found, "reached": found >= wanted}


async def downloads(inquiry: Inquiry) -> Told:
    """What was downloaded, the oldest first."""
    found = [r for s in await inquiry.sandboxes() for r in await s.downloads()]
    return {"downloads": [r.told() for r in _sorted(found)]}


async def _asked(sandboxes: Iterable[Sandbox]) -> list[Record]:
    return _sorted([r for s in sandboxes for r in await s.requests()])


def _sorted(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda r: r.at)


def _filtered(inquiry: Inquiry, records: Iterable[Record]) -> list[Record]:
    query, status = inquiry.query, inquiry.number("status")
    wanted = {n: query[n] for n in ("operation", "path", "model") if n in query}
    return [
        r
        for r in records
        if (status is None or r.status == status)
        and all(_value(r, name) == value for name, value in wanted.items())
    ]


def _value(record: Record, name: str) -> Any:
    return record.fields.get("model") if name == "model" else getattr(record, name)


async def _count(inquiry: Inquiry, when: When) -> int:
    asked = [r for r in await _asked(await inquiry.sandboxes()) if not r.is_outside]
    return sum(_is_meant(when, r) for r in asked)


def _is_meant(when: When, record: Record) -> bool:
    """Whether a request is meant; RuleError where that takes too long, for there may be many."""
    if when.matches(record.fields):
        return True
    if when.is_undecided(record.fields):
        raise RuleError(f"when can't be decided: {TOO_SLOW}")
    return False


async def _explained(inquiry: Inquiry, record: Record) -> Told:
    sandbox = await inquiry.world.store.find(record.sandbox)
    near = _near(sandbox, record) if sandbox and record.operation else []
    return record.told() | {"near": near}


def _near(sandbox: Sandbox, record: Record) -> list[str]:
    """A line for each rule that came close, the closest first; not for those that fired."""
    rules: Sequence[Rule] = [r for r in sandbox.rules if r.id not in record.rules]
    places = nearest((r.when for r in rules), record.fields, _NEAR)
    return [f"{rules[i]}: {_why_not(sandbox, rules[i], record)}" for i in places]


def _why_not(sandbox: Sandbox, rule: Rule, record: Record) -> str:
    missing = differences(rule.when, record.fields, record.filled)
    if missing:
        return "; ".join(map(str, missing))
    if record.error and not record.scripted:
        return "matches, but the request was refused before any rule was tried"
    fired, seen = sandbox.fired(rule.id), sandbox.seen(rule.id)
    if rule.when.call is not None:
        return f"matches, but only call {rule.when.call} is meant, and it has seen {seen}"
    if rule.times is not None and fired >= rule.times:
        return f"matches, but is used up: it has fired {fired} of {rule.times} times"
    tried = [r.id for r in sandbox.rules]
    if first := [r for r in tried[: tried.index(rule.id)] if r in record.rules]:
        return f"matches, but {' and '.join(first)} came first"
    return "matches, but was not there yet"
