"""Which page is shown at which path, to whom; and the files that pages need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from mockserver.api.images import base_url
from mockserver.control.gate import Gate, TokenMissing
from mockserver.control.request import ControlError, not_for_teams, not_found
from mockserver.core.errors import ApiError
from mockserver.core.picture import MEDIA
from mockserver.core.rules.parser import RuleError
from mockserver.core.uploads import header
from mockserver.page import actions, views
from mockserver.page.look import Look, Shown
from mockserver.page.render import GONE, INERT, SAFE, assets, rendered
from mockserver.request.bodies import send_bytes
from mockserver.request.exchange import Exchange
from mockserver.request.world import World
from mockserver.store import EVERYONE

T = TypeVar("T")
PAGE = "/_mock/page/"
_HTML = "text/html; charset=utf-8"
_FOREVER = (b"cache-control", b"max-age=31536000, immutable")
_FRESH = (b"cache-control", b"no-store")
#: The pages, in the order in which they are offered: path, title, and what shows it. Those below
#: another are offered there.
VIEWS: Mapping[str, tuple[str, Callable[[Look], Awaitable[Shown]]]] = {
    "": ("Requests", views.requests),
    "pictures": ("Pictures", views.pictures),
    "verdict": ("Verdict", views.verdict),
    "verdict/failures": ("Failures met", views.failures),
    "verdict/migration": ("Another model", views.migration),
    "rules": ("Rules", views.rules),
    "limits": ("Limits", views.limits),
    "costs": ("Costs", views.costs),
    "clock": ("Clock", views.clock),
    "sandboxes": ("Sandboxes", views.sandboxes),
    "settings": ("Settings", views.settings),
}

#: What of a page stays chosen where another sandbox is.
_CHOSEN = ("q", "status", "to")
#: Those that are not of one team's sandboxes.
OF_SERVER = ("settings",)


def _below(path: str) -> list[tuple[str, str]]:
    """A page and those below it, if there are any: where each is, and its title."""
    found = [(p, title) for p, (title, _) in VIEWS.items() if p.startswith(f"{path}/")]
    return [(f"{PAGE}{p}", title) for p, title in [(path, "Findings"), *found]] if found else []


class Pages:
    """Everything under /_mock/page/, and / for a browser."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._gate = Gate(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.quiet = True
        path = scope["path"].removeprefix(PAGE[:-1]).removeprefix("/")
        if path.startswith("assets/"):
            await self._asset(path, send)
            return
        look = self._look(scope, exchange, receive)
        try:
            _check_method(scope["method"])
            shown = await self._let_in(look, path)
            if shown is None and path.startswith("pictures/"):
                await self._picture(look, path.split("/")[1:], send)
                return
            shown = shown or await self._shown(look, path, scope["method"])
        except ControlError as error:
            lost = {"sandbox": ""} if error.status == 404 else {}  # it may be what is not there
            told = {"message": error.told["error"]["message"], **lost}
            shown = Shown("error", told, error.status, headers=error.headers)
        except RuleError as error:
            shown = Shown("error", {"message": error.sentence}, 400)
        if shown.to:
            moved = [(b"location", shown.to.encode()), *shown.headers]
            await send_bytes(send, 303, b"", _HTML, [*moved, *SAFE])
            return
        body = rendered(shown.template, {**self._around(look, path), **shown.context})
        await send_bytes(send, shown.status, body, _HTML, [_FRESH, *shown.headers, *SAFE])

    async def _let_in(self, look: Look, path: str) -> Shown | None:
        """None for who is let in; off loopback the others are asked for the control token."""
        exchange: Exchange = look.scope["exchange"]
        has_token = self._gate.has_tokens
        if path == "login" and has_token and look.scope["method"] == "POST":
            return await actions.logged_in(look, self._gate)
        try:
            self._gate.check(exchange, look.scope, is_page=look.scope["method"] != "POST")
        except (ApiError, TokenMissing):
            context = {
                "is_open": has_token,
                "is_shared": self._world.teams is not None,
                "back": _way_back(look.scope),
            }
            return Shown("login", context, 401 if has_token else 403)
        await self._world.look()
        return None

    def _look(self, scope: Scope, exchange: Exchange, receive: Receive) -> Look:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        if query.get("sandbox") == EVERYONE:  # on a page that is what none is
            del query["sandbox"]
        return Look(self._world, scope, receive, query, base_url(self._world, scope, exchange))

    async def _shown(self, look: Look, path: str, method: str) -> Shown:
        if method == "POST" and path == "identify":
            return await views.identified(look)
        if method == "POST":
            return await actions.done(look, path)
        if path in OF_SERVER and look.team:
            not_for_teams()
        if path in VIEWS:
            return await VIEWS[path][1](look)
        if path == "empty":
            return await views.emptying(look)
        head, _, name = path.partition("/")
        if head == "requests" and name:
            return await views.request(look, name)
        return not_found(f"There is no page {path!r}.")

    def _around(self, look: Look, path: str) -> dict[str, Any]:
        """What every page shows."""
        token = actions.token(self._world, look.team)
        return {
            "base": look.base,
            "tabs": [
                (f"{PAGE}{p}" if p else "/", title)
                for p, (title, _) in VIEWS.items()
                if "/" not in p and (not look.team or p not in OF_SERVER)
            ],
            "here": f"{PAGE}{path}" if path else "/",
            "tab": f"{PAGE}{path.partition('/')[0]}" if path else "/",
            "below": _below(path.partition("/")[0]),
            "path": path,
            "is_of_sandboxes": path in VIEWS,  # else another's has no such page
            "sandbox": look.sandbox,
            "team": look.team,
            "sandboxes": [],
            "keys": {},
            "kept": [(n, look.query[n]) for n in _CHOSEN if look.query.get(n) and path in VIEWS],
            "page": PAGE,
            "token": token,
            **actions.said_in(look.query, token),
            "faults": [*actions.FAULTS],
        }

    async def _asset(self, path: str, send: Send) -> None:
        wanted = path.removeprefix("assets/")
        found = next((a for a in assets().values() if a.name == wanted), None)
        if found is None:
            await send_bytes(send, 404, b"no such file\n", "text/plain; charset=utf-8", SAFE)
            return
        await send_bytes(send, 200, found.content, found.type, [_FOREVER, *SAFE])

    async def _picture(self, look: Look, parts: Sequence[str], send: Send) -> None:
        """A picture of a request, drawn again; or a file that it was made from."""
        record = await look.record(parts[0])
        match parts[1:]:
            case ["upload", number] if found := _at(record.drawn[:1], "0"):
                place = found.mask if number == "mask" else _at(found.images, number)
                file = await self._world.store.kept(place) if place else None
                told = header(file) if file else None
                kind = told.format if told else "PNG"
            case [number, *partial] if found := _at(record.drawn, number):
                if partial:
                    found = found._replace(partial=views.number(partial[0]))
                file, kind = await self._world.files.file(found), found.format
            case _:
                file, kind = None, ""
        if file is None and look.scope["exchange"].header(b"sec-fetch-dest") == "image":
            await send_bytes(send, 200, GONE, MEDIA["SVG"][0], [_FRESH, *INERT])
            return
        if file is None:
            not_found("There is no such picture, or what it is made from is not here any more.")
        kept = (b"cache-control", b"private, max-age=3600")
        await send_bytes(send, 200, file, MEDIA[kind][0], [kept, *INERT])


def _way_back(scope: Scope) -> str:
    """Where somebody was who has to log in first."""
    query = scope["query_string"].decode("latin-1")
    is_page = scope["method"] == "GET" and scope["path"] != f"{PAGE}login"
    return f"{scope['path']}?{query}" if is_page and query else scope["path"] if is_page else "/"


def _at(values: Sequence[T], number: str) -> T | None:
    """One of several, by its number from 0."""
    place = views.number(number, len(values))
    return values[place] if place < len(values) else None


def _check_method(method: str) -> None:
    if method not in ("GET", "HEAD", "POST"):
        allowed = ((b"allow", b"GET, HEAD, POST"),)
        raise ControlError(
            405, "A page is read, or sent a form.", "method_not_allowed", headers=allowed
        )
