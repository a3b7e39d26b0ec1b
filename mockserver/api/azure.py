"""Azure OpenAI's paths: each request is led to the handler of /v1 that it means.

What is other there (words, headers, limits, what an answer tells) is the exchange's `Surface`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send

from mockserver.api.blobs import azure_id
from mockserver.api.images import Images
from mockserver.api.models import hint_at
from mockserver.clock import SECOND
from mockserver.core.answer_headers import Headers
from mockserver.core.azure import (
    Asked,
    asked,
    check_narrowed,
    deployments,
    filter_results,
    no_deployment,
)
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import Caller
from mockserver.core.limits import Verdict
from mockserver.core.sandbox import Options
from mockserver.facts import routes
from mockserver.facts.costs import IMAGES, Limit
from mockserver.facts.platform.azure import AzureFacts, azure
from mockserver.facts.words import Words
from mockserver.facts.words.azure import words_on
from mockserver.request.era import Era
from mockserver.request.exchange import Exchange
from mockserver.request.reading import Read
from mockserver.request.world import World

_PATHS = {operation: path for operation, _, path in routes()}
#: What words call an operation.
_CALLS = {
    "images.generate": ("ImageGenerations_Create", "imageGenerations"),
    "images.edit": ("ImageEdits_Create", "imageEdits"),
}
_CLIENT_ID = b"x-ms-client-request-id"


@dataclass(slots=True)
class AzureSurface:
    """What is other in one request to a deployment."""

    world: World
    exchange: Exchange
    facts: AzureFacts
    deployments: Mapping[str, str]  # models by name
    asked: Asked | None = None  # None: nothing that Azure has
    deployment: str = ""  # once it is known
    rate: Headers = field(default_factory=list)

    @property
    def operation(self) -> str:
        """That of /v1 whose rules and words count."""
        found = self.asked.way.id if self.asked else ""
        return found if found in _CALLS else "images.generate"

    @property
    def version(self) -> str:
        """Of the API, as it was asked for; "" where Azure has nothing."""
        return self.asked.version if self.asked else ""

    def meant(self, found: Read) -> Read:
        """The body with the deployment's model, whatever it names itself.

        Raises:
            ApiError: there is no such deployment, or it can't do that.
        """
        in_path = self.asked.deployment if self.asked else None
        if in_path is None and not found.is_readable:
            return found
        name = found.model if in_path is None else in_path
        if not isinstance(name, str) or name not in self.deployments:
            raise no_deployment(name, self.deployments)
        self.deployment, model = name, self.deployments[name]
        self.exchange.record.trace.append(f"deployment {name}: {model}")
        return self.of_model(found, model)

    def of_model(self, found: Read, model: str) -> Read:
        """The body as one that asks for this model, by the rules of its day.

        Raises:
            ApiError: the model can't do that, or Azure does not take what /v1 takes.
        """
        rules = self.exchange.era.facts.operations.get(self.operation)
        has_choice = rules is not None and any(p.name == "model" for p in rules.parameters)
        named = found.naming(model if has_choice else None)
        self.exchange.era = self.world.era_of_model(self.exchange, named)
        facts = self.exchange.era.facts
        offered = facts.models.get(model)
        if not (offered or has_choice or facts.stand_in):  # nobody else looks at the model
            hint_at(self.exchange, model, facts)
            raise ApiError(Reason.UNKNOWN_MODEL, param="model", model=model)
        if offered and self.operation not in offered.offers:
            raise ApiError(Reason.NO_CHAT_MODEL, model=model)
        if named.is_readable:
            check_narrowed(self.facts, model, named.content)
        return named

    def bucket(self) -> str:
        """The deployment's own."""
        return f"azure/{self.deployment}"

    def limits(self, caller: Caller, options: Options) -> tuple[Limit, ...]:
        """Requests a minute, as they are set, or as Azure has them."""
        config = self.world.config
        if (caller.tier or options.tier or config.tier) not in self.world.facts.tiers:
            return ()
        given = (options.per_minute, config.limits.per_minute, self.facts.rate.per_minute)
        return (Limit(IMAGES, next(number for number in given if number is not None)),)

    def charge(self) -> Mapping[str, int]:
        """A request is one, however many pictures it wants."""
        return {IMAGES: 1}

    def admitted(self, verdict: Verdict) -> None:
        """Tell what is left of the minute."""
        if limit := verdict.limit:
            left = max(0, limit.per_minute - verdict.used)
            self.rate = [
                (b"x-ratelimit-remaining-requests", b"%d" % left),
                (b"x-ratelimit-limit-requests", b"%d" % limit.per_minute),
            ]

    def wait(self, seconds: float) -> float:
        """All of it."""
        return seconds

    def beside(self) -> Mapping[str, bytes]:
        """What the filters found: nothing."""
        return filter_results(self.facts.filters)

    def words(self, era: Era, model: Any) -> Words:
        """Those of /v1, under Azure's."""
        return {**era.words(_PATHS[self.operation], model), **words_on(era.facts.day)}

    def told(self, known: Mapping[str, Any]) -> Mapping[str, Any]:
        """Where it is from, and what was asked for."""
        call, work = _CALLS[self.operation]
        return {
            "deployment": self.deployment,
            "region": self.facts.answer.region,
            "pricing": self.facts.answer.pricing,
            "call": call,
            "work": work,
            "version": self.version,
            "s": "" if known.get("retry_after") == 1 else "s",
            "created": self.exchange.now(self.world.clock.now()) // SECOND,
        }

    def headers(self) -> Headers:
        """As recorded, but for the session of the model's server."""
        own = azure_id(f"apim {self.exchange.record.id}").encode()
        return [
            (b"apim-request-id", own),
            (b"strict-transport-security", b"max-age=31536000; includeSubDomains; preload"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-ms-region", self.facts.answer.region.encode()),
            *self.rate,
            (b"x-request-id", self.exchange.record.id.encode()),
            (_CLIENT_ID, self.exchange.hide(self.exchange.headers.get(_CLIENT_ID, own))),
        ]


Handler = Callable[[AzureSurface, Scope, Receive, Send], Awaitable[None]]


class Azure:
    """All that is under /openai/."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._facts = azure()
        self._deployments = deployments(world.config.deployment, self._facts)
        self._images = {name: Images(world, name) for name in _CALLS}
        self._jobs: Mapping[str, Handler] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        _lead_in(exchange)
        surface = AzureSurface(self._world, exchange, self._facts, self._deployments)
        exchange.surface = surface
        query = scope["query_string"].decode("latin-1")
        surface.asked = asked(self._facts, scope["method"], scope["path"], query)
        if images := self._images.get(surface.asked.way.id):
            await images(scope, receive, send)
        else:
            await self._job(surface.asked.way.id)(surface, scope, receive, send)

    def _job(self, operation: str) -> Handler:
        if self._jobs is None:
            from mockserver.api.azure_jobs import handlers  # few ask in the form of 2023

            self._jobs = handlers(self._world, self._images["images.generate"])
        return self._jobs[operation]


def _lead_in(exchange: Exchange) -> None:
    """Give a request Azure's kind of id, and its key where the API has it; no organization."""
    exchange.record.id = azure_id(exchange.record.id)
    exchange.headers.pop(b"openai-organization", None)
    if key := exchange.headers.get(b"api-key"):
        exchange.headers[b"authorization"] = b"Bearer " + key
