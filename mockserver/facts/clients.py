"""How clients of the API treat a wait that they are told. Facts only: nothing is decided here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Client:
    """One client library, or some versions of it."""

    name: str
    header: str  # by which it is known, in lower case
    contains: str  # in that header
    longest_ms: int  # the longest wait that its own retry serves
    beyond: str  # what it does with a longer one
    source: str
    level: str
    since: str = ""  # the first version that does so; "" is any


@lru_cache(maxsize=1)
def clients() -> tuple[Client, ...]:
    """All that are known, in the order in which they are tried."""
    path = Path(__file__).with_name("clients.toml")
    return tuple(Client(**t) for t in tomllib.loads(path.read_text("utf-8"))["client"])
