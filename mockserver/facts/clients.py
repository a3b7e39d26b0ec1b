"""How clients of the API treat a wait that they are told. Facts only: nothing is decided here."""

from typing import NamedTuple

from mockserver.facts.files import file, typed


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


def clients() -> tuple[Client, ...]:
    """All that are known, in the order in which they are tried."""
    return tuple(typed(Client, row, "clients.toml") for row in file("clients")["client"])
