"""What the report of a failed test says of its pictures, or of what kept it from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from mockserver.pytest_plugin.advice import blocked, in_a_line, of_loop, of_way

if TYPE_CHECKING:
    from mockserver.pytest_plugin.session import Session


def sections(
    session: Session, item: pytest.Item, error: BaseException | None
) -> list[tuple[str, str]]:
    """What the report of a failed test has to say, if it has to do with pictures."""
    lines: list[str] = []
    try:
        lines.extend(_report(session, item, error))
    except Exception as own:  # the test's patches may hold still: no reason to end the run
        lines.append(in_a_line(own))
    texts = ["\n".join(lines), of_loop(error) if error else None]
    return [("images_mock", text) for text in texts if text]


def _report(session: Session, item: pytest.Item, error: BaseException | None) -> Iterator[str]:
    if error and (cure := of_way(error, is_ours=session.is_ours)):
        yield cure
    ambient = session.ambient
    if ambient.why_none:
        yield ambient.why_none
        return
    if not ambient.is_used:
        return
    if not session.has_begun:  # what an earlier test had asked is nothing to tell
        if session.trouble and not session.is_ours:  # else the test has failed with these words
            yield session.trouble
        return
    if session.is_ours or ambient.handle.requests:
        yield ambient.handle.report()
        if session.options["artifacts"] and not blocked():
            yield _kept(session, item)


def _kept(session: Session, item: pytest.Item) -> str:
    from mockserver.pytest_plugin.artifacts import keep

    directory = item.config.rootpath / session.options["artifacts"]
    ambient = session.ambient
    spare = ambient.sandbox("again")
    place = keep(directory, item.nodeid, ambient.handle, spare, session.marked)
    return f"journal and pictures are in {place}"
