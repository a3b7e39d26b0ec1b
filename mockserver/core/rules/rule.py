"""Scripted behaviour: what a rule asks of a request; what happens then, `effects` has.

Values and matching only: `parser` reads and writes them, a sandbox counts them.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mockserver.core.rules import patterns
from mockserver.core.rules.effects import Effect, effect_name

Fields = Mapping[str, Any]
#: How much it matters whether a field is as wanted; any other matters as much as `OTHER`.
WEIGHTS: Mapping[str, int] = {"operation": 8, "model": 4, "prompt": 3}
OTHER = 2


class Text(NamedTuple):
    """How a text must be: the same, containing something, or found by a regular expression."""

    how: str  # "is", "contains" or "regex"
    what: str

    def matches(self, value: Any) -> bool:
        """Whether a value is such a text."""
        if not isinstance(value, str):
            return False
        if self.how == "contains":
            return self.what in value
        return patterns.found(self.what, value) is True

    def is_undecided(self, value: Any) -> bool:
        """Whether the search took too long, which counts as no match."""
        is_searched = self.how == "regex" and isinstance(value, str)
        return is_searched and patterns.found(self.what, value) is None

    def __str__(self) -> str:
        return f"{self.how} {self.what!r}"


Wanted = Text | str | int | float | bool | None  # a value, or how a text must be


class When(NamedTuple):
    """Which requests are meant: all of these must be so. `call` picks the k-th that is so."""

    wanted: tuple[tuple[str, Wanted], ...] = ()  # by field; a model may have * in it
    call: int | None = None

    @property
    def names_operation(self) -> bool:
        """Whether it says which operation; one that does not means requests for pictures."""
        return any(name == "operation" for name, _ in self.wanted)

    def matches(self, given: Fields) -> bool:
        """Whether a request with these fields is meant, whichever call it is."""
        return all(fits(name, wanted, given.get(name)) for name, wanted in self.wanted)

    def is_undecided(self, given: Fields) -> bool:
        """Whether a regular expression took too long to tell whether a request is meant."""
        for name, wanted in self.wanted:
            if not fits(name, wanted, given.get(name)):
                return isinstance(wanted, Text) and wanted.is_undecided(given.get(name))
        return False


def fits(name: str, wanted: Any, value: Any) -> bool:
    """Whether one field's value is the wanted one."""
    if isinstance(wanted, Text):
        return wanted.matches(value)
    if name == "model" and isinstance(value, str) and isinstance(wanted, str):
        return fnmatchcase(value, wanted)
    return bool(wanted == value) and isinstance(wanted, bool) == isinstance(value, bool)


class Rule(NamedTuple):
    """Scripted behaviour: without `times` it stays, else it is used up after so many requests."""

    when: When
    then: Effect
    times: int | None = None
    name: str = ""
    next: bool = False  # waits in the queue that goes before all rules that are not
    id: str = ""  # given by the sandbox
    origin: str = "call"  # "file", "call", "all" (of all sandboxes) or "magic"

    def __str__(self) -> str:
        return f'{self.id} "{self.name}"' if self.name else f"{self.id} {effect_name(self.then)}"
