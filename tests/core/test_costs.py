"""What a request costs: several buckets, prices by picture and by token, facts that lack some."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver import facts
from mockserver.core.charges import Costs, amount, charge
from mockserver.core.keys import Caller
from mockserver.core.limits import MINUTE, admit
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.account import Account, settle
from mockserver.facts import files
from mockserver.facts.costs import IMAGES, Limit, Price, check, limits_in, prices_in
from mockserver.facts.files import FactsError

TOKENS = "tokens"
MILLISECOND = 1_000_000
UNITS = st.sampled_from([IMAGES, TOKENS, "requests"])
LIMITS = st.dictionaries(UNITS, st.integers(0, 40), max_size=3).map(
    lambda found: tuple(Limit(unit, number) for unit, number in found.items())
)
CHARGES = st.dictionaries(UNITS, st.integers(0, 10))
BUDGETS = st.none() | st.integers(0, 40)
#: A charge, its price, and the nanoseconds since the one before.
ASKED = st.lists(st.tuples(CHARGES, st.integers(0, 9), st.integers(0, MINUTE)), max_size=20)


def after(account: Account, limits: tuple[Limit, ...], now: int) -> list[int]:
    """What is used of each bucket."""
    held = [account.buckets.get(("m", limit.unit)) for limit in limits]
    return [admit(b, limit, 0, now)[1].used for b, limit in zip(held, limits, strict=True)]


# -- several buckets and a budget --------------------------------------------------------------


@given(LIMITS, BUDGETS, ASKED)
def test_no_sequence_takes_more_than_a_bucket_or_the_budget_has(
    limits: tuple[Limit, ...], budget: int | None, asked: list[tuple[dict[str, int], int, int]]
) -> None:
    account, now = Account(), 0
    taken = dict.fromkeys((IMAGES, TOKENS, "requests"), 0)
    for cost, price, pause in asked:
        now += pause
        account, verdict = settle(
            account,
            "m",
            limits=limits,
            charge=cost,
            options=Options(budget=budget),
            amount=price,
            now=now,
        )
        for unit, number in cost.items():
            taken[unit] += number * verdict.admitted
        assert budget is None or account.spent <= budget
        for unit, a_minute in limits:
            assert taken[unit] * MINUTE <= a_minute * (MINUTE + now)


@given(LIMITS, BUDGETS, ASKED)
def test_a_refusal_takes_nothing_of_any_bucket_and_names_what_refused(
    limits: tuple[Limit, ...], budget: int | None, asked: list[tuple[dict[str, int], int, int]]
) -> None:
    account, now = Account(), 0
    for cost, price, pause in asked:
        now += pause
        before, used = account, after(account, limits, now)
        account, verdict = settle(
            account,
            "m",
            limits=limits,
            charge=cost,
            options=Options(budget=budget),
            amount=price,
            now=now,
        )
        if verdict.admitted:
            assert account.spent == before.spent + price
            continue
        assert account.spent == before.spent
        assert after(account, limits, now) == used
        if verdict.limit is None:
            assert budget is not None
            assert before.spent + price > budget
        else:
            assert verdict.used + cost[verdict.limit.unit] > verdict.limit.per_minute


@given(LIMITS, ASKED, CHARGES)
def test_who_waits_as_told_passes_every_bucket(
    limits: tuple[Limit, ...], asked: list[tuple[dict[str, int], int, int]], cost: dict[str, int]
) -> None:
    account, now = Account(), 0
    for taken, _, pause in asked:
        now += pause // 100
        account, _ = settle(
            account, "m", limits=limits, charge=taken, options=Options(), amount=0, now=now
        )
    account, verdict = settle(
        account, "m", limits=limits, charge=cost, options=Options(), amount=0, now=now
    )
    if verdict.admitted or verdict.wait_ms is None:
        return
    for early, admitted in ((1, False), (0, True)):
        then = now + (verdict.wait_ms - early) * MILLISECOND
        asked_again = settle(
            account, "m", limits=limits, charge=cost, options=Options(), amount=0, now=then
        )
        assert asked_again[1].admitted is admitted


def test_a_bucket_that_never_lets_pass_is_named_before_one_that_does_later() -> None:
    limits = (Limit(IMAGES, 5), Limit(TOKENS, 100))
    account, _ = settle(
        Account(), "m", limits=limits, charge=charge(5), options=Options(), amount=0, now=0
    )
    much = charge(1, {"text_input": 60, "image_output": 41})
    _, verdict = settle(
        account, "m", limits=limits, charge=much, options=Options(), amount=0, now=0
    )
    assert (verdict.limit, verdict.wait_ms) == (Limit(TOKENS, 100), None)


def test_each_model_has_buckets_of_its_own() -> None:
    account, limits = Account(), (Limit(IMAGES, 1),)
    for model in "ab":
        account, verdict = settle(
            account, model, limits=limits, charge=charge(1), options=Options(), amount=0, now=0
        )
        assert verdict.admitted


# -- whose limits count ------------------------------------------------------------------------

TABLE = {"m": {"1": (Limit(IMAGES, 5), Limit(TOKENS, 100)), "free": (Limit(IMAGES, 0),)}}
COSTS = Costs(TABLE, {}, tier="1", price_list="x")
BY_NUMBER = COSTS._replace(per_minute=7)


@pytest.mark.parametrize(
    ("costs", "key", "options", "expected"),
    [
        (COSTS, None, {}, [5, 100]),
        (COSTS, "free", {}, [0]),
        (COSTS, None, {"tier": "free"}, [0]),
        (COSTS, None, {"tier": "off"}, []),
        (COSTS, None, {"per_minute": 3}, [3, 100]),
        (COSTS, None, {"per_minute": 3, "tier": "off"}, [3]),
        (COSTS, None, {"per_minute": 0}, [0, 100]),
        (COSTS, "free", {"per_minute": 3}, [0]),
        (BY_NUMBER, None, {}, [7, 100]),
        (BY_NUMBER, "free", {}, [0]),
        (BY_NUMBER, None, {"per_minute": 3}, [3, 100]),
    ],
)
def test_the_keys_tier_goes_before_the_sandboxs_limit_and_that_before_the_servers(
    costs: Costs, key: str | None, options: dict[str, Any], expected: list[int]
) -> None:
    limits = costs.limits_of(Caller("", key), Options(**options), "m")
    assert [limit.per_minute for limit in limits] == expected


# -- prices ------------------------------------------------------------------------------------

BY_PICTURE = Price({("", "1x1"): 0.04, ("hd", "1x1"): 0.08}, {})
BY_TOKEN = Price({}, {"text_input": 5.0, "image_input": 10.0, "image_output": 40.0})


@pytest.mark.parametrize(
    ("price", "options", "n", "usage", "expected"),
    [
        (BY_PICTURE, {"size": "1x1"}, 3, {}, 120_000),
        (BY_PICTURE, {"size": "1x1", "quality": None}, 1, {}, 40_000),
        (BY_PICTURE, {"size": "1x1", "quality": "standard"}, 1, {}, 40_000),
        (BY_PICTURE, {"size": "1x1", "quality": "hd"}, 2, {"text_input": 9}, 160_000),
        (BY_TOKEN, {"size": "9x9"}, 2, {"text_input": 10, "image_output": 1056}, 42_290),
        (BY_TOKEN, {}, 1, {}, 0),
    ],
)
def test_a_price_is_a_function_of_options_pictures_and_tokens(
    price: Price, options: dict[str, Any], n: int, usage: dict[str, int], expected: int
) -> None:
    assert amount(price, options, n, usage) == expected


# -- facts that lack something -----------------------------------------------------------------

LIMIT_FILE: dict[str, Any] = {
    "tiers": ["free", "1"],
    "table": [
        {"id": "page", "model": "m", "images_per_minute": [0, 5], "tokens_per_minute": [0, 9]}
    ],
}
PRICE_FILE: dict[str, Any] = {
    "price": [
        {"list": "page", "model": "m", "usd": {"1x1": 0.1, "2x2": 0.2}},
        {"list": "page", "model": "by quality", "usd_low": {"1x1": 1}, "usd_high": {"1x1": 2}},
    ]
}


def test_every_column_of_a_minute_is_a_bucket() -> None:
    assert limits_in(LIMIT_FILE) == {
        "page": {
            "m": {
                "free": (Limit(IMAGES, 0), Limit(TOKENS, 0)),
                "1": (Limit(IMAGES, 5), Limit(TOKENS, 9)),
            }
        }
    }


def test_every_tier_size_and_quality_of_the_facts_has_its_limit_and_price() -> None:
    known = facts.load()
    assert {len(t) for m in known.limits.values() for t in m.values()} == {len(known.tiers)}
    hd = known.prices["billing"]["dall-e-3"].picture["hd", "1024x1792"]
    assert hd == 0.12


@pytest.mark.parametrize(
    ("model", "sizes", "qualities", "said"),
    [
        ("m", ["1x1", "3x3"], [], "prices.toml: list 'page' has no price of m for 3x3"),
        ("m", ["1x1"], ["hd"], ""),
        ("by quality", ["1x1"], ["low"], "limits.toml: table 'page' has no limit for by quality"),
        ("x", [], [], "limits.toml: table 'page' has no limit for x"),
    ],
)
def test_a_size_without_a_price_and_a_model_without_a_limit_fail_at_load(
    model: str, sizes: list[str], qualities: list[str], said: str
) -> None:
    try:
        check(limits_in(LIMIT_FILE), prices_in(PRICE_FILE), model, sizes, qualities)
    except FactsError as error:
        assert str(error) == said
    else:
        assert not said


@pytest.mark.parametrize(
    ("model", "qualities", "said"),
    [
        ("by quality", ["medium"], "prices.toml: list 'page' has no price of by quality for 1x1 medium"),
        ("by quality", ["low", "high"], ""),
        ("x", [], "prices.toml: list 'page' has no price of x for anything"),
    ],
)  # fmt: skip
def test_a_quality_and_a_model_without_a_price_fail_at_load(
    model: str, qualities: list[str], said: str
) -> None:
    try:
        check({}, prices_in(PRICE_FILE), model, ["1x1"], qualities)
    except FactsError as error:
        assert str(error) == said
    else:
        assert not said


def test_the_facts_do_not_load_where_a_size_has_no_price() -> None:
    def without_a_size(name: str) -> Mapping[str, Any]:
        file = deepcopy(files.file(name))
        if name == "prices":
            del file["price"][0]["usd"]["1024x1536"]
        return file

    said = "prices.toml: list 'model-page' has no price of dall-e-2 for 1024x1536"
    with patch.object(facts, "file", without_a_size), pytest.raises(FactsError, match=said):
        facts._of_period.__wrapped__(facts.first_day())


@pytest.mark.parametrize("column", [{}, {"images_per_minute": [5]}])
def test_a_tier_without_a_limit_fails_at_load(column: dict[str, Any]) -> None:
    file = deepcopy(LIMIT_FILE)
    file["table"] = [{"id": "page", "model": "m"} | column]
    with pytest.raises(FactsError, match=r"limits.toml: table 'page' needs for m .* free, 1"):
        limits_in(file)


def test_a_kind_of_tokens_without_a_price_fails_at_load() -> None:
    row = {"list": "page", "model": "m", "million": {"text_input": 5.0}}
    with pytest.raises(FactsError, match="has no price of m for all tokens: text_input, image_in"):
        prices_in({"price": [row]})
