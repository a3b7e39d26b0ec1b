"""Asks a running server what became of the last request. A client, no part of the server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from mockserver.client.fetch import NO_ANSWER, fetch
from mockserver.core.addresses import address_of
from mockserver.core.texts import escaped, shortened

_PATIENCE = 10.0  # seconds
_SHOWN = 200  # characters of a field's value


class Unexplained(Exception):
    """There is nothing to explain, or nobody to ask. The message says which."""


def explain_last(
    address: str,
    sandbox: str | None,
    *,
    key: str | None = None,
    token: str | None = None,
    on: str | None = None,
) -> str:
    """The last request with each decision on it, and the rules that came closest.

    Args:
        address: of the server, with or without `/v1`.
        sandbox: a name, or its first six letters or more; None looks at all.
        key: an API key, whose sandbox is meant.
        token: the control token, which a server wants that listens beyond loopback.
        on: another model, by which it is judged, too.

    Raises:
        Unexplained: no server answers, or it has nothing to tell.
    """
    query = f"?{urlencode(_where(sandbox))}" if sandbox else ""
    url = f"{address_of(address)}/_mock/requests/last{query}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Mock-Sandbox-Key": key} if key else {}
    record = _record(url, headers)
    try:
        lines = [*_lines(record)]
        if on is None:
            return "\n".join(lines)
        asked = urlencode({"to": on, "request": record["id"]} | _where(sandbox))
        moved = _record(f"{address_of(address)}/_mock/migration?{asked}", headers)
        return "\n".join([*lines, *_moved(moved)])
    except (LookupError, TypeError, AttributeError):
        raise Unexplained(f"{url} answers, but is no images-mock") from None


def _record(url: str, headers: dict[str, str]) -> Any:
    try:
        answer = fetch(url, headers, patience=_PATIENCE)
        if answer.status < 300:
            return json.loads(answer.content)
    except NO_ANSWER as error:
        raise Unexplained(
            f"no images-mock answers at {url}: {getattr(error, 'reason', error)}. Say where it is "
            "by --url, or by --port or IMAGES_MOCK_PORT"
        ) from None
    try:
        message = str(json.loads(answer.content)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = f"{url} answers {answer.status}: it is no images-mock"
    raise Unexplained(message)


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"{record['status']} {record['method']} {record['path']}  ({record['milliseconds']} ms)"
    yield f"  id       {record['id']}"
    yield f"  sandbox  {record['sandbox'] or '(none: no key was let in)'}"
    if record["retries"]:
        yield f"  retry    {record['retries']} of {record['call']}"
    for name, value in record["fields"].items():
        chosen = "  (filled in: not sent)" if name in record["filled"] else ""
        yield f"  {name}: {_short(json.dumps(value, ensure_ascii=False))}{chosen}"
    if (raw := record.get("raw")) and raw["bytes"] and record["fields"].keys() <= {"operation"}:
        kind, body = raw["headers"].get("content-type", "no Content-Type"), raw["body"]
        text = body if raw["encoding"] == "base64" else json.dumps(body, ensure_ascii=False)
        yield f"  body     {raw['bytes']} bytes of {_short(kind)}: {_short(text)}"
    if record["downloads"]:
        yield f"  pictures {len(record['downloads'])} times downloaded"
    if record["error"]:
        yield f"  error    {record['error']['reason']}: {_short(record['error']['message'])}"
    yield f"  price    ${record['usd']:g}"
    yield from _listed("what was decided", record["trace"])
    yield from _listed("rules that came closest", record["near"])


def _where(sandbox: str | None) -> dict[str, str]:
    return {"sandbox": sandbox} if sandbox else {}


def _moved(told: Mapping[str, Any]) -> Iterator[str]:
    """What becomes of it with another model."""
    from mockserver.core.judging.migration_text import from_json, lines  # few ask

    yield from (f"  {line}" for line in lines(from_json(told)))


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"  {title}:"
        yield from (f"    {_short(line)}" for line in lines)


def _short(text: str) -> str:
    """One line that no terminal can stumble over."""
    return shortened(escaped(text), _SHOWN)
