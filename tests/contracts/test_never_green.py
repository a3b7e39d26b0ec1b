"""A run that has seen nothing is not green, and one that has seen a fault of the server is red."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import islice
from typing import Any

import pytest
import requests
from starlette.responses import JSONResponse, PlainTextResponse

from contracts.book import Book
from contracts.cases import trials
from contracts.cases.behaviour import behaviour
from contracts.cases.generated import generated
from contracts.checks.headers import Ids
from contracts.run import BROKEN, UNKNOWN, exit_code, run
from contracts.trials import Outcome, Trial
from tests.contracts.asking import AppTarget, mock

ERROR = {"error": {"code": None, "message": "x", "param": None, "type": "x"}}
SERVERS: dict[str, tuple[Any, int]] = {
    "always 403": (JSONResponse(ERROR, 403), UNKNOWN),
    "always 429": (JSONResponse(ERROR, 429), UNKNOWN),
    "always 500": (JSONResponse(ERROR, 500), BROKEN),
    "always 404": (JSONResponse(ERROR, 404), BROKEN),
    "a page": (PlainTextResponse("hello"), BROKEN),
    "an empty object": (JSONResponse({}), BROKEN),
    "no pictures": (JSONResponse({"created": 1, "data": []}), BROKEN),
}


@cache
def some() -> list[Trial]:
    """Each ninth of a quick run. Of what is generated those of pictures; others take seconds."""
    generates = islice(generated(None, Ids(), quick=True), 350)
    declares = trials(None, today=date(2026, 11, 28), quick=True, drawn=False)
    return [*(trial for trial in generates if trial.quick), *declares][::9]


def green(book: Book) -> list[Any]:
    """The promises of answers with 200 that are said to be observed."""
    return [p for p, row in book.rows.items() if p.status == 200 and row.outcome == Outcome.HELD]


@pytest.mark.parametrize(
    "name",
    [
        *("always 403", "always 500", "no pictures"),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("always 429", "always 404", "a page", "an empty object")
        ),
    ],
)
def test_a_server_that_makes_no_picture_is_not_green(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests.Session, "send", None)  # nobody asks past the target
    app, code = SERVERS[name]
    asked = [trial for trial in some() if code != UNKNOWN or "key" not in trial.id]
    book = run(asked, AppTarget(app))
    assert exit_code(book) == code
    assert green(book) == []


def test_pictures_that_are_not_looked_at_are_not_seen() -> None:
    target = mock(alter=lambda a: a._replace(body=a.body.replace(b"//testserver", b"//elsewhere")))
    every = behaviour(None, date(2026, 11, 28), Ids())
    book = run([t for t in every if t.id == "images.generate.dall-e-2.JSON.url"], target)
    (row,) = book.rows.values()
    assert row.outcome == Outcome.UNSEEN
    assert row.reason == "its pictures lie on another host"
