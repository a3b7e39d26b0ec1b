"""A running server for tests in any framework. What runs in it is `serve`'s."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mockserver.client.sandbox import Sandbox
from mockserver.config import configured
from mockserver.core.addresses import API
from mockserver.server.listening import ServerThread

if TYPE_CHECKING:
    from mockserver.request.access import Access


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

    @property
    def https_url(self) -> str:
        """The same by HTTPS, where `tls` is on; `ca.pem` of `environment()` is what to trust."""
        return f"{self._access.https}{API}" if self._access.https else ""

    @property
    def proxy_url(self) -> str:
        """What to give as `HTTPS_PROXY`, where `proxy` is on."""
        return self._access.proxy or ""

    @property
    def refused_hosts(self) -> list[str]:
        """Whom programs wanted to reach through the proxy, and did not: hosts with their ports."""
        return [refused.host for refused in self._access.refused]

    def environment(self, ca: Path | str | None = None) -> dict[str, str]:
        """The variables that lead a program here.

        Args:
            ca: a file to write what is to be trusted to; wanted where `tls` or `proxy` is on.
        """
        from mockserver.client.reached import Reached, variables

        access = self._access
        reached = Reached(self.address, access.https, access.proxy, access.authority)
        return variables(reached, ca=None if ca is None else reached.written(Path(ca)))

    @property
    def _access(self) -> Access:
        return self._thread.world.access

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
