"""`images-mock log --follow`: what ends it, what does not, and what reaches a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from io import BytesIO, TextIOWrapper
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from mockserver.cli import cli
from mockserver.client import follow
from mockserver.client.connection import ControlError
from mockserver.client.events import Events
from mockserver.client.follow import as_any_terminal_has_it, journal_lines
from mockserver.testing import ImagesMock
from tests.test_cli import IMAGES_MOCK, environment
from tests.test_events import SOON, ask
from tests.test_remote import answering, refusal
from tests.test_slow_clients import state_of, waited_for

#: Text that would move a cursor, turn a line around, name a window, or is none.
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07\r\n\b\x00\x7f\x9b31m\u202e\u2066\u2028\u200f\ufeff\U000e0041\ud800"
)


@pytest.fixture
def mock() -> Iterator[ImagesMock]:
    with ImagesMock() as server:
        yield server


def following(
    mock: ImagesMock, stdout: int = subprocess.PIPE, variables: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*IMAGES_MOCK, "log", "--follow", "--url", mock.address],
        env=environment(**variables or {}),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job may ignore it
    )


def break_lines(mock: ImagesMock) -> None:
    """Break every line to a server, as a gateway does, or its bound on unread answers."""
    for connection in [*state_of(mock).connections]:
        found: Any = connection
        found.loop.call_soon_threadsafe(found.transport.abort)
    assert waited_for(lambda: not state_of(mock).tasks)


def test_a_line_that_breaks_is_made_anew_and_nothing_is_lost_or_told_twice(
    mock: ImagesMock,
) -> None:
    ask(mock, prompt="first")
    lines = journal_lines(mock.address, None, follow=True)
    assert "'first'" in next(lines)
    break_lines(mock)
    ask(mock, prompt="second")
    ask(mock, prompt="third")
    assert "'second'" in next(lines)
    assert "'third'" in next(lines)
    break_lines(mock)
    ask(mock, prompt="fourth")
    assert "'fourth'" in next(lines)
    mock.stop()
    assert list(lines) == []


def test_a_line_that_breaks_at_once_ever_again_is_given_up(
    mock: ImagesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(mock)
    listened = 0

    class Breaking(Events):
        def __next__(self) -> Any:
            nonlocal listened
            listened += 1
            raise StopIteration

    monkeypatch.setattr(follow, "Events", Breaking)
    assert len(list(journal_lines(mock.address, None, follow=True))) == 1
    assert listened == 2


def test_a_server_that_ends_just_when_it_was_found_again_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It answered that it is ready, and nobody is there for the next question."""

    class Line(NamedTuple):
        is_first: bool

        def __enter__(self) -> list[Any]:
            if not self.is_first:
                raise ControlError("nobody answers")
            return []

        def __exit__(self, *_: object) -> None:
            pass

    firsts, lives = iter([True, False]), iter([1.0, 1.0, None])
    monkeypatch.setattr(follow, "Events", lambda *_, **__: Line(next(firsts)))
    monkeypatch.setattr(follow, "_life", lambda _: next(lives))
    monkeypatch.setattr(follow, "_journal", lambda *_: [])
    assert [*journal_lines("http://127.0.0.1:1", None, follow=True)] == []


def test_another_server_in_its_place_is_not_followed(mock: ImagesMock) -> None:
    ask(mock)
    lines = journal_lines(mock.address, None, follow=True)
    next(lines)
    port = int(mock.address.rpartition(":")[2])
    mock.stop()
    with ImagesMock(port=port) as successor:
        ask(successor)
        assert list(lines) == []  # its journal is another, though its ids are the same


def test_what_is_missing_is_said(mock: ImagesMock) -> None:
    ask(mock)
    lines = journal_lines(mock.address, None, follow=True)
    next(lines)
    break_lines(mock)
    ask(mock, prompt="lost")
    mock.sandbox("sk-mock-a").reset("requests")
    assert next(lines) == "… too much happened at once: some lines are missing"
    ask(mock, prompt="later")
    assert "'later'" in next(lines)


@pytest.mark.parametrize("prompt", [HOSTILE, f"a fox {HOSTILE}", "שועל \u202e אדום"], ids=ascii)
def test_nothing_that_a_terminal_obeys_reaches_it(mock: ImagesMock, prompt: str) -> None:
    ask(mock, prompt=prompt)
    with closing(journal_lines(mock.address, None, follow=True)) as lines:  # type: ignore[type-var]
        line = next(lines)
    assert line.isprintable()
    found = CliRunner().invoke(
        cli, ["log", "--url", mock.address], env={"COLUMNS": "20", "TERM": "dumb"}
    )
    assert found.output == f"{line}\n"


def test_what_another_server_says_is_shown_as_harmless() -> None:
    with answering([refusal(404, f"no {HOSTILE}")]) as (address, _):
        found = CliRunner().invoke(cli, ["log", "--url", address])
    assert found.exit_code == 4
    assert found.stderr.removesuffix("\n").isprintable()


def test_a_terminal_of_few_letters_shows_the_others_escaped() -> None:
    shown = BytesIO()
    terminal = TextIOWrapper(shown, encoding="latin-1")
    as_any_terminal_has_it(terminal)
    terminal.write("füchs 狐\n")
    terminal.flush()
    assert shown.getvalue() == "füchs \\u72d0\n".encode("latin-1")


def test_nobody_to_follow_is_a_line_that_says_what_to_do() -> None:
    with pytest.raises(ControlError, match="Start it again"):
        list(journal_lines("http://127.0.0.1:1", None, follow=True))


# -- as processes


def test_the_server_s_end_is_said_and_no_proxy_is_asked(mock: ImagesMock) -> None:
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:1")
    ask(mock)
    process = following(mock, variables=proxies)
    assert process.stdout
    for _ in range(2):  # what was there before, and what it has heard
        assert "'a fox'" in process.stdout.readline()
        ask(mock)
    assert "'a fox'" in process.stdout.readline()
    mock.stop()
    assert process.communicate(timeout=SOON) == (
        "",
        f"images-mock: the server at {mock.address} has ended. "
        "Follow the next one there by the same command.\n",
    )
    assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows can't wait for the end of a pipe")
def test_who_reads_no_more_ends_it_at_once_though_nothing_happens(mock: ImagesMock) -> None:
    ask(mock)
    process = following(mock)
    assert process.stdout
    assert process.stderr
    assert "'a fox'" in process.stdout.readline()
    process.stdout.close()  # as `head -1` does
    assert process.wait(SOON) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_word(mock: ImagesMock, number: signal.Signals) -> None:
    reading, writing = os.pipe()
    ask(mock)
    process = following(mock, stdout=writing)
    os.close(writing)
    assert os.read(reading, 1)
    process.send_signal(number)
    assert process.communicate(timeout=SOON)[1] == ""
    assert process.returncode == (0 if number == signal.SIGINT else -signal.SIGTERM)
    os.close(reading)
