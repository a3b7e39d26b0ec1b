"""Trials of what only several requests to the services beside images show. Sends nothing itself."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import quote

from PIL import Image

from contracts.cases.behaviour import STAND_IN
from contracts.cases.given import id_of, kept_purpose
from contracts.cases.good import Way, ways
from contracts.cases.good import request_of as picture_of
from contracts.cases.there import There
from contracts.checks.beside import day_of
from contracts.checks.every import Judge
from contracts.checks.headers import Ids
from contracts.checks.said import observed, said
from contracts.checks.words import Refusal, refused
from contracts.exchange import Exchange, KeyKind, Request, form_request, json_request
from contracts.target import Target
from contracts.trials import Promise, Trial, Verdict, touches_of
from mockserver.facts import load
from mockserver.facts.platform import endpoints, table
from mockserver.facts.words import words_of
from mockserver.facts.words.wording import Reason

_CONTENT = bytes(range(256)) * 5
_PAGES = 20  # that are looked at: an account may have many files
OWN = frozenset({"limits"})  # a target with a second key of this run's


def lives(day: date | None, today: date, ids: Ids, there: There) -> Iterator[Trial]:
    """All of them that are of services which are there on a day."""
    at = day or today
    services, trial = load(at).words, partial(_trial, ids, there)
    if "files" in services:
        purpose = kept_purpose(at)
        whole = Promise("files.content", 200, "from its upload to its end")
        yield trial("files.life", whole, partial(_life, purpose))
        if _is_paged(at):
            by_page = Promise("files.list", 200, "page by page")
            yield trial("files.pages", by_page, partial(_pages, purpose))
        hidden = Promise("files.retrieve", 404, "another caller's file")
        yield trial("files.of-another", hidden, partial(_of_another, purpose), needs=OWN)
    if way := _batched(day, today):
        yield trial(
            "batches.life",
            Promise("batches.retrieve", 200, "from its file to its answers"),
            partial(_batch, way),
            pays=True,
            needs=STAND_IN,  # elsewhere it may take a day
            touches=touches_of({"model": way.model.id}),
        )
    if "responses" in services:
        drawn = Promise("responses.create", 200, "a picture, and one after it")
        yield trial("responses.life", drawn, _answered_with_pictures, pays=True)
    if "organization" in services and (way := next(_plain_ways(day, today), None)):
        yield trial(
            "organization.life",
            Promise("organization.costs", 200, "what a picture is told to cost"),
            partial(_spent, way),
            pays=True,
            needs=STAND_IN,  # elsewhere it takes a while until it is told
        )


def _trial(ids: Ids, there: There, name: str, promise: Promise, story: Story, **how: Any) -> Trial:
    """A story as a trial, of the service that its name begins with."""

    def judge(target: Target) -> Iterator[Verdict]:
        there.check(name.partition(".")[0], target)
        ask = _Asking(target, ids)
        story(ask)
        yield from ask.verdicts

    return Trial(name, promise, judge, **how)


def _plain_ways(day: date | None, today: date) -> Iterator[Way]:
    return (way for way in ways(day, today) if way.how == "JSON" and not way.operation.form)


def _batched(day: date | None, today: date) -> Way | None:
    """A way to ask for pictures in a batch."""
    if "batches" not in load(day or today).words:
        return None
    without = {model for row in table("batches").get("without", ()) for model in row["models"]}
    found = _plain_ways(day, today)
    return next((way for way in found if way.model.id not in without), None)


def _is_paged(day: date) -> bool:
    return any(p.name == "after" for e in endpoints("files", day) for p in e.query)


def uploaded(name: str, purpose: str, content: bytes = _CONTENT) -> Request:
    """An upload."""
    parts = (("purpose", None, "", purpose.encode()), ("file", name, "text/plain", content))
    return form_request("POST", "/files", parts)


class _Asking:
    """Asks, and judges each answer as every answer is judged."""

    def __init__(self, target: Target, ids: Ids) -> None:
        self.target, self.pays = target, False  # whether what it posts costs something
        self._judge = Judge(target.day, target.fetch, ids)
        self.verdicts: list[Verdict] = []

    def __call__(self, request: Request) -> Exchange:
        exchange = self.target.ask(request, pays=self.pays and request.method == "POST")
        self.verdicts += self._judge(observed(exchange))
        return exchange

    def pages(
        self, path: str, following: Callable[[Exchange], str], key: KeyKind = "good"
    ) -> Iterator[Exchange]:
        """A list page by page, by what is asked for after each."""
        page = self.get(path, key)
        for _ in range(_PAGES):
            yield page
            if not (_data(page) and _value(page).get("has_more")):
                return
            page = self.get(f"{path}&{following(page)}", key)

    def get(self, path: str, key: KeyKind = "good") -> Exchange:
        """What a path answers."""
        return self(Request("GET", path, key=key))

    def says(self, sentence: str, holds: object, exchange: Exchange, told: str = "") -> None:
        """Judge an exchange."""
        seen = told or f"{exchange.answer.status}: {exchange.answer.body[:120]!r}"
        self.verdicts.append(said(sentence, holds, seen)._replace(exchange=exchange))

    def refuses(self, service: str, reason: Reason, exchange: Exchange, **values: str) -> None:
        """Judge a refusal in a service's words."""
        words = words_of(load(day_of(self.target.day, exchange)).words[service])
        found = refused(exchange.answer, Refusal(words[reason], values))
        self.verdicts += [verdict._replace(exchange=exchange) for verdict in found]


