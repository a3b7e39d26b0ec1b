"""The sockets of several workers: connections are spread, and nobody else gets at the address."""

from __future__ import annotations

import socket
import sys

import pytest

from mockserver.server import sockets
from mockserver.server.sockets import listen, spread

HERE = ("127.0.0.1", 0)
MANY = 60


def taken(listener: socket.socket) -> int:
    """How many connections wait to be accepted."""
    listener.setblocking(False)
    number = 0
    try:
        while True:
            listener.accept()[0].close()
            number += 1
    except BlockingIOError:
        return number


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections")
def test_a_burst_is_spread_over_all_workers() -> None:
    found = spread(listen(socket.AF_INET, HERE), 3)
    address = found[0].getsockname()
    clients = [socket.create_connection(address) for _ in range(MANY)]
    shares = [taken(one) for one in found]
    for one in (*clients, *found):
        one.close()
    assert sum(shares) == MANY
    assert min(shares) > 0
    assert max(shares) < MANY * 2 // 3


def test_an_address_that_several_share_is_refused_to_a_second_server() -> None:
    found = spread(listen(socket.AF_INET, HERE), 2)
    address = found[0].getsockname()
    assert {one.getsockname() for one in found} == {address}
    with pytest.raises(OSError, match="in use"):
        listen(socket.AF_INET, address)
    for one in found:
        one.close()
    listen(socket.AF_INET, address).close()


def test_where_nothing_can_be_spread_all_share_one_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen(socket.AF_INET, HERE) as first:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "platform", "darwin")
            assert spread(first, 3) == [first] * 3
        before = iter([listen(socket.AF_INET, HERE)])

        def at_most_one(*_: object, **__: object) -> socket.socket:
            if (found := next(before, None)) is None:
                raise OSError
            return found

        monkeypatch.setattr(sockets, "listen", at_most_one)
        assert spread(first, 3) == [first] * 3
        assert first.fileno() >= 0
