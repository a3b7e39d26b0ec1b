"""Generations, edits and variations: read, decide, draw, answer. The decisions are in the core."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from mockserver.api.drawing import Job, revised_prompts
from mockserver.api.faults import Altered
from mockserver.api.models import hint_at
from mockserver.api.references import with_pictures
from mockserver.api.streams import EventStream, is_streamed
from mockserver.clock import SECOND
from mockserver.core.answer import NOTHING, ImagesAnswer, around, data_of
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Attempt, picture_in
from mockserver.core.picture import Picture
from mockserver.core.pieces import LARGE
from mockserver.core.planning import GIVEN
from mockserver.core.request import ImageRequest
from mockserver.core.rules.effects import PLAIN, UNSEEN, Effect
from mockserver.core.rules.parser import rigged
from mockserver.core.uploads import Fields
from mockserver.facts import Operation
from mockserver.pictures.files import drawn_as_data, is_drawn_at_once
from mockserver.request.bodies import JSON, read_body, send_pieces
from mockserver.request.exchange import Exchange
from mockserver.request.reading import Asked, Read, read
from mockserver.request.world import World

INLINE = "b64_json"
_COUNT = re.compile(rb"[0-9]{1,9}")
#: Refusals in which the model may be what is wrong.
_OF_MODEL = (Reason.UNKNOWN_MODEL, Reason.UNKNOWN_PARAMETER)


class Images:
    """POST of one operation on images."""

    def __init__(self, world: World, operation: str) -> None:
        self._world = world
        self.operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        check_served(scope, self.operation)
        caller, sandbox = await self._world.enter(exchange)
        check_served(scope, self.operation)  # the caller's sandbox may be as of another day
        call = _Call(self._world, exchange, caller, sandbox, scope, receive)
        fields, asked = await call.read(self.operation)
        request = asked.request
        if request.sources:
            request = await with_pictures(self._world, exchange, request)
        effect, seen = await call.decide(request)
        if effect.reply:
            await Altered(effect, scope, receive, self._world.holds).reply(send, effect.reply)
            return
        drawing = await call.draw(request, effect, seen, asked)
        try:
            if effect.lose in UNSEEN:
                call.end_work()
                await Altered(effect, scope, receive, self._world.holds).lose(send)
                return
            if is_streamed(request, effect):
                self._world.deprecations.warn(exchange, self.operation, fields)
                await call.stream(send, request, effect, drawing.pictures)
                return
            answer = await call.answer(request, effect, drawing.pictures)
            self._world.deprecations.warn(exchange, self.operation, fields)
            call.end_work()  # however long the client takes for the answer
            await call.send(send, effect, answer)
        except BaseException:
            await call.take_back(drawing)
            raise


class _Call(Job):
    """One call, on its way through the steps above."""

    __slots__ = ()

    # -- read ----------------------------------------------------------------------------------

    async def read(self, operation: str) -> tuple[Any, Asked]:
        """The body's value, and what it asks for by the rules of the model that it names.

        Raises:
            ApiError: what the API would say of it first.
        """
        exchange, record = self.exchange, self.exchange.record
        record.operation, record.fields = operation, {"operation": operation}
        content, content_type = await read_body(self.receive), exchange.header(b"content-type")
        is_large = len(content) > LARGE
        reading = partial(read, operation, content_type, content, exchange.hide)
        found = await self.world.heavy.run(reading) if is_large else reading()
        del content, reading  # what was read of it is all that is needed
        if exchange.surface:
            found = exchange.surface.meant(found)
            if is_large:
                await self.world.heavy.run(found.read_all)
        record.attempt = None if exchange.line else attempt(self.scope, found.mark)
        exchange.era = self.world.era_of_model(exchange, found)
        rules = check_served(self.scope, operation)
        takes_json = exchange.era.validators[operation].takes_json
        found.check_type(form=rules.form, json_too=rules.form and takes_json(found.model))
        record.fields = found.sent
        return found.content, self._asked(operation, found)

    def _asked(self, operation: str, found: Read) -> Asked:
        """What a body asks for; and in the exchange what there is to say of it."""
        exchange = self.exchange
        if isinstance(found.content, Fields):
            exchange.hints += found.content.hints
        try:
            asked = found.asked(exchange.era.validators[operation])
        except ApiError as refusal:
            if refusal.reason in _OF_MODEL:
                hint_at(exchange, str(exchange.record.fields.get("model")), exchange.era.facts)
            raise
        exchange.ask(asked.request, asked.fields, asked.weight)
        exchange.warnings += asked.ignored
        if asked.unheard:
            exchange.record.noticed += tuple(f"ignored:{name}" for name in asked.unheard)
        return asked

    # -- answer --------------------------------------------------------------------------------

    async def answer(
        self, request: ImageRequest, effect: Effect, planned: Sequence[Picture]
    ) -> ImagesAnswer:
        """The answer, with the pictures or their URLs in it."""
        # a model that has no such option answers in base64
        form = effect.response_format or request.options.get("response_format", INLINE)
        revised = await revised_prompts(request, planned) if request.offer.revises_prompt else ()
        told = around(request) if request.offer.told.usage else (b"", b"")
        surface = self.exchange.surface
        beside = surface.beside() if surface else NOTHING
        if form != INLINE:
            created = self._created()
            values = await self._urls(request, effect, planned, created)
            return ImagesAnswer(created, data_of(form, values, revised, beside), told)
        if beside or (planned and not is_drawn_at_once(planned[0])):
            values = [await self.base64(request, p) for p in planned]
            data = data_of(form, values, revised, beside)
        else:
            data = drawn_as_data(planned, revised)
        return ImagesAnswer(self._created(), data, told)

    def _created(self) -> int:
        """The end of the job, and the middle of its URLs' time, as a Unix second."""
        return self.sandbox.now(self.world.clock.now()) // SECOND

    async def _urls(
        self, request: ImageRequest, effect: Effect, planned: Sequence[Picture], created: int
    ) -> list[bytes]:
        planned = await self._rigged(planned)
        if planned and planned[0].fault != GIVEN:  # all are made from the same uploads
            await self.keep_uploads(request, planned)
        era = self.exchange.era
        if effect.expired_url:
            created -= era.facts.link.seconds_after * 2
        base = base_url(self.world, self.scope, self.exchange)
        caller = self.caller
        links = [era.links.signed(p, caller.organization, caller.user, created) for p in planned]
        self.exchange.record.pictures = tuple(picture_in(k.partition("?")[0]) for k in links)
        self.exchange.record.urls_for = era.facts.link.seconds_after
        return [json.dumps(base + link).encode() for link in links]

    async def _rigged(self, planned: Sequence[Picture]) -> Sequence[Picture]:
        """The pictures with what a rule wants of their downloads: it is kept as an upload is."""
        for fired in self.exchange.fired:
            if fired.part.download:
                place = await self.keep(rigged(fired))
                return [p._replace(download=place) for p in planned]
        return planned

    async def stream(
        self, send: Send, request: ImageRequest, effect: Effect, planned: Sequence[Picture]
    ) -> None:
        """Send the pictures as a stream; raises ClientGone where the line breaks."""
        admission, latency = self.admission(request), self.latency(request)
        stream = EventStream(admission, effect, latency, self.scope, self.receive)
        await stream.send(send, planned)

    async def send(self, send: Send, effect: Effect, answer: ImagesAnswer) -> None:
        """Send the answer; raises ClientGone where a rule breaks the line."""
        dialect = self.exchange.era.dialects[self.exchange.record.operation]
        pieces = answer.pieces(newline=dialect.newline)
        if effect is PLAIN:
            await send_pieces(send, 200, pieces, JSON)
        else:
            altered = Altered(effect, self.scope, self.receive, self.world.holds)
            await altered.send(send, b"".join(pieces), JSON)


def attempt(scope: Scope, mark: bytes) -> Attempt:
    """What tells a retry from another call, of which the mark is the same."""
    exchange: Exchange = scope["exchange"]
    count = exchange.headers.get(b"x-stainless-retry-count", b"")
    host, port = scope.get("client") or ("", 0)
    number = int(count) if _COUNT.fullmatch(count) else None
    return Attempt(mark, f"{host}:{port}", number)


def check_served(scope: Scope, operation: str) -> Operation:
    """The facts of an operation in the exchange's era; ApiError if it was not there."""
    exchange: Exchange = scope["exchange"]
    found = exchange.era.facts.operations.get(operation)
    if found is None:
        raise unknown_url(scope)
    return found


def unknown_url(scope: Scope) -> ApiError:
    """The refusal of a path that the API does not have, or no longer."""
    return ApiError(Reason.UNKNOWN_URL, method=scope["method"], path=unquote(scope["path"]))


def base_url(world: World, scope: Scope, exchange: Exchange) -> str:
    """What picture URLs start with: --public-url, else the address that the client used."""
    if world.config.public_url:
        return world.config.public_url
    host = exchange.header(b"host") or ":".join(map(str, scope["server"]))
    return f"{scope['scheme']}://{host}"
