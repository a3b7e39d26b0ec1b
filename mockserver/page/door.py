"""The way to the page, which is loaded by the first look at it."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.api.beside import Lazy
from mockserver.request.exchange import Exchange


class Page(Lazy):
    """All that is shown under /_mock/page/."""

    def _made(self) -> ASGIApp:
        from mockserver.page.pages import Pages

        return Pages(self._world)


class Front:
    """GET /: the page for a browser, a text for everybody else."""

    def __init__(self, page: ASGIApp, text: ASGIApp) -> None:
        self._page = page
        self._text = text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        wants_html = "text/html" in (exchange.header(b"accept") or "")
        await (self._page if wants_html else self._text)(scope, receive, send)