Story = Callable[[_Asking], None]


def _listed(exchange: Exchange) -> list[str]:
    """The ids of a page."""
    return [str(one.get("id")) for one in _data(exchange)]


def _life(purpose: str, ask: _Asking) -> None:
    made = ask(uploaded("life.txt", purpose))
    told: Any = made.answer.json()
    if made.answer.status != 200 or not isinstance(told, dict):
        ask.says("A file is kept", holds=False, exchange=made)
        return
    path = f"/files/{told.get('id')}"
    size = told.get("bytes")
    ask.says("A file is as large as what was uploaded", size == len(_CONTENT), made, f"{size}")
    again = ask.get(path)
    same = again.answer.json() == told
    ask.says("A file is described as its upload was answered", same, again)
    content = ask.get(f"{path}/content")
    ask.says("A file's content is what was uploaded", content.answer.body == _CONTENT, content)
    page = ask.get(f"/files?purpose={purpose}&order=desc")
    ask.says("A file that is kept is listed", told.get("id") in _listed(page), page)
    ended = ask(Request("DELETE", path))
    ask.says("A file can be deleted", ended.answer.status == 200, ended)
    gone = ask.get(path)
    ask.says("A file that is deleted is there no more", gone.answer.status == 404, gone)
    page = ask.get(f"/files?purpose={purpose}&order=desc")
    lacks = told.get("id") not in _listed(page)
    ask.says("A file that is deleted is listed no more", lacks, page)


def _pages(purpose: str, ask: _Asking) -> None:
    made = [id_of(uploaded(f"page-{number}.txt", purpose), ask.target) for number in range(3)]
    seen = list[str]()
    for page in ask.pages("/files?limit=2&order=desc", lambda page: f"after={_listed(page)[-1]}"):
        found = _listed(page)
        ask.says("A page has no more objects than its limit", len(found) <= 2, page, f"{found}")
        seen += found
    twice = len(seen) - len({*seen})
    ask.says("Pages have each object once", not twice, page, f"{twice} came again: {seen}")
    lacks = [name for name in made if name not in seen]
    ask.says("Pages have all objects", not lacks, page, f"{lacks} are on none")
    if "stand-in" in ask.target.has:  # elsewhere files of one second may stand in any order
        new = [name for name in seen if name in made]
        ask.says("The newest come first in descending order", new == made[::-1], page, f"{new}")
        page = ask.get(f"/files?order=asc&after={made[0]}")
        old = [name for name in _listed(page) if name in made]
        ask.says("The oldest come first in ascending order", old == made[1:], page, f"{old}")
    _deleted(made, ask.target)


