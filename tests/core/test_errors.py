"""Error bodies, byte for byte as recorded."""

from __future__ import annotations

import json
import string

import pytest

from mockserver.core.error_bodies import ECHOED, answer, message
from mockserver.core.errors import ApiError, Reason
from mockserver.facts import Parameter
from mockserver.facts.words import TABLES, words_of
from mockserver.facts.words.wording import EMPTY, TEXT_ALONE

TOO_LONG = "x" * (2 * ECHOED)
LEVELS = {"observed", "observed in part", "documented", "inferred", "assumed", "own"}
HINT = "https://platform.openai.com/docs/guides/rate-limits"

RECORDED = [
    (
        ApiError(
            Reason.NOT_ONE_OF,
            value="256×256",
            allowed=["256x256", "512x512", "1024x1024"],
            param="size",
        ),
        400,
        b'{\n  "error": {\n    "code": null,\n    "message": "\'256\\u00d7256\' is not one of '
        b"['256x256', '512x512', '1024x1024'] - 'size'\",\n"
        b'    "param": null,\n    "type": "invalid_request_error"\n  }\n}\n',
    ),
    (
        ApiError(Reason.OVER_LIMIT, organization="org-A", limit=0, current=1),
        429,
        b'{\n  "error": {\n    "code": "rate_limit_exceeded",\n    "message": "Rate limit exceeded '
        b"for images per minute in organization org-A. Limit: 0/1min. Current: 1/1min. Please visit "
        b"https://platform.openai.com/docs/guides/rate-limits to learn how to increase your rate "
        b'limit.",\n    "param": null,\n    "type": "requests"\n  }\n}\n',
    ),
    (
        ApiError(Reason.NO_SUCH_MODEL, model="ft:123"),
        404,
        b'{\n  "error": {\n    "message": "The model \'ft:123\' does not exist",\n'
        b'    "type": "invalid_request_error",\n    "param": "model",\n'
        b'    "code": "model_not_found"\n  }\n}\n',
    ),
    (
        ApiError(Reason.INCORRECT_KEY, key="fake_key"),
        401,
        b'{\n    "error": {\n        "message": "Incorrect API key provided: fake_key. You can find '
        b'your API key at https://platform.openai.com/account/api-keys.",\n'
        b'        "type": "invalid_request_error",\n        "param": null,\n'
        b'        "code": "invalid_api_key"\n    }\n}\n',
    ),
]


@pytest.mark.parametrize(
    ("error", "status", "body"), RECORDED, ids=lambda v: getattr(v, "reason", "")
)
def test_a_recorded_body_is_reproduced_byte_for_byte(
    error: ApiError, status: int, body: bytes
) -> None:
    told = answer(error, TABLES["A"])
    assert (told.status, told.body) == (status, body)


@pytest.mark.parametrize("dialect", ["A", "B"])
def test_a_dialect_has_words_for_every_reason(dialect: str) -> None:
    assert words_of([dialect]).keys() == set(Reason)


@pytest.mark.parametrize("table", TABLES)
def test_all_words_have_a_level_and_a_source(table: str) -> None:
    for reason, words in TABLES[table].items():
        assert words.level in LEVELS, reason
        assert words.source, reason
        assert 400 <= words.status < 600, reason


EXAMPLE = {"parameter": Parameter("é", "string", "", ""), "allowed": ["é", "ü"], "value": "é"}


@pytest.mark.parametrize("table", TABLES)
def test_every_body_is_json_with_the_four_keys_in_the_order_of_its_form(table: str) -> None:
    for reason in TABLES[table]:
        check_body(table, reason)


def check_body(table: str, reason: Reason) -> None:
    words = TABLES[table][reason]
    names = {name for _, name, _, _ in string.Formatter().parse(words.message) if name}
    names |= {n for _, v in words.headers for _, n, _, _ in string.Formatter().parse(v) if n}
    values = dict.fromkeys(names - {"request_id"} | {"param"}, "é") | EXAMPLE
    told = answer(ApiError(reason, **values), TABLES[table], "req_1")
    if words.form is EMPTY:
        assert told.body == b"", reason
        return
    if words.form is TEXT_ALONE:
        assert isinstance(json.loads(told.body)["error"], str), reason
        return
    further = tuple(key for key, _ in words.further)
    assert tuple(json.loads(told.body)["error"]) == words.form.keys + further, reason
    assert told.body.isascii(), reason
    assert told.body.endswith(b"}\n") == words.form.newline, reason


def test_values_with_braces_are_not_taken_for_templates() -> None:
    told = answer(ApiError(Reason.UNKNOWN_MODEL, model="{x} {0}"), TABLES["A"])
    assert b"Invalid model {x} {0}." in told.body


@pytest.mark.parametrize(
    "long", [TOO_LONG, [[TOO_LONG]], {TOO_LONG: 1}, TOO_LONG.encode()], ids=type
)
@pytest.mark.parametrize("table", TABLES)
def test_an_error_repeats_no_more_of_any_value_than_it_may(table: str, long: object) -> None:
    known = {
        "allowed": ["x"],
        "parameter": Parameter("x", "string", source="", level=""),
        "retry_after": 1,
        "retry_after_ms": 1,
    }
    for reason, words in TABLES[table].items():
        parsed = string.Formatter().parse(words.message + (words.param or ""))
        fields = [field for _, field, _, _ in parsed if field]
        told = answer(ApiError(reason, **dict.fromkeys(fields, long) | known), TABLES[table])
        assert len(told.body) < 2_000 + len(fields) * (ECHOED + 20), reason


def test_a_prompt_of_64_kib_is_repeated_in_full_and_a_longer_one_is_cut() -> None:
    def said(length: int) -> str:
        value = "x" * length
        return message(ApiError(Reason.PROMPT_TOO_LONG, value=value), TABLES["A"])

    whole = "x" * ECHOED
    assert said(ECHOED) == f"'{whole}' is too long - 'prompt'"
    assert said(60 * 10**6) == f"'{whole}…' is too long - 'prompt'"


@pytest.mark.parametrize(
    ("allowed", "listed"),
    [
        (["a"], "Value must be 'a'."),
        (["a", "b"], "Supported values are: 'a' and 'b'."),
        (["a", "b", "c"], "Supported values are: 'a', 'b', and 'c'."),
    ],
)
def test_what_is_allowed_is_listed_as_in_a_sentence(allowed: list[str], listed: str) -> None:
    error = ApiError(Reason.NOT_ONE_OF, value="x", allowed=allowed, param="size")
    assert message(error, TABLES["B"]) == f"Invalid value: 'x'. {listed}"
    files = ApiError(Reason.FILE_TYPE, param="image", type="x/y", allowed=allowed)
    assert message(files, TABLES["B"]).endswith(listed[listed.index("'") :])


def test_a_long_value_is_still_told_by_its_type() -> None:
    parameter = Parameter("prompt", "string", source="", level="")
    error = ApiError(Reason.WRONG_TYPE, param="prompt", parameter=parameter, value=["x" * 10**6])
    assert "but got an array instead" in message(error, TABLES["B"])
