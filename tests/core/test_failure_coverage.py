"""Which kinds of failure a journal met, and how a program went on, from records made by hand."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from mockserver.core.judging.coverage import (
    Reaction,
    met,
    needs_in,
    possible,
    shown_by,
    told,
)
from mockserver.core.judging.seen import Journal, Seen
from mockserver.core.rules.bodies import body_told
from mockserver.core.rules.effects import EFFECTS, effect_in, told_names
from mockserver.facts.failures import failures
from mockserver.facts.words.wording import Reason

FOX = {"prompt": "a fox", "n": 1}
LIMITED = {"reason": "rate_limited", "message": "slow down", "code": "rate_limit_exceeded"}
REFUSED = {"reason": "refused", "message": "no", "code": "content_policy_violation"}


def record(
    number: int, at: float, status: int = 200, fields: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A record as the control API tells it."""
    return {
        "id": f"req_{number}",
        "time": at,
        "sandbox": "AAAAAA",
        "method": "POST",
        "path": "/v1/images/generations",
        "operation": "images.generate",
        "fields": FOX if fields is None else fields,
        "filled": [],
        "status": status,
        "error": None,
        "usd": 0.0,
        "milliseconds": 0,
        "trace": [],
        "scripted": False,
        "rule": "",
        "rules": [],
        "call": f"req_{number}",
        "retries": 0,
    } | more


def download(number: int, at: float, status: int = 200, **more: Any) -> dict[str, Any]:
    """A record of a picture's download."""
    path = "/private/org-AAAAAA/user-A/img-fox.png"
    told = {"method": "GET", "path": path, "operation": "", "fields": {}}
    return record(number, at, status, **(told | more))


def journal(*requests: dict[str, Any], downloads: Any = (), still: Any = ()) -> Journal:
    """A journal of these records."""
    return Journal.of({"requests": requests, "downloads": downloads, "open": still})


def kinds(one: dict[str, Any], of: str = "request") -> list[str]:
    """What one record met."""
    return shown_by(Seen.of(one), of=of)


def reaction(*requests: dict[str, Any], kind: str, **more: Any) -> Reaction:
    """How the program went on after the first request that met a kind."""
    return met(journal(*requests, **more))[kind][0].reaction


# -- the catalogue -----------------------------------------------------------------------------


def test_each_kind_of_failure_has_a_rule_that_brings_it_about() -> None:
    for failure in failures().values():
        effect_in(f"{failure.id}.then", failure.then, EFFECTS)


def test_each_kind_is_known_by_something() -> None:
    for failure in failures().values():
        assert failure.effects or failure.reasons or failure.statuses, failure.id


def test_what_clients_swallow_is_told_first() -> None:
    swallowed = [failure.swallowed for failure in failures().values()]
    assert swallowed == sorted(swallowed, reverse=True)


def test_the_reasons_of_the_catalogue_are_those_of_requests() -> None:
    known = {*Reason, "AuthenticationFailed(expired)"}
    named = {reason for failure in failures().values() for reason in failure.reasons}
    assert named <= known


def test_each_kind_has_a_source_and_a_level() -> None:
    levels = {"observed", "observed in part", "documented", "inferred", "assumed"}
    for failure in failures().values():
        assert failure.source, failure.id
        assert failure.level in levels, failure.id


# -- what was met ------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["refused", "description_refused", "picture_refused"])
def test_a_refusal_is_known_by_its_reason_at_whatever_stage(reason: str) -> None:
    assert kinds(record(1, 0, 400, error=REFUSED | {"reason": reason})) == ["refusal"]


def test_a_429_for_money_is_no_rate_limit() -> None:
    assert kinds(record(1, 0, 429, error=LIMITED | {"reason": "no_credit"})) == ["quota"]
    assert kinds(record(1, 0, 429, error=LIMITED)) == ["rate_limit"]
    assert kinds(record(1, 0, 429)) == ["rate_limit"]


def test_what_is_wrong_with_the_program_itself_is_no_failure_of_the_catalogue() -> None:
    assert kinds(record(1, 0, 400, error=REFUSED | {"reason": "empty_prompt"})) == []
    assert kinds(record(1, 0, 400, error=REFUSED | {"reason": "unknown_parameter"})) == [
        "model_gone"
    ]


