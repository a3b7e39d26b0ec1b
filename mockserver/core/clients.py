"""Which client library a request comes from, and which waits its own retry serves. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mockserver.facts.clients import Client

_VERSION = "x-stainless-package-version"


def client_of(header: Callable[[bytes], str | None], known: Iterable[Client]) -> Client | None:
    """The client that these headers tell of; None if they tell of none that is known."""
    version = _numbers(header(_VERSION.encode()) or "")
    for client in known:
        told = header(client.header.encode()) or ""
        if client.contains in told and (not version or _numbers(client.since) <= version):
            return client
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """A version that can be compared: its numbers up to the first part that is none."""
    found = []
    for part in version.split("."):
        if not part.isascii() or not part.isdigit() or len(part) > 6:
            break
        found.append(int(part))
    return tuple(found)
