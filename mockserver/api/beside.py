"""The ways to what is beside /v1/images, each loaded once somebody asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.request.world import World


class Lazy(ABC):
    """An application that is made by its first request."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = self._made()
        await self._app(scope, receive, send)

    @abstractmethod
    def _made(self) -> ASGIApp: ...


class Beside(Lazy):
    """Files, batches, what an organization used, responses: see `api.platform`.

    Where nobody says a day, their rules are today's.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["exchange"].era = self._world.era(default="today")
        await super().__call__(scope, receive, send)

    def _made(self) -> ASGIApp:
        from mockserver.api.platform.router import app_of

        return app_of(self._world)


class OfAzure(Lazy):
    """Azure OpenAI's paths: see `api.azure`."""

    def _made(self) -> ASGIApp:
        from mockserver.api.azure import Azure

        return Azure(self._world)
