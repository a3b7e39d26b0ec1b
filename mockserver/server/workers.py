"""Several processes that serve one address: what each is, and has in common with the others.

Who looks after them is the `Supervisor`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module

from uvicorn.loops.auto import auto_loop_factory

from mockserver.app import create_app
from mockserver.clock import SystemClock
from mockserver.config import Config, ConfigError
from mockserver.core.places import Place
from mockserver.request.board import Board
from mockserver.request.log import announce
from mockserver.request.worker import Worker
from mockserver.request.world import frame_of
from mockserver.server.listening import Server, collect_garbage
from mockserver.server.sockets import spread
from mockserver.server.supervisor import IS_SHUT, SERVES, Supervisor
from mockserver.store.opening import StateError, prepared

#: Loaded late elsewhere; here each worker would load them. The last is of a shared state.
_ALL = ("mockserver.pictures.pure.drawing", "mockserver.store.shared")


def serve_together(
    config: Config, origins: Mapping[str, str], listener: socket.socket, ready: Callable[[], None]
) -> None:
    """Serve in `config.workers` processes until a signal ends them.

    Args:
        config: what they run with.
        origins: what each setting was set by, to be shown.
        listener: listens at their address.
        ready: called once all of them serve.

    Raises:
        ConfigError: there can't be several, or the state that they share can't be used.
        SystemExit: a worker could not begin, and said why.
    """
    if not hasattr(os, "fork"):
        raise ConfigError(
            f"workers ({config.workers}) needs a system whose processes can fork, and this one's "
            "can't. Leave it out: one process serves all."
        )
    try:
        prepared(config.state, frame_of(config))
    except StateError as error:
        raise ConfigError(f"state ({config.state}) {error}") from None
    _load(config)
    common = Worker(
        among=config.workers,
        secret=secrets.token_urlsafe(24),
        since=SystemClock().now(),
        board=Board(config.workers),
    )

    def serve(name: str, own: socket.socket, line: socket.socket) -> None:
        _Serving(config, origins, common._replace(name=name), line).run([own])

    listeners, say = spread(listener, config.workers), partial(announce, config.log_format)
    if code := Supervisor(listeners, serve, ready, say).run():
        raise SystemExit(code)


def _load(config: Config) -> None:
    """Load what each worker would load for itself: they serve sooner, and have it in common."""
    auto_loop_factory()
    create_app(config._replace(state=Place()))  # its facts
    for name in _ALL if config.state.is_shared else _ALL[:1]:
        with suppress(ImportError):  # a worker says what is missing
            import_module(name)


class _Serving(Server):
    """The server of one worker. What ends it is its supervisor: it hears no key of a terminal."""

    def __init__(
        self, config: Config, origins: Mapping[str, str], worker: Worker, line: socket.socket
    ) -> None:
        super().__init__(config, self._begun, origins=origins, worker=worker)
        self._line = line

    def ending_signals(self) -> list[int]:
        """The one that its supervisor sends."""
        return [signal.SIGTERM]

    def listens_no_more(self) -> None:
        """Tell that its listening socket is closed."""
        self._tell(IS_SHUT)

    async def tell_others(self) -> None:
        """Let other workers know what this one has counted."""
        from mockserver.request.metrics import snapshot, write  # here, after it serves

        world = self._app.state.world
        write(world, await snapshot(world))

    def _begun(self) -> None:
        collect_garbage()
        asyncio.get_running_loop().add_reader(self._line, self._hear)
        self._tell(SERVES)

    def _hear(self) -> None:
        told = self._line.recv(16)
        if told:
            self.force_exit = True
        else:  # the supervisor is gone, by whatever
            asyncio.get_running_loop().remove_reader(self._line)
            self.stop()

    def _tell(self, what: bytes) -> None:
        with suppress(OSError):  # then it will hear so
            self._line.send(what)
