"""No server of a test run reaches out, in whatever process: else the run fails. Tests nothing.

What looks at that is `tests/outbound/sitecustomize.py`, which every Python process loads.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import mkstemp

import pytest

PLACE = Path(__file__).parent / "outbound"
TOLD = "OUTBOUND_TOLD"
OWNS: bool  # whether this process began the run

# Before any worker or process of a test begins; a worker of xdist has it all.
if TOLD not in os.environ:
    file, os.environ[TOLD] = mkstemp(prefix="outbound-")
    os.close(file)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PLACE), before)))
    import tests.outbound.sitecustomize  # noqa: F401 - this process has started without it

    OWNS = True
else:
    OWNS = False

sys.path.insert(0, str(PLACE))  # from which tests make the PYTHONPATH of their processes


def told() -> str:
    """What servers did that they shall not, a line each."""
    return Path(os.environ[TOLD]).read_text("utf-8")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if OWNS and told():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if OWNS and (lines := told()):
        terminalreporter.section("a server reached out", red=True)
        terminalreporter.write(lines)


def pytest_unconfigure() -> None:
    if OWNS:
        Path(os.environ[TOLD]).unlink(missing_ok=True)