def _of_another(purpose: str, ask: _Asking) -> None:
    made = id_of(uploaded("mine.txt", purpose), ask.target)
    says = "Nobody sees another's file"
    for path in (f"/files/{made}", f"/files/{made}/content"):
        other = ask.get(path, "limited")
        ask.says(says, other.answer.status == 404, other)
    page = ask.get("/files", "limited")
    ask.says(says, made not in _listed(page), page)
    ended = ask(Request("DELETE", f"/files/{made}", key="limited"))
    ask.says(says, ended.answer.status == 404, ended)
    _deleted([made], ask.target)


def _batch(way: Way, ask: _Asking) -> None:
    alone = picture_of(way)
    good = json.loads(alone.body)
    bodies = {"first": good, "bad": {**good, "n": 0}, "last": {**good, "prompt": "another"}}
    url = f"/v1{alone.path}"
    lines = [
        json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body}) + "\n"
        for name, body in bodies.items()
    ]
    file = id_of(uploaded("lines.jsonl", "batch", "".join(lines).encode()), ask.target)
    told = {"input_file_id": file, "endpoint": url, "completion_window": "24h"}
    made = ask(json_request("POST", "/batches", told))
    path = f"/batches/{_value(made).get('id')}"
    done = ask.get(path)
    batch = _value(done)
    status, counts = batch.get("status"), batch.get("request_counts")
    ask.says("A batch is done once all its requests are", status == "completed", done)
    due = {"total": 3, "completed": 2, "failed": 1}
    ask.says("A batch counts its requests by what became of them", counts == due, done, f"{counts}")
    output, errors = (_lines(ask, batch.get(name)) for name in ("output_file_id", "error_file_id"))
    found = [str(line.get("custom_id")) for line in (*output, *errors)]
    once = sorted(found) == sorted(bodies)
    ask.says("A batch's files have each custom_id once", once, done, f"{found}")
    bad = [(line.get("custom_id"), _answered(line).get("status_code")) for line in errors]
    says = "What the API refuses is a line of the error file"
    ask.says(says, bad == [("bad", 400)], done, f"{bad}")
    direct = _value(ask(alone)).get("data")
    same = [_answered(line).get("body") for line in output if line.get("custom_id") == "first"]
    pictures = [one.get("data") for one in same if isinstance(one, dict)]
    is_same = bool(direct) and pictures == [direct]
    ask.says("A batch's answer is the one that its request alone has", is_same, done, "they differ")
    over = ask(Request("POST", f"{path}/cancel"))
    ask.refuses("batches", Reason.BATCH_ENDED, over, status="completed")


def _answered_with_pictures(ask: _Asking) -> None:
    ask.pays = True
    tools = [{"type": "image_generation", "quality": "low"}]
    body = {"model": _WORDS, "input": "Draw a red fox in the snow.", "tools": tools}
    made = ask(json_request("POST", "/responses", body))
    told = _value(made)
    says = "A response has the picture that was asked for"
    ask.says(says, len(_drawn(told)) == 1, made, f"{len(_drawn(told))} whole pictures")
    path = f"/responses/{told.get('id')}"
    kept = ask.get(path)
    ask.says("A response that is kept is as it was answered", _value(kept) == told, kept)
    more = body | {"input": "Now in summer.", "previous_response_id": told.get("id")}
    after = ask(json_request("POST", "/responses", more))
    named = _value(after).get("previous_response_id") == told.get("id")
    ask.says("A response names the one that it goes on from", named, after)
    ask.refuses("responses", Reason.NOT_CANCELLED, ask(Request("POST", f"{path}/cancel")))
    ask(Request("DELETE", path))
    gone = ask.get(path)
    says = "A response that is deleted is there no more"
    ask.says(says, gone.answer.status == 404, gone)
    ask(Request("DELETE", f"/responses/{_value(after).get('id')}"))


_WORDS = "gpt-5"  # a model that speaks


