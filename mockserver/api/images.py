"""The endpoints of the API: read, decide, answer. The decisions themselves are in the core."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from mockserver.api.admission import Admission
from mockserver.api.faults import Altered, developed
from mockserver.api.revised_prompt import get_ready, revised_prompt
from mockserver.clock import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.generation import address, answer_body, pictures, request_digest
from mockserver.core.journal import Attempt, picture_in, sent_fields
from mockserver.core.keys import Caller
from mockserver.core.picture import Picture
from mockserver.core.rules.parser import rigged
from mockserver.core.rules.rule import PLAIN, Effect
from mockserver.core.uploads import Fields
from mockserver.core.validation import ImageRequest
from mockserver.facts import Model
from mockserver.pictures import cache
from mockserver.request.bodies import (
    JSON,
    ClientGone,
    form_value,
    has_left,
    is_json,
    json_bytes,
    json_value,
    read_body,
    send_bytes,
    without_boundary,
)
from mockserver.request.era import Era
from mockserver.request.exchange import Exchange
from mockserver.request.world import World
from mockserver.settings import VARY

_COUNT = re.compile(r"[0-9]{1,9}")


class Images:
    """POST of one operation on images. The order of checks is the order of the lines of a call."""

    def __init__(self, world: World, operation: str) -> None:
        self._world = world
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        world, exchange = self._world, scope["exchange"]
        self._check_served(scope)
        caller, sandbox = await world.enter(exchange)
        self._check_served(scope)  # the caller's sandbox may be as of another day
        exchange.record.operation = self._operation
        exchange.record.fields = {"operation": self._operation}
        value = self._value(exchange, await self._body(scope, receive))
        exchange.record.fields |= sent_fields(value)
        request = self._validated(exchange, value)
        pixels = await world.darkroom.pixels(request.image, request.mask) if request.image else ()
        effect = await Admission(world, exchange, sandbox, caller, request).admitted(receive)
        if effect.reply:
            await Altered(effect, scope, receive, world.holds).reply(send, effect.reply)
            return
        await self._wait(exchange, request, receive)
        digest = request_digest(request, sandbox.options.seed or world.config.seed, pixels)
        varied = (sandbox.options.repeats or world.config.repeats) == VARY
        repeat = await sandbox.repeat(digest) if varied else 0
        planned = pictures(request, digest, repeat)[: effect.pictures]
        planned = await self._faulty(planned, effect, exchange)
        try:
            answer = await self._developed(scope, receive, request, planned, effect)
            world.deprecations.warn(exchange, self._operation, value)
            if effect is PLAIN:
                await send_bytes(send, 200, answer, JSON)
            else:
                await Altered(effect, scope, receive, world.holds).send(send, answer, JSON)
        except BaseException:
            if varied:
                await sandbox.take_back(digest, repeat)
            raise

    async def _developed(
        self,
        scope: Scope,
        receive: Receive,
        request: ImageRequest,
        planned: list[Picture],
        effect: Effect,
    ) -> bytes:
        """The answer's body, with the pictures or their URLs in it."""
        world, exchange = self._world, scope["exchange"]
        if effect.response_format:
            request = replace(request, response_format=effect.response_format)
        inline = request.response_format == "b64_json"
        values = [await self._base64(request, p, receive) for p in planned] if inline else []
        # the end of the job, and the middle of its URLs' time
        created = exchange.now(world.clock.now()) // SECOND
        if not inline:
            planned = await self._rigged(exchange, planned)
            base = base_url(world, scope, exchange)
            aged = exchange.era.facts.link.seconds_after * 2 if effect.expired_url else 0
            values = await self._urls(exchange, request, planned, base, created - aged)
        return await self._answer(exchange, request, planned, values, created)

    def _check_served(self, scope: Scope) -> None:
        if not self.is_served(scope["exchange"].era):
            raise unknown_url(scope)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The body; and in the exchange what tells a retry from another call."""
        exchange, body = scope["exchange"], await read_body(receive)
        count = exchange.header(b"x-stainless-retry-count") or ""
        common = without_boundary(exchange.header(b"content-type"), body)
        host, port = scope.get("client") or ("", 0)
        exchange.record.attempt = Attempt(
            body=blake2b(common, digest_size=16, key=self._operation.encode()).digest(),
            connection=f"{host}:{port}",
            number=int(count) if _COUNT.fullmatch(count) else None,
        )
        return body

    async def _faulty(
        self, planned: list[Picture], effect: Effect, exchange: Exchange
    ) -> list[Picture]:
        """The planned pictures, with the fault that a rule wants; or a file that it gives."""
        if effect.picture:
            return [replace(p, fault=effect.picture) for p in planned]
        if not effect.image:
            return planned
        given = b64decode(effect.image)
        place = address(given)
        await self._kept(exchange, place, given)
        return [replace(p, fault="given", image=place, mask=None) for p in planned]

    async def _rigged(self, exchange: Exchange, planned: list[Picture]) -> list[Picture]:
        """The pictures with what a rule wants of their downloads: it is kept as an upload is."""
        for fired in exchange.fired:
            if fired.part.download:
                wanted = rigged(fired)
                await self._kept(exchange, address(wanted), wanted)
                return [replace(p, download=address(wanted)) for p in planned]
        return planned

    def is_served(self, era: Era) -> bool:
        """Whether the operation was there in this era."""
        return self._operation in era.validators

    def _value(self, exchange: Exchange, body: bytes) -> Any:
        """The body's JSON value, or its parts."""
        operation = exchange.era.facts.operations[self._operation]
        content_type = exchange.header(b"content-type")
        if operation.form and not (operation.json_too and is_json(content_type)):
            return form_value(content_type, body)
        return json_value(content_type, body)

    def _validated(self, exchange: Exchange, value: Any) -> ImageRequest:
        """The request in a body's value; and in the exchange what there is to say of it."""
        if isinstance(value, Fields):
            exchange.hints += value.hints
        validator = exchange.era.validators[self._operation]
        try:
            request = validator.validated(value)
        except ApiError as refusal:
            if refusal.reason is Reason.UNKNOWN_MODEL:
                _hint_at(exchange, refusal.values["model"])
            elif refusal.reason is Reason.UNKNOWN_PARAMETER:  # before models could be named
                _hint_at(exchange, str(exchange.record.fields.get("model")))
            raise
        exchange.ask(request)
        exchange.warnings += validator.ignored(value, request)
        return request

    async def _wait(self, exchange: Exchange, request: ImageRequest, receive: Receive) -> None:
        """Hold the answer back as long as the sandbox's latency says, or the server's.

        Raises:
            ClientGone: the client left first, or its sandbox was begun anew.
        """
        own = exchange.sandbox.options.latency if exchange.sandbox else None
        latency = own or self._world.config.latency
        seconds = latency.seconds
        if latency.measured:
            seconds = latency.measured * self._measured(exchange, request)
        if seconds and exchange.sandbox:
            await self._world.holds.hold(exchange.sandbox.name, seconds, receive)

    def _measured(self, exchange: Exchange, request: ImageRequest) -> float:
        """Seconds that the real model took: a place in the recorded range, by the request."""
        offer = exchange.era.facts.models[request.model].offers[request.operation]
        shortest, longest = offer.milliseconds
        if request.quality == "hd" and offer.milliseconds_hd:
            shortest, longest = offer.milliseconds_hd
        place = request_digest(request, self._world.config.seed)[0] / 255
        return (shortest + place * (longest - shortest)) / 1000

    async def _urls(
        self,
        exchange: Exchange,
        request: ImageRequest,
        planned: list[Picture],
        base: str,
        created: int,
    ) -> list[bytes]:
        for picture in planned[:1]:  # all are made from the same uploads
            await self._keep(exchange, request, picture)
        caller = exchange.caller or Caller("")
        sign = exchange.era.links.signed
        links = [sign(p, caller.organization, caller.user, created) for p in planned]
        exchange.record.pictures = tuple(picture_in(link.partition("?")[0]) for link in links)
        return [json.dumps(base + link).encode() for link in links]

    async def _answer(
        self,
        exchange: Exchange,
        request: ImageRequest,
        planned: list[Picture],
        values: list[bytes],
        created: int,
    ) -> bytes:
        facts = exchange.era.facts
        items = [{request.response_format: value} for value in values]
        if facts.models[request.model].offers[request.operation].revises_prompt:
            await get_ready()
            for picture, item in zip(planned, items, strict=True):
                revised = revised_prompt(request.prompt, picture.digest)
                item["revised_prompt"] = json.dumps(revised).encode()
        newline = facts.operations[self._operation].dialect == "A"
        return answer_body(created, items, newline=newline)

    async def _keep(self, exchange: Exchange, request: ImageRequest, picture: Picture) -> None:
        """What the download will need: uploads, for as long as the URLs are good."""
        for place, upload in ((picture.image, request.image), (picture.mask, request.mask)):
            if place and upload and picture.fault != "given":
                await self._kept(exchange, place, upload)

    async def _kept(self, exchange: Exchange, place: str, upload: bytes) -> None:
        # By the machine's clock: one sandbox's, moved on, would clear away what others need.
        now = self._world.clock.now()
        until = now + exchange.era.facts.link.seconds_after * SECOND
        await self._world.store.keep(place, upload, until=until, now=now)

    async def _base64(self, request: ImageRequest, picture: Picture, receive: Receive) -> bytes:
        if request.image is None and picture.fault is None:
            return cache.quoted_base64(picture)
        if await has_left(receive):
            raise ClientGone
        made = await developed(self._world, picture, request.image, request.mask)
        return b'"%b"' % b64encode(made)


