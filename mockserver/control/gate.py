"""Who may use the control API and the page: this machine, or whoever knows the token."""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.types import Scope

from mockserver.control.request import KEY_HEADER, ControlError
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import key_in
from mockserver.request.exchange import Exchange
from mockserver.request.world import World

COOKIE = "images-mock-session"
_NOT_IT = (
    "What Authorization has is not this server's control token (--control-token, or "
    "IMAGES_MOCK_CONTROL_TOKEN): send 'Authorization: Bearer TOKEN'. The API key of a sandbox goes "
    "in Mock-Sandbox-Key."
)
_NO_NAME = "Authorization says nothing here: the API key of a sandbox goes in Mock-Sandbox-Key"
_BEHIND = (
    " Behind a proxy that changes Host or takes TLS away, say by --public-url which address the "
    "browser has."
)
_LEAVE_OUT = " On loopback Authorization may be left out."


class Gate:
    """Who is let in: off loopback only with the control token, and never a page of another site."""

    def __init__(self, world: World) -> None:
        self._config = world.config
        self._on_loopback = world.config.on_loopback

    def check(self, exchange: Exchange, scope: Scope, *, is_page: bool = False) -> None:
        """Refuse who may not: ApiError or ControlError.

        Whoever follows a link of another site to a page may look at it: that site sees nothing.
        """
        self._check_token(exchange)
        is_visit = exchange.header(b"sec-fetch-mode") == "navigate"
        is_whole = exchange.header(b"sec-fetch-dest") == "document"
        if not (is_page and is_visit and is_whole):
            _check_site(exchange, scope, self._config.public_url)

    def _check_token(self, exchange: Exchange) -> None:
        """Off loopback the token must be there; where one is set and one is sent, it must be it."""
        sent, expected = exchange.header(b"authorization"), self._config.control_token
        if sent is None and self._is_of_session(exchange):
            return
        if self._on_loopback and (expected is None or sent is None):
            if sent and KEY_HEADER not in exchange.headers:
                exchange.hints.append(_NO_NAME)
            return
        if expected is None or sent is None:
            raise ApiError(Reason.CONTROL_REFUSED)
        given = key_in(sent) or ""
        if not hmac.compare_digest(given.encode(), expected.encode()):
            message = _NOT_IT + (_LEAVE_OUT if self._on_loopback else "")
            raise ControlError(401, message, "control_token_wrong", param="Authorization")

    def is_token(self, given: str) -> bool:
        """Whether this is the control token."""
        expected = self._config.control_token
        return expected is not None and hmac.compare_digest(given.encode(), expected.encode())

    def session(self) -> str:
        """What a browser keeps in the token's place: nobody can tell the token from it."""
        token = (self._config.control_token or "").encode()
        return hmac.new(token, COOKIE.encode(), sha256).hexdigest()

    def _is_of_session(self, exchange: Exchange) -> bool:
        """Whether a browser asks that the token was given to."""
        cookies = (
            (exchange.header(b"cookie") or "").split(";") if self._config.control_token else ()
        )
        kept = (
            value
            for name, _, value in (c.strip().partition("=") for c in cookies)
            if name == COOKIE
        )
        return any(hmac.compare_digest(value.encode(), self.session().encode()) for value in kept)


def _check_site(exchange: Exchange, scope: Scope, public_url: str | None) -> None:
    """Refuse what a web page sends: the user's browser is on this machine, its author is not."""
    site, origin = exchange.header(b"sec-fetch-site"), exchange.header(b"origin")
    own = {f"{scope['scheme']}://{exchange.header(b'host') or ''}".lower()}
    if public_url:
        parts = urlsplit(public_url)
        own.add(f"{parts.scheme}://{parts.netloc}".lower())
    if site == "same-origin" and origin == "null":  # a form of a page that tells no referrer
        return
    is_foreign = site not in (None, "none", "same-origin")
    if is_foreign or (origin is not None and origin.lower() not in own):
        message = "No web page of another origin may use /_mock."
        raise ControlError(
            403, message if is_foreign else f"{message}{_BEHIND}", "cross_site_refused"
        )
