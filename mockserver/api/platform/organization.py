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

_AT_ONCE = 500  # bills or sums that are read before others get their turn


async def report(call: Call) -> dict[str, Any]:
    """What the organization of a key used or spent, in buckets of time."""
    reports = reports_of(call.day)
    question = asked(reports, call.endpoint.id, call.asked)
    sandboxes = await _reported(call)
    real, prices = call.world.clock.now(), call.world.costs.prices
    found = Answer(reports, question, max([call.now, *(s.now(real) for s in sandboxes)]))
    for sandbox in sandboxes:
        charged = prices[sandbox.options.prices or call.world.config.prices]
        uses = await sandbox.uses()
        for first in range(0, len(uses), _AT_ONCE):
            found.add(Caller(sandbox.name), uses[first : first + _AT_ONCE], charged)
            await sleep(0)
    return found.page(call.caller.organization)


async def _reported(call: Call) -> list[Sandbox]:
    """The sandboxes that a key of organizations may look into, those that there are."""
    if not call.caller.reports_on:
        return await call.world.sandboxes_of("")  # a key that anybody may use tells of no team
    found = [await call.world.store.find(name) for name in call.caller.reports_on]
    return [sandbox for sandbox in found if sandbox]


HANDLERS: Mapping[str, Handler] = {
    "organization.usage.images": report,
    "organization.costs": report,
}
