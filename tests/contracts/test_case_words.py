"""Whatever differs in a refusal is told by a promise of its own; and a pending case says nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from contracts.cases.declared import asked_on, declared
from contracts.cases.words import refusal_of
from contracts.checks.headers import Ids
from contracts.checks.words import FURTHER, LAYOUT, STATUS, WORDS, Refusal, refused
from contracts.exchange import Answer, Exchange, Request
from contracts.trials import Outcome
from mockserver.facts.words import TABLES
from mockserver.facts.words.wording import Reason

DAY = date(2026, 9, 1)
HEADERS = (("content-type", "application/json"), ("x-request-id", "req_" + "0" * 32))
B = TABLES["B"]
BLOCKED = TABLES["B, gpt-image"][Reason.REFUSED]


def answer_of(due: Refusal, **other: Any) -> Answer:
    """The answer that a refusal is due, but for these fields."""
    wording = due.wording
    fields = {
        "message": due.message(HEADERS[1][1]),
        "type": wording.type,
        "param": due.param(),
        "code": wording.code,
        **{name: json.loads(value) for name, value in wording.further},
    } | other
    body = json.dumps({"error": fields}, indent=2).encode()
    told = tuple((name, due.header(value)) for name, value in wording.headers)
    return Answer(wording.status, (*HEADERS, *told), body)


def broken(answer: Answer, due: Refusal) -> set[str]:
    return {v.says for v in refused(answer, due) if v.outcome == Outcome.BROKEN}


EMPTY = Refusal(B[Reason.EMPTY_PROMPT], {})
NO_KEY = Refusal(TABLES["B, keys of 2026"][Reason.MISSING_KEY], {})
SHOWN = Refusal(BLOCKED, {})
BARE = Refusal(TABLES["B, bare 404"][Reason.UNKNOWN_URL], {})


@pytest.mark.parametrize("due", [EMPTY, NO_KEY, SHOWN], ids=["empty", "key", "blocked"])
def test_what_the_api_says_keeps_all_promises(due: Refusal) -> None:
    assert broken(answer_of(due), due) == set()


@pytest.mark.parametrize(
    ("due", "change", "says"),
    [
        (EMPTY, lambda a: a._replace(status=422), STATUS),
        (EMPTY, lambda a: a._replace(status=200), STATUS),
        (EMPTY, lambda _: answer_of(EMPTY, type="server_error"), "An error has the type that the API gives it"),
        (EMPTY, lambda _: answer_of(EMPTY, code=None), "An error has the code that the API gives it"),
        (EMPTY, lambda _: answer_of(EMPTY, param=None), "An error has the param that the API gives it"),
        (EMPTY, lambda _: answer_of(EMPTY, message="prompt must not be empty"), WORDS),
        (EMPTY, lambda _: answer_of(EMPTY, hint="try another"), FURTHER),
        (SHOWN, lambda _: answer_of(SHOWN, moderation_details={}), FURTHER),
        (SHOWN, lambda _: answer_of(SHOWN, message=SHOWN.message("req_other")), WORDS),
        (EMPTY, lambda a: a._replace(body=a.body + b"\n"), LAYOUT),
        (EMPTY, lambda a: a._replace(body=json.dumps(a.json(), separators=(",", ":")).encode()), LAYOUT),
        (EMPTY, lambda a: a._replace(body=json.dumps(a.json(), indent=2, sort_keys=True).encode()), LAYOUT),
        (NO_KEY, lambda a: a._replace(headers=HEADERS), "An error has its www-authenticate"),
        (BARE, lambda _: answer_of(EMPTY)._replace(status=404), "What the API does not have is refused without a body"),
    ],
)  # fmt: skip
def test_each_difference_breaks_a_promise_of_its_own(
    due: Refusal, change: Callable[[Answer], Answer], says: str
) -> None:
    assert broken(change(answer_of(EMPTY if due is BARE else due)), due) == {says}


def test_of_an_answer_that_is_no_error_only_its_status_is_told() -> None:
    assert broken(Answer(200, HEADERS, b'{"data": []}'), EMPTY) == {STATUS}
    assert broken(Answer(400, HEADERS, b"<html>"), EMPTY) == set()  # its form is another's to judge


def test_any_key_may_stand_in_the_words_of_a_bad_one() -> None:
    due = Refusal(B[Reason.INCORRECT_KEY], {})
    told = due.message().replace("<key>", "sk-mock-****ract")
    assert broken(answer_of(due, message=told), due) == set()


@pytest.mark.parametrize(
    ("day", "case", "said"),
    [
        ("2022-12-01", "generations.n-above-all (dall-e-2)", "15 is greater than the maximum of 10 - 'n'"),
        ("2024-01-01", "generations.n-of-two-dall-e-3 (dall-e-3)", "You must provide n=1 for this model."),
        ("2025-06-15", "generations.n-of-two-dall-e-3 (dall-e-3)", "Invalid 'n': integer above maximum value. Expected a value <= 1, but got 2 instead."),
        ("2023-01-01", "generations.size-with-a-multiplication-sign (dall-e-2)", "'256×256' is not one of ['256x256', '512x512', '1024x1024'] - 'size'"),
        ("2026-09-20", "generations.size-not-of-sixteen (gpt-image-2)", "Invalid size '9x9'. Width and height must both be divisible by 16."),
        ("2026-09-20", "generations.size-not-of-sixteen (gpt-image-1)", "Invalid size '9x9'. Supported sizes are 1024x1024, 1024x1536, 1536x1024, and auto."),
        ("2026-09-20", "edits.json-with-a-text-in-place-of-a-reference (gpt-image-1)", "Invalid type for 'images[0]': expected an object, but got a string instead."),
        ("2025-01-01", "other.unknown-path", "Invalid URL (POST /v1/nope)"),
        ("2026-08-01", "other.unknown-path", ""),
        ("2022-12-01", "keys.none.generations", "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accesing the API from your browser and are prompted for a username and password. You can obtain an API key from https://beta.openai.com."),
        ("2026-09-20", "keys.none.models", "Missing bearer authentication in header"),
    ],
)  # fmt: skip
def test_a_case_holds_on_every_day_and_says_what_that_day_says(
    day: str, case: str, said: str
) -> None:
    on = date.fromisoformat(day)
    ((asked, expected),) = [one for one in asked_on(on, on) if one[0].id == case]
    assert refusal_of(asked, expected).message() == said


class Target:
    """Answers all with one thing."""

    day, has = DAY, frozenset[str]()

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        return Exchange(request, Answer(200, HEADERS, b"{}"), 0, 0)

    fetch = ask


@pytest.mark.parametrize("pending", ["", 'pending = { why = "why", until = 2027-01-31 }'])
def test_a_pending_case_is_not_observed_where_it_would_be_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, pending: str
) -> None:
    from contracts.cases.reader import read

    file = tmp_path / "some.toml"
    file.write_text(
        f'[[case]]\nid = "a"\nservice = "models"\nbranch = "b"\ncost = "free"\nasks = "once"\n'
        f'call = "GET /models/x"\n{pending}\nexpect = {{ reason = "no_such_model" }}\n'
        'evidence = { facts = ["no_such_model"] }\n'
    )
    monkeypatch.setattr("contracts.cases.declared.cases", lambda: tuple(read([file])))
    (trial,) = declared(DAY, DAY, Ids())
    found = {v.says: (v.outcome, v.told) for v in trial.judge(Target())}  # type: ignore[arg-type]
    if pending:
        assert found[STATUS] == (Outcome.UNSEEN, "pending until 2027-01-31: why")
    else:
        assert found[STATUS][0] == Outcome.BROKEN
