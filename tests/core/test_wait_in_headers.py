"""The wait that an answer's headers tell, as a client reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.answer_headers import Headers
from mockserver.core.told_waits import told_wait

NOON = 1_600_000_000 * 10**9  # Sun, 13 Sep 2020 12:26:40 GMT


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ([], None),
        ([(b"retry-after", b"20")], (20_000, 20_000)),
        ([(b"retry-after", b"20"), (b"retry-after-ms", b"20")], (20_000, 20)),
        ([(b"retry-after-ms", b"1500")], (1500, 1500)),
        ([(b"retry-after", b"Sun, 13 Sep 2020 12:27:00 GMT")], (20_000, 20_000)),
        ([(b"retry-after", b"Sun, 13 Sep 2020 12:00:00 GMT")], (0, 0)),
        ([(b"retry-after", b"soon")], None),
        ([(b"retry-after", b"-1")], None),
        ([(b"retry-after", b"\xb2")], None),
        ([(b"retry-after", b"9" * 400)], None),
    ],
    ids=str,
)
def test_seconds_milliseconds_and_dates_are_read(
    headers: Headers, told: tuple[int, int] | None
) -> None:
    assert told_wait(headers, NOON) == told


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_nothing_that_a_rule_can_send_breaks_it(after: bytes, exact: bytes) -> None:
    told = told_wait([(b"retry-after", after), (b"retry-after-ms", exact)], NOON)
    assert told is None or min(told) >= 0
