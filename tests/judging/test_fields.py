"""What a verdict says of requests themselves: models, parameters, keys, names of people."""

import pytest

from mockserver.core.judging.of_fields import personal
from tests.judging.records import asked, found

SENT = ("model", "prompt")


def test_a_request_without_a_model_is_found() -> None:
    finding = found(asked("r0", filled=["model", "n"]), asked("r1", 9, filled=["model"]))
    assert finding["model-left-out"].seen == "named no model in 2 requests"
    assert finding["model-left-out"].requests == ("r0", "r1")


def test_a_request_with_a_model_is_not() -> None:
    assert not found(asked("r0", filled=["n", "size"]))


def test_a_variation_has_one_model_and_a_tool_of_responses_a_default() -> None:
    assert not found(asked("r0", operation="images.vary", filled=["model"]))
    assert not found(asked("r0", operation="responses.create", filled=["model"]))


# -- people --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("ann@example.com", "an e-mail address"),
        ("Ann <ann.b+c@mail.example.org>", "an e-mail address"),
        ("+49 30 1234567", "a telephone number"),
        ("sk-proj-abcdefghijkl", "a key"),
        ("sk-proj-********ijkl", "a key"),
    ],
)
def test_what_tells_of_a_person_in_user_is_found_and_not_repeated(value: str, what: str) -> None:
    finding = found(asked("r0", fields={"user": value}))["personal-data-in-user"]
    assert finding.seen == f"sent {what} as 'user'"


@pytest.mark.parametrize(
    "value",
    [
        "user-1234",
        "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918",
        "user_1@tenant",
        "3f2b1c9e-5d7a-4b8c-9e0f-1a2b3c4d5e6f",
        "12345678901234",
        "desk-lamp",
        "",
    ],
)
def test_an_id_tells_nothing_of_a_person(value: str) -> None:
    assert not found(asked("r0", fields={"user": value}))
    assert not found(asked("r0", fields={"safety_identifier": value}))


def test_a_user_that_is_no_text_tells_nothing() -> None:
    assert not found(asked("r0", fields={"user": ["ann@example.com"]}))


def test_a_long_name_is_looked_at_as_far_as_names_go() -> None:
    assert not personal("a" * 1_000_000 + "@example.com")
    assert personal("+" + "1 " * 500_000)


def test_lines_of_a_batch_name_people_too() -> None:
    line = asked("r0", batch="batch_1", fields={"user": "ann@example.com"})
    assert "personal-data-in-user" in found(line)


# -- parameters ----------------------------------------------------------------------------------


def test_a_parameter_that_changes_nothing_is_noted() -> None:
    finding = found(asked("r0", fields={"model": "dall-e-2"}, noticed=["ignored:style"]))
    assert finding["ignored-parameter"].seen == "sent 'style', which 'dall-e-2' ignores"
    assert finding["ignored-parameter"].severity == "note"


def test_a_parameter_that_the_api_has_no_more_is_noted() -> None:
    finding = found(asked("r0", noticed=["deprecated:quality"]))["deprecated-parameter"]
    assert finding.seen == "sent 'quality', which the API refuses today"


def test_a_model_that_the_api_has_no_more_is_noted() -> None:
    finding = found(asked("r0", fields={"model": "dall-e-2"}, noticed=["deprecated:model"]))
    assert finding["deprecated-parameter"].seen == (
        "asked for 'dall-e-2', which the API has no more"
    )


def test_parameters_that_have_an_effect_are_not() -> None:
    assert not found(asked("r0", fields={"quality": "low", "style": "vivid"}))


# -- keys ----------------------------------------------------------------------------------------


def test_a_key_that_looks_real_is_found_and_not_repeated() -> None:
    finding = found(asked("r0", noticed=["key_looks_real"]))["key-looks-real"]
    assert finding.seen == "sent a key that looks real in 1 request"


def test_a_key_of_the_mock_is_none_that_looks_real() -> None:
    assert not found(asked("r0", noticed=[]))


def test_a_key_in_a_url_is_found_there_alone() -> None:
    finding = found(asked("r0", noticed=["key_in_url", "key_in_text"]))
    assert [*finding] == ["key-in-url"]
    assert finding["key-in-url"].seen == "had a key in the URL of 1 request"


def test_a_key_in_a_prompt_is_found() -> None:
    assert [*found(asked("r0", noticed=["key_in_text"]))] == ["key-in-text"]


def test_a_word_like_a_key_in_a_prompt_is_none() -> None:
    assert not found(asked("r0", fields={"prompt": "a desk-lamp on a desk-top"}))
