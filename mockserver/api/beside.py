"""The way to what the vendor's API has beside images, loaded once somebody asks for it."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.request.world import World


class Beside:
    """Files, batches, what an organization used, responses: see `api.platform`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            from mockserver.api.platform.router import app_of

            self._app = app_of(self._world)
        scope["exchange"].era = self._world.era(default="today")
        await self._app(scope, receive, send)
