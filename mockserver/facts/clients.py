"""How clients of the API treat a wait that they are told. Facts only: nothing is decided here."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import NamedTuple

from mockserver.facts import __path__
from mockserver.packaged import packaged


class Client(NamedTuple):
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
    text = packaged(__path__[0], "clients.toml").decode("utf-8")
    return tuple(Client(**t) for t in tomllib.loads(text)["client"])
