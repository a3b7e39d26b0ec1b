"""The program's own clock beside the sandbox's: time-machine and freezegun, as the how-to has it."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import CLIENT

pytestmark = pytest.mark.neighbours

TRAVEL = """
    def test_both_clocks(images_mock):
        with time_machine.travel(images_mock.clock.now, tick=False) as traveller:
            url = poster().data[0].url
            assert httpx2.get(url).status_code == 200
            images_mock.clock.advance(hours=2)
            traveller.shift(timedelta(hours=2))
            assert httpx2.get(url).status_code == 403
            assert abs(datetime.now(UTC).timestamp() - images_mock.clock.now) < 1
"""
FREEZE = """
    def test_both_clocks(images_mock):
        with freeze_time(datetime.fromtimestamp(images_mock.clock.now, UTC)) as frozen:
            url = poster().data[0].url
            assert httpx2.get(url).status_code == 200
            images_mock.clock.advance(hours=2)
            frozen.tick(timedelta(hours=2))
            assert httpx2.get(url).status_code == 403
            assert abs(datetime.now(UTC).timestamp() - images_mock.clock.now) < 1
"""
IMPORTS = "import httpx2\n    from datetime import UTC, datetime, timedelta\n    "


@pytest.mark.parametrize(
    ("module", "imports", "code"),
    [
        ("time_machine", "import time_machine", TRAVEL),
        ("freezegun", "from freezegun import freeze_time", FREEZE),
    ],
    ids=["time-machine", "freezegun"],
)
def test_a_test_moves_both_clocks(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    imports: str,
    code: str,
) -> None:
    pytest.importorskip(module)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "mockserver.pytest_plugin")
    pytester.makepyfile(test_app=f"{CLIENT}\n    {IMPORTS}{imports}\n{code}")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
