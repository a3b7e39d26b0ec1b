"""/v1/responses: images by way of the Responses API: its tool image_generation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mockserver.api.faults import Altered
from mockserver.api.platform.call import Answer, Call, Handler
from mockserver.api.platform.response_streams import stream
from mockserver.api.platform.turns import turn_of
from mockserver.core.errors import ApiError, Reason
from mockserver.core.paging import page_of
from mockserver.core.rules.effects import UNSEEN
from mockserver.core.sandbox.items import Item

_NO_EVENTS = "this mock tells a kept answer as JSON: events come where it is created"


async def create(call: Call) -> Answer:
    """Answer what was said: with a picture, where the tool for it is there."""
    turn = await turn_of(call)
    if turn is None:  # a rule has answered
        return None
    try:
        if turn.request and turn.effect.lose in UNSEEN:
            await turn.whole()  # which is kept
            turn.job.end_work()
            await Altered(turn.effect, call.scope, call.receive, call.world.holds).lose(call.send)
            return None
        if turn.is_streamed:
            await stream(call, turn)
            return None
        answer = await turn.whole()
        turn.job.end_work()
        return turn.queued() if turn.asked.body["background"] else answer
    except BaseException:
        await turn.take_back()
        raise


async def retrieve(call: Call) -> dict[str, Any]:
    """An answer that was kept."""
    if ("stream", "true") in call.query:
        call.exchange.warnings.append(_NO_EVENTS)
    found: dict[str, Any] = (await _kept(call, await _response(call)))["response"]
    return found


async def delete(call: Call) -> Answer:
    """Keep an answer no longer."""
    found = await _response(call)
    await call.sandbox.drop("responses", found.id)
    return {"id": found.id, "object": "response", "deleted": True}


async def cancel(call: Call) -> Answer:
    """Tell a background answer as it is: it is done, once it has an id. Refuse any other."""
    found = await retrieve(call)
    if not found["background"]:
        raise ApiError(Reason.NOT_CANCELLED)
    return found


async def input_items(call: Call) -> Answer:
    """A page of what was said to a kept answer, the last first."""
    said = (await _kept(call, await _response(call)))["input"]
    items = [Item(one["id"], 0, one, 0) for one in said]
    asked = call.asked
    page = page_of(items, asked["limit"], order=asked["order"], after=asked["after"])
    return page.told(lambda item: item.value)


async def _response(call: Call) -> Item:
    return await call.kept("responses", call.named("response"), Reason.NO_SUCH_RESPONSE)


async def _kept(call: Call, item: Item) -> Any:
    kept = await item.content.read()
    return await call.world.heavy.run(lambda: json.loads(kept))


HANDLERS: Mapping[str, Handler] = {
    "responses.create": create,
    "responses.retrieve": retrieve,
    "responses.delete": delete,
    "responses.input_items": input_items,
    "responses.cancel": cancel,
}
