"""What readers are fuzzed with: the seeds get through, and what broke one once does no more."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import CORPUS, TARGETS, kept


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_what_was_found_break_no_reader(name: str) -> None:
    target = TARGETS[name]
    for data in (b"", *target.seeds, *kept(name)):
        target(data)


def test_what_is_kept_belongs_to_a_target() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} <= set(TARGETS)
