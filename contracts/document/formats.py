"""Formats of the contract that JSON Schema can only name.

It lets a validator pass a format that it does not know: `CHECKER` knows them, and so does a
generator that `teach` was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from jsonschema import FormatChecker

from contracts.document import addresses, sizes


class Format(Protocol):
    """Texts of one kind."""

    def conforms(self, value: Any) -> bool:
        """Whether a value is of it, or no text at all."""

    def examples(self) -> list[str]:
        """Some of them, those at its bounds among them."""


def named(name: str) -> Format | None:
    """The format with this name; None if it is none of the contract's own."""
    return sizes.named(name) or addresses.named(name)


class _Checker(FormatChecker):
    """Checks these formats, whatever their bounds, and no other."""

    def conforms(self, instance: object, format: str) -> bool:
        """Whether a value is of a format."""
        known = named(format)
        return known is None or known.conforms(instance)

    def check(self, instance: object, format: str) -> None:
        """Raise FormatError if a value is not of a format."""
        if not self.conforms(instance, format):
            from jsonschema.exceptions import FormatError

            raise FormatError(f"{instance!r} is no {format}")


CHECKER = _Checker(formats=())


def teach(document: Any, register: Callable[[str, list[str]], None]) -> None:
    """Tell a generator examples of each of these formats in a document."""
    match document:
        case {"format": str(name)} if known := named(name):
            register(name, known.examples())
        case Mapping():
            for value in document.values():
                teach(value, register)
        case list():
            for value in document:
                teach(value, register)


def formats_in(schema: Any) -> dict[str, Callable[[str], bool]]:
    """What checks each of these formats in a schema, for validators that are not jsonschema's."""
    checks: dict[str, Callable[[str], bool]] = {}
    teach(schema, lambda name, _: checks.update({name: partial(CHECKER.conforms, format=name)}))
    return checks
