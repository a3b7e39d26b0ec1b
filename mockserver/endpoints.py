"""The endpoints of the API: read, decide, answer. The decisions themselves are in the core."""

from __future__ import annotations

import json
from base64 import b64encode

from starlette.types import Receive, Scope, Send

from mockserver import gallery
from mockserver.clock import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.generation import answer_body, pictures, request_digest
from mockserver.core.keys import Caller
from mockserver.core.picture import Picture
from mockserver.core.validation import ImageRequest
from mockserver.exchange import Exchange
from mockserver.facts import Model
from mockserver.revision import revised_prompt
from mockserver.wire import (
    JSON,
    ClientGone,
    form_value,
    has_left,
    json_bytes,
    json_value,
    read_body,
    send_bytes,
)
from mockserver.world import World


class Images:
    """POST of one operation on images. The order of checks is the order of the lines of a call."""

    def __init__(self, world: World, operation: str) -> None:
        self._world = world
        self._validator = world.validators[operation]
        self._value = form_value if world.facts.operations[operation].form else json_value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        world, exchange = self._world, scope["exchange"]
        caller = world.caller(exchange)
        value = self._value(exchange.header(b"content-type"), await read_body(receive))
        request = self._validator.validated(value)
        exchange.request = request
        pixels = await world.darkroom.pixels(request.image, request.mask) if request.image else ()
        await self._admit(caller, request)
        exchange.usd = request.n * world.price(request.model, request.size, request.quality)
        await self._wait(request)
        planned = pictures(request, world.config.seed, pixels)
        inline = request.response_format == "b64_json"
        values = [await self._base64(request, p, receive) for p in planned] if inline else []
        created = (
            world.clock.now() // SECOND
        )  # the end of the job, and the middle of its URLs' time
        if not inline:
            base = base_url(world, scope, exchange)
            values = await self._urls(request, planned, caller, base, created)
        answer = self._answer(request, planned, values, created)
        await send_bytes(send, 200, answer, JSON, world.warnings(world.facts.models[request.model]))

    async def _admit(self, caller: Caller, request: ImageRequest) -> None:
        if caller.refusal:
            raise ApiError(caller.refusal, model=request.model)
        limit = self._world.limit(caller, request.model)
        if limit is None:
            return
        verdict = await self._world.store.admit(
            caller.sandbox,
            request.model,
            limit=limit,
            cost=request.n,
            now=self._world.clock.now(),
        )
        if not verdict.admitted:
            raise _over_limit(
                verdict.wait_ms,
                organization=caller.organization,
                limit=limit,
                current=verdict.used + request.n,
            )

    async def _wait(self, request: ImageRequest) -> None:
        """Hold the answer back as long as --latency says."""
        latency = self._world.config.latency
        seconds = latency.seconds
        if latency.measured:
            seconds = latency.measured * self._measured(request)
        if seconds:
            await self._world.clock.sleep(seconds)

    def _measured(self, request: ImageRequest) -> float:
        """Seconds that the real model took: a place in the recorded range, by the request."""
        offer = self._world.facts.models[request.model].offers[request.operation]
        shortest, longest = offer.milliseconds
        if request.quality == "hd" and offer.milliseconds_hd:
            shortest, longest = offer.milliseconds_hd
        place = request_digest(request, self._world.config.seed)[0] / 255
        return (shortest + place * (longest - shortest)) / 1000

    async def _urls(
        self,
        request: ImageRequest,
        planned: list[Picture],
        caller: Caller,
        base: str,
        created: int,
    ) -> list[bytes]:
        await self._keep(request, planned[0], created)
        sign = self._world.links.signed
        links = (sign(p, caller.organization, caller.user, created) for p in planned)
        return [json.dumps(base + link).encode() for link in links]

    def _answer(
        self, request: ImageRequest, planned: list[Picture], values: list[bytes], created: int
    ) -> bytes:
        items = [{request.response_format: value} for value in values]
        if self._world.facts.models[request.model].offers[request.operation].revises_prompt:
            for picture, item in zip(planned, items, strict=True):
                revised = revised_prompt(request.prompt, picture.digest)
                item["revised_prompt"] = json.dumps(revised).encode()
        return answer_body(created, items)

    async def _keep(self, request: ImageRequest, picture: Picture, created: int) -> None:
        """What the download will need: uploads, for as long as the URLs are good."""
        now, until = created * SECOND, (created + self._world.facts.link.seconds_after) * SECOND
        for address, upload in ((picture.image, request.image), (picture.mask, request.mask)):
            if address and upload:
                await self._world.store.keep(address, upload, until=until, now=now)

    async def _base64(self, request: ImageRequest, picture: Picture, receive: Receive) -> bytes:
        if request.image is None:
            return gallery.quoted_base64(picture)
        if await has_left(receive):
            raise ClientGone
        made = await self._world.darkroom.made(picture, request.image, request.mask)
        return b'"%b"' % b64encode(made)


def _over_limit(wait_ms: int | None, **told: str | int) -> ApiError:
    if wait_ms is None:
        return ApiError(Reason.OVER_LIMIT, **told)
    seconds = -(-wait_ms // 1000)
    return ApiError(Reason.RATE_LIMITED, retry_after=seconds, retry_after_ms=wait_ms, **told)


class Models:
    """GET /v1/models and /v1/models/{id}; DELETE, which finds no model that a caller could own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._list = json_bytes(
            {"object": "list", "data": [_described(m) for m in world.facts.models.values()]}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._world.caller(scope["exchange"])
        name = scope["path_params"].get("model")
        if name is None:
            await send_bytes(send, 200, self._list, JSON)
            return
        model = self._world.facts.models.get(name)
        if model is None or scope["method"] == "DELETE":
            raise ApiError(Reason.NO_SUCH_MODEL, model=name)
        headers = self._world.warnings(model)
        await send_bytes(send, 200, json_bytes(_described(model)), JSON, headers)


class Chat:
    """POST /v1/chat/completions: what an image model answers there."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._world.caller(scope["exchange"])
        raise ApiError(Reason.NO_CHAT_MODEL)


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
