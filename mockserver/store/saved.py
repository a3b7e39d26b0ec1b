"""All that a store in memory knows, as values that can be written elsewhere and read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mockserver.core.journal import Record
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.clock import Wait
from mockserver.core.sandbox.items import Item, Kind
from mockserver.core.sandbox.ledger import Bill, Cell, Use
from mockserver.core.sandbox.logs import LogName
from mockserver.core.sandbox.retries import Tried
from mockserver.core.sandbox.rulebook import Count
from mockserver.core.sandbox.state import State


class SavedTables(NamedTuple):
    """The logs and tables of one; what has an order has the oldest first."""

    logs: dict[LogName, list[Record]]
    bills: list[Bill]
    sums: list[tuple[Cell, Use]]
    counts: list[tuple[str, Count]]
    words: list[tuple[str, Count]]
    calls: list[tuple[bytes, Sequence[Tried]]]
    waits: list[tuple[bytes, Wait]]
    repeats: list[tuple[bytes, int]]
    leaders: list[tuple[str, tuple[int, int]]]
    items: dict[Kind, list[Item]]


class SavedSandbox(NamedTuple):
    """One sandbox."""

    name: str
    number: int
    used: int
    is_warned: bool
    first: Options  # that it began with
    state: State  # without its rules
    rules: list[str | Rule]  # in the order in which they are tried; the file's by id
    tables: SavedTables
    given: int


class SavedStore(NamedTuple):
    """A store but for its uploads."""

    sandboxes: list[SavedSandbox]  # the longest idle first
    everyone: SavedSandbox
    begun: int  # sandboxes
    written: int  # records
