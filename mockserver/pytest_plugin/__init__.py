"""The pytest plugin: an address and a guard a session, a new sandbox a test. Light to load."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.client.environment import hosts_to_guard
from mockserver.pytest_plugin.advice import in_a_line, of_error, of_others, told_briefly
from mockserver.pytest_plugin.clients import async_images_client, images_client, images_http
from mockserver.pytest_plugin.guard import REAL, Guard
from mockserver.pytest_plugin.neighbours import blocked, hint_of
from mockserver.pytest_plugin.options import (
    MARKER_LINE,
    OFF,
    ON,
    WARN,
    add_options,
    asks_for_us,
    check_scope,
    chosen,
    marked,
)
from mockserver.pytest_plugin.session import (
    KEYS,
    Ambient,
    OwnServer,
    SessionServer,
    SharedServer,
    Sums,
    environment,
    put_in_place,
)
from mockserver.pytest_plugin.settings import WrongOptions, found

if TYPE_CHECKING:
    from mockserver.client.sandbox import Sandbox
    from mockserver.config import Value

__all__ = ["SessionServer", "async_images_client", "images_client", "images_http"]


class Session:
    """The plugin at work in one pytest process."""

    def __init__(
        self, told: dict[str, str], worker: str, values: Mapping[str, Value] | None = None
    ) -> None:
        self.told = told
        key = f"{KEYS}{os.urandom(4).hex()}-{worker}"
        self._server = SharedServer(told["url"]) if told["url"] else OwnServer(key, values)
        self.ambient = Ambient(self._server, key)
        hosts = [REAL, *hosts_to_guard(told["guarded_hosts"])]
        self.guard = Guard(hosts, self.ambient.url, self._astray)
        self._set = environment(self.ambient, hosts) if told["env"] == ON else {}
        self._restore = put_in_place(self._set)
        if told["guard"] == ON:
            self.guard.start()
        self.broke = False  # the running test, in whatever way
        self.has_begun = False  # whether the sandbox is the running test's
        self.is_ours = False  # whether it asked for our fixtures or marker
        self.trouble: str | None = None  # why its sandbox could not begin
        self.options: dict[str, Any] = {}  # of its marker
        self.elsewhere = Sums()  # of the xdist workers

    def end(self) -> None:
        """Leave the process as it was."""
        self._restore()
        if self.told["guard"] == ON:
            self.guard.stop()
        self._server.stop()

    def why_nobody_answers(self) -> str | None:
        """Why a server of somebody else's can't be used; None if it can."""
        return self._server.missing() if isinstance(self._server, SharedServer) else None

    def settle(self, options: Any) -> None:
        """Choose the server's settings, and begin what waited for them.

        Raises:
            WrongOptions: they can't be used.
        """
        self.ambient.settle(options)
        with self._noted():  # a session's fixture that fails would fail every later test
            self.ambient.begin_due()

    def begin(self, item: pytest.Item) -> None:
        """Give a test a sandbox that is new. Each attempt at a test begins, not each test alone."""
        self.broke, self.is_ours, self.has_begun = False, False, False
        self.guard.attempts, self.trouble = [], None
        self.options = marked(item) or {}
        self.is_ours = bool(self.options) or asks_for_us(item)
        with self._noted():
            self.ambient.begin(item.nodeid, self.options, wanted=self.is_ours)
            self.has_begun = True
        self.look()

    def look(self) -> None:
        """Fail a test that needs the sandbox, and has none; the others may go on without.

        Raises:
            pytest.fail.Exception: it does.
        """
        if self.trouble and self.is_ours:
            raise pytest.fail.Exception(f"images_mock: {self.trouble}", pytrace=False)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever a test left behind
            self.has_begun, self.trouble = False, in_a_line(error)

    def _astray(self) -> str | None:
        """Why a client may be led elsewhere: a variable is no longer as the plugin had set it."""
        for name, value in self._set.items():
            now = os.environ.get(name)
            if value.startswith(self.ambient.address) and now != value:
                is_now = "unset" if now is None else repr(now)
                return f"{name} is {is_now} now; the plugin had set it. images_mock.env has it."
        return None

    def judge(self, item: pytest.Item) -> None:
        """Fail a test that passed, for what it did not see itself.

        Raises:
            pytest.fail.Exception: it tried to get out, or left rules unused, or met errors.
        """
        if self.broke:
            return
        if self.guard.attempts:
            pytest.fail(self.guard.attempts[0], pytrace=False)
        if not (self.ambient.is_used and self.has_begun):
            return
        self._judge_rules(item)
        if self.told["unexpected_errors"] == ON:
            self._judge_errors()

    def told_of_failure(
        self, item: pytest.Item, error: BaseException | None
    ) -> list[tuple[str, str]]:
        """The section for the report of a failed test, if it has to do with pictures."""
        lines: list[str] = []
        try:
            lines.extend(self._failure(item, error))
        except Exception as own:  # the test's patches may hold still: no reason to end the run
            lines.append(in_a_line(own))
        return [("images_mock", "\n".join(lines))] if lines else []

    def _failure(self, item: pytest.Item, error: BaseException | None) -> Iterator[str]:
        hint = hint_of(error, is_ours=self.is_ours) if error else None
        if hint:
            yield hint
        if self.ambient.why_none:
            yield self.ambient.why_none
            return
        if not self.ambient.is_used:
            return
        if not self.has_begun:  # what an earlier test had asked is nothing to tell
            if self.trouble and not self.is_ours:  # else the test has failed with these words
                yield self.trouble
            return
        handle = self.ambient.handle
        if self.is_ours or handle.requests:
            yield handle.report()
            yield from self._kept(item)

    def _kept(self, item: pytest.Item) -> Iterator[str]:
        if self.told["artifacts"] and not blocked():
            from mockserver.pytest_plugin.artifacts import keep

            directory = item.config.rootpath / self.told["artifacts"]
            ambient = self.ambient
            spare = ambient.other(f"{ambient.key}-again")
            place = keep(directory, item.nodeid, ambient.handle, spare, self.options)
            yield f"journal and pictures are in {place}"

    def _judge_rules(self, item: pytest.Item) -> None:
        with told_briefly():
            unused = self.ambient.handle.unused_rules() if self.told["unused_rules"] != OFF else []
        if not unused:
            return
        lines = "".join(f"\n  {rule}" for rule in unused)
        with told_briefly():
            lines += of_others(self.ambient.handle)
        text = f"images_mock: scripted, but no request met it:{lines}"
        if self.told["unused_rules"] == WARN:
            item.warn(pytest.PytestWarning(text))
        else:
            pytest.fail(
                f'{text}\n(images_mock_unused_rules = "warn" or "off" lets it pass)', pytrace=False
            )

    def _judge_errors(self) -> None:
        with told_briefly():
            errors = self.ambient.handle.unexpected_errors()
        if errors:
            lines = "".join(f"\n  {error}" for error in errors)
            pytest.fail(f"images_mock: errors that nobody scripted:{lines}", pytrace=False)


_SESSION = pytest.StashKey[Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options and settings."""
    add_options(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Set the environment before the first conftest.py makes a client."""
    _begin_session(early_config)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known; begin here if a conftest.py named the plugin."""
    config.addinivalue_line("markers", MARKER_LINE)
    if _SESSION not in config.stash:
        _begin_session(config)


def _begin_session(config: pytest.Config) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    told = chosen(config)
    try:  # a shared server has its own settings
        values = {} if told["url"] else found(os.environ, config.rootpath)
    except WrongOptions as error:
        raise pytest.UsageError(f"images_mock: {error}") from None
    config.stash[_SESSION] = session = Session(told, worker, values)
    config.add_cleanup(session.end)  # comes even where configuring fails


def pytest_report_header(config: pytest.Config) -> str:
    """Say where the tests' requests go."""
    session = config.stash[_SESSION]
    where = "openai SDK and this environment" if session.told["env"] == ON else "environment as is"
    if session.ambient.why_none:
        return f"images_mock: {session.ambient.why_none}"
    address = session.ambient.url
    if _hands_out(config) and not session.told["url"]:
        address = "an address for each worker"
    return f"images_mock: {address} ({where}), guard {session.told['guard']}"


def _hands_out(config: pytest.Config) -> bool:
    """Whether xdist's workers run the tests, and this process none."""
    return getattr(config.option, "dist", "no") != "no" and not hasattr(config, "workerinput")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Look at a test's markers while it is collected: what is wrong is told with its name."""
    marked(metafunc.definition)
    check_scope(metafunc.definition)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Stop at once where nobody answers at `images_mock_url`, before each test that asks fails."""
    if session.config.option.collectonly:
        return
    if not (_hands_out(session.config) or any(map(asks_for_us, session.items))):
        return
    if why := session.config.stash[_SESSION].why_nobody_answers():
        pytest.exit(f"images_mock: {why}", returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard set-up, call and teardown, and the threads beside them."""
    guard = item.config.stash[_SESSION].guard
    guard.watch(item.nodeid)
    try:
        return (yield)
    finally:
        guard.rest()


@pytest.hookimpl(wrapper=True, trylast=True)  # the innermost: what others set up is there
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Begin the sandbox anew, before the fixtures."""
    session = item.config.stash[_SESSION]
    session.begin(item)
    result = yield
    session.look()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """See a test fail; there are attempts of pytest-retry that nobody makes a report of."""
    try:
        return (yield)
    except BaseException:
        item.config.stash[_SESSION].broke = True
        raise


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge the test once its fixtures are gone."""
    yield
    item.config.stash[_SESSION].judge(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell in the report of a failed test what the mock saw."""
    report = yield
    session = item.config.stash[_SESSION]
    session.broke |= call.excinfo is not None
    if report.failed:
        error = call.excinfo.value if call.excinfo else None
        report.sections += [*session.told_of_failure(item, error), *of_error(error)]
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Add up; a worker sends its sums to the process that reports."""
    ours = session.config.stash[_SESSION]
    with suppress(Exception):  # the server is gone: what it had counted is lost
        ours.ambient.close()
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["images_mock"] = {
            name: getattr(ours.ambient, name) for name in ("usd", "waited", "late")
        }


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the sums of a worker."""
    sums = getattr(node, "workeroutput", {}).get("images_mock", {})
    elsewhere = node.config.stash[_SESSION].elsewhere
    elsewhere.usd += sums.get("usd", 0.0)
    elsewhere.waited += sums.get("waited", 0.0)
    elsewhere.late += sums.get("late", [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell what the tests would have cost, and which requests came too late."""
    session = config.stash[_SESSION]
    usd = session.ambient.usd + session.elsewhere.usd
    lines = []
    if usd:
        amount = f"{usd:.2f}" if usd >= 1 else f"{usd:.3f}"
        lines.append(f"these tests would have cost ${amount} with the real API")
    waited = session.ambient.waited + session.elsewhere.waited
    if waited:
        from mockserver.client.assertions import told_wait

        lines.append(told_wait(waited))
    late = (*session.ambient.late, *session.elsewhere.late)
    lines += [f"a late request of an earlier test: {line}" for line in late]
    if lines:
        terminalreporter.section("images_mock")
    for line in lines:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def images_mock_options() -> dict[str, Any]:
    """Settings of the session's server, as of the command line; override it in conftest.py.

    `{"tier": "2", "as_of": "2023-12-01"}`, say.
    """
    return {}


@pytest.fixture(scope="session", autouse=True)
def _images_mock_settled(request: pytest.FixtureRequest, images_mock_options: Any) -> None:
    """Tells the server its settings before it can have started."""
    try:
        request.config.stash[_SESSION].settle(images_mock_options)
    except WrongOptions as error:
        text = f"usage error: images_mock_options: {error}"
        raise pytest.fail.Exception(text, pytrace=False) from None


@pytest.fixture(scope="session")
def images_mock_server(request: pytest.FixtureRequest) -> SessionServer:
    """The session's server (one for each xdist worker)."""
    ambient = request.config.stash[_SESSION].ambient
    return SessionServer(ambient.url.removesuffix("/v1"), ambient.key, ambient)


@pytest.fixture
def images_mock(request: pytest.FixtureRequest) -> Sandbox:
    """The test's own sandbox: script what happens, move the time, assert what was sent."""
    return request.config.stash[_SESSION].ambient.handle
