"""Numbers beyond reason in headers, in magic words, and from Python: passed over, or named."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from mockserver.client.connection import ControlError
from mockserver.core.decoding import RuleError
from mockserver.core.downloads import _positions
from mockserver.core.rules.magic_words import Words
from mockserver.facts import load
from mockserver.handle import Sandbox
from tests.beyond import BEYOND_PYTHON, IN_TEXTS, OTHER_DIGITS, strict
from tests.conftest import GENERATIONS, Api, generate
from tests.test_control import HERE

HUGE = 10**5_000
EFFECTS = {name: word.then for name, word in load().magic_words.items()}
WORDS = Words(EFFECTS)
WITH_VALUE = [name for name, then in EFFECTS.items() if "$" in then.values()]


@pytest.mark.parametrize("name", ["x-stainless-retry-count", "content-length", "x-ms-range", "age"])
def test_a_number_in_a_header_spoils_nothing(api: Api, name: str) -> None:
    client = api()
    for text in IN_TEXTS:
        sent = {name: text.encode("latin-1", "backslashreplace")}
        answer = client.post(GENERATIONS, json={"prompt": "x"}, headers=sent)  # type: ignore[arg-type]
        assert answer.status_code in (200, 413), (text, answer.text)
        strict(answer.text)
    strict(client.get("/_mock/requests?raw=true", headers=HERE).text)
    assert generate(client).status_code == 200


@pytest.mark.parametrize("digits", [*OTHER_DIGITS, "+1", "-1", "1_0", "1e3", "nan", BEYOND_PYTHON])
def test_a_range_of_no_plain_digits_gets_the_whole_picture(digits: str) -> None:
    for text in (f"bytes={digits}-", f"bytes=0-{digits}", f"bytes=-{digits}"):
        found = _positions(text, 100)
        assert found is None or found == range(99, 100), text  # "--1" is no range; "-1" one byte


@pytest.mark.parametrize("word", WITH_VALUE)
@pytest.mark.parametrize("value", [t for t in IN_TEXTS if t.strip() == t and t])
def test_a_magic_word_with_no_time_is_none(word: str, value: str) -> None:
    rule = WORDS.rule(f"a fox mock:{word}={value}")
    right = {"1.0": 1.0, "1.5": 1.5, "1,5": 1.0}  # a comma ends it
    assert (rule.then.delay if rule else None) == right.get(value)


@pytest.mark.parametrize("times", ["0", "-1", "١", "1١", "1e3", "1_0", "99999", BEYOND_PYTHON])
def test_a_magic_word_counts_in_plain_digits(times: str) -> None:
    rule = WORDS.rule(f"mock:429x{times}")
    assert rule is None or rule.times is None


CALLS: dict[str, Callable[[Sandbox, Any], object]] = {
    "tier": lambda box, value: box.begin(tier=value),
    "seed": lambda box, value: box.begin(seed=value),
    "per_minute": lambda box, value: box.begin(per_minute=value),
    "budget_usd": lambda box, value: box.begin(budget_usd=value),
    "budget_day_usd": lambda box, value: box.budget(day=value),
    "seconds": lambda box, value: box.clock.advance(value),
    "when.call": lambda box, value: box.on(call=value).quota(),
    "then.delay": lambda box, value: box.next.delay(value),
    "retry_after": lambda box, value: box.next.rate_limit(retry_after=value),
    "times": lambda box, value: box.next.quota(times=value),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("value", [math.nan, math.inf, HUGE], ids=["nan", "inf", "huge"])
def test_a_number_from_python_that_json_has_not_is_named(
    box: Sandbox, name: str, value: Any
) -> None:
    if name == "seed" and value is not HUGE:
        return  # any text is one
    with pytest.raises((ControlError, RuleError), match=f"{name} must be "):
        CALLS[name](box, value)


def test_a_bound_that_is_no_number_is_not_kept(box: Sandbox) -> None:
    with pytest.raises(AssertionError):
        box.assert_spent_at_most(math.nan)
