"""A server that ends with its standard input: a pipe ends with the process that writes to it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from threading import Thread


def end_with_stdin() -> None:
    """Let the end of standard input be a SIGTERM to this process."""
    Thread(target=_read_to_the_end, name="until-eof", daemon=True).start()


def _read_to_the_end() -> None:
    with suppress(OSError):  # one that can't be read has ended
        while os.read(0, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
