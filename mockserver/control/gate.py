"""Who may use the control API and the page: this machine, or whoever knows the token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.types import Scope

from mockserver.config import Config
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
_OF_NOBODY = (
    "What Authorization has is neither the control token of a team of this server nor that of the "
    "server: send 'Authorization: Bearer TOKEN'. The API key of a sandbox goes in Mock-Sandbox-Key."
)
_OF_TEAMS = (
    "Teams share this mock, so /_mock wants a control token, on loopback too: send 'Authorization: "
    "Bearer TOKEN', that of your team in --control-token-file."
)
_NO_NAME = "Authorization says nothing here: the API key of a sandbox goes in Mock-Sandbox-Key"
_BEHIND = (
    " Behind a proxy that changes Host or takes TLS away, say by --public-url which address the "
    "browser has."
)
_LEAVE_OUT = " On loopback Authorization may be left out."


class TokenMissing(ControlError):
    """There was no token where one is wanted."""

    def __init__(self) -> None:
        super().__init__(401, _OF_TEAMS, "control_token_required", param="Authorization")


def tokens_of(config: Config) -> dict[str, str]:
    """The control token of each team, and that of "", which opens all; those that there are."""
    found = dict(config.control_token_file.teams) if config.control_token_file else {}
    return found | ({"": config.control_token} if config.control_token else {})


class Gate:
    """Who is let in: off loopback only with a control token, and never a page of another site.

    Where teams have tokens, nobody is let in without one.
    """

    def __init__(self, world: World) -> None:
        self._public_url = world.config.public_url
        self._has_teams = world.teams is not None
        self._is_open = world.config.on_loopback and not self._has_teams
        self._tokens = tokens_of(world.config)

    @property
    def has_tokens(self) -> bool:
        """Whether there are any."""
        return bool(self._tokens)

    def check(self, exchange: Exchange, scope: Scope, *, is_page: bool = False) -> None:
        """Refuse who may not: ApiError or ControlError. The exchange has the team of who may.

        Whoever follows a link of another site to a page may look at it: that site sees nothing.
        """
        exchange.team = self._team(exchange)
        is_visit = exchange.header(b"sec-fetch-mode") == "navigate"
        is_whole = exchange.header(b"sec-fetch-dest") == "document"
        if not (is_page and is_visit and is_whole):
            _check_site(exchange, scope, self._public_url)

    def _team(self, exchange: Exchange) -> str:
        """The team whose token was sent; "" may see all.

        Off loopback a token must be there; where one is set and one is sent, it must be it.
        """
        sent = exchange.header(b"authorization")
        if sent is None and (team := self._of_session(exchange)) is not None:
            return team
        if self._is_open and (sent is None or not self._tokens):
            if sent and KEY_HEADER not in exchange.headers:
                exchange.hints.append(_NO_NAME)
            return ""
        if sent is None and self._has_teams:
            raise TokenMissing
        if sent is None or not self._tokens:
            raise ApiError(Reason.CONTROL_REFUSED)
        found = self.team_of(key_in(sent) or "")
        if found is None:
            message = _OF_NOBODY if self._has_teams else _NOT_IT
            message += _LEAVE_OUT if self._is_open else ""
            raise ControlError(401, message, "control_token_wrong", param="Authorization")
        return found

    def team_of(self, given: str) -> str | None:
        """Whose control token this is; None is nobody's."""
        return self._whose(given, lambda team: self._tokens[team])

    def session(self, team: str) -> str:
        """What a browser keeps in the token's place: nobody can tell the token from it."""
        return hmac.new(self._tokens[team].encode(), COOKIE.encode(), sha256).hexdigest()

    def _of_session(self, exchange: Exchange) -> str | None:
        """The team whose token a browser was given; None is nobody's."""
        cookies = (exchange.header(b"cookie") or "").split(";") if self._tokens else ()
        parts = (c.strip().partition("=") for c in cookies)
        found = (self._whose(value, self.session) for name, _, value in parts if name == COOKIE)
        return next((team for team in found if team is not None), None)

    def _whose(self, given: str, expected: Callable[[str], str]) -> str | None:
        """The team of which this is what is expected. All are looked at, whichever it is."""
        sent = given.encode()
        found = [t for t in self._tokens if hmac.compare_digest(sent, expected(t).encode())]
        return found[0] if found else None


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
