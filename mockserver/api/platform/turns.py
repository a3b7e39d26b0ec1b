"""One turn of a conversation, from its request to its answer; sends nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockserver.api.admission import Door
from mockserver.api.drawing import Drawing, Job, revised_prompts
from mockserver.api.faults import Altered
from mockserver.api.platform.call import Call
from mockserver.api.references import with_pictures
from mockserver.clock import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import cut
from mockserver.core.picture import Picture
from mockserver.core.request import ImageRequest, Source
from mockserver.core.response_bodies import COMPLETED, Ids, call_item, message_item, response
from mockserver.core.responses import (
    CALL,
    Asked,
    Drawn,
    Kept,
    asked_of,
    check_model,
    input_told,
    request_of,
    scene,
)
from mockserver.core.rules.effects import PLAIN, Effect
from mockserver.core.sandbox.items import Item
from mockserver.facts import fields
from mockserver.request.bodies import Body
from mockserver.store.contents import content_of

_OBJECT = 600  # bytes of a kept answer beside its content
_IGNORED = ("conversation", "prompt")
_NOT_KEPT = "nobody can look at this answer: the real API takes no background without store"
_NO_WORDS = (
    "this mock draws pictures and writes no words: the text of this answer is one fixed sentence"
)


@dataclass(slots=True)
class Turn:
    """What is answered to one request."""

    call: Call
    asked: Asked
    ids: Ids
    created: int  # Unix seconds
    job: Job
    request: ImageRequest | None = None  # what is drawn; None: the model only speaks
    effect: Effect = PLAIN
    drawing: Drawing | None = None
    latency: float = 0.0  # seconds, of a stream

    @property
    def is_streamed(self) -> bool:
        """Whether the answer is a stream: the request asked for one, and no rule withholds it."""
        return self.asked.stream and not (self.effect.stream and self.effect.stream.as_json)

    # -- the answer, piece by piece: a stream tells each as it comes -----------------------------

    def begun(self) -> dict[str, Any]:
        """The answer as it is when nothing is there yet."""
        return response(self.asked, self.ids, self.created, request=self.request)

    def queued(self) -> dict[str, Any]:
        """The answer as it is before anybody works on it."""
        return self.begun() | {"status": "queued"}

    @property
    def pictures(self) -> Sequence[Picture]:
        """The pictures that are planned: one, or none where a rule wants none."""
        return self.drawing.pictures if self.drawing else ()

    @property
    def _drawn(self) -> ImageRequest:
        if self.request is None:
            raise ValueError("nothing is drawn in this turn")
        return self.request

    def picture_begun(self) -> dict[str, Any]:
        """The item of the picture before it is there."""
        return call_item(self.asked, self.ids, self._drawn, status="in_progress")

    async def picture(self, file: bytes | None = None) -> dict[str, Any]:
        """The item of the picture; the file as base64 in JSON, if it is drawn already."""
        (revised,) = await revised_prompts(self._drawn, self.pictures[:1])
        file = file or await self.job.base64(self._drawn, self.pictures[0])
        told = {"result": json.loads(file), "revised": json.loads(revised)}
        return call_item(self.asked, self.ids, self._drawn, status=COMPLETED, **told)

    def message(self) -> dict[str, Any]:
        """The item of what the model says."""
        said = self.asked.facts["message"]
        return message_item(self.ids, said["beside" if self.pictures else "alone"])

    async def finished(self, output: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The whole answer of these items, which is kept if the client wants it kept."""
        now = self.call.now
        found = response(
            self.asked,
            self.ids,
            self.created,
            request=self.request if self.pictures else None,
            output=output,
            completed=now // SECOND,
        )
        if self.asked.get("store"):
            told = {"response": found, "input": self._input()}
            written = await self.call.world.heavy.run(lambda: json.dumps(told).encode())
            kept = await content_of(written)
            calls = tuple([item["id"] for item in output if item["type"] == CALL])
            value = Kept(self.asked.body.get("previous_response_id"), calls)
            size = _OBJECT + kept.in_memory
            await self.call.sandbox.save(
                "responses", Item(self.ids.response, now, value, size, kept)
            )
        return found

    def _input(self) -> Sequence[Any]:
        return input_told(self.asked.body.get("input"), self.ids.message)

    # -- the answer at once ----------------------------------------------------------------------

    async def whole(self) -> dict[str, Any]:
        """All of the answer."""
        output = [await self.picture()] if self.pictures else []
        return await self.finished([*output, self.message()])

    async def take_back(self) -> None:
        """Count a picture no longer that nobody got."""
        if self.drawing:
            await self.job.take_back(self.drawing)


