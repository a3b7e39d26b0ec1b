"""What a verdict can find wrong with a program: why it matters, and who says so. Judges nothing."""

from collections.abc import Mapping
from typing import NamedTuple

from mockserver.facts.files import cached, file, typed


class FindingFacts(NamedTuple):
    """One kind of fault."""

    id: str
    title: str
    severity: str  # error, warning or note
    why: str
    source: str  # of why it matters
    fix: str
    silent: str  # where nothing is found
    howto: str  # the anchor in docs/findings.md
    level: str


@cached
def findings() -> Mapping[str, FindingFacts]:
    """All that there are, by id, in the order of the file."""
    rows = (typed(FindingFacts, row, "findings.toml") for row in file("findings")["finding"])
    return {row.id: row for row in rows}
