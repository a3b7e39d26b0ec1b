"""A server in a thread, for tests in any framework."""

from __future__ import annotations

import httpx2
import pytest

from mockserver.client.sandbox import ControlError
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


def test_it_hands_out_the_sandbox_of_a_key() -> None:
    with ImagesMock() as mock:
        images = mock.sandbox("sk-mock-kim").begin()
        assert (images.url, images.api_key) == (mock.url, "sk-mock-kim")
        images.next.refuse()
        for key, status in (("sk-mock-kim", 400), ("sk-mock-lee", 200)):
            headers = {"Authorization": f"Bearer {key}"}
            answer = httpx2.post(
                f"{mock.url}/images/generations", json={"prompt": "x"}, headers=headers
            )
            assert answer.status_code == status
        images.assert_called_once(prompt="x")


def test_a_sandbox_of_a_server_that_has_stopped_says_so() -> None:
    with ImagesMock() as mock:
        images = mock.sandbox().begin()
    with pytest.raises(
        ControlError, match=r"no images-mock answers GET /_mock/requests at .*Start it"
    ):
        images.assert_not_called()
