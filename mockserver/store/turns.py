"""Who waits for the log, and which steps of a process go there together. Takes none itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import CoroutineType
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """What somebody waits for: that the log has all that it had, and this step behind that."""

    answer: asyncio.Future[Any]
    step: bytes  # none: to know what others did
    take: Callable[[], Any]

    def tell(self, found: Callable[[], Any]) -> None:
        """Tell whoever waits what something comes to."""
        try:
            value = found()
        except Exception as refusal:
            if not self.answer.done():
                self.answer.set_exception(refusal)
        else:
            if not self.answer.done():  # else nobody waits for it any more
                self.answer.set_result(value)


class Turn:
    """A turn of the event loop, in which the first task need not wait for others."""

    def __init__(self) -> None:
        self._first: asyncio.Task[Any] | None = None

    def is_first(self) -> bool:
        """Whether no other task asked in this turn; those that do may wait for its end together."""
        task = asyncio.current_task()
        if self._first is None:
            self._first = task
            asyncio.get_running_loop().call_soon(self._end)
        return self._first is task

    def _end(self) -> None:
        self._first = None


def at_once(answer: Any) -> Any:
    """What a coroutine returns that never waits, as those of the memory's steps."""
    if not isinstance(answer, CoroutineType):
        return answer
    try:
        answer.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("a step has waited")
