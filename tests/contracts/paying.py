"""An account of a test's own: requests that cost something, and who sends them. Tests nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts.discretion import Key
from contracts.exchange import json_request
from contracts.target.http import HttpTarget
from contracts.target.ledger import Ledger, Sums
from contracts.target.opening import Opening, Terms
from tests.contracts.stand_in import MODELS, PICTURE, Answers, Reply, as_json, error

KEY = "sk-canary-account"
CENT = 10_000  # micro-dollars
#: $0.016 at the most, and by the price list.
SMALL = json_request(
    "POST", "/images/generations", {"prompt": "x", "model": "dall-e-2", "size": "256x256"}
)
#: $0.010915 at the most; what it did cost is told by its usage.
BY_TOKENS = json_request(
    "POST",
    "/images/generations",
    {"prompt": "x", "model": "gpt-image-1", "size": "1024x1024", "quality": "low"},
)
WRONG = json_request("POST", "/images/generations", {"prompt": "x", "model": "dall-e-2", "n": 0})


@contextmanager
def opened(
    url: str, ledger: Path, cap: int | None = 50 * CENT, **terms: Any
) -> Iterator[HttpTarget]:
    opening = Opening({"IMAGES_CONTRACT_API_KEY": KEY}, lambda: 0.0, sleep=lambda _: None)
    with opening.target(url, Terms(cap=cap, ledger=ledger, **terms)) as target:
        yield target


def sums(url: str, ledger: Path, key: str = KEY) -> Sums:
    port = url.rpartition(":")[2].partition("/")[0]
    return Ledger(ledger, lambda: 0.0).sums(Key(key).account(f"loopback:{port}"))


def paying(picture: Answers = lambda _: PICTURE) -> Answers:
    """An API that has models for nothing."""
    free = {True: MODELS, False: error(404)}
    return lambda sent: free[bool(sent.key)] if sent.method == "GET" else picture(sent)


def ask_often(target: HttpTarget, times: int) -> None:
    for _ in range(times):
        target.ask(SMALL, pays=True)


def with_usage(tokens: int) -> Reply:
    told = {"input_tokens": 7, "output_tokens": tokens, "total_tokens": 7 + tokens}
    return as_json(200, {"created": 1, "data": [{"b64_json": ""}], "usage": told})
