"""A journal as a file: what a server was asked, kept to be judged later. Judges nothing.

It has no keys, for no record has one, and of files that were sent a digest each.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mockserver import __version__
from mockserver.client.connection import ControlError, Remote
from mockserver.client.follow import line_of, query_for
from mockserver.clock import SECOND, SystemClock
from mockserver.core.decoding import finite, is_number, no_constant
from mockserver.core.journal import Record

FORMAT = 1
MARK = "images_mock_journal"  # has the number of the format
LISTS = ("requests", "downloads", "open")
LATE = "late"  # came after their sandbox had ended: shown, and not judged
MOST = 128 * 1024 * 1024  # bytes of a file
_LATEST = 253_402_300_799  # the end of the year 9999: the last time that can be shown


class NoJournal(Exception):
    """A file that can't be read or written. The message says why, and what would be right."""


def saved(
    address: str, sandbox: str | None = None, *, key: str | None = None, token: str | None = None
) -> dict[str, Any]:
    """The journal of a running server, as a file has it.

    Args:
        address: of the server, without `/v1`.
        sandbox: a name, or its first six letters or more; None is all.
        key: an API key, whose sandbox is meant.
        token: the control token, which a server wants that listens beyond loopback.

    Raises:
        ControlError: no server answers, or it refuses.
    """
    return told_by(Remote(address, key, token), sandbox)


def told_by(remote: Remote, sandbox: str | None = None) -> dict[str, Any]:
    """The same, over a way that is there."""
    query = query_for(sandbox)
    asked = remote.ask("GET", f"requests{query}")
    downloads = remote.ask("GET", f"downloads{query}")["downloads"]
    settings: dict[str, Any] = {}
    with suppress(ControlError):  # they are not for teams
        settings["settings"] = remote.ask("GET", "config")["settings"]
    return marked({**asked, "downloads": downloads}) | settings


