"""The port of HTTPS and that of the proxy: their sockets, and who is let in. Connects nowhere.

Loaded where one of them is asked for.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mockserver.client.environment import hosts_to_guard
from mockserver.clock import Clock
from mockserver.config import Config, ConfigError
from mockserver.core.addresses import address_at
from mockserver.core.entrances import HERE, Names
from mockserver.core.masking import without_keys
from mockserver.request.access import Access
from mockserver.server.authority import Authority, opened
from mockserver.server.crowd import Crowd
from mockserver.server.door import Door, Entrance
from mockserver.server.entered import Entered

#: Opens a socket of a host and a port; the last is the flag that sets it.
Listen = Callable[[str, int, str], socket.socket]
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - only compared with
_TLS, _PROXY = "--tls", "--proxy"
_LAST = 65_535
_LONGEST = 253  # characters of a host name
_AFTER = {_TLS: 1, _PROXY: 2}  # ports after the server's own, where no port is named


class Shared(NamedTuple):
    """What the server has for all of its connections."""

    connections: set[Any]
    crowd: Crowd
    http: Callable[..., Entered]
    clock: Clock


class Entrances:
    """The further entrances of a server, which are opened before it begins.

    Args:
        config: what it runs with.
        own: its own listening socket.
        listen: opens one more.

    Raises:
        ConfigError: there can be no authority.
        NotListening: by `listen`.
    """

    def __init__(self, config: Config, own: socket.socket, listen: Listen) -> None:
        self._address = address_at(*own.getsockname()[:2])
        self._own, self._led = _own(config), _led(config)
        self._authority = authority_of(config)
        try:
            self._authority.context(*self._own.all)
        except ValueError as error:
            raise ConfigError(
                f"allowed-host ({', '.join(config.allowed_host)}): no certificate can have such a "
                f"name: {error}. Leave it out where there is tls or proxy."
            ) from None
        base = own.getsockname()[1] if config.port else 0
        self.sockets: dict[str, socket.socket] = {}
        try:
            for flag, wanted in ((_TLS, config.tls), (_PROXY, config.proxy)):
                if wanted is not None:
                    near = base + _AFTER[flag] if 0 < base <= _LAST - _AFTER[flag] else 0
                    port = near if wanted == "on" else wanted
                    self.sockets[flag] = listen(config.host, port, flag)
        except BaseException:
            self.close()
            raise
        places = {f: address_at(*s.getsockname()[:2]) for f, s in self.sockets.items()}
        self._ports = {s.getsockname()[1] for s in (own, *self.sockets.values())}
        https = places.get(_TLS)
        self.access = Access(
            https=https.replace("http:", "https:") if https else None,
            proxy=places.get(_PROXY),
            authority=self._authority.pem,
            hosts=self._led.all,
        )
        self._log = logging.getLogger("uvicorn.error").warning

    async def open(self, shared: Shared) -> list[asyncio.Server]:
        """Let clients in."""
        loop, servers = asyncio.get_running_loop(), []
        for flag, listener in self.sockets.items():
            entrance = Entrance(
                shared.connections,
                shared.crowd,
                shared.http,
                self._context,
                self._say,
                partial(self._judge, shared.clock) if flag == _PROXY else None,
                self._wrong(),
            )
            make = partial(Door, entrance, loop)
            servers.append(await loop.create_server(make, sock=listener, backlog=1))
        return servers

    def close(self) -> None:
        """Listen no more."""
        for listener in self.sockets.values():
            listener.close()

    def lines(self) -> list[str]:
        """What there is to say of them at the start."""
        access, found = self.access, []
        if access.https:
            found.append(f"HTTPS: {access.https}, with a certificate of an authority of its own.")
        if access.proxy:
            found.append(
                f"Proxy: {access.proxy} leads {self._some} here, and refuses any other host."
            )
        how = "--proxy" if access.proxy else "--tls"
        usual = address_at(Config().host, Config().port)
        where = "" if self._address == usual else f" --url {self._address}"
        return [*found, f'eval "$(images-mock env {how}{where})" makes a shell\'s programs use it.']

    def _context(self, host: str | None) -> ssl.SSLContext:
        try:
            return self._authority.context(*([host] if host in self._led else self._own.all))
        except ValueError:  # no certificate can have such a name: the client will say so
            return self._authority.context(*self._own.all)

    def _say(self, line: str) -> None:
        self._log("%s", line)

    def _judge(self, clock: Clock, host: str, port: int) -> bytes | None:
        """Why this host is not led here, as an answer; None if it is."""
        if not 0 < len(host) <= _LONGEST:
            return _answer(400, "this is a proxy", self._help())
        if host in self._led or (port in self._ports and host in self._own):
            return None
        host = without_keys(host.encode()).decode()  # which may stand where a host should
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.access.refuse(shown, clock.now())
        told = (
            f"images-mock leads nothing to {shown}: its proxy connects to nobody, and serves "
            f"{self._some} itself. If your program may reach that host, name it in NO_PROXY; if "
            f"that host has the Images API, start images-mock with --lead {host}."
        )
        self._say(f"REFUSED {told}")
        return _answer(403, f"images-mock leads nothing to {shown}", told)

    @property
    def _some(self) -> str:
        """The first of the hosts that are led here."""
        return f"{', '.join(self._led.all[:2])} and {len(self._led.all) - 2} more hosts"

    def _help(self) -> str:
        return (
            f"This is the proxy of images-mock, for HTTPS_PROXY={self.access.proxy}: ask it for "
            f"https://api.openai.com/v1. The server itself is at {self._address}."
        )

    def _wrong(self) -> bytes:
        told = (
            f"This port speaks HTTPS: ask for {self.access.https}. Plain HTTP is spoken at "
            f"{self._address}."
        )
        return _answer(400, "this port speaks HTTPS", told)


def authority_of(config: Config) -> Authority:
    """The authority of a server with this configuration.

    Raises:
        ConfigError: there can be none.
    """
    return opened(config.authority, Names((*_own(config).all, *_led(config).all)))


def _led(config: Config) -> Names:
    """The hosts that the proxy leads here."""
    return Names(hosts_to_guard(" ".join(config.lead)) if config.proxy is not None else ())


def _own(config: Config) -> Names:
    """The names and addresses by which clients reach a server."""
    public = urlsplit(config.public_url or "").hostname
    host = () if config.host in _EVERYWHERE else (config.host,)
    return Names((*HERE, *host, *config.allowed_host, *((public,) if public else ())))


def _answer(status: int, reason: str, message: str) -> bytes:
    """An answer whose reason says it too: of one to CONNECT most clients show nothing else."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    body = json.dumps({"error": error}, indent=2).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii", "backslashreplace") + body
