"""The life of several workers: one line once all serve, who dies is replaced, nobody is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sized
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from tests.conftest import PATIENCE
from tests.life import LOOPS, Serving, answer, command, generation, parted, request, rule
from tests.workers import (
    APART,
    BUSY,
    SHARED,
    SLOW,
    WHO,
    cpu,
    has_replaced,
    is_there,
    lives,
    soon,
    together,
    workers_of,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


def who(port: int, data: bytes = WHO) -> int:
    """The process that answers a new connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        return int(answer(connection).rpartition(b"\r\n\r\n")[2])


def is_refused(port: int) -> bool:
    """Whether nobody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except (ConnectionResetError, TimeoutError):
        return False  # it stood in the line of a socket that closes just now
    return False


sockets = pytest.mark.parametrize(
    "of_sockets", ["", pytest.param(SHARED, marks=pytest.mark.slow)], ids=["own", "shared"]
)


@sockets
def test_all_serve_one_address_a_killed_one_is_replaced_and_none_is_left(
    tmp_path: Path, of_sockets: str
) -> None:
    ready = tmp_path / "ready"
    with together("--ready-file", str(ready), before=SLOW + of_sockets) as server:
        assert ready.read_text() == f"http://127.0.0.1:{server.port}\n"
        first = workers_of(server)
        assert {who(server.port) for _ in range(64)} <= {*first}
        os.kill(first[0], signal.SIGKILL)
        waiting = [server.connect() for _ in range(16)]  # some where nobody takes them just now
        for connection in waiting:
            connection.sendall(generation())
        assert [parted(answer(connection))[0] for connection in waiting] == [200] * 16
        for connection in waiting:
            connection.close()
        soon(lambda: len(workers_of(server)) == 2)
        then = workers_of(server)
        assert {who(server.port) for _ in range(64)} <= {*then}
        log = server.end()
    assert "2 workers serve (processes " in log
    assert f"WARNING worker 1 (process {first[0]}) ended with SIGKILL; replacement 1" in log
    assert not any(map(is_there, [*first, *then]))
    assert is_refused(server.port)
    assert not ready.exists()


def test_workers_end_when_their_supervisor_is_killed() -> None:
    with together() as server:
        workers = workers_of(server)
        server.process.kill()
        server.process.wait()
        soon(lambda: is_refused(server.port))
        soon(lambda: not any(map(lives, workers)))


#: A worker that begins so: what its server's making does.
BEGINS = """
import os, mockserver.server.workers as workers
from mockserver.config import ConfigError
def begin(*_): %s
workers._Serving.__init__ = begin
"""


def ended(*args: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """A start that comes to nothing."""
    done = subprocess.run(
        command("--workers", "3", *args, before=APART + before),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done


def test_workers_that_can_not_begin_end_the_start_with_their_own_words_and_once() -> None:
    done = ended(before=BEGINS % "raise ConfigError('facts (here) are gone.')")
    assert done.returncode == 3
    assert "images-mock: facts (here) are gone.\n" in done.stderr
    assert "replacement" not in done.stderr


@pytest.mark.slow
def test_what_else_ends_a_start_is_said_and_workers_that_are_killed_are_tried_again() -> None:
    internal = ended(before=BEGINS % "raise ValueError('odd')")
    assert internal.returncode == 70
    assert "internal error, please report it: ValueError: odd\n" in internal.stderr
    killed = ended(before=BEGINS % "os.kill(os.getpid(), 9)")
    assert killed.returncode == 70
    assert "ended with SIGKILL before it served.\n" in killed.stderr
    assert 6 <= killed.stderr.count("ended with SIGKILL; replacement ") <= 8
    file = ended("--ready-file", "/no/such/directory/ready")
    assert file.returncode == 3
    assert "ready-file (/no/such/directory/ready) can't be written" in file.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "waits"),
    [
        *((signal.SIGTERM, waits) for waits in (0, 0.02, 0.05, 0.1)),
        (signal.SIGINT, 0.02),
        (signal.SIGINT, 0.1),
        (signal.SIGHUP, 0),
        (signal.SIGHUP, 0.05),
    ],
)
def test_a_signal_to_all_of_them_while_they_begin_ends_them_cleanly(
    number: signal.Signals, waits: float
) -> None:
    begun = subprocess.Popen(
        command("--workers", "3", before=APART),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    server = Serving(begun, 0)
    soon(lambda: workers_of(server))
    end = time.monotonic() + waits
    soon(lambda: time.monotonic() > end)
    workers = workers_of(server)
    os.killpg(begun.pid, number)
    _, log = begun.communicate(timeout=60)
    assert begun.returncode == 0, log
    assert "killed" not in log
    assert "Traceback" not in log
    assert not any(map(is_there, workers))


@pytest.mark.slow
def test_a_port_that_another_server_of_workers_has_is_refused_to_a_second_one() -> None:
    with together() as server:
        done = ended("--port", str(server.port))
    assert done.returncode == 4
    assert "Choose another address" in done.stderr


@pytest.mark.slow
def test_who_computes_for_long_is_not_killed_and_answers() -> None:
    with together(before=SLOW) as server:
        first = set(workers_of(server))
        busy = server.connect()
        busy.sendall(BUSY % 7)
        assert int(answer(busy).rpartition(b"\r\n\r\n")[2]) in first
        assert set(workers_of(server)) == first
        busy.close()
        assert "WARNING" not in server.end()


@pytest.mark.slow
@pytest.mark.parametrize("of_sockets", ["", SHARED], ids=["own", "shared"])
@pytest.mark.parametrize("loop", LOOPS)
def test_who_drains_takes_no_new_connection_though_a_stream_is_open(
    loop: str, of_sockets: str
) -> None:
    with together(before=SLOW + of_sockets, loop=loop) as server:
        workers = workers_of(server)
        listening = server.connect()
        listening.sendall(request("GET", "/_mock/events", header="Accept: text/event-stream"))
        assert listening.recv(1)
        stuck = server.connect()
        stuck.sendall(BUSY % 3)
        server.process.terminate()
        soon(lambda: is_refused(server.port))
        assert any(map(lives, workers))
        assert server.process.wait(60) == 0
        stuck.close()
        listening.close()


@pytest.mark.slow
def test_who_does_not_end_is_killed_in_time_and_leaves_nobody_hanging() -> None:
    with together(before=SLOW) as server:
        workers = workers_of(server)
        used = {pid: cpu(pid) for pid in workers}
        stuck = server.connect()
        stuck.sendall(BUSY % 60)
        soon(lambda: any(cpu(pid) - used[pid] > 0.1 for pid in workers))
        server.process.terminate()
        soon(lambda: is_refused(server.port))
        assert any(map(lives, workers))
        log = server.process.communicate(timeout=60)[1]
        assert server.process.returncode == 0
        assert "did not end within 3 s, and was killed" in log
        assert not any(map(is_there, workers))
        assert answer(stuck) == b""
        stuck.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_all_of_them_as_a_terminal_sends_it_lets_running_requests_end(
    number: signal.Signals,
) -> None:
    with together(start_new_session=True) as server:
        server.ask(rule({"delay": 60}))
        asked = []
        for _ in range(8):
            asked.append(server.connect())
            asked[-1].sendall(generation())
        server.live()
        os.killpg(server.process.pid, number)
        log = server.process.communicate(timeout=60)[1]
        found = [parted(answer(connection))[0] for connection in asked]
        for connection in asked:
            connection.close()
    assert server.process.returncode == 0
    assert found == [200] * 8
    assert "Traceback" not in log


@pytest.mark.slow
def test_a_second_ctrl_c_waits_for_nobody() -> None:
    patient = "import mockserver.server.listening as listening; listening.GRACE = 40\n"
    with together(before=patient) as server, server.connect() as connection:
        connection.sendall(request("POST", "/v1/images/edits", b"--b\r\n", length=100_000))
        server.live()
        server.process.send_signal(signal.SIGINT)
        soon(lambda: is_refused(server.port))
        server.process.send_signal(signal.SIGINT)
        assert soon(lambda: server.process.poll() is not None) < 20
    assert server.process.returncode == 0


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_by_somebody_else_ends_its_requests_and_is_replaced() -> None:
    with together() as server:
        server.ask(rule({"delay": 60}))
        first = workers_of(server)
        for pid in first:
            os.kill(pid, signal.SIGTERM)
        soon(lambda: len(workers_of(server)) == 2 and not {*first} & {*workers_of(server)})
        assert server.ask(generation())[0] == 200
        log = server.end()
    assert log.count("ended with exit code 0; replacement 1 of it begins.") == 2


@pytest.mark.slow
def test_no_new_connection_is_lost_while_workers_are_killed_under_load() -> None:
    asked: list[tuple[float, float, int]] = []
    data, stops = request("GET", "/v1/models"), Event()

    def ask() -> None:
        while not stops.is_set():
            start = time.monotonic()
            try:
                status = server.ask(data)[0]
            except OSError:
                status = 0
            asked.append((start, time.monotonic(), status))

    kills = []
    with together("--log-format", "none") as server, ThreadPoolExecutor(4) as clients:
        running = [clients.submit(ask) for _ in range(4)]
        for number in range(12):
            worker = workers_of(server)[number % 2]
            soon(partial(_is_longer, asked, len(asked) + 50))
            kills.append(time.monotonic())
            os.kill(worker, signal.SIGKILL)
            soon(partial(has_replaced, server, worker))
        stops.set()
        for one in running:
            one.result()
    lost = [(start, end) for start, end, status in asked if status != 200]
    # Only what was open at the moment of a kill may be lost.
    assert [s for s, e in lost if not any(s <= kill <= e for kill in kills)] == []
    assert max(end - start for start, end, _ in asked) < PATIENCE / 2
    assert len(lost) <= 4 * len(kills)


def _is_longer(found: Sized, than: int) -> bool:
    return len(found) > than


@pytest.mark.slow
def test_in_development_mode_python_has_nothing_to_complain_of() -> None:
    with together(flags=["-X", "dev", "-bb", "-W", "error"]) as server:
        worker = workers_of(server)[0]
        os.kill(worker, signal.SIGKILL)
        soon(partial(has_replaced, server, worker))
        assert server.ask(generation())[0] == 200
        log = server.end()
    assert "Warning" not in log


@pytest.mark.slow
def test_workers_that_die_again_and_again_are_replaced_and_others_serve_meanwhile() -> None:
    with together(before=SLOW) as server:
        last = workers_of(server)[1]
        for _ in range(10):  # more than may die as they begin
            worker = next(pid for pid in workers_of(server) if pid != last)
            os.kill(worker, signal.SIGKILL)
            soon(partial(has_replaced, server, worker))
            assert server.ask(generation())[0] in (200, 429)
        log = server.end()
    assert "replacement 10 of it begins" in log
