"""The pytest plugin: a server a session, a sandbox a test. Imports nothing heavy at load."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING

import pytest

_numbers = count()
_HERE = "127.0.0.1,localhost"  # requests to the mock shall not leave by a proxy

if TYPE_CHECKING:
    from mockserver.testing import ImagesMock


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One test's own share of the server: its address, and a key that no other test uses."""

    url: str  # ends in /v1
    api_key: str

    @property
    def env(self) -> dict[str, str]:
        """The variables that the official SDK reads, for a subprocess say."""
        around = ",".join(filter(None, (os.environ.get("NO_PROXY"), _HERE)))
        openai = {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": self.api_key}
        return openai | {"NO_PROXY": around, "no_proxy": around}


@pytest.fixture(scope="session")
def images_mock_server() -> Iterator[ImagesMock]:
    """The session's server (one for each xdist worker)."""
    from mockserver.testing import ImagesMock

    with ImagesMock() as server:
        yield server


@pytest.fixture
def images_mock(
    images_mock_server: ImagesMock,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Sandbox:
    """A fresh sandbox for this test, with `OPENAI_BASE_URL` and `OPENAI_API_KEY` set to it."""
    name = sha256(request.node.nodeid.encode()).hexdigest()[:16]
    # The number keeps a test that is run again from the sandbox of its first run.
    sandbox = Sandbox(images_mock_server.url, f"sk-mock-test-{name}-{next(_numbers)}")
    for variable, value in sandbox.env.items():
        monkeypatch.setenv(variable, value)
    return sandbox
