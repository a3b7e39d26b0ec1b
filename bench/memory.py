"""Memory of an idle server that has answered once, beside a bare Starlette app under uvicorn."""

from __future__ import annotations

from functools import partial

from bench.load import body
from bench.rows import header, interleaved, row
from bench.servers import MOCK, running

ROUNDS = 3


def main() -> None:
    """Print the row."""
    header()
    floors, ours = interleaved(
        ROUNDS, [partial(_resident, "bench.floors", "starlette"), partial(_resident, *MOCK)]
    )
    floor, measured = min(floors), min(ours)
    row("idle memory", f"{measured:.1f} MiB", f"{floor:.1f} MiB", "<= 1.3", measured / floor)


def _resident(*module: str) -> float:
    with running(*module) as server:
        server.ask(body({"prompt": "a fox"}))
        return server.resident_mib()


if __name__ == "__main__":
    main()
