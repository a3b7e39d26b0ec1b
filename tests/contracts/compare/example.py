"""The page that docs/contract-parity.md shows: the mock beside a stand-in that differs on purpose.

python -m tests.contracts.compare.example FILE.html
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from contracts.compare.gaps import Gap
from contracts.compare.page import page
from contracts.compare.parity import Side, compared
from contracts.compare.told import lines
from contracts.target.mock import served
from tests.contracts.compare.stand_in import ORIGIN, TODAY, cases_at, different, stand_in

GAPS = [
    Gap("data[].url.host", "the mock's pictures lie on the mock", TODAY + timedelta(days=365)),
    Gap("header openai-processing-ms", "the stand-in keeps it to itself", TODAY),
]


def main(file: Path) -> None:
    """Write the page, and print the same as lines."""
    with served() as mock, stand_in(mock.url, different) as url:
        there = cases_at(url, ORIGIN._replace(recorded=TODAY - timedelta(days=12)))
        here = cases_at(mock.url)
    sides = Side("recording of a stand-in", there), Side("the mock, in process", here)
    found = compared(*sides, TODAY, gaps=GAPS, known={"quality": {"low", "medium", "high"}})
    file.write_text(page(found), "utf-8")
    sys.stdout.write("\n".join(lines(found)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
