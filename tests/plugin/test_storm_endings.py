"""How a run of a storm ended: what counts as a crash, what as a clean error; what hangs."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import UnidentifiedImageError

from mockserver.core.judging.seen import Journal
from mockserver.facts.failures import failures
from mockserver.pytest_plugin.sites import Files
from mockserver.pytest_plugin.storm.endings import Ended, Hits, Place, of_error, of_pass
from mockserver.pytest_plugin.storm.kinds import chosen, missing
from mockserver.pytest_plugin.storm.watch import Stopped, Watch

#: A program, and with what each of its functions ends.
PROGRAM = """
import base64, json, struct, sys
from io import BytesIO
from PIL import Image
class NoPicture(ValueError): pass
def meant(): raise NoPicture("refused")
def meant_of_a_builtin(): raise ValueError("no picture came")
def wrapped():
    try: {}["data"]
    except KeyError as error: raise NoPicture("no data") from error
def again():
    try: {}["data"]
    except KeyError: raise
def exits(): sys.exit("no picture")
def key(): return {}["data"]
def index(): return [][0]
def attribute(nothing=None): return nothing.data
def kind(nothing=None): return nothing["data"]
def unpacked(): (one,) = []
def number(): return int("a")
def text(): return b"\\xff".decode()
def read(): return json.loads("<html>")
def decoded(): return base64.b64decode("abcde")
def opened(): return Image.open(BytesIO(b"<html>"))
def held(): assert not True, "no picture"
def missing(): return open("no-such-file")
def unpacked_bytes(): return struct.unpack("<I", b"")
def both():
    raise ExceptionGroup("two", [NoPicture("refused"), _of(key)])
def _of(what):
    try: what()
    except Exception as error: return error
