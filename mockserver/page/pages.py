"""Which page is shown at which path, to whom; and the files that pages need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from mockserver.api.images import base_url
from mockserver.control.request import ControlError, not_found
from mockserver.control.routes import Gate
from mockserver.core.picture import MEDIA
from mockserver.core.rules.parser import RuleError
from mockserver.page import actions, views
from mockserver.page.look import Look, Shown
from mockserver.page.render import SAFE, assets, rendered
from mockserver.request.bodies import send_bytes
from mockserver.request.exchange import Exchange
from mockserver.request.world import World

PAGE = "/_mock/page/"
_HTML = "text/html; charset=utf-8"
_FOREVER = (b"cache-control", b"max-age=31536000, immutable")
_FRESH = (b"cache-control", b"no-store")
#: The pages, in the order in which they are offered: path, title, and what shows it.
VIEWS: Mapping[str, tuple[str, Callable[[Look], Awaitable[Shown]]]] = {
    "": ("Requests", views.requests),
    "pictures": ("Pictures", views.pictures),
    "rules": ("Rules", views.rules),
    "limits": ("Limits", views.limits),
    "costs": ("Costs", views.costs),
    "clock": ("Clock", views.clock),
    "sandboxes": ("Sandboxes", views.sandboxes),
    "settings": ("Settings", views.settings),
}


class Pages:
    """Everything under /_mock/page/, and / for a browser."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._gate = Gate(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.quiet = True
        path = scope["path"].removeprefix(PAGE).removeprefix("/")
        if path.startswith("assets/"):
            await self._asset(path, send)
            return
        look = self._look(scope, exchange, receive)
        try:
            self._gate.check(exchange, scope)
            if path.startswith("pictures/"):
                await self._picture(look, path, send)
                return
            shown = await self._shown(look, path, scope["method"])
        except ControlError as error:
            shown = Shown("error", {"message": error.told["error"]["message"]}, error.status)
        except RuleError as error:
            shown = Shown("error", {"message": error.sentence}, 400)
        if shown.to:
            await send_bytes(send, 303, b"", _HTML, [(b"location", shown.to.encode()), *SAFE])
            return
        body = rendered(shown.template, {**self._around(look, path), **shown.context})
        await send_bytes(send, shown.status, body, _HTML, [_FRESH, *SAFE])

    def _look(self, scope: Scope, exchange: Exchange, receive: Receive) -> Look:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        base = base_url(self._world, scope, exchange)
        return Look(self._world, scope, receive, query, base)

    async def _shown(self, look: Look, path: str, method: str) -> Shown:
        if method == "POST":
            return await actions.done(look, path)
        if path in VIEWS:
            return await VIEWS[path][1](look)
        head, _, name = path.partition("/")
        if head == "requests" and name:
            return await views.request(look, name)
        return not_found(f"There is no page {path!r}.")

    def _around(self, look: Look, path: str) -> dict[str, Any]:
        """What every page shows."""
        return {
            "base": look.base,
            "tabs": [(f"{PAGE}{p}" if p else "/", title) for p, (title, _) in VIEWS.items()],
            "here": f"{PAGE}{path}" if path else "/",
            "path": path,
            "sandbox": look.sandbox,
            "sandboxes": [],
            "page": PAGE,
            "token": actions.TOKEN,
            "said": look.query.get("said", ""),
            "undo": look.query.get("undo", ""),
            "faults": [*actions.FAULTS],
        }

    async def _asset(self, path: str, send: Send) -> None:
        wanted = path.removeprefix("assets/")
        found = next((a for a in assets().values() if a.name == wanted), None)
        if found is None:
            await send_bytes(send, 404, b"no such file\n", "text/plain; charset=utf-8", SAFE)
            return
        await send_bytes(send, 200, found.content, found.type, [_FOREVER, *SAFE])

    async def _picture(self, look: Look, path: str, send: Send) -> None:
        """A picture of a request, drawn again."""
        _, identity, number = (path.split("/") + [""])[:3]
        record = await look.record(identity)
        if not number.isascii() or not number.isdigit() or int(number) >= len(record.drawn):
            not_found(f"The request {identity!r} has no picture {number!r}.")
        picture = record.drawn[int(number)]
        file = await self._world.files.file(picture)
        if file is None:
            not_found("The upload that this picture is made from is not here any more.")
        kept = (b"cache-control", b"private, max-age=3600")
        await send_bytes(send, 200, file, MEDIA[picture.format][0], [kept, *SAFE])
