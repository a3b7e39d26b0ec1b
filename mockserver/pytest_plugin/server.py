"""The server behind the tests: one of this process, or one that somebody else runs.

One's own has an address before any test is imported, and starts when somebody connects. Imports
nothing heavy at load.
"""

from __future__ import annotations

import os
import socket
import sys
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Iterable, Mapping
from select import select
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal

import mockserver.clock  # noqa: F401 - bound before a test patches the time
from mockserver.core.addresses import address_at, address_of
from mockserver.pytest_plugin.guard import go_off_duty, go_on_duty
from mockserver.pytest_plugin.server_settings import WrongOptions, config_with
from mockserver.server.sockets import listen

if TYPE_CHECKING:
    from datetime import date

    from mockserver.config import Config, Value
    from mockserver.core.journal import Record
    from mockserver.server.inside import Inside
    from mockserver.server.listening import ServerThread
    from mockserver.store import Store

_LOOPBACK = "127.0.0.1"
_PATIENCE = 30  # seconds for an end
_LOOK = 2.0  # seconds for a look at a server of somebody else's
GEVENT = (
    "gevent has patched this process's threads, so no server can run in it. Run `images-mock` as a "
    "process of its own, and give pytest --images-mock-url=http://127.0.0.1:6780"
)


class OwnServer:
    """A server of this process. It listens at once, and starts when somebody connects.

    Nobody is waited for until this process is about to connect, or somebody may unseen (see
    `guard`): until then no thread is here that a fork, or gevent's patches, would come upon.

    Args:
        key: the key whose sandbox has a standing clock from the first request on.
        values: what environment and file set.
    """

    def __init__(self, key: str, values: Mapping[str, Value] | None = None) -> None:
        self._listener = listen(socket.AF_INET, (_LOOPBACK, 0))
        self._port: int = self._listener.getsockname()[1]
        self.address = address_at(_LOOPBACK, self._port)
        self._key = key
        self._values = values or {}
        self._config: Config | None = None
        self._waker, self._woken = socket.socketpair()
        self._server: ServerThread | None = None
        self._starter: Thread | None = None
        self._process = os.getpid()
        self._expecting = allocate_lock()
        self._waiting = allocate_lock()
        self.is_up = False
        self.arrived: Callable[[Record, Any], None] | None = None  # as in `Feed`
        go_on_duty(self)

    def check(self, values: Iterable[Any]) -> None:
        """If somebody here is about to connect to this server, wait for that."""
        if self._expecting.locked():
            return
        for value in values:
            if value == self._port or (isinstance(value, tuple) and self._port in value):
                self.expect()

    def expect(self) -> None:
        """From now on somebody may connect."""
        if os.getpid() == self._process and self._expecting.acquire(blocking=False):
            if is_patched_by_gevent():
                self._refuse()
                return
            # Not one of `threading`: gevent patches rightly only where no other thread is known.
            self._waiting.acquire()
            start_new_thread(self._wait, ())

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Choose what the server runs with.

        Raises:
            WrongOptions: one is wrong, or the server runs already.
        """
        if settings and self.is_up:
            raise WrongOptions(
                "it is too late, for the server was called, and so started, while tests were "
                "being collected. Make that call in a fixture or a test."
            )
        if settings:
            self._config = config_with(settings, self._values)

    @property
    def as_of(self) -> date | Literal["today"] | None:
        """The day whose rules it has; None is the default day."""
        return (self._config or config_with({}, self._values)).as_of

    def way(self) -> Inside | None:
        """The way to the server without a socket, once it runs."""
        return self._server.way() if self._server else None

    def stop(self) -> None:
        """Return once the server has ended. A forked child leaves it to its parent."""
        if os.getpid() != self._process:
            return
        go_off_duty(self)
        self._waker.close()  # the other end becomes readable
        self._waiting.acquire(timeout=_PATIENCE)
        if self._starter:
            self._starter.join(timeout=_PATIENCE)
        if self._server:
            self._server.stop()
        self._listener.close()
        self._woken.close()

    def _wait(self) -> None:
        try:
            ready, _, _ = select((self._listener, self._woken), (), ())
            if self._woken in ready:
                return
            if is_patched_by_gevent():
                self._refuse()
                return
            self._starter = Thread(target=self._start, name="images-mock-starter", daemon=True)
            self._starter.start()
        finally:
            self._waiting.release()

    def _refuse(self) -> None:
        self._listener.close()  # whoever connects is told at once

    def _start(self) -> None:
        self.is_up = True
        try:
            from mockserver.server.listening import ServerThread

            config = self._config or config_with({}, self._values)
            store = _store_with(config, self._key)
            self._server = ServerThread(config, self._listener, store)
            self._server.world.feed.arrived = self.arrived
            self._server.start()
        except BaseException:
            self._listener.close()  # whoever waits for an answer shall not wait for ever
            raise


def is_patched_by_gevent() -> bool:
    """Whether threads of this process are none, and what waits in one never yields."""
    monkey = sys.modules.get("gevent.monkey")
    return bool(monkey and monkey.is_module_patched("threading"))


def _store_with(config: Config, key: str) -> Store:
    """A store in which the sandbox of `key` has a standing clock already."""
    import asyncio

    from mockserver.clock import SystemClock
    from mockserver.core.sandbox import Options
    from mockserver.request.world import World, store_of

    store = store_of(config, SystemClock())
    caller = World(config, store=store).keyring.caller(f"Bearer {key}", None)
    asyncio.run(store.renew(caller.sandbox, Options(standing=True)))
    return store


class SharedServer:
    """A server that somebody else runs, for many processes."""

    is_up = True

    def __init__(self, url: str) -> None:
        self.address = address_of(url)

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Refuse settings: they are the server's own.

        Raises:
            WrongOptions: there are some.
        """
        if settings:
            raise WrongOptions(
                "whoever runs the server at images_mock_url sets it up. Take @pytest.mark."
                "images_mock(…) for what a single test needs."
            )

    def missing(self) -> str | None:
        """Why it can't be used; None if it is there."""
        from mockserver.client.wait import Awaited, NotReady
        from mockserver.config import Config

        try:
            Awaited(Config(), self.address).check(within=_LOOK)
        except NotReady as found:
            return (
                f"{found}. Is --images-mock-url (images_mock_url) right, and images-mock running?"
            )
        return None

    def way(self) -> None:
        """None but a socket leads there."""

    def stop(self) -> None:
        """Leave it running."""
