"""/v1/organization: what an organization used, and what it cost."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Mapping
from typing import Any

from mockserver.api.platform.call import Call, Handler
from mockserver.core.keys import Caller
from mockserver.core.usage import Answer, asked
from mockserver.facts.platform.organization import reports_of
from mockserver.store import Sandbox

_AT_ONCE = 20  # sandboxes whose bills are read before others get their turn


async def report(call: Call) -> dict[str, Any]:
    """What the organization of a key used or spent, in buckets of time."""
    reports = reports_of(call.day)
    question = asked(reports, call.endpoint.id, call.asked)
    sandboxes = await _reported(call)
    real, prices = call.world.clock.now(), call.world.costs.prices
    found = Answer(reports, question, max([call.now, *(s.now(real) for s in sandboxes)]))
    for number, sandbox in enumerate(sandboxes):
        if number % _AT_ONCE == _AT_ONCE - 1:
            await sleep(0)
        charged = prices[sandbox.options.prices or call.world.config.prices]
        found.add(Caller(sandbox.name), await sandbox.uses(), charged)
    return found.page(call.caller.organization)


async def _reported(call: Call) -> list[Sandbox]:
    """The sandboxes that a key of organizations may look into, those that there are."""
    if not call.caller.reports_on:
        return await call.world.store.sandboxes()
    found = [await call.world.store.find(name) for name in call.caller.reports_on]
    return [sandbox for sandbox in found if sandbox]


HANDLERS: Mapping[str, Handler] = {
    "organization.usage.images": report,
    "organization.costs": report,
}
