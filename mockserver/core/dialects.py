"""The vendor's servers that answered, each with its own way. The facts say which did, and when.

A is the server of DALL·E's first years, B the gateway that took its place in spring 2025.
"""

from collections.abc import Mapping
from typing import NamedTuple

from mockserver.core.errors import Reason
from mockserver.core.validation import Validator
from mockserver.core.validation_b import ModelFirstValidator
from mockserver.facts import Facts, Operation
from mockserver.facts.files import FactsError
from mockserver.facts.words import TABLES, Words
from mockserver.facts.words.backend import BACKEND
from mockserver.facts.words.edits import EDITS


class Dialect(NamedTuple):
    """How one server checks a request and lays out what it says."""

    words: Words  # those of certain times lie over them
    validator: type[Validator]
    newline: bool  # whether a success body ends in one
    tells_bound_of_model: bool  # in refusals; else that of the parameter, whatever the model
    unmet: frozenset[Reason]  # what its order of checks never comes to


def dialect_of(name: str) -> Dialect:
    """The dialect of a name; FactsError if there is none."""
    if name not in DIALECTS:
        raise FactsError(f"there is no dialect {name!r}: it is one of {', '.join(DIALECTS)}")
    return DIALECTS[name]


def validator_of(facts: Facts, operation: Operation, *, page_sizes: bool) -> Validator:
    """What checks the bodies of an operation."""
    return dialect_of(operation.dialect).validator(facts, operation, page_sizes=page_sizes)


DIALECTS: Mapping[str, Dialect] = {
    "A": Dialect(
        words=TABLES["A"],
        validator=Validator,
        newline=True,
        tells_bound_of_model=False,
        unmet=frozenset(
            {
                *(Reason.NOT_A_NUMBER, Reason.DUPLICATE_PARAMETER, Reason.FILE_TYPE),
                *(*BACKEND, *EDITS),
            }
        ),
    ),
    "B": Dialect(
        words=TABLES["B"],
        validator=ModelFirstValidator,
        newline=False,
        tells_bound_of_model=True,
        unmet=frozenset({Reason.ONE_IMAGE_ONLY, Reason.PROMPT_OVER_MODEL}),
    ),
}
