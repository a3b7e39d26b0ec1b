"""/v1/organization: reports of what keys used and cost, and who gets them."""

from __future__ import annotations

from base64 import b64decode
from struct import unpack
from typing import Any

import pytest
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from tests.conftest import Api, generate

USAGE, COSTS = "/v1/organization/usage/images", "/v1/organization/costs"
ME = {"Authorization": "Bearer sk-mock-admin-me"}
MIDNIGHT, HOUR, DAY = 1_743_379_200, 3600, 86_400  # where the tests' clock begins
Buckets = list[dict[str, Any]]


def report(client: TestClient, path: str, start: int = MIDNIGHT, **asked: Any) -> dict[str, Any]:
    answer = client.get(path, params={"start_time": start} | asked, headers=ME)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def buckets(client: TestClient, path: str, start: int = MIDNIGHT, **asked: Any) -> Buckets:
    found: Buckets = report(client, path, start, **asked)["data"]
    return found


def results(client: TestClient, path: str, start: int = MIDNIGHT, **asked: Any) -> Buckets:
    return [r for bucket in buckets(client, path, start, **asked) for r in bucket["results"]]


@pytest.fixture
def client(api: Api) -> TestClient:
    return api(tier="off")


# -- as recorded -------------------------------------------------------------------------------


def test_a_day_without_pictures_is_answered_as_it_was_recorded(
    api: Api, clock: ManualClock
) -> None:
    clock.advance(1_738_951_473.2 - MIDNIGHT)
    answer = api(as_of="2025-02-07").get(USAGE, params={"start_time": 1738865073}, headers=ME)
    assert answer.text == (
        '{\n  "object": "page",\n  "data": [\n'
        '    {\n      "object": "bucket",\n      "start_time": 1738865073,\n'
        '      "end_time": 1738886400,\n      "results": []\n    },\n'
        '    {\n      "object": "bucket",\n      "start_time": 1738886400,\n'
        '      "end_time": 1738951473,\n      "results": []\n    }\n  ],\n'
        '  "has_more": false,\n  "next_page": null\n}\n'
    )


@pytest.mark.parametrize("path", [USAGE, COSTS])
@pytest.mark.parametrize("end", [MIDNIGHT - DAY, MIDNIGHT + 1, MIDNIGHT + HOUR])
def test_nothing_is_between_a_start_and_an_end_that_is_no_later(
    client: TestClient, path: str, end: int
) -> None:
    generate(client, model="dall-e-2")
    found = report(client, path, MIDNIGHT + HOUR, end_time=end)
    assert (found["data"], found["has_more"]) == ([], False)


def test_costs_have_the_recorded_keys_and_whole_days(api: Api, clock: ManualClock) -> None:
    clock.advance(1_738_951_475 - MIDNIGHT)
    client = api(as_of="2025-02-07")
    generate(client, model="dall-e-2", n=3, size="512x512")
    found = report(client, COSTS, 1738865075)
    assert list(found) == ["object", "has_more", "next_page", "data"]
    assert [(b["start_time"], b["end_time"]) for b in found["data"]] == [
        (1738800000, 1738886400),
        (1738886400, 1738972800),
    ]
    [cost] = found["data"][1]["results"]
    assert list(cost) == ["object", "amount", "line_item", "project_id", "organization_id"]
    assert cost["amount"] == {"value": 0.054, "currency": "usd"}
    assert cost["organization_id"].startswith("org-")
    assert (cost["line_item"], cost["project_id"]) == (None, None)


def test_results_of_usage_have_the_recorded_keys(client: TestClient) -> None:
    generate(client, model="dall-e-2", n=2)
    generate(client, model="dall-e-3")
    assert results(client, USAGE) == [
        {
            "object": "organization.usage.images.result",
            "images": 3,
            "num_model_requests": 2,
            "size": None,
            "source": None,
            "project_id": None,
            "user_id": None,
            "api_key_id": None,
            "model": None,
        }
    ]
    assert list(results(client, USAGE)[0])[:5] == [
        *("object", "images", "num_model_requests", "size", "source"),
    ]


