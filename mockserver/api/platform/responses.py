"""/v1/responses: images by way of the Responses API: its tool image_generation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mockserver.api.platform.call import Call, Handler, Reply
from mockserver.api.platform.response_streams import stream
from mockserver.api.platform.turns import turn_of
from mockserver.core.errors import ApiError, Reason
from mockserver.core.paging import page_of
from mockserver.core.sandbox.items import Item

_NO_EVENTS = "this mock tells a kept answer as JSON: events come where it is created"


async def create(call: Call) -> Reply | None:
    """Answer what was said: with a picture, where the tool for it is there."""
    turn = await turn_of(call)
    if turn is None:  # a rule has answered
        return None
    try:
        if turn.is_streamed:
            await stream(call, turn)
            return None
        answer = await turn.whole()
        return Reply(turn.queued() if turn.asked.body["background"] else answer)
    except BaseException:
        await turn.take_back()
        raise


async def retrieve(call: Call) -> Reply:
    """An answer that was kept."""
    if ("stream", "true") in call.query:
        call.exchange.warnings.append(_NO_EVENTS)
    return Reply(_kept(await _response(call))["response"])


async def delete(call: Call) -> Reply:
    """Keep an answer no longer."""
    found = await _response(call)
    await call.sandbox.drop("responses", found.id)
    return Reply({"id": found.id, "object": "response", "deleted": True})


async def cancel(call: Call) -> Reply:
    """Tell a background answer as it is: it is done, once it has an id. Refuse any other."""
    found = _kept(await _response(call))["response"]
    if not found["background"]:
        raise ApiError(Reason.NOT_CANCELLED)
    return Reply(found)


async def input_items(call: Call) -> Reply:
    """A page of what was said to a kept answer, the last first."""
    said = _kept(await _response(call))["input"]
    items = [Item(one["id"], 0, one, 0) for one in said]
    asked = call.asked
    page = page_of(items, asked["limit"], order=asked["order"], after=asked["after"])
    return Reply(page.told(lambda item: item.value))


async def _response(call: Call) -> Item:
    return await call.kept("responses", call.named("response"), Reason.NO_SUCH_RESPONSE)


def _kept(item: Item) -> Any:
    return json.loads(item.content.whole())


HANDLERS: Mapping[str, Handler] = {
    "responses.create": create,
    "responses.retrieve": retrieve,
    "responses.delete": delete,
    "responses.input_items": input_items,
    "responses.cancel": cancel,
}
