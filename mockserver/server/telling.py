"""What a server's process tells of itself: that it is ready, where, and its libraries' warnings."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from mockserver.config import Config, ConfigError
from mockserver.request.log import announce
from mockserver.request.log_writer import say


def tell_ready(config: Config, address: str, lines: Iterable[str] = ()) -> None:
    """Tell whoever waits that it accepts; first what else there is to say.

    Raises:
        ConfigError: the ready file can't be written.
    """
    if config.on_loopback or config.control_token or config.control_token_file:
        announce(config.log_format, f"Look at it in a browser: {address}/")
    for line in lines:
        announce(config.log_format, line)
    write_ready_file(config.ready_file, address)
    say(sys.stdout, f"READY {address}")


def route_log(notice: Callable[[str], None]) -> None:
    """What our libraries have to say (of malformed HTTP, say) goes where all else goes.

    It is for a process of our own: warnings and whatever else is logged there go the same way.
    """

    class Notices(logging.Handler):
        last = ""  # of asyncio's, which says the same of each connection that it can't accept

        def emit(self, record: logging.LogRecord) -> None:
            text = f"{record.levelname} {record.getMessage()}"
            if record.name != "asyncio" or text != self.last:
                notice(text)
            self.last = text

    logging.getLogger().handlers = [Notices(logging.WARNING)]
    logging.captureWarnings(True)


def write_ready_file(path: Path | None, address: str) -> None:
    """Whole or not at all: whoever waits for the file may read it at once."""
    if path is None:
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(f"{address}\n", "utf-8")
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise ConfigError(
            f"ready-file ({path}) can't be written: {error.strerror}. Name a file in a directory "
            "that is there and can be written to, or leave it out."
        ) from None


def take_back_ready_file(path: Path | None, address: str) -> None:
    """Remove the file, unless another server has written its own address there."""
    with contextlib.suppress(OSError, ValueError):
        if path and path.read_text("utf-8") == f"{address}\n":
            path.unlink()