# -- buckets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "seconds"), [("1d", DAY), ("1h", HOUR), ("1m", 60)])
def test_buckets_are_cut_where_utc_cuts_them(
    client: TestClient, clock: ManualClock, width: str, seconds: int
) -> None:
    clock.advance(seconds * 1.5)
    begin = MIDNIGHT + seconds // 3
    found = buckets(client, USAGE, begin, bucket_width=width)
    middle, end = MIDNIGHT + seconds, MIDNIGHT + seconds + seconds // 2
    spans = [(bucket["start_time"], bucket["end_time"]) for bucket in found]
    assert spans == [(begin, middle), (middle, end)]


def test_a_request_is_in_the_bucket_of_its_moment_by_the_sandbox_s_clock(
    client: TestClient,
) -> None:
    client.post(
        "/_mock/sandbox", json={"standing": True}, headers={"Mock-Sandbox-Key": "sk-mock-me"}
    )
    for hours in (0, 23, 1):
        moved = {"hours": hours}
        client.post("/_mock/clock/advance", json=moved, headers={"Mock-Sandbox-Key": "sk-mock-me"})
        generate(client, model="dall-e-2")
    counts = [[r["images"] for r in b["results"]] for b in buckets(client, USAGE)]
    assert counts == [[2], [1]]


def test_what_is_asked_for_in_the_second_of_the_start_is_reported(client: TestClient) -> None:
    generate(client, model="dall-e-2")
    [found] = buckets(client, USAGE)
    assert (found["start_time"], found["end_time"]) == (MIDNIGHT, MIDNIGHT + 1)
    assert found["results"]


def test_an_end_is_exclusive(client: TestClient, clock: ManualClock) -> None:
    for _ in range(3):
        generate(client, model="dall-e-2")
        clock.advance(10)
    assert results(client, USAGE, MIDNIGHT, end_time=MIDNIGHT + 20)[0]["images"] == 2
    assert results(client, USAGE, MIDNIGHT + 1)[0]["images"] == 2
    assert results(client, USAGE, MIDNIGHT + 20, end_time=MIDNIGHT + 20) == []


# -- pages -------------------------------------------------------------------------------------


def test_pages_go_on_where_the_last_one_ended_though_time_goes_on(
    client: TestClient, clock: ManualClock
) -> None:
    clock.advance(4.5 * DAY)
    starts, asked = [], {"limit": 2}
    for has_more in (True, True, False):
        page = report(client, USAGE, **asked)
        starts += [b["start_time"] for b in page["data"]]
        assert page["has_more"] is has_more
        asked = {"limit": 2, "page": page["next_page"]}
        clock.advance(DAY)
    assert starts == [MIDNIGHT + day * DAY for day in range(5)]
    assert page["next_page"] is None


def test_a_cursor_is_made_as_the_reference_s_own(client: TestClient, clock: ManualClock) -> None:
    clock.advance(3 * DAY + 0.25)
    cursor = report(client, COSTS, limit=1)["next_page"]
    assert cursor.startswith("page_")
    packed = unpack(">qiq", b64decode(cursor[5:]))
    assert packed == (MIDNIGHT + 3 * DAY, 250_000_001, MIDNIGHT + DAY)


@pytest.mark.parametrize(
    ("path", "width", "usual", "most"),
    [(USAGE, "1d", 7, 31), (USAGE, "1h", 24, 168), (USAGE, "1m", 60, 1440), (COSTS, "1d", 7, 180)],
)
def test_a_page_has_as_many_buckets_as_its_width_may(
    client: TestClient, path: str, width: str, usual: int, most: int
) -> None:
    of_width = {"bucket_width": width}
    assert len(buckets(client, path, 0, **of_width)) == usual
    assert len(buckets(client, path, 0, **of_width, limit=most)) == most
    asked = of_width | {"start_time": 0, "limit": most + 1}
    refused = client.get(path, params=asked, headers=ME)
    assert refused.json()["error"]["code"] == "integer_above_max_value"
    assert f"<= {most}" in refused.json()["error"]["message"]


