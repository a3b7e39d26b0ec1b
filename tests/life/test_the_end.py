"""A server that is told to stop: who asked before is answered or told so, and it ends in time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.life import (
    LOOPS,
    MULTIPART,
    OF_SANDBOX,
    answer,
    form,
    generation,
    parted,
    request,
    rule,
    serving,
    upload,
)
from tests.workers import soon

loops = pytest.mark.parametrize("loop", LOOPS)
MANY = 20


def arrived(port: int) -> int:
    """How many connections to a port have something that nobody has read yet."""
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    queues = [row[4] for row in table if row[1].endswith(f":{port:04X}") and row[3] == "01"]
    return sum(int(queue.partition(":")[2], 16) > 0 for queue in queues)


@pytest.mark.parametrize("loop", ["uvloop", pytest.param("asyncio", marks=pytest.mark.slow)])
def test_all_that_was_sent_before_a_signal_is_answered_also_what_waits_to_be_accepted(
    loop: str,
) -> None:
    with serving(loop=loop) as server:
        server.ask(generation())  # the first one takes longer
        server.process.send_signal(signal.SIGSTOP)
        waiting = [server.connect() for _ in range(MANY)]
        for number, connection in enumerate(waiting):
            # Small ones: the server gives what has arrived a second, also where it gets half a core.
            connection.sendall(generation(prompt=f"fox {number}", size="256x256"))
        soon(lambda: arrived(server.port) == MANY)  # a busy kernel has not delivered all at once
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        found = [parted(answer(connection)) for connection in waiting]
        log = server.end()
        for connection in waiting:
            connection.close()
    assert [status for status, _ in found] == [200] * MANY
    assert log.count(" 200 POST ") == MANY + 1


@pytest.mark.slow
@loops
def test_clients_that_go_on_asking_keep_no_server_from_its_end(loop: str) -> None:
    client = (
        "import sys, httpx2\n"
        "told, url, asked = set(), sys.argv[1], 0\n"
        "with httpx2.Client() as client:\n"
        "    try:\n"
        "        while True:\n"
        "            told.add(client.post(url, json={'prompt': 'x'}).status_code)\n"
        "            asked += 1\n"
        "            if asked == 5: print('asking', flush=True)\n"
        "    except httpx2.TransportError: print(told)\n"
    )
    with serving("--limits", "999999/min", loop=loop) as server:
        url = f"http://127.0.0.1:{server.port}/v1/images/generations"
        ask = [sys.executable, "-c", client.replace("post(url", "post(url, headers=HEAD")]
        ask[-1] = "HEAD = {'Authorization': 'Bearer sk-mock-me'}\n" + ask[-1]
        clients = [
            subprocess.Popen([*ask, url], stdout=subprocess.PIPE, text=True) for _ in range(3)
        ]
        for one in clients:
            assert one.stdout
            assert one.stdout.readline() == "asking\n"
        server.end()
        assert {one.communicate()[0] for one in clients} == {"{200}\n"}


@pytest.mark.slow
@loops
def test_an_upload_that_does_not_end_is_told_so_in_the_form_of_the_api(loop: str) -> None:
    with serving(loop=loop) as server, server.connect() as connection:
        sent = request("POST", "/v1/images/edits", b"--b\r\n", kind=MULTIPART, length=100_000)
        connection.sendall(sent)
        server.live()
        log = server.end()
        status, told = parted(answer(connection))
    assert status == 500
    assert told["error"]["type"] == "server_error"
    assert "500 POST /v1/images/edits" in log


@pytest.mark.slow
@pytest.mark.parametrize(
    ("then", "status"),
    [({"delay": 60}, 200), ({"drip": 100}, 200), ({"stall": True}, 0)],
    ids=["delay", "drip", "stall"],
)
def test_what_a_rule_holds_back_is_let_go_whole_or_the_line_is_closed_and_the_log_says_so(
    then: dict[str, object], status: int
) -> None:
    with serving() as server, server.connect() as connection:
        assert server.ask(rule(then))[0] == 201
        connection.sendall(generation(response_format="b64_json"))
        server.live()
        log = server.end()
        assert parted(answer(connection))[0] == status
    assert f" {status or 499} POST " in log


@pytest.mark.slow
def test_who_waits_at_the_control_api_hears_how_far_it_came() -> None:
    wait = json.dumps({"count": 5, "timeout": 60}).encode()
    with serving() as server, server.connect() as connection:
        connection.sendall(request("POST", "/_mock/requests/wait", wait, header=OF_SANDBOX))
        server.live()
        server.end()
        assert parted(answer(connection)) == (200, {"count": 0, "reached": False})


@pytest.mark.slow
@loops
def test_who_waits_for_pillow_is_answered_too(loop: str) -> None:
    file = BytesIO()
    Image.effect_noise((1500, 1500), 90).save(file, "PNG")
    body = form({"model": "gpt-image-2", "prompt": "x", "size": "2048x2048"}, image=file.getvalue())
    with serving(loop=loop) as server:
        waiting = [server.connect() for _ in range(4)]
        for connection in waiting:
            connection.sendall(request("POST", "/v1/images/edits", body, kind=MULTIPART))
        server.live()
        log = server.end()
        found = [answer(connection) for connection in waiting]
        for connection in waiting:
            connection.close()
    # What is not sent whole when the grace is over is a line that is closed.
    assert {data[9:12] for data in found} <= {b"200", b"500", b""}
    assert log.count("POST /v1/images/edits") == 4


@pytest.mark.slow
def test_a_batch_that_is_being_worked_on_is_no_hindrance() -> None:
    asked = {"model": "gpt-image-2", "prompt": "x", "quality": "low"}
    line = {"custom_id": "%d", "method": "POST", "url": "/v1/images/generations", "body": asked}
    lines = "\n".join(json.dumps(line).replace("%d", str(n)) for n in range(2_000)).encode()
    kept = upload(lines).replace(b"user_data", b"batch").replace(b"file.png", b"lines.jsonl")
    with serving() as server, server.connect() as connection:
        status, file = server.ask(_of_length(kept))
        assert status == 200, file
        batch = {"input_file_id": file["id"], "endpoint": "/v1/images/generations"}
        batch |= {"completion_window": "24h"}
        connection.sendall(request("POST", "/v1/batches", json.dumps(batch).encode()))
        server.live()
        server.end()
        assert parted(answer(connection))[0] in (0, 200)


def _of_length(data: bytes) -> bytes:
    """A request with the length that its body has."""
    head, _, body = data.partition(b"\r\n\r\n")
    before = head.partition(b"Content-Length")[0]
    return b"%bContent-Length: %d\r\n\r\n%b" % (before, len(body), body)


@pytest.mark.slow
def test_a_second_signal_of_any_kind_changes_nothing_for_who_is_answered() -> None:
    with serving("--latency", "60s") as server, server.connect() as connection:
        connection.sendall(generation())
        server.live()
        server.process.send_signal(signal.SIGTERM)
        server.end()
        assert parted(answer(connection))[0] == 200


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal")
def test_a_terminal_that_is_gone_ends_it_cleanly(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    heeding = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)"  # nohup ignores it
    with serving("--ready-file", str(ready), before=heeding) as server:
        assert ready.exists()
        server.end(signal.SIGHUP)
    assert not ready.exists()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal")
def test_under_nohup_it_goes_on() -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with serving(before=ignoring) as server:
        server.process.send_signal(signal.SIGHUP)
        assert server.ask(generation())[0] == 200
        server.end()


@pytest.mark.slow
@loops
def test_closed_standard_files_are_borne_to_the_end(loop: str) -> None:
    closed = "import os, sys\nos.dup2(1, 9)\nos.close(0)\nos.close(1)\nsys.stdout = open(9, 'w')"
    with serving(loop=loop, before=closed) as server:
        assert server.ask(generation())[0] == 200
        server.end()
