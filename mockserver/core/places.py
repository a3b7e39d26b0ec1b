"""Where state is kept, as a setting tells it. Opens nothing."""

import re
from typing import Final, Literal, NamedTuple

MEMORY: Final = "memory"
_HEAD = re.compile(r"[a-z]*:(//)?")
_FORM = "must be memory, sqlite:PATH, or a URL such as redis://127.0.0.1:6379/0"
_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis"}  # as clients write them


class Place(NamedTuple):
    """A kind of store, and which: the path of a file, or a URL with whatever secret is in it."""

    kind: Literal["memory", "sqlite", "redis"] = MEMORY
    where: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether several processes can use it."""
        return self.kind != MEMORY

    def __str__(self) -> str:
        """As it is written, without a user, a password and options."""
        if self.kind == "redis":
            scheme, _, rest = self.where.partition("://")
            _, has_user, host = rest.rpartition("@")
            return f"{scheme}://{'***@' if has_user else ''}{host.partition('?')[0]}"
        return f"sqlite:{self.where}" if self.where else self.kind

    def __repr__(self) -> str:
        return f"Place({str(self)!r})"


def place(value: str) -> Place:
    """Where a text says that state is kept; ValueError with what would be right."""
    kind, _, where = value.partition(":")
    if value == MEMORY:
        return Place()
    if kind == "sqlite":
        if not where.strip() or "\0" in where or where.startswith(":"):
            raise ValueError("must name a file, as sqlite:/tmp/mock.db")
        return Place("sqlite", where)
    if kind not in _SCHEMES or not where.startswith("//"):
        raise ValueError(_FORM)
    _check_url(value)
    return Place("redis", f"{_SCHEMES[kind]}:{where}")


def _check_url(value: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(value)
        has_host = parts.hostname and parts.port != 0
    except ValueError:
        raise ValueError(_FORM) from None
    if not has_host or "@" in parts.path or not re.fullmatch("/?|/[0-9]{1,4}", parts.path):
        raise ValueError(f"{_FORM} (in a password /, ? and # are %2F, %3F and %23)")
    if "#" in value:
        raise ValueError(f"{_FORM}, with nothing but options such as ?prefix=team behind that")


def shown(text: str) -> str:
    """What a user wrote, without secrets: of what is no place, nothing that may be one."""
    try:
        return str(place(text))
    except ValueError:
        head = _HEAD.match(text)
        return f"{head[0]}***" if head else text
