"""One more run of a test that has run, under a failure or without one.

As `_pytest.runner.runtestprotocol` does it, with a rule in the test's sandbox and a watch.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mockserver.client.records import records_of
from mockserver.core.judging.seen import Journal
from mockserver.facts.failures import Failure
from mockserver.pytest_plugin.sites import Sites
from mockserver.pytest_plugin.storm.endings import Ended, Ending, Hits, Place, of_error, of_pass
from mockserver.pytest_plugin.storm.items import forget, run_phase
from mockserver.pytest_plugin.storm.watch import Watch
from mockserver.pytest_plugin.surroundings import Warned

if TYPE_CHECKING:
    from mockserver.client.connection import Remote
    from mockserver.client.sandbox import Sandbox
    from mockserver.pytest_plugin.session import Session

_NOBODY = {"prompt": "images-mock: no request says this until the storm begins"}
_SLOWER = 3  # times as long as the test itself a run may take, beside the patience
_CHANGING = re.compile(r"\S*\d\S*")  # ids, times, addresses: no two runs have the same


class Rule:
    """The rule that brings a failure about, in the sandbox of the test.

    It is written before the fixtures are set up, and so stands behind whatever rules the test or
    a fixture writes: what these say happens first. Until the call begins no request meets it.
    """

    def __init__(self, sandbox: Sandbox, failure: Failure) -> None:
        self._remote: Remote = sandbox._remote
        self._failure = failure
        self.id = ""

    def place(self) -> None:
        """Keep the place."""
        self.id = self._add({"when": _NOBODY, "then": {"quota": True}})

    def begin(self) -> None:
        """From now on each request for pictures meets it; also one that is tried again."""
        meant = {"name": f"storm: {self._failure.id}", "then": self._failure.then}
        try:
            self._remote.ask("PUT", f"rules/{self.id}", meant)
        except RuntimeError:  # a fixture has emptied the sandbox
            self.id = self._add(meant)

    def end(self) -> Hits:
        """From now on no request meets it; how many have."""
        try:
            fired = int(self._remote.ask("GET", f"rules/{self.id}")["fired"])
            self._remote.ask("DELETE", f"rules/{self.id}")
        except RuntimeError:  # the test has emptied the sandbox
            return Hits(self.id, 0)
        return Hits(self.id, fired)

    def _add(self, rule: Mapping[str, Any]) -> str:
        return str(self._remote.ask("POST", "rules", rule)["id"])


class Run(NamedTuple):
    """How one run went."""

    ending: Ending
    requests: int = 0
    seconds: float = 0.0
    output: Mapping[str, str] = {}  # captured in the call, by title, without what changes
    unready: str = ""  # why it could not begin


class Around(NamedTuple):
    """What all runs of a test have in common."""

    place: Place
    sites: Sites  # where the requests of one run were made
    seconds: float  # that its call takes without a failure


class Attempt:
    """One run under way: the hooks ask it for the rule."""

    def __init__(
        self, session: Session, failure: Failure | None, around: Around, patience: float
    ) -> None:
        self._session, self._around, self._patience = session, around, patience
        self._place = around.place
        self._sandbox = session.ambient.handle
        self.rule = Rule(self._sandbox, failure) if failure else None
        self._failure = failure
        self._journal, self._hits = Journal(()), Hits("", 0)
        self._warned = Warned()

    def run(self, twin: pytest.Function, next_twin: pytest.Function, usual: Run | None) -> Run:
        """Set up, call and tear down. `usual` is the run without a failure; None is that one."""
        self._session.guard.watch(twin.nodeid)
        self._around.sites.clear()
        try:
            with warnings.catch_warnings(), _unseen(twin.config):
                warnings.simplefilter("ignore")
                return self._phases(twin, next_twin, usual)
        finally:
            self._session.guard.rest()
            forget(twin)

    def _phases(self, twin: pytest.Function, after: pytest.Function, usual: Run | None) -> Run:
        setup = run_phase(twin, "setup", lambda: twin.ihook.pytest_runtest_setup(item=twin))
        found = Run(Ending(Ended.UNMET), unready=setup.why) if setup.error else None
        try:
            return found or self._call(twin, usual)
        finally:
            teardown = twin.ihook.pytest_runtest_teardown
            run_phase(twin, "teardown", lambda: teardown(item=twin, nextitem=after))

    def _call(self, twin: pytest.Function, usual: Run | None) -> Run:
        call = twin.ihook.pytest_runtest_call
        patience = self._patience + _SLOWER * self._around.seconds
        watch = Watch(patience, self._let_go)

        def watched() -> None:
            if self.rule:
                self.rule.begin()
            with _logged_to(self._warned), watch:
                call(item=twin)

        phase = run_phase(twin, "call", watched)
        if not watch.hangs:
            self._look()
        output = _steady(phase.output)
        differs = usual is not None and output != usual.output
        ending = self._ending(phase.error, watch, differs=differs)
        return Run(ending, len(self._journal.requests), phase.seconds, output)

    def _look(self) -> None:
        """See what there was, and let the teardown be as ever."""
        self._journal = Journal.of(records_of(self._sandbox))
        if self.rule:
            self._hits = self.rule.end()

    def _ending(self, error: BaseException | None, watch: Watch, *, differs: bool) -> Ending:
        if watch.hangs:
            return self._hang(watch)
        if error:
            return of_error(error, self._place)
        if not self._failure:
            return Ending(Ended.UNMET)
        shown = differs or self._warned.heard or self._place.shows_errors
        sites = self._around.sites.by_id
        return of_pass(self._failure, self._hits, self._journal, sites, shown=shown)

    def _hang(self, watch: Watch) -> Ending:
        own = [at for at in watch.stack if self._place.is_own(at[0].f_code)]
        asked = [*self._around.sites.by_id.values()][-1:]  # a loop's tasks are on no stack
        site = self._place.named(own[0][0].f_code, own[0][1]) if own else ""
        site = site or "".join(str(lines[0]) for lines in asked)
        times = max(self._hits.number, len(self._journal.requests))
        requests = f"{times} request{'s' * (times != 1)}"
        if watch.waits:
            return Ending(Ended.WAITS, f"{watch.waits}; {requests}", site)
        return Ending(Ended.HANG, f"{requests}, and no end", site)

    def _let_go(self) -> None:
        """Let everybody go whom the server keeps waiting; from another thread."""
        with suppress(RuntimeError):
            self._look()
        self._sandbox.begin(**self._session.marked)


@contextmanager
def _logged_to(handler: logging.Handler) -> Iterator[None]:
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _steady(output: Mapping[str, str]) -> dict[str, str]:
    return {where: _CHANGING.sub("#", text) for where, text in output.items()}


@contextmanager
def _unseen(config: pytest.Config) -> Iterator[None]:
    """Show nothing of what is printed where pytest captures nothing."""
    if config.getoption("capture") != "no":
        yield
        return
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield
