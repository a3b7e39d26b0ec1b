"""Which kinds of failure a storm has for a test: those that can meet it, and have not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from mockserver.core.judging.seen import Journal, Seen
from mockserver.core.texts import likely_name
from mockserver.facts.failures import Failure, failures


def chosen(names: str) -> list[Failure]:
    """The kinds that are named, by commas, in the catalogue's order; all where none is.

    Raises:
        ValueError: one of them is none.
    """
    known = failures()
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            close = likely_name(name, known)
            hint = f"did you mean {close}?" if close else f"they are {', '.join(known)}"
            raise ValueError(f"{name!r} is no kind of failure; {hint}")
    return [failure for failure in known.values() if not wanted or failure.id in wanted]


def missing(journal: Journal, kinds: Iterable[Failure]) -> list[Failure]:
    """Those that could have met what was asked, and did not."""
    asked = [seen for seen in journal.requests if seen.is_for_pictures]
    needs = {need for seen in asked for need in _needs(seen)}
    if not journal.downloads:  # nothing wrong with a file could be seen
        needs.discard("url")
    if not needs & {"url", "base64", "stream"}:
        kinds = [kind for kind in kinds if not is_of_file(kind)]
    seen = (*asked, *journal.downloads)
    return [kind for kind in kinds if kind.needs in needs and not _is_met(kind, seen)]


def is_of_file(kind: Failure) -> bool:
    """Whether it is the file of a picture that is wrong, and the answer as ever."""
    return any(word in kind.then for word in ("picture", "image"))


def _needs(seen: Seen) -> Iterator[str]:
    """What a request is that a kind of failure may need."""
    is_streamed = seen.fields.get("stream") in (True, "true")
    yield ""
    if is_streamed:
        yield "stream"
    elif seen.pictures:
        yield "url"
    elif seen.status == 200:
        yield "base64"
    if seen.fields.get("n", 1) not in (1, "1", None):
        yield "several"


def _is_met(kind: Failure, seen: Iterable[Seen]) -> bool:
    return any(_shows(kind, one) for one in seen)


def _shows(kind: Failure, seen: Seen) -> bool:
    if seen.reason in kind.reasons:
        return True
    if any(fnmatchcase(name, effect) for name in seen.effects for effect in kind.effects):
        return True
    return not (seen.reason or seen.effects) and seen.status in kind.statuses
