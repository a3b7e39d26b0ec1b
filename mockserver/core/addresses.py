"""Addresses of a server, with the API's prefix and without. Asks no name server."""

from __future__ import annotations

PREFIX = "/v1"  # of the API's paths
_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # what listens everywhere, as a client calls it


def address_at(host: str, port: int) -> str:
    """The base address by which a client on this machine reaches who listens there."""
    host = _REACHABLE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def address_of(url: str) -> str:
    """The base address in what a user has: with `/v1` or without, with a scheme or without."""
    return (url if "://" in url else f"http://{url}").rstrip("/").removesuffix(PREFIX)
