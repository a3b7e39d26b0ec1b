"""Listen and serve: the socket, the server of one process, and the same in a thread for tests."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import formatdate
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.loops.auto import auto_loop_factory
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import HANDLED_SIGNALS

from mockserver.app import create_app
from mockserver.clock import SECOND, SystemClock
from mockserver.config import Config, ConfigError
from mockserver.core.addresses import address_at
from mockserver.request.log import notice_of
from mockserver.request.log_writer import WRITER
from mockserver.request.worker import ALONE, Worker
from mockserver.request.world import World
from mockserver.server.crowd import Crowd, bound
from mockserver.server.deadlines import LINE, Times, Watchman
from mockserver.server.http1 import Http1
from mockserver.server.inside import Inside
from mockserver.server.sockets import BACKLOG, listen
from mockserver.server.telling import route_log, take_back_ready_file, tell_ready
from mockserver.store import Store

if TYPE_CHECKING:
    from mockserver.server.entrances import Entrances

GRACE = 1  # seconds that running requests get when the server stops
# Connections that asyncio accepts in a turn of its loop. Where it may open no more files, each that
# it tries in vain is tried again a second later, as so many: with more it does nothing else soon.
_ACCEPTED = 1
_TURNS = 4  # of the loop without a new connection: the last one is read, and begun to be served
_LOOKED_AT = 32  # connections at a time: nobody else's answer waits for long
_LOOK = 0.005  # seconds between two looks at whether they have ended


class NotListening(Exception):
    """The address can't be listened on. The message names the setting and the fix."""


def listening_socket(host: str, port: int, flag: str = "--port") -> socket.socket:
    """A socket that accepts connections already.

    Args:
        host: a name or an address of this machine.
        port: 0 is any free one.
        flag: what sets the port.

    Raises:
        NotListening: the port is taken, or the address is not this machine's.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return listen(family, address)
    except OSError as error:
        raise NotListening(
            f"can't listen on {host} port {port}: {error.strerror}. Choose another address with "
            f"--host and {flag} (or IMAGES_MOCK_HOST and IMAGES_MOCK_{flag[2:].upper()}); port 0 "
            "takes a free one."
        ) from None


def event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, or asyncio's with a time that stands still for nobody."""
    loop = auto_loop_factory()()
    if isinstance(loop, asyncio.BaseEventLoop):
        loop.time = SystemClock.monotonic  # type: ignore[method-assign]
    return loop


def ending_signals() -> list[int]:
    """Those that end a server; that of a terminal that is gone unless nohup lets it be ignored."""
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    is_heard = hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN
    return [*HANDLED_SIGNALS, *([hangup] if hangup and is_heard else [])]


