"""Which kinds of failure the tests of a run met: collected, added up, told. Loaded where asked for.

Nothing to do with the coverage of lines. What a kind is, and whether a request met it, is decided
in `mockserver.core.judging.coverage`.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from mockserver.core.judging.coverage import never_met_line
from mockserver.core.texts import likely_name
from mockserver.facts.failures import Failure, failures
from mockserver.pytest_plugin.coverage.tally import Tally
from mockserver.pytest_plugin.options import OFF, ON
from mockserver.pytest_plugin.session import Session

__all__ = ["Covering", "never_met_line", "required"]
_SENT = "images_mock_coverage"  # by a worker of xdist to the process that reports
_NEEDS = {
    "url": "gets URLs",
    "base64": "gets base64",
    "several": "asks for several pictures at once",
    "stream": "asks for a stream",
}


def required(text: str) -> tuple[str, ...]:
    """The kinds of failure that a setting names, by commas.

    Raises:
        pytest.UsageError: one is not known.
    """
    names = text.replace(",", " ").split()
    for name in names:
        if name not in failures():
            close = likely_name(name, failures())
            hint = f"did you mean {close}?" if close else f"they are {', '.join(failures())}"
            raise pytest.UsageError(f"images_mock_require: no failure is called {name!r}; {hint}")
    return tuple(dict.fromkeys(names))


class Covering:
    """The hooks of a run that is covered."""

    def __init__(self, session: Session, config: pytest.Config) -> None:
        self._config, self._session = config, session
        self._required = required(session.options["require"])
        self._told: list[str] = []  # where files were written, or why not
        self._is_short = False  # whether something required was not met
        self.tally = Tally()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """See what a test met, once its fixtures are gone."""
        try:
            yield
        finally:
            session = self._session
            if session.has_seen and session.has_begun and not session.is_storm:
                self._look(item)

    def _look(self, item: pytest.Item) -> None:
        try:
            records = self._session.records()
        except Exception:  # a test that patches what is asked with is not counted
            self.tally.unseen += 1
            return
        self.tally.add(item.nodeid, records, self._session.marked)

    @pytest.hookimpl(tryfirst=True)  # while the server is there
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Draw what was asked; hand all over to the process that reports, or write it."""
        if self._session.options["coverage_html"]:
            from mockserver.pytest_plugin.coverage.thumbnails import draw

            with suppress(Exception):  # the server is gone: a page without pictures
                draw(self.tally.samples, self._session.ambient)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_SENT] = json.dumps(self.tally.as_json())
            return
        if session.config.option.collectonly:
            return
        self._is_short = bool(self._missing)
        if self._is_short and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._told = [*self._written()]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker saw."""
        if told := getattr(node, "workeroutput", {}).get(_SENT):
            self.tally.merge(Tally.of(json.loads(told)))

    @property
    def _missing(self) -> list[Failure]:
        return [failures()[kind] for kind in self._required if kind not in self.tally.kinds]

    def _written(self) -> Iterator[str]:
        for name, write in (("coverage_json", _as_json), ("coverage_html", _as_page)):
            if not (given := self._session.options[name]):
                continue
            path = self._config.rootpath / given
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(write(self.tally, self._required), "utf-8", "backslashreplace")
            except OSError as error:
                yield f"images_mock_{name}: {path} can't be written: {error.strerror}"
            else:
                yield f"written to {path}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it; of a run that is only judged, what was never met, below its verdict."""
        if self._config.option.collectonly:
            return
        options, lines = self._session.options, [*self._lines()]
        is_alone = options["verdict"] != OFF and options["coverage"] == OFF
        is_below = is_alone and bool(self.tally.tests)
        if is_below and (line := never_met_line(self.tally.kinds, self.tally.needs)):
            terminalreporter.write_line(line)
        if not (lines or self._is_short):
            return
        terminalreporter.section("images_mock coverage of failures")
        for line in lines:
            terminalreporter.write_line(line)
        if self._is_short:
            for failure in self._missing:
                terminalreporter.write_line(f"ERROR {self._unmet(failure)}", red=True)

    def _lines(self) -> Iterator[str]:
        if self._session.options["coverage"] == ON:
            yield from table(self.tally)
        yield from self._told

    def _unmet(self, failure: Failure) -> str:
        title = f" ({failure.title})" if failure.title != failure.id else ""
        why = f"images_mock_require: no test met {failure.id}{title}"
        if failure.needs and failure.needs not in self.tally.needs:
            return f"{why}: none {_NEEDS[failure.needs]}"
        then = ", ".join(f"{name}={value!r}" for name, value in failure.then.items())
        return f"{why}; images_mock.next.then({then}) brings it about"


def table(tally: Tally) -> Iterator[str]:
    """What was met, a line for each kind, and what never was."""
    if tally.kinds:
        rows = [(failures()[kind], met) for kind, met in tally.in_order()]
        wide = max(len(failure.title) for failure, _ in rows) + 2
        yield f"{'met':{wide}}tests  and then the program"
        for failure, met in rows:
            mark = " *" if failure.swallowed else ""
            yield f"{failure.title + mark:{wide}}{len(met.tests):5}  {met.went_on}"
        if any(failure.swallowed for failure, _ in rows):
            yield "* clients show it without an exception"
    if line := never_met_line(tally.kinds, tally.needs):
        yield line
    if beyond := tally.out_of_reach:
        needs = {failures()[kind].needs: None for kind in beyond}
        whom = " or ".join(_NEEDS[need] for need in needs)
        yield f"out of reach, for no test {whom}: {len(beyond)} more"
    if tally.unseen:
        yield f"not looked at, for the server could not be asked: {tally.unseen} tests"


def _as_json(tally: Tally, wanted: tuple[str, ...]) -> str:
    from mockserver.pytest_plugin.coverage.tally import as_report

    return f"{json.dumps(as_report(tally, wanted), indent=2, ensure_ascii=False)}\n"


def _as_page(tally: Tally, wanted: tuple[str, ...]) -> str:
    from mockserver.pytest_plugin.coverage.page import page

    return page(tally, wanted)
