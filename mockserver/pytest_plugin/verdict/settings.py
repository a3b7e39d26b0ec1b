"""What a verdict leaves out, and how grave it takes what it finds. Knows the findings by their ids.

Loaded where somebody says such a thing, or wants a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.core.judging.findings import Severity
from mockserver.core.texts import likely_name
from mockserver.facts.findings import findings


def ignored(said: Any) -> frozenset[str]:
    """The ids that nobody wants: in a text by commas or spaces, or in a list.

    Raises:
        ValueError: there is no such finding, or it is no such text or list.
    """
    if isinstance(said, str):
        said = said.replace(",", " ").split()
    if not isinstance(said, Iterable):
        raise ValueError("must be a list of ids of findings")
    return frozenset(_known(id_) for id_ in said)


def severities(said: Any) -> dict[str, Severity]:
    """Severities in place of a finding's own: `id=error …` as a text, or a table.

    Raises:
        ValueError: there is no such finding or severity, or it is no such text or table.
    """
    if isinstance(said, str):
        pairs = [part.partition("=") for part in said.replace(",", " ").split()]
        said = {id_: severity for id_, _, severity in pairs}
    if not isinstance(said, Mapping):
        raise ValueError("must be a table: the severity of each id")
    return {_known(id_): severity(value) for id_, value in said.items()}


def severity(said: Any) -> Severity:
    """A severity by its name.

    Raises:
        ValueError: there is none of that name.
    """
    if said not in [*Severity]:
        raise ValueError(f"must say one of {', '.join(Severity)} of a finding, not {said!r}")
    return Severity(said)


def _known(id_: Any) -> str:
    if isinstance(id_, str) and id_ in findings():
        return id_
    close = likely_name(str(id_), findings())
    hint = f"did you mean {close}?" if close else f"they are {', '.join(findings())}"
    raise ValueError(f"must name findings, and {str(id_)[:60]!r} is none; {hint}")
