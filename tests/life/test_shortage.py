"""No more files, no more room on the disk: a clear word, nothing lost, and as before afterwards."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mockserver.config import ConfigError
from mockserver.core.errors import ApiError
from mockserver.server.telling import take_back_ready_file, write_ready_file
from mockserver.store import contents
from mockserver.store.contents import BLOCK, IN_MEMORY, Content
from tests.conftest import Api
from tests.life import LOOPS, generation, serving, upload

FILES = 64
ADDRESS = "http://127.0.0.1:1"


class Full:
    """A file on a disk that has so many bytes of room."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._data = bytearray()
        self._at = 0

    def seek(self, place: int) -> None:
        self._at = place

    def write(self, data: bytes) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = bytes(data[: self._room])
        self._room -= len(taken)
        self._data[self._at : self._at + len(taken)] = taken
        return len(taken)

    def read(self, length: int) -> bytes:
        return bytes(self._data[self._at : self._at + length])

    def close(self) -> None:
        pass


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> contents.Disk:
    """A disk of its own that is full after a block and a half."""
    made = contents.Disk()
    monkeypatch.setattr(contents, "DISK", made)
    monkeypatch.setattr(contents, "TemporaryFile", lambda **_: Full(BLOCK * 3 // 2))
    return made


def test_a_content_that_does_not_fit_on_the_disk_stays_as_it_was(disk: contents.Disk) -> None:
    kept = Content(b"kept" * 1000)
    with pytest.raises(ApiError) as refused:
        kept.append(bytes(IN_MEMORY))
    assert "No space left" in refused.value.values["hint"]
    assert kept.whole() == b"kept" * 1000


def test_what_is_on_a_disk_that_is_full_now_can_still_be_read(disk: contents.Disk) -> None:
    small = Content(b"x" * BLOCK)
    small.spill()
    with pytest.raises(ApiError):
        Content(bytes(IN_MEMORY + 1))
    assert small.whole() == b"x" * BLOCK
    assert disk.used == BLOCK


def test_a_file_that_finds_no_room_is_refused_and_costs_no_other_one(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api(as_of="2026-11-28")

    def sent(data: bytes) -> Any:
        file = {"file": ("a.png", data, "image/png")}
        return client.post("/v1/files", data={"purpose": "user_data"}, files=file)

    kept = sent(b"kept").json()["id"]
    with monkeypatch.context() as full:
        full.setattr(contents, "DISK", contents.Disk())
        full.setattr(contents, "TemporaryFile", lambda **_: Full(0))
        refused = sent(bytes(IN_MEMORY + 1))
    assert refused.status_code == 500
    assert refused.json()["error"]["type"] == "server_error"
    assert "set TMPDIR" in refused.headers["mock-hint"]
    assert [one["id"] for one in client.get("/v1/files").json()["data"]] == [kept]
    assert sent(bytes(IN_MEMORY + 1)).status_code == 200


def test_a_ready_file_is_taken_back_by_its_own_server_alone(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    write_ready_file(path, ADDRESS)
    take_back_ready_file(path, "http://127.0.0.1:2")
    assert path.read_text() == f"{ADDRESS}\n"
    take_back_ready_file(path, ADDRESS)
    assert not list(tmp_path.iterdir())


def test_a_ready_file_that_finds_no_room_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(path: Path, *_: object) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", written)
    with pytest.raises(ConfigError, match="No space left"):
        write_ready_file(tmp_path / "ready", ADDRESS)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_file_system_that_takes_no_more_is_told_as_an_error_of_the_api() -> None:
    bound = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (BLOCK, BLOCK))
    with serving(preexec_fn=bound) as server:
        for _ in range(2):
            status, told = server.ask(upload(bytes(IN_MEMORY + 1)))
            assert status == 500
            assert told["error"]["type"] == "server_error"
        assert server.ask(upload(b"small"))[0] == 200
        assert server.ask(generation())[0] == 200
        log = server.end()
    assert "hint: the disk took no file (File too large): free some of it" in log


@pytest.mark.slow
def test_a_full_log_is_no_matter_to_clients() -> None:
    with Path("/dev/full").open("w") as full, serving(stderr=full) as server:
        assert [server.ask(generation())[0] for _ in range(3)] == [200] * 3
        server.process.terminate()
        assert server.process.wait(30) == 0


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOOPS)
def test_a_hundred_connections_with_64_files_are_answered_and_others_afterwards(loop: str) -> None:
    bound = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (FILES, FILES))
    asked = generation().replace(b"Connection: close\r\n", b"")
    with serving("--limits", "9999/min", loop=loop, preexec_fn=bound) as server:
        server.process.send_signal(signal.SIGSTOP)
        crowd = [server.connect() for _ in range(100)]
        for connection in crowd:
            connection.sendall(asked)
        server.process.send_signal(signal.SIGCONT)
        found = [_beginning(connection) for connection in crowd]
        for connection in crowd:
            connection.close()
        assert [server.ask(generation())[0] for _ in range(10)] == [200] * 10
        log = server.end()
    assert set(found) <= {b"200", b"503", b""}
    assert found.count(b"200") >= FILES // 2
    assert len(log.splitlines()) < 150


@pytest.mark.slow
def test_without_a_single_file_left_asyncio_waits_and_does_not_spin() -> None:
    given = [os.open(os.devnull, os.O_RDONLY) for _ in range(36)]
    bound = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (FILES, FILES))
    with serving(loop="asyncio", preexec_fn=bound, pass_fds=given) as server:
        crowd = [server.connect() for _ in range(60)]
        before = server.cpu()
        crowd[-1].settimeout(1.5)
        crowd[-1].sendall(generation())
        with pytest.raises(TimeoutError):  # nobody can accept it, and it is tried once a second
            crowd[-1].recv(1)
        assert server.cpu() - before < 0.5
        for connection in crowd:
            connection.close()
        assert server.ask(generation())[0] == 200
        log = server.end()
    for number in given:
        os.close(number)
    assert log.count("out of system resource") == 1


def _beginning(connection: socket.socket) -> bytes:
    """The status of an answer; nothing where the line was closed."""
    try:
        return connection.recv(1 << 16)[9:12]
    except ConnectionResetError:
        return b""
