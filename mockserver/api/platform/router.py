"""From the paths of the facts to their handlers. Answers nothing."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import Route, Router
from starlette.types import ASGIApp

from mockserver.api.platform import batches, files, organization, responses
from mockserver.api.platform.call import Endpoint, Handler
from mockserver.facts.platform import SERVICES, endpoints
from mockserver.request.world import World

HANDLERS: Mapping[str, Handler] = {
    **files.HANDLERS,
    **batches.HANDLERS,
    **organization.HANDLERS,
    **responses.HANDLERS,
}


def app_of(world: World) -> ASGIApp:
    """The application of all these paths."""
    return Router(
        [
            Route(e.path, Endpoint(world, service, e, HANDLERS[e.id]), methods=[e.method])
            for service in SERVICES
            for e in endpoints(service)
        ],
        redirect_slashes=False,
    )
