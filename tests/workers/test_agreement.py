"""What workers agree on without a store: two applications over one memory, as if in two processes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from socket import socket

import pytest
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock, SystemClock
from mockserver.config import Config, ConfigError, configured
from mockserver.core.places import Place
from mockserver.request.worker import Worker
from mockserver.request.world import frame_of, store_of
from mockserver.server.workers import serve_together
from mockserver.store.opening import StateError, prepared
from mockserver.testing import ImagesMock
from tests.conftest import generate
from tests.in_process import client_of

NAMES = ("1", "2", "2.1")


def workers(**settings: str) -> list[TestClient]:
    """Clients of several workers of one start; the last is in the place of the one before it."""
    config, clock = configured(log_format="none", **settings), ManualClock()
    store = store_of(config, clock)
    found = []
    for name in NAMES:
        worker = Worker(name, 2, "a secret of all", 1_600_000_000 * 10**9)
        app = create_app(config, clock=clock, store=store, worker=worker)
        found.append(client_of(app, {"Authorization": "Bearer sk-mock-me"}))
        clock.advance(1)
    return found


def test_no_two_requests_have_one_id_and_a_second_start_gives_the_same_ones() -> None:
    def ids() -> Iterator[str]:
        for client in workers(limits="999/min"):
            for _ in range(5):
                yield generate(client).headers["x-request-id"]

    found = [*ids()]
    assert len({*found}) == len(found)
    assert found == [*ids()]


def test_all_tell_that_they_began_together() -> None:
    told = {str(client.get("/_mock/ready").json()["since"]) for client in workers()}
    assert told == {"1600000000.0"}


@pytest.mark.parametrize("settings", [{}, {"control_token": "hush", "host": "0.0.0.0"}])
def test_a_form_that_one_shows_another_takes_and_what_it_says_a_third_one_shows(
    settings: dict[str, str],
) -> None:
    first, second, third = workers(**settings)
    for client in (first, second, third):
        client.headers["Authorization"] = "Bearer hush"
    shown = first.get("/_mock/page/rules", headers={"Accept": "text/html"})
    token = re.search(r'name="token" value="([^"]+)"', shown.text)
    assert token
    asked = {"token": token[1], "do": "add-rule", "fault": "500"}
    moved = second.post("/_mock/page/rules", data=asked, follow_redirects=False)
    assert moved.status_code == 303
    told = third.get(moved.headers["location"], headers={"Accept": "text/html"})
    assert "Rule a1 was added." in told.text
    assert settings.get("control_token", "?") not in token[1]


def test_connections_are_divided_among_them_rounded_up() -> None:
    assert [Worker("1", number).share(10) for number in (1, 2, 3, 20)] == [10, 5, 4, 1]


def test_a_state_that_is_not_there_is_refused_by_name() -> None:
    config = configured(state="redis://user:hush@127.0.0.1:1", workers=2)
    said = (
        r"state \(redis://\*\*\*@127\.0\.0\.1:1\) can't be used: redis://127\.0\.0\.1:1: .*onnect"
    )
    with pytest.raises(ConfigError, match=said):
        store_of(config, SystemClock())
    with pytest.raises(StateError, match="can't be used"):
        prepared(config.state, frame_of(config))
    prepared(Place(), frame_of(config))


def test_a_system_that_can_not_fork_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with socket() as listener, pytest.raises(ConfigError, match=r"workers \(2\) needs a system"):
        serve_together(Config(workers=2), {}, listener, lambda: None)


def test_a_server_in_a_thread_is_in_one_process() -> None:
    with pytest.raises(ConfigError, match=r"workers \(3\) is for the command"):
        ImagesMock(workers=3, state="sqlite:mock.db")
    assert Config().workers == 1