# -- groups and filters ------------------------------------------------------------------------


def test_usage_is_grouped_by_whatever_is_named(client: TestClient) -> None:
    generate(client, model="dall-e-2", size="256x256", n=2)
    generate(client, model="dall-e-2", size="512x512")
    generate(client, model="dall-e-3")
    grouped: dict[str, Any] = {"group_by[]": ["size", "model"]}
    told = [
        (r["model"], r["size"], r["images"], r["source"]) for r in results(client, USAGE, **grouped)
    ]
    assert told == [
        ("dall-e-3", "1024x1024", 1, None),
        ("dall-e-2", "256x256", 2, None),
        ("dall-e-2", "512x512", 1, None),
    ]
    [every] = results(client, USAGE, group_by=["source", "project_id", "user_id", "api_key_id"])
    assert (every["source"], every["images"]) == ("image.generation", 4)
    ids = (every["project_id"][:5], every["user_id"][:5], every["api_key_id"][:4])
    assert ids == ("proj_", "user-", "key_")


@pytest.mark.parametrize(
    ("only", "images"),
    [
        ({"models": ["dall-e-3"]}, [1]),
        ({"sizes[]": ["256x256", "512x512"]}, [3]),
        ({"sources": "image.edit"}, []),
        ({"sources": ["image.edit", "image.generation"]}, [4]),
        ({"api_key_ids": "key_of_others"}, []),
        ({"models": "dall-e-2", "sizes": "512x512"}, [1]),
    ],
)
def test_usage_is_of_what_is_asked_for_alone(
    client: TestClient, only: dict[str, Any], images: list[int]
) -> None:
    generate(client, model="dall-e-2", size="256x256", n=2)
    generate(client, model="dall-e-2", size="512x512")
    generate(client, model="dall-e-3")
    assert [r["images"] for r in results(client, USAGE, **only)] == images


def test_lines_of_costs_are_named_as_bills_name_them(api: Api, clock: ManualClock) -> None:
    clock.advance(600 * DAY)
    client, start = api(tier="off"), MIDNIGHT + 600 * DAY
    generate(client, model="dall-e-2", size="512x512", n=2)
    generate(client, model="gpt-image-2", size="1024x1024", quality="low", n=2)
    found = results(client, COSTS, start, group_by="line_item")
    told = [
        (r["line_item"], r["quantity"], r["quantity_unit"], r["amount"]["value"]) for r in found
    ]
    ledger = client.get("/_mock/ledger", headers={"Mock-Sandbox-Key": "sk-mock-me"}).json()
    assert [line[:3] for line in told] == [
        ("dall-e-2", 2, "images"),
        ("gpt-image-2 image, output", 392, "tokens"),
        ("gpt-image-2 text, input", 14, "tokens"),
    ]
    assert round(sum(line[3] for line in told), 6) == ledger["spent_usd"]
    [one] = results(client, COSTS, start, line_items="gpt-image-2 image, output")
    assert (one["amount"]["value"], one["line_item"], one["quantity"]) == (told[1][3], None, None)


def test_refused_requests_cost_and_count_nothing(client: TestClient) -> None:
    for prompt in ("mock:429", "mock:500", "mock:refuse", "mock:usage-limit"):
        assert generate(client, prompt=prompt).status_code >= 400
    assert generate(client, n=100).status_code == 400
    assert results(client, USAGE) == results(client, COSTS) == []


# -- who asks ----------------------------------------------------------------------------------


def test_a_key_that_is_not_of_the_organization_is_told_which_scope_it_lacks(
    client: TestClient,
) -> None:
    for query in ("", f"?start_time={MIDNIGHT}"):  # a wrong query is not looked at
        answer = client.get(f"{COSTS}{query}")
        assert answer.status_code == 403
        assert answer.json()["error"].startswith(
            "You have insufficient permissions for this operation. Missing scopes: api.usage.read."
        )
        assert answer.text.startswith('{"error":"You')


