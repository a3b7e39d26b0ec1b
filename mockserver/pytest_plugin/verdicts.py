"""Judges a test that passed by what its sandbox saw. Begins nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from mockserver.pytest_plugin.options import OFF, WARN

if TYPE_CHECKING:
    from mockserver.client.sandbox import Sandbox
    from mockserver.pytest_plugin.session import Session


def judge(session: Session, item: pytest.Item) -> None:
    """Fail a test that passed, for what it did not see itself.

    Raises:
        pytest.fail.Exception: it tried to get out, or left rules unused, or met errors.
    """
    if session.broke or not session.has_seen:
        return
    if session.guard.attempts:
        pytest.fail(session.guard.attempts[0], pytrace=False)
    sandbox = session.ambient.handle
    if session.options["unused_rules"] != OFF:
        _judge_rules(sandbox, item, may_pass=session.options["unused_rules"] == WARN)
    if session.is_on("unexpected_errors"):
        _judge_errors(sandbox)


def _judge_rules(sandbox: Sandbox, item: pytest.Item, *, may_pass: bool) -> None:
    with _briefly():
        unused = sandbox.unused_rules()
        if not unused:
            return
        lines = "".join(f"\n  {rule}" for rule in unused) + _of_others(sandbox)
    text = f"images_mock: scripted, but no request met it:{lines}"
    if may_pass:
        item.warn(pytest.PytestWarning(text))
    else:
        pytest.fail(
            f'{text}\n(images_mock_unused_rules = "warn" or "off" lets it pass)', pytrace=False
        )


def _of_others(sandbox: Sandbox) -> str:
    """Lines on requests with other keys, where none came with this sandbox's."""
    from mockserver.client.assertions import lines_on_others

    others = [] if sandbox.requests else sandbox.others
    return "".join(f"\n{line}" for line in lines_on_others(others))


def _judge_errors(sandbox: Sandbox) -> None:
    with _briefly():
        errors = sandbox.unexpected_errors()
    if errors:
        lines = "".join(f"\n  {error}" for error in errors)
        pytest.fail(f"images_mock: errors that nobody scripted:{lines}", pytrace=False)


@contextmanager
def _briefly() -> Iterator[None]:
    """Fail without a trace where the server can't be used: its message says all."""
    try:
        yield
    except RuntimeError as error:
        raise pytest.fail.Exception(f"images_mock: {error}", pytrace=False) from None