def marked(told: Mapping[str, Any]) -> dict[str, Any]:
    """A journal of these lists, with what says that it is one."""
    now = datetime.fromtimestamp(SystemClock().now() // SECOND, UTC)
    journal = {MARK: FORMAT, "version": __version__, "saved": now.isoformat()}
    late = {LATE: [*told[LATE]]} if told.get(LATE) else {}
    return journal | {name: [*told.get(name, ())] for name in LISTS} | late


def content_of(journal: Mapping[str, Any]) -> bytes:
    """What is in the file: JSON in UTF-8, a line for each record.

    Raises:
        NoJournal: it is larger than any that is read.
    """
    parts = [f"{_json(name)}: {_listed(value)}" for name, value in journal.items()]
    content = ("{" + ",\n".join(parts) + "}\n").encode("ascii")
    if len(content) > MOST:
        raise NoJournal(f"the journal has {len(content)} bytes, {_TOO_MANY}: save one --sandbox")
    return content


def write(path: Path, journal: Mapping[str, Any]) -> None:
    """Write a journal's file; NoJournal if it can't be written there, or is too large."""
    write_whole(path, content_of(journal))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole, or not at all: one that was there stays until then.

    Raises:
        NoJournal: it can't be written there.
    """
    place = path.resolve()  # a link stays one
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        if place.exists() and not place.is_file():  # as /dev/null, which nothing may replace
            place.write_bytes(content)
            return
        draft.write_bytes(content)
        draft.replace(place)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise NoJournal(f"{path} can't be written: {error.strerror}") from None


def read(path: Path) -> dict[str, Any]:
    """The journal of a file.

    Raises:
        NoJournal: it is none, or of a later version, or too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
    except OSError as error:
        raise NoJournal(f"{path} can't be read: {error.strerror}") from None
    try:
        return read_from(content)
    except NoJournal as error:
        raise NoJournal(f"{path} {error}") from None


def read_from(content: bytes) -> dict[str, Any]:
    """The journal of a file's content; NoJournal says how it goes on after the file's name."""
    if len(content) > MOST:
        raise NoJournal(f"has {_TOO_MANY}. Save one sandbox: {_SAVE} --sandbox NAME")
    try:
        journal = json.loads(content, parse_constant=no_constant, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise NoJournal(f"is no JSON, or only a part of it: {error}. {_ANEW}") from None
    if not isinstance(journal, dict) or MARK not in journal:
        raise NoJournal(f"is JSON, but no journal of images-mock: it has no {MARK}. {_ANEW}")
    _check_format(journal)
    for name in (*LISTS, LATE):
        _check_records(name, journal.get(name, []))
    return journal


def lines(journal: Mapping[str, Any]) -> list[str]:
    """What `images-mock log` shows of it: a line for each request and download, oldest first."""
    return [line_of(record) for record in records_of(journal)]


def records_of(journal: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every record, the oldest first."""
    found = [record for name in (*LISTS, LATE) for record in journal.get(name, ())]
    return sorted(found, key=lambda record: record["time"])


# -- what a file may say -----------------------------------------------------------------------

_SAVE = "images-mock journal save FILE"
_ANEW = f"Write it by {_SAVE}"
_TOO_MANY = f"more than the {MOST} bytes of a journal that is read"
_EMPTY = Record(id="", at=0, method="", path="")
_ALWAYS: dict[str, Any] = _EMPTY.as_json()
#: A value of the type of each that a record may have; of any type is what stands for None.
_TYPES: dict[str, Any] = {name: getattr(_EMPTY, name) for name in _EMPTY.__slots__} | _ALWAYS
_TYPES |= {"length": 0, "wait": {}, "moved": 0.0}


def _listed(value: Any) -> str:
    """A list with a line for each of its values; anything else on one line."""
    if not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(map(_json, value)) + "\n]"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _check_format(journal: Mapping[str, Any]) -> None:
    number = journal[MARK]
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise NoJournal(f"is broken: {MARK} is {number!r}, and no number of a format. {_ANEW}")
    if number > FORMAT:
        raise NoJournal(
            f"is of a later images-mock ({journal.get('version', 'which is not told')!s:.20}): its "
            f"format is {number}, and {__version__} reads up to {FORMAT}. Upgrade this one"
        )


def _check_records(name: str, records: Any) -> None:
    if not isinstance(records, list):
        raise NoJournal(f"is broken: {name} is no list. {_ANEW}")
    for place, record in enumerate(records):
        if wrong := _wrong_in(record):
            raise NoJournal(f"is broken: {name}[{place}] {wrong}. {_ANEW}")


def _wrong_in(record: Any) -> str:
    """What is wrong with a record; "" if it can be shown and judged."""
    if not isinstance(record, dict):
        return "is no table"
    missing = [name for name in _ALWAYS if name not in record]
    if missing:
        return f"has no {missing[0]!r}"
    wrong = [n for n, like in _TYPES.items() if n in record and not _is_like(record[n], like)]
    if wrong:
        return f"has a {wrong[0]!r} that no server tells"
    wrong += [] if _is_error(record["error"]) else ["error"]
    wrong += [] if all(map(is_number, record.get("wait", {}).values())) else ["wait"]
    wrong += [] if 0 <= record["time"] <= _LATEST else ["time"]
    return f"has a {wrong[0]!r} that no server tells" if wrong else ""


def _is_like(value: Any, like: Any) -> bool:
    """Whether a value is of the type of another one, as JSON has types; lists are of texts."""
    match like:
        case bool() | str() | dict():
            return isinstance(value, type(like))
        case int():
            return isinstance(value, int) and is_number(value)
        case float():
            return is_number(value)
        case list() | tuple():
            return isinstance(value, list) and _are_texts(value)
        case _:
            return True


def _is_error(error: Any) -> bool:
    if error is None:
        return True
    if not isinstance(error, dict) or error.keys() != {"reason", "message", "code"}:
        return False
    return _are_texts((error["reason"], error["message"], error["code"] or ""))


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
