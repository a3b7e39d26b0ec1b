"""A server's journal in a terminal: a line for each request and download, also as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from mockserver.client.connection import Remote
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
    shown = json.dumps if as_json else _line
    if not follow:
        yield from map(shown, _journal(remote, sandbox))
        return
    with Events(address, remote.headers, sandbox=sandbox) as events:  # first: none gets lost
        known = set()
        for record in _journal(remote, sandbox):
            known.add(record["id"])
            yield shown(record)
        for event in events:
            if event.kind == "missed" and not as_json:
                yield "… too much happened at once: some lines are missing"
            if event.request and event.id not in known:
                yield shown(event.told)


def _journal(remote: Remote, sandbox: str | None) -> list[Mapping[str, Any]]:
    query = f"?{urlencode({'sandbox': sandbox})}" if sandbox else ""
    asked, downloads = (remote.ask("GET", f"{path}{query}") for path in ("requests", "downloads"))
    found = [*asked["requests"], *asked["late"], *downloads["downloads"]]
    return sorted(found, key=lambda record: record["time"])


def _line(record: Mapping[str, Any]) -> str:
    """One line that no terminal can stumble over."""
    time = datetime.fromtimestamp(record["time"], UTC).strftime("%H:%M:%S")
    return escaped(f"{time} {record['sandbox'][:_LETTERS] or '-':{_LETTERS}} {Request.of(record)}")
