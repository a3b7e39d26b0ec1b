"""Trials of what only several requests to the services beside images show. Sends nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

from contracts.cases.given import id_of
from contracts.cases.there import There
from contracts.checks.every import Judge
from contracts.checks.headers import Ids
from contracts.checks.said import said
from contracts.exchange import Exchange, KeyKind, Request, form_request
from contracts.target import Target
from contracts.trials import Promise, Trial, Verdict
from mockserver.facts import load

_CONTENT = bytes(range(256)) * 5
_PAGES = 20  # that are looked at: an account may have many files
OWN = frozenset({"limits"})  # a target with a second key of this run's


def lives(day: date | None, today: date, ids: Ids, there: There) -> Iterator[Trial]:
    """All of them that are of services which are there on a day."""
    if "files" in load(day or today).words:
        yield Trial(
            "files.life",
            Promise("files.content", 200, "from its upload to its end"),
            partial(_life, ids, there),
        )
        yield Trial(
            "files.pages",
            Promise("files.list", 200, "page by page"),
            partial(_pages, ids, there),
        )
        yield Trial(
            "files.of-another",
            Promise("files.retrieve", 404, "another caller's file"),
            partial(_of_another, ids, there),
            needs=OWN,
        )


def uploaded(name: str, content: bytes = _CONTENT, purpose: str = "user_data") -> Request:
    """An upload."""
    parts = (("purpose", None, "", purpose.encode()), ("file", name, "text/plain", content))
    return form_request("POST", "/files", parts)


class _Asking:
    """Asks, and judges each answer as every answer is judged."""

    def __init__(self, target: Target, ids: Ids) -> None:
        self._target, self._judge = target, Judge(target.day, target.fetch, ids)
        self.verdicts: list[Verdict] = []

    def __call__(self, request: Request) -> Exchange:
        exchange = self._target.ask(request)
        self.verdicts += self._judge(exchange)
        return exchange

    def get(self, path: str, key: KeyKind = "good") -> Exchange:
        """What a path answers."""
        return self(Request("GET", path, key=key))

    def says(self, sentence: str, holds: object, exchange: Exchange, told: str = "") -> None:
        """Judge an exchange."""
        seen = told or f"{exchange.answer.status}: {exchange.answer.body[:120]!r}"
        self.verdicts.append(said(sentence, holds, seen)._replace(exchange=exchange))


def _listed(exchange: Exchange) -> list[str]:
    """The ids of a page."""
    told = exchange.answer.json()
    data = told.get("data") if isinstance(told, dict) else None
    items = data if isinstance(data, list) else []
    return [str(one.get("id")) for one in items if isinstance(one, dict)]


def _has_more(exchange: Exchange) -> bool:
    told = exchange.answer.json()
    return bool(isinstance(told, dict) and told.get("has_more"))


def _life(ids: Ids, there: There, target: Target) -> Iterator[Verdict]:
    there.check("files", target)
    ask = _Asking(target, ids)
    made = ask(uploaded("life.txt"))
    told: Any = made.answer.json()
    if made.answer.status != 200 or not isinstance(told, dict):
        ask.says("A file is kept", holds=False, exchange=made)
        yield from ask.verdicts
        return
    path = f"/files/{told.get('id')}"
    size = told.get("bytes")
    ask.says("A file is as large as what was uploaded", size == len(_CONTENT), made, f"{size}")
    again = ask.get(path)
    same = again.answer.json() == told
    ask.says("A file is described as its upload was answered", same, again)
    content = ask.get(f"{path}/content")
    ask.says("A file's content is what was uploaded", content.answer.body == _CONTENT, content)
    page = ask.get("/files?purpose=user_data&order=desc")
    ask.says("A file that is kept is listed", told.get("id") in _listed(page), page)
    ended = ask(Request("DELETE", path))
    ask.says("A file can be deleted", ended.answer.status == 200, ended)
    gone = ask.get(path)
    ask.says("A file that is deleted is there no more", gone.answer.status == 404, gone)
    page = ask.get("/files?purpose=user_data&order=desc")
    lacks = told.get("id") not in _listed(page)
    ask.says("A file that is deleted is listed no more", lacks, page)
    yield from ask.verdicts


def _pages(ids: Ids, there: There, target: Target) -> Iterator[Verdict]:
    there.check("files", target)
    made = [id_of(uploaded(f"page-{number}.txt"), target) for number in range(3)]
    ask, seen = _Asking(target, ids), list[str]()
    page = ask.get("/files?limit=2&order=desc")
    for _ in range(_PAGES):
        found = _listed(page)
        ask.says("A page has no more objects than its limit", len(found) <= 2, page, f"{found}")
        seen += found
        if not (found and _has_more(page)):
            break
        page = ask.get(f"/files?limit=2&order=desc&after={found[-1]}")
    twice = len(seen) - len({*seen})
    ask.says("Pages have each object once", not twice, page, f"{twice} came again: {seen}")
    lacks = [name for name in made if name not in seen]
    ask.says("Pages have all objects", not lacks, page, f"{lacks} are on none")
    if "stand-in" in target.has:  # elsewhere files of one second may stand in any order
        new = [name for name in seen if name in made]
        ask.says("The newest come first in descending order", new == made[::-1], page, f"{new}")
        page = ask.get(f"/files?order=asc&after={made[0]}")
        old = [name for name in _listed(page) if name in made]
        ask.says("The oldest come first in ascending order", old == made[1:], page, f"{old}")
    yield from ask.verdicts
    _deleted(made, target)


def _of_another(ids: Ids, there: There, target: Target) -> Iterator[Verdict]:
    there.check("files", target)
    made = id_of(uploaded("mine.txt"), target)
    ask = _Asking(target, ids)
    says = "Nobody sees another's file"
    for path in (f"/files/{made}", f"/files/{made}/content"):
        other = ask.get(path, "limited")
        ask.says(says, other.answer.status == 404, other)
    page = ask.get("/files", "limited")
    ask.says(says, made not in _listed(page), page)
    ended = ask(Request("DELETE", f"/files/{made}", key="limited"))
    ask.says(says, ended.answer.status == 404, ended)
    yield from ask.verdicts
    _deleted([made], target)


def _deleted(made: list[str], target: Target) -> None:
    """Take away what a trial has made: it may be somebody's own account."""
    for name in made:
        with suppress(Exception):
            target.ask(Request("DELETE", f"/files/{name}"))
