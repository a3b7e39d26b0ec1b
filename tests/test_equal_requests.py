"""A body is read once for all equal ones: what else decides an answer is looked at each time."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.core.dialects import validator_of
from mockserver.core.journal import Record
from mockserver.facts import load, read_from
from mockserver.request.reading import KEPT, LIGHT, SMALL, read
from tests.conftest import GENERATIONS, Api, error, generate
from tests.test_facts_directory import MODEL, ask, written

VALIDATOR = validator_of(load(), load().operations["images.generate"], page_sizes=True)
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}


def control(client: TestClient, path: str, **body: Any) -> None:
    answer = client.post(f"/_mock/{path}", headers=HERE, json=body)
    assert answer.status_code in (200, 201), answer.text


def code(client: TestClient, **body: Any) -> str:
    """The picture's code, which stands for its pixels; or the status of a refusal."""
    answer = generate(client, size="256x256", response_format="b64_json", **body)
    if answer.status_code != 200:
        return str(answer.status_code)
    found: str = answer.json()["data"][0]["b64_json"]
    return found[-40:] + str(len(found)) + str(hash(found))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: control(c, "rules", then={"quota": True}),
        lambda c: control(c, "sandbox", seed="another"),
        lambda c: control(c, "sandbox", as_of="2026-08-30"),
        lambda c: control(c, "sandbox", budget_usd=0.0),
        lambda c: c.put("/_mock/limits", headers=HERE, json={"per_minute": 0}),
        lambda c: control(c, "rules", then={"picture": "wrong_format"}),
    ],
    ids=["rule", "seed", "day", "budget", "limit", "picture"],
)
def test_what_changes_an_answer_changes_that_of_a_body_that_is_known(
    api: Api, change: Callable[[TestClient], Any]
) -> None:
    client = api()
    before = code(client)
    assert code(client) == before
    change(client)
    assert code(client) != before
    control(client, "sandbox")
    client.delete("/_mock/rules", headers=HERE)
    assert code(client) == before


def test_each_of_two_days_has_its_own_refusal_of_one_body(api: Api) -> None:
    early, late = api(as_of="2023-02-01"), api(as_of="2025-06-15")
    body = {"quality": "standard", "size": "256x256"}
    told = [error(generate(client, **body))["message"] for client in (early, late) * 2]
    assert told[:2] == told[2:]
    assert "Additional properties" in told[0]
    assert "Unknown parameter" in told[1]


def test_equal_requests_may_still_get_other_pictures(api: Api) -> None:
    client = api(repeats="vary")
    assert len({code(client) for _ in range(3)}) == 3


def test_a_body_that_is_known_meets_the_day_that_its_sandbox_was_moved_to(api: Api) -> None:
    client = api()
    control(client, "sandbox", as_of="2026-05-01")
    before = code(client)
    control(client, "clock/advance", seconds=30 * 86_400)  # past the model's last day
    assert before != code(client) == "400"
    control(client, "sandbox", as_of="2026-05-01")
    assert code(client) == before


def test_a_body_that_is_known_costs_what_each_sandbox_s_list_says(api: Api) -> None:
    client, paid = api(), []
    for prices in ("billing", "model-page", "billing"):
        control(client, "sandbox", prices=prices)
        assert generate(client).status_code == 200
        paid += [r["usd"] for r in client.get("/_mock/requests", headers=HERE).json()["requests"]]
    assert paid == [0.02, 0.016, 0.02]


def test_a_body_that_is_known_meets_the_limit_of_each_key_s_tier(api: Api) -> None:
    client = api()
    tiers = [generate(client, key=key).status_code for key in ("sk-mock-a", "sk-mock-free") * 2]
    assert tiers == [200, 429, 200, 429]


def test_a_body_that_is_known_is_read_by_the_facts_of_its_own_server(
    api: Api, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: read_from(None))
    clients = []
    for most in (50, 49):
        (directory := tmp_path / f"{most}").mkdir()
        models = MODEL.replace("length_max = 50", f"length_max = {most}")
        clients.append(api(as_of="2026-11-02", facts=str(written(directory, models=models))))
        assert ask(clients[-1], prompt="x" * 50).status_code == (200 if most == 50 else 400)
    assert [ask(client, prompt="x" * 50).status_code for client in clients * 2] == [200, 400] * 2


