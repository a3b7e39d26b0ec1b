"""What one limit decision in memory costs, beside that of throttled-py where it is installed."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Iterator
from importlib.util import find_spec

from bench.rows import Row, interleaved, seconds
from mockserver.facts.costs import IMAGES, Limit
from mockserver.store.memory import MemoryStore

ROUNDS = 9
DECISIONS = 20_000  # a round
LIMIT = 1_000_000  # images a minute: never reached


def rows() -> Iterator[Row]:
    """By the wall clock."""
    held = "limit decision in memory", "throttled-py's token bucket", "<= 0.5"
    if find_spec("throttled") is None:
        yield Row(*held, note=f"throttled-py is not installed; ours: {_us(_ours())}")
        return
    ours, theirs = map(min, interleaved(ROUNDS, [_ours, _theirs]))
    yield Row(*held, ours / theirs, _us(ours), _us(theirs))


def _us(seconds: float) -> str:
    return f"{1e6 * seconds:.2f} us"


def _ours() -> float:
    """Seconds for one decision, with the time that it needs read from the system."""
    store, limits = MemoryStore(), (Limit(IMAGES, LIMIT),)

    async def decide() -> None:
        for _ in range(DECISIONS):
            sandbox = await store.sandbox("a")
            await sandbox.admit("dall-e-2", limits=limits, charge={IMAGES: 1}, now=time.time_ns())

    return seconds(lambda: asyncio.run(decide())) / DECISIONS


def _theirs() -> float:
    """The same with the token bucket of throttled-py, which is no dependency."""
    throttled = importlib.import_module("throttled")
    bucket = throttled.Throttled(
        using="token_bucket",
        quota=throttled.per_min(LIMIT, burst=LIMIT),
        store=throttled.MemoryStore(),
    )

    def decide() -> None:
        for _ in range(DECISIONS):
            bucket.limit("a", cost=1)

    return seconds(decide) / DECISIONS
