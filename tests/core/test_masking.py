"""Keys are masked in any text, of whatever length, and in a time that holds up nobody."""

from __future__ import annotations

import re

import pytest

from mockserver.core import masking, pieces
from mockserver.core.masking import keys_shown, without_end, without_keys

KEY = b"sk-proj-" + b"Ab3" * 20
SHOWN = b"integration-tests"
TEXTS = [
    b"a desk-lamp, a task-force and " + KEY + b", then sk-",
    KEY + KEY[3:] + b" " + KEY,
    b"x" + KEY + b" " + SHOWN + SHOWN + b"!",
    b"sk-sk-" + KEY,
]


@pytest.mark.parametrize("step", [7, 20, 68, 1 << 20])
@pytest.mark.parametrize("text", TEXTS)
def test_a_large_text_is_masked_as_a_small_one(
    monkeypatch: pytest.MonkeyPatch, text: bytes, step: int
) -> None:
    small = without_keys(text, (SHOWN,))
    monkeypatch.setattr(pieces, "STEP", step)
    monkeypatch.setattr(masking, "LARGE", 0)
    assert without_keys(text, (SHOWN,)) == small
    assert SHOWN not in small


def test_no_pattern_looks_through_a_large_text_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = masking._looks()

    class Patient:
        """A pattern that is asked about places alone."""

        def match(self, text: bytes, at: int) -> re.Match[bytes] | None:
            return kept.match(text, at)

    monkeypatch.setattr(masking, "_looks", Patient)
    text = b"a desk-lamp " + bytes(pieces.LARGE)
    assert without_keys(text) is text


def test_a_query_of_thousands_of_keys_is_not_looked_for_thousands_of_times() -> None:
    query = b"&".join(b"key=%013d" % number for number in range(3000))
    assert len(keys_shown({}, query)) == 8


def test_of_a_key_that_is_longer_than_a_text_the_beginning_is_seen() -> None:
    assert without_end(b"say " + SHOWN[:9], (SHOWN,)) == b"say ***"
    assert without_end(SHOWN[:9], (SHOWN,)) == b"***"