def test_a_change_of_pictures_is_not_met_by_a_refusal() -> None:
    refused = record(1, 0, 429, error=LIMITED, effects=["picture.truncated", "pictures.0"])
    assert kinds(refused) == ["rate_limit"]
    assert kinds(record(1, 0, effects=["picture.truncated"])) == ["broken_picture"]


def test_one_of_one_picture_is_not_fewer() -> None:
    assert kinds(record(1, 0, effects=["pictures.1"])) == []
    assert kinds(record(1, 0, fields=FOX | {"n": 4}, effects=["pictures.1"])) == ["fewer_pictures"]
    assert kinds(record(1, 0, fields=FOX | {"n": "4"}, effects=["pictures.4"])) == []


def test_a_client_that_left_met_a_timeout() -> None:
    assert kinds(record(1, 0, 499)) == ["timeout"]
    assert kinds(record(1, 0, 200, ended="left")) == []  # it may have had enough


def test_a_request_still_held_back_is_a_timeout_that_a_program_waits_for() -> None:
    assert reaction(kind="timeout", still=[record(1, 0, 0)]) is Reaction.HANGING


def test_what_asks_for_no_picture_meets_nothing() -> None:
    assert kinds(record(1, 0, 404, operation="", fields={}, path="/v1/nothing")) == []


def test_an_expired_url_is_met_by_whoever_downloads_it() -> None:
    made = record(1, 0, effects=["expired_url"], pictures=["img-fox.png"])
    assert met(journal(made)) == {}
    error = {"reason": "AuthenticationFailed(expired)", "message": "", "code": None}
    late = download(2, 1, 403, error=error)
    assert list(met(journal(made, downloads=[late]))) == ["expired_url"]


def test_a_download_that_is_refused_otherwise_is_a_lost_one() -> None:
    assert kinds(download(1, 0, 503), of="download") == ["lost_download"]
    assert kinds(download(1, 0, 206), of="download") == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (None, "empty"),
        (" \n", "empty"),
        ("<html>", "html"),
        ("try later", "text"),
        ('{"data": [', "json"),
        ("[" * 100_000, "json"),
        ('{"error": {"message": "no"}}', "error"),
        ("{}", "no_pictures"),
        ("null", "no_pictures"),
        ('{"data": []}', "no_pictures"),
        ('{"data": [{"url": null}]}', "null"),
        ('{"data": ["x"]}', "null"),
        ('{"data": [{"b64_json": "AAAAA"}]}', "base64"),
        ('{"data": [{"b64_json": "AAAA"}]}', ""),
        ('{"data": [{"url": "http://127.0.0.1/fox.png"}], "error": null}', ""),
        ('{"object": "list", "data": [{"object": "model"}]}', ""),
        ('{"id": "resp_1", "object": "response"}', ""),
    ],
)
def test_a_scripted_body_is_told_by_what_is_wrong_with_it(body: str | None, word: str) -> None:
    assert body_told(body) == word


@pytest.mark.parametrize(
    ("then", "names"),
    [
        ({"respond": 404}, {"respond.404"}),
        ({"respond": {"status": 200, "body": {"data": []}}}, {"respond.200", "body.no_pictures"}),
        ({"gateway": 200}, {"gateway.200"}),
        ({"stream": {"events": [0, "completed"]}}, {"stream.events"}),
        ({"stream": {"events": [0]}}, {"stream.events", "stream.unfinished"}),
        ({"stream": {"events": [0], "end": "break"}}, {"stream.events", "stream.break"}),
        (
            {"stream": {"events": [{"type": "image_generation.completed"}]}},
            {"stream.events", "stream.own"},
        ),
    ],
)
def test_effects_are_told_as_a_client_meets_them(then: Any, names: set[str]) -> None:
    assert set(told_names(effect_in("then", then, EFFECTS))) == names


# -- what followed -----------------------------------------------------------------------------


def limited(sent_ms: int | None) -> dict[str, Any]:
    """A first request that is told to wait."""
    wait = {} if sent_ms is None else {"wait": {"told_ms": 20_000, "sent_ms": sent_ms}}
    return record(1, 100, 429, error=LIMITED, milliseconds=10, **wait)


