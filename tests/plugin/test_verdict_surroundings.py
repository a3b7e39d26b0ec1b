"""What a journal can't know of a test: whether it looks at errors, and whether waits are real."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from mockserver.pytest_plugin.surroundings import (
    Warned,
    says_something,
    shortens_waits,
    shows_errors,
    sleeps_for_real,
)

APP: Any = None
TEST: Any = None


def item(function: Callable[..., Any] | None, *fixtures: str, **funcargs: Any) -> Any:
    return SimpleNamespace(obj=function, fixturenames=fixtures, funcargs=funcargs, cls=None)


def looks_by_helper() -> None:
    expects_refusal()


def expects_refusal() -> None:
    with pytest.raises(OSError, match="x"):
        APP.poster()


def catches() -> None:
    try:
        APP.poster()
    except Exception:
        assert APP.waits


def compares() -> None:
    assert APP.page() == "Sorry, no picture today"


def looks_at_a_status() -> None:
    assert APP.post("/poster").status == 502


def wants_none() -> None:
    assert APP.poster("a red fox") is None


def wants_an_empty_list() -> None:
    assert APP.posters() == []


def wants_no() -> None:
    assert not APP.poster("a red fox")


def wants_none_of_unittest() -> None:
    TEST.assertIsNone(APP.poster("a red fox"))  # noqa: PT009


def wants_something() -> None:
    assert APP.poster("a red fox") is not None
    assert APP.poster("a red fox") != ""


def looks_at_the_journal(images_mock: Any) -> None:
    """An error is swallowed here, and this text is no look at one."""
    images_mock.next.error("internal")
    APP.poster()
    assert [r.status for r in images_mock.requests] == [500], images_mock.requests


def scripts(images_mock: Any) -> None:
    images_mock.next.refuse()
    APP.poster("a red fox")


def test_a_test_that_looks_at_errors_is_known_by_its_code_and_fixtures() -> None:
    looking = [looks_by_helper, expects_refusal, catches, compares, looks_at_a_status]
    looking += [wants_none, wants_an_empty_list, wants_no, wants_none_of_unittest]
    assert [f.__name__ for f in looking if not shows_errors(item(f))] == []
    assert [
        f.__name__
        for f in (looks_at_the_journal, scripts, wants_something)
        if shows_errors(item(f))
    ] == []
    assert shows_errors(item(scripts, "caplog"))
    assert shows_errors(item(None))  # of a doctest nobody knows


def pauses(monkeypatch: Any) -> None:
    monkeypatch.setattr("poster.api.PAUSE", 0)


def sets_a_key(monkeypatch: Any) -> None:
    monkeypatch.setenv("KEY", "sk-mock-x")


@mock.patch("asyncio.sleep")
def patched(sleep: Any) -> None:
    APP.poster(sleep)


def test_waits_that_a_test_replaces_are_not_real() -> None:
    assert shortens_waits(item(pauses))
    assert shortens_waits(item(patched))
    assert not shortens_waits(item(sets_a_key))
    assert not shortens_waits(item(scripts))
    with pytest.MonkeyPatch.context() as patch:  # by a fixture of a conftest.py, say
        patch.setattr(SimpleNamespace(backoff=1), "backoff", 0)
        assert shortens_waits(item(scripts, monkeypatch=patch))


@pytest.mark.parametrize(("module", "name"), [(time, "sleep"), (asyncio, "sleep")])
def test_a_sleep_that_is_replaced_is_seen(module: Any, name: str) -> None:
    assert sleeps_for_real()
    with mock.patch.object(module, name):
        assert not sleeps_for_real()
    assert sleeps_for_real()


def test_what_is_written_may_show_an_error() -> None:
    def report(out: str = "", err: str = "") -> Any:
        return SimpleNamespace(capstdout=out, capstderr=err)

    assert says_something(report(err="x\n"))
    assert says_something(report(out="Could not draw a poster.\n"))
    assert not says_something(report(out="saved poster.png\n"))


def test_a_warning_is_heard_unless_it_is_the_servers_own() -> None:
    warned = Warned()
    for name, is_heard in (("uvicorn.error", False), ("program", True)):
        logger = logging.getLogger(name)
        logger.addHandler(warned)
        logger.info("a poster")
        assert not warned.heard
        logger.warning("no poster")
        logger.removeHandler(warned)
        assert warned.heard is is_heard
