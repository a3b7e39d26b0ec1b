"""The paths beside the images: the models, one of them, and chat, which has none of them."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from mockserver.core.errors import ApiError, Reason
from mockserver.facts import Model
from mockserver.request.bodies import JSON, json_bytes, send_bytes
from mockserver.request.exchange import Exchange
from mockserver.request.world import World


class Models:
    """GET /v1/models and /v1/models/{id}; DELETE, which finds no model that a caller could own."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        await self._world.enter(exchange)
        models = {m.id: m for m in self._world.models(exchange) if m.listed}
        name = unquote(scope["path_params"].get("model", ""))
        if "model" not in scope["path_params"]:
            data = [_described(m) for m in models.values()]
            await send_bytes(send, 200, json_bytes({"object": "list", "data": data}), JSON)
            return
        model = models.get(name)
        if model is None or scope["method"] == "DELETE":
            hint_at(exchange, name)
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


def _described(model: Model) -> dict[str, str | int]:
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
    }


def hint_at(exchange: Exchange, model: str) -> None:
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
