"""A place of state that can't be used, as whoever starts a server is told."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from mockserver.core.places import Place
from mockserver.store.opening import Frame, StateError, open_store, prepared

FRAME = Frame(upload_bytes=1000, file_bytes=1000, rules=(), seed="0")


def said(place: Place) -> str:
    """Why it can't be opened, nor be made ready for workers."""
    with pytest.raises(StateError) as opened:
        open_store(place, FRAME, lambda: 0)
    with pytest.raises(StateError) as ready:
        prepared(place, FRAME)
    assert str(opened.value) == str(ready.value)
    return str(opened.value)


def test_a_file_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none" / "mock.db"
    assert said(Place("sqlite", str(path))) == (
        f"can't be used: {path}: can't be made here: No such file or directory"
    )


@pytest.mark.parametrize("table", ["users", "form"])
def test_a_database_of_another_program_stays_as_it_is(tmp_path: Path, table: str) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute(f"CREATE TABLE {table} (name)")
    before = path.read_bytes()
    assert said(Place("sqlite", str(path))) == (
        f"can't be used: {path} is another program's database"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis://127.0.0.1:1/0?nix=1", "an option 'nix', which is not prefix, keep or one of TLS"),
        ("redis://127.0.0.1:1/0?retry=5", "an option 'retry'"),
        ("redis://127.0.0.1:1/0?decode_responses=1", "an option 'decode_responses'"),
        ("rediss://127.0.0.1:1/0?ssl_nix=1", "an option of TLS that is none"),
        ("redis://127.0.0.1:1/0?ssl_ca_certs=a", "begins not with rediss"),
    ],
)
def test_an_option_that_a_url_can_not_have(url: str, why: str) -> None:
    found = said(Place("redis", url))
    assert found.startswith("can't be used: the URL has")
    assert why in found


@pytest.fixture
def stranger() -> Iterator[int]:
    """The port of a server that answers lists, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    while client.recv(4096):
                        client.sendall(b"*0\r\n")

        Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_server_that_is_no_redis(stranger: int) -> None:
    url = f"redis://127.0.0.1:{stranger}/0"
    assert said(Place("redis", url)) == f"can't be used: {url} does not answer as Redis does"
