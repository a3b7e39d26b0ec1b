"""An honest client's slowest answers alone, and beside 200 that drip, say half or read nothing.

The hurtful ones are a process of their own, with nothing but sockets, so that it takes little of
the two cores. With the bounds of a second server, made short, it is seen that each of them ends.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from itertools import count
from statistics import median, quantiles

from bench.load import body
from bench.rows import Row
from bench.servers import HEADERS, HOST, MOCK, PATH, Server, running

NUMBER = 200
ROUNDS = 3
SECONDS = 3.0  # a round
_SETTLED = 5.0  # seconds until the hurtful ones are as they stay
_WATCHED = 2.0  # seconds without an honest client
_PACE = 0.004  # seconds between two honest requests
_EACH = 0.05  # seconds between two bytes of one that drips
_SHORT = ("--head-timeout", "2s", "--body-timeout", "2s", "--send-timeout", "2s")
_IN_A_ROW = 12  # large answers that a non-reader asks for: the kernel takes more than one
_GONE = 8.0  # seconds in which all of them must be closed with those
_LARGE = {"prompt": "a fox", "n": 10, "size": "1024x1024", "response_format": "b64_json"}
KINDS = ("dripping bodies", "half heads", "non-readers of ten 1024x1024")


def rows() -> Iterator[Row]:
    """What each kind does to the slowest answers and to memory, and whether it ends."""
    for kind in KINDS:
        with running(*MOCK, "--log-format", "none") as server:
            yield from _beside(server, kind)
        with running(*MOCK, *_SHORT, "--log-format", "none") as server:
            yield _ended(server, kind)


def _beside(server: Server, kind: str) -> Iterator[Row]:
    server.ask(body(_LARGE))
    _slowest(server)
    alone, beside, busy, memory = [], [], [], [server.resident_mib()]
    for _ in range(ROUNDS):
        alone.append(_slowest(server))
        with _hurt(server, kind):
            time.sleep(_SETTLED)
            busy.append(_busy(server))
            beside.append(_slowest(server))
            memory.append(server.resident_mib())
        time.sleep(0.5)
    before, during, after = memory[0], max(memory), server.resident_mib()
    ratio = median(b / a for a, b in zip(alone, beside, strict=True))
    told: tuple[str, ...] = (f"{1e3 * median(beside):.2f} ms", f"{1e3 * median(alone):.2f} ms")
    yield Row(f"p99 beside {NUMBER} {kind}", "the same alone", "<= 1.1", ratio, *told)
    told = (f"{median(busy):.2f} %",)
    yield Row(f"CPU that {NUMBER} {kind} take", "one core", "<= 5 %", median(busy), *told)
    told = (f"{during:.1f} MiB", f"{before:.1f} MiB", f"afterwards {after:.1f} MiB")
    yield Row(f"memory beside {NUMBER} {kind}", "before", "<= 32 MiB", during - before, *told)


def _ended(server: Server, kind: str) -> Row:
    server.ask(body(_LARGE))
    with _hurt(server, kind) as process:
        time.sleep(_GONE)
        open_still = int(process.communicate("tell\n")[0])
    name = f"{NUMBER} {kind}: still open after {_GONE:g} s"
    return Row(name, "bounds of 2 s", "<= 0", float(open_still))


def _busy(server: Server) -> float:
    """How much of a core the server uses, in percent, while no honest client asks."""
    before = server.cpu_seconds()
    time.sleep(_WATCHED)
    return 100 * (server.cpu_seconds() - before) / _WATCHED


def _slowest(server: Server) -> float:
    """The 99th percentile of an honest client's answers, in seconds."""
    connection, taken = HTTPConnection(HOST, server.port, timeout=30), []
    number, end = count(time.monotonic_ns()), time.monotonic() + SECONDS
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while time.monotonic() < end:
        content = body({"prompt": f"a fox, number {next(number)}"})
        begun = time.perf_counter()
        connection.request("POST", PATH, content, HEADERS)
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - begun)
        if answer.status != 200:
            raise RuntimeError(f"the server answered {answer.status}")
        time.sleep(_PACE)
    connection.close()
    return quantiles(taken, n=100)[98]


@contextmanager
def _hurt(server: Server, kind: str) -> Iterator[subprocess.Popen[str]]:
    """Those of one kind, once all of them are connected."""
    command = [sys.executable, "-m", "bench.hostile", str(KINDS.index(kind)), str(server.port)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    try:
        if process.stdout:
            process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


def hurt(kind: int, port: int) -> None:
    """Be 200 clients of one kind until stdin has a line; then tell how many are open still."""
    head = "\r\n".join([f"POST {PATH} HTTP/1.1", f"Host: {HOST}", ""])
    head += "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    asks = body(_LARGE)
    said = (
        f"{head}Content-Length: 100000\r\n\r\n".encode(),
        f"{head}X-Half: ".encode(),
        (f"{head}Content-Length: {len(asks)}\r\n\r\n".encode() + asks) * _IN_A_ROW,
    )[kind]
    clients = []
    for _ in range(NUMBER):
        client = socket.create_connection((HOST, port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(said)
        clients.append(client)
    print("READY", flush=True)
    if kind:
        sys.stdin.readline()
    else:
        _drip(clients)
    print(sum(map(_is_open, clients)))


def _drip(clients: list[socket.socket]) -> None:
    """A byte of each in turn, evenly, until stdin has a line."""
    from select import select

    turn, due = 0, time.monotonic()
    while True:
        due += _EACH / NUMBER
        with suppress(OSError):
            clients[turn % NUMBER].send(b"x")
        turn += 1
        if (left := due - time.monotonic()) > 0 and select([sys.stdin], [], [], left)[0]:
            return


def _is_open(client: socket.socket) -> bool:
    """Whether the server has not ended the connection; what it sent is thrown away."""
    client.setblocking(False)
    try:
        while client.recv(1 << 20):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


if __name__ == "__main__":
    hurt(int(sys.argv[1]), int(sys.argv[2]))