class Models:
    """GET /v1/models and /v1/models/{id}; DELETE, which finds no model that a caller could own."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        await self._world.enter(exchange)
        models = {m.id: m for m in exchange.era.facts.models.values() if m.listed}
        name = unquote(scope["path_params"].get("model", ""))
        if "model" not in scope["path_params"]:
            data = [_described(m) for m in models.values()]
            await send_bytes(send, 200, json_bytes({"object": "list", "data": data}), JSON)
            return
        model = models.get(name)
        if model is None or scope["method"] == "DELETE":
            _hint_at(exchange, name)
            raise ApiError(Reason.NO_SUCH_MODEL, model=name)
        self._world.deprecations.warn_of_model(exchange, model)
        await send_bytes(send, 200, json_bytes(_described(model)), JSON)


class Chat:
    """POST /v1/chat/completions: what an image model answers there."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._world.enter(scope["exchange"])
        raise ApiError(Reason.NO_CHAT_MODEL)


def _hint_at(exchange: Exchange, model: str) -> None:
    """Say that a model is not here, if the vendor has or had it."""
    facts = exchange.era.facts
    if model not in facts.unbuilt:
        return
    known = " and ".join(facts.models) or "no model of that day"
    exchange.hints.append(f"this server does not have {model} yet: it has {known}")
    since = facts.unbuilt[model]
    if since and facts.day < since:
        exchange.hints.append(
            f"nor had OpenAI on the day whose rules count here (--as-of): {model} came on {since}"
        )


def unknown_url(scope: Scope) -> ApiError:
    """The refusal of a path that the API does not have, or no longer."""
    return ApiError(Reason.UNKNOWN_URL, method=scope["method"], path=unquote(scope["path"]))


def _described(model: Model) -> dict[str, str | int]:
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
    }


def base_url(world: World, scope: Scope, exchange: Exchange) -> str:
    """What picture URLs start with: --public-url, else the address that the client used."""
    if world.config.public_url:
        return world.config.public_url
    host = exchange.header(b"host") or ":".join(map(str, scope["server"]))
    return f"{scope['scheme']}://{host}"
