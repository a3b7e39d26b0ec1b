"""One server, any day: what follows from --as-of beside the words of errors."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import ConfigError, config_of, configured, resolve
from tests.conftest import Api, error, generate
from tests.in_process import client_of
from tests.test_records import png

VARIATIONS = "/v1/images/variations"
NOON = 43_200


def at(day: str, clock: ManualClock | None = None, **chosen: Any) -> TestClient:
    """A client of a server as of `day`; the clock stands at noon of that day unless given."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() + NOON
    settings = {"log_format": "none", "as_of": day} | chosen
    app = create_app(configured(**settings), clock=clock or ManualClock(start))
    return client_of(app)


def headers_at(day: str) -> list[tuple[str, str]]:
    return [(n, v) for n, v in generate(at(day)).headers.multi_items() if n != "content-length"]


def test_a_request_id_is_bare_until_its_prefix_was_first_seen() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", dict(headers_at("2024-02-26"))["x-request-id"])
    assert re.fullmatch(r"req_[0-9a-f]{32}", dict(headers_at("2024-02-27"))["x-request-id"])


@pytest.mark.parametrize(
    ("servers", "own", "prefix"),
    [("2025-03-31", "2023-02-01", ""), ("2023-02-01", "2025-03-31", "req_")],
)
def test_a_request_id_has_the_form_of_its_sandbox_s_day(
    servers: str, own: str, prefix: str
) -> None:
    client, here = at(servers), {"Mock-Sandbox-Key": "sk-mock-me"}
    client.post("/_mock/sandbox", headers=here, json={"as_of": own})
    for told in (generate(client), generate(client, n=0)):
        found = told.headers["x-request-id"]
        assert re.fullmatch(prefix + "[0-9a-f]{32}", found)
        records = client.get("/_mock/requests", headers=here).json()["requests"]
        assert found in [record["id"] for record in records]


@pytest.mark.parametrize(
    ("day", "names"),
    [
        ("2022-11-03", []),
        ("2025-05-01", ["x-content-type-options"]),
        ("2025-08-01", ["openai-project", "x-content-type-options"]),
    ],
)
def test_headers_came_one_by_one(day: str, names: list[str]) -> None:
    always = ["content-type", "openai-version", "openai-organization", "x-request-id"]
    found = [name for name, _ in headers_at(day)]
    assert sorted(found) == sorted([*always, "openai-processing-ms", *names])


def test_exposed_headers_are_two_lines_and_a_web_page_gets_its_own() -> None:
    name = "access-control-expose-headers"
    api = at("2026-06-01")
    assert generate(api).headers.get_list(name) == ["CF-Ray", "X-Request-ID"]
    page = api.post("/v1/images/generations", headers={"Origin": "http://localhost:3000"})
    assert len(page.headers.get_list(name)) == 1


def test_an_unknown_caller_has_neither_organization_nor_project() -> None:
    refused = at("2025-08-01").post("/v1/images/generations", json={"prompt": "x"})
    assert refused.status_code == 401
    assert not {"openai-organization", "openai-project"} & refused.headers.keys()


def test_bodies_lose_their_last_newline_with_dialect_b_but_variations_keep_it() -> None:
    key = {"Authorization": "Bearer sk-mock-me"}
    for day, newline in (("2025-03-31", True), ("2025-06-15", False)):
        assert generate(at(day)).content.endswith(b"\n  ]\n}\n") is newline
        files = {"image": ("a.png", png(), "image/png")}
        made = at(day).post(VARIATIONS, files=files, headers=key)
        assert made.status_code == 200
        assert made.content.endswith(b"\n  ]\n}\n")


@pytest.mark.parametrize("day", ["2022-11-10", "2025-06-15"])
def test_created_is_the_second_of_the_answer(day: str) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() + NOON
    assert generate(at(day)).json()["created"] == start


@pytest.mark.parametrize(
    ("day", "version"),
    [("2022-11-03", "2021-08-06"), ("2025-06-01", "2024-08-04"), ("2026-03-31", "2026-02-06")],
)
def test_a_url_is_of_its_day_and_can_be_downloaded(day: str, version: str) -> None:
    api = at(day)
    url = generate(api).json()["data"][0]["url"]
    assert f"&sv={version}&" in url
    picture = api.get(url)
    assert picture.status_code == 200
    assert picture.headers["x-ms-version"] == version


BOTH_2 = ["gpt-image-2", "gpt-image-2-2026-04-21"]
BOTH_2_5 = [
    f"gpt-image-2.5-{name}{day}" for name in ("sunburst", "flare") for day in ("", "-2026-09-08")
]


@pytest.mark.parametrize(
    ("day", "models"),
    [
        ("2022-11-03", []),
        ("2023-11-06", ["dall-e-2", "dall-e-3"]),
        ("2025-04-23", ["dall-e-2", "dall-e-3", "gpt-image-1"]),
        ("2026-12-01", [*BOTH_2, *BOTH_2_5, "gpt-image-2.6-sunburst", "gpt-image-2.6-flare"]),
    ],
)
def test_models_come_and_go(day: str, models: list[str]) -> None:
    key = {"Authorization": "Bearer sk-mock-me"}
    listed = at(day).get("/v1/models", headers=key).json()["data"]
    assert [m["id"] for m in listed] == models
    found = at(day).get("/v1/models/dall-e-2", headers=key)
    assert found.status_code == (200 if "dall-e-2" in models else 404)


