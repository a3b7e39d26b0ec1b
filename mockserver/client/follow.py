"""A server's journal in a terminal: a line for each request and download, also as they come."""

from __future__ import annotations

import json
import os
import select
from collections.abc import Container, Generator, Iterator, Mapping
from datetime import UTC, datetime
from io import TextIOWrapper
from stat import S_ISFIFO
from threading import Thread
from typing import Any, TextIO
from urllib.parse import urlencode

from mockserver.client.connection import ControlError, Remote
from mockserver.client.events import Events
from mockserver.client.requests import Request
from mockserver.core.texts import escaped

_LETTERS = 6  # of a sandbox's name, as the log shows it


def journal_lines(
    address: str,
    sandbox: str | None,
    *,
    key: str | None = None,
    token: str | None = None,
    follow: bool = False,
    as_json: bool = False,
) -> Iterator[str]:
    """What was asked, the oldest first; then, to `follow`, what is asked until the server ends.

    Args:
        address: of the server, without `/v1`.
        sandbox: a name, or its first six letters or more; None is all.
        key: an API key, whose sandbox is meant.
        token: the control token, which a server wants that listens beyond loopback.
        follow: go on.
        as_json: a record as the control API tells it, in place of a line for people.

    Raises:
        ControlError: no server answers, or it refuses.
    """
    remote = Remote(address, key, token)
    shown = json.dumps if as_json else line_of
    if not follow:
        yield from map(shown, _journal(remote, sandbox))
        return
    for told in _followed(remote, sandbox):
        if told:
            yield shown(told)
        elif not as_json:
            yield "… too much happened at once: some lines are missing"


def _followed(remote: Remote, sandbox: str | None) -> Iterator[Mapping[str, Any] | None]:
    """Each record, and None where some are missing."""
    life, last, known = _life(remote), "", set()
    with Events(remote.address, remote.headers, sandbox=sandbox) as events:  # first: none gets lost
        for record in _journal(remote, sandbox):
            last = record["id"]
            known.add(last)
            yield record
        last = (yield from _told(events, known)) or last
    # The line may have broken alone, as behind a gateway, or where a terminal was held.
    while life is not None and life == _life(remote):
        seen = {"Last-Event-ID": last} if last else {}
        try:
            with Events(remote.address, remote.headers | seen, sandbox=sandbox) as events:
                new = yield from _told(events, known)
        except ControlError:
            if _life(remote) is None:  # it has ended since it was asked
                return
            raise
        if not new:
            return  # it would break at once for ever
        last = new


def _told(events: Events, known: Container[str]) -> Generator[Mapping[str, Any] | None, None, str]:
    """What is told, but for what is known; returns the id of the last event."""
    last = ""
    for event in events:
        last = event.id or last
        if event.kind == "missed":
            yield None
        elif event.request and event.id not in known:
            yield event.told
    return last


def _life(remote: Remote) -> float | None:
    """When the server began; None if it is gone."""
    try:
        return float(remote.ask("GET", "ready")["since"])
    except ControlError:
        return None


def _journal(remote: Remote, sandbox: str | None) -> list[Mapping[str, Any]]:
    query = query_for(sandbox)
    asked, downloads = (remote.ask("GET", f"{path}{query}") for path in ("requests", "downloads"))
    found = [*asked["requests"], *asked["late"], *downloads["downloads"]]
    return sorted(found, key=lambda record: record["time"])


def query_for(sandbox: str | None) -> str:
    """What stands behind a path where one sandbox is meant."""
    return f"?{urlencode({'sandbox': sandbox})}" if sandbox else ""


def line_of(record: Mapping[str, Any]) -> str:
    """A record on one line that no terminal can stumble over."""
    time = datetime.fromtimestamp(record["time"], UTC).strftime("%H:%M:%S")
    return escaped(f"{time} {record['sandbox'][:_LETTERS] or '-':{_LETTERS}} {Request.of(record)}")


def as_any_terminal_has_it(stream: TextIO) -> None:
    """Escape what the stream's encoding has not, as that of LC_ALL=C."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def leave_with_reader(stream: TextIO) -> None:
    """End this process once nobody reads the stream any more, if it is a pipe: as `tail` does."""
    try:
        is_pipe = S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (AttributeError, OSError):  # there is none, or it is a stand-in of a test
        return
    if not is_pipe or not hasattr(select, "poll"):
        return
    look = select.poll()
    look.register(stream.fileno(), 0)  # of errors it is told always

    def leave() -> None:
        look.poll()
        os._exit(0)

    Thread(target=leave, daemon=True).start()
