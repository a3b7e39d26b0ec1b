"""One line that tells how far a run is: on a terminal alone, and gone in the end."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

from contracts.trials import Trial

_CLEAR = "\r\x1b[K"
#: No narrower than any terminal: a line that wraps can't be taken back.
WIDE = 78


class Progress:
    """Tells each trial as it begins."""

    def __init__(self, stream: TextIO, trials: int) -> None:
        self._stream, self._trials = stream, trials
        self._made = 0
        self._shown = stream.isatty()

    def tell(self, trial: Trial) -> None:
        """Show that this one is made now."""
        self._made += 1
        self._write(f"{_CLEAR}{f'{self._made} of {self._trials}  {trial.id}'[:WIDE]}")

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
