"""Azure's rates, and what else of a sandbox counts on its paths: budget, rules, journal."""

from __future__ import annotations

import pytest

from mockserver.clock import ManualClock
from tests.azure import HERE, PREVIEW, Azure, asks, last
from tests.conftest import error


def test_each_deployment_takes_six_requests_a_minute_however_many_pictures(
    azure: Azure, clock: ManualClock
) -> None:
    client = azure(deployment=["a=gpt-image-2", "b=gpt-image-2"])
    told = [asks(client, "a", n=2).headers["x-ratelimit-remaining-requests"] for _ in range(6)]
    assert told == ["5", "4", "3", "2", "1", "0"]
    refused = asks(client, "a")
    assert (refused.status_code, error(refused)["code"]) == (429, "RateLimitReached")
    assert error(refused)["message"].startswith("Your requests to a for gpt-image-2 in East US 2")
    assert (
        f"ImageGenerations_Create under Azure OpenAI API version {PREVIEW}. Please retry"
        in (error(refused)["message"])
    )
    assert "Please retry after 10 seconds." in error(refused)["message"]
    assert refused.headers["retry-after"] == "10"
    assert refused.headers["retry-after-ms"] == "10000"
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert refused.headers["x-ratelimit-limit-requests"] == "6"
    assert last(client)["scripted"]
    assert asks(client, "b").status_code == 200
    clock.advance(9.5)
    assert "Please retry after 1 second." in error(asks(client, "a"))["message"]
    clock.advance(0.5)
    assert asks(client, "a").status_code == 200


def test_v1_and_azure_take_nothing_from_each_other(azure: Azure) -> None:
    client = azure()
    body = {"prompt": "x", "model": "gpt-image-2", "quality": "low", "size": "1024x1024"}
    for _ in range(5):
        answer = client.post("/v1/images/generations", json=body, headers={"Authorization": "Bearer sk-mock-me"})  # fmt: skip
        assert answer.status_code == 200
    assert asks(client).headers["x-ratelimit-remaining-requests"] == "5"


@pytest.mark.parametrize(
    ("settings", "passed"), [({"limits": "2/min"}, 2), ({"tier": "off"}, 8), ({"tier": "5"}, 6)]
)
def test_the_rate_is_that_of_the_settings(
    azure: Azure, settings: dict[str, str], passed: int
) -> None:
    client = azure(**settings)
    answers = [asks(client).status_code for _ in range(8)]
    assert answers == [200] * passed + [429] * (8 - passed)


def test_the_budget_is_one_for_both(azure: Azure) -> None:
    client = azure()
    client.put("/_mock/ledger", json={"budget_usd": 0.001}, headers=HERE)
    assert error(asks(client))["code"] == "credit_balance_exhausted"


# -- rules, words, journal --------------------------------------------------------------------


def test_the_journal_tells_the_path_as_sent_the_operation_the_model_and_the_deployment(
    azure: Azure,
) -> None:
    client = azure(deployment="art=gpt-image-2")
    asks(client, "art")
    told = last(client)
    assert told["path"] == "/openai/deployments/art/images/generations"
    assert (told["operation"], told["fields"]["model"]) == ("images.generate", "gpt-image-2")
    assert "deployment art: gpt-image-2" in told["trace"]
    assert told["usd"] > 0


def test_rules_and_magic_words_count(azure: Azure) -> None:
    rule = {"when": {"model": "gpt-image-2"}, "then": {"error": "overloaded"}, "times": 1}
    client = azure(rules=[rule])
    assert asks(client).status_code == 429
    assert asks(client).status_code == 200
    assert error(asks(client, prompt="mock:refuse"))["code"] == "content_policy_violation"


def test_two_attempts_are_one_call_and_those_at_two_deployments_two(azure: Azure) -> None:
    client = azure(deployment=["a=gpt-image-2", "b=gpt-image-1.5"], rules=[{"then": {"error": "overloaded"}, "times": 2}])  # fmt: skip
    for retry, where in (("0", "a"), ("1", "a"), ("0", "b")):
        client.headers["x-stainless-retry-count"] = retry
        asks(client, where)
    told = client.get("/_mock/requests", headers=HERE).json()["requests"]
    assert [request["retries"] for request in told] == [0, 1, 0]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("prompt", "content_policy_violation"),
        ("description", "content_policy_violation"),
        ("picture", "contentFilter"),
    ],
)
def test_refusals_are_in_azure_s_forms(azure: Azure, what: str, code: str) -> None:
    client = azure(rules=[{"then": {"refuse": what}}])
    refused = asks(client)
    assert (refused.status_code, error(refused)["code"]) == (400, code)
    if code == "contentFilter":
        assert list(refused.json()) == ["created", "error"]
    else:
        inner = error(refused)["inner_error"]
        assert inner["code"] == "ResponsibleAIPolicyViolation"
        assert ("revised_prompt" in inner) == (what == "description")
