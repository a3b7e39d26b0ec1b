"""The plugin's server in a process whose tests patch the time and the waits."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import run


@pytest.mark.slow
def test_a_patched_time_neither_stops_the_server_nor_reaches_the_next_test(
    downstream: pytest.Pytester,
) -> None:
    code = """
    from unittest import mock

    @pytest.mark.parametrize("patched", ["time.time_ns", "time.time", "asyncio.sleep"])
    def test_patched(patched):      # the first call starts the server, under the patch
        with mock.patch(patched):
            assert poster("mock:slow=1ms").created > 1_700_000_000

    def test_later(images_mock):
        assert poster().created > 1_700_000_000
        assert len(images_mock.requests) == 1
    """
    result = run(downstream, code, "--durations=1", "-vv")
    result.assert_outcomes(passed=4)
