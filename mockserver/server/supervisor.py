"""Looks after several processes that serve one address. Knows not what they serve.

The process that does so serves nobody: it needs no thread and no loop, and may fork at any time. It
keeps each worker's listening socket open: connections that wait there when the worker dies wait for
the one that replaces it. A line to each tells both ends when the other one is gone.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from mockserver.clock import SystemClock
from mockserver.config import ConfigError
from mockserver.core.exit_codes import CONFIGURATION, INTERNAL
from mockserver.request.log_writer import WRITER
from mockserver.server.listening import GRACE, ending_signals

#: What goes over the line: a worker serves, or listens no more; it shall wait for nobody.
SERVES, IS_SHUT, FORCE = b"s", b"c", b"f"
END = 3 * GRACE  # seconds that workers get to end; they need half of it
_SHUT = 0.6 * GRACE  # seconds after which none of them takes a connection, whatever it does
_PAUSE = 1.0  # seconds, at the most, between two tries to begin a worker
_TRIES = 3  # in a row to begin one, before all serve or where no other one does
#: Serves in a worker until it ends, by its name, with its listening socket and its line.
Serve = Callable[[str, socket.socket, socket.socket], None]


class Seat:
    """One of the workers: its listening socket, and the process that has it just now."""

    def __init__(self, number: int, listener: socket.socket) -> None:
        self.number = number
        self.listener = listener
        self.pid = 0  # 0: there is none
        self.line: socket.socket | None = None
        self.serves = False
        self.listens = True
        self.begun = 0  # processes
        self.failed = 0  # of them in a row that ended before they served
        self.due = 0.0  # when the next one begins

    @property
    def name(self) -> str:
        """The name of its process, which no other had."""
        return f"{self.number}.{self.begun - 1}" if self.begun > 1 else str(self.number)


class Supervisor:
    """Looks after the workers of one address.

    Args:
        listeners: the listening socket of each.
        serve: what each does; it may raise ConfigError.
        ready: called once all of them serve.
        say: writes a line of the log at once.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        serve: Serve,
        ready: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._seats = [Seat(number, one) for number, one in enumerate(listeners, 1)]
        self._serve, self._ready, self._say = serve, ready, say
        self._is_ready = False
        self._code = 0
        self._ends: float | None = None  # when they began to end
        self._selector = selectors.DefaultSelector()
        self._signals, self._woken = socket.socketpair()

    def run(self) -> int:
        """Serve until a signal ends it, or no worker can begin; the exit code."""
        with self._heard():
            try:
                for seat in self._seats:
                    self._fork(seat)
                while any(seat.pid or seat.due for seat in self._seats):
                    self._look()
            finally:
                self._kill_rest()
                for seat in self._seats:
                    seat.listener.close()
        return self._code

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Have signals wake this process while it waits; at the end they are ignored."""
        ending = ending_signals()
        for end in (self._signals, self._woken):
            end.setblocking(False)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for number in (*ending, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self._selector.register(self._signals, selectors.EVENT_READ, None)
        try:
            yield
        finally:
            for number in ending:
                signal.signal(number, signal.SIG_IGN)
            signal.set_wakeup_fd(-1)
            for held in (self._selector, self._signals, self._woken):
                held.close()

    def _look(self) -> None:
        """Wait for news, and do what follows."""
        for key, _ in self._selector.select(self._pause()):
            if isinstance(key.data, Seat):
                self._hear(key.data)
            else:
                self._heed(self._signals.recv(4096))
        for seat in self._seats:
            self._reap(seat)
        if not (self._is_ready or self._ends) and all(seat.serves for seat in self._seats):
            self._is_ready = True
            pids = ", ".join(str(seat.pid) for seat in self._seats)
            self._say(f"{len(self._seats)} workers serve (processes {pids}).")
            self._ready()
        now = SystemClock.monotonic()
        if self._ends is not None:
            self._hurry(now - self._ends)
        for seat in self._seats:
            if seat.due and seat.due <= now:
                self._fork(seat)

    def _pause(self) -> float | None:
        """Seconds until something is due by itself; None if nothing is."""
        dues = [seat.due for seat in self._seats if seat.due]
        if self._ends is not None:
            dues.append(self._ends + (_SHUT if any(s.listens for s in self._seats) else END))
        return max(0.0, min(dues) - SystemClock.monotonic()) if dues else None

    # -- one worker ----------------------------------------------------------------------------

    def _fork(self, seat: Seat) -> None:
        """Begin the next process of a seat."""
        seat.due, seat.serves, seat.begun = 0.0, False, seat.begun + 1
        ours, theirs = socket.socketpair()
        WRITER.flush()  # its thread, if any: a child would not have it
        # A signal that comes in between is the child's only once it can take it.
        usual = signal.pthread_sigmask(signal.SIG_BLOCK, [*ending_signals(), signal.SIGCHLD])
        pid = os.fork()
        if pid == 0:
            code = INTERNAL
            try:
                ours.close()
                code = self._work(seat, theirs, usual)
            finally:  # nothing of the supervisor goes on in here
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)
        theirs.close()
        seat.pid, seat.line = pid, ours
        self._selector.register(ours, selectors.EVENT_READ, seat)

    def _work(self, seat: Seat, line: socket.socket, usual: set[int]) -> int:
        """Be that process; its exit code."""
        try:
            self._become_worker(seat, usual)
            self._serve(seat.name, seat.listener, line)
        except ConfigError as error:
            self._say(f"images-mock: {error}")
            return CONFIGURATION
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
            self._say(f"images-mock: internal error, please report it: {told}")
            return INTERNAL
        else:
            return 0
        finally:
            WRITER.flush()

    def _become_worker(self, seat: Seat, usual: set[int]) -> None:
        """Let go of all that is the supervisor's, or another worker's."""
        signal.set_wakeup_fd(-1)
        for number in {*ending_signals()} - {signal.SIGTERM}:
            signal.signal(number, signal.SIG_IGN)  # a terminal's are for the supervisor
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # Until it serves. Were it ignored for a moment, one that has come already would be lost.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)
        self._selector.close()
        for end in (self._signals, self._woken, *(s.line for s in self._seats if s.line)):
            end.close()
        for other in self._seats:
            if other.listener is not seat.listener:
                other.listener.close()

    def _hear(self, seat: Seat) -> None:
        """Hear what a worker tells; or that it can tell no more, and is about to be dead."""
        told = b""
        with suppress(OSError):
            told = seat.line.recv(16) if seat.line else b""
        if not told:
            self._hang_up(seat)
        if SERVES in told:
            seat.serves, seat.failed = True, 0
        if IS_SHUT in told and self._ends is not None:
            self._close(seat)

    def _hang_up(self, seat: Seat) -> None:
        if seat.line:
            self._selector.unregister(seat.line)
            seat.line.close()
            seat.line = None

    def _close(self, seat: Seat) -> None:
        """Listen no more where this worker does not; where all share a socket, when none does."""
        seat.listens = False
        if not any(s.listens for s in self._seats if s.listener is seat.listener):
            seat.listener.close()

    def _reap(self, seat: Seat) -> None:
        """Look whether a worker is dead; what follows."""
        pid, status = os.waitpid(seat.pid, os.WNOHANG) if seat.pid else (0, 0)
        if not pid:
            return
        served, seat.pid, seat.serves = seat.serves, 0, False
        self._hang_up(seat)
        if self._ends is not None:
            self._close(seat)
            return
        code = os.waitstatus_to_exitcode(status)
        told = f"worker {seat.number} (process {pid}) ended with {_named(code)}"
        seat.failed += not served and code != 0  # with 0 it ends where somebody tells it to
        if self._is_hopeless(seat, code):
            self._say(f"images-mock: {told} before it served.")
            self._end(code if code > 0 else INTERNAL)
            return
        self._say(f"WARNING {told}; replacement {seat.begun} of it begins.")
        seat.due = SystemClock.monotonic() + min(_PAUSE, 0.2 * seat.failed)

    def _is_hopeless(self, seat: Seat, code: int) -> bool:
        """Whether there is no use in another try: it says why it can't begin, or never does."""
        if seat.failed and code > 0 and not self._is_ready:
            return True
        is_alone = not any(s.serves for s in self._seats)
        return seat.failed >= _TRIES and (is_alone or not self._is_ready)

    # -- the end -------------------------------------------------------------------------------

    def _heed(self, signals: bytes) -> None:
        """Do what signals want: the first begins the end, a second Ctrl-C waits for nobody."""
        for number in signals:
            if number == signal.SIGCHLD:
                continue
            if self._ends is None:
                self._end()
            elif number == signal.SIGINT:
                for line in [seat.line for seat in self._seats if seat.line]:
                    with suppress(OSError):
                        line.send(FORCE)

    def _end(self, code: int = 0) -> None:
        """Have all workers end."""
        self._code, self._ends = code, SystemClock.monotonic()
        for seat in self._seats:
            seat.due = 0.0
            if seat.pid:
                os.kill(seat.pid, signal.SIGTERM)
            else:
                self._close(seat)

    def _hurry(self, passed: float) -> None:
        """Hold workers to their time: `passed` are seconds since they began to end."""
        if passed < _SHUT:
            return
        for seat in self._seats:
            if seat.listens:  # it is busy, and would leave new connections without an answer
                with suppress(OSError):
                    seat.listener.shutdown(socket.SHUT_RDWR)
                self._close(seat)
        if passed >= END:
            self._kill_rest()

    def _kill_rest(self) -> None:
        """End those that are still there."""
        for seat in self._seats:
            if seat.pid:
                if self._ends is not None:
                    self._say(
                        f"WARNING worker {seat.number} (process {seat.pid}) did not end within "
                        f"{END:g} s, and was killed."
                    )
                os.kill(seat.pid, signal.SIGKILL)
                os.waitpid(seat.pid, 0)
                seat.pid = 0
                self._hang_up(seat)


def _named(code: int) -> str:
    """What ended a process: an exit code, or a signal, which is below 0."""
    if code >= 0:
        return f"exit code {code}"
    known = {number.value: number.name for number in signal.Signals}
    return known.get(-code, f"signal {-code}")
