"""What a recording keeps, and what it must not."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.compare.recording import Case, Recorder, public_name, read, recorded
from contracts.compare.restored import Restorer
from contracts.compare.sanitised import Sanitiser
from contracts.exchange import Answer, Exchange, KeyKind, Request
from contracts.target import Lost, NotObserved
from contracts.trials import Trial
from tests.contracts.compare.stand_in import (
    CANARY,
    FREE,
    NOON,
    ORIGIN,
    TRIALS,
    Headers,
    cases_at,
    generate,
    stand_in,
    target_at,
    written,
)

JSON = (("content-type", "application/json"),)


def kept(
    body: Any, *headers: tuple[str, str], request: Request | None = None, status: int = 200
) -> tuple[dict[str, Any], list[str]]:
    """What is kept of an answer, and which fields of it are unknown."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(status, JSON + headers, content)
    sanitiser = Sanitiser("https://api.example/v1")
    told = sanitiser.exchange(Exchange(request or generate(), answer, NOON, NOON + 1))
    return told["answer"], sanitiser.unknown


def test_a_recording_is_read_as_it_was_written(mock_cases: list[Case], tmp_path: Path) -> None:
    files = written(mock_cases, tmp_path)
    assert len(files) == len(TRIALS)
    assert sorted(read(tmp_path), key=lambda c: c.id) == sorted(mock_cases, key=lambda c: c.id)


def test_the_same_server_is_recorded_the_same_each_time(
    mock_cases: list[Case], mock_url: str, tmp_path: Path
) -> None:
    again = cases_at(mock_url, ORIGIN._replace(target="the mock"), TRIALS[:5])
    assert [c.as_json() for c in again] == [c.as_json() for c in mock_cases[:5]]


def test_no_file_has_a_key_an_id_or_a_pixel_that_came(mock_url: str, tmp_path: Path) -> None:
    came: list[str] = []

    def everywhere(
        path: str, status: int, headers: Headers, body: bytes
    ) -> tuple[int, Headers, bytes]:
        """A server that tells the key in each place that there is."""
        came.extend(v for n, v in headers.items() if n in ("x-request-id", "openai-organization"))
        headers |= {"x-echo": CANARY, "www-authenticate": f'Bearer realm="{CANARY}"'}
        headers |= {"openai-project": CANARY, "set-cookie": f"session={CANARY}"}
        if not headers["content-type"].startswith("application/json"):
            return status, headers, body
        value = json.loads(body)
        value |= {"echo": CANARY, CANARY: {CANARY: [CANARY]}, "created": CANARY}
        for item in value.get("data", []):
            item |= {"revised_prompt": CANARY, "id": f"dall-e-{CANARY}"}
            came.append(item.get("b64_json", CANARY)[-40:])
            if "url" in item:
                item["url"] += f"&key={CANARY}&{CANARY}=1"
        if "error" in value:
            value["error"]["message"] += f" for {CANARY} of org-AbCdEf0123456789 at {came[0]}"
            value["error"] |= {"code": CANARY, "param": CANARY, "seen": CANARY}
        return status, headers, json.dumps(value, indent=2).encode()

    with stand_in(mock_url, everywhere) as url:
        cases = cases_at(url)
    files = written(cases, tmp_path)
    text = "".join(file.read_text("utf-8") for file in files)
    assert len(files) == len(TRIALS)
    assert [found for found in (CANARY, "canary", "AbCdEf0123456789", *came) if found in text] == []


def test_an_id_has_the_same_name_wherever_it_stands() -> None:
    message = "see req_0123456789abcdef of acme-labs, or req_ffffffffffffffff"
    error = {"error": {"message": message, "type": "x", "param": None, "code": None}}
    told, _ = kept(
        error,
        ("x-request-id", "req_0123456789abcdef"),
        ("openai-organization", "acme-labs"),
        status=400,
    )
    said = "see <request:1> of <organization:1>, or <request:2>"
    assert told["body"]["error"]["message"] == said
    assert told["headers"]["openai-organization"] == "<organization:1>"


def test_what_was_sent_is_no_secret_and_stays() -> None:
    error = {"message": "no file-nothing1 here, nor file-another1", "code": None}
    sent = generate(images=[{"file_id": "file-nothing1"}], safety_identifier="someone")
    told, _ = kept({"error": error, "safety_identifier": "someone"}, request=sent, status=400)
    assert told["body"]["error"]["message"] == "no file-nothing1 here, nor <file:1>"
    assert told["body"]["safety_identifier"] == "someone"


def test_a_field_that_nobody_knows_is_kept_as_its_shape_and_told_of() -> None:
    told, unknown = kept({"created": int(NOON), "data": [{"seed": 7, "by": {"who": "me"}}]})
    assert told["body"]["data"] == [
        {"seed": "<unknown number>", "by": {"who": "<unknown text>"}},
    ]
    assert unknown == ["data[].seed", "data[].by"]


def test_a_header_that_nobody_knows_is_told_of_without_its_value() -> None:
    told, unknown = kept({}, ("x-secret", "s3cr3t"), ("set-cookie", "a=b"), ("cf-ray", "1"))
    assert told["headers"] == {"content-type": "application/json", "x-secret": "<unknown>"}
    assert unknown == ["header x-secret"]


