"""Which kinds of failure a storm has for a test: those that can meet it, and have not. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mockserver.core.judging.coverage import met, needs_in
from mockserver.core.judging.seen import Journal
from mockserver.core.texts import likely_name
from mockserver.facts.failures import Failure, failures

_NOT = "!"


def chosen(names: str) -> list[Failure]:
    """The kinds that are named, by commas, in the catalogue's order; all where none is.

    What has a ! before it is left out.

    Raises:
        ValueError: one of them is none.
    """
    known = failures()
    told = [name.strip() for name in names.split(",") if name.strip()]
    for name in (name.removeprefix(_NOT) for name in told):
        if name not in known:
            close = likely_name(name, known)
            hint = f"did you mean {close}?" if close else f"they are {', '.join(known)}"
            raise ValueError(f"{name!r} is no kind of failure; {hint}")
    unwanted = {name.removeprefix(_NOT) for name in told if name.startswith(_NOT)}
    wanted = {name for name in told if not name.startswith(_NOT)} or {*known}
    return [failure for name, failure in known.items() if name in wanted - unwanted]


def missing(journal: Journal, kinds: Iterable[Failure]) -> list[Failure]:
    """Those that could have met what was asked, and did not."""
    needs, has_met = needs_in(journal), met(journal)
    if not journal.downloads:  # nothing wrong with a file could be seen
        needs.discard("url")
    if not needs & {"url", "base64", "stream"}:
        kinds = [kind for kind in kinds if not is_of_file(kind)]
    return [kind for kind in kinds if kind.needs in needs and kind.id not in has_met]


def is_of_file(kind: Failure) -> bool:
    """Whether it is the file of a picture that is wrong, and the answer as ever."""
    return any(word in kind.then for word in ("picture", "image"))
