"""A run of the suite tells nobody its API key, however it ends: a canary is looked for everywhere."""

from __future__ import annotations

import html
import json
import shlex
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from contracts.discretion import HIDDEN, Key, discreet, leave
from contracts.target.key import DiscreetSession, discreetly

CANARY = "sk-mock-canary-0123456789abcdef"


class Echo(BaseHTTPRequestHandler):
    """A server that keeps nothing of the contract, and repeats each request's head."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        told = str(self.headers).encode()
        self.send_response(200)
        for name, value in (("x-request-id", "1"), ("x-echo", self.headers["Authorization"] or "")):
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_PUT = do_DELETE = do_PATCH = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


class Broken(Echo):
    """A server that ends each connection in the middle of an answer."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    do_GET = do_PUT = do_DELETE = do_PATCH = do_POST  # noqa: N815


@pytest.fixture(params=["echo", "broken", "down"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    kind = Broken if request.param == "broken" else Echo
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        if request.param == "down":
            server.server_close()
            yield address
            return
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield address
        server.shutdown()


SPELLED: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "by repr": repr,
    "as JSON": json.dumps,
    "as JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "for a shell": shlex.quote,
    "with backslashes": lambda text: "".join(f"\\{c}" for c in text),
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "all of it in a URL": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "by its numbers in JSON": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "by its numbers in Python": lambda text: "".join(f"\\x{ord(c):02x}" for c in text),
    "in HTML": html.escape,
    "by its numbers in HTML": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "by hexadecimal numbers in HTML": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "as a user's password": lambda text: b64encode(f":{text}".encode()).decode(),
    "in base64 of more": lambda text: b64encode(f"Bearer {text} and so on".encode()).decode(),
    "in base64 for URLs": lambda text: urlsafe_b64encode(f"a{text}".encode()).decode(),
}


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
@pytest.mark.parametrize("key", [CANARY, 'sk-"quoted"/\\<&>%41+ key'], ids=["plain", "odd"])
def test_a_key_is_found_however_it_is_spelled(key: str, spelled: Callable[[str], str]) -> None:
    text = f"it was [{spelled(key)}] here"
    hidden = discreet(text, [Key("sk-another"), Key(key)])
    assert hidden.startswith("it was [")
    assert hidden.endswith("] here")
    assert HIDDEN in hidden
    assert discreet(text.encode(), [Key(key)]) == hidden.encode()


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_in_base64_a_key_is_found_wherever_it_begins(before: str, after: str) -> None:
    told = b64encode(f"{before}{CANARY}{after}".encode())
    assert HIDDEN.encode() in discreet(told, [Key(CANARY)])


def test_what_is_no_secret_is_not_looked_for() -> None:
    for word in ("", "none", "sk-test"):
        assert discreet("none of sk-test", [Key(word)]) == "none of sk-test"


def test_a_text_without_a_key_stays_as_it_is() -> None:
    text = 'half \ud800 a "pair" %73 \\u0073 &#115; \\ sk-mock-canary'
    assert discreet(text, [Key(CANARY)]) == text


def test_a_file_is_left_without_the_key(tmp_path: Path) -> None:
    for written in (f"é {CANARY}", f"é {CANARY}".encode()):
        leave(tmp_path / "file", written, [Key(CANARY)])
        assert (tmp_path / "file").read_text("utf-8") == f"é {HIDDEN}"


def test_a_key_that_no_header_can_carry_is_refused_unseen() -> None:
    for text in ("sk-é", "sk-a\nb"):
        with pytest.raises(ValueError, match="no header can carry") as refused:
            Key(text)
        assert "sk-" not in f"{refused.value} {[*variables_on_the_way_of(refused.value)]}"


def test_an_answer_and_an_error_are_shown_without_the_key(address: str) -> None:
    key = Key(CANARY)
    with DiscreetSession(key) as session:
        assert "canary" not in f"{key!r} {key} {vars(session)}"
        try:
            answer = discreetly(key, lambda: session.get(f"{address}/v1", auth=key, timeout=9))
        except requests.RequestException as error:
            assert error.__context__ is None
            assert "canary" not in "".join(map(repr, variables_on_the_way_of(error)))
            return
    shown = f"{answer.text} {answer.headers} {answer.raw.headers} {answer.request.headers}"
    assert "canary" not in shown
    assert answer.headers["x-echo"] == "Bearer [API key]"  # it was sent


def variables_on_the_way_of(error: BaseException) -> Iterator[dict[str, object]]:
    """Those of each frame but the test's own."""
    seen = error.__traceback__ and error.__traceback__.tb_next
    while seen:
        yield seen.tb_frame.f_locals
        seen = seen.tb_next
