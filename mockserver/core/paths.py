"""Where things are on a server: the API, its pictures, and what is this server's own."""

from __future__ import annotations

API = "/v1"
CONTROL = "/_mock"
PICTURES = "/private/"  # how the paths of pictures begin


def in_api(path: str) -> bool:
    """Whether a path is the API's own."""
    return path == API or path.startswith(f"{API}/")


def in_control(path: str) -> bool:
    """Whether a path is the control API's."""
    return path == CONTROL or path.startswith(f"{CONTROL}/")


def is_outside(path: str) -> bool:
    """Whether a path is neither the API's nor a picture's."""
    return not in_api(path) and not path.startswith(PICTURES)
