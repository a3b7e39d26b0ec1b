"""A canary is planted as the API key: nothing that a run prints or leaves sings, however it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from itertools import count, islice
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from contracts import cases
from contracts.cases.declared import declared
from contracts.checks.headers import Ids
from contracts.cli import contract
from contracts.discretion import Key
from tests.contracts.stand_in import MODELS, Reply, Sent, error, standing_in

CANARY = "sk-mock-canary-0123456789/abc+def"
#: What is looked for: it as it is, and as others spell it.
SONGS = (
    CANARY,
    quote(CANARY, safe=""),
    json.dumps(CANARY)[1:-1],
    b64encode(f":{CANARY}".encode()).decode(),
)


def planted(sent: Sent) -> Iterator[Reply | None]:
    """Answers with the key in every place, one after the other."""
    key, url = sent.key, f"http://127.0.0.1:1/{quote(sent.key, safe='')}"
    told, stream = (("content-type", "application/json"),), (("content-type", "text/event-stream"),)
    yield error(400, f"Incorrect API key provided: {key}", key)
    yield error(500, quote(key, safe=""))
    yield error(403, b64encode(f":{key}".encode()).decode())
    yield error(429, key, retry_after="0")
    yield Reply(
        200,
        json.dumps({"created": 1, "data": [{"url": url, "revised_prompt": key}]}).encode(),
        told,
    )
    yield Reply(200, b'{"key": "%s", "' % json.dumps(key).encode() + key.encode(), told)
    yield Reply(200, f"event: {key}\ndata: {json.dumps({'type': key})}\n\n".encode(), stream)
    yield Reply(200, f"<html>{key}".encode(), (("content-type", f"text/html; a={key}"),))
    yield Reply(302, b"", (("location", f"/v1/{key}"), ("x-request-id", key)))
    yield Reply(200, b"{}", ((f"x-{quote(key, safe='')}", f"Bearer {key}"), ("set-cookie", key)))
    yield None


class Echo:
    """A server that repeats the key, each time in another place."""

    def __init__(self) -> None:
        self._number = count()

    def __call__(self, sent: Sent) -> Reply | None:
        if sent.method == "GET" and sent.path == "/v1/models":
            return MODELS
        answers = [*planted(sent)]
        return answers[next(self._number) % len(answers)]


def assert_silent(told: str | bytes) -> None:
    text = told.decode("latin-1") if isinstance(told, bytes) else told
    for song in SONGS:
        place = text.lower().find(song.lower())
        assert place < 0, f"it sings: …{text[max(0, place - 60) : place]}"


def assert_nothing_left(folder: Path) -> None:
    for file in folder.rglob("*"):
        assert_silent(str(file))
        if file.is_file():
            assert_silent(file.read_bytes())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGES_CONTRACT_API_KEY", f"{CANARY}\n")
    monkeypatch.setenv("IMAGES_MOCK_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setattr("contracts.target.http._IN_A_ROW", 10**6)
    monkeypatch.setattr("contracts.target.http.EXHAUSTED", ())
    few = [*islice(declared(None, date(2026, 11, 28), Ids()), 0, 400, 10)]
    monkeypatch.setattr(cases, "trials", lambda *_, **__: few)
    return tmp_path


@pytest.mark.parametrize("paid", [(), ("--paid", "--max-usd", "9")], ids=["free", "paid"])
def test_a_run_sings_nothing(home: Path, paid: list[str]) -> None:
    with standing_in(Echo()) as server:
        done = CliRunner().invoke(contract, ["run", "--target", server.url, *paid])
        assert any(sent.key == CANARY for sent in server.sent)
    assert done.exit_code in (5, 6)
    assert not isinstance(done.exception, Exception)
    assert_silent(done.output)
    assert_nothing_left(home)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 500])
def test_a_greeting_sings_nothing(home: Path, status: int) -> None:
    def answers(sent: Sent) -> Reply:
        at = (("location", f"/{sent.key}"), ("mock-hint", sent.key), ("content-type", sent.key))
        return error(status, sent.key)._replace(headers=at)

    with standing_in(answers) as server:
        done = CliRunner().invoke(contract, ["run", "--target", server.url])
    assert done.exit_code in (5, 6)
    assert "[API key]" in done.output or status in (200, 400, 500)  # which are an API
    assert_silent(done.output)


def test_a_key_in_the_address_sings_nothing(home: Path) -> None:
    for url in (f"http://127.0.0.1:1/{CANARY}/v1", f"http://me:{CANARY}@127.0.0.1:1/v1", CANARY):
        done = CliRunner().invoke(contract, ["run", "--target", url])
        assert done.exit_code == 6
        assert_silent(done.output)


def test_a_failure_of_ours_sings_nothing(home: Path, pytester: pytest.Pytester) -> None:
    """Not even with all local variables, as pytest shows them."""
    test = """
        import pytest
        from contracts.discretion import Key
        from contracts.exchange import Request
        from contracts.target.http import HttpTarget

        def opened():
            import os
            return HttpTarget("http://127.0.0.1:1/v1", Key(os.environ["IMAGES_CONTRACT_API_KEY"]), None, now=float)

        def test_nobody():
            opened().ask(Request("GET", "/models"))

        def test_shown():
            target = opened()
            assert target is None

        def test_broken_off(monkeypatch):
            import http.client, socket
            def interrupted(*_, **__): raise KeyboardInterrupt
            with socket.create_server(("127.0.0.1", 0)) as server:
                target = opened()
                target._place = target._place._replace(port=server.getsockname()[1])
                monkeypatch.setattr(http.client.HTTPConnection, "getresponse", interrupted)
                try:
                    target.ask(Request("GET", "/models"))
                except KeyboardInterrupt as error:
                    raise AssertionError from error
    """
    pytester.makepyfile(test)
    loud = [
        "-vv",
        "--showlocals",
        "--full-trace",
        "-p",
        "no:cacheprovider",
        "--junitxml=report.xml",
    ]
    variables = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *loud],
        cwd=pytester.path,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert "3 failed" in done.stdout, done.stdout + done.stderr
    assert "Key('[API key]')" in done.stdout
    assert_silent(done.stdout + done.stderr)
    assert_nothing_left(pytester.path)


def test_a_key_shows_in_no_way_that_python_has() -> None:
    key = Key(CANARY)
    assert_silent(f"{key!r} {key} {key.account('a')} {[*dir(key)]} {Key.__slots__}")
    with pytest.raises(Exception, match="pickle"):
        __import__("pickle").dumps(key)


@pytest.mark.slow
def test_a_whole_run_of_the_command_sings_nothing(home: Path) -> None:
    command = [sys.executable, "-m", "mockserver", "contract", "run", "--quick"]
    with standing_in(Echo()) as server:
        paid = ["--target", server.url, "--paid", "--max-usd", "100"]
        done = subprocess.run([*command, *paid], capture_output=True, timeout=300)
    assert done.returncode in (5, 6)
    assert_silent(done.stdout + done.stderr)
    assert_nothing_left(home)
