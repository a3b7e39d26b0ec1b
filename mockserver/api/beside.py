"""The ways to what is beside /v1/images, each loaded once somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.request.world import World


class Lazy:
    """An application that is made by its first request."""

    def __init__(self, world: World, app_of: Callable[[World], ASGIApp]) -> None:
        self._world = world
        self._app_of = app_of
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = self._app_of(self._world)
        await self._app(scope, receive, send)


def beside(world: World) -> ASGIApp:
    """Files, batches, what an organization used, responses."""
    from mockserver.api.platform.router import app_of

    return app_of(world)


def azure(world: World) -> ASGIApp:
    """Azure OpenAI's paths."""
    from mockserver.api.azure import Azure

    return Azure(world)
