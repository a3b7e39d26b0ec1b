"""What the plugin does at each of pytest's hooks. The work itself is done elsewhere."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest

from mockserver.pytest_plugin.options import (
    COVERING,
    MARKER_LINE,
    MODELS,
    MODELS_LINE,
    OFF,
    add_options,
    asks_for_us,
    check_scope,
    chosen,
    marked,
)
from mockserver.pytest_plugin.server_settings import WrongOptions, found
from mockserver.pytest_plugin.session import SESSION, Session

#: What is loaded only where an option wants it, before anybody asks the server: a module, the class
#: of its hooks, and the options.
_ON_DEMAND = (
    ("coverage", "Covering", (*COVERING, "verdict")),
    ("verdict", "Verdict", ("verdict", "verdict_file")),
    ("migration", "Migrating", ("lint_against",)),
    ("journal", "Kept", ("journal",)),
    ("storm", "Storm", ("storm",)),
)


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
    config.addinivalue_line("markers", MODELS_LINE)
    if SESSION not in config.stash:
        _begin_session(config)


def _begin_session(config: pytest.Config) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    options = chosen(config)
    try:  # a shared server has its own settings
        values = {} if options["url"] else found(os.environ, config.rootpath)
    except WrongOptions as error:
        raise pytest.UsageError(f"images_mock: {error}") from None
    config.stash[SESSION] = session = Session(options, worker, values)
    config.add_cleanup(session.end)  # comes even where configuring fails
    for name, hooks, asked_by in _ON_DEMAND:
        if any(options[option] not in ("", OFF) for option in asked_by):
            found_in = import_module(f"mockserver.pytest_plugin.{name}")
            made = getattr(found_in, hooks)(session, config)
            config.pluginmanager.register(made, f"images_mock_{name}")


def pytest_report_header(config: pytest.Config) -> str:
    """Say where the tests' requests go."""
    session = config.stash[SESSION]
    where = "openai SDK and this environment" if session.is_on("env") else "environment as is"
    if session.ambient.why_none:
        return f"images_mock: {session.ambient.why_none}"
    address = session.ambient.url
    if _hands_out(config) and not session.options["url"]:
        address = "an address for each worker"
    return f"images_mock: {address} ({where}), guard {session.options['guard']}"


def _hands_out(config: pytest.Config) -> bool:
    """Whether xdist's workers run the tests, and this process none."""
    return getattr(config.option, "dist", "no") != "no" and not hasattr(config, "workerinput")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Look at a test's markers while it is collected: what is wrong is told with its name."""
    marked(metafunc.definition)
    check_scope(metafunc.definition)
    if marker := metafunc.definition.get_closest_marker(MODELS):
        from mockserver.pytest_plugin.models import once_for_each

        once_for_each(metafunc, marker)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Stop at once where nobody answers at `images_mock_url`, before each test that asks fails."""
    if session.config.option.collectonly:
        return
    if not (_hands_out(session.config) or any(map(asks_for_us, session.items))):
        return
    if why := session.config.stash[SESSION].why_nobody_answers():
        pytest.exit(f"images_mock: {why}", returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard set-up, call and teardown, and the threads beside them."""
    guard = item.config.stash[SESSION].guard
    guard.watch(item.nodeid)
    try:
        return (yield)
    finally:
        guard.rest()


@pytest.hookimpl(wrapper=True, trylast=True)  # the innermost: what others set up is there
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Begin the sandbox anew, before the fixtures."""
    session = item.config.stash[SESSION]
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
        item.config.stash[SESSION].broke = True
        raise


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge the test once its fixtures are gone."""
    yield
    session = item.config.stash[SESSION]
    if session.has_seen and not session.is_storm:
        from mockserver.pytest_plugin.verdicts import judge

        judge(session, item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell in the report of a failed test what the mock saw."""
    report = yield
    session = item.config.stash[SESSION]
    session.broke |= call.excinfo is not None
    if report.failed and not session.is_storm:
        from mockserver.pytest_plugin.report import sections

        error = call.excinfo.value if call.excinfo else None
        report.sections += sections(session, item, error)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Add up; a worker sends its sums to the process that reports."""
    ours = session.config.stash[SESSION]
    with suppress(Exception):  # the server is gone: what it had counted is lost
        ours.ambient.close()
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["images_mock"] = vars(ours.ambient.sums)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the sums of a worker."""
    if sums := getattr(node, "workeroutput", {}).get("images_mock"):
        node.config.stash[SESSION].ambient.sums.add(**sums)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell what the tests would have cost, and which requests came too late."""
    sums = config.stash[SESSION].ambient.sums
    lines = []
    if sums.usd:
        amount = f"{sums.usd:.2f}" if sums.usd >= 1 else f"{sums.usd:.3f}"
        lines.append(f"these tests would have cost ${amount} with the real API")
    if sums.waited:
        from mockserver.client.report import wait_line

        lines.append(wait_line(sums.waited))
    lines += [f"a late request of an earlier test: {line}" for line in sums.late]
    if lines:
        terminalreporter.section("images_mock")
    for line in lines:
        terminalreporter.write_line(line)
