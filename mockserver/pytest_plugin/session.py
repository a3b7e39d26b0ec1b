"""What one pytest process has: an address, a server behind it, and the ambient sandbox.

The address is there before any test is imported; the server starts when somebody connects to it.
Knows nothing of pytest's hooks. Imports nothing heavy at load.
"""

from __future__ import annotations

import os
import socket
import sys
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from select import select
from threading import Thread
from typing import TYPE_CHECKING, Any

import mockserver.clock  # noqa: F401 - bound before a test patches the time
from mockserver.client.environment import variables
from mockserver.pytest_plugin.guard import go_off_duty, go_on_duty
from mockserver.pytest_plugin.neighbours import blocked
from mockserver.pytest_plugin.settings import WrongOptions, config_with

if TYPE_CHECKING:
    from mockserver.client.sandbox import Sandbox
    from mockserver.config import Config, Value
    from mockserver.server.listening import ServerThread
    from mockserver.store import Store

_BACKLOG = 2048
_OFF_LOOPBACK = "IMAGES_MOCK_CONTROL_TOKEN"  # as the shared server has it
KEYS = "sk-mock-"  # what each key of the mock's begins with
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
        # asyncio turns Nagle off only where the protocol is spelled out: else 40 ms a request.
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(_BACKLOG)
        self._port: int = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
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
        self.address = url.rstrip("/").removesuffix("/v1")

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

    def stop(self) -> None:
        """Leave it running."""


class Ambient:
    """The sandbox of this process's own key. It begins anew with each test.

    A beginning waits until the server's settings are known, and is left out while nobody has ever
    called the server.
    """

    def __init__(self, server: OwnServer | SharedServer, key: str) -> None:
        self._server = server
        self.key = key
        self._handle: Sandbox | None = None
        self._settled = False
        self._due: Mapping[str, Any] | None = None
        self._test = ""  # whose sandbox it is
        self.usd = 0.0  # of the tests before this one
        self.waited = 0.0  # real seconds, between refusals and the next try
        self.late: list[str] = []  # requests that ended after their test

    @property
    def address(self) -> str:
        """Of the server."""
        return self._server.address

    @property
    def url(self) -> str:
        """What to give as `base_url`; ends in /v1."""
        return f"{self._server.address}/v1"

    @property
    def is_used(self) -> bool:
        """Whether anybody has called the server."""
        return self._server.is_up

    @property
    def why_none(self) -> str | None:
        """Why there is no server for anybody, if there is none."""
        if isinstance(self._server, OwnServer) and not self.is_used and is_patched_by_gevent():
            return GEVENT
        return None

    @property
    def handle(self) -> Sandbox:
        """What scripts the sandbox, and tells what happened there."""
        if self._handle is None:
            self._handle = self.other(self.key)
        return self._handle

    def other(self, key: str) -> Sandbox:
        """The sandbox of another key on the same server."""
        from mockserver.client.sandbox import Sandbox

        return Sandbox(self._server.address, key, control_token=os.environ.get(_OFF_LOOPBACK))

    def settle(self, settings: Mapping[str, Any]) -> None:
        """Choose the server's settings.

        Raises:
            WrongOptions: they can't be used.
        """
        self._server.configure(settings)
        self._settled = True

    def begin_due(self) -> None:
        """Begin what waited for the settings.

        Raises:
            RuntimeError: as `begin`.
        """
        if self._due is not None:
            self._renew(self._due)

    def begin(self, test: str, options: Mapping[str, Any], *, wanted: bool) -> None:
        """Begin anew for a test, if it wants that or the server is in use.

        Raises:
            RuntimeError: the server refuses these options, is gone, or can't run.
        """
        self._due = None
        if self._server.is_up:
            with suppress(Exception):  # a sandbox that a test has broken shall not break the next
                self.close()
            self._renew(options)
        elif wanted and self._settled:
            self._renew(options)
        elif wanted:
            self._due = options
        self._test = test

    def close(self) -> None:
        """Add up what the last test has cost, and what came too late for the one before."""
        if not self._server.is_up:
            return
        self.usd += self.handle.spent
        late, waited = self.handle.aftermath()
        self.late += [f"{r} (seen by {self._test})" for r in late]
        self.waited += waited

    def _renew(self, options: Mapping[str, Any]) -> None:
        self._due = None
        if told := blocked():
            raise RuntimeError(told)
        try:
            self.handle.begin(**options)
        except RuntimeError as error:
            raise RuntimeError(self.why_none or str(error)) from None


@dataclass(frozen=True, slots=True)
class SessionServer:
    """The server that this process's tests share."""

    address: str
    api_key: str  # of the ambient sandbox, that of `images_mock`
    _ambient: Ambient = field(repr=False)

    @property
    def url(self) -> str:
        """What to give as `base_url`; ends in /v1."""
        return f"{self.address}/v1"

    def sandbox(self, name: str) -> Sandbox:
        """A sandbox that no test begins anew, for fixtures of a module or of the session.

        A name makes a key of this session's; a whole key, as sk-mock-free-bob, is taken as it is,
        and has its effect. `begin()` gives it a standing clock.
        """
        return self._ambient.other(name if name.startswith(KEYS) else f"{self.api_key}-{name}")


@dataclass(slots=True)
class Sums:
    """What a session adds up for its summary."""

    usd: float = 0.0
    waited: float = 0.0
    late: list[str] = field(default_factory=list)


def environment(ambient: Ambient, guarded: Iterable[str]) -> dict[str, str]:
    """The variables that the SDKs read, and those that keep proxies out of the way."""
    return variables(ambient.url, ambient.key, os.environ, guarded)


def put_in_place(variables: Mapping[str, str]) -> Callable[[], None]:
    """Set variables of the environment; what is returned puts back what was there before."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    return restore
