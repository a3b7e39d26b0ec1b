"""The application: route table, and the refusal of what is in none. No logic."""

from typing import NamedTuple
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.api.blobs import Blobs
from mockserver.api.images import Images, check_served, unknown_url
from mockserver.api.middleware import Observe
from mockserver.api.models import Chat, Models
from mockserver.clock import Clock
from mockserver.config import Config
from mockserver.control.routes import Control, Help, Live
from mockserver.core.addresses import API, CONTROL, PICTURES, in_api
from mockserver.core.errors import ApiError, Reason
from mockserver.facts import routes
from mockserver.request.world import World
from mockserver.store import Store

_OUTSIDE = "the API is under /v1: end the base URL in /v1"
_CONTROL = "the control API is under /_mock, beside /v1: /_mock/requests and so on"
_AZURE = (
    "Azure's paths (/openai/…) come with a later version of this mock; until then use OpenAI(…) in "
    "place of AzureOpenAI(…), with a base URL that ends in /v1"
)


def create_app(
    config: Config | None = None, *, clock: Clock | None = None, store: Store | None = None
) -> "App":
    """The ASGI application of one world. Two calls make two worlds, which share nothing.

    But for `config.facts`: a process has one set of facts, that of the last call.

    It wants the root of a host: the API is at `/v1`, and picture URLs start at `/private`.

    Args:
        config: what a bare `images-mock` runs with, unless given.
        clock: the machine's own time, unless given.
        store: this process's memory, unless given.
    """
    return App(World(config or Config(), clock, store))


class Route(NamedTuple):
    """Who answers at a path, and which methods; () is any. With GET comes HEAD."""

    app: ASGIApp
    methods: tuple[str, ...] = ()

    def takes(self, method: str) -> bool:
        """Whether it answers this method."""
        return not self.methods or ("GET" if method == "HEAD" else method) in self.methods


class App:
    """The ASGI application of one world: who answers what, and what surrounds that."""

    def __init__(self, world: World) -> None:
        self._observed = Observe(self._answer, world)
        models, control = Route(Models(world), ("GET", "DELETE")), Route(Control(world))
        self._at = {
            f"{CONTROL}/live": Route(Live(world, "live"), ("GET",)),
            f"{CONTROL}/ready": Route(Live(world, "ready"), ("GET",)),
            CONTROL: control,
            **{path: Route(Images(world, name), (method,)) for name, method, path in routes()},
            f"{API}/models": Route(models.app, ("GET",)),
            f"{API}/chat/completions": Route(Chat(world), ("POST",)),
            "/": Route(Help(world), ("GET",)),
        }
        self._below = {
            f"{CONTROL}/": control,
            PICTURES: Route(Blobs(world)),
            f"{API}/models/": models,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._observed(scope, receive, send)
            case "lifespan":
                await _lifespan(receive, send)
            case "websocket":  # refused before it was accepted, servers answer 403
                await send({"type": "websocket.close", "code": 1000, "reason": ""})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to who answers at its path. The real API redirects no slash."""
        route = self._route(scope["path"])
        if route is None:
            raise _not_found(scope)
        if not route.takes(scope["method"]):
            raise _wrong_method(scope, route)
        await route.app(scope, receive, send)

    def _route(self, path: str) -> Route | None:
        if found := self._at.get(path):
            return found
        return next((r for start, r in self._below.items() if path.startswith(start)), None)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Begin and end when told: there is nothing to be done for it."""
    told = ""
    while told != "lifespan.shutdown":
        told = (await receive())["type"]
        await send({"type": f"{told}.complete"})


def _not_found(scope: Scope) -> ApiError:
    path = scope["path"]
    if in_api(path):
        if path.startswith(f"{API}{CONTROL}"):
            scope["exchange"].hints.append(_CONTROL)
        return unknown_url(scope)
    _hint_at_v1(scope)
    return ApiError(Reason.OUTSIDE_API, method=scope["method"], path=unquote(path))


def _hint_at_v1(scope: Scope) -> None:
    path = scope["path"]
    hint = _AZURE if path.startswith("/openai/") else _OUTSIDE
    hint = _CONTROL if path.lstrip("/_").startswith("mock") else hint
    scope["exchange"].hints.append(hint)


def _wrong_method(scope: Scope, route: Route) -> ApiError:
    if isinstance(route.app, Images):
        check_served(scope, route.app.operation)
    if scope["path"] == "/":
        _hint_at_v1(scope)
    told = {"method": scope["method"], "path": unquote(scope["path"])}
    return ApiError(Reason.WRONG_METHOD, allowed=", ".join(sorted(route.methods)), **told)
