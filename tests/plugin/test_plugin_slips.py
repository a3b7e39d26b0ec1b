"""Slips that a test's author makes with the plugin are told in one place, with the cure."""

from __future__ import annotations

import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from mockserver import __version__
from tests.plugin.conftest import run_plain

UNFINISHED = """
    def test_without_parentheses(images_mock):
        images_mock.next.rate_limit

    def test_without_an_effect(images_mock):
        images_mock.on(contains="gore", call=2)

    def test_finished_later(images_mock):
        foxes = images_mock.on(prompt="fox")
        foxes.refuse().remove()

    def test_numbers_may_stand_alone(images_mock):
        images_mock.limits(5)
        images_mock.limits(tier=2)
        images_mock.budget(0.05)
"""


def test_a_script_that_no_effect_follows_is_an_error(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, UNFINISHED)
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*next does nothing: let an effect follow, with its parentheses*",
            "*on(prompt={'contains': 'gore'}, call=2) does nothing*",
        ]
    )


def test_where_nobody_answers_at_the_url_of_a_shared_server_the_run_ends_at_once(
    downstream: pytest.Pytester,
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = run_plain(downstream, UNFINISHED, f"--images-mock-url={address}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines([f"*nobody answers at {address}*--images-mock-url*"])
    result.assert_outcomes()


class _Older(BaseHTTPRequestHandler):
    """A server of a version that did not tell what a sandbox's life came to."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.tell(server="images-mock", status="ready", version="0.0.9")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.tell(sandbox="a", late=0)

    def tell(self, **value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_shared_server_of_another_version_is_told_with_both(
    downstream: pytest.Pytester,
) -> None:
    code = "\n    def test_it(images_mock): pass\n    def test_again(images_mock): pass\n"
    with ThreadingHTTPServer(("127.0.0.1", 0), _Older) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        result = run_plain(downstream, code, f"--images-mock-url={address}")
        server.shutdown()
    result.assert_outcomes(errors=2)
    told = (
        f"images_mock: *tells no 'ended'; the images-mock there is 0.0.9. *which is {__version__}."
    )
    result.stdout.fnmatch_lines([told])
    assert "KeyError" not in result.stdout.str()
