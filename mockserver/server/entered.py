"""HTTP/1.1 for who came by TLS or by the proxy: for which host, whatever way he says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from mockserver.request.access import LED
from mockserver.server.http1 import Http1

#: Looks whether a host may be led here; if not, the answer for who asks for it.
Judge = Callable[[str, int], bytes | None]


class Entered(Http1):
    """As for anybody, with the host that he was led here for.

    Args:
        enter: called once he is served.
        led: the host of his tunnel; None without one.
        judge: of the hosts that he names, each with its request; None where that is no proxy.
    """

    _is_turned_away = False

    def __init__(
        self,
        *arguments: Any,
        enter: Callable[[], None],
        led: str | None = None,
        judge: Judge | None = None,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._enter, self._led, self._judge = enter, led, judge

    def connection_made(self, transport: Any) -> None:
        """Begin to serve him, who is no longer at the door."""
        self._enter()
        super().connection_made(transport)

    def admits(self) -> bool:
        """Whether a request is for a host that is led here, as were all before it."""
        scope = cast(dict[str, Any], self.scope)
        if self._is_turned_away or (self._judge and self._turns_away(scope, self._judge)):
            return False
        if self._led:
            scope[LED] = self._led
        return True

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, unless its request was turned away."""
        if not self._is_turned_away:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request, unless it was turned away."""
        if not self._is_turned_away:
            super().on_message_complete()

    def _turns_away(self, scope: dict[str, Any], judge: Judge) -> bool:
        """Whether the address that is asked for is of another host; the header's does not count."""
        address = parse_url(self.url)
        host = (address.host or b"").decode("latin-1")
        scheme = (address.schema or b"http").decode("latin-1").lower()
        if refusal := judge(host, address.port or (443 if scheme == "https" else 80)):
            self._turn_away(refusal)
            return True
        shown = f"[{host}]" if ":" in host else host
        shown = f"{shown}:{address.port}" if address.port else shown
        self.headers[:] = [(n, v) for n, v in self.headers if n != b"host"]
        self.headers.insert(0, (b"host", shown.encode("latin-1")))
        self.url = (address.path or b"/") + (b"?" + address.query if address.query else b"")
        scope[LED], scope["scheme"] = host.lower().rstrip("."), scheme
        return False

    def _turn_away(self, refusal: bytes) -> None:
        """Answer, and serve nothing behind it."""
        self._is_in_head, self._is_turned_away = False, True
        running: RequestResponseCycle | None = self.cycle
        self._hear_no_more()
        if running is None or running.response_complete:
            self.transport.write(refusal)
            self.transport.close()
        else:
            running.keep_alive = False  # it came behind one that is being answered