def test_a_mask_was_required_at_first() -> None:
    key = {"Authorization": "Bearer sk-mock-me"}
    files = {"image": ("a.png", png(), "image/png")}
    asked: dict[str, Any] = {"files": files, "data": {"prompt": "x"}, "headers": key}
    refused = at("2022-12-19").post("/v1/images/edits", **asked)
    assert error(refused)["message"] == "'mask' is a required property"
    assert at("2022-12-20").post("/v1/images/edits", **asked).status_code == 200


def test_today_follows_the_clock() -> None:
    last = datetime(2026, 5, 11, 23, 59, 59, tzinfo=UTC).timestamp()
    clock = ManualClock(last)
    api = at("2026-05-11", clock, as_of="today")
    assert generate(api, model="dall-e-2").status_code == 200
    clock.advance(1)
    refused = generate(api, model="dall-e-2")
    assert error(refused)["message"] == "The model 'dall-e-2' does not exist."


def test_without_a_date_the_day_is_2025_03_31_whatever_the_clock(api: Api) -> None:
    clock = ManualClock(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
    late = client_of(create_app(configured(log_format="none"), clock=clock))
    answer = generate(late, model="dall-e-2", quality="standard")
    assert answer.status_code == 200
    assert answer.headers["mock-warning"].startswith("dall-e-2 was shut down on 2026-05-12")


def test_a_date_brings_the_sizes_of_the_api_unless_others_are_asked_for() -> None:
    assert generate(at("2024-01-01"), size="1536x1024").status_code == 400
    assert generate(at("2024-01-01", sizes="page"), size="1536x1024").status_code == 200


@pytest.mark.parametrize("text", ["2022-11-02", "yesterday", "2025-13-01", "20250101", "31.3.2025"])
def test_a_day_that_is_none_is_refused_with_the_fix(text: str) -> None:
    with pytest.raises(ConfigError, match=r"as-of .* must be today or a day such as 2023-12-01"):
        configured(as_of=text)


def test_the_help_names_the_day() -> None:
    assert "Rules of the day: 2023-12-01." in at("2023-12-01").get("/").text
    assert "Rules of the day: today's." in at("2023-12-01", as_of="today").get("/").text


def later(day: str, **chosen: Any) -> TestClient:
    """A server as of 2024-01-01 whose clock shows another day."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    return at("2024-01-01", ManualClock(start), **chosen)


def test_what_is_refused_today_is_answered_with_the_reason_and_the_fix() -> None:
    answer = generate(later("2025-06-15"), model="dall-e-2", quality="standard")
    said = answer.headers["mock-warning"]
    assert said == "Unknown parameter: 'quality'. Leave out 'quality'.; dall-e-2 ignores 'quality'"


def test_what_is_right_today_too_carries_no_warning() -> None:
    assert "mock-warning" not in generate(later("2025-06-15"), model="dall-e-2").headers


def test_the_log_says_it_once_for_each_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    api = later("2026-06-01", log_format="json")
    for key in ("sk-mock-a", "sk-mock-b", "sk-mock-a"):
        assert generate(api, key=key).status_code == 200
    warned = [line for line in capsys.readouterr().err.splitlines() if "WARNING" in line]
    assert len(warned) == 2


def test_a_path_that_ended_is_warned_of() -> None:
    files = {"image": ("a.png", png(), "image/png")}
    key = {"Authorization": "Bearer sk-mock-me"}
    made = later("2026-06-01").post(VARIATIONS, files=files, headers=key)
    assert made.headers["mock-warning"].startswith("dall-e-2 was shut down")


def test_a_warning_is_one_line_whatever_a_part_says_of_itself() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n'
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        b"Content-Type: image/png\nx-evil: 1\r\n\r\n" + png() + b"\r\n--x--\r\n"
    )
    headers = {"Authorization": "Bearer k", "Content-Type": "multipart/form-data; boundary=x"}
    answer = later("2025-07-01").post("/v1/images/edits", content=body, headers=headers)
    assert answer.status_code == 200
    assert "\\n" in answer.headers["mock-warning"]


def test_the_file_may_have_the_day_as_toml_writes_days(tmp_path: Path) -> None:
    (tmp_path / "images-mock.toml").write_text("as-of = 2025-06-15\n")
    values = resolve(flags={}, environment={}, directory=tmp_path)
    assert config_of(values).as_of == date(2025, 6, 15)


@pytest.mark.parametrize("names", [("image", "image[]"), ("image[]", "image")])
def test_dialect_b_takes_no_list_of_images_in_either_order(names: tuple[str, str]) -> None:
    files = [(name, ("a.png", png(), "image/png")) for name in names]
    key = {"Authorization": "Bearer sk-mock-me"}
    asked: dict[str, Any] = {"files": files, "data": {"prompt": "x"}, "headers": key}
    refused = at("2025-06-15").post("/v1/images/edits", **asked)
    said = "Invalid type for 'image': expected a file, but got an array instead."
    assert error(refused)["message"] == said
