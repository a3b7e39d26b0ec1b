"""What a client has of what it paid for, over sockets: received, lost, or not paid at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

import httpx2
import openai
import pytest

from mockserver.core.rules.effects import AFTER_HEAD, IN_PICTURE, UNSEEN
from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock
from tests.streaming import STREAM
from tests.test_streams import until

PICTURE: dict[str, Any] = {"model": "dall-e-2", "prompt": "a fox", "size": "256x256"}
PRICE = 0.016
LOSSES = (*UNSEEN, AFTER_HEAD, IN_PICTURE)
#: What the SDK raises of each, by its name; and the status and the end that the journal has.
SEEN = {
    "before_head": ("APIConnectionError", 499, "cut"),
    "after_head": ("APIConnectionError", 200, "cut"),
    "in_picture": ("APIConnectionError", 200, "cut"),
    "gateway_timeout": ("InternalServerError", 504, None),
    "timeout": ("APITimeoutError", 499, "left"),
}


def requests(box: Sandbox) -> list[dict[str, Any]]:
    return list(box._remote.ask("GET", "requests")["requests"])


def ends(box: Sandbox) -> list[tuple[Any, ...]]:
    """Status, what was paid, what of that came, and how it ended, of each request."""
    found = requests(box)
    return [(r["status"], r["usd"], r.get("paid"), r.get("ended")) for r in found]


def sums(box: Sandbox) -> tuple[float, float, float]:
    """What was spent, received, lost."""
    told = box._remote.ask("GET", "ledger")
    rows = {kind: sum(r["usd"] for r in told["requests"] if r["paid"] == kind) for kind in KINDS}
    assert rows == {kind: pytest.approx(told[f"{kind}_usd"]) for kind in KINDS}
    return told["spent_usd"], told["received_usd"], told["lost_usd"]


KINDS = ("received", "lost")


@pytest.fixture
def hasty(sdk: openai.OpenAI) -> openai.OpenAI:
    """An SDK that waits a moment, and tries once: for answers that never come."""
    return sdk.with_options(timeout=0.3)


@pytest.fixture
def losing(sdk: openai.OpenAI, hasty: openai.OpenAI, how: str) -> openai.OpenAI:
    """An SDK that loses an answer, however slow the machine is where another comes."""
    return hasty if how == "timeout" else sdk


@pytest.fixture
def lines(server: ImagesMock) -> Iterator[Callable[[str, str, Any], HTTPConnection]]:
    """Sends requests that nobody waits for yet."""
    opened: list[HTTPConnection] = []

    def ask(key: str, path: str, body: Any) -> HTTPConnection:
        line = HTTPConnection(server.address.removeprefix("http://"), timeout=20)
        opened.append(line)
        method = "GET" if body is None else "POST"
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        line.request(method, path, body if body is None else json.dumps(body), headers)
        return line

    yield ask
    for line in opened:
        line.close()


# -- what is lost ------------------------------------------------------------------------------


def test_a_picture_that_came_is_paid_and_received(box: Sandbox, sdk: openai.OpenAI) -> None:
    sdk.images.generate(**PICTURE)
    assert ends(box) == [(200, PRICE, "received", None)]
    assert sums(box) == (PRICE, PRICE, 0)


@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.parametrize("form", ["url", "b64_json"])
def test_a_rule_loses_an_answer_that_is_paid_for(
    box: Sandbox, losing: openai.OpenAI, how: str, form: Any
) -> None:
    box.next.lose(how)
    with pytest.raises(openai.OpenAIError) as seen:
        losing.images.generate(**PICTURE, response_format=form)
    name, status, ended = SEEN[how]
    assert type(seen.value).__name__ == name
    assert until(lambda: ends(box) == [(status, PRICE, "lost", ended)]), ends(box)
    assert sums(box) == (PRICE, 0, PRICE)
    assert f"lose.{how}" in requests(box)[0]["effects"]


@pytest.mark.parametrize("how", LOSSES)
def test_a_retry_of_the_sdk_pays_twice_and_the_assertion_says_so(
    box: Sandbox, sdk: openai.OpenAI, hasty_once: httpx2.Client, how: str
) -> None:
    box.next.lose(how)
    trying = sdk.with_options(max_retries=1)
    if how == "timeout":
        trying = trying.with_options(http_client=hasty_once)
    assert trying.images.generate(**PICTURE).data
    assert until(lambda: len(requests(box)) == 2)
    first, second = sorted(requests(box), key=lambda r: r["time"])
    assert (first["paid"], second["paid"], second["status"]) == ("lost", "received", 200)
    assert sums(box) == (2 * PRICE, PRICE, PRICE)
    with pytest.raises(AssertionError) as found:
        box.assert_nothing_paid_twice()
    said = str(found.value)
    for part in (first["id"], second["id"], "$0.016 lost", "$0.016 received", "$0.032", "a fox"):
        assert part in said
    assert "no idempotency key" in said
    assert f"lose.{how}" in said


def test_what_is_lost_without_a_retry_and_asked_on_purpose_twice_is_nothing_paid_twice(
    box: Sandbox, sdk: openai.OpenAI
) -> None:
    for _ in range(2):
        sdk.images.generate(**PICTURE)
    box.next.lose()
    with suppress(openai.APIConnectionError):
        sdk.images.generate(**PICTURE | {"prompt": "another"})
    box.next.rate_limit()
    sdk.with_options(max_retries=1).images.generate(**PICTURE | {"prompt": "refused once"})
    assert sums(box) == (4 * PRICE, 3 * PRICE, PRICE)
    box.assert_nothing_paid_twice()


def test_a_loop_of_the_programs_own_pays_twice_as_well(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.lose("after_head", times=2)
    for _ in range(3):
        with suppress(openai.APIConnectionError):
            sdk.images.generate(**PICTURE)
    with pytest.raises(AssertionError, match=r"one call, \$0.032 of it") as found:
        box.assert_nothing_paid_twice()
    assert str(found.value).count("lost: ") == 2


@pytest.mark.parametrize("how", LOSSES)
def test_a_stream_is_lost_and_paid_for(box: Sandbox, losing: openai.OpenAI, how: str) -> None:
    box.next.lose(how)
    seen: list[str] = []
    with pytest.raises((openai.OpenAIError, httpx2.HTTPError, OSError, ValueError)):  # noqa: PT012
        for event in losing.images.generate(**STREAM):
            seen.append(event.type)  # noqa: PERF401 - it breaks off
    assert not [kind for kind in seen if kind.endswith("completed")]
    assert bool(seen) == (how == IN_PICTURE)
    assert until(lambda: [e[2:] for e in ends(box)] == [("lost", SEEN[how][2])]), ends(box)


@pytest.mark.filterwarnings("ignore:deprecated")  # the SDK says so of variations
def test_a_lost_edit_and_a_lost_variation_are_paid_for(box: Sandbox, sdk: openai.OpenAI) -> None:
    from tests.edits import encoded, scene

    picture = encoded(scene(64, 64, 90).convert("RGBA"))
    box.on().lose("in_picture")
    with suppress(openai.APIConnectionError):
        sdk.images.edit(image=picture, prompt="x", model="dall-e-2", size="256x256")
    with suppress(openai.APIConnectionError):
        sdk.images.create_variation(image=picture, size="256x256")
    assert [e[2:] for e in ends(box)] == [("lost", "cut")] * 2


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", LOSSES)
def test_a_picture_of_the_responses_api_is_lost_and_paid_for(
    box: Sandbox, losing: openai.OpenAI, how: str, stream: bool
) -> None:
    box.next.lose(how)
    tool: Any = {"type": "image_generation", "quality": "low", "size": "1024x1024"}
    with suppress(openai.OpenAIError, httpx2.HTTPError, OSError):
        answer: Any = losing.responses.create(
            model="gpt-5", input="a fox", tools=[tool], stream=stream
        )
        assert not [e for e in answer if e.type == "response.completed"]
    assert until(lambda: bool(ends(box)))
    assert until(lambda: ends(box)[0][2:] == ("lost", SEEN[how][2])), ends(box)
    assert ends(box)[0][1] > 0


def test_what_is_refused_is_not_lost(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.limits(0)
    box.on().lose("after_head")
    with pytest.raises(openai.RateLimitError):
        sdk.images.generate(**PICTURE)
    assert ends(box) == [(429, 0, None, None)]
    assert sums(box) == (0, 0, 0)


# -- what other effects cost -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "paid"),
    [
        ({"disconnect": 0}, "lost"),
        ({"disconnect": 40}, "lost"),
        ({"disconnect": 9_999_999}, "received"),
        ({"bad_json": True}, "lost"),
        ({"pictures": 0}, "lost"),
        ({"picture": "truncated"}, "received"),
        ({"error": "internal"}, None),
        ({"gateway": 504}, None),
        ({"respond": 200}, None),
        ({"delay": 9, "error": "internal"}, None),
        ({"delay": 9, "gateway": 504}, None),
        ({"delay": 9}, "lost"),
        ({"stall": True}, "lost"),
    ],
    ids=json.dumps,
)
def test_what_an_effect_costs(
    box: Sandbox, lines: Callable[..., HTTPConnection], then: Any, paid: str | None
) -> None:
    box.next.then(**then)
    line = lines(box.api_key, "/v1/images/generations", PICTURE)
    with closing(line), suppress(HTTPException, OSError):
        if "delay" in then or "stall" in then:
            assert until(lambda: box._rules()[0]["fired"] == 1)
        else:
            line.getresponse().read()
    assert until(lambda: [e[2] for e in ends(box)] == [paid]), ends(box)
    assert ends(box)[0][1] == (PRICE if paid else 0)
    assert sums(box)[1:] == tuple(PRICE if paid == kind else 0 for kind in KINDS)


@pytest.mark.parametrize(
    ("stream", "paid", "ended"),
    [
        ({"events": [0]}, "lost", None),
        ({"events": [0], "end": "break"}, "lost", "cut"),
        ({"events": [0, "internal"]}, "lost", None),
        ({"end": "cut"}, "lost", None),
        ({"end": "no_blank_line"}, "received", None),
        ({"end": "break"}, "received", "cut"),
        ({"as_json": True}, "received", None),
    ],
    ids=json.dumps,
)
def test_a_stream_is_received_with_its_first_whole_picture(
    box: Sandbox, sdk: openai.OpenAI, stream: Any, paid: str, ended: str | None
) -> None:
    box.next.stream(**stream)
    with suppress(openai.OpenAIError, httpx2.HTTPError, ValueError):
        list(sdk.images.generate(**STREAM))
    assert until(lambda: [e[2:] for e in ends(box)] == [(paid, ended)]), ends(box)


def test_who_leaves_a_stream_behind_its_picture_has_received_it(
    box: Sandbox, sdk: openai.OpenAI
) -> None:
    box.next.stream(["completed"], end="stall")
    stream = sdk.images.generate(**STREAM)
    next(iter(stream))
    assert ends(box)[0][2:] == ("received", None)
    stream.close()
    assert until(lambda: ends(box)[0][2:] == ("received", "left"))
    assert box._remote.ask("GET", "ledger")["lost_usd"] == 0


# -- who leaves --------------------------------------------------------------------------------


@pytest.mark.parametrize("abandoned", ["paid", "unpaid"])
@pytest.mark.parametrize("then", [{"delay": 20}, {"stall": True}, None], ids=str)
def test_who_leaves_before_the_answer_pays_or_not_as_it_is_set(
    box: Sandbox, hasty: openai.OpenAI, abandoned: Any, then: Any
) -> None:
    box.begin(per_minute=1000, abandoned=abandoned, latency=None if then else "20s")
    if then:
        box.next.then(**then)
    with pytest.raises(openai.APITimeoutError):
        hasty.images.generate(**PICTURE)
    is_paid = abandoned == "paid"
    wanted = (499, PRICE, "lost", "left") if is_paid else (499, 0, None, "left")
    assert until(lambda: ends(box) == [wanted]), ends(box)
    assert sums(box) == ((PRICE, 0, PRICE) if is_paid else (0, 0, 0))
    assert box.requests[0].milliseconds >= 20  # of 300, of which a busy machine reads late
    box.begin()


def test_what_a_rule_loses_is_paid_for_whatever_is_set(box: Sandbox, hasty: openai.OpenAI) -> None:
    box.begin(per_minute=1000, abandoned="unpaid")
    box.next.lose("timeout")
    with pytest.raises(openai.APITimeoutError):
        hasty.images.generate(**PICTURE)
    assert until(lambda: ends(box) == [(499, PRICE, "lost", "left")]), ends(box)


def test_who_leaves_takes_from_the_limit_and_the_budget_what_it_would_have_got(
    box: Sandbox, sdk: openai.OpenAI, hasty: openai.OpenAI
) -> None:
    box.begin(per_minute=1, budget_usd=PRICE)
    box.on().stall(times=2)
    for _ in range(2):
        with pytest.raises(openai.APITimeoutError):
            hasty.images.generate(**PICTURE)
    assert until(lambda: len(ends(box)) == 2)
    assert sorted(e[1] for e in ends(box)) == [0, PRICE]  # the second would have been refused
    with pytest.raises(openai.BadRequestError, match="limit"):
        sdk.images.generate(**PICTURE)
    assert sums(box) == (PRICE, 0, PRICE)


def test_the_server_can_be_told_that_nobody_pays_for_what_is_left() -> None:
    with ImagesMock(abandoned="unpaid") as mock:
        images = mock.sandbox().begin()
        images.on().stall()
        with (
            openai.OpenAI(
                base_url=images.url, api_key=images.api_key, timeout=0.2, max_retries=0
            ) as client,
            pytest.raises(openai.APITimeoutError),
        ):
            client.images.generate(**PICTURE)
        assert until(lambda: ends(images) == [(499, 0, None, "left")])


def test_calls_under_way_together_are_no_retries_of_one_another(
    box: Sandbox, hasty: openai.OpenAI
) -> None:
    box.on().lose("timeout", times=2)

    def ask() -> None:
        with suppress(openai.APITimeoutError):
            hasty.images.generate(**PICTURE)

    together = [threading.Thread(target=ask) for _ in range(2)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert until(lambda: len(requests(box)) == 2)
    assert sums(box) == (2 * PRICE, 0, 2 * PRICE)
    box.assert_nothing_paid_twice()
