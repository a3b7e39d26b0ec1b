"""From the journal of a program's tests to the trials that matter to it."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.cases import trials
from contracts.compare.reliance import (
    NoJournal,
    Reliance,
    chosen,
    read,
    reliances,
    untouched,
    written,
)
from contracts.trials import Promise, Trial, touches_of
from mockserver.testing import ImagesMock

SECRET = "a prompt that is nobody's business, of somebody@example.com"


@pytest.fixture(scope="module")
def journal() -> Any:
    """What a program did: three pictures, one of which it downloaded, one mistake, one look."""
    with ImagesMock(tier="off") as mock:
        key = {"Authorization": "Bearer sk-mock-program"}
        url = f"{mock.url}/images/generations"
        bodies: list[dict[str, Any]] = [{}, {"size": "512x512", "n": 2}]
        for body in (*bodies, {"response_format": "b64_json"}):
            told = requests.post(url, json={"prompt": SECRET, "user": SECRET} | body, headers=key)
        told = requests.post(url, json={"prompt": SECRET}, headers=key)
        requests.get(told.json()["data"][0]["url"])
        requests.post(url, json={"prompt": SECRET, "size": "7"}, headers=key)
        requests.get(f"{mock.url}/models/dall-e-2", headers=key)
        return requests.get(f"{mock.address}/_mock/requests").json()


def found(journal: Any) -> dict[str, Reliance]:
    return {one.operation: one for one in reliances(journal)}


def test_what_was_sent_and_answered_is_relied_on(journal: Any) -> None:
    one = found(journal)["images.generate"]
    assert one.requests == 5
    assert one.parameters == ("n", "prompt", "response_format", "size", "user")
    assert one.values["size"] == ("1024x1024", "512x512")
    assert one.values["n"] == (1, 2)
    assert one.values["model"] == ("dall-e-2",)
    assert one.statuses == (200, 400)
    assert one.errors == ("not_one_of",)
    assert one.fields == ("data[].b64_json", "data[].url", "file behind data[].url")
    assert found(journal)["models.retrieve"].statuses == (200,)


def test_nothing_that_people_write_is_in_the_file(journal: Any) -> None:
    text = written(reliances(journal), "journal.json")
    assert "nobody's business" not in text
    assert "example.com" not in text


def test_a_file_is_read_as_it_was_written(journal: Any, tmp_path: Path) -> None:
    relied = reliances(journal)
    file = tmp_path / "relied.toml"
    file.write_text(written(relied, 'a "quoted" journal'), "utf-8")
    assert read(file) == relied
    assert tomllib.loads(file.read_text("utf-8"))["relies"][0]["operation"] == "images.generate"


@pytest.mark.parametrize(
    "journal",
    [None, [], {}, {"requests": 1}, {"requests": []}, {"requests": [1]}]
    + [{"requests": [one]} for one in ({}, {"operation": "x"}, {"path": "/v1/models"})]
    + [{"requests": [{"operation": "x", "status": 200, "fields": {"a": [[]]}, "filled": 1}]}],
)
def test_what_is_no_journal_is_refused(journal: Any) -> None:
    with pytest.raises(NoJournal, match="/_mock/requests|run the program first"):
        reliances(journal)


@pytest.mark.parametrize("name", ["a\x7fb", "\ud800", "\x00", 'a"b', "é\\"])
def test_whatever_a_journal_names_is_written_as_it_can_be_read(name: str, tmp_path: Path) -> None:
    asked = {"operation": "images.generate", "status": 200, "fields": {name: float("inf")}}
    (found,) = reliances({"requests": [asked]})
    (tmp_path / "relied.toml").write_text(written([found], "x"), "utf-8")
    (again,) = read(tmp_path / "relied.toml")
    assert again.parameters == (name.encode("utf-8", "replace").decode(),)
    assert again.values == {}


@pytest.mark.parametrize("text", ["", "[[relies]]\nx = 1", "{", "relies = 3", "relies = [1]"])
def test_a_file_that_tells_nothing_says_how_to_make_one(text: str, tmp_path: Path) -> None:
    file = tmp_path / "relied.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(NoJournal, match="from-journal JOURNAL -o"):
        read(file)


RELIED = [
    Reliance(
        "images.generate",
        1,
        ("prompt", "size", "n", "stream"),
        {"size": ("512x512",), "model": ("dall-e-2",), "n": (2,), "stream": (True,)},
        (200, 400),
        (),
        (),
    )
]


@pytest.mark.parametrize(
    ("fields", "status", "is_chosen"),
    [
        ({}, 200, True),
        ({"size": "512x512"}, 200, True),
        ({"size": "256x256"}, 200, False),
        ({"size": "7"}, 400, True),  # a refusal is of a value that nobody means to send
        ({"style": "vivid"}, 200, False),
        ({"style": "x"}, 400, False),
        ({"model": "dall-e-2", "n": 3}, 200, True),
        ({"model": "dall-e-3"}, 200, False),
        ({"stream": True, "prompt": "a"}, 200, True),
        ({"stream": False}, 200, False),
        ({}, 429, False),
    ],
)
def test_a_trial_is_chosen_if_it_touches_nothing_else(
    fields: dict[str, Any], status: int, is_chosen: bool
) -> None:
    promise = Promise("images.generate", status, "x")
    trial = Trial("x", promise, lambda target: iter(()), touches=touches_of(fields))
    assert bool(chosen([trial], RELIED)) == is_chosen


def test_a_trial_of_another_operation_is_not_chosen() -> None:
    trial = Trial("x", Promise("images.edit", 200, "x"), lambda target: iter(()))
    assert chosen([trial], RELIED) == []


def test_what_no_trial_touches_is_told() -> None:
    promise = Promise("images.generate", 200, "x")
    touched = touches_of({"size": "512x512", "n": 1})
    trial = Trial("x", promise, lambda target: iter(()), touches=touched)
    assert untouched([trial], RELIED) == ["images.generate stream=true", "images.generate 400"]


def test_a_program_of_one_model_is_tried_with_that_model_alone(journal: Any) -> None:
    every = list(trials(None, today=date(2026, 11, 28), drawn=False))
    here = chosen(every, reliances(journal))
    assert here
    models = {touch for trial in here for touch in trial.touches if touch.startswith("model=")}
    assert models == {"model=dall-e-2"}
    assert {trial.promise.operation for trial in here} == {"images.generate"}


def test_the_journal_is_what_the_control_api_answers(journal: Any) -> None:
    assert json.loads(json.dumps(journal)).keys() >= {"requests"}