def test_a_header_of_several_lines_keeps_them_all() -> None:
    lines = (("allow", "GET"), ("Allow", "POST"))
    told, _ = kept({}, *lines)
    assert told["headers"]["allow"] == ["GET", "POST"]
    restored = Restorer("x", "http://localhost/v1", {}, NOON).answer(told)
    assert [value for name, value in restored.headers if name == "allow"] == ["GET", "POST"]


@pytest.mark.parametrize(
    ("created", "told"),
    [
        (int(NOON), "<Unix seconds within the call>"),
        (int(NOON) - 60, "<Unix seconds before the call>"),
        (int(NOON) + 9 * 86_400, "<Unix seconds long after the call>"),
        (int(NOON) * 1000, "<Unix milliseconds within the call>"),
        (0, 0),
        (str(int(NOON)), "<text>"),
    ],
)
def test_a_time_is_kept_by_its_relation_to_the_call(created: Any, told: Any) -> None:
    answer, _ = kept({"created": created, "data": []})
    assert answer["body"]["created"] == told


@pytest.mark.parametrize(
    ("file", "format"),
    [
        (b"<svg width='1'/>", "unreadable"),
        (b'<svg width="16" height="9"></svg>', "SVG"),
        (b"nothing", "unreadable"),
    ],
)
def test_what_is_no_picture_is_said_to_be_none(file: bytes, format: str) -> None:
    answer, _ = kept({"data": [{"b64_json": b64encode(file).decode()}]})
    assert answer["body"]["data"][0]["b64_json"]["format"] == format


def test_what_is_no_base64_is_said_to_be_none() -> None:
    assert kept({"data": [{"b64_json": "!"}]})[0]["body"]["data"] == [{"b64_json": "<not base64>"}]


def test_of_a_list_of_models_an_accounts_own_are_left_out() -> None:
    own = {"id": "ft:gpt-4o:acme::1", "object": "model", "created": 1, "owned_by": "acme"}
    mine = {"id": "dall-e-2", "object": "model", "created": 1, "owned_by": "acme"}
    told, _ = kept({"object": "list", "data": [own, mine]}, request=Request("GET", "/models"))
    assert told["body"]["data"] == [mine | {"owned_by": "<owner>"}]


def test_a_page_of_a_proxy_is_kept_as_its_length() -> None:
    html = Answer(502, (("content-type", "text/html"),), b"<h1>10.0.0.1</h1>")
    told = Sanitiser("https://api.example/v1").exchange(Exchange(generate(), html, NOON, NOON))
    assert told["answer"]["body"] == {"<bytes>": "10^1", "media": "text/html"}


def test_an_address_is_kept_without_name_password_and_parameters() -> None:
    assert public_name("https://me:secret@host:8443/v1?key=1") == "https://host:8443/v1"
    assert public_name("the mock, in process") == "the mock, in process"


def test_what_was_not_observed_leaves_its_reason_and_no_file(tmp_path: Path) -> None:
    class Poor:
        name, base_url, day, has = "poor", "http://localhost/v1", None, frozenset[str]()
        spent = Decimal(0)

        def ask(self, request: Request, *, pays: bool = False) -> Exchange:
            raise NotObserved("the cap is reached") if pays else Lost("the key is no good")

        def fetch(self, url: str) -> Exchange:
            raise NotObserved

        def move_clock(self, seconds: float, key: KeyKind = "good") -> None:
            raise NotObserved

    cases, ended = recorded([TRIALS[0], TRIALS[4], TRIALS[1]], Poor(), ORIGIN)
    assert [case.unseen for case in cases] == ["the cap is reached", "the key is no good"]
    assert ended == "the key is no good"
    assert written(cases, tmp_path) == []


def test_cases_with_names_that_are_alike_have_files_of_their_own(tmp_path: Path) -> None:
    there = Case("x", "images.generate", 200, "x", ORIGIN, [{}])
    names = ["a.b", "a (b)", "a [b]", "a/b", "../a", "a/../b"]
    files = written([replace(there, id=name) for name in names], tmp_path)
    assert len(files) == len(names)
    assert tmp_path / "a.b.json" in files


def test_what_was_answered_is_kept_before_the_next_is_asked(mock_url: str) -> None:
    """What was paid for is not lost by a fault, or by control and C, later on."""
    kept_so_far: list[str] = []

    def stop(trial: Trial) -> None:
        if trial is FREE[1]:
            raise KeyboardInterrupt

    with target_at(mock_url) as target, pytest.raises(KeyboardInterrupt):
        recorded(FREE, target, ORIGIN, tell=stop, keep=lambda case: kept_so_far.append(case.id))
    assert kept_so_far == [FREE[0].id]


@pytest.mark.parametrize("text", ["", "{}", '{"form": 99}', "[1]"])
def test_a_file_that_is_no_recording_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text, "utf-8")
    with pytest.raises(Lost, match=r"a\.json is"):
        read(tmp_path)


def test_a_directory_without_recordings_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(Lost, match="contract record -o"):
        read(tmp_path)


def test_a_recorder_is_a_target_with_the_same_abilities(mock_url: str) -> None:
    with target_at(mock_url) as target:
        recorder = Recorder(target, ORIGIN)
        assert (recorder.base_url, recorder.has) == (target.base_url, target.has)
