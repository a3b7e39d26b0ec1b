"""`--images-mock-verdict`: after each test the journal is judged, at the end the findings are told.

Loaded only where it is on. What is wrong with a program is `mockserver.core.judging`'s to say.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import pytest

from mockserver.core.judging.findings import Finding, Severity, Surroundings
from mockserver.core.judging.seen import Journal
from mockserver.core.judging.verdict import judged
from mockserver.pytest_plugin.advice import in_a_line
from mockserver.pytest_plugin.sites import Chain, Files, Sites
from mockserver.pytest_plugin.surroundings import (
    Warned,
    lines_in_loops,
    says_something,
    shortens_waits,
    shows_errors,
    sleeps_for_real,
)
from mockserver.pytest_plugin.verdict.report import Found, Place, Report, commands, table
from mockserver.pytest_plugin.verdict.settings import ignored, severities

if TYPE_CHECKING:
    from mockserver.core.journal import Record
    from mockserver.pytest_plugin.session import Session

T = TypeVar("T")
_OUTPUT = "images_mock_verdict"  # of a worker
_WIDTH = 100  # of what a test fails with
_WORST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


class Wanted(NamedTuple):
    """What the options say."""

    ignored: frozenset[str]
    severities: Mapping[str, Severity]
    fails: tuple[Severity, ...]  # those of findings that fail their test
    file: str

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Self:
        """Read them.

        Raises:
            pytest.UsageError: they can't be followed.
        """
        unwanted = _read(options, "verdict_ignore", ignored)
        graver = _read(options, "verdict_severity", severities)
        worst = [*map(str, _WORST)]
        known = options["verdict"] in worst
        fails = _WORST[: worst.index(options["verdict"]) + 1] if known else ()
        return cls(unwanted, graver, fails, options["verdict_file"])


def _read(options: Mapping[str, str], name: str, reader: Callable[[str], T]) -> T:
    try:
        return reader(options[name])
    except ValueError as error:
        raise pytest.UsageError(f"images_mock_{name} {error}") from None


class Verdict:
    """The plugin of a process in which tests run, and of that which reports."""

    def __init__(self, session: Session, config: pytest.Config) -> None:
        self._session = session
        self._wanted = Wanted.of(session.options)
        self._sites = Sites(Files(config.rootpath))
        self._warned = Warned()
        self._is_real = True  # whether nobody's sleep was replaced while requests came
        self._showed = False  # whether the running test, or the program, showed an error
        self._unwritten = ""  # why there is no file
        self.report = Report()
        session.hear(self._arrived)

    def _arrived(self, record: Record, scope: Any) -> None:
        self._is_real = self._is_real and sleeps_for_real()
        self._sites.arrived(record, scope)

    # -- a test

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin: an attempt at a test, too."""
        self._sites.clear()
        self._is_real, self._warned.heard = True, False
        # Where nothing is captured nobody knows whether what is written tells of errors.
        self._showed = item.config.getoption("capture", "fd") == "no"
        logging.getLogger().addHandler(self._warned)
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Look at what fixtures have replaced while they are there."""
        try:
            return (yield)
        finally:
            self._is_real = self._is_real and not shortens_waits(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self,
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Look at what was written."""
        report = yield
        self._showed |= report.when != "teardown" and says_something(report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Judge the test once its fixtures are gone, and what else fails it has done so."""
        try:
            yield
        finally:
            logging.getLogger().removeHandler(self._warned)
            found = self._judge(item)
        if found:
            lines = "\n".join(line for lines in table(found, _WIDTH) for line in lines)
            ids = ", ".join(dict.fromkeys(f.told["id"] for f in found))
            pytest.fail(f"images_mock verdict: {ids}\n{lines}", pytrace=False)

    def _judge(self, item: pytest.Item) -> list[Found]:
        """Judge what the running test's sandbox has seen; those of the findings that fail it."""
        session = self._session
        if session.is_storm or not (session.ambient.is_used and session.has_begun):
            return []
        self.report.forget(item.nodeid)
        try:
            found = self._found(item)
        except Exception as error:  # the server is gone, or held still by a patch
            self.report.note(item.nodeid, in_a_line(error))
            return []
        return [] if session.broke else [f for f in found if f.severity in self._wanted.fails]

    def _found(self, item: pytest.Item) -> list[Found]:
        session = self._session
        told = session.records()
        if not any(told.values()):
            return []
        chains = self._sites.by_id
        findings = judged(
            Journal.of(told),
            Surroundings(
                passed=not session.broke,
                shows_errors=self._shows_errors(item),
                waits_are_real=self._is_real,
                sites={id_: str(lines[0]) for id_, lines in chains.items()},
                chains=_led(chains, item),
                askers=self._sites.askers,
            ),
            ignore=self._wanted.ignored | session.of_verdict.get("verdict_ignore", frozenset()),
            severities={
                **self._wanted.severities,
                **session.of_verdict.get("verdict_severity", {}),
            },
        )
        return self.report.add(item.nodeid, [_found(f, item, chains) for f in findings])

    def _shows_errors(self, item: pytest.Item) -> bool:
        return self._session.broke or self._showed or self._warned.heard or shows_errors(item)

    # -- the end

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker found."""
        if told := getattr(node, "workeroutput", {}).get(_OUTPUT):
            self.report.take(told)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand it to the process that reports, or write the file."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = self.report.sums()
        elif self._wanted.file and not session.config.option.collectonly:
            try:
                self.report.write(session.config.rootpath / self._wanted.file)
            except OSError as error:
                self._unwritten = f"images_mock_verdict_file can't be written: {error}"
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it, and GitHub Actions beside the lines."""
        if terminalreporter.config.option.collectonly:
            return
        self.report.tell(terminalreporter)
        if self._unwritten:
            terminalreporter.write_line(self._unwritten, red=True)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            root = terminalreporter.config.rootpath
            base = Path(os.environ.get("GITHUB_WORKSPACE") or root)
            for command in commands(self.report.found, root, base):
                terminalreporter.write_line(command)


def _led(chains: Mapping[str, Chain], item: pytest.Item) -> dict[str, str]:
    """The lines that led to each request; of a test that loops itself none are those of another."""
    loops = lines_in_loops(item) if len(chains) > 1 else frozenset[int]()
    own = Path(item.location[0]).as_posix()
    led = {}
    for id_, lines in chains.items():
        outer = lines[-1] if lines else None
        is_looped = outer is not None and outer.file == own and outer.line in loops
        led[id_] = " ".join((*map(str, lines), *([id_] if is_looped else ())))
    return led


def _found(finding: Finding, item: pytest.Item, chains: Mapping[str, Chain]) -> Found:
    told = finding.as_json()
    requests = told.pop("requests")
    lines = next((chains[id_] for id_ in requests if id_ in chains), ())
    file, line, _ = item.location
    place = Place(item.nodeid, Path(file).as_posix(), (line or 0) + 1, requests)
    return Found(told, lines[0] if lines else None, [place])
