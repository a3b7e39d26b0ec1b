"""What to tell where a test went wrong for a reason that is not in the test. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import TracebackType

    from mockserver.client.sandbox import Sandbox

_CLOSED_LOOP = """\
hint: an asynchronous client that several tests share keeps connections of a loop that has ended.
Make it in the test (`async with openai.AsyncOpenAI() as client`), take async_images_client, or let
all tests share a loop (see the how-to, The asynchronous client)."""


def of_others(handle: Sandbox) -> str:
    """Lines on requests with other keys, where none came with this sandbox's."""
    from mockserver.client.assertions import told_others

    others = [] if handle.requests else handle.others
    return "".join(f"\n{line}" for line in told_others(others))


def _is_of_sdk(trace: TracebackType | None) -> bool:
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).startswith("openai."):
            return True
        trace = trace.tb_next
    return False


def of_error(error: BaseException | None) -> list[tuple[str, str]]:
    """A section for the report of a failed test, where the error has a cure."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        if error.args == ("Event loop is closed",) and _is_of_sdk(error.__traceback__):
            return [("images_mock", _CLOSED_LOOP)]
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return []


def in_a_line(error: BaseException) -> str:
    """An exception as one line of a report."""
    told = " ".join(str(error).split())
    # Ours are sentences already.
    return told if isinstance(error, RuntimeError) and told else f"{type(error).__name__}: {told}"


@contextmanager
def told_briefly() -> Iterator[None]:
    """Fail without a trace where the server can't be used: its message says all."""
    try:
        yield
    except RuntimeError as error:
        raise pytest.fail.Exception(f"images_mock: {error}", pytrace=False) from None
