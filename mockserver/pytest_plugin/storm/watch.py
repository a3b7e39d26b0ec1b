"""Ends the call of a test in which nothing happens any more, and never the process.

What waits for a time of its own, a client's timeout say, does not hang: that time is let pass at
once. A socket's timeout is raised where it would be, a loop's clock is moved on. Who can't be
helped so is let go by the server, and then interrupted.
"""

from __future__ import annotations

import linecache
import signal
import subprocess
import sys
from asyncio import BaseEventLoop
from collections.abc import Callable, Iterator
from contextlib import suppress
from inspect import getattr_static
from socket import SocketType
from threading import Event, Thread, current_thread, get_ident, main_thread
from types import FrameType, TracebackType
from typing import Any, Self

_STEP = 0.1  # seconds between looks
_SETTLED = 4  # looks that find the same: it waits
_MOVES = 20  # times of its own that a test may let pass
_SLEEPS = 6  # patiences in which a program may sleep
#: It is ignored by default: one that comes too late does nothing.
_SIGNAL = getattr(signal, "SIGURG", None)


class Stopped(BaseException):
    """The test was ended, for nothing happened any more. No Exception, so that none catches it."""


class Watch:
    """Watches the thread that enters it.

    Args:
        patience: seconds in which something must happen.
        release: lets everybody go whom the server keeps waiting.
    """

    def __init__(self, patience: float, release: Callable[[], None]) -> None:
        self._patience, self._release = patience, release
        self._over = Event()
        self._error: BaseException | None = None
        self._before: Any = None
        self._thread = 0
        self._can_raise = False
        self._asleep = ""
        self.stack: list[tuple[FrameType, int]] = []  # where it was found, the innermost first
        self.hangs = False
        self.waits = ""  # for what of its own, if it does not hang

    def __enter__(self) -> Self:
        self._thread = get_ident()
        self._can_raise = _SIGNAL is not None and current_thread() is main_thread()
        if self._can_raise:
            # None is a handler that C has set, and that Python can't set again.
            self._before = signal.signal(_SIGNAL, self._raise) or signal.SIG_DFL  # type: ignore[arg-type]
        self._watcher = Thread(target=self._watch, name="images-mock-storm", daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._error = None
        self._watcher.join(self._patience)
        if self._can_raise:
            signal.signal(_SIGNAL, self._before)  # type: ignore[arg-type]

    # -- in the watched thread

    def _raise(self, *_: object) -> None:
        error, self._error = self._error, None
        if error is not None and not self._over.is_set():
            raise error

    # -- in the watcher's

    def _watch(self) -> None:
        if self._over.wait(self._patience):
            return
        with suppress(Exception):  # what it looks into is not its own, and may be gone
            self._wait()
        if not self._over.is_set():
            self._end()

    def _wait(self) -> None:
        """Let pass what can, until the test is over or hangs."""
        patience = max(round(self._patience / _STEP), _SETTLED)
        found: tuple[int, int] | None = None
        same = moves = idle = slept = 0
        while idle <= patience and not self._over.wait(_STEP):
            frame = self._frame()
            now = (id(frame), frame.f_lasti) if frame else None
            same = same + 1 if now == found else 0
            found, idle = now, idle + 1
            if frame is None or same < _SETTLED:
                continue
            self._asleep = ""
            if moves < _MOVES and self._let_pass(frame):
                moves, idle, same = moves + 1, 0, 0
            elif _sleeps(frame):
                slept += 1
                idle = 0 if slept < _SLEEPS * patience else idle
                self._asleep = f"asleep for {slept * _STEP:.0f} s"
            elif not moves and not slept:
                return

    def _end(self) -> None:
        frame = self._frame()
        self.stack = [*_outward(frame)]
        self.waits = self._asleep or self._for_a_child() or self._bound_elsewhere()
        self.hangs = True
        with suppress(Exception):  # the server may be gone
            self._release()
        while not self._over.wait(max(min(self._patience, 1.0), _STEP)):
            self._interrupt(Stopped("nothing happened any more"))

    def _frame(self) -> FrameType | None:
        return sys._current_frames().get(self._thread)

    def _interrupt(self, error: BaseException) -> bool:
        if self._can_raise and _SIGNAL is not None:
            self._error = error
            signal.pthread_kill(self._thread, _SIGNAL)
        return self._can_raise

    def _let_pass(self, frame: FrameType) -> bool:
        """Let the time pass that it waits for, if it has a bound of its own."""
        if _timeout_of(frame):
            return self._interrupt(TimeoutError("timed out"))
        loop = _loop_of(frame)
        return _moved_on(loop) if loop else False

    def _for_a_child(self) -> str:
        """Another process may have a timeout that nobody sees from here."""
        is_so = any(frame.f_code.co_filename == subprocess.__file__ for frame, _ in self.stack)
        return "for another process" if is_so else ""

    def _bound_elsewhere(self) -> str:
        """The timeout of a socket, which can be raised in the watched thread alone."""
        for thread, frame in sys._current_frames().items():
            of_test = thread == self._thread and not self._can_raise
            is_other = thread not in (self._thread, get_ident()) or of_test
            if is_other and (bound := _timeout_of(frame)):
                return f"for a timeout of its own, {bound:g} s"
        return ""


def _outward(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    while frame:
        yield frame, frame.f_lineno
        frame = frame.f_back


def _timeout_of(frame: FrameType) -> float | None:
    """The seconds for which a socket is waited for in this frame; None where for ever."""
    for value in [*frame.f_locals.values()]:
        line = value if isinstance(value, SocketType) else getattr_static(value, "_sock", None)
        if isinstance(line, SocketType):
            return line.gettimeout() or None
    return None


def _sleeps(frame: FrameType) -> bool:
    """Whether it stands at a sleep: what is C has no frame of its own."""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return "sleep" in line


# -- loops -----------------------------------------------------------------------------------------


class _Ahead:
    """A loop's clock, moved on."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self.by = 0.0

    def __call__(self) -> float:
        return self._time() + self.by


def _loop_of(frame: FrameType) -> BaseEventLoop | None:
    """The loop that waits in this frame."""
    for outer, _ in _outward(frame):
        if outer.f_code is BaseEventLoop._run_once.__code__:  # type: ignore[attr-defined]
            loop = outer.f_locals.get("self")
            return loop if isinstance(loop, BaseEventLoop) else None
    return None


def _moved_on(loop: BaseEventLoop) -> bool:
    """Let it be as late as its next timer wants; whether there is one."""
    timers = [t.when() for t in [*loop._scheduled] if not t.cancelled()]  # type: ignore[attr-defined]
    if not timers:
        return False
    by = min(timers) - loop.time()

    def move() -> None:
        ahead = loop.time if isinstance(loop.time, _Ahead) else _Ahead(loop.time)
        ahead.by += max(by, 0.0)
        loop.time = ahead  # type: ignore[method-assign]

    loop.call_soon_threadsafe(move)
    return True
