"""`--images-mock-storm`: each test that passed runs once more under each kind of failure.

Under those that it has not met itself, and that can meet it. How the program ends then is told; no
run of a storm is a test of the suite. Loaded only where it is on.
"""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Generator, Mapping
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pytest

from mockserver.core.judging.seen import Journal
from mockserver.facts.failures import Failure
from mockserver.pytest_plugin.sites import Files, Sites
from mockserver.pytest_plugin.storm.endings import Ended, Place
from mockserver.pytest_plugin.storm.items import Spare
from mockserver.pytest_plugin.storm.kinds import chosen, missing
from mockserver.pytest_plugin.storm.report import Row, Stormed, Storms
from mockserver.pytest_plugin.storm.runs import Around, Attempt, Run

if TYPE_CHECKING:
    from mockserver.core.journal import Record
    from mockserver.pytest_plugin.session import Session

_OUTPUT = "images_mock_storm"  # of a worker


class Wanted(NamedTuple):
    """What the options say."""

    kinds: list[Failure]
    most: int
    patience: float  # seconds in which something must happen
    file: str
    fails: bool

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Self:
        """Read them.

        Raises:
            pytest.UsageError: they can't be followed.
        """
        try:
            kinds = chosen(options["storm_kinds"])
        except ValueError as error:
            raise pytest.UsageError(f"images_mock_storm_kinds: {error}") from None
        most = int(_number(options, "storm_most"))
        patience = _number(options, "storm_patience")
        return cls(kinds, most, patience, options["storm_file"], options["storm"] == "fail")


def _number(options: Mapping[str, str], name: str) -> float:
    with suppress(ValueError):
        if 0 < (value := float(options[name])) < 1e9:
            return value
    raise pytest.UsageError(f"images_mock_{name} must be a number above 0, not {options[name]!r}")


class _First:
    """How the test itself ended."""

    def __init__(self) -> None:
        self._has_passed = self._has_failed = False
        self.seconds = 0.0  # that its call took

    def take(self, report: pytest.TestReport) -> None:
        """One of its reports; of several attempts the last counts."""
        self._has_failed |= report.failed
        if report.when == "call":
            self._has_passed = report.passed and not hasattr(report, "wasxfail")
            self.seconds = report.duration

    @property
    def passed(self) -> bool:
        """Whether it did, and nothing beside it failed."""
        return self._has_passed and not self._has_failed


class Storm:
    """The hooks of a storm. A test runs as ever, within: other plugins see one item, once."""

    def __init__(self, session: Session, config: pytest.Config) -> None:
        self._session = session
        self._files = Files(config.rootpath)
        self._sites = Sites(self._files)
        session.hear(self._arrived)
        self._wanted = Wanted.of(session.options)
        self._storms = Storms()
        self._left = self._wanted.most
        self._first: _First | None = None  # of the test that runs within
        self._is_over = False  # and nothing is left but what is wider than a function
        self._attempt: Attempt | None = None
        self._unwritten = ""  # why there is no file

    def _arrived(self, record: Record, scope: Any) -> None:
        if self._session.is_storm:
            self._sites.arrived(record, scope)

    # -- around a test

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # outside of what others have around a test
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run the test, then its storms. What is wider than a function is kept meanwhile."""
        if self._first or not isinstance(item, pytest.Function):
            return (yield)
        spare, self._first = Spare(item), _First()
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=spare.twin())
            is_ending = item.session.shouldfail or item.session.shouldstop
            if self._first.passed and not is_ending:
                self._storm(item, spare)
            self._is_over = True
            return (yield)
        finally:
            self._first, self._is_over = None, False
            self._session.is_storm = False

    @pytest.hookimpl(tryfirst=True, specname="pytest_runtest_protocol")
    def pytest_runtest_protocol_ends(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """After the test and its storms, end the fixtures that the next one has no use for."""
        if not self._is_over:
            return None
        capture = item.config.pluginmanager.getplugin("capturemanager")
        with capture.item_capture("teardown", item) if capture else nullcontext():
            call = pytest.CallInfo.from_call(
                lambda: item.session._setupstate.teardown_exact(nextitem),
                "teardown",
                (pytest.exit.Exception, KeyboardInterrupt),
            )
        if call.excinfo:
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            item.ihook.pytest_runtest_logreport(report=report)
        return True

    @pytest.hookimpl(tryfirst=True)  # before the fixtures
    def pytest_runtest_setup(self) -> None:
        """Keep the rule's place behind those of the test."""
        if self._attempt and self._attempt.rule:
            self._attempt.rule.place()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """See how the test itself ended."""
        if self._first:
            self._first.take(report)

    # -- the storm

    def _storm(self, item: pytest.Function, spare: Spare) -> None:
        session = self._session
        if not session.has_seen or not session.ambient.is_used:
            return
        with suppress(RuntimeError):  # the server is gone
            kinds = missing(Journal.of(session.records()), self._wanted.kinds)
            left, number = self._left, len(kinds)
            self._left = max(left - number, 0)
            self._storms.left_out += max(number - left, 0)
            if kinds[:left]:
                session.is_storm = True
                try:
                    self._storms.tests.append(self._stormed(item, spare, kinds[:left]))
                finally:
                    _forget()

    def _stormed(self, item: pytest.Function, spare: Spare, kinds: list[Failure]) -> Stormed:
        seconds = self._first.seconds if self._first else 0.0
        around = Around(Place(self._files, item), self._sites, seconds)
        usual = self._run(spare, None, around, None)
        if usual.unready or usual.ending.ended is not Ended.UNMET:
            why = usual.unready or usual.ending.said
            return Stormed(item.nodeid, why_not=f"it does not pass twice: {why}")
        rows: list[Row] = []
        for kind in kinds:
            run = self._run(spare, kind, around, usual)
            if run.unready:
                return Stormed(item.nodeid, tuple(rows), f"not set up again: {run.unready}")
            ended, said, site = run.ending
            told = str(ended), said, site, run.requests, round(run.seconds, 3)
            rows.append(Row(kind.id, *told))
        return Stormed(item.nodeid, tuple(rows))

    def _run(self, spare: Spare, kind: Failure | None, around: Around, usual: Run | None) -> Run:
        self._attempt = Attempt(self._session, kind, around, self._wanted.patience)
        try:
            return self._attempt.run(spare.twin(), spare.twin(), usual)
        finally:
            self._attempt = None

    # -- the end

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what was found to the process that reports; that one writes the file, and fails."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = self._storms.as_json()
            return
        if session.config.option.collectonly:
            return
        if self._wanted.file:
            try:
                self._storms.write(session.config.rootpath / self._wanted.file)
            except OSError as error:
                self._unwritten = f"images_mock_storm_file can't be written: {error}"
                session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self._wanted.fails and self._storms.bad and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker found."""
        if told := getattr(node, "workeroutput", {}).get(_OUTPUT):
            self._storms.take(told)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it."""
        if terminalreporter.config.option.collectonly:
            return
        terminalreporter.section("images_mock storm")
        for line in self._storms.lines(verbose=terminalreporter.verbosity > 0):
            terminalreporter.write_line(line)
        if self._unwritten:
            terminalreporter.write_line(self._unwritten, red=True)


def _forget() -> None:
    """Let go what failed runs hold, sockets say, while nobody is told of it."""
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        with suppress(AttributeError):
            delattr(sys, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
