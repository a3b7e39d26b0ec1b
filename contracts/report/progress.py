"""One line that tells how far a run is: on a terminal alone, and gone in the end."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TextIO

from contracts.trials import Trial

_CLEAR = "\r\x1b[K"
WIDE = 78  # characters at the most


class Progress:
    """Tells each trial as it begins."""

    def __init__(self, stream: TextIO, trials: int) -> None:
        self._stream, self._trials = stream, trials
        self._made = 0
        self._shown, self._wide = stream.isatty(), _width(stream)

    def tell(self, trial: Trial) -> None:
        """Show that this one is made now."""
        self._made += 1
        self._write(f"{_CLEAR}{f'{self._made} of {self._trials}  {trial.id}'[: self._wide]}")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write(_CLEAR)

    def _write(self, text: str) -> None:
        if self._shown:
            self._stream.write(text)
            self._stream.flush()


def _width(stream: TextIO) -> int:
    """Characters of a line that does not wrap: one that does can't be taken back."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:  # it is no terminal, or does not know
        return WIDE
    return min(WIDE, columns - 1) if columns else WIDE
