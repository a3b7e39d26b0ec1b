"""The kinds of failure that the API, a gateway and the network can show a client. Facts only."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from mockserver.facts.files import cached, file, typed

#: What a request must be for a failure to meet it; "" is any that asks for pictures.
Needs = Literal["", "url", "base64", "several", "stream"]


class Failure(NamedTuple):
    """One kind, what brings it about, and by what a request or download shows that it met it."""

    id: str
    title: str
    then: Mapping[str, Any]  # of a rule that brings it about
    why: str  # it matters
    source: str
    level: str
    swallowed: bool  # SDKs show it without an exception
    needs: Needs = ""
    of: Literal["request", "download"] = "request"  # what meets it
    effects: tuple[str, ...] = ()  # of rules, as the journal has them; `gateway.5*` is several
    reasons: tuple[str, ...] = ()  # the mock's names for why it was refused
    statuses: tuple[int, ...] = ()  # that show it where neither effect nor reason shows another


@cached
def failures() -> Mapping[str, Failure]:
    """The catalogue by id, in the order in which it is told."""
    found = (typed(Failure, row, "failures.toml") for row in file("failures")["failure"])
    return {failure.id: failure for failure in found}
