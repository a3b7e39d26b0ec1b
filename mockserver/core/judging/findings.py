"""What a verdict consists of, and what beside a journal it depends on. Judges nothing."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

MOST = 160  # characters of what was seen
REQUESTS = 50  # ids of a finding: what is there more often shows no more
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"  # money, pictures or secrets are lost
    WARNING = "warning"  # sooner or later it costs
    NOTE = "note"  # worth a look: a journal can't know more


class Finding(NamedTuple):
    """One fault of the program that asked."""

    id: str  # as `retry-after-ignored`
    severity: Severity
    seen: str  # one line: "waited 0.5 s where the server said 20 s (3 of 3 retries)"
    requests: tuple[str, ...]  # ids, the first is where it shows

    def as_json(self) -> dict[str, Any]:
        """As the control API tells it: with why it matters, who says so, and what to do."""
        from mockserver.facts.findings import findings  # where nothing was found nobody asks

        known = findings()[self.id]
        return {
            "id": self.id,
            "severity": str(self.severity),
            "title": known.title,
            "seen": self.seen,
            "requests": [*self.requests],
            "why": known.why,
            "source": known.source,
            "level": known.level,
            "fix": known.fix,
            "howto": known.howto,
        }


class Surroundings(NamedTuple):
    """What a journal alone can't know; by default nothing else is known."""

    passed: bool | None = None  # whether the test did; None: there is none
    shows_errors: bool = True  # whether the test, or a log line of WARNING or worse, showed any
    waits_are_real: bool = True  # False where sleeping was patched
    sites: Mapping[str, str] = {}  # by a request's id: the file and line that made it
    #: By the same: all lines that led there. A loop makes equal ones, a test that asks twice not.
    chains: Mapping[str, str] = {}
    #: By the same: which thread or task asked. What one of them asked came one after the other.
    askers: Mapping[str, int] = {}

    def is_by_test(self, id_: str) -> bool:
        """Whether a test made a request itself, with no line of a program: it has the answer."""
        return id_ in self.chains and self.chains[id_] == self.sites.get(id_)

    @property
    def is_about_errors(self) -> bool:
        """Whether it is known that a test, which passed, has looked at errors: they are meant."""
        return self.passed is True and self.shows_errors

    @property
    def is_silent(self) -> bool:
        """Whether it is known that nobody was told of any error: a test passed, and showed none."""
        return self.passed is True and not self.shows_errors


ONLY_A_JOURNAL = Surroundings()


def span(seconds: float) -> str:
    """A length of time as people say it: `20 ms`, `0.5 s`, `20 s`, `61 minutes`, `2 hours`."""
    for unit, length in _UNITS:
        if seconds >= 2 * length:
            number = seconds / length
            return f"{number:.3g} {unit}" if number < 100 else f"{number:.0f} {unit}"
    if seconds >= 10:
        return f"{seconds:.0f} s"
    if seconds >= 0.1:
        return f"{seconds:.2g} s"
    return f"{seconds * 1000:.2g} ms" if seconds >= 0.001 else "0 s"


def times(number: int, one: str, many: str = "") -> str:
    """A number of things: `1 picture`, `3 pictures`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def often(number: int) -> str:
    """How often: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
