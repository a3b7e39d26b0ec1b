"""What other plugins keep from the mock, and the cure. Knows their names, loads none of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator

_SOCKET = (
    "pytest-socket keeps this test from the mock, too, which is on 127.0.0.1. Let it in: "
    "--allow-hosts=127.0.0.1"
)
_RECORDING = (
    "pytest-recording keeps this test from the mock, too, which is on 127.0.0.1. Let it in: "
    "--allowed-hosts=127.0.0.1"
)
_CLIENTS = frozenset(("openai",))  # whose exceptions say that a request was to leave


def blocked() -> str | None:
    """The cure where no socket can be made now; a server could start, and answer nobody."""
    return _SOCKET if socket.socket.__module__ == "pytest_socket" else None


def hint_of(error: BaseException, *, is_ours: bool) -> str | None:
    """The cure where another plugin has blocked the way to the mock.

    Args:
        error: what the test failed with.
        is_ours: whether the test has to do with the mock; else an exception of the SDK shows it.
    """
    chain = [*_chain(error)]
    if not is_ours and _CLIENTS.isdisjoint(type(e).__module__.partition(".")[0] for e in chain):
        return None
    return next(filter(None, map(_told, chain)), None)


def _told(error: BaseException) -> str | None:
    if type(error).__module__ == "pytest_socket":
        return _SOCKET
    if isinstance(error, RuntimeError) and "Network is disabled" in str(error):
        return _RECORDING
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