@pytest.mark.parametrize(
    ("sent_ms", "pause", "expected"),
    [
        (20_000, 20.0, Reaction.WAITED),
        (20_000, 18.5, Reaction.WAITED),
        (20_000, 0.5, Reaction.TOO_SOON),
        (20, 0.02, Reaction.WAITED),  # a standing clock tells thousandths
        (None, 0.0, Reaction.AT_ONCE),
        (None, 0.5, Reaction.PAUSED),
    ],
)
def test_a_retry_is_held_against_the_wait_that_was_sent(
    sent_ms: int | None, pause: float, expected: Reaction
) -> None:
    again = record(2, 100.01 + pause, call="req_1", retries=1)
    assert reaction(limited(sent_ms), again, kind="rate_limit") is expected


def test_where_the_clock_stands_a_pause_of_its_own_is_not_looked_for() -> None:
    first = record(1, 100, 500, standing=True)
    again = record(2, 100.01, call="req_1", retries=1)
    assert reaction(first, again, kind="server_error") is Reaction.AGAIN


def test_an_equal_request_later_is_asked_again_though_no_sdk_counts_it() -> None:
    first = record(1, 0, effects=["body.error"])
    assert reaction(first, record(2, 5), kind="error_in_200") is Reaction.PAUSED


def test_equal_requests_at_the_same_time_are_no_retries() -> None:
    slow: dict[str, Any] = {"milliseconds": 2000}
    first = record(1, 0, 500, **slow)
    assert reaction(first, record(2, 0.1, **slow), kind="server_error") is Reaction.STOPPED


def test_another_prompt_is_something_else() -> None:
    first = record(1, 0, 400, error=REFUSED)
    softer = record(2, 1, fields={"prompt": "a kind fox"})
    assert reaction(first, softer, kind="refusal") is Reaction.OTHER
    assert reaction(first, kind="refusal") is Reaction.STOPPED


def test_where_all_comes_at_one_moment_the_order_counts() -> None:
    first, softer = record(1, 0, 400, error=REFUSED), record(2, 0, fields={"prompt": "a kind fox"})
    assert reaction(first, softer, kind="refusal") is Reaction.OTHER
    assert reaction(softer, first, kind="refusal") is Reaction.STOPPED
    assert reaction(first, record(2, 0), kind="refusal") is Reaction.AT_ONCE


def test_requests_of_other_sandboxes_follow_nobody() -> None:
    first = record(1, 0, 400, error=REFUSED)
    assert reaction(first, record(2, 1, sandbox="B"), kind="refusal") is Reaction.STOPPED


def test_after_a_lost_download_a_program_fetches_again_or_buys_again_or_stops() -> None:
    made = record(1, 0, pictures=["img-fox.png"])
    lost = download(2, 1, 503)
    stopped = reaction(made, kind="lost_download", downloads=[lost])
    fetched = reaction(made, kind="lost_download", downloads=[lost, download(3, 2)])
    bought = reaction(made, record(3, 2), kind="lost_download", downloads=[lost])
    assert (stopped, fetched, bought) == (Reaction.STOPPED, Reaction.FETCHED, Reaction.BOUGHT)


# -- what could be met -------------------------------------------------------------------------


def test_without_a_stream_no_failure_of_streams_is_missed() -> None:
    assert "stream_unfinished" not in possible(needs_in(journal(record(1, 0))))
    streamed = record(1, 0, fields=FOX | {"stream": True})
    assert "stream_unfinished" in possible(needs_in(journal(streamed)))


def test_what_was_never_met_and_what_could_not_be_are_told_apart() -> None:
    both = told(journal(record(1, 0, 429, error=LIMITED), record(2, 1, pictures=["img-fox.png"])))
    assert "rate_limit" not in both["never_met"]
    assert "expired_url" in both["never_met"]
    assert "stream_error" in both["out_of_reach"]
    assert both["requests"] == 2


def test_ten_times_as_many_records_take_ten_times_the_work() -> None:
    fields = [{"prompt": f"fox {number % 50}", "n": 1, "size": "512x512"} for number in range(50)]

    def calls(number: int) -> int:
        """How many functions are called to tell of so many records."""
        whole, count = journal(*(_limited(i, fields[i % 50]) for i in range(number))), 0

        def note(_frame: FrameType, event: str, _: object) -> None:
            nonlocal count
            count += event == "call"

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            told(whole)
        finally:
            sys.setprofile(before)
        return count

    assert calls(3000) < 11 * calls(300)


def _limited(number: int, fields: dict[str, Any]) -> dict[str, Any]:
    is_limited = number % 3 > 0
    status, error = (429, LIMITED) if is_limited else (200, None)
    return record(number, number / 100, status, fields, error=error)
