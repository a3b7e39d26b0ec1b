"""`--images-mock-lint-against`: what the tests' requests would meet with another model.

Loaded only where it is on. What becomes of a request is `mockserver.core.judging`'s to say.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.client.migration import NoSuchModel, of_server
from mockserver.core.judging.migration import Migration, joined
from mockserver.core.judging.migration_text import as_json, from_json, lines
from mockserver.core.judging.model_days import known
from mockserver.pytest_plugin.advice import in_a_line

if TYPE_CHECKING:
    from mockserver.pytest_plugin.session import Session

_OUTPUT = "images_mock_migration"  # of a worker


class Migrating:
    """The plugin of a process in which tests run, and of that which reports.

    Raises:
        pytest.UsageError: there never was such a model.
    """

    def __init__(self, session: Session, _config: pytest.Config) -> None:
        self._session, self._to = session, session.options["lint_against"]
        self._parts: list[Migration] = []
        self._trouble: dict[str, None] = {}  # why some tests could not be judged
        try:
            known(self._to)
        except NoSuchModel as error:
            text = f"images_mock_lint_against ({self._to}) {error}"
            raise pytest.UsageError(text) from None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Look at what the test has asked once its fixtures are gone."""
        try:
            yield
        finally:
            self._judge(item.nodeid)

    def _judge(self, test: str) -> None:
        session = self._session
        if session.is_storm or not (session.ambient.is_used and session.has_begun):
            return
        try:
            found = of_server(session.ambient.handle._remote, to=self._to)
        except Exception as error:  # whatever a test left behind
            self._trouble[in_a_line(error)] = None
            return
        moves = [move._replace(where=test) for move in found.moves]
        if moves or found.already or found.unjudged:
            self._parts.append(found._replace(moves=moves))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what was found to the process that reports."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = self._told()

    def _told(self) -> dict[str, Any]:
        whole = as_json(joined(self._parts)) if self._parts else None
        return {"migration": whole, "trouble": [*self._trouble]}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has found."""
        told: Mapping[str, Any] = getattr(node, "workeroutput", {}).get(_OUTPUT) or {}
        if told.get("migration"):
            self._parts.append(from_json(told["migration"]))
        self._trouble |= dict.fromkeys(told.get("trouble", ()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it, in one section."""
        if not self._parts and not self._trouble:
            return
        terminalreporter.write_sep("=", "images_mock migration")  # section() leaves a line free
        for line in lines(joined(self._parts)) if self._parts else ():
            terminalreporter.write_line(line)
        for text in self._trouble:
            terminalreporter.write_line(f"not judged by {self._to}: {text}")
