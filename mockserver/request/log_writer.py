"""Writes lines to stderr from a thread of its own: no answer fails or waits for who reads them.

Knows neither a line's form nor what it tells. What stderr does not take in time is dropped, and the
next line that it takes says how many were.
"""

import atexit
import io
import os
import select
import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from typing import Any, NamedTuple, TextIO, TypeGuard

ROOM = 1 << 20  # characters that may wait to be written
_END = 0.5  # seconds that the last lines get
_IDLE = 1.0  # seconds without a line after which the thread ends
_GATHER = 0.005  # seconds in which lines come together to be written at once
_LOOK = 0.1  # seconds between two looks at whether to give up
_PIECE = getattr(select, "PIPE_BUF", 512)  # bytes that a pipe takes as a whole or not at all


class _Line(NamedTuple):
    """What waits to be written."""

    stream: TextIO
    text: str
    number: int  # of lines that it stands for


class _System:
    """Bound at load, out of the reach of those who patch modules for a test."""

    write = staticmethod(os.write)
    poll: Callable[[], Any] | None = getattr(select, "poll", None)  # Windows has none


class LogWriter:
    """Lines on their way to stderr, in order. The thread comes with the first, and goes when idle.

    The lock is reentrant: the garbage collector may log in the middle of anything.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lines: list[_Line] = []
        self._held = 0  # characters
        self._dropped = 0  # lines
        self._told: Callable[[str], str] = str  # the form of what is said of them
        self._stream: TextIO | None = None  # of the last line
        self._is_heard = True  # whether it was taken
        self._news, self._closing = threading.Event(), threading.Event()
        self._given_up = threading.Event()
        self._ended = threading.Event()  # the thread, or it has not begun
        self._ended.set()
        self._lock = threading.RLock()

    @property
    def is_idle(self) -> bool:
        """Whether no thread is at work."""
        return self._ended.is_set()

    def put(self, text: str, told: Callable[[str], str] = str) -> None:
        """Write a line some time soon; `told` gives what is said of dropped ones their form."""
        stream = sys.stderr
        if not _is_file(stream):
            _say_at_once(stream, text)
            return
        with self._lock:
            if stream is not self._stream:  # what the last one did not take is not its business
                self._stream, self._dropped = stream, 0
            if self._held + len(text) > ROOM:
                self._dropped, self._told = self._dropped + 1, told
                return
            self._own_up(stream)
            self._add(_Line(stream, text, 1))
            if self._ended.is_set():
                self._start()
        if not self._news.is_set():
            self._news.set()

    def flush(self, seconds: float = _END) -> None:
        """Return once all is written and the thread has ended; the rest is lost after `seconds`."""
        if self._ended.is_set():
            return
        self._closing.set()
        self._news.set()
        if not self._ended.wait(seconds):
            self._given_up.set()
            self._ended.wait(2 * _LOOK)

    def _add(self, line: _Line) -> None:
        self._lines.append(line)
        self._held += len(line.text)

    def _own_up(self, stream: TextIO) -> None:
        """Put a line about those that were dropped where they would be."""
        if number := self._dropped:
            lines = "1 line was" if number == 1 else f"{number} lines were"
            self._dropped = 0
            told = self._told(f"WARNING {lines} dropped here: stderr took no more")
            self._add(_Line(stream, told, number))

    def _start(self) -> None:
        self._closing.clear()
        self._given_up.clear()
        self._ended.clear()
        try:
            start_new_thread(self._run, ())  # threading's own would wait for it to begin
        except RuntimeError:  # the process is ending
            self._ended.set()

    def _run(self) -> None:
        given_up = self._given_up.is_set
        while lines := self._taken():
            for piece in _pieces(lines):
                self._is_heard = not given_up() and _written(piece, given_up)
                lost = 0 if self._is_heard else sum(line.number for line in piece)
                with self._lock:
                    self._held -= sum(len(line.text) for line in piece)
                    self._dropped += lost if piece[0].stream is self._stream else 0

    def _taken(self) -> list[_Line]:
        """The lines that wait, once some do; none at the end, or after a long silence."""
        if not self._closing.is_set():
            self._news.wait(_IDLE)
            self._closing.wait(_GATHER)
        with self._lock:
            self._news.clear()
            if not self._lines and self._stream and self._is_heard:
                self._own_up(self._stream)
            lines, self._lines = self._lines, []
            if not lines:
                self._ended.set()
        return lines


WRITER = LogWriter()
atexit.register(WRITER.flush)


def say(stream: TextIO | None, text: str) -> None:
    """Write a line at once, if the stream takes it within a second."""
    if _is_file(stream):
        looks = iter(range(round(_END / _LOOK)))
        _written([_Line(stream, text, 1)], lambda: next(looks, None) is None)
    else:
        _say_at_once(stream, text)


def _is_file(stream: TextIO | None) -> TypeGuard[TextIO]:
    """Whether it is a file of the system's, and no stand-in of a test or a notebook."""
    if not isinstance(stream, io.TextIOWrapper):
        return False
    try:
        return stream.fileno() >= 0
    except (OSError, ValueError):
        return False


def _say_at_once(stream: TextIO | None, text: str) -> None:
    with suppress(Exception):  # somebody else's object: whatever it raises
        if stream is not None:
            stream.write(f"{text}\n")
            stream.flush()


def _pieces(lines: Iterable[_Line]) -> Iterator[list[_Line]]:
    """The lines in groups that a pipe takes whole; one that is too long stands alone."""
    for _, group in groupby(lines, key=lambda line: id(line.stream)):
        piece: list[_Line] = []
        size = 0
        for line in group:
            length = 4 * len(line.text) + 1 if not line.text.isascii() else len(line.text) + 1
            if piece and size + length > _PIECE:
                yield piece
                piece, size = [], 0
            piece.append(line)
            size += length
        yield piece


def _written(piece: list[_Line], give_up: Callable[[], bool]) -> bool:
    """Write lines past the stream's own buffer, whose lock would outlive the process' end.

    `give_up` is asked again and again while the file takes nothing.
    """
    stream = piece[0].stream
    text = "".join(f"{line.text}\n" for line in piece)
    try:
        data = text.encode(stream.encoding or "utf-8", "backslashreplace")
        number = stream.fileno()
        while data:
            if _takes(number):
                data = data[_System.write(number, data[:_PIECE]) :]
            elif give_up():
                return False
    except (OSError, ValueError, LookupError):
        return False
    return True


def _takes(number: int) -> bool:
    """Whether a file takes a piece without a wait, or will never: then a write tells."""
    if _System.poll is None:
        return True
    poll = _System.poll()
    poll.register(number, select.POLLOUT)
    return bool(poll.poll(_LOOK * 1000))
