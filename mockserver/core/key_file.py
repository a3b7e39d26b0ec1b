"""The keys that a file lists, and what each is bound to. Reads no file, only its text."""

import tomllib
from collections.abc import Callable
from typing import Any

from mockserver.core.decoding import is_number
from mockserver.core.keys import BoundKey

Tier = Callable[[str], str]  # reads one; ValueError if it is none


def keys_in(text: str, tier: Tier) -> dict[str, BoundKey]:
    """The keys of [[key]] tables.

    Raises:
        ValueError: they can't be used; with the reason.
    """
    found: dict[str, BoundKey] = {}
    for table in _tables(text):
        key, bound = _bound_key(table, tier)
        if key in found:
            raise ValueError("names a file that lists a key twice")
        found[key] = bound
    return found


def _tables(text: str) -> list[dict[str, Any]]:
    try:
        tables = tomllib.loads(text).get("key")
    except ValueError as error:
        raise ValueError(f"names a file that is not TOML: {error}") from None
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise ValueError('names a file without [[key]] tables, each with a line key = "…"')
    return tables


def _bound_key(table: dict[str, Any], tier: Tier) -> tuple[str, BoundKey]:
    known = {"key", "organization", "tier", "admin"}
    if unknown := sorted(table.keys() - known):
        raise ValueError(f"names a file whose [[key]] has an unknown {unknown[0]!r}")
    key, organization = table.get("key"), table.get("organization")
    if not isinstance(key, str) or not key.isascii() or not key or key != key.strip():
        raise ValueError('names a file with a [[key]] that lacks its line key = "…", in ASCII')
    if not isinstance(organization, str | None):
        raise ValueError("names a file with an organization that is no text")
    if not isinstance(admin := table.get("admin", False), bool):
        raise ValueError("names a file with an admin that is neither true nor false")
    return key, BoundKey(organization, _tier_of(table, tier), admin)


def _tier_of(table: dict[str, Any], tier: Tier) -> str | None:
    if (told := table.get("tier")) is None:
        return None
    try:
        return tier(str(told) if isinstance(told, str) or is_number(told) else "")
    except ValueError as error:
        raise ValueError(f"names a file with a tier that {error}") from None
