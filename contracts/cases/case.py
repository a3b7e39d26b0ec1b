"""A case of the contract as a value: one request, what becomes of it, and how that is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from contracts.trials import Tier
from mockserver.facts.words.wording import Reason


class Evidence(NamedTuple):
    """Where it is known from: recordings, rows of the facts, or a level with its source."""

    records: tuple[str, ...] = ()  # ids of observed errors
    facts: tuple[str, ...] = ()  # reasons and parameters, whose rows have level and source
    level: str = ""
    source: str = ""


class Pending(NamedTuple):
    """Why a case is not held to for now, and to which day."""

    why: str
    until: date


class Expected(NamedTuple):
    """What becomes of a request, under certain rules; the words of a refusal are the facts'."""

    # when it does: always, unless one of these says otherwise
    dialect: str = ""
    models: tuple[str, ...] = ()
    since: date = date.min
    until: date = date.max
    # what it is: refused, or accepted
    reason: Reason | None = None
    param: str = ""  # that the refusal is about
    values: Mapping[str, Any] = {}  # that its words mention, beside what param says
    shows: tuple[str, ...] = ()  # parameters that the answer shows, as sent or by default
    hidden: Mapping[str, str] = {}  # parameters that it does not show, and why
    body: Mapping[str, Any] = {}  # path in the answer → matcher


class Given(NamedTuple):
    """What a case needs to be there: the id of what a request makes stands for its name."""

    call: str
    send: Mapping[str, Any] = {}
    files: Mapping[str, Any] = {}
    undo: str = ""  # the call that takes it away again


class Case(NamedTuple):
    """One request, to the models that know what it sends."""

    id: str
    operation: str  # as a report names it
    service: str  # whose words count: an operation of the facts, or a service of them
    branch: str  # of the report's row
    cost: Literal["free", "paid"]  # free: nobody sends a bill, whoever is asked
    expect: tuple[Expected, ...]  # the first that counts on a day is what is expected
    evidence: Evidence
    tier: Tier = Tier.CORE
    call: str = ""  # method and path below the base URL; the operation's unless given
    key: Literal["good", "none", "bad", "admin"] = "good"
    headers: Mapping[str, str] = {}
    models: tuple[str, ...] = ()  # who is asked for: all that there are, unless named
    asks: Literal["kinds", "models", "once"] = (
        "kinds"  # one of models that take the same; each; one
    )
    since: date = date.min
    until: date = date.max
    json: bool = False  # of an operation that takes forms too
    form: bool = False  # of a service beside images
    send: Mapping[str, Any] = {}  # over the least body that is good
    without: tuple[str, ...] = ()  # of that body
    files: Mapping[str, Any] = {}  # of a form: field → name of a file, or what it is
    raw: str | None = None  # the whole body, in place of all that
    undo: str = ""  # the call that takes away again what it made, whose id is {id}
    given: Mapping[str, Given] = {}  # of its file: what {name} stands for in what is sent
    quick: bool = True
    pending: Pending | None = None

    @property
    def is_of_keys(self) -> bool:
        """Whether it is about who asks."""
        is_misplaced = self.key == "admin" and self.service != "organization"
        return self.key in ("none", "bad") or is_misplaced or "openai-organization" in self.headers