def _drawn(response: dict[str, Any]) -> list[str]:
    """What the pictures in a response are, as Pillow names their formats."""
    found, output = [], response.get("output")
    for item in output if isinstance(output, list) else ():
        if isinstance(item, dict) and item.get("type") == "image_generation_call":
            with suppress(Exception), Image.open(BytesIO(b64decode(item["result"]))) as picture:
                picture.load()
                found.append(str(picture.format))
    return found


_DAY = 86_400  # seconds


def _spent(way: Way, ask: _Asking) -> None:
    first = ask.get("/organization/costs?start_time=0&limit=1", "admin")
    start = int(first.began) // _DAY * _DAY
    usage, costs = (f"/organization/{n}?start_time={start}" for n in ("usage/images", "costs"))
    before = [_sums(ask.get(path, "admin")) for path in (usage, costs)]
    made = ask(picture_of(way))
    after = [told := ask.get(usage, "admin"), ask.get(costs, "admin")]
    used, spent = map(_sums, after)
    grown = used[0] - before[0][0], used[1] - before[0][1]
    says = "A picture that was made is told in what was used"
    ask.says(says, grown == (1, 1) or made.answer.status != 200, told, f"{grown}")
    says = "A picture that was made is told in what was spent"
    ask.says(says, spent[2] > before[1][2] or made.answer.status != 200, after[1], f"{spent[2]}")
    parts = ask.get(f"{usage}&group_by=model&group_by=size&group_by=source", "admin")
    says = "What was used in each group adds up to all that was used"
    ask.says(says, _sums(parts)[:2] == used[:2], parts, f"{_sums(parts)[:2]} and {used[:2]}")
    parts = ask.get(f"{costs}&group_by=line_item", "admin")
    says = "What each line costs adds up to all that was spent"
    ask.says(says, _sums(parts)[2] == spent[2], parts, f"{_sums(parts)[2]} and {spent[2]}")
    _buckets(start, ask)


def _buckets(start: int, ask: _Asking) -> None:
    """Buckets of hours, page by page, hang together and begin with whole hours."""
    path = f"/organization/usage/images?start_time={start - _DAY}"
    path += f"&end_time={start}&bucket_width=1h&limit=10"
    seen = list[tuple[Any, Any]]()
    for page in ask.pages(path, _next_page, "admin"):
        seen += [(one.get("start_time"), one.get("end_time")) for one in _data(page)]
    due = [(start - _DAY + n * 3600, start - _DAY + (n + 1) * 3600) for n in range(24)]
    says = "Pages of buckets have each bucket once, from the start to the end"
    ask.says(says, seen == due, page, f"{len(seen)} buckets, {len({*seen})} of them different")


def _next_page(exchange: Exchange) -> str:
    return f"page={quote(str(_value(exchange).get('next_page')))}"


def _data(exchange: Exchange) -> list[dict[str, Any]]:
    data = _value(exchange).get("data")
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def _sums(exchange: Exchange) -> tuple[int, int, Decimal]:
    """The pictures, the requests and the USD of all buckets."""
    images, requests, usd = 0, 0, Decimal(0)
    for bucket in _data(exchange):
        for one in bucket.get("results") or ():
            images += one.get("images") or 0
            requests += one.get("num_model_requests") or 0
            usd += Decimal(str((one.get("amount") or {}).get("value") or 0))
    return images, requests, usd


def _value(exchange: Exchange) -> dict[str, Any]:
    told = exchange.answer.json()
    return told if isinstance(told, dict) else {}


def _lines(ask: _Asking, file: Any) -> list[dict[str, Any]]:
    """The lines of a batch's file; none where there is no file."""
    if not isinstance(file, str):
        return []
    lines = ask.get(f"/files/{file}/content").answer.body.splitlines()
    with suppress(ValueError):
        return [line for line in map(json.loads, lines) if isinstance(line, dict)]
    return []


def _answered(line: dict[str, Any]) -> dict[str, Any]:
    told = line.get("response")
    return told if isinstance(told, dict) else {}


def _deleted(made: list[str], target: Target) -> None:
    """Take away what a trial has made: it may be somebody's own account."""
    for name in made:
        with suppress(Exception):
            target.ask(Request("DELETE", f"/files/{name}"))
