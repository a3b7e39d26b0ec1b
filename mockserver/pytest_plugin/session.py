"""The plugin at work in one pytest process: environment, guard, and the running test's sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.client.environment import ADDRESS, AZURE_ADDRESS, hosts_to_guard, variables
from mockserver.pytest_plugin.ambient import KEYS, Ambient
from mockserver.pytest_plugin.guard import Guard
from mockserver.pytest_plugin.options import (
    MODELS,
    OF_VERDICT,
    OFF,
    ON,
    SHORTEST_WAIT,
    asks_for_us,
    marked,
)
from mockserver.pytest_plugin.server import OwnServer, SharedServer

if TYPE_CHECKING:
    from mockserver.client.records import Records
    from mockserver.config import Value
    from mockserver.core.journal import Record


class Session:
    """What the hooks and fixtures of one process share.

    Args:
        options: the plugin's, by name.
        worker: of xdist.
        values: what environment and file set for the server.
    """

    def __init__(
        self, options: Mapping[str, str], worker: str, values: Mapping[str, Value] | None = None
    ) -> None:
        self.options, self.worker = options, worker
        team = f"{options['team']}-" if options["team"] else ""
        key = f"{KEYS}{team}{os.urandom(4).hex()}-{worker}"
        self._server = SharedServer(options["url"]) if options["url"] else OwnServer(key, values)
        self.ambient = Ambient(self._server, key)
        hosts = hosts_to_guard(options["guarded_hosts"])
        self.guard = Guard(hosts, self.ambient.url, self._astray)
        self._set = variables(self.ambient.url, key, os.environ, hosts) if self.is_on("env") else {}
        self._restore = _put_in_place(self._set)
        if self.is_on("guard"):
            self.guard.start()
        self.broke = False  # the running test, in whatever way
        self.has_begun = False  # whether the sandbox is the running test's
        self.is_ours = False  # whether it asked for our fixtures or marker
        self.is_storm = False  # whether what runs is no test of the suite, but one more run of one
        self.trouble: str | None = None  # why its sandbox could not begin
        self.marked: dict[str, Any] = {}  # what its markers say of the sandbox
        self._item: pytest.Item | None = None
        self._records: Records | None = None  # of the running test, once somebody has asked
        self.of_verdict: dict[str, Any] = {}  # and of a verdict

    def is_on(self, option: str) -> bool:
        """Whether a switch is on."""
        return self.options[option] == ON

    def hear(self, arrived: Callable[[Record, Any], None]) -> None:
        """Be told of each request as it comes; somebody else's server tells nobody."""
        if not isinstance(self._server, OwnServer):
            return
        earlier = self._server.arrived

        def both(record: Record, scope: Any) -> None:
            if earlier:
                earlier(record, scope)
            arrived(record, scope)

        self._server.arrived = both if earlier else arrived

    def end(self) -> None:
        """Leave the process as it was."""
        self._restore()
        if self.is_on("guard"):
            self.guard.stop()
        self._server.stop()

    @property
    def has_seen(self) -> bool:
        """Whether anything was seen by which the running test could be judged."""
        return bool(self.guard.attempts) or (self.ambient.is_used and self.has_begun)

    def records(self) -> Records:
        """What the running test's sandbox has seen, asked for once: when its fixtures are gone.

        Raises:
            RuntimeError: the server does not tell.
        """
        if self._records is None:
            from mockserver.client.records import records_of

            self._records = records_of(self.ambient.handle)
        return self._records

    def why_nobody_answers(self) -> str | None:
        """Why a server of somebody else's can't be used; None if it can."""
        return self._server.missing() if isinstance(self._server, SharedServer) else None

    def settle(self, options: Any) -> None:
        """Choose the server's settings, and begin what waited for them.

        Raises:
            WrongOptions: they can't be used.
        """
        self.ambient.settle(options)
        # A session's fixture that fails would fail every later test; pytest-timeout's failures too.
        with self._noted((Exception, pytest.fail.Exception)):
            self._go_to_model()
            self.ambient.begin_due()

    def _judged(self) -> dict[str, str]:
        """What a sandbox is set to where a verdict is wanted: waits that a busy machine can see."""
        is_judged = self.options["verdict"] != OFF and not self.is_storm
        return {"shortest_wait": SHORTEST_WAIT} if is_judged else {}

    def begin(self, item: pytest.Item) -> None:
        """Give a test a sandbox that is new. Each attempt at a test begins, not each test alone."""
        self.broke, self.is_ours, self.has_begun = False, False, False
        self.guard.attempts, self.trouble, self._records = [], None, None
        self._item, self.marked = item, marked(item) or {}
        self.is_ours = bool(self.marked) or asks_for_us(item)
        self.of_verdict = {n: self.marked.pop(n) for n in OF_VERDICT if n in self.marked}
        self.marked |= self._judged()
        with self._noted():
            if self.ambient.is_settled:
                self._go_to_model()
            self.ambient.begin(
                item.nodeid, self.marked, wanted=self.is_ours, counts=not self.is_storm
            )
            self.has_begun = True
        self.look()

    def _go_to_model(self) -> None:
        """Set the day to one on which there is the model for which the test runs."""
        if self._item is None or self._item.get_closest_marker(MODELS) is None:
            return
        from mockserver.pytest_plugin.models import day_for, model_of

        if model := model_of(self._item):
            said, test = self.marked.get("as_of"), self._item.nodeid
            day = day_for(model, self.ambient.as_of, said, test)
            self.marked |= {"as_of": day} if day else {}

    def look(self) -> None:
        """Fail a test that needs the sandbox, and has none; the others may go on without.

        Raises:
            pytest.fail.Exception: it does.
        """
        if self.trouble and self.is_ours:
            raise pytest.fail.Exception(f"images_mock: {self.trouble}", pytrace=False)

    @contextmanager
    def _noted(self, what: tuple[type[BaseException], ...] = (Exception,)) -> Iterator[None]:
        try:
            yield
        except what as error:  # whatever a test left behind
            from mockserver.pytest_plugin.advice import in_a_line

            self.has_begun, self.trouble = False, in_a_line(error)

    def _astray(self, of_azure: bool) -> str | None:
        """Why a client may be led elsewhere: a variable is no longer as the plugin had set it."""
        for name in AZURE_ADDRESS if of_azure else ADDRESS:
            value = self._set.get(name)
            now = os.environ.get(name)
            if value is not None and now != value:
                is_now = "unset" if now is None else repr(now)
                return f"{name} is {is_now} now; the plugin had set it. images_mock.env has it."
        return None


SESSION = pytest.StashKey[Session]()


def _put_in_place(variables: Mapping[str, str]) -> Callable[[], None]:
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
