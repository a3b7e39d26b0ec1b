"""A server behind a base URL: sends what is asked, once, with the key that the request names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from contracts.discretion import Key
from contracts.exchange import Answer, Exchange, KeyKind, Request
from contracts.target import NotObserved
from contracts.target.key import DiscreetSession, discreetly

BAD_KEY = "sk-mock-revoked-contract"
LIMITED_KEY = "sk-mock-tier1-contract"


class HttpTarget:
    """Any server that speaks HTTP."""

    def __init__(
        self, base_url: str, key: Key, day: date | None, *, now: Callable[[], float], name: str = ""
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.name = name or self.base_url
        self.day = day
        self.has: frozenset[str] = frozenset()
        self.spent = Decimal(0)
        self._key, self._now = key, now
        self._session = DiscreetSession(key)
        self._session.trust_env = False  # no proxy, and no key out of ~/.netrc

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:  # noqa: ARG002
        """Send a request."""
        return self._sent(request, self.base_url + request.path)

    def fetch(self, url: str) -> Exchange:
        """Download a picture of this server's."""
        if urlsplit(url).netloc != urlsplit(self.base_url).netloc:
            raise NotObserved("its pictures lie on another host")
        return self._sent(Request("GET", url, key="none"), url)

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:  # noqa: ARG002 - the protocol's
        """No server has one, unless it says so."""
        raise NotObserved("its clock can't be moved")

    def _sent(self, request: Request, url: str) -> Exchange:
        auth = {
            "good": self._key,
            "none": None,
            "bad": Key(BAD_KEY),
            "limited": Key(LIMITED_KEY),
        }[request.key]
        began = self._now()
        answer = discreetly(
            self._key,
            lambda: self._session.request(
                request.method,
                url,
                headers=dict(request.headers),
                data=request.body,
                auth=auth,
                timeout=30,
                allow_redirects=False,
            ),
        )
        headers = tuple((name.lower(), value) for name, value in answer.headers.items())
        return Exchange(
            request, Answer(answer.status_code, headers, answer.content), began, self._now()
        )
