"""Ctrl-C and SIGTERM, which are one to a run: it ends, and tells what it saw. Prints nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[Callable[[object], None]]:
    """Raise KeyboardInterrupt at either signal, while this is open.

    What it gives raises it once more: an exception can get lost in a callback of a collector.
    """
    told: list[int] = []

    def interrupt(number: int, _: object) -> None:
        told.append(number)
        raise KeyboardInterrupt

    def check(_: object) -> None:
        if told:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check  # where no signal comes
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupt) for number in signals]
    try:
        yield check
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
