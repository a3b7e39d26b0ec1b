"""One project beside a neighbour: what it is, and what shall come of it. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CALL = """
    def test_it(images_mock):
        poster("a red fox")
        images_mock.assert_called_once(prompt="a red fox")
    def test_another(): pass
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One project beside one neighbour."""

    name: str  # of the distribution that is the neighbour
    what: str  # a line of the table
    code: str
    plugins: tuple[str, ...] = ()  # modules to load
    arguments: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False  # whether the server is another process's
    outcome: Mapping[str, int] = field(default_factory=lambda: {"passed": 2})
    lines: tuple[str, ...] = ()  # of the output

    @property
    def id(self) -> str:
        return f"{self.name}: {self.what}"
