"""`--images-mock-journal`: what all tests of a run asked for, in one file. Judges nothing.

Loaded only where it is wanted. Each attempt at a test is a sandbox of its own in the file, for all
of them have the same one in turn: what one test asked no other test asks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.client.journal_file import LISTS, NoJournal, marked, write
from mockserver.client.records import records_of
from mockserver.pytest_plugin.advice import in_a_line

if TYPE_CHECKING:
    from mockserver.pytest_plugin.session import Session

_OUTPUT = "images_mock_journal"  # of a worker
_NAMING = ("id", "call", "made_by")  # what of a record is the id of one
_LINKS = ("downloads",)


class Kept:
    """The journals of all tests, in a process in which tests run and in that which reports."""

    def __init__(self, session: Session, _config: pytest.Config) -> None:
        self._session = session
        self._worker = session.worker
        self._tests = 0
        self._records: dict[str, list[dict[str, Any]]] = {name: [] for name in LISTS}
        self._notes: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """Keep what the test asked for, once its fixtures are gone."""
        try:
            return (yield)
        finally:
            self._keep(item)

    def _keep(self, item: pytest.Item) -> None:
        session = self._session
        if session.is_storm or not (session.ambient.is_used and session.has_begun):
            return
        try:
            told = records_of(session.ambient.handle)
        except Exception as error:  # the server is gone, or held still by a patch
            self._notes.append(f"{item.nodeid}: {in_a_line(error)}")
            return
        self._tests += any(told.values())
        sites = _sites(item.config)
        for name, records in told.items():
            for record in records:
                site = {"site": sites[record["id"]]} if record["id"] in sites else {}
                self._records[name].append(self._own(record) | {"test": item.nodeid} | site)

    def _own(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record whose ids and sandbox no other test has, nor another worker."""
        own = {name: self._id(record[name]) for name in _NAMING if name in record}
        links = {name: [*map(self._id, record[name])] for name in _LINKS if name in record}
        return {**record, **own, **links, "sandbox": self._id(str(self._tests))}

    def _id(self, identity: str) -> str:
        return f"{identity}-{self._worker}" if identity and self._worker != "main" else identity

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker kept."""
        if told := getattr(node, "workeroutput", {}).get(_OUTPUT):
            kept = json.loads(told)
            self._notes += kept.pop("notes")
            for name, records in kept.items():
                self._records[name] += records

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand it to the process that reports, or write the file."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = json.dumps(self._records | {"notes": self._notes})
            return
        if session.config.option.collectonly:  # what an earlier run has left stays
            return
        for records in self._records.values():
            records.sort(key=lambda record: record["time"])
        try:
            write(session.config.rootpath / self._session.options["journal"], marked(self._records))
        except NoJournal as error:
            self._notes.append(str(error))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell what is not in the file."""
        for note in self._notes:
            terminalreporter.write_line(f"images_mock journal: not kept: {note}", yellow=True)


def _sites(config: pytest.Config) -> dict[str, str]:
    """File and line of the program, by request: they are known where a verdict is wanted."""
    verdict = config.pluginmanager.get_plugin("images_mock_verdict")
    if verdict is None:
        return {}
    return {identity: str(lines[0]) for identity, lines in verdict._sites.by_id.items() if lines}
