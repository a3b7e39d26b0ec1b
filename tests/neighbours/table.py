"""Writes the table of docs/neighbours.md from the cases and the versions that are installed here.

`python -m tests.neighbours.table` in the environment of `.[test,neighbours]`, after its tests passed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.neighbours.cases import CASES

PAGE = Path(__file__).parents[2] / "docs/neighbours.md"
_BEGIN, _END = "<!-- table -->\n", "<!-- end of the table -->\n"
_ROW = re.compile(r"^\| ([^|]+?)(?: [\d.]+\w*)? \| (.+) \|$", re.MULTILINE)


def table() -> str:
    """The table, with the versions of this environment."""
    rows = (f"| {c.name}{_version(c.name)} | {c.what} |\n" for c in CASES)
    return f"{_BEGIN}| beside | what the tests show |\n|---|---|\n{''.join(rows)}\n{_END}"


def names_in(page: str) -> list[tuple[str, str]]:
    """What the rows of the table say, without the versions."""
    return _ROW.findall(page.partition(_BEGIN)[2].partition(_END)[0])


def written(page: str, day: str) -> str:
    """The page with the table of today."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    told = f"As run on {day}, with pytest{_version('pytest')} and openai{_version('openai')}.\n\n"
    return f"{before}{table().replace(_BEGIN, _BEGIN + told)}{after}"


def _version(name: str) -> str:
    try:
        return f" {version(name)}"
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    today = datetime.now(UTC).date().isoformat()
    PAGE.write_text(written(PAGE.read_text("utf-8"), today), "utf-8")
