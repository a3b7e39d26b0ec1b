"""The variables that lead a program to a server: by its address, by HTTPS, or by its proxy.

Asks the server for what it needs; sets nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from mockserver.client.connection import Remote
from mockserver.client.environment import variables as of_address
from mockserver.core.addresses import API

#: Where programs look for what they trust: OpenSSL, so Python, Go, Ruby; requests; curl; Node.
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
#: Where they look for a proxy, in both spellings: Ruby, for one, knows the first alone.
PROXY = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
#: Node 22 and 24 look for these only with it; 20 never does.
NODE = "NODE_USE_ENV_PROXY"
_HERE = "127.0.0.1,localhost,::1"
_KEY = "sk-mock-me"


class NoEntrance(Exception):
    """The server has no such entrance; the message says which flag opens it."""


class Reached(NamedTuple):
    """How a server can be reached."""

    address: str
    https: str | None = None
    proxy: str | None = None
    authority: str | None = None  # as PEM

    def by(self, entrance: str) -> Reached:
        """The same by one entrance alone: address, https or proxy.

        Raises:
            NoEntrance: it has none of that name.
        """
        if entrance != "address" and not getattr(self, entrance):
            flag = {"https": "--tls", "proxy": "--proxy"}[entrance]
            raise NoEntrance(
                f"the images-mock at {self.address} has no {entrance}: start it with {flag}"
            )
        kept = {name: getattr(self, name) for name in ("address", "authority", entrance)}
        return Reached(**kept)

    def written(self, file: Path) -> Path:
        """The file with the authority's certificate, once it is written.

        Raises:
            NoEntrance: the server has no authority.
        """
        if self.authority is None:
            raise NoEntrance(
                f"the images-mock at {self.address} has no authority: start it with --tls or "
                "--proxy"
            )
        file.write_text(self.authority, "utf-8")
        return file.absolute()


def reached(address: str, token: str | None) -> Reached:
    """How a running server can be reached, as it says itself.

    Raises:
        ControlError: there is none, or it refuses to say.
    """
    told = Remote(address, "", token).ask("GET", "proxy")
    https, proxy = (_seen_from(address, told[name]) for name in ("https", "proxy"))
    return Reached(address, https, proxy, told["authority"])


def _seen_from(address: str, entrance: str | None) -> str | None:
    """An entrance at the host where the server was found: it tells where it is for its own."""
    if entrance is None:
        return None
    host, place = urlsplit(address).hostname or "", urlsplit(entrance)
    shown = f"[{host}]" if ":" in host else host
    return f"{place.scheme}://{shown}:{place.port}"


def variables(
    to: Reached, *, ca: Path | None, key: str = _KEY, environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What to set, by name: by the proxy, if there is one; else by HTTPS; else by its address.

    Raises:
        NoEntrance: no file of what is to be trusted is named.
    """
    if ca is None and (to.proxy or to.https):
        raise NoEntrance("name a file for the certificate that programs shall trust")
    trust = dict.fromkeys(TRUST, str(ca))
    if to.proxy:
        own = {"OPENAI_API_KEY": key, "NO_PROXY": _HERE, "no_proxy": _HERE, NODE: "1"}
        return dict.fromkeys(PROXY, to.proxy) | trust | own
    url = f"{to.https or to.address}{API}"
    found = of_address(url, key, environment or {}, [urlsplit(url).hostname or ""])
    return found | (trust if to.https else {})


def as_shell(values: Mapping[str, str]) -> str:
    """Lines for a shell to take over by eval."""
    return "\n".join(f"export {name}={_quoted(value)}" for name, value in values.items())


def as_file(values: Mapping[str, str]) -> str:
    """Lines as files of variables have them, such as GitHub's."""
    return "\n".join(f"{name}={value}" for name, value in values.items())


def as_json(values: Mapping[str, str]) -> str:
    """A JSON object."""
    return json.dumps(values, indent=2)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
