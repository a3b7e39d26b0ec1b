"""One look at the page: what is asked, and the ways to what is told. Renders nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.types import Receive, Scope

from mockserver.control.request import ControlRequest, not_found
from mockserver.core.journal import Record
from mockserver.request.world import World
from mockserver.store import Sandbox

Told = dict[str, Any]
Handler = Callable[[ControlRequest], Awaitable[Told]]


class Shown(NamedTuple):
    """What a look leads to: a template with its context, or another page."""

    template: str
    context: Mapping[str, Any]
    status: int = 200
    to: str = ""  # the path of another page
    headers: Sequence[tuple[bytes, bytes]] = ()


class Look(NamedTuple):
    """What a browser asks for."""

    world: World
    scope: Scope
    receive: Receive
    query: Mapping[str, str]
    base: str  # the server's address, as the browser has it

    @property
    def sandbox(self) -> str:
        """The name of the sandbox that is looked at; "" is all."""
        return self.query.get("sandbox", "")

    @property
    def team(self) -> str:
        """Whose control token was given; "" may see all."""
        team: str = self.scope["exchange"].team
        return team

    def asked(self, body: Any = None, *, identity: str = "", **query: str) -> ControlRequest:
        """The same look as the control API has it."""
        of_sandbox = {"sandbox": self.sandbox} if self.sandbox else {}
        query = of_sandbox | query
        return ControlRequest(
            *(self.world, self.receive, None, query, body, identity),
            team=self.team,
            only_looks=body is None,
        )

    async def told(self, handler: Any, **query: str) -> Told:
        """What the control API tells."""
        found: Told = await handler(self.asked(**query))
        return found

    async def all(self) -> list[Sandbox]:
        """The sandboxes, the last used first."""
        return [*reversed(await self._known())]

    async def _known(self) -> list[Sandbox]:
        return await self._replace(query={}).asked().known()

    async def records(self) -> list[tuple[Sandbox, Record]]:
        """What was asked in the sandboxes that are looked at, the newest first."""
        found = [(s, r) for s in await self.asked().sandboxes() for r in await s.requests()]
        return sorted(found, key=lambda pair: (pair[1].at, pair[1].number), reverse=True)

    async def record(self, identity: str) -> Record:
        """One of them, of whatever sandbox."""
        for sandbox in await self._known():
            for record in (*await sandbox.requests(), *await sandbox.late()):
                if record.id == identity:
                    return record
        return not_found(f"The journal has no request {identity!r}, or no longer.")