class Server(uvicorn.Server):
    """A uvicorn server that tells when it is ready, and ends a signal with a clean return.

    Its main loop and its end are its own: uvicorn's look ten times a second whether to stop, by
    functions that a test may have patched (`asyncio.sleep`, `time.time`).
    """

    def __init__(
        self,
        config: Config,
        ready: Callable[[], None],
        store: Store | None = None,
        origins: Mapping[str, str] | None = None,
        worker: Worker = ALONE,
        entrances: Entrances | None = None,
    ) -> None:
        self._clock = SystemClock()
        self._app = create_app(
            config, clock=self._clock, store=store, origins=origins, worker=worker
        )
        self.inside: Inside | None = None  # while it serves
        self._crowd = Crowd(bound(worker.share(config.max_connections)))
        times = Times(config.head_timeout, config.body_timeout, config.send_timeout)
        self._watchman = Watchman(times)
        http: Any = partial(Http1, crowd=self._crowd)
        super().__init__(
            uvicorn.Config(
                self._app,
                http=http,
                loop=f"{__name__}:{event_loop.__name__}",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                ws="none",
                timeout_keep_alive=int(LINE),
                timeout_graceful_shutdown=GRACE,
                backlog=_ACCEPTED,
            )
        )
        self._ready = ready
        self.world: World = self._app.state.world
        self.world.counts.connections = self.server_state.connections
        self._entrances = entrances
        if entrances:
            self.world.access = entrances.access

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, once it knows what others know; then tell."""
        await self.world.learn()  # which may take seconds, and keep the loop
        await super().startup(sockets)
        further = await self._open(self._entrances) if self._entrances else ()
        for listener in (*(sockets or ()), *further):
            listener.listen(BACKLOG)
        self.inside = Inside(self._app, asyncio.get_running_loop())
        self._following = asyncio.get_running_loop().create_task(self.world.follow())
        self._ready()

    async def _open(self, entrances: Entrances) -> Iterable[socket.socket]:
        """Let clients in by other ports, too."""
        from mockserver.server.entered import Entered
        from mockserver.server.entrances import Shared

        http = partial(
            Entered,
            self.config,
            self.server_state,
            self.lifespan.state,
            crowd=self._crowd,
        )
        shared = Shared(self.server_state.connections, self._crowd, http, self._clock)
        self.servers += await entrances.open(shared)
        return entrances.sockets.values()

    async def main_loop(self) -> None:
        """Wait for the end; once a second the Date header moves on, and who is late is ended."""
        while not self.should_exit:
            date = formatdate(self._clock.now() // SECOND, usegmt=True)
            self.server_state.default_headers = [(b"date", date.encode())]
            pause = await self._look_for_late()
            self._tell_of_crowd()
            await self.tell_others()
            await self._clock.sleep(pause)

    async def _look_for_late(self) -> float:
        """Look over all connections, some at a time; the seconds until the next look."""
        now, all_of_them = asyncio.get_running_loop().time(), list(self.server_state.connections)
        pause = self._watchman.look((), now)
        for start in range(0, len(all_of_them), _LOOKED_AT):
            some: Any = all_of_them[start : start + _LOOKED_AT]
            pause = min(pause, self._watchman.look(some, now))
            await self._clock.sleep(0)
        return pause

    def _tell_of_crowd(self) -> None:
        """Say how many connections were closed without a word, if any."""
        number, self._crowd.turned_away = self._crowd.turned_away, 0
        if number:
            logging.getLogger("uvicorn.error").warning(
                "%d connections more than %d (--max-connections) were closed at once",
                *(number, self._crowd.most),
            )

    async def tell_others(self) -> None:
        """Tell, once a second, what others shall know."""

    def stop(self) -> None:
        """Begin to end; from any thread."""
        self.inside = None
        self.should_exit = True
        self._clock.wake()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end at a signal; a second SIGINT does not wait for running requests."""
        super().handle_exit(sig, frame)
        self._clock.wake()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is held back and what has arrived, give the rest a second, then stop."""
        self._clock.wake()
        last = asyncio.get_running_loop().time() + GRACE
        await self._begin_what_arrived(last - GRACE / 2)
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        self.listens_no_more()
        running = self.server_state.tasks
        if not await self._ends_by(last) and running:
            logging.getLogger("uvicorn.error").error("Cancel %s running task(s)", len(running))
            for task in list(running):
                task.cancel()
            await self._ends_by(last + GRACE / 2)  # the loop's end would cancel them once more
        for connection in self._connections:  # uvloop's loop ends once all is sent, if ever
            connection.transport.abort()
        await self.world.close()
        await SystemClock().sleep(0)
        await self.world.store.close()

    def listens_no_more(self) -> None:
        """Do what is due once no connection is taken any more."""

    async def _begin_what_arrived(self, last: float) -> None:
        """Accept, read and begin to serve what was sent before the end began."""
        loop, pause, turns = asyncio.get_running_loop(), SystemClock(), 0
        known = set[object]()
        while turns < _TURNS and loop.time() < last:
            connections = set[object](self.server_state.connections)
            turns = 0 if connections - known else turns + 1
            known |= connections
            self._end_lines(idle=False)
            await pause.sleep(0)

    async def _ends_by(self, last: float) -> bool:
        """Whether all answers are sent and all connections closed in time."""
        loop, pause, state = asyncio.get_running_loop(), SystemClock(), self.server_state
        while (state.connections or state.tasks) and not self.force_exit:
            if loop.time() > last:
                return False
            self._end_lines()  # a last one may have come
            await pause.sleep(_LOOK)
        return True

    @property
    def _connections(self) -> tuple[Http1, ...]:
        return tuple(cast(set[Http1], self.server_state.connections))

    def _end_lines(self, *, idle: bool = True) -> None:
        """End each connection with the request that is served there, idle ones at once."""
        for connection in self._connections:
            cycle: RequestResponseCycle | None = connection.cycle
            if idle or (cycle and not cycle.response_complete):
                connection.shutdown()

    def ending_signals(self) -> list[int]:
        """Those that end it; that of a terminal that is gone unless nohup lets it be ignored."""
        return ending_signals()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal without raising it again, as uvicorn does: exit code 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handled = self.ending_signals()
        for number in handled:
            signal.signal(number, self.handle_exit)
        yield
        for number in handled:  # the end has begun: nothing shall interrupt it
            signal.signal(number, signal.SIG_IGN)


def run(config: Config, origins: Mapping[str, str]) -> None:
    """Serve until a signal ends it; one line on stdout tells the address.

    Args:
        config: what it runs with.
        origins: what each setting was set by, to be shown.

    Raises:
        ConfigError, NotListening: it can't begin.
        SystemExit: its workers could not.
    """
    route_log(notice_of(config.log_format))
    listener = listening_socket(config.host, config.port)
    address = address_at(*listener.getsockname()[:2])
    entrances: Entrances | None = None

    def ready() -> None:
        collect_garbage()
        tell_ready(config, address, entrances.lines() if entrances else ())

    try:
        entrances = further_entrances(config, listener)
        if config.workers > 1:
            from mockserver.server.workers import serve_together  # few want several processes

            serve_together(config, origins, listener, partial(tell_ready, config, address))
        else:
            Server(config, ready, origins=origins, entrances=entrances).run([listener])
    finally:
        listener.close()
        if entrances:
            entrances.close()
        take_back_ready_file(config.ready_file, address)
        WRITER.flush()


def further_entrances(config: Config, own: socket.socket) -> Entrances | None:
    """The ports of HTTPS and of the proxy, if they are asked for.

    Raises:
        ConfigError, NotListening: they can't be opened.
    """
    if config.tls is None and config.proxy is None:
        return None
    if config.workers > 1:
        raise ConfigError(
            f"workers ({config.workers}) must be 1 with tls and proxy: one process has the "
            "certificates, and knows whom the proxy refused. Leave one or the other out."
        )
    from mockserver.server.entrances import Entrances

    return Entrances(config, own, listening_socket)


def collect_garbage() -> None:
    """Have Python look for garbage, in what comes from now on.

    What is there stays there: to look through it took 30 ms each time.
    """
    gc.freeze()
    gc.enable()


class ServerThread:
    """The server in a thread of this process.

    Args:
        config: what it runs with.
        listener: a listening socket to serve; it is closed at the end. Else one is made.
        store: the state to work on; empty unless given.

    Raises:
        ConfigError: several processes are wanted.
    """

    def __init__(
        self, config: Config, listener: socket.socket | None = None, store: Store | None = None
    ) -> None:
        if config.workers > 1:
            raise ConfigError(
                f"workers ({config.workers}) is for the command images-mock: a server in a thread "
                "is in one process. Leave it out."
            )
        self._listener = listener or listening_socket(config.host, config.port)
        try:
            self._entrances = further_entrances(config, self._listener)
        except BaseException:
            self._listener.close()
            raise
        self._started = threading.Event()
        self._server = Server(config, self._started.set, store, entrances=self._entrances)
        self.world = self._server.world
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="images-mock", daemon=True
        )
        self.address = address_at(*self._listener.getsockname()[:2])

    def start(self) -> None:
        """Return once the server answers."""
        self._thread.start()
        if not self._started.wait(timeout=30):
            raise RuntimeError("images-mock did not start within 30 s")

    def way(self) -> Inside | None:
        """The way to the server without a socket, if it runs, and in this process."""
        inside = self._server.inside
        return inside if inside and inside.is_here else None

    def stop(self) -> None:
        """Return once the server has ended."""
        self._server.stop()
        if self._thread.ident is not None:
            self._thread.join(timeout=30)
        self._listener.close()
        if self._entrances:
            self._entrances.close()
        WRITER.flush()
