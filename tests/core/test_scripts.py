"""Rules as values: what is read is told again, and what can't be read says what would be right."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from mockserver.core.rules.parser import RuleError, rule_of, told, when_of
from tests.core.test_rules import rule


@pytest.mark.parametrize(
    "value",
    [
        {"when": {}, "then": {"error": "overloaded"}},
        {"when": {"prompt": "x", "call": 2}, "then": {"delay": 1.5}, "times": 2, "name": "slow"},
        {"when": {"prompt": {"contains": "x"}}, "then": {"rate_limit": True}},
        {"when": {"prompt": {"regex": "^x"}}, "then": {"rate_limit": {"retry_after": 20.0}}},
        {
            "when": {"n": 2, "model": "dall-e-*"},
            "then": {"disconnect": 0},
            "times": 1,
            "next": True,
        },
        {"when": {}, "then": {"picture": "truncated", "drip": 9, "content_type": "text/html"}},
        {"when": {}, "then": {"bad_json": True, "expired_url": True, "stall": True}},
        {"when": {}, "then": {"gateway": 502, "headers": {"x-should-retry": "false"}}},
        {"when": {}, "then": {"respond": {"status": 200, "body": {"data": []}}, "delay": 1.0}},
        {"when": {}, "then": {"gateway": {"status": 503, "retry_after": 20.0, "as_date": True}}},
        {"when": {}, "then": {"rate_limit": {"as_date": True}}},
        {"when": {}, "then": {"pictures": 0, "response_format": "url"}},
        {"when": {"user": "a"}, "then": {"stall": True}},
        {"when": {"user": 7}, "then": {"stall": True}},
        {"when": {"user": {"regex": "^a"}}, "then": {"stall": True}},
        {"when": {"size": {"contains": "512"}, "style": "vivid"}, "then": {"stall": True}},
    ],
    ids=str,
)
def test_a_rule_is_told_as_it_is_read(value: dict[str, Any]) -> None:
    assert told(rule_of(value)) == {"id": "", **value}


def test_what_is_short_for_an_error_is_told_as_the_error() -> None:
    assert told(rule(then={"refuse": True}))["then"] == {"error": "refused"}
    assert told(rule(then={"refuse": "picture"}))["then"] == {"error": "picture_refused"}
    assert told(rule(then={"quota": True}))["then"] == {"error": "no_credit"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "a rule must be a table"),
        ({"than": {}}, "did you mean then?"),
        ({}, "then must say what happens"),
        ({"then": {"eror": "x"}}, "did you mean error?"),
        ({"then": {"error": "overload"}}, "did you mean overloaded?"),
        ({"then": {"error": "refused", "quota": True}}, "two answers"),
        ({"then": {"gateway": 502, "respond": 200}}, "two answers"),
        ({"then": {"rate_limit": True, "gateway": 502}}, "two answers"),
        ({"then": {"respond": "x"}}, "then.respond must be a table of status, headers, body"),
        ({"then": {"respond": True}}, "then.respond.status must be a whole number"),
        ({"then": {"gateway": False}}, "then must say what happens"),
        ({"then": {"respond": False}}, "then.respond.status must be a whole number"),
        ({"then": {"gateway": 199}}, "from 200 to 599"),
        ({"then": {"respond": {"status": 600}}}, "then.respond.status must be a whole number"),
        ({"then": {"respond": {"bdoy": ""}}}, "did you mean body?"),
        ({"then": {"respond": {"body": float("nan")}}}, "a value that JSON has"),
        ({"then": {"respond": {"body": date(2025, 1, 1)}}}, "a value that JSON has"),
        ({"then": {"respond": {"status": 204, "body": "x"}}}, "must be empty: 204 has none"),
        ({"then": {"respond": {"as_date": True}}}, "wants a retry_after"),
        ({"then": {"rate_limit": {"as_date": 1}}}, "then.rate_limit.as_date must be true or"),
        ({"then": {"headers": {}}}, "must have a header"),
        ({"then": {"headers": ["x"]}}, "a table of header names and texts"),
        ({"then": {"headers": {"a b": ""}}}, "no name of a header"),
        ({"then": {"headers": {"x": "a\nb"}}}, "then.headers.x must be printable ASCII"),
        ({"then": {"headers": {"Content-Length": "3"}}}, "the server's own to send"),
        ({"then": {"pictures": 11}}, "then.pictures must be a whole number from 0 to 10"),
        ({"then": {"pictures": True}}, "then.pictures must be a whole number"),
        ({"then": {"response_format": "gif"}}, "must be one of url, b64_json"),
        ({"then": {"refuse": "x"}}, "true or one of prompt"),
        ({"then": {"quota": 1}}, "then.quota must be true"),
        ({"then": {"delay": -1}}, "from 0 to a day"),
        ({"then": {"delay": "2"}}, "or a time such as 250ms, 1.5s, 2m or 1h"),
        ({"then": {"delay": "1441m"}}, "from 0 to a day"),
        ({"then": {"delay": True}}, "must be seconds"),
        ({"then": {"disconnect": 1.5}}, "a whole number from 0"),
        ({"then": {"drip": 0}}, "a whole number from 1"),
        ({"then": {"content_type": "a\nb"}}, "printable ASCII"),
        ({"then": {"picture": "blue"}}, "one of truncated"),
        ({"then": {"image": "?"}}, "a file in base64"),
        ({"then": {"image": 1}}, "must be a text"),
        ({"then": {"rate_limit": {"after": 1}}}, "retry_after"),
        ({"then": {"image": {"sha256": "x", "bytes": 1}}}, "a PUT of that rule keeps it"),
        ({"then": {"download": True}}, "then.download must be a table of respond, gateway"),
        ({"then": {"download": {}}}, "then.download must say what happens: one of respond"),
        ({"then": {"download": {"first": 1}}}, "then.download must say what happens"),
        ({"then": {"download": {"stall": True, "first": 0}}}, "then.download.first must be"),
        ({"then": {"download": {"respond": 500, "gateway": 502}}}, "can't give two answers"),
        ({"then": {"download": {"respond": {"retry_after": 1}}}}, "download.respond has no"),
        ({"then": {"download": {"bad_json": True}}}, "then.download has no 'bad_json'"),
        ({"then": {"times": 2}}, "then has no 'times'; it stands beside then, not in it"),
        ({"then": {"status": 2}}, "then has no 'status'; it stands in respond or gateway"),
        ({"then": {"retry_after": 2}}, "it stands in rate_limit, respond or gateway"),
        ({"then": {"prompt": "x"}}, "then has no 'prompt'; it stands in when"),
        ({"error": "internal"}, "a rule has no 'error'; it stands in then"),
        ({"prompt": "x"}, "a rule has no 'prompt'; it stands in when"),
        ({"when": {"times": 2}}, "when has no 'times'; it stands beside when, not in it"),
        ({"when": {"contains": "x"}}, "a prompt's is meant as prompt: {contains: …}"),
        ({"when": {"image": "x"}}, "a rule can't look into files, an assertion can"),
        ({"when": {"svg": "x"}}, "when has no 'svg'; a rule can't look into an object"),
        ({"when": {"svg": {"contains": "x"}}}, "a rule can't look into an object"),
        ({"when": {"svg[model]": "x"}}, "when has no 'svg[model]'"),
        ({"when": {"promt": "x"}}, "did you mean prompt?"),
        ({"when": {"n": "2"}}, "when.n must be a whole number from 1 to 10"),
        ({"when": {"n": 0}}, "when.n must be a whole number from 1 to 10"),
        ({"when": {"n": {"contains": "1"}}}, "when.n must be a whole number from 1 to 10"),
        ({"when": {"model": "dalle-2"}}, "did you mean dall-e-2? It is one of dall-e-2, dall-e-3"),
        ({"when": {"model": "dalle-*"}}, "when.model 'dalle-*' is none that a request can have"),
        ({"when": {"operation": "generate"}}, "did you mean images.generate? It is one of images"),
        ({"when": {"operation": 1}}, "must be one of images.generate, images.edit, images.vary"),
        ({"when": {"size": "512"}}, "did you mean 512x512? It is one of 256x256, 512x512"),
        ({"when": {"style": {"regex": "^5.*4$"}}}, "when.style regex '^5.*4$' is none that"),
        ({"when": {"quality": "best"}}, "'best' is none that a request can have; it is one of"),
        ({"when": {"style": None}}, "when.style must be one of vivid, natural"),
        ({"when": {"prompt": ["a"]}}, "when.prompt must be a text, or a table with contains or"),
        ({"when": {"prompt": None}}, "when.prompt must be a text"),
        ({"when": {"user": []}}, "when.user must be a text, a number"),
        ({"when": {"prompt": {"contains": "x", "regex": "x"}}}, "a table with contains or regex"),
        ({"when": {"prompt": {"regex": 1}}}, "when.prompt.regex must be a text"),
        ({"when": {"user": {"contains": 1}}}, "when.user.contains must be a text"),
        ({"when": {"size": {"contains": 1}}}, "when.size.contains must be a text"),
        ({"when": {"user": {}}}, "when.user must be a value, or a table with contains or regex"),
        ({"when": {"prompt": {"regex": "("}}}, "no regular expression"),
        ({"when": {"prompt": {"regex": f"a{{{'9' * 30}}}"}}}, "no regular expression"),
        ({"when": {"call": 0}}, "when.call must be a whole number from 1"),
        ({"times": 0, "then": {"stall": True}}, "times must be"),
        ({"next": 1, "then": {"stall": True}}, "next must be true or false"),
        ({"name": 1, "then": {"stall": True}}, "name must be a text"),
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_read_says_what_would_be_right(value: Any, words: str) -> None:
    with pytest.raises(RuleError, match=re.escape(words)):
        rule_of(value)


def test_a_look_back_picks_no_call() -> None:
    with pytest.raises(RuleError, match="when has no 'call'"):
        when_of({"call": 1})
    with pytest.raises(RuleError, match="when has no 'times'; it stands beside when, not in it"):
        when_of({"times": 1})
