"""The ambient sandbox: that of one process's own key, new for each test. Knows nothing of hooks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from mockserver.core.addresses import API
from mockserver.pytest_plugin.server import GEVENT, OwnServer, SharedServer, is_patched_by_gevent

if TYPE_CHECKING:
    from datetime import date

    from mockserver.client.sandbox import Life, Sandbox

_OFF_LOOPBACK = "IMAGES_MOCK_CONTROL_TOKEN"  # as the shared server has it
KEYS = "sk-mock-"  # what each key of the mock's begins with


class Sums:
    """What a session adds up for its summary."""

    def __init__(self) -> None:
        self.usd = 0.0
        self.waited = 0.0  # real seconds, between refusals and the next try
        self.late: list[str] = []  # requests that ended after their test

    def add(self, usd: float = 0.0, waited: float = 0.0, late: Iterable[str] = ()) -> None:
        """Count what a test, or a worker, has had."""
        self.usd += usd
        self.waited += waited
        self.late += late


class SessionServer:
    """The server that this process's tests share."""

    def __init__(self, server: OwnServer | SharedServer, key: str) -> None:
        self._server = server
        self.api_key = key  # of the ambient sandbox, that of `images_mock`

    @property
    def address(self) -> str:
        """Without /v1."""
        return self._server.address

    @property
    def url(self) -> str:
        """What to give as `base_url`; ends in /v1."""
        return f"{self.address}{API}"

    @property
    def as_of(self) -> date | Literal["today"] | None:
        """The day whose rules the server has; None is the default day.

        Raises:
            RuntimeError: it is somebody else's, and can't be asked.
        """
        if isinstance(self._server, OwnServer):
            return self._server.as_of
        from mockserver.client.connection import Remote
        from mockserver.settings import as_of

        remote = Remote(self.address, self.api_key, os.environ.get(_OFF_LOOPBACK))
        told = remote.ask("GET", "config")["settings"]["as-of"]
        return as_of(told) if told else None

    def sandbox(self, name: str) -> Sandbox:
        """A sandbox that no test begins anew, for fixtures of a module or of the session.

        A name makes a key of this session's; a whole key, as sk-mock-free-bob, is taken as it is,
        and has its effect. `begin()` gives it a standing clock.
        """
        from mockserver.client.sandbox import Sandbox

        key = name if name.startswith(KEYS) else f"{self.api_key}-{name}"
        token = os.environ.get(_OFF_LOOPBACK)
        return Sandbox(self.address, key, control_token=token, way=self._server.way)


class Ambient(SessionServer):
    """The sandbox of this process's own key. It begins anew with each test.

    A beginning waits until the server's settings are known, and is left out while nobody has ever
    called the server.
    """

    def __init__(self, server: OwnServer | SharedServer, key: str) -> None:
        super().__init__(server, key)
        self._handle: Sandbox | None = None
        self.is_settled = False  # whether the server's settings are known
        self._due: Mapping[str, Any] | None = None
        self._test = ""  # whose sandbox it is
        self._counts = True  # whether what it comes to is added up
        self.sums = Sums()  # of the tests before this one

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
            self._handle = self.sandbox(self.api_key)
        return self._handle

    def settle(self, settings: Mapping[str, Any]) -> None:
        """Choose the server's settings.

        Raises:
            WrongOptions: they can't be used.
        """
        self._server.configure(settings)
        self.is_settled = True

    def begin_due(self) -> None:
        """Begin what waited for the settings.

        Raises:
            RuntimeError: as `begin`.
        """
        if self._due is not None:
            self._renew(self._due)

    def begin(
        self, test: str, options: Mapping[str, Any], *, wanted: bool, counts: bool = True
    ) -> None:
        """Begin anew for a test, if it wants that or the server is in use.

        What a run comes to that does not count is no part of the sums.

        Raises:
            RuntimeError: the server refuses these options, is gone, or can't run.
        """
        self._due = None
        if self._server.is_up or (wanted and self.is_settled):
            self._renew(options)
            self._add_up(self.handle.ended)
        elif wanted:
            self._due = options
        self._test, self._counts = test, counts

    def close(self) -> None:
        """Add up what the last test has cost, and what came too late for the one before."""
        if self._server.is_up:
            self._add_up(self.handle.life)

    def _add_up(self, life: Life | None) -> None:
        if life and self._counts:
            late = [f"{r} (seen by {self._test})" for r in life.late]
            self.sums.add(life.usd, life.waited, late)

    def _renew(self, options: Mapping[str, Any]) -> None:
        from mockserver.pytest_plugin.advice import blocked

        self._due = None
        if cure := blocked():
            raise RuntimeError(cure)
        try:
            self.handle.begin(**options)
        except RuntimeError as error:
            raise RuntimeError(self.why_none or str(error)) from None
