"""A journal as a file: what a server was asked, kept to be judged later. Judges nothing.

It has no keys, for no record has one, and of files that were sent a digest each.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from mockserver import __version__
from mockserver.client.connection import ControlError, Remote
from mockserver.client.follow import line_of, query_for
from mockserver.clock import SECOND, SystemClock
from mockserver.core.decoding import finite, is_number, no_constant
from mockserver.core.journal import Record

T = TypeVar("T")
FORMAT = 1
MARK = "images_mock_journal"  # has the number of the format
LISTS = ("requests", "downloads", "open")
LATE = "late"  # came after their sandbox had ended: shown, and not judged
MOST = 128 * 1024 * 1024  # bytes of a file
_DIGITS = 18  # of any whole number in a file
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
    return of_file(path, read_from)


def of_file(path: Path, reader: Callable[[bytes], T]) -> T:
    """What a reader makes of a file's content; of a large one it gets the first bytes too many.

    Raises:
        NoJournal: it can't be read, or the reader says so; the message names the file.
    """
    try:
        with path.open("rb") as file:
            return reader(file.read(MOST + 1))
    except OSError as error:
        raise NoJournal(f"{path} can't be read: {error.strerror}") from None
    except NoJournal as error:
        raise NoJournal(f"{path} {error}") from None


def read_from(content: bytes) -> dict[str, Any]:
    """The journal of a file's content; NoJournal says how it goes on after the file's name."""
    journal = decoded(content, MARK, _ANEW)
    for name in (*LISTS, LATE):
        _check_records(name, journal.get(name, []))
    return journal


def decoded(content: bytes, mark: str, anew: str) -> dict[str, Any]:
    """A table as JSON, which has the number of its format under a mark; all have the same one.

    Raises:
        NoJournal: it is none, or of a later format, or too large; `anew` says what writes one.
    """
    if len(content) > MOST:
        raise NoJournal(f"has {_TOO_MANY}. Save one sandbox: {_SAVE} --sandbox NAME")
    try:
        table = json.loads(
            content, parse_constant=no_constant, parse_float=finite, parse_int=_number
        )
    except (ValueError, RecursionError) as error:
        raise NoJournal(f"is no JSON, or only a part of it: {error}. {anew}") from None
    if not isinstance(table, dict) or mark not in table:
        raise NoJournal(f"is JSON, but nothing that is read here: it has no {mark}. {anew}")
    number = table[mark]
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise NoJournal(f"is broken: {mark} is no number of a format. {anew}")
    if number > FORMAT:
        raise NoJournal(
            f"is of a later images-mock ({table.get('version', 'which is not told')!s:.20}): its "
            f"format is {number!s:.9}, and {__version__} reads up to {FORMAT}. Upgrade this one"
        )
    return table


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
#: What each record has. Without what a later version adds a reader must do, or the format is new.
_ALWAYS: dict[str, Any] = _EMPTY.as_json()
_EMPTIES = {name: getattr(_EMPTY, name) for name in _EMPTY.__slots__} | _ALWAYS
_EMPTIES |= {"length": 0, "wait": {}, "moved": 0.0}
#: The types, as JSON has them, of what a record may have; of lists, which hold texts, the names.
_JSON: Mapping[type, tuple[type, ...]] = {float: (float, int), tuple: (list,)}
_TYPES: Mapping[str, tuple[type, ...]] = {
    name: _JSON.get(type(empty), (type(empty),))
    for name, empty in _EMPTIES.items()
    if empty is not None
}
_LISTS = tuple(name for name, types in _TYPES.items() if types == (list,))


def _listed(value: Any) -> str:
    """A list with a line for each of its values; anything else on one line."""
    if not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(map(_json, value)) + "\n]"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


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
    missing = _ALWAYS.keys() - record.keys()
    if missing:
        return f"has no {min(missing)!r}"
    wrong = [n for n, types in _TYPES.items() if n in record and type(record[n]) not in types]
    wrong += [n for n in _LISTS if n in record and n not in wrong and not _are_texts(record[n])]
    if wrong:
        return f"has a {wrong[0]!r} that no server tells"
    wrong += [] if _is_error(record["error"]) else ["error"]
    wrong += [] if all(map(is_number, record.get("wait", {}).values())) else ["wait"]
    wrong += [] if 0 <= record["time"] <= _LATEST else ["time"]
    return f"has a {wrong[0]!r} that no server tells" if wrong else ""


def _number(text: str) -> int:
    """A whole number, as `parse_int`; ValueError for one that nothing here can be."""
    if len(text) > _DIGITS:
        raise ValueError(f"{text[:_DIGITS]}… is larger than any number here")
    return int(text)


def _is_error(error: Any) -> bool:
    if error is None:
        return True
    if not isinstance(error, dict) or error.keys() != {"reason", "message", "code"}:
        return False
    return _are_texts((error["reason"], error["message"], error["code"] or ""))


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
