"""The endpoints of the API: read, decide, answer. The decisions themselves are in the core."""

from __future__ import annotations

import json

from starlette.types import Receive, Scope, Send

from mockserver import gallery
from mockserver.core.errors import ApiError, Reason
from mockserver.core.generation import answer_body, pictures, request_digest
from mockserver.core.keys import Caller
from mockserver.core.validation import ImageRequest
from mockserver.exchange import Exchange
from mockserver.facts import Model
from mockserver.revision import revised_prompt
from mockserver.wire import JSON, json_bytes, json_value, read_body, send_bytes
from mockserver.world import World

SECOND = 1_000_000_000  # nanoseconds


class Generate:
    """POST /v1/images/generations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._validator = world.validators["images.generate"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        world, exchange = self._world, scope["exchange"]
        caller = world.caller(exchange)
        body = await read_body(receive)
        value = json_value(exchange.header(b"content-type"), body)
        request = self._validator.validated(value)
        exchange.request = request
        await self._admit(caller, request)
        exchange.usd = request.n * world.price(request.model, request.size, request.quality)
        await self._wait(request)
        answer = self._answer(request, caller, base_url(world, scope, exchange))
        headers = world.warnings(world.facts.models[request.model])
        await send_bytes(send, 200, answer, JSON, headers)

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

    def _answer(self, request: ImageRequest, caller: Caller, base: str) -> bytes:
        created = self._world.clock.now() // SECOND
        items = []
        for picture in pictures(request, self._world.config.seed):
            if request.response_format == "b64_json":
                item = {"b64_json": gallery.quoted_base64(picture)}
            else:
                link = self._world.links.signed(picture, caller.organization, caller.user, created)
                item = {"url": json.dumps(base + link).encode()}
            if self._revises(request):
                revised = revised_prompt(request.prompt, picture.digest)
                item["revised_prompt"] = json.dumps(revised).encode()
            items.append(item)
        return answer_body(created, items)

    def _revises(self, request: ImageRequest) -> bool:
        return self._world.facts.models[request.model].offers[request.operation].revises_prompt


def _over_limit(wait_ms: int | None, **told: str | int) -> ApiError:
    if wait_ms is None:
        return ApiError(Reason.OVER_LIMIT, **told)
    seconds = -(-wait_ms // 1000)
    return ApiError(Reason.RATE_LIMITED, retry_after=seconds, retry_after_ms=wait_ms, **told)


class Models:
    """GET /v1/models and /v1/models/{id}."""

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
        if model is None:
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
