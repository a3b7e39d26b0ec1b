"""A server in a thread, for tests in any framework."""

from __future__ import annotations

import httpx2
import pytest

from mockserver.config import ConfigError
from mockserver.testing import ImagesMock


def test_two_servers_in_one_process_share_nothing() -> None:
    asked = {"prompt": "x"}
    headers = {"Authorization": "Bearer sk-mock-me"}
    with ImagesMock(limits="1/min") as one, ImagesMock(limits="1/min") as two:
        for mock in (one, two):
            answers = [
                httpx2.post(f"{mock.url}/images/generations", json=asked, headers=headers)
                for _ in range(2)
            ]
            assert [a.status_code for a in answers] == [200, 429]


def test_it_may_be_stopped_before_it_was_started_and_twice() -> None:
    mock = ImagesMock()
    mock.stop()
    mock.stop()


def test_a_setting_that_is_wrong_is_named_as_it_was_given() -> None:
    with pytest.raises(ConfigError, match=r"port \('x'\) must be a number .* set by call"):
        ImagesMock(port="x")