def test_no_key_is_told_so(client: TestClient) -> None:
    answer = client.get(COSTS, headers={"Authorization": ""})
    assert answer.status_code == 401


def test_a_key_of_the_organization_gets_no_pictures(client: TestClient) -> None:
    for key in ("sk-mock-admin", "sk-mock-admin-me"):
        answer = generate(client, key=key)
        assert answer.status_code == 401
        assert "Missing scopes: model.request." in answer.json()["error"]["message"]
    assert results(client, USAGE) == []


def test_an_organization_is_one_key_s_or_all_keys_of_the_server(client: TestClient) -> None:
    for key, n in (("sk-mock-me", 1), ("sk-mock-you", 2), ("sk-mock-tier5-she", 4)):
        assert generate(client, key=key, n=n, model="dall-e-2").status_code == 200
    counted = {}
    for key in ("admin-me", "admin-you", "admin-tier5-she", "admin-nobody", "admin"):
        headers = {"Authorization": f"Bearer sk-mock-{key}"}
        answer = client.get(USAGE, params={"start_time": MIDNIGHT}, headers=headers)
        counted[key] = sum(r["images"] for b in answer.json()["data"] for r in b["results"])
    assert [*counted.values()] == [1, 2, 4, 0, 7]
    everyone = {"Authorization": "Bearer sk-mock-admin"}
    query = f"start_time={MIDNIGHT}&group_by=api_key_id"
    [bucket] = client.get(f"{USAGE}?{query}", headers=everyone).json()["data"]
    assert sorted(r["images"] for r in bucket["results"]) == [1, 2, 4]


def test_the_journal_tells_a_report_among_the_key_s_requests(client: TestClient) -> None:
    report(client, USAGE)
    last = client.get("/_mock/requests/last", headers={"Mock-Sandbox-Key": "sk-mock-me"}).json()
    assert (last["operation"], last["status"]) == ("organization.usage.images", 200)


# -- wrong questions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "code", "param"),
    [
        ({}, "missing_required_parameter", "start_time"),
        ({"start_time": "today"}, "invalid_type", "start_time"),
        ({"start_time": -1}, "integer_below_min_value", "start_time"),
        ({"start_time": 10**15}, "integer_above_max_value", "start_time"),
        ({"start_time": 1, "end_time": "x"}, "invalid_type", "end_time"),
        ({"start_time": 1, "limit": 0}, "integer_below_min_value", "limit"),
        ({"start_time": 1, "bucket_width": "1w"}, "invalid_value", "bucket_width"),
        ({"start_time": 1, "group_by": "size,model"}, "invalid_value", "group_by"),
        ({"start_time": 1, "sources": "image.edits"}, "invalid_value", "sources"),
        ({"start_time": 1, "page": "page_2"}, "invalid_value", "page"),
        ({"start_time": 1, "page": "page_" + "A" * 28}, "invalid_value", "page"),
        ({"start_time": 1, "page": "é"}, "invalid_value", "page"),
    ],
)
def test_a_wrong_question_is_refused(
    client: TestClient, asked: dict[str, Any], code: str, param: str
) -> None:
    answer = client.get(USAGE, params=asked, headers=ME)
    assert answer.status_code == 400
    told = answer.json()["error"]
    assert (told["code"], told["param"]) == (code, param)


def test_costs_have_no_hours(client: TestClient) -> None:
    told = client.get(f"{COSTS}?start_time=1&bucket_width=1h", headers=ME).json()["error"]
    assert told["message"] == "Invalid value: '1h'. Value must be '1d'."


def test_before_its_day_there_was_no_report(api: Api) -> None:
    assert (
        api(as_of="2024-06-01").get(COSTS, params={"start_time": 1}, headers=ME).status_code == 404
    )