async def turn_of(call: Call) -> Turn | None:
    """The turn that a request asks for, admitted and planned; None: a rule has answered.

    Raises:
        ApiError: what the API, a rule, the key, a limit or the budget says of it first.
        ClientGone: the client left while the answer was held back.
    """
    created = call.now // SECOND
    job = Job(call.world, call.exchange, call.caller, call.sandbox, call.scope, call.receive)
    asked = await _read(call)
    request, seen = None, None
    if asked.place is None:
        effect = await _passed(call, asked)
    else:
        request = await _request(call, asked)
        effect, seen = await job.decide(request)
    if effect.reply:
        altered = Altered(effect, call.scope, call.receive, call.world.holds)
        await altered.reply(call.send, effect.reply)
        return None
    ids = Ids.of(await call.new_id("responses"))
    if request is None:
        return Turn(call, asked, ids, created, job, effect=effect)
    if model := call.exchange.era.facts.models.get(request.model):
        call.world.deprecations.warn_of_model(call.exchange, model)
    drawing = await job.draw(request, effect, seen)
    return Turn(call, asked, ids, created, job, request, effect, drawing, job.latency(request))


async def _read(call: Call) -> Asked:
    """What the body asks for, which must be JSON."""
    Body(call.exchange.header(b"content-type"), b"").check_type(form=False, json_too=False)
    asked = asked_of(call.body, call.endpoint, call.facts("responses"))
    check_model(asked, call.exchange.era.facts)
    _warn(call, asked)
    return asked


async def _request(call: Call, asked: Asked) -> ImageRequest:
    """What is to be drawn, with the pictures that it is made from."""
    era = call.exchange.era
    before = await _pictures_before(call, asked)
    request = request_of(asked, before, era.validators, era.facts)
    _note(call, asked, request)
    if request.sources:
        request = await with_pictures(call.world, call.exchange, request)
    return request


async def _passed(call: Call, asked: Asked) -> Effect:
    """What rules want of an answer in words; ApiError if they or the key refuse it."""
    await _pictures_before(call, asked)  # that they are there
    door = Door(call.world, call.exchange, call.sandbox, call.caller)
    effect = await door.passed(call.receive)
    if not effect.reply:
        door.check_key(asked.model)
    return effect


def _warn(call: Call, asked: Asked) -> None:
    """Say what of a request this server can't do."""
    ignored = [name for name in _IGNORED if asked.body[name] is not None]
    warnings = call.exchange.warnings
    warnings += [f"this mock keeps none, and ignores {name!r}" for name in ignored]
    if asked.get("background") and not asked.get("store"):
        warnings.append(_NOT_KEPT)
    if asked.place is None:
        warnings.append(_NO_WORDS)


def _note(call: Call, asked: Asked, request: ImageRequest) -> None:
    """Tell the journal of the picture as of one of /v1/images, and what was sent beside it."""
    exchange, known = call.exchange, fields().order  # which some names here mean otherwise
    beside = {name: v for name, v in exchange.record.fields.items() if name not in known}
    own = {"operation": exchange.record.operation, "prompt": request.prompt}
    exchange.ask(request, {**request.told, **own, "text_model": cut(asked.model), **beside})


# -- earlier pictures ----------------------------------------------------------------------------


async def _pictures_before(call: Call, asked: Asked) -> Sequence[Source]:
    """The pictures that are worked on: those of the input, or of the answers before it."""
    previous = asked.body.get("previous_response_id")
    last = await _last_of(call, previous) if previous else None
    shown = [*([last] if last else []), *asked.shown]
    return [one if isinstance(one, Source) else await _source(call, one) for one in scene(shown)]


async def _last_of(call: Call, previous: str) -> Drawn | None:
    """The last picture in a row of answers."""
    found = await call.sandbox.item("responses", previous)
    if found is None:
        raise ApiError(Reason.NO_PREVIOUS_RESPONSE, id=previous)
    while found:
        kept: Kept = found.value
        if kept.calls:
            result = await _result(call, found, kept.calls[-1])
            return Drawn("previous_response_id", kept.calls[-1], result)
        found = await call.sandbox.item("responses", kept.previous) if kept.previous else None
    return None


async def _source(call: Call, drawn: Drawn) -> Source:
    result = drawn.result
    if result is None:
        for item in await call.sandbox.items("responses"):
            if drawn.id in item.value.calls:
                result = await _result(call, item, drawn.id)
    if result is None:
        raise ApiError(Reason.NO_SUCH_ITEM, id=drawn.id)
    return Source(f"{drawn.param}.result", f"data:;base64,{result}")


async def _result(call: Call, item: Item, call_id: str) -> str:
    kept = await item.content.read()
    told = await call.world.heavy.run(lambda: json.loads(kept))
    output = told["response"]["output"]
    found: str = next(one["result"] for one in output if one["id"] == call_id)
    return found
