"""A running server for tests in any framework. The pytest fixtures are made of this."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from mockserver.config import configured
from mockserver.serve import ServerThread


class ImagesMock:
    """A server in a thread, on a free port of loopback.

        with ImagesMock(tier="off") as mock:
            client = openai.OpenAI(base_url=mock.url, api_key="sk-mock-me")

    Settings are those of the command line, in Python's spelling. `url` ends in `/v1`.
    """

    def __init__(self, **settings: Any) -> None:
        self._thread = ServerThread(configured(**{"port": 0, "log_format": "none"} | settings))
        self.address = self._thread.address

    @property
    def url(self) -> str:
        """What to give as `base_url` or `OPENAI_BASE_URL`."""
        return f"{self.address}/v1"

    def start(self) -> Self:
        """Return once the server answers."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Return once the server has ended."""
        self._thread.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
