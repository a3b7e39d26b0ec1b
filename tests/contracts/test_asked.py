"""What a request asks for is read, whatever a server took for good."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.checks.asked import asked
from contracts.exchange import json_request
from tests.contracts.told import exchange


@pytest.mark.parametrize(
    ("n", "pictures"),
    [(2, 2), (6.0, 6), (None, 1), ("3", 3), ("AAA", 1), ([], 1), ({"a": 1}, 1), (-1, 1), (1.5, 1)],
)
def test_a_number_that_is_none_is_read_as_one_picture(n: Any, pictures: int) -> None:
    body = {"prompt": "x", "model": "dall-e-2", "n": n}
    found = asked(exchange(json_request("POST", "/images/generations", body)), None)
    assert found is not None
    assert found.n == pictures
