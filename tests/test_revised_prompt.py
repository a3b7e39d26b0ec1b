"""The prompt as the model is said to have rewritten it: of one digest the same words, always."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mockserver.api.revised_prompt import revised_prompt

DIGESTS = [bytes([number]) * 16 for number in range(8)]


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often")
def test_servers_in_other_threads_do_not_change_it() -> None:
    expected = [revised_prompt("a fox", digest) for digest in DIGESTS]
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda d: revised_prompt("a fox", d), DIGESTS * 200)
    assert list(found) == expected * 200
