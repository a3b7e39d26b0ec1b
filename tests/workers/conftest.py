"""What is the same for all tests of workers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def signals_are_heeded() -> Iterator[None]:
    """Have processes begin with signals that end them, where nohup or a shell's job has them not."""
    found = [getattr(signal, name) for name in ("SIGHUP", "SIGINT") if hasattr(signal, name)]
    ignored = [number for number in found if signal.getsignal(number) is signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        ignored = []
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
