"""Whoever reads the log, or does not: no answer fails or waits for it."""

from __future__ import annotations

import io
import json
import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import TextIO

import pytest

from mockserver.request.log_writer import ROOM, LogWriter


@pytest.fixture
def writer() -> Iterator[LogWriter]:
    made = LogWriter()
    yield made
    made.flush(0)


class Pipe:
    """A pipe in the place of stderr."""

    def __init__(self) -> None:
        self.end, into = os.pipe()
        self.stream: TextIO = os.fdopen(into, "w", encoding="utf-8")

    def read(self) -> list[str]:
        """All lines until its writer closes."""
        with os.fdopen(self.end, encoding="utf-8") as file:
            return file.read().splitlines()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.stream.close()


def put(writer: LogWriter, pipe: Pipe, *lines: str) -> None:
    """Write while the pipe is stderr; pytest takes its own back between set-up and call."""
    with redirect_stderr(pipe.stream):
        for line in lines:
            writer.put(line, told)


def told(text: str) -> str:
    return json.dumps({"message": text})


def test_lines_are_written_in_order_and_the_thread_goes(writer: LogWriter, pipe: Pipe) -> None:
    lines = [f"line {number} é" for number in range(300)]
    put(writer, pipe, *lines)
    writer.flush()
    assert writer.is_idle
    put(writer, pipe, "one more")
    writer.flush()
    pipe.stream.close()
    assert pipe.read() == [*lines, "one more"]


def test_nobody_reads_and_nobody_waits_and_the_rest_is_counted(
    writer: LogWriter, pipe: Pipe
) -> None:
    line, number = "x" * 999, 3 * ROOM // 1_000
    put(writer, pipe, *[line] * number)
    assert writer._held <= ROOM
    reader: list[list[str]] = []
    thread = threading.Thread(target=lambda: reader.append(pipe.read()))
    thread.start()
    writer.flush(30)
    put(writer, pipe, "the next")
    writer.flush(30)
    pipe.stream.close()
    thread.join()
    (lines,) = reader
    *written, dropped, last = lines
    missing = number - len(written)
    assert missing > 0
    assert dropped == told(f"WARNING {missing} lines were dropped here: stderr took no more")
    assert last == "the next"


def test_what_nobody_reads_ends_with_the_server(writer: LogWriter, pipe: Pipe) -> None:
    put(writer, pipe, *["x" * 999] * 200)
    writer.flush(0)
    assert writer.is_idle
    os.close(pipe.end)


def test_a_line_larger_than_a_pipe_takes_at_once_is_whole(writer: LogWriter, pipe: Pipe) -> None:
    line = "é" * select.PIPE_BUF * 3
    put(writer, pipe, line)
    writer.flush()
    pipe.stream.close()
    assert pipe.read() == [line]


def test_whoever_reads_may_leave(writer: LogWriter, pipe: Pipe) -> None:
    os.close(pipe.end)
    for _ in range(3):
        put(writer, pipe, "x")
        writer.flush()
    assert writer._dropped == 3


def test_another_stderr_hears_nothing_of_what_the_last_one_missed(
    writer: LogWriter, pipe: Pipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    os.close(pipe.end)
    put(writer, pipe, "x")
    writer.flush()
    with (tmp_path / "log").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        writer.put("y")
        writer.flush()
    assert (tmp_path / "log").read_text() == "y\n"


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise RuntimeError


@pytest.mark.parametrize("stream", [None, Broken()])
def test_no_stderr_and_a_broken_one_are_borne(
    writer: LogWriter, stream: TextIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    writer.put("x")
    assert writer.is_idle


def test_what_is_no_file_gets_its_line_at_once(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = io.StringIO()
    monkeypatch.setattr(sys, "stderr", memory)
    writer.put("x")
    assert memory.getvalue() == "x\n"
    assert writer.is_idle


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_writes_none_of_its_parent_s_lines(writer: LogWriter, pipe: Pipe) -> None:
    with writer._lock:  # whatever its threads are at
        put(writer, pipe, "of the parent")
        child = os.fork()
        if not child:
            put(writer, pipe, "of the child")
            writer.flush()
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    writer.flush()
    pipe.stream.close()
    assert sorted(pipe.read()) == ["of the child", "of the parent"]