def test_fields_that_were_weighed_once_weigh_the_same_in_every_record() -> None:
    body = b'{"prompt": "%b"}' % (b"x" * 1000)
    asked = read("images.generate", "application/json", body).asked(VALIDATOR)
    known, other = (
        Record("", 0, "POST", "", fields=asked.fields, weight=weight)
        for weight in (asked.weight, None)
    )
    known.close()
    other.close()
    assert known.size == other.size > 1000


def test_every_key_has_its_own_journal_and_urls_for_one_body(api: Api, clock: ManualClock) -> None:
    client = api()
    answers = [generate(client, key=key) for key in ("sk-mock-a", "sk-mock-b", "sk-mock-a")]
    urls = [a.json()["data"][0]["url"] for a in answers]
    assert urls[0] == urls[2] != urls[1]
    clock.advance(5)
    assert generate(client, key="sk-mock-a").json()["created"] == answers[0].json()["created"] + 5
    for key, number in (("sk-mock-a", 3), ("sk-mock-b", 1)):
        found = client.get("/_mock/requests", headers={"Mock-Sandbox-Key": key}).json()["requests"]
        assert len(found) == number
        assert len({r["id"] for r in found}) == number


def test_the_same_bytes_of_another_type_are_read_anew(api: Api) -> None:
    client, body = api(), b'{"prompt": "x"}'
    for kind, status in [("application/json", 200), ("text/plain", 400), ("application/json", 200)]:
        answer = client.post(GENERATIONS, content=body, headers={"Content-Type": kind})
        assert answer.status_code == status


def test_a_refused_body_is_refused_again_in_the_same_words(api: Api) -> None:
    client = api()
    answers = [generate(client, n=11) for _ in range(3)]
    assert len({a.content for a in answers}) == 1
    assert answers[0].status_code == 400


def test_large_bodies_and_forms_are_not_kept() -> None:
    op = "images.generate"
    for body, kind, is_kept in [
        (b'{"prompt": "x"}', "application/json", True),
        (b'{"prompt": "%b"}' % (b"x" * SMALL), "application/json", False),
        (b"--x--", "multipart/form-data; boundary=x", False),
    ]:
        assert (read(op, kind, body) is read(op, kind, bytes(bytearray(body)))) is is_kept
    kind = "application/json"
    first = read(op, kind, b"0")
    assert read(op, kind, bytes(bytearray(b"0"))) is first
    for number in range(KEPT):
        read(op, kind, b"%d" % (number + 1))
    assert read(op, kind, b"0") is not first


@pytest.mark.parametrize(
    "junk",
    [
        ",".join(["[]"] * 2700),
        ",".join(['{"a":1}'] * 1000),
        ",".join(["[" * 900 + "]" * 900] * 4),
        '{"":' * 900 + "1" + "}" * 900,
        ",".join(f'"{number}"' for number in range(1100)),
        "{" + ",".join(f'"{number}":[]' for number in range(700)) + "}",
        '"' + "\N{FOX FACE}" + "x" * 8000 + '"',
    ],
    ids=["lists", "objects", "deep lists", "deep objects", "texts", "names", "wide text"],
)
def test_what_is_kept_of_a_body_has_a_bound_in_bytes_whatever_it_is_made_of(junk: str) -> None:
    number = 8
    gc.collect()
    tracemalloc.start()
    try:
        for i in range(number):
            body = f'{{"prompt":"{i} of {len(junk)}","x":[{junk}]}}'.encode()
            assert len(body) <= SMALL
            assert read("images.generate", "application/json", body).content
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / number < LIGHT


def test_a_long_prompt_with_many_commas_is_kept() -> None:
    body = b'{"prompt": "%b"}' % (b"a red fox, in the snow of the last winter, " * 90)
    kind = "application/json"
    assert read("images.generate", kind, body) is read(
        "images.generate", kind, bytes(bytearray(body))
    )
