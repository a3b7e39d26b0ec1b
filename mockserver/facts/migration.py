"""What to do about what another model refuses, from migration.toml. Few ask for it."""

from collections.abc import Sequence
from typing import NamedTuple

from mockserver.facts.files import cached, file, typed


class Fix(NamedTuple):
    """What to do about a refusal."""

    say: str  # a template
    mend: str  # what is done about it; "" is nothing
    source: str
    level: str
    param: str = ""  # of which it is; "" is any
    reason: str = ""
    reasons: tuple[str, ...] = ()


class _Called(NamedTuple):
    """A value, and what other models call it."""

    parameter: str
    value: str
    becomes: tuple[str, ...]
    source: str
    level: str


@cached
def _fixes() -> Sequence[Fix]:
    return [typed(Fix, row, "migration.toml, [[fix]]") for row in file("migration")["fix"]]


@cached
def fix_for(reason: str, param: str) -> Fix | None:
    """What to do about a refusal for a reason; None where nothing is known."""
    rows = [fix for fix in _fixes() if reason in (fix.reason, *fix.reasons)]
    return next((fix for fix in rows if fix.param in ("", param)), None)


@cached
def called_elsewhere(parameter: str, value: str) -> Sequence[str]:
    """What a value is called by other models, the likeliest first."""
    rows = [typed(_Called, row, "migration.toml, [[value]]") for row in file("migration")["value"]]
    return [
        name
        for row in rows
        if (row.parameter, row.value) == (parameter, value)
        for name in row.becomes
    ]
