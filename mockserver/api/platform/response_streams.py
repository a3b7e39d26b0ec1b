"""The stream of a response: at the pace and by the rules of a stream of pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.types import Receive

from mockserver.api.admission import Admission
from mockserver.api.faults import Altered
from mockserver.api.platform.call import Call
from mockserver.api.platform.turns import Turn
from mockserver.api.streams import EventStream, Maker, framed
from mockserver.core.events import Event
from mockserver.core.request import ImageRequest
from mockserver.core.response_events import ResponseEvents
from mockserver.facts.platform.responses import events, streaming


async def stream(call: Call, turn: Turn) -> None:
    """Send the events of a turn; raises ClientGone where the line breaks."""
    if turn.request and turn.pictures:
        await _drawn(call, turn, turn.request)
        return
    facts = call.facts("responses")
    made, message = _events(turn, facts), turn.message()
    told = [*made.begun(), *made.message(0, message)]
    told.append(made.completed(await turn.finished([message])))
    line = Altered(turn.effect, call.scope, call.receive, call.world.holds)
    await line.begin(call.send, 200, [(b"content-type", streaming(facts).content_type.encode())])
    await line.write(call.send, framed(told, bad_json=turn.effect.bad_json))


async def _drawn(call: Call, turn: Turn, request: ImageRequest) -> None:
    admission = turn.job.admission(request)
    sent = EventStream(admission, turn.effect, turn.latency, call.scope, call.receive)
    maker = _OfTurn(admission, call.receive, bad_json=turn.effect.bad_json, turn=turn)
    await sent.send(call.send, turn.pictures, maker)


class _OfTurn(Maker):
    """The events of a turn that draws: before its picture, of it, and after it."""

    def __init__(
        self, admission: Admission, receive: Receive, *, bad_json: bool, turn: Turn
    ) -> None:
        super().__init__(admission, receive, bad_json=bad_json)
        facts = turn.call.facts("responses")
        self._facts = streaming(facts)
        self.content_type = self._facts.content_type.encode()
        self._turn = turn
        self._events = _events(turn, facts)
        self._item = turn.picture_begun()

    def opening(self) -> bytes:
        return self.framed([*self._events.begun(), *self._events.drawing(0, self._item)])

    def partial(self, index: int, file: bytes) -> Event:
        return self._events.partial(0, self._item, index, json.loads(file))

    async def completed(self, file: bytes) -> Sequence[Event]:
        turn, made = self._turn, self._events
        picture, message = await turn.picture(file), turn.message()
        answer = await turn.finished([picture, message])
        told = picture | {"status": self._facts.picture_status}
        partials = turn.asked.tool.get("partial_images")
        first = [self.partial(0, file)] if self._facts.whole_first and not partials else []
        return [
            *first,
            *made.drawn(0, told),
            *made.message(1, message),
            made.completed(answer | {"output": [told, message]}),
        ]

    def failed(self, body: bytes) -> Sequence[Event]:
        return self._events.failed(json.loads(body)["error"])


def _events(turn: Turn, facts: Any) -> ResponseEvents:
    options = turn.asked.body.get("stream_options")
    shows = isinstance(options, dict) and options.get("include_obfuscation") is False
    begun = turn.begun() | {"service_tier": turn.asked.body.get("service_tier") or "auto"}
    return ResponseEvents(begun, events(facts), obfuscated=not shows)
