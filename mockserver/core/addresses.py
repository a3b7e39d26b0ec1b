"""Addresses and paths of a server: what is the API's, and what its own. Asks no name server."""

from __future__ import annotations

API = "/v1"
AZURE = "/openai"
CONTROL = "/_mock"
PICTURES = "/private/"  # how the paths of pictures begin
_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # what listens everywhere, as a client calls it


def address_at(host: str, port: int) -> str:
    """The base address by which a client on this machine reaches who listens there."""
    host = _REACHABLE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def address_of(url: str) -> str:
    """The base address in what a user has: with `/v1` or without, with a scheme or without."""
    return (url if "://" in url else f"http://{url}").rstrip("/").removesuffix(API)


def in_api(path: str) -> bool:
    """Whether a path is the API's own."""
    return path == API or path.startswith(f"{API}/")


def in_control(path: str) -> bool:
    """Whether a path is the control API's."""
    return path == CONTROL or path.startswith(f"{CONTROL}/")


def is_outside(path: str) -> bool:
    """Whether a path is neither the API's, in one form or the other, nor a picture's."""
    return not in_api(path) and not path.startswith((PICTURES, f"{AZURE}/"))
