"""A short soak: some thousand mixed requests leave a server as light as the first ones made it."""

from __future__ import annotations

import pytest

from bench.servers import MOCK, running
from bench.soak import MIB, soaked

REQUESTS = 5_000
FEW = 4  # keys: so few fill their logs in the first tenths


@pytest.mark.slow
def test_a_server_keeps_nothing_of_thousands_of_requests_but_bounded_logs() -> None:
    with running(*MOCK) as server:
        done = soaked(server, REQUESTS, FEW)
    assert len(done.taken.seconds) == REQUESTS
    assert done.after.files <= done.idle.files
    assert done.after.threads <= done.idle.threads
    # The logs of four keys still fill, by some 2 KiB a request; what is kept beside them adds to it.
    assert (done.parts[-1].resident - done.parts[len(done.parts) // 2].resident) / MIB < 12
    assert sum(done.spent[5:]) < 2 * sum(done.spent[:5])
