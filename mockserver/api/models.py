"""The paths beside the images: the models, one of them, and chat, which has none of them."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from mockserver.core.errors import ApiError, Reason
from mockserver.facts import Facts, Model, default_days, ever_there
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
        found = self._world.models(exchange)
        models = {name: one for name, one in found.items() if one[0].listed}
        name = unquote(scope["path_params"].get("model", ""))
        if "model" not in scope["path_params"]:
            data = [_described(*one) for one in models.values()]
            await send_bytes(send, 200, json_bytes({"object": "list", "data": data}), JSON)
            return
        if name not in models or scope["method"] == "DELETE":
            hint_at(
                exchange, name, self._world.era(exchange.sandbox, default_days().get(name)).facts
            )
            raise ApiError(Reason.NO_SUCH_MODEL, model=name)
        model, facts = models[name]
        self._world.deprecations.warn_of_model(exchange, model)
        await send_bytes(send, 200, json_bytes(_described(model, facts)), JSON)


class Chat:
    """POST /v1/chat/completions: what an image model answers there."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._world.enter(scope["exchange"])
        raise ApiError(Reason.NO_CHAT_MODEL)


def _described(model: Model, facts: Facts) -> dict[str, str | int | None]:
    told: dict[str, str | int | None] = {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
    }
    if facts.shutdown_told:
        told["shutdown_date"] = str(model.shutdown_date) if model.shutdown_date else None
    return told


def hint_at(exchange: Exchange, model: str, facts: Facts) -> None:
    """Say why a model is not here by a day's facts, if it is one whose day is not all others'."""
    if model not in default_days() or model in facts.models:
        return
    life = ever_there()[model]
    if life.shutdown and life.shutdown <= facts.day:
        advice = f": name {life.successor} instead" if life.successor else ""
        exchange.hints.append(f"{model} was shut down on {life.shutdown}{advice}")
    else:
        exchange.hints.append(
            f"OpenAI had no {model} on the day whose rules count here (--as-of): it came on "
            f"{life.since}"
        )
