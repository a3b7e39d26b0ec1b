"""Two targets beside each other: each difference has its verdict, and each verdict is met."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from contracts.compare.gaps import Gap, gaps_in
from contracts.compare.page import page
from contracts.compare.parity import Field, Kind, Parity, Side, compared, known_values
from contracts.compare.recording import Case
from contracts.compare.told import as_json, lines
from contracts.trials import Tier
from mockserver.facts import load
from tests.contracts.compare.stand_in import ORIGIN, TODAY

QUALITIES = {"quality": {"low", "high"}}


@pytest.fixture(scope="module")
def parity(other_cases: list[Case], mock_cases: list[Case]) -> Parity:
    """A server with known differences, and the mock beside it."""
    sides = Side("the API", other_cases), Side("the mock", mock_cases)
    return compared(*sides, TODAY, known=QUALITIES)


def found(parity: Parity) -> dict[str, Field]:
    return {one.path: one for one in parity.differing}


def one(body: Any, *, name: str = "a", status: int = 200, **more: Any) -> Case:
    """A case that was asked one thing."""
    answer = {"status": status, "headers": {"content-type": "x"}, "body": body} | more
    exchange = {"request": {"sha256": "1"}, "answer": answer}
    return Case(name, "images.generate", 200, name, ORIGIN, [exchange])


def beside(left: Any, right: Any, **known: Any) -> list[tuple[str, Kind]]:
    """The verdicts on two bodies that differ."""
    sides = Side("a", [one(left)]), Side("b", [one(right)])
    return [(f.path, f.kind) for f in compared(*sides, TODAY, known=known).differing]


@pytest.mark.parametrize(
    ("path", "kind", "tier"),
    [
        ("usage.total_tokens", Kind.TYPE, Tier.CORE),
        ("lineage.seed", Kind.MISSING, Tier.COMPLETE),
        ("header openai-processing-ms", Kind.EXTRA, Tier.COMPLETE),
        ("quality", Kind.ENUM, Tier.COMPLETE),
        ("event image_generation.completed quality", Kind.ENUM, Tier.COMPLETE),
        ("error.message", Kind.WORDING, Tier.STRICT),
        ("order of the body", Kind.ORDER, Tier.STRICT),
        ("layout", Kind.VALUE, Tier.STRICT),
    ],
)
def test_each_known_difference_has_its_verdict_and_its_tier(
    path: str, kind: Kind, tier: Tier, parity: Parity
) -> None:
    difference = found(parity)[path]
    assert (difference.kind, difference.tier) == (kind, tier)


def test_what_does_not_differ_is_the_same(parity: Parity) -> None:
    same = {f.path for f in parity.fields if f.kind == Kind.SAME}
    assert {"status", "created", "header x-request-id", "data[].b64_json.size"} <= same
    assert "usage.input_tokens" in same


def test_two_recordings_of_one_server_are_the_same(mock_cases: list[Case]) -> None:
    side = Side("the mock", mock_cases)
    whole = compared(side, side, TODAY)
    assert {f.kind for f in whole.fields} == {Kind.SAME}
    assert (whole.coverage, whole.planned, whole.exit_code()) == (8, 8, 0)


@pytest.mark.parametrize(
    ("left", "right", "verdicts"),
    [
        ({"usage": {"total": 1}}, {"usage": {"total": 2}}, []),
        ({"b64_json": {"bytes": "10^6"}}, {"b64_json": {"bytes": "10^4"}}, []),
        ({"code": None}, {"code": "x"}, [("code", Kind.TYPE)]),
        ({"code": "x"}, {"code": "y"}, [("code", Kind.VALUE)]),
        (
            {"data": [{"a": 1}]},
            {"data": []},
            [("number of data", Kind.VALUE), ("data[].a", Kind.MISSING)],
        ),
        ({"flag": True}, {"flag": 1}, [("flag", Kind.TYPE)]),
        ({"new": "<unknown text>"}, {"new": "<unknown number>"}, [("new", Kind.TYPE)]),
        ({"created": "<Unix seconds within the call>"}, {"created": 0}, [("created", Kind.VALUE)]),
    ],
)
def test_a_difference_is_named_by_what_it_is(
    left: Any, right: Any, verdicts: list[tuple[str, Kind]]
) -> None:
    assert sorted(beside(left, right)) == sorted(verdicts)


def test_a_value_is_outside_only_if_neither_the_facts_nor_the_other_side_know_it() -> None:
    assert beside({"quality": "max"}, {"quality": "low"}, quality={"low"}) == [
        ("quality", Kind.ENUM)
    ]
    assert beside({"quality": "high"}, {"quality": "low"}, quality={"low", "high"}) == [
        ("quality", Kind.VALUE)
    ]


def test_events_in_another_order_are_told_as_such() -> None:
    events = [{"event": "a", "data": {}}, {"event": "b", "data": {}}]
    sides = (one({}, events=told) for told in (events, events[::-1]))
    left, right = (Side("x", [side]) for side in sides)
    assert [(f.path, f.kind) for f in compared(left, right, TODAY).differing] == [
        ("events", Kind.ORDER)
    ]


def test_of_answers_with_another_status_nothing_else_is_compared() -> None:
    sides = Side("a", [one({"x": 1})]), Side("b", [one({"error": {}}, status=400)])
    assert [(f.path, f.left, f.right) for f in compared(*sides, TODAY).differing] == [
        ("status", "200", "400")
    ]


def test_a_constant_id_is_no_id_that_differs() -> None:
    def ids(*names: str) -> Case:
        case = one({})
        answers = [{"status": 200, "headers": {"x-request-id": n}, "body": ""} for n in names]
        case.exchanges = [{"request": {"sha256": "1"}, "answer": a} for a in answers]
        return case

    sides = Side("a", [ids("<request:1>", "<request:2>")]), Side("b", [ids(*["<request:1>"] * 2)])
    assert [f.path for f in compared(*sides, TODAY).differing] == ["header x-request-id"]


def test_coverage_divergence_and_what_was_not_observed_are_three_numbers(
    other_cases: list[Case], mock_cases: list[Case]
) -> None:
    planned = [case.id for case in mock_cases] + ["never.asked"]
    sides = Side("the API", other_cases[1:]), Side("the mock", mock_cases)
    told = as_json(compared(*sides, TODAY, planned=planned, known=QUALITIES))
    assert told["coverage"] == {"compared": 7, "planned": 9}
    assert [row["case"] for row in told["not_observed"]] == ["generate.url", "never.asked"]
    assert told["divergence"]["core"] == 1


def test_what_one_side_was_asked_alone_is_not_observed(mock_cases: list[Case]) -> None:
    case = next(c for c in mock_cases if c.id == "generate.b64")
    half = Case(case.id, *trial_of(case), case.origin, case.exchanges[:1], case.references)
    whole = compared(Side("a", [case]), Side("b", [half]), TODAY)
    assert [u.reason for u in whole.unseen] == ["only one of the two was asked everything"]
    assert whole.exit_code() == 6


def trial_of(case: Case) -> tuple[str, int, str]:
    return case.operation, case.status, case.branch


@pytest.mark.parametrize(
    ("unseen", "code"),
    [("it has no clock", 0), ("not recorded", 0), ("429: there are too many", 6)],
)
def test_what_could_not_have_been_observed_there_is_no_failure(unseen: str, code: int) -> None:
    gone = Case("b", "images.generate", 200, "b", ORIGIN, unseen=unseen)
    sides = Side("a", [one({}), gone]), Side("b", [one({}), gone])
    possible = lambda reason: reason.startswith("429")  # noqa: E731
    assert compared(*sides, TODAY).exit_code(possible) == code


def test_nothing_compared_is_not_green() -> None:
    assert compared(Side("a", []), Side("b", []), TODAY).exit_code() == 6


def test_a_lost_side_is_not_green() -> None:
    sides = Side("a", [one({})], "it is gone"), Side("b", [one({})])
    assert compared(*sides, TODAY).exit_code() == 6


# Known gaps


GAP = Gap("header openai-*", "the stand-in has none", TODAY)


def test_a_known_gap_is_no_divergence_to_its_last_day(
    other_cases: list[Case], mock_cases: list[Case]
) -> None:
    sides = Side("the API", other_cases), Side("the mock", mock_cases)
    here = compared(*sides, TODAY, gaps=[GAP], known=QUALITIES)
    late = compared(*sides, TODAY + timedelta(days=1), gaps=[GAP], known=QUALITIES)
    assert [f.path for f in here.known] == ["header openai-processing-ms"] * len(here.known)
    assert "header openai-processing-ms" not in found(here)
    assert "header openai-processing-ms" in found(late)
    assert (late.expired, late.exit_code()) == ([GAP], 5)


def test_an_expired_gap_fails_though_nothing_differs(mock_cases: list[Case]) -> None:
    side, gap = Side("the mock", mock_cases), GAP._replace(until=TODAY - timedelta(days=1))
    assert compared(side, side, TODAY, gaps=[gap]).exit_code() == 5


def test_a_gap_is_that_of_its_operation_and_verdict_alone() -> None:
    gap = Gap("data[].*", "x", TODAY, operation="images.*", verdict="missing")
    assert gap.has("images.edit", "data[].url", "missing")
    assert not gap.has("models.list", "data[].url", "missing")
    assert not gap.has("images.edit", "data[].url", "differs")
    assert not gap.has("images.edit", "data.url", "missing")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[gap]]\nfield = "x"\nuntil = 2027-01-01', "gap 1 lacks its reason"),
        ('[[gap]]\nfield = "x"\nreason = " "\nuntil = 2027-01-01', "gap 1 lacks its reason"),
        ('[[gap]]\nfield = "x"\nreason = "y"', "until = 2027-03-31"),
        ('[[gap]]\nfield = "x"\nreason = "y"\nuntil = "soon"', "until = 2027-03-31"),
        ('[[gap]]\nfeild = "x"', "has ['feild']: known are field, reason"),
        ("[[gap", "can't be read"),
    ],
)
def test_a_gap_without_its_reason_or_end_is_refused(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "gaps.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=re.escape(told)):
        gaps_in(file)


def test_the_mocks_own_gaps_can_be_read() -> None:
    import contracts.compare.gaps as module

    assert gaps_in(Path(module.__file__).with_name("gaps.toml"))


# What is shown


def test_the_lines_show_both_values_and_whose_they_are(parity: Parity) -> None:
    text = "\n".join(lines(parity))
    assert "the API (2026-11-16), and beside it the mock (2026-11-28)" in text
    assert re.search(r'usage\.total_tokens\n +"(\d+)" \| \1  \(generate\.gpt\)', text)
    assert "oldest answer  12 days" in text


def test_the_page_is_one_file_that_fetches_nothing_and_runs_nothing(parity: Parity) -> None:
    text = page(parity)
    assert "<script" not in text
    assert not re.search(r"(?:src|href)=|url\(|@import", text)
    assert "default-src 'none'" in text


def test_the_page_shows_what_servers_say_as_text() -> None:
    nasty = "<img src=x onerror=alert(1)>"
    body = {nasty: nasty, "error": {"message": nasty}, "m": nasty + "x"}
    other = {"error": {"message": "x"}, "m": nasty + "y"}
    case = one(body, name=nasty)
    unseen = Case(f"{nasty}2", nasty, 200, nasty, ORIGIN, unseen=nasty)
    sides = Side(nasty, [case, unseen], nasty), Side(nasty, [one(other, name=nasty), unseen])
    gaps = [Gap("m", nasty, TODAY), Gap("z", nasty, TODAY - timedelta(days=9))]
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(page(compared(*sides, TODAY, gaps=gaps)))
    assert "img" not in tags
    assert "mark" in tags


def test_the_json_has_a_verdict_for_each_field(parity: Parity) -> None:
    told = json.loads(json.dumps(as_json(parity)))
    verdicts = {row["verdict"] for row in told["fields"]}
    assert {"same", "wording", "type-differs", "missing", "extra", "order"} <= verdicts
    assert told["verdicts"]["wording"] == 1
    assert told["left"]["origins"][0]["recorded"] == "2026-11-16"


def test_known_values_are_those_of_the_facts() -> None:
    every = (
        p for m in load().models.values() for o in m.offers.values() for p in o.parameter.values()
    )
    assert "256x256" in known_values(every)["size"]
