"""Generations, edits and variations: read, decide, draw, answer. The decisions are in the core."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from mockserver.api.admission import Admission
from mockserver.api.faults import Altered
from mockserver.api.models import hint_at
from mockserver.api.references import with_pictures
from mockserver.api.revised_prompt import get_ready, revised_prompt
from mockserver.api.streams import EventStream, is_streamed
from mockserver.clock import SECOND
from mockserver.core.answer import NOTHING, ImagesAnswer, around, data_of
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Attempt, picture_in
from mockserver.core.keys import Caller
from mockserver.core.picture import Picture
from mockserver.core.planning import GIVEN, address, pictures, request_digest
from mockserver.core.request import ImageRequest
from mockserver.core.rules.effects import PLAIN, Effect
from mockserver.core.rules.parser import rigged
from mockserver.core.uploads import Fields, unreadable
from mockserver.facts import Operation
from mockserver.pictures.files import (
    UnreadableUpload,
    as_json,
    drawn_as_data,
    is_drawn_at_once,
)
from mockserver.request.bodies import (
    JSON,
    ClientGone,
    has_left,
    read_body,
    send_pieces,
)
from mockserver.request.exchange import Exchange
from mockserver.request.reading import Asked, Read, read
from mockserver.request.world import World
from mockserver.settings import VARY
from mockserver.store import Sandbox

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
        effect, pixels = await call.decide(request)
        if effect.reply:
            await Altered(effect, scope, receive, self._world.holds).reply(send, effect.reply)
            return
        drawing = await call.draw(asked, request, effect, pixels)
        try:
            if is_streamed(request, effect):
                self._world.deprecations.warn(exchange, self.operation, fields)
                await call.stream(send, request, effect, drawing.pictures)
                return
            answer = await call.answer(request, effect, drawing.pictures)
            self._world.deprecations.warn(exchange, self.operation, fields)
            await call.send(send, effect, answer)
        except BaseException:
            await call.take_back(drawing)
            raise


class _Drawing(NamedTuple):
    """The pictures that are planned, and what they were counted as."""

    pictures: Sequence[Picture]
    digest: bytes
    repeat: int | None  # None: not counted


@dataclass(slots=True)
class _Call:
    """One call, on its way through the steps above."""

    world: World
    exchange: Exchange
    caller: Caller
    sandbox: Sandbox
    scope: Scope
    receive: Receive

    # -- read ----------------------------------------------------------------------------------

    async def read(self, operation: str) -> tuple[Any, Asked]:
        """The body's value, and what it asks for by the rules of the model that it names.

        Raises:
            ApiError: what the API would say of it first.
        """
        exchange, record = self.exchange, self.exchange.record
        record.operation, record.fields = operation, {"operation": operation}
        content, content_type = await read_body(self.receive), exchange.header(b"content-type")
        found = read(operation, content_type, content)
        if exchange.surface:
            found = exchange.surface.meant(found)
        record.attempt = self._attempt(found.mark)
        exchange.era = self.world.era_of_model(exchange, found)
        rules = check_served(self.scope, operation)
        takes_json = exchange.era.validators[operation].takes_json
        found.check_type(form=rules.form, json_too=rules.form and takes_json(found.model))
        record.fields = found.sent
        return found.content, self._asked(operation, found)

    def _attempt(self, mark: bytes) -> Attempt:
        """What tells a retry from another call."""
        count = self.exchange.headers.get(b"x-stainless-retry-count", b"")
        host, port = self.scope.get("client") or ("", 0)
        number = int(count) if _COUNT.fullmatch(count) else None
        return Attempt(mark, f"{host}:{port}", number)

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
        return asked

    # -- decide --------------------------------------------------------------------------------

    async def decide(self, request: ImageRequest) -> tuple[Effect, tuple[bytes, ...]]:
        """What happens to the answer, once it may be given; and digests of the uploads' pixels.

        Raises:
            ApiError: an upload can't be decoded, or the request is not admitted.
            ClientGone: the client left while the answer was held back.
        """
        pixels: tuple[bytes, ...] = ()
        if request.images:
            pixels = await self._pixels(request)
        effect = await self._admission(request).admitted(self.receive)
        is_whole = not effect.reply and not is_streamed(request, effect)
        if is_whole and (seconds := self._latency(request)):
            await self.world.holds.hold(self.sandbox.name, seconds, self.receive)
        return effect, pixels

    def _admission(self, request: ImageRequest) -> Admission:
        return Admission(self.world, self.exchange, self.sandbox, self.caller, request)

    async def _pixels(self, request: ImageRequest) -> tuple[bytes, ...]:
        """Digests of the uploads' pixels; ApiError if one can't be decoded."""
        try:
            return await self.world.files.pixels(request.images, request.mask)
        except UnreadableUpload as broken:
            params = [source.param for source in request.sources]
            raise unreadable(request.offer.upload, broken.place, params) from None

    def _latency(self, request: ImageRequest) -> float:
        """Seconds that an answer takes, as the sandbox's latency says, or the server's."""
        latency, surface = (
            self.sandbox.options.latency or self.world.config.latency,
            self.exchange.surface,
        )
        seconds = (
            latency.measured * self._measured(request) if latency.measured else latency.seconds
        )
        return surface.wait(seconds) if surface else seconds

    def _measured(self, request: ImageRequest) -> float:
        """Seconds that the real model took: a place in the recorded range, by the request."""
        shortest, longest = request.offer.processing(request.options)
        place = request_digest(request, self.world.config.seed)[0] / 255
        return (shortest + place * (longest - shortest)) / 1000

    # -- draw ----------------------------------------------------------------------------------

    async def draw(
        self, asked: Asked, request: ImageRequest, effect: Effect, pixels: tuple[bytes, ...]
    ) -> _Drawing:
        """The pictures of the answer, with what rules want of them. No pixel is drawn yet."""
        sandbox, config = self.sandbox, self.world.config
        seed = sandbox.options.seed or config.seed
        is_varied = (sandbox.options.repeats or config.repeats) == VARY
        if pixels or is_varied:
            digest = request_digest(request, seed, pixels)
            repeat = await sandbox.repeat(digest) if is_varied else None
            planned: Sequence[Picture] = pictures(request, digest, repeat or 0)
        else:
            (digest, planned), repeat = asked.plan(seed), None
        if effect is not PLAIN:
            planned = await self._altered(planned[: effect.pictures], effect)
        return _Drawing(planned, digest, repeat)

    async def take_back(self, drawing: _Drawing) -> None:
        """Count pictures no longer that nobody got."""
        if drawing.repeat is not None:
            await self.sandbox.take_back(drawing.digest, drawing.repeat)

    async def _altered(self, planned: Sequence[Picture], effect: Effect) -> Sequence[Picture]:
        """The planned pictures, with the fault that a rule wants; or a file that it gives."""
        if effect.picture:
            return tuple([p._replace(fault=effect.picture) for p in planned])
        if not effect.image:
            return planned
        place = await self._keep(b64decode(effect.image))
        return tuple([p._replace(fault=GIVEN, images=(place,), mask=None) for p in planned])

    async def _keep(self, upload: bytes) -> str:
        """Keep what downloads will need, for as long as URLs are good; the address of it."""
        # By the machine's clock: one sandbox's, moved on, would clear away what others need.
        now, place = self.world.clock.now(), address(upload)
        until = now + self.exchange.era.facts.link.seconds_after * SECOND
        await self.world.store.keep(place, upload, until=until, now=now)
        return place

    # -- answer --------------------------------------------------------------------------------

    async def answer(
        self, request: ImageRequest, effect: Effect, planned: Sequence[Picture]
    ) -> ImagesAnswer:
        """The answer, with the pictures or their URLs in it."""
        # a model that has no such option answers in base64
        form = effect.response_format or request.options.get("response_format", INLINE)
        revised = await _revised(request, planned) if request.offer.revises_prompt else ()
        told = around(request) if request.offer.told.usage else (b"", b"")
        surface = self.exchange.surface
        beside = surface.beside() if surface else NOTHING
        if form != INLINE:
            created = self._created()
            values = await self._urls(request, effect, planned, created)
            return ImagesAnswer(created, data_of(form, values, revised, beside), told)
        if beside or (planned and not is_drawn_at_once(planned[0])):
            values = [await self._base64(request, p) for p in planned]
            data = data_of(form, values, revised, beside)
        else:
            data = drawn_as_data(planned, revised)
        return ImagesAnswer(self._created(), data, told)

    def _created(self) -> int:
        """The end of the job, and the middle of its URLs' time, as a Unix second."""
        return self.sandbox.now(self.world.clock.now()) // SECOND

    async def _base64(self, request: ImageRequest, picture: Picture) -> bytes:
        if await has_left(self.receive):
            raise ClientGone
        return as_json(await self.world.files.file(picture, request.images, request.mask) or b"")

    async def _urls(
        self, request: ImageRequest, effect: Effect, planned: Sequence[Picture], created: int
    ) -> list[bytes]:
        planned = await self._rigged(planned)
        if planned and planned[0].fault != GIVEN:  # all are made from the same uploads
            for upload in (*request.images, request.mask):
                if upload:
                    await self._keep(upload)
        era = self.exchange.era
        if effect.expired_url:
            created -= era.facts.link.seconds_after * 2
        base = base_url(self.world, self.scope, self.exchange)
        caller = self.caller
        links = [era.links.signed(p, caller.organization, caller.user, created) for p in planned]
        self.exchange.record.pictures = tuple(picture_in(k.partition("?")[0]) for k in links)
        return [json.dumps(base + link).encode() for link in links]

    async def _rigged(self, planned: Sequence[Picture]) -> Sequence[Picture]:
        """The pictures with what a rule wants of their downloads: it is kept as an upload is."""
        for fired in self.exchange.fired:
            if fired.part.download:
                place = await self._keep(rigged(fired))
                return [p._replace(download=place) for p in planned]
        return planned

    async def stream(
        self, send: Send, request: ImageRequest, effect: Effect, planned: Sequence[Picture]
    ) -> None:
        """Send the pictures as a stream; raises ClientGone where the line breaks."""
        admission, latency = self._admission(request), self._latency(request)
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


async def _revised(request: ImageRequest, planned: Sequence[Picture]) -> tuple[bytes, ...]:
    """The revised prompts of pictures as JSON."""
    await get_ready()
    texts = [revised_prompt(request.prompt, p.digest) for p in planned]
    return tuple([json.dumps(text).encode() for text in texts])


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
