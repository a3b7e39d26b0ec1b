"""What to say where a test went wrong for a reason that is not in the test. Judges nothing.

Knows the names of other plugins, and loads none of them.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_CLOSED_LOOP = """\
hint: an asynchronous client that several tests share keeps connections of a loop that has ended.
Make it in the test (`async with openai.AsyncOpenAI() as client`), take async_images_client, or let
all tests share a loop (see the how-to, The asynchronous client)."""
_LET_IN = "{0} keeps this test from the mock, too, which is on 127.0.0.1. Let it in: {1}=127.0.0.1"
_SOCKET = _LET_IN.format("pytest-socket", "--allow-hosts")
_RECORDING = _LET_IN.format("pytest-recording", "--allowed-hosts")
_CLIENTS = frozenset(("openai",))  # whose exceptions say that a request was to leave


def blocked() -> str | None:
    """The cure where no socket can be made now; a server could start, and answer nobody."""
    return _SOCKET if socket.socket.__module__ == "pytest_socket" else None


def of_way(error: BaseException, *, is_ours: bool) -> str | None:
    """The cure where another plugin has blocked the way to the mock.

    Args:
        error: what the test failed with.
        is_ours: whether the test has to do with the mock; else an exception of the SDK shows it.
    """
    chain = [*_chain(error)]
    if not is_ours and _CLIENTS.isdisjoint(type(e).__module__.partition(".")[0] for e in chain):
        return None
    return next(filter(None, map(_of_blocker, chain)), None)


def _of_blocker(error: BaseException) -> str | None:
    if type(error).__module__ == "pytest_socket":
        return _SOCKET
    if isinstance(error, RuntimeError) and "Network is disabled" in str(error):
        return _RECORDING
    return None


def of_loop(error: BaseException) -> str | None:
    """The cure where a client was used in another loop than it was made for."""
    is_closed = any(
        e.args == ("Event loop is closed",) and _is_of_sdk(e.__traceback__) for e in _chain(error)
    )
    return _CLOSED_LOOP if is_closed else None


def _is_of_sdk(trace: TracebackType | None) -> bool:
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).startswith("openai."):
            return True
        trace = trace.tb_next
    return False


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and those that it came of."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def in_a_line(error: BaseException) -> str:
    """An exception as one line of a report."""
    text = " ".join(str(error).split())
    # Ours are sentences already.
    return text if isinstance(error, RuntimeError) and text else f"{type(error).__name__}: {text}"
