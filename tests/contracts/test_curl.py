"""A failure's request can be pasted into a shell, and sends the same again, without the key."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from contracts.exchange import Headers, Request, form_request, json_request
from contracts.report.curl import LONG, curl, parts_in

KEY = "sk-mock-of-the-user"
FORM = [
    ("prompt", None, "", b'an otter; type=x, "quoted"'),
    ("user", None, "", b"@/etc/passwd"),
    ("n", None, "", b"1"),
    ("empty", None, "", b""),
    ("image[]", "an image.png", "image/png", bytes(range(256))),
    ("image[]", "an image.png", "image/png", b"\x89PNG" * 1000),
    ("told", None, "application/json", b"{}"),
]
REQUESTS = {
    "json": json_request("POST", "/images/generations", {"prompt": "it's \u5186 $HOME `id` \\n"}),
    "long json": json_request("POST", "/images/generations", {"prompt": "x" * LONG}),
    "form": form_request("POST", "/images/edits", FORM),
    "broken form": Request(
        "POST",
        "/images/edits",
        (("content-type", "multipart/form-data; boundary=x"),),
        b"--x\r\n\0",
    ),
    "no body": Request("POST", "/images/generations", (("content-type", "application/json"),)),
    "another method": Request("DELETE", "/models/dall-e-2"),
    "no key": Request("GET", "/models", key="none"),
    "strange headers": Request("GET", "/models?a=1&b=2", (("x-a", "it's"), ("x-b", ""))),
}
Heard = list[Request]


@pytest.fixture
def heard() -> Iterator[tuple[str, Heard]]:
    """The base URL of a server, and the requests that it got."""
    got: Heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers: Headers = tuple(self.headers.items())
            got.append(Request(self.command, self.path.removeprefix("/v1"), headers, body))
            self.send_response(204)
            self.end_headers()

        do_GET = do_DELETE = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1", got
        server.shutdown()


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("kept", [True, False])
def test_a_pasted_line_sends_the_same(
    heard: tuple[str, Heard], tmp_path: Path, shell: str, kept: bool
) -> None:
    base_url, got = heard

    def keep(of: str, name: str, data: bytes) -> str | None:
        path = tmp_path / f"the 'folder' of {of}" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return str(path) if kept else None

    lines = {name: curl(base_url, sent, partial(keep, name)) for name, sent in REQUESTS.items()}
    asked = {name: REQUESTS[name] for name, line in lines.items() if not line.missing}
    assert len(asked) == len(REQUESTS) - (0 if kept else 2)  # the long body, the long file
    script = "\n".join(f"({lines[name].line}) || exit" for name in asked)
    environment = os.environ | {"OPENAI_API_KEY": KEY, "no_proxy": "*"}
    subprocess.run(
        [shell, "-c", script], check=True, capture_output=True, cwd=tmp_path, env=environment
    )
    for (name, sent), came in zip(asked.items(), got, strict=True):
        assert (came.method, came.path) == (sent.method, sent.path), name
        assert came.header("authorization") == ("" if sent.key == "none" else f"Bearer {KEY}"), name
        assert (parts_in(came) or came.body) == (parts_in(sent) or sent.body), name
        told = [pair for pair in sent.headers if not pair[1].startswith("multipart")]
        assert {(n.lower(), v) for n, v in told} <= {(n.lower(), v) for n, v in came.headers}, name


def test_no_line_has_a_key_and_what_nobody_keeps_is_said() -> None:
    line = curl("http://host/v1", REQUESTS["form"], lambda _name, _data: None)
    assert '-H "Authorization: Bearer $OPENAI_API_KEY"' in line.line
    assert line.missing == ("1-an-image.png",)


def test_a_download_is_asked_for_where_it_lies() -> None:
    url = "https://elsewhere.example/a.png?sig=b%2Bc"
    line = curl("http://host/v1", Request("GET", url, key="none"), lambda _name, _data: None)
    assert line.line == f"curl -i '{url}'"
