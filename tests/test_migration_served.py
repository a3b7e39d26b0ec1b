"""Other models as a server tells of them: hints as it answers, `/_mock/migration`, the commands."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.cli import cli
from mockserver.clock import ManualClock
from mockserver.config import ConfigError, configured
from mockserver.core.judging.migration import moved
from mockserver.core.judging.migration_text import as_json, from_json, lines
from mockserver.core.judging.model_days import judged_day
from mockserver.core.judging.seen import Journal
from mockserver.facts import load
from mockserver.testing import ImagesMock
from tests.conftest import generate
from tests.core.judging.test_migration import record
from tests.edits import encoded, scene
from tests.in_process import client_of

NOW = 1_795_824_000  # 2026-11-28
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}


def client(**settings: Any) -> TestClient:
    app = create_app(configured(log_format="none", **settings), clock=ManualClock(NOW))
    return client_of(app, {"Authorization": "Bearer sk-mock-me"})


def told(of: TestClient, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = of.get(f"/_mock/migration{query}", headers=HERE).json()
    return found


# -- as it is answered -------------------------------------------------------------------------


def test_each_answer_has_a_hint_and_is_otherwise_as_it_was() -> None:
    plain, judged = client(), client(lint_against="gpt-image-2")
    body = {"model": "dall-e-2", "prompt": "a fox", "response_format": "b64_json"}
    before, after = generate(plain, **body), generate(judged, **body)
    assert after.content == before.content
    assert "mock-hint" not in before.headers
    assert after.headers["mock-hint"] == (
        "gpt-image-2 would refuse this with 400: Unknown parameter: 'response_format'. "
        "(leave response_format out: gpt-image-2 answers in base64 (b64_json) alone)"
    )
    (record,) = judged.get("/_mock/requests", headers=HERE).json()["requests"]
    assert record["trace"][-1] == f"hint: {after.headers['mock-hint']}"


def test_a_request_that_would_pass_has_its_price_and_what_is_other() -> None:
    of = client(lint_against="gpt-image-2")
    hint = generate(of, model="dall-e-2", prompt="a fox").headers["mock-hint"]
    assert hint.startswith("on gpt-image-2 it costs about $0.0069 (")
    assert "size auto instead of 1024x1024" in hint
    assert hint.endswith("the answer has no url")


def test_a_refused_request_is_judged_too_and_one_for_the_model_is_not() -> None:
    of = client(lint_against="gpt-image-2")
    refused = generate(of, model="dall-e-2", prompt="f" * 1001)
    assert refused.status_code == 400
    assert refused.headers["mock-hint"] == (
        "on gpt-image-2 it would not be refused for what it says"
    )
    assert "mock-hint" not in generate(of, model="gpt-image-2", prompt="a fox").headers


def test_an_upload_is_judged_by_what_the_journal_tells() -> None:
    of = client(lint_against="dall-e-2", as_of="2025-05-02")
    files = [("image", ("a.png", encoded(scene(300, 200)), "image/png"))]
    data = {"model": "gpt-image-1", "prompt": "a fox", "size": "1024x1024", "quality": "low"}
    answer = of.post("/v1/images/edits", files=files, data=data)
    assert answer.status_code == 200
    assert "Unknown parameter: 'quality'." in answer.headers["mock-hint"]


def test_a_model_that_is_gone_or_never_was_is_no_setting() -> None:
    with pytest.raises(ConfigError, match="did you mean gpt-image-2"):
        client(lint_against="gpt-imge-2")
    with pytest.raises(
        ConfigError, match="lint-against .gpt-image-1. can't be used. gpt-image-1 was"
    ):
        client(lint_against="gpt-image-1")
    assert generate(client(lint_against="gpt-image-1", as_of="2026-01-01"), prompt="x").is_success


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FILE = st.fixed_dictionaries(
    {"sha256": st.just("0") | JSON, "bytes": st.integers() | JSON},
    optional=dict.fromkeys(("format", "mode", "width", "height", "image_url", "file_id"), JSON),
)
NAMES = ("model", "prompt", "n", "size", "quality", "images", "image", "mask", "stream", "style")


@pytest.mark.slow
@settings(max_examples=30)
@given(
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), JSON | FILE | st.lists(FILE)),
    st.sampled_from(["generations", "edits", "variations"]),
    st.sampled_from(["gpt-image-2", "dall-e-2"]),
)
def test_whatever_is_sent_the_answer_is_as_it_was(
    body: dict[str, Any], path: str, model: str
) -> None:
    plain, judged = pair(model)
    texts = [of.post(f"/v1/images/{path}", json=body).text for of in (plain, judged)]
    assert re.sub('"created": [0-9]+', "", texts[0]) == re.sub('"created": [0-9]+', "", texts[1])
    assert judged.get("/_mock/migration", headers=HERE).status_code == 200


OPERATIONS = [
    ("images.generate", "/v1/images/generations"),
    ("images.edit", "/v1/images/edits"),
    ("images.vary", "/v1/images/variations"),
]


@pytest.mark.slow
@settings(max_examples=50)
@given(
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), JSON | FILE | st.lists(FILE)),
    st.sampled_from(OPERATIONS),
    st.sampled_from(["gpt-image-2", "dall-e-2"]),
    st.sampled_from([200, 400, 0]),
)
def test_whatever_a_file_says_can_be_judged(
    fields: dict[str, Any], where: tuple[str, str], model: str, status: int
) -> None:
    told = record(fields, operation=where[0], path=where[1], status=status)
    day = judged_day(model, today=date(2026, 11, 28))
    found = moved(Journal.of({"requests": [told]}), load(day), model, day)
    assert all(line.isprintable() for line in lines(found))
    assert as_json(from_json(json.loads(json.dumps(as_json(found))))) == as_json(found)


@lru_cache
def pair(model: str) -> tuple[TestClient, TestClient]:
    return client(tier="off"), client(tier="off", lint_against=model)


# -- asked -------------------------------------------------------------------------------------


def test_the_journal_is_judged_by_any_model() -> None:
    of = client()
    generate(of, prompt="a fox", size="256x256")
    generate(of, prompt="a fox")
    found = told(of, "?to=gpt-image-2")
    assert found["text"].startswith("moving from dall-e-2 to gpt-image-2: 1 of 2 requests would")
    assert (found["refused"], found["day"]) == (1, "2026-11-28")
    assert [len(move["faults"]) for move in found["moves"]] == [1, 0]
    last = found["moves"][1]["where"]
    assert [m["where"] for m in told(of, f"?to=gpt-image-2&request={last}")["moves"]] == [last]
    assert told(of, "?to=dall-e-3&as_of=2024-01-01")["day"] == "2024-01-01"


def test_requests_that_name_no_model_are_judged_too() -> None:
    of = client()
    assert generate(of, model=[1], prompt="a fox").status_code == 400
    assert told(of, "?to=gpt-image-2")["text"].startswith(
        "moving from no model to gpt-image-2: none of 1"
    )


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 400, "to must be the name of a model"),
        ("?to=gpt-imge-2", 400, "There is no model 'gpt-imge-2' on 2026-11-28; did you mean gpt-"),
        ("?to=gpt-image-1", 400, "gpt-image-1 was shut down on 2026-10-23: name gpt-image-2.5-"),
        ("?to=gpt-image-2&as_of=2020-01-01", 400, "as_of must be today or a day such as"),
        ("?to=gpt-image-2&as_of=2024-01-01", 400, "gpt-image-2 came on 2026-04-21"),
        ("?to=gpt-image-2&request=req_0", 404, "The journal has no request 'req_0'"),
        ("?on=gpt-image-2", 400, "There is no parameter 'on' here; there is sandbox, to, as_of"),
    ],
)
def test_what_can_not_be_judged_is_refused(query: str, status: int, message: str) -> None:
    of = client()
    generate(of, prompt="a fox")
    answer = of.get(f"/_mock/migration{query}", headers=HERE)
    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith(message)


def test_a_sandbox_is_judged_by_what_it_is_set_to() -> None:
    of = client()
    of.post("/_mock/sandbox", json={"tier": "free", "as_of": "2026-06-01"}, headers=HERE)
    generate(of, model="gpt-image-1-mini", prompt="a fox")
    found = told(of, "?to=gpt-image-2")
    assert found["day"] == "2026-06-01"
    assert [m["limited"] for m in found["moves"]] == ["tier free does not have gpt-image-2"]


def test_the_setting_is_the_model_where_the_query_names_none() -> None:
    of = client(lint_against="gpt-image-2")
    generate(of, prompt="a fox")
    assert told(of)["to"] == "gpt-image-2"
    assert told(of, "?to=dall-e-3")["to"] == "dall-e-3"


# -- in a terminal -----------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*arguments])
    return done.exit_code, done.output


def test_the_commands_tell_of_a_server_and_of_a_file(tmp_path: Path) -> None:
    file = str(tmp_path / "run.json")
    with ImagesMock() as mock:
        generate_on(mock, {"prompt": "a fox", "size": "256x256"})
        code, text = run("explain", "last", "--on", "gpt-image-2", "--url", mock.address)
        assert code == 0
        assert "moving from dall-e-2 to gpt-image-2: 1 of 1 request would be refused" in text
        code, text = run("explain", "last", "--on", "gpt-imge-2", "--url", mock.address)
        assert (code, "did you mean gpt-image-2?" in text) == (4, True)
        assert run("journal", "save", file, "--url", mock.address)[0] == 0
        of_server = run("migrate", "--to", "gpt-image-2", "--url", mock.address)
    of_file = run("migrate", "--to", "gpt-image-2", "--journal", file)
    assert of_file == of_server
    assert of_file[0] == 0
    told_as_json = run("migrate", "--to", "gpt-image-2", "--journal", file, "--format", "json")[1]
    assert json.loads(told_as_json)["refused"] == 1
    earlier = run("migrate", "--to", "dall-e-3", "--journal", file, "--as-of", "2024-01-01")[1]
    assert "(by the rules of 2024-01-01)" in earlier
    code, text = run("migrate", "--to", "gpt-imge-2", "--journal", file)
    assert (code, "did you mean gpt-image-2?" in text) == (2, True)
    code, text = run("migrate", "--to", "x", "--journal", file, "--key", "sk-mock-me")
    assert (code, "leave it out with --journal" in text) == (2, True)


def generate_on(mock: ImagesMock, body: dict[str, Any]) -> None:
    from urllib.request import Request, urlopen

    head = {"Authorization": "Bearer sk-mock-me", "Content-Type": "application/json"}
    asked = Request(f"{mock.url}/images/generations", json.dumps(body).encode(), head)
    with urlopen(asked, timeout=60) as answer:
        assert answer.status == 200


def test_a_file_of_another_kind_of_server_keeps_its_terms(tmp_path: Path) -> None:
    file = str(tmp_path / "run.json")
    with ImagesMock(as_of="2026-06-01", tier="1", limits="1/min") as mock:
        generate_on(mock, {"model": "gpt-image-1-mini", "prompt": "a fox", "quality": "low"})
        assert run("journal", "save", file, "--url", mock.address)[0] == 0
    text = run("migrate", "--to", "gpt-image-2", "--journal", file)[1]
    assert "(by the rules of 2026-06-01)" in text


@pytest.mark.parametrize("wrong", [5, {"as-of": "nonsense"}, {"as-of": 5}, {"tier": "99"}])
def test_settings_in_a_file_that_no_server_has_are_told_and_no_error_of_ours(
    tmp_path: Path, wrong: Any
) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"images_mock_journal": 1, "settings": wrong}))
    code, text = run("migrate", "--to", "gpt-image-2", "--journal", str(file))
    assert code == 2
    assert text.startswith("images-mock: the journal")
