"""Each finding is shown by a small real program with the fault, and not by its mended twin."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import httpx2
import pytest

from mockserver.core.judging.findings import ONLY_A_JOURNAL, Surroundings
from mockserver.core.judging.seen import Journal
from mockserver.core.judging.verdict import JUDGES, judged
from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock
from tests.judged.programs import FAULTY, MENDED, Pair, pairs

KEY = "sk-mock-judged"
#: What every program shows that asks for URLs: the API has their models no more.
OLD = "deprecated-parameter"
MINUTE = 60.0


class Case(NamedTuple):
    """What a program of a finding meets."""

    meets: Callable[[Sandbox], object] = lambda images: None
    key: str = KEY  # whose journal tells of the faulty one
    real_time: bool = False
    also: frozenset[str] = frozenset()  # what the fault brings with it
    tries: int = 1  # where the moment counts, and the machine is busy
    waits: bool = False  # it does so for ever


def _slow_for_two_a_minute(images: Sandbox) -> None:
    images.limits(per_minute=2)
    images.on().delay(0.3)


CASES = {
    "retry-after-ignored": Case(
        lambda i: i.begin(shortest_wait="1s").next.rate_limit(retry_after=100, times=2)
    ),
    "retried-in-vain": Case(),
    "never-retried": Case(lambda i: i.next.error("overloaded")),
    "retry-storm": Case(lambda i: i.on().error("internal"), real_time=True, tries=3),
    "retry-without-jitter": Case(lambda i: i.on().error("internal"), real_time=True, tries=20),
    "over-limit-in-flight": Case(_slow_for_two_a_minute, also=frozenset({"never-retried"})),
    "paid-twice": Case(lambda i: i.next.delay(1)),
    "paid-for-nothing": Case(
        lambda i: [
            i.on(prompt="a fox").refuse(),
            i.on().delay(0.4),
            i.on(prompt="a fox").delay(0.2),
        ]
    ),
    "received-and-asked-again": Case(lambda i: i.on().content_type("text/html")),
    "url-kept-too-long": Case(also=frozenset({"error-swallowed"})),
    "url-altered": Case(also=frozenset({"error-swallowed"})),
    "url-never-downloaded": Case(),
    "more-than-downloaded": Case(),
    "empty-file-saved": Case(lambda i: i.next.download(200, first=1)),
    "broken-picture-trusted": Case(lambda i: i.next.truncated_picture()),
    "error-swallowed": Case(lambda i: i.next.refuse()),
    "stream-not-completed": Case(lambda i: i.next.stream([0, 1])),
    "event-trusted-without-type": Case(
        lambda i: i.next.stream([0, {"type": "image_generation.note"}])
    ),
    "key-looks-real": Case(key="sk-proj-" + 48 * "b"),
    "key-in-url": Case(),
    "key-in-text": Case(),
    "personal-data-in-user": Case(),
    "deprecated-parameter": Case(),
    "ignored-parameter": Case(),
    "model-left-out": Case(also=frozenset({OLD})),
    "no-timeout": Case(lambda i: i.next.stall(), waits=True),
}
PAIRS = [*pairs()]


def test_each_finding_has_a_program_and_each_program_a_finding() -> None:
    assert {pair.finding for pair in PAIRS} == CASES.keys() == JUDGES.keys()


@pytest.fixture(scope="module")
def mock() -> Iterator[ImagesMock]:
    with ImagesMock(tier="5") as running:
        yield running


class Judge:
    """Runs programs against a sandbox, and judges what its journal tells of them."""

    def __init__(self, mock: ImagesMock, caplog: pytest.LogCaptureFixture) -> None:
        self._mock, self._caplog = mock, caplog

    def found(self, pair: Pair, prefix: str) -> set[str]:
        """The findings of a program: by its journal alone, and as one of a test that passed."""
        case = CASES[pair.finding]
        key = case.key if prefix == FAULTY else KEY
        images = self._mock.sandbox(key).begin(real_time=case.real_time)
        case.meets(images)
        program = prefix + pair.name
        with pytest.MonkeyPatch.context() as patch:
            for name, value in images.env.items():
                patch.setenv(name, value)
            run = _node if pair.file.suffix == ".mjs" else self._python
            shown = (
                self._waiting(pair, program, images)
                if case.waits and prefix == FAULTY
                else run(pair, program, images)
            )
        told = self._told(key, is_over=not (case.waits and prefix == FAULTY))
        images.begin()  # ends whoever still waits
        journal = Journal.of(told)
        around = (ONLY_A_JOURNAL, Surroundings(passed=True, shows_errors=shown))
        return {one.id for each in around for one in judged(journal, each)}

    def _told(self, key: str, *, is_over: bool) -> dict[str, Any]:
        while is_over and self._ask("requests", key)["open"]:
            pass  # whoever has left is noticed in a moment
        told = self._ask("requests", key) | self._ask("downloads", key)
        for record in told["open"]:
            record["time"] -= MINUTE  # as if it had been left for so long
        return told

    def _ask(self, what: str, key: str) -> dict[str, Any]:
        headers = {"mock-sandbox-key": key}
        told: dict[str, Any] = httpx2.get(
            f"{self._mock.address}/_mock/{what}", headers=headers, trust_env=False
        ).json()
        return told

    def _python(self, pair: Pair, program: str, images: Sandbox) -> bool:
        """Whether an error showed: raised, or logged."""
        function = getattr(
            importlib.import_module(f"tests.judged.clients.{pair.file.stem}"), program
        )
        self._caplog.clear()
        night = (lambda: images.clock.advance(hours=9),)
        try:
            function(*night[: len(inspect.signature(function).parameters)])
        except (Exception, ExceptionGroup):
            return True
        return any(record.levelno >= logging.WARNING for record in self._caplog.records)

    def _waiting(self, pair: Pair, program: str, images: Sandbox) -> bool:
        """One that does not come to its end, so far."""
        function = getattr(
            importlib.import_module(f"tests.judged.clients.{pair.file.stem}"), program
        )

        def run() -> None:
            with suppress(Exception):
                function()

        threading.Thread(target=run, daemon=True).start()
        while not self._ask("requests", KEY)["open"]:
            pass
        with urlopen(Request(f"{images.url}/models", headers={"Authorization": f"Bearer {KEY}"})):
            pass  # something else goes on: by this it is known that time has passed
        return False


def _node(pair: Pair, program: str, images: Sandbox) -> bool:
    command = [shutil.which("node") or "node", str(pair.file), program]
    done = subprocess.run(command, env=os.environ | images.env, capture_output=True, timeout=60)
    return bool(done.returncode or done.stderr)


@pytest.fixture
def judge(
    mock: ImagesMock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Judge:
    monkeypatch.chdir(tmp_path)
    return Judge(mock, caplog)


#: The vendor's client is tried each time, others with what is slow.
_MARKS = {"openai": [], "fetch": [pytest.mark.javascript]}
each_pair = pytest.mark.parametrize(
    "pair",
    [
        pytest.param(
            pair,
            id=f"{pair.client}-{pair.finding}",
            marks=_MARKS.get(pair.client, [pytest.mark.slow]),
        )
        for pair in PAIRS
    ],
)


@each_pair
def test_the_faulty_program_shows_the_finding_and_nothing_else(judge: Judge, pair: Pair) -> None:
    case = CASES[pair.finding]
    found = set[str]()
    for _ in range(case.tries):
        found = judge.found(pair, FAULTY)
        if pair.finding in found:
            break
    assert found - case.also - {OLD} == {pair.finding} - {OLD}
    assert pair.finding in found


@each_pair
def test_its_mended_twin_shows_nothing(judge: Judge, pair: Pair) -> None:
    assert judge.found(pair, MENDED) - ({OLD} - {pair.finding}) == set()