"""
CLEAN = ("meant", "meant_of_a_builtin", "wrapped", "exits")
CRASHES = (
    *("again", "key", "index", "attribute", "kind", "unpacked", "number", "text", "read"),
    *("decoded", "opened", "held", "missing", "unpacked_bytes", "both"),
)


def ended(call: Callable[[], object], place: Place) -> tuple[Ended, str]:
    try:
        call()
    except BaseException as error:
        found = of_error(error, place)
        return found.ended, found.site
    raise AssertionError("it did not raise")


@pytest.fixture
def program(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Mapping[str, Any], Place]:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM, "utf-8")
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(PROGRAM, str(file), "exec"), names)
    assert isinstance(request.node, pytest.Function)
    return names, Place(Files(tmp_path), request.node)


def test_what_a_program_raises_itself_is_clean_and_what_it_stumbles_over_a_crash(
    program: tuple[Mapping[str, Any], Place],
) -> None:
    names, place = program
    found = {name: ended(names[name], place)[0] for name in (*CLEAN, *CRASHES)}
    assert found == dict.fromkeys(CLEAN, Ended.CLEAN) | dict.fromkeys(CRASHES, Ended.CRASH)
    lines = PROGRAM.splitlines()
    for name in ("key", "read", "opened"):  # the last two end in a library
        (line,) = (n for n, text in enumerate(lines, 1) if text.startswith(f"def {name}("))
        assert ended(names[name], place)[1] == f"program.py:{line}"


def test_what_the_test_itself_stumbles_over_is_noticed_by_it(
    program: tuple[Mapping[str, Any], Place],
) -> None:
    names, place = program

    def asserted() -> None:
        assert not names

    def stumbles() -> object:
        return names["data"]

    def fails() -> None:
        pytest.fail("there is no picture")

    assert {ended(call, place)[0] for call in (asserted, stumbles, fails)} == {Ended.NOTICED}


def test_errors_of_libraries_are_clean(program: tuple[Mapping[str, Any], Place]) -> None:
    _, place = program

    def connect() -> None:
        with socket.create_connection(("127.0.0.1", 1), timeout=0.01):
            pass

    assert ended(connect, place)[0] == Ended.CLEAN
    for error in (json.JSONDecodeError("", "", 0), struct.error(), UnidentifiedImageError()):
        assert of_error(error, place).ended == Ended.CLEAN  # from nowhere in the program


# -- what hangs --------------------------------------------------------------------------------


def test_a_timeout_of_a_socket_is_no_hang_and_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(600)
    with ours, theirs, Watch(0.2, pytest.fail) as watch, pytest.raises(TimeoutError):
        ours.recv(1)
    assert not watch.hangs


def test_a_timeout_of_a_loop_is_no_hang_and_is_not_waited_for() -> None:
    async def wait() -> None:
        async with asyncio.timeout(600):
            await asyncio.Event().wait()

    with Watch(0.2, pytest.fail) as watch, pytest.raises(TimeoutError):
        asyncio.run(wait())
    assert not watch.hangs


def test_who_waits_for_ever_is_let_go_by_the_server_or_interrupted() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Watch(0.2, lambda: theirs.sendall(b"x")) as watch:
            assert ours.recv(1) == b"x"
        assert watch.hangs
        with Watch(0.2, lambda: None) as watch, pytest.raises(Stopped):
            threading.Event().wait()
        assert watch.hangs
        assert any("test_storm_endings" in f.f_code.co_filename for f, _ in watch.stack)


def test_a_timeout_in_another_thread_is_told_and_no_hang_is() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(600)

    def read(line: socket.socket) -> None:
        line.recv(1)

    thread = threading.Thread(target=read, args=(ours,), daemon=True)
    with ours, theirs, Watch(0.2, lambda: theirs.sendall(b"x")) as watch:
        thread.start()
        thread.join()
    assert watch.waits == "for a timeout of its own, 600 s"


def test_what_another_process_waits_for_is_unknown_and_no_hang_is() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    def release() -> None:
        child.communicate(b"\n")

    with Watch(0.2, release) as watch:
        child.wait()
    assert watch.waits == "for another process"


# -- what passes -------------------------------------------------------------------------------


def record(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"q{number}",
        "time": float(number),
        "method": "POST",
        "path": "/v1/images/generations",
        "operation": "images.generate",
        "fields": {"prompt": "a fox"},
        "filled": [],
        "status": 200,
        "usd": 0.02,
        "milliseconds": 1,
        "trace": [],
        "scripted": False,
        "rules": [],
        "call": f"q{number}",
        "retries": 0,
        "sandbox": "s",
    } | more


def passed(kind: str, *requests: Any, number: int = 1, shown: bool = False, **more: Any) -> Ended:
    journal = Journal.of({"requests": requests, **more})
    return of_pass(failures()[kind], Hits("r1", number), journal, {}, shown=shown).ended


def test_a_test_that_passes_under_a_failure_is_a_wrong_success_unless_something_showed_it() -> None:
    met = record(1, status=500, rules=["r1"])
    assert passed("server_error", met) == Ended.WRONG
    assert passed("server_error", met, shown=True) == Ended.SAID
    assert passed("server_error", met, record(2)) == Ended.RECOVERED
    assert passed("server_error", record(0), met) == Ended.WRONG  # what was before is no cure
    assert passed("server_error", record(1, rules=["r2"]), number=0) == Ended.UNMET
    assert passed("timeout") == Ended.WRONG  # held back still, and in no journal
    assert passed("unknown_event", met) == Ended.RECOVERED


def test_what_is_wrong_with_a_file_comes_to_a_program_as_it_is_downloaded() -> None:
    made = record(1, rules=["r1"], pictures=["a.png"])
    fetched = record(2, method="GET", path="/private/a.png", operation="")
    for kind in ("expired_url", "broken_picture"):
        assert passed(kind, made) == Ended.UNMET
        assert passed(kind, made, downloads=[fetched]) == Ended.WRONG
    assert passed("broken_picture", record(1, rules=["r1"])) == Ended.WRONG  # base64


def test_a_storm_has_the_kinds_that_can_meet_a_test_and_have_not() -> None:
    def kinds(*requests: Any, **more: Any) -> set[str]:
        journal = Journal.of({"requests": requests, **more})
        return {kind.id for kind in missing(journal, chosen(""))}

    refused = record(1, status=400, error={"reason": "refused", "message": "", "code": None})
    assert kinds() == set()
    assert {"refusal", "broken_base64", "broken_picture"} <= kinds(record(1))
    assert kinds(record(1)).isdisjoint({"expired_url", "stream_unfinished", "fewer_pictures"})
    assert "refusal" not in kinds(refused)
    by_url = record(1, pictures=["a.png"])
    fetched = record(2, method="GET", path="/private/a.png", operation="")
    assert kinds(by_url).isdisjoint({"expired_url", "broken_picture"})  # nobody looked
    assert {"expired_url", "broken_picture"} <= kinds(by_url, downloads=[fetched])


def test_kinds_are_chosen_by_name_or_left_out_by_a_mark() -> None:
    assert [k.id for k in chosen("timeout, refusal")] == ["refusal", "timeout"]
    assert {*failures()} - {k.id for k in chosen("!timeout")} == {"timeout"}
    with pytest.raises(ValueError, match="did you mean timeout"):
        chosen("!timeot")
