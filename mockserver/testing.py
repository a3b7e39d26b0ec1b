"""A running server for tests in any framework. What runs in it is `serve`'s."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from mockserver.client.sandbox import Sandbox
from mockserver.config import configured
from mockserver.core.addresses import API
from mockserver.server.listening import ServerThread


class ImagesMock:
    """A server in a thread, on a free port of loopback.

        with ImagesMock(tier="off") as mock:
            images = mock.sandbox().begin()
            client = openai.OpenAI(base_url=images.url, api_key=images.api_key)
            images.next.rate_limit(retry_after=20)

    Settings are those of the command line, in Python's spelling. `url` ends in `/v1`.
    """

    def __init__(self, **settings: Any) -> None:
        config = configured(**{"port": 0, "log_format": "none"} | settings)
        self._control_token = config.control_token
        self._thread = ServerThread(config)
        self.address = self._thread.address

    @property
    def url(self) -> str:
        """What to give as `base_url` or `OPENAI_BASE_URL`."""
        return f"{self.address}{API}"

    def sandbox(self, key: str = "sk-mock-me") -> Sandbox:
        """The sandbox of an API key, to script and to ask; `begin()` makes it new."""
        return Sandbox(self.address, key, control_token=self._control_token, way=self._thread.way)

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
