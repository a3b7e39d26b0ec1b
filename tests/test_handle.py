"""A sandbox from Python, against a real server: script, move time, look, assert."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from itertools import count
from pathlib import Path

import httpx2
import pytest

from mockserver.client.environment import variables
from mockserver.client.sandbox import RuleHandle, Sandbox, Script
from mockserver.core.rules.parser import RuleError
from mockserver.testing import ImagesMock

_numbers = count()
Post = Callable[..., httpx2.Response]


@pytest.fixture
def images(server: ImagesMock) -> Sandbox:
    return server.sandbox(f"sk-mock-handle-{next(_numbers)}").begin()


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client() as client:
        yield client


@pytest.fixture
def post(images: Sandbox, http: httpx2.Client) -> Post:
    """Sends one request, and no retry."""

    def send(**fields: object) -> httpx2.Response:
        body = {"prompt": "a red fox", "model": "dall-e-2", "size": "256x256"} | fields
        headers = {"Authorization": f"Bearer {images.api_key}"}
        return http.post(f"{images.url}/images/generations", json=body, headers=headers)

    return send


SCRIPTS: dict[str, Callable[[Script], RuleHandle]] = {
    "rate limit": lambda s: s.rate_limit(),
    "rate limit with a wait": lambda s: s.rate_limit(retry_after=20),
    "refusal": lambda s: s.refuse(),
    "refusal of the picture": lambda s: s.refuse("picture"),
    "quota": lambda s: s.quota(),
    "error": lambda s: s.error("overloaded"),
    "any answer": lambda s: s.respond(409, headers={"x-a": "b"}, body={"error": None}),
    "gateway": lambda s: s.gateway(),
    "gateway with a wait": lambda s: s.gateway(503, body="<p>", retry_after=20, as_date=True),
    "headers": lambda s: s.headers({"x-should-retry": "false"}),
    "fewer pictures": lambda s: s.pictures(0),
    "another form": lambda s: s.response_format("b64_json"),
    "several things": lambda s: s.then(error="internal", delay=1, image=b"GIF89a"),
    "delay": lambda s: s.delay(0.001),
    "stall": lambda s: s.stall(),
    "disconnect": lambda s: s.disconnect(),
    "disconnect in the body": lambda s: s.disconnect(after_bytes=10),
    "drip": lambda s: s.drip(100_000),
    "bad json": lambda s: s.bad_json(),
    "content type": lambda s: s.content_type("text/plain"),
    "truncated picture": lambda s: s.truncated_picture(),
    "picture of wrong size": lambda s: s.picture_of_wrong_size(),
    "picture of wrong format": lambda s: s.picture_of_wrong_format(),
    "expired url": lambda s: s.expired_url(),
    "image": lambda s: s.image(b"GIF89a"),
    "another download": lambda s: s.download(500, headers={"x-a": "b"}),
    "slow download": lambda s: s.download(delay="1s", drip=100, first=1),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_server_takes_every_rule_of_the_builder(
    images: Sandbox, http: httpx2.Client, name: str
) -> None:
    rule = SCRIPTS[name](images.on(prompt="a red fox"))
    assert (rule.fired, rule.name) == (0, "")
    with http.stream(  # the head of the answer is enough: a stall has none
        "POST",
        f"{images.url}/images/generations",
        json={"prompt": "another"},
        headers={"Authorization": f"Bearer {images.api_key}"},
    ) as answer:
        assert answer.status_code == 200
    assert rule.fired == 0
    assert len(images.unused_rules()) == 1
    rule.remove()
    assert images.unused_rules() == []


def test_next_fires_once_and_on_for_as_long_as_it_stays(images: Sandbox, post: Post) -> None:
    stays = images.on(contains="fox").refuse()
    once = images.next.rate_limit(retry_after=20)
    assert [post().status_code for _ in range(3)] == [429, 400, 400]
    assert (once.fired, stays.fired) == (1, 2)
    stays.remove()
    assert post().status_code == 200


def test_next_may_be_more_than_one(images: Sandbox, post: Post) -> None:
    images.next.error("internal", times=2)
    assert [post().status_code for _ in range(3)] == [500, 500, 200]


def test_a_rule_can_pick_the_call_and_every_field(images: Sandbox, post: Post) -> None:
    images.on(call=2, model="dall-e-*", n=1, size="256x256", operation="images.generate").refuse()
    assert [post().status_code for _ in range(3)] == [200, 400, 200]


def test_a_field_that_is_none_may_be_anything(images: Sandbox, post: Post) -> None:
    images.on(prompt=None, user=None, regex="^a red").refuse()
    assert post().status_code == 400


def test_an_image_may_be_given_by_its_path(
    images: Sandbox, post: Post, http: httpx2.Client, tmp_path: Path
) -> None:
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    images.next.image(tmp_path / "a.gif")
    assert http.get(post().json()["data"][0]["url"]).content == b"GIF89a"


WRONG: dict[str, tuple[Callable[[Sandbox], object], type[Exception], str]] = {
    "no such field": (lambda s: s.on(promt="x"), TypeError, "did you mean prompt"),  # type: ignore[call-arg]
    "a bare text": (lambda s: s.on("x"), TypeError, "for a part of it"),  # type: ignore[arg-type]
    "a bare number": (lambda s: s.next.rate_limit(2), TypeError, "or times=2"),  # type: ignore[arg-type]
    "a text for a number": (lambda s: s.assert_called("x"), TypeError, "or contains='x'"),  # type: ignore[arg-type]
    "two prompts": (lambda s: s.on(prompt="x", contains="x"), TypeError, "in one way, not by"),
    "no regex": (lambda s: s.on(regex="(").stall(), RuleError, "no regular expression"),
    "no such size": (lambda s: s.on(size="512").stall(), RuleError, "did you mean 512x512"),
    "no look at it": (lambda s: s.assert_not_called(operation="edit"), RuleError, "images.edit"),
    "no headers": (lambda s: s.next.headers(["x"]), RuleError, "a table of header names"),  # type: ignore[arg-type]
    "two statuses": (lambda s: s.next.download(500, respond=404), TypeError, "in one way"),
    "no such error": (lambda s: s.next.error("internl"), RuleError, "did you mean internal"),
    "no such stage": (lambda s: s.next.refuse("x"), RuleError, "prompt, description, picture"),
    "never": (lambda s: s.next.quota(times=0), RuleError, "times must be a whole number"),
    "assertion": (lambda s: s.assert_called(1, promt=""), TypeError, "did you mean prompt"),  # type: ignore[call-arg]
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_where_it_is_written(images: Sandbox, name: str) -> None:
    ask, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        ask(images)


def test_a_request_tells_all_about_itself(images: Sandbox, post: Post) -> None:
    images.next.rate_limit(name="busy")
    post(n=2, user="kim", response_format="b64_json")
    post(model="dall-e-3", size="1024x1024", quality="hd", style="natural")
    refused, passed = images.requests
    assert (refused.prompt, refused.model, refused.size, refused.n) == (
        *("a red fox", "dall-e-2", "256x256"),
        2,
    )
    assert (refused.user, refused.response_format, refused.image) == ("kim", "b64_json", None)
    assert refused.error
    assert (refused.status, refused.error.reason, refused.scripted) == (429, "rate_limited", True)
    assert (passed.quality, passed.style, passed.error, passed.scripted) == (
        *("hd", "natural"),
        *(None, False),
    )
    assert (passed.method, passed.path) == ("POST", "/v1/images/generations")
    assert passed.usd > refused.usd == 0
    assert passed.time >= refused.time
    assert len({refused, passed}) == 2  # they can be in sets
    assert any("busy" in decision for decision in refused.trace)


def test_values_of_another_type_are_no_texts(images: Sandbox, post: Post) -> None:
    assert post(prompt=5, n="x").status_code == 400
    [request] = images.requests
    assert (request.prompt, request.n, request.fields["prompt"]) == (None, None, 5)
    assert images.unexpected_errors() == [request]


def test_uploads_are_told_and_compared_by_content(
    images: Sandbox, http: httpx2.Client, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"no PNG")
    http.post(
        f"{images.url}/images/edits",
        data={"prompt": "x"},
        files={"image": b"no PNG"},
        headers={"Authorization": f"Bearer {images.api_key}"},
    )
    images.assert_called_once(image=tmp_path / "a.png", operation="images.edit")
    [request] = images.requests
    assert request.mask is None
    assert str(request.image) == "6 bytes, sha256 c0e40cde69ae…"
    with pytest.raises(AssertionError, match="≠ image: wanted 4 bytes, sha256 .*, got 6 bytes"):
        images.assert_called(image=b"nope")


def test_time_stands_still_until_it_is_moved(images: Sandbox) -> None:
    now = images.clock.now
    assert images.clock.now == now
    after = images.clock.advance(1.5, minutes=1, hours=1, days=1)
    assert images.clock.now == after == pytest.approx(now + 1.5 + 60 + 3_600 + 86_400)


def test_a_sandbox_can_begin_in_real_time(images: Sandbox) -> None:
    images.begin(real_time=True)
    before = images.clock.now
    while images.clock.now == before:
        pass


def test_a_sandbox_begins_with_its_options(images: Sandbox, post: Post) -> None:
    images.begin(as_of=date(2023, 12, 1), seed=7, per_minute=1, budget_usd=1)
    assert post().status_code == 200
    assert post().status_code == 429
    images.begin(tier="free")
    assert [r.status for r in images.requests] == []
    assert post().status_code == 429


def test_limits_and_budget_can_be_set_and_lifted(images: Sandbox, post: Post) -> None:
    images.limits(per_minute=1)
    assert [post().status_code for _ in range(2)] == [200, 429]
    images.refill()
    assert post().status_code == 200
    images.limits()
    images.budget(usd=images.spent)
    assert post().json()["error"]["code"] == "billing_hard_limit_reached"
    images.budget(usd=None)
    assert post().status_code == 200
    images.limits(tier="free")
    assert post().status_code == 429
    assert images.unexpected_errors() == []


def test_a_reset_empties_what_it_names(images: Sandbox, post: Post) -> None:
    images.next.refuse()
    images.on(prompt="never").refuse()
    post(), post()
    images.reset("requests")
    assert images.requests == []
    assert images.spent > 0
    assert len(images.unused_rules()) == 1
    images.reset()
    assert (images.spent, images.unused_rules()) == (0, [])


def test_downloads_are_counted_if_they_came_through(
    images: Sandbox, post: Post, http: httpx2.Client
) -> None:
    with pytest.raises(AssertionError, match="^expected at least 1 download, but saw 0$"):
        images.assert_downloaded()
    url = post().json()["data"][0]["url"]
    http.get(url)
    images.assert_downloaded()
    images.clock.advance(hours=2)
    http.get(url)
    images.assert_downloaded(times=1)
    assert [r.status for r in images.downloads] == [200, 403]
    with pytest.raises(AssertionError) as error:
        images.assert_downloaded(times=2)
    first, *seen = str(error.value).splitlines()
    assert first == "expected exactly 2 downloads, but 1 of 2 came through:"
    assert [line.split()[:2] for line in seen] == [["200", "GET"], ["403", "GET"]]


def test_a_retry_is_of_the_call_that_it_repeats(images: Sandbox, post: Post) -> None:
    images.next.error("overloaded")
    post()  # this client does not count: the same body over the same connection after a 429
    post()
    post()
    assert [[r.status for r in call] for call in images.calls] == [[429, 200], [200]]
    images.assert_called(2)
    with pytest.raises(AssertionError, match=r"saw 2 of 2 calls \(3 requests\)"):
        images.assert_called_once()


def test_other_requests_are_no_calls_but_are_shown(images: Sandbox, http: httpx2.Client) -> None:
    http.get(f"{images.url}/models", headers={"Authorization": f"Bearer {images.api_key}"})
    images.assert_not_called()
    with pytest.raises(
        AssertionError, match=r"saw 0 of 1 call; the closest:\n  200 GET /v1/models"
    ):
        images.assert_called()


def test_where_nothing_came_the_message_says_where_it_should(images: Sandbox) -> None:
    images.assert_not_called()
    images.assert_spent_at_most(0)
    with pytest.raises(AssertionError) as error:
        images.assert_called(2, prompt="x")
    assert str(error.value) == (
        "expected exactly 2 calls with prompt 'x', but no request at all has come to "
        f"{images.url} with this sandbox's key"
    )


def test_too_much_spent_shows_each_price(images: Sandbox, post: Post) -> None:
    post(), post(prompt="a second one", n=2), post(n=0)
    with pytest.raises(AssertionError) as error:
        images.assert_spent_at_most(0.04)
    first, *prices, _, list_ = str(error.value).splitlines()
    assert first == f"spent ${images.spent:g}, more than $0.04:"
    assert [line.split("$")[1].split()[0] for line in prices] == ["0.016", "0.032"]
    assert "billing" in list_


def test_failures_show_at_the_line_of_the_test(images: Sandbox) -> None:
    with pytest.raises(AssertionError) as error:
        images.assert_called_once()
    here, *inside = error.traceback
    assert not here.ishidden(error)
    assert [entry.ishidden(error) for entry in inside] == [True, True]


def test_two_keys_share_nothing(images: Sandbox, server: ImagesMock, post: Post) -> None:
    other = server.sandbox(f"{images.api_key}-other").begin()
    other.next.refuse()
    assert post().status_code == 200
    other.assert_not_called()
    assert len(other.unused_rules()) == 1
    images.assert_called_once()


def test_a_handle_may_be_used_by_many_threads(images: Sandbox, post: Post) -> None:
    seen: list[int] = []

    def look() -> None:
        seen.extend(len(images.requests) for _ in range(20))

    post()
    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 160


def test_the_environment_leads_a_program_to_the_sandbox(
    images: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.test")
    monkeypatch.delenv("no_proxy", raising=False)
    told = variables(images.url, images.api_key, os.environ)
    assert images.env == told
    assert told["NO_PROXY"] == "intranet.test,127.0.0.1,localhost"
    assert images.api_key in repr(images)


def test_an_address_may_be_told_with_the_path_of_the_api(server: ImagesMock) -> None:
    assert Sandbox(f"{server.url}/", "sk-mock-me").url == server.url


def test_an_address_may_be_told_without_its_scheme_as_the_command_takes_it() -> None:
    assert Sandbox("127.0.0.1:6780", "sk-mock-me").url == "http://127.0.0.1:6780/v1"


def test_a_handle_loads_no_server() -> None:
    program = "import sys, mockserver.client.sandbox; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ).stdout.split()
    assert not {"starlette", "uvicorn", "PIL", "faker", "asyncio", "click"} & set(loaded)


def test_a_request_that_outlives_its_test_is_late(images: Sandbox, post: Post) -> None:
    def ask() -> None:
        with suppress(httpx2.HTTPError):
            post()

    stalled = images.next.stall()
    thread = threading.Thread(target=ask)
    thread.start()
    while not stalled.fired:
        pass
    images.begin()
    thread.join()
    assert images.requests == []
    while not images.late:
        pass
    [late] = images.late
    assert late.prompt == "a red fox"
    lines = images.report().splitlines()
    assert lines[0] == "0 requests, spent $0.00"
    assert lines[1:] == ["late requests of an earlier test, not counted here:", f"  {late}"]
