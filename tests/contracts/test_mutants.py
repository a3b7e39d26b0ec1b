"""Whatever is wrong with a server, a run of its contract finds it, by the promise that it breaks."""

from __future__ import annotations

import re
from datetime import date

from tests.contracts.mutants import MUTANTS
from tests.contracts.mutants.run import Memory

TODAY = date(2026, 11, 28)


def survivors(memory: Memory) -> dict[str, list[str]]:
    """The defects that were not found by their own promise, and what was found in its place."""
    told = {}
    for name, (defect, says) in MUTANTS.items():
        found = [one.says for one in memory.found(defect, says)]
        if not any(re.search(says, one) for one in found):
            told[name] = found
    return told
