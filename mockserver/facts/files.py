"""The TOML files of facts: this package's, and over them those of a directory. Knows no fact."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from mockserver.facts import __path__
from mockserver.packaged import packaged

T = TypeVar("T", bound=NamedTuple)
F = TypeVar("F", bound=Callable[..., Any])
#: What tells two rows of one table apart.
_NAMES = ("id", "ids", "list", "lists", "table", "model", "models", "name")
#: Files of this package that are read as one.
_PARTS = {"models": ("models", *(f"models-gpt-image-{number}" for number in ("1", "1.5", "2")))}
MOST = 10**15  # of any number of the facts: there are seconds, bytes and pixels
_over: "Over | None" = None


class Over(NamedTuple):
    """A directory whose files lie over those of the package, as they were when it was read."""

    path: Path
    files: tuple[tuple[str, bytes], ...]  # names, as models.toml, and contents


class FactsError(ValueError):
    """Facts that can't be used. The message names the file, the row, and what is wrong."""


def over() -> Over | None:
    """What lies over the files of the package."""
    return _over


def found_in(path: Path) -> Over:
    """The files of a directory; FactsError if one can't be read."""
    whole = path.resolve()
    try:
        found = [
            f
            for pattern in ("*.toml", "words/*.toml", "platform/*.toml")
            for f in whole.glob(pattern)
        ]
        files = [(f.relative_to(whole).as_posix(), f.read_bytes()) for f in found if f.is_file()]
    except OSError as error:
        raise FactsError(f"{error.filename} can't be read: {error.strerror}") from None
    return Over(whole, tuple(sorted(files)))


def lay_over(further: Over | None) -> None:
    """Let a directory's files count too, from now on: see `facts.read_from`."""
    global _over
    _over = further
    for function in _CACHED:
        function.cache_clear()


def cached(function: F) -> F:
    """Remember what a function of the files answers, until others lie over them."""
    found = lru_cache(maxsize=512)(function)
    _CACHED.append(found)
    return found  # type: ignore[return-value]


_CACHED: list[Any] = []


@cached
def file(name: str) -> Mapping[str, Any]:
    """A file's tables: rows of the directory are more rows, or replace the one of their name."""
    found: dict[str, Any] = {}
    for part in _PARTS.get(name, (name,)):
        found = _laid_over(found, _parsed(part, packaged(__path__[0], f"{part}.toml")))
    own = dict(_over.files).get(f"{name}.toml") if _over else None
    if own is None or _over is None:
        return found
    further = _parsed(str(_over.path / f"{name}.toml"), own)
    _check_numbers(further, f"{name}.toml")
    return _laid_over(found, further)


def _check_numbers(value: Any, where: str) -> None:
    """Raise the FactsError of a number that no fact has: what is not one, or beyond reason."""
    if isinstance(value, int | float) and not 0 <= value <= MOST:
        raise FactsError(f"{where} must be a number from 0 to {MOST:.0e}")
    if isinstance(value, list):
        value = dict(enumerate(value, 1))
    for name, one in value.items() if isinstance(value, dict) else ():
        _check_numbers(one, f"{where}, {name}")


def _laid_over(rows: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    return {**rows, **{k: _joined(rows.get(k), v) for k, v in further.items()}}


def _parsed(name: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise FactsError(f"{name} is not valid TOML: {error}") from None


def _joined(rows: Any, further: Any) -> Any:
    match rows, further:
        case list(), list() if all(isinstance(row, dict) for row in further):
            names = [_name(row) for row in further]
            return [row for row in rows if _name(row) not in names] + further
        case dict(), dict():
            return _laid_over(rows, further)
        case _:
            return further


def _name(row: Any) -> tuple[Any, ...]:
    return tuple(str(row.get(name)) for name in _NAMES)


def typed(kind: type[T], row: Mapping[str, Any], where: str) -> T:
    """A row as a named tuple, lists as tuples.

    Raises:
        FactsError: it has a key that is not known, or lacks one.
    """
    for key in row:
        if key not in kind._fields:
            raise FactsError(f"{where} has no {key!r}{_meant(key, kind._fields)}")
    if missing := [n for n in kind._fields if n not in row and n not in kind._field_defaults]:
        raise FactsError(f"{where} lacks {' and '.join(map(repr, missing))}")
    told = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return kind._make(map((kind._field_defaults | told).__getitem__, kind._fields))


def named(row: Mapping[str, Any], where: str, key: str) -> str:
    """The text that a row has under a key; FactsError if it has none."""
    found = row.get(key)
    if not isinstance(found, str):
        raise FactsError(f"{where} lacks {key!r}, a text")
    return found


def _meant(key: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # loaded by the first slip

    close = get_close_matches(key, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
