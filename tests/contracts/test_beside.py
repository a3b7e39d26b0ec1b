"""What the contract knows beside images: its document, what a case needs, who has no such service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import time
from typing import Any, cast

import pytest
from starlette.applications import Starlette

from contracts.cases.declared import declared
from contracts.cases.lives import lives
from contracts.cases.reader import read
from contracts.cases.there import There
from contracts.checks.beside import SCHEMA, beside
from contracts.checks.headers import Ids
from contracts.discretion import Key
from contracts.document.build import build
from contracts.exchange import Answer, Exchange, Request, json_request
from contracts.report.summary import summarised
from contracts.report.terminal import lines
from contracts.run import HELD, exit_code, run
from contracts.target import NO_ADMIN, NotObserved, Target
from contracts.target.asked import buys
from contracts.target.http import HttpTarget
from contracts.target.ledger import Ledger
from contracts.target.money import Purse
from contracts.trials import Outcome, Trial
from mockserver.app import create_app
from mockserver.config import configured
from mockserver.evidence.search import find
from mockserver.facts import load, periods
from mockserver.facts.platform import SERVICES, Endpoint, endpoints
from tests.contracts.asking import AppTarget
from tests.contracts.told import LISTED, RUN, held, trial
from tests.in_process import client_of

TODAY = date(2026, 11, 28)
ALL = [endpoint for service in SERVICES for endpoint in endpoints(service)]
CASE = """\
service = "files"

[given.file]
call = "POST /files"
send = {{ purpose = "{{purpose}}" }}
files = {{ file = {{ text = "x" }} }}
undo = "DELETE /files/{{file}}"

[[case]]
id = "a"
operation = "files.retrieve"
branch = "b"
cost = "free"
call = "GET /files/{{file}}"
{expect}
evidence = {{ facts = ["files.retrieve"] }}
"""


class Kept:
    """Keeps one file, and what it was asked."""

    name = base_url = "http://127.0.0.1:1/v1"
    day, spent, has = TODAY, Decimal(0), frozenset[str]()

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        self.asked.append(f"{request.method} {request.path}")
        status = 404 if "DELETE /files/file-7" in self.asked[:-1] else 200
        body = json.dumps({"id": "file-7", "error": {"message": "none"}}).encode()
        return Exchange(request, Answer(status, (), body), time(), time())

    fetch = ask


def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect: str) -> Trial:
    file = tmp_path / "some.toml"
    file.write_text(CASE.format(expect=expect))
    monkeypatch.setattr("contracts.cases.declared.cases", lambda: tuple(read([file])))
    (found,) = declared(TODAY, TODAY, Ids())
    return found


def test_what_a_case_needs_is_made_before_it_and_taken_away_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Kept()
    made = asking(tmp_path, monkeypatch, "expect = {}")
    assert [*made.judge(cast("Target", target))]
    assert target.asked == [
        "GET /files?limit=1",  # whether there are files at all
        *("POST /files", "GET /files/file-7", "DELETE /files/file-7"),
    ]


def test_the_words_of_a_refusal_name_what_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = 'expect = { reason = "no_such_file_object", values = { id = "{file}" } }'
    made = asking(tmp_path, monkeypatch, told)
    said = [verdict.told for verdict in made.judge(cast("Target", Kept()))]
    assert 'it is 200 and not 404: b\'{"id": "file-7", "error": {"message": "none"}}\'' in said


# Who has none of it, and what it costs


def of_services() -> Iterator[Trial]:
    there, ids = There(), Ids()
    found = [*declared(None, TODAY, ids, there=there), *lives(None, TODAY, ids, there)]
    return (one for one in found if one.promise.operation.partition(".")[0] in SERVICES)


def test_services_that_are_not_there_are_a_line_each_and_change_no_exit_code() -> None:
    target = cast("Target", AppTarget(Starlette()))
    listed = trial(LISTED)._replace(judge=lambda _: iter([held()]))
    book = run([listed, *of_services()], target)
    assert exit_code(book) == HELD
    report = [*lines(summarised(book, RUN))]
    absent = [line.split()[-1] for line in report if "it has no /v1/" in line]
    assert sorted(absent) == sorted(f"/v1/{service}" for service in SERVICES)


def test_without_an_admin_key_nobody_is_asked_what_was_used() -> None:
    target = HttpTarget("http://127.0.0.1:1/v1", Key("sk-mock-x"), None, now=time)
    with pytest.raises(NotObserved, match=NO_ADMIN):
        target.ask(Request("GET", "/organization/costs", key="admin"))


@pytest.mark.parametrize("path", ["/batches", "/responses"])
def test_what_leads_to_pictures_has_no_price_and_is_not_sent_where_it_counts(
    path: str, tmp_path: Path
) -> None:
    request = json_request("POST", path, {"model": "gpt-5", "input": "x"})
    assert buys(request)
    assert not buys(Request("GET", path))
    purse = Purse(Ledger(tmp_path / "ledger.sqlite", time), "me", 10_000_000, "")
    with pytest.raises(NotObserved, match="has no price|nobody knows"):
        purse.opened(request, pays=True)


# The document


@pytest.mark.parametrize("day", periods(), ids=str)
def test_the_document_has_the_endpoints_of_its_day_and_says_what_each_parameter_is(
    day: date,
) -> None:
    found = {
        definition["x-operation"]: (method.upper(), f"/v1{path}", definition)
        for path, methods in build("api", day)["paths"].items()
        for method, definition in methods.items()
        if definition["x-operation"].partition(".")[0] in SERVICES
    }
    due = [e for s in SERVICES if s in load(day).words for e in endpoints(s, day)]
    assert {e.id: (e.method, e.path) for e in due} == {n: of[:2] for n, of in found.items()}
    for endpoint in due:
        parameters = found[endpoint.id][2].get("parameters", [])
        told = {p["name"]: p.get("description") for p in parameters if p["in"] == "query"}
        assert [*told] == [p.name for p in endpoint.query]
        assert all(told.values())


def test_an_answer_that_is_not_what_the_document_says_breaks_its_promise() -> None:
    body = json.dumps({"object": "list", "data": [], "has_more": "no"}, indent=2).encode()
    answer = Answer(200, (("content-type", "application/json"),), body)
    exchange = Exchange(Request("GET", "/files"), answer, time(), time())
    broken = {v.says: v.told for v in beside(exchange, TODAY) if v.outcome == Outcome.BROKEN}
    assert [*broken] == [SCHEMA]


# Explained, and told


@pytest.mark.parametrize("endpoint", ALL, ids=lambda endpoint: endpoint.id)
def test_each_endpoint_is_explained_by_its_name(endpoint: Endpoint) -> None:
    said = f"{endpoint.method} {endpoint.path}"
    assert said in [finding.said for finding in find(endpoint.id)]


def test_each_request_beside_images_is_in_the_journal_with_its_endpoint() -> None:
    client = client_of(create_app(configured(tier="off", log_format="none")))
    headers = {"authorization": "Bearer sk-mock-me"}
    for endpoint in ALL:
        path = endpoint.path.replace("{", "").replace("}", "")
        client.request(endpoint.method, path, headers=headers)
    told: Any = client.get("/_mock/requests", headers={"Mock-Sandbox-Key": "sk-mock-me"}).json()
    assert [one["operation"] for one in told["requests"]] == [e.id for e in ALL]
