"""The application: route table, middleware, error handlers. No logic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Never
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route

from mockserver.api.beside import Beside, OfAzure
from mockserver.api.blobs import Blobs
from mockserver.api.images import Images, check_served, unknown_url
from mockserver.api.middleware import Observe
from mockserver.api.models import Chat, Models
from mockserver.clock import Clock
from mockserver.config import Config
from mockserver.control.routes import Control, Help, Live
from mockserver.core.addresses import API, AZURE, CONTROL, PICTURES, in_api
from mockserver.core.errors import ApiError, Reason
from mockserver.facts import routes
from mockserver.page.door import Front, Page
from mockserver.request.worker import ALONE, Worker
from mockserver.request.world import World
from mockserver.store import Store

_OUTSIDE = "the API is under /v1: end the base URL in /v1"
_AZURE = (
    "AzureOpenAI of Node's SDK takes OPENAI_BASE_URL where it is set: unset it, and set "
    "AZURE_OPENAI_ENDPOINT to this server's address without /v1"
)
_CONTROL = "the control API is under /_mock, beside /v1: /_mock/requests and so on"


def create_app(
    config: Config | None = None,
    *,
    clock: Clock | None = None,
    store: Store | None = None,
    origins: Mapping[str, str] | None = None,
    worker: Worker = ALONE,
) -> Starlette:
    """The ASGI application of one world. Two calls make two worlds, which share nothing.

    But for `config.facts`: a process has one set of facts, that of the last call.

    It wants the root of a host: the API is at `/v1`, and picture URLs start at `/private`.

    Args:
        config: what a bare `images-mock` runs with, unless given.
        clock: the machine's own time, unless given.
        store: this process's memory, unless given.
        origins: what each setting was set by, to be shown.
        worker: which of several processes it is in.
    """
    world = World(config or Config(), clock, store, origins, worker)
    found = _routes(world)
    # What is asked most often needs no search among patterns.
    direct = {r.path: r.app for r in found if r.methods == {"POST"}}
    app = Starlette(
        routes=found,
        middleware=[Middleware(Observe, world=world, direct=direct)],
        exception_handlers={404: _unknown_url, 405: _wrong_method},
    )
    app.state.world = world
    app.router.redirect_slashes = False  # the real API does not redirect
    return app


def _routes(world: World) -> list[Route]:
    models, control, page = Models(world), Control(world), Page(world)
    return [
        # First what tests ask most often; calls of the API are found without a search.
        Route(f"{CONTROL}/live", Live(world, "live"), methods=["GET"]),
        Route(f"{CONTROL}/ready", Live(world, "ready"), methods=["GET"]),
        Route(f"{CONTROL}/page/{{path:path}}", page),
        Route(f"{CONTROL}/page", page),
        Route(f"{CONTROL}/{{path:path}}", control),
        Route(CONTROL, control),
        *(
            Route(path, Images(world, operation), methods=[method])
            for operation, method, path in routes()
        ),
        Route(f"{PICTURES}{{path:path}}", Blobs(world)),
        Route(f"{API}/models", models, methods=["GET"]),
        Route(f"{API}/models/{{model:path}}", models, methods=["GET", "DELETE"]),
        Route(f"{API}/chat/completions", Chat(world), methods=["POST"]),
        *_beside(world),
        Route(f"{AZURE}/{{rest:path}}", OfAzure(world)),
        Route("/", Front(page, Help(world)), methods=["GET"]),
    ]


def _beside(world: World) -> list[Route]:
    """What the vendor has beside images: nothing of it is loaded before somebody asks."""
    beside = Beside(world)
    paths = ("files", "batches", "organization", "responses")
    return [
        Route(path, beside) for p in paths for path in (f"{API}/{p}", f"{API}/{p}/{{rest:path}}")
    ]


async def _unknown_url(request: Request, exc: Exception) -> Never:
    path = request.scope["path"]
    if in_api(path):
        if path.startswith(f"{API}{CONTROL}"):
            request.scope["exchange"].hints.append(_CONTROL)
        if path.startswith(f"{API}/deployments/"):
            request.scope["exchange"].hints.append(_AZURE)
        raise unknown_url(request.scope)
    _hint_at_v1(request)
    raise ApiError(Reason.OUTSIDE_API, method=request.method, path=unquote(path))


def _hint_at_v1(request: Request) -> None:
    path = request.scope["path"]
    hint = _CONTROL if path.lstrip("/_").startswith("mock") else _OUTSIDE
    request.scope["exchange"].hints.append(hint)


async def _wrong_method(request: Request, exc: Exception) -> Never:
    operation = request.scope.get("endpoint")
    if isinstance(operation, Images):
        check_served(request.scope, operation.operation)
    if request.scope["path"] == "/":
        _hint_at_v1(request)
    allowed = exc.headers["Allow"] if isinstance(exc, HTTPException) and exc.headers else ""
    methods = [m for m in sorted(allowed.split(", ")) if m != "HEAD"]
    told = {"method": request.method, "path": unquote(request.scope["path"])}
    raise ApiError(Reason.WRONG_METHOD, allowed=", ".join(methods), **told)
