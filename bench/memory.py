"""Memory of an idle server that has answered once, beside a bare Starlette app under uvicorn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.load import body
from bench.rows import Row, interleaved
from bench.servers import MOCK, running

ROUNDS = 3


def rows() -> Iterator[Row]:
    """Resident memory."""
    floors, ours = interleaved(
        ROUNDS, [partial(_resident, "bench.floors", "starlette"), partial(_resident, *MOCK)]
    )
    floor, measured = min(floors), min(ours)
    sizes = f"{measured:.1f} MiB", f"{floor:.1f} MiB"
    yield Row("idle memory", "bare uvicorn and Starlette", "<= 1.1", measured / floor, *sizes)


def _resident(*module: str) -> float:
    with running(*module) as server:
        server.ask(body({"prompt": "a fox"}))
        return server.resident_mib()
