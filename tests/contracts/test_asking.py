"""How a target is asked: time, waits, keys that are refused, clocks that are moved, lines that break."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from contracts.discretion import HIDDEN, Key
from contracts.exchange import Answer, Request, json_request
from contracts.target import A_MINUTE, Lost, NotObserved
from contracts.target.http import HttpTarget, Patience, wait_in
from contracts.target.opening import Opening, Terms
from mockserver.testing import ImagesMock
from tests.contracts.stand_in import MODELS, PICTURE, Answers, Reply, Sent, error, standing_in

KEY = "sk-canary-of-a-test"
MODELS_PLEASE = Request("GET", "/models")
PICTURE_PLEASE = json_request("POST", "/images/generations", {"prompt": "x"})
BUSY = error(429, "Rate limit reached", "rate_limit_exceeded", retry_after="7")


class Asked:
    """A target, what it was sent, and how long it waited."""

    def __init__(self, url: str, sent: list[Sent], patience: Patience) -> None:
        self.waited: list[float] = []
        self.sent = sent
        wait: Callable[[float], object] = self.waited.append
        self.target = HttpTarget(
            url, Key(KEY), None, now=lambda: 100.0, patience=patience, sleep=wait
        )


@pytest.fixture
def asked() -> Iterator[Callable[..., Asked]]:
    with ExitStack() as stack:

        def begun(answers: Answers, **patience: float) -> Asked:
            server = stack.enter_context(standing_in(answers))
            found = Asked(server.url, server.sent, Patience(**patience))
            stack.callback(found.target._line.close)
            return found

        yield begun


def in_turn(*replies: Reply | None) -> Answers:
    """These answers, and then the last of them again and again."""
    number = count()
    return lambda _: replies[min(next(number), len(replies) - 1)]


Begun = Callable[..., Asked]


def test_an_answer_comes_as_it_was_sent_and_without_the_key(asked: Begun) -> None:
    def echo(sent: Sent) -> Reply:
        told = (("X-Two", "1"), ("X-Two", "2"), ("X-Echo", sent.headers["authorization"]))
        return Reply(200, f'{{"key": "{sent.key}"}}'.encode(), told)

    one = asked(echo)
    answer = one.target.ask(MODELS_PLEASE).answer
    assert one.sent[0].key == KEY
    assert answer.body.decode() == f'{{"key": "{HIDDEN}"}}'
    own = [pair for pair in answer.headers if pair[0].startswith("x-")]
    assert own == [("x-two", "1, 2"), ("x-echo", f"Bearer {HIDDEN}")]


def test_the_key_is_the_one_that_the_request_names(asked: Begun) -> None:
    one = asked(lambda _: error(401, "no", "invalid_api_key"))
    for key in ("none", "bad"):
        assert one.target.ask(MODELS_PLEASE._replace(key=key)).answer.status == 401
    assert [sent.headers.get("authorization") for sent in one.sent] == [
        None,
        "Bearer sk-mock-revoked-contract",
    ]


def test_a_redirect_is_an_answer_and_is_not_followed(asked: Begun) -> None:
    one = asked(lambda _: Reply(307, b"", (("location", "/v1/other"),)))
    assert one.target.ask(MODELS_PLEASE).answer.status == 307
    assert len(one.sent) == 1


def test_a_told_wait_is_served_and_the_last_answer_counts(asked: Begun) -> None:
    one = asked(in_turn(BUSY, error(503, "busy", retry_after_ms="250"), PICTURE))
    assert one.target.ask(PICTURE_PLEASE).answer.status == 200
    assert one.waited == [7.0, 0.25]


def test_a_server_that_is_always_busy_is_waited_for_once_and_then_given_up(asked: Begun) -> None:
    one = asked(lambda _: BUSY)
    for _ in range(9):
        with pytest.raises(NotObserved, match="429: Rate limit reached"):
            one.target.ask(PICTURE_PLEASE)
    assert one.waited == [7.0, 7.0]
    with pytest.raises(Lost, match="nothing but 429, 10 times in a row"):
        one.target.ask(PICTURE_PLEASE)


def test_a_wait_that_is_too_long_is_not_served(asked: Begun) -> None:
    one = asked(lambda _: error(429, "later", retry_after="3600"))
    with pytest.raises(NotObserved, match="429: later"):
        one.target.ask(PICTURE_PLEASE)
    assert one.waited == []


def test_the_wait_of_a_key_that_meets_its_limit_is_not_served(asked: Begun) -> None:
    one = asked(lambda _: BUSY)
    for _ in range(20):
        assert one.target.ask(PICTURE_PLEASE._replace(key="limited")).answer.status == 429
    assert one.waited == []


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ((), None),
        ((("retry-after", "12"),), 12),
        ((("retry-after", "12"), ("retry-after-ms", "500")), 0.5),
        ((("retry-after", "Thu, 01 Jan 1970 00:02:10 GMT"),), 30),
        ((("retry-after", "soon"),), None),
        ((("retry-after", "-1"),), 0),
        ((("retry-after", "nan"),), None),
        ((("retry-after", "inf"),), None),
    ],
)
def test_a_wait_is_read_in_all_its_spellings(
    headers: tuple[tuple[str, str], ...], wait: float | None
) -> None:
    assert wait_in(Answer(429, headers, b""), now=100.0) == wait


def test_a_refused_key_ends_the_run(asked: Begun) -> None:
    one = asked(lambda _: error(401, f"Incorrect API key provided: {KEY}.", "invalid_api_key"))
    with pytest.raises(Lost, match="refuses the API key") as lost:
        one.target.ask(PICTURE_PLEASE)
    assert HIDDEN in str(lost.value)


def test_a_key_that_is_refused_everywhere_ends_the_run_whatever_the_words(asked: Begun) -> None:
    one = asked(lambda _: error(401, "go away"))
    with pytest.raises(Lost, match="refuses the API key"):
        one.target.ask(PICTURE_PLEASE)
    assert len(one.sent) == 2


def test_a_model_that_is_refused_with_401_is_not_the_key(asked: Begun) -> None:
    one = asked(lambda sent: MODELS if sent.method == "GET" else error(401, "no such model"))
    for _ in range(9):
        with pytest.raises(NotObserved, match="401: no such model"):
            one.target.ask(PICTURE_PLEASE)
    with pytest.raises(Lost, match="nothing but 401, 10 times in a row"):
        one.target.ask(PICTURE_PLEASE)


def test_another_organization_that_is_refused_is_not_the_key(asked: Begun) -> None:
    one = asked(lambda _: error(401, "other", "mismatched_organization"))
    request = MODELS_PLEASE._replace(headers=(("OpenAI-Organization", "org-other"),))
    assert one.target.ask(request).answer.status == 401


@pytest.mark.parametrize(
    ("status", "code"), [(429, "insufficient_quota"), (400, "billing_hard_limit_reached")]
)
def test_an_account_without_credit_ends_the_run(asked: Begun, status: int, code: str) -> None:
    one = asked(lambda _: error(status, "You exceeded your quota", code, retry_after="1"))
    with pytest.raises(Lost, match="no credit left for this key: You exceeded your quota"):
        one.target.ask(PICTURE_PLEASE)
    assert one.waited == []


def test_a_permission_that_is_lacking_is_not_observed(asked: Begun) -> None:
    one = asked(lambda _: error(403, "must be verified"))
    with pytest.raises(NotObserved, match="403: must be verified"):
        one.target.ask(PICTURE_PLEASE)


def test_a_line_that_breaks_off_is_an_answer_of_status_0(asked: Begun) -> None:
    one = asked(in_turn(None, MODELS))
    assert one.target.ask(MODELS_PLEASE).answer == Answer(0, (), b"")
    assert one.target.ask(MODELS_PLEASE).answer.status == 200


def test_a_server_that_has_gone_ends_the_run() -> None:
    with standing_in(lambda _: MODELS) as server:
        url = server.url
    target = HttpTarget(url, Key(KEY), None, now=lambda: 0.0)
    with pytest.raises(Lost, match=r"Nobody answers at .* any more: Connection refused"):
        target.ask(MODELS_PLEASE)


def test_a_server_that_hangs_is_not_observed_and_three_times_in_a_row_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        target = HttpTarget(url, Key(KEY), None, now=lambda: 0.0, patience=Patience(call=0.1))
        for _ in range(2):
            with pytest.raises(NotObserved, match=r"no whole answer within 0\.1 s"):
                target.ask(MODELS_PLEASE)
        with pytest.raises(Lost, match="hangs"):
            target.ask(MODELS_PLEASE)


def test_an_answer_without_an_end_counts_as_one_that_hangs(
    asked: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contracts.target.http.MOST", 3)
    one = asked(lambda _: MODELS)
    for _ in range(2):
        with pytest.raises(NotObserved, match="an answer of more than 3 bytes"):
            one.target.ask(MODELS_PLEASE)
    with pytest.raises(Lost, match=r"hangs: an answer of more than 3 bytes, 3 times in a row"):
        one.target.ask(MODELS_PLEASE)
    assert len(one.sent) == 3  # none of them twice


def test_a_run_has_an_end() -> None:
    target = HttpTarget(
        "http://127.0.0.1:1/v1", Key(KEY), None, now=lambda: 0.0, patience=Patience(run=0)
    )
    with pytest.raises(Lost, match=r"after 0 s \(--timeout\)"):
        target.ask(MODELS_PLEASE)


def test_lines_are_kept_and_opened_anew_where_the_server_closed_them(asked: Begun) -> None:
    ports: list[object] = []
    close = threading.Event()

    def answers(sent: Sent) -> Reply:
        headers = (("connection", "close"),) if close.is_set() else ()
        return Reply(200, b"{}", headers)

    one = asked(answers)
    for _ in range(3):
        one.target.ask(MODELS_PLEASE)
        (line,) = one.target._line._kept().values()
        assert line.sock
        ports.append(line.sock.getsockname()[1])
    assert len({*ports}) == 1
    close.set()
    for _ in range(2):
        assert one.target.ask(MODELS_PLEASE).answer.status == 200
        assert one.target._line._kept() == {}


# -- our own mock --------------------------------------------------------------------------------


def opening(**environment: str) -> Opening:
    return Opening(environment, lambda: 0.0)


def test_the_mock_in_process_has_a_clock_and_limits_that_can_be_set() -> None:
    with opening().target("mock", Terms()) as target:
        assert target.has == {"clock", "limits", "stand-in"}
        before = target.ask(PICTURE_PLEASE).answer.json()["created"]
        target.move_clock(7200)
        assert 7190 < target.ask(PICTURE_PLEASE).answer.json()["created"] - before < 7210
        limited = json_request("POST", "/images/generations", {"prompt": "x", "n": A_MINUTE})
        limited = limited._replace(key="limited")
        assert target.ask(limited, pays=True).answer.status == 200
        assert target.ask(limited, pays=True).answer.status == 429
        target.move_clock(60, "limited")
        assert target.ask(limited, pays=True).answer.status == 200


def test_each_run_has_a_sandbox_of_its_own_and_leaves_the_others_alone() -> None:
    with ImagesMock() as mock:
        other = mock.sandbox("sk-mock-other")
        other.begin()
        for _ in range(2):
            with opening().target(mock.url, Terms()) as target:
                target.move_clock(3600)
                for key in ("good", "limited"):
                    asked = target.ask(PICTURE_PLEASE._replace(key=key), pays=True)
                    assert asked.answer.status == 200
        assert other.requests == []
        keys = opening(IMAGES_CONTRACT_API_KEY="sk-mock-other")
        with keys.target(mock.url, Terms()) as target:
            target.ask(PICTURE_PLEASE, pays=True)
        assert (
            len(other.requests) == 3
        )  # it was not begun anew: the greeting, the proof, the picture


def test_a_mock_off_loopback_wants_its_token() -> None:
    token = "a-control-token"
    with ImagesMock(host="0.0.0.0", control_token=token, allowed_host="127.0.0.1") as mock:
        url = mock.url.replace("0.0.0.0", "127.0.0.1")
        with opening(IMAGES_MOCK_CONTROL_TOKEN=token).target(url, Terms()) as target:
            assert "clock" in target.has
            target.ask(PICTURE_PLEASE, pays=True)
        with opening().target(url, Terms()) as target:
            assert not target.has
            with pytest.raises(NotObserved, match="IMAGES_MOCK_CONTROL_TOKEN"):
                target.ask(PICTURE_PLEASE, pays=True)
