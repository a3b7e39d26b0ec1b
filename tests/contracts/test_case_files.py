"""Case files are read strictly: what is wrong is told with file, id, key and fix. And matchers match."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.cases.case import Case
from contracts.cases.matchers import ABSENT, at, mismatch
from contracts.cases.reader import CaseError, expired, read

GOOD = """\
service = "images.generate"

[[case]]
id = "a"
branch = "a branch"
cost = "free"
expect = { reason = "empty_prompt" }
evidence = { records = ["prompt-empty"] }
"""


def read_in(path: Path, text: str) -> list[Case]:
    file = path / "some.toml"
    file.write_text(text, "utf-8")
    return read([file])


def test_a_case_has_what_its_file_has_and_defaults(tmp_path: Path) -> None:
    (case,) = read_in(tmp_path, GOOD)
    assert (case.service, case.operation) == ("images.generate", "images.generate")
    assert (case.tier.name, case.quick, case.key, case.asks) == ("CORE", True, "good", "kinds")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[[case]]", "[[cases]]", "some.toml: there is no 'cases'; cases are under [[case]]"),
        ("cost =", "costs =", "some.toml, a has no 'costs'; did you mean cost?"),
        ('cost = "free"\n', "", "some.toml, a lacks 'cost'"),
        ('"free"', '"cheap"', "some.toml, a: 'cost' is one of free, paid"),
        ('"free"', '"free"\ntier = "top"', "some.toml, a: 'tier' is one of core, complete, strict"),
        ('"free"', '"free"\nquick = "no"', "some.toml, a: 'quick' must be true or false, and is 'no'"),
        ('"free"', '"free"\nsince = "2025"', "some.toml, a: 'since' must be a day, as 2025-06-15 without quotes"),
        ('"free"', '"free"\nmodels = "x"', "some.toml, a: 'models' must be a list, and is 'x'"),
        ('"empty_prompt"', '"no_prompt"', "some.toml, a, expect: 'reason' is one of missing_key,"),
        ('expect = { reason = "empty_prompt" }', "", "some.toml, a: 'expect' must be a table, or several"),
        ('"empty_prompt" }', '"empty_prompt", shows = ["n"] }', "what is refused for a reason shows nothing"),
        ('reason = "empty_prompt"', 'shows = ["m"]', "some.toml, a, expect: there is no parameter 'm'; it is one of"),
        ('reason = "empty_prompt"', 'body = { id = { like = 1 } }', "some.toml, a, expect, body, id: there is no matcher 'like'"),
        ('reason = "empty_prompt"', 'body = { id = { is = "number" } }', "there is no type 'number'; it is one of URL,"),
        ('evidence = { records = ["prompt-empty"] }', "", "some.toml, a, evidence: say how it is known"),
        ('{ records = ["prompt-empty"] }', '{ level = "observed" }', "some.toml, a, evidence: a level needs a source"),
        ('{ records = ["prompt-empty"] }', '{ level = "certain", source = "x" }', "'level' is one of observed,"),
        ('{ records = ["prompt-empty"] }', '{ facts = ["prompts"] }', "some.toml, a, evidence: there is no fact 'prompts'"),
        ('"free"', '"free"\npending = { until = 2027-01-31 }', "some.toml, a, pending: say why, as pending = { why ="),
        ('"free"', '"free"\npending = { why = "x" }', "some.toml, a, pending: say to which day, as until = 2027-01-31"),
        ('"free"', '"free"\nsend = { n = { made = "up" } }', "some.toml, a, send, n: there is no way to make a value 'up'"),
        ('"free"', '"free"\nfiles = { image = "a PDF" }', "some.toml, a, files, image: there is no file 'a PDF'"),
        ('id = "a"', 'id = ', "some.toml is not valid TOML:"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_case_key_and_fix(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    assert before in GOOD
    with pytest.raises(CaseError) as error:
        read_in(tmp_path, GOOD.replace(before, after, 1))
    assert told in str(error.value)


def test_no_two_cases_have_one_id(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="some.toml, a: the id is another's; give it its own"):
        read_in(tmp_path, GOOD + GOOD.partition("\n\n")[2])


def test_a_pending_case_is_overdue_from_its_day_on(tmp_path: Path) -> None:
    pending = 'pending = { why = "x", until = 2027-01-31 }\ncost'
    found = read_in(tmp_path, GOOD.replace("cost", pending))
    assert expired(found, date(2027, 1, 30)) == []
    assert expired(found, date(2027, 1, 31)) == ["a"]


ANSWER = {"object": "list", "data": [{"id": "a", "n": 1}, {"id": "b"}], "none": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", ANSWER),
        ("object", "list"),
        ("data.1.id", "b"),
        ("data[].id", ["a", "b"]),
        ("data[].n", [1, ABSENT]),
        ("data.2.id", ABSENT),
        ("other", ABSENT),
        ("object[].id", ABSENT),
        ("none", None),
    ],
)
def test_a_path_leads_to_what_stands_there(path: str, found: Any) -> None:
    assert at(ANSWER, path) == found


@pytest.mark.parametrize(
    ("matcher", "good", "bad"),
    [
        (1, [1], [True, "1", None, ABSENT]),
        (None, [None], [ABSENT, 0, ""]),
        ({"is": "integer"}, [0, -3], [True, 1.5, "1", ABSENT]),
        ({"is": "text"}, ["", "a"], [1, None]),
        ({"is": "URL"}, ["https://a/b"], ["/b", "https:///", 1]),
        ({"each": "model"}, [["model"], []], [["model", "x"], "model", [{}]]),
        ({"length": 2}, ["ab", [1, 2]], ["a", 2]),
        ({"holds": ["a"]}, [["b", "a"]], [["b"], "a", [{}]]),
        ({"keys": ["a", "b"]}, [{"b": 1, "a": 2}], [{"a": 1}, {"a": 1, "b": 1, "c": 1}]),
        ({"absent": True}, [ABSENT], [None, 0]),
    ],
)
def test_a_matcher_takes_what_it_says_and_nothing_else(
    matcher: Any, good: list[Any], bad: list[Any]
) -> None:
    assert [mismatch(value, matcher) for value in good] == [""] * len(good)
    assert all(mismatch(value, matcher).startswith("it is ") for value in bad)
