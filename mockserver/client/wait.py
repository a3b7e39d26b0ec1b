"""Find a server, and wait for it to be ready. A client, and no part of the server."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mockserver.client.fetch import NO_ANSWER, fetch
from mockserver.config import Config, ConfigError
from mockserver.core.addresses import address_at, address_of

PAUSE = 0.05  # seconds between two looks
_LOOK = 2.0  # seconds that one look may take
_CLOCKS = 2.0  # seconds by which a file system may date a file too early
_READ = 1000  # bytes of an answer


class NotReady(Exception):
    """The server that is meant is not ready. The message says what was found instead."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """Which server is meant: at `url`, else where the ready file says, else at the settings' port.

    Raises:
        ConfigError: the settings lead to no address.
    """

    config: Config
    url: str | None = None

    def __post_init__(self) -> None:
        if not self.url and not self.config.ready_file and not self.config.port:
            raise ConfigError(
                "port (0) is any free one, so it does not tell where to look. Give the address, or "
                "the same --ready-file (or IMAGES_MOCK_READY_FILE) here and to the server."
            )

    def address(self) -> str:
        """Its base address, without `/v1`.

        Raises:
            NotReady: its ready file is not there.
        """
        if self.url:
            return address_of(self.url)
        if self.config.ready_file:
            return _read(self.config.ready_file)
        return address_at(self.config.host, self.config.port)

    def check(self, *, within: float) -> None:
        """Return if it is ready, and answers within so many seconds. No proxy is asked.

        Raises:
            NotReady: nobody answers there, or somebody else.
        """
        address = self.address()
        status = _status(address, within)
        wanted, found = self.config.start_id, status.get("start_id")
        if wanted and wanted != found:
            named = f"with --start-id {found}, not {wanted}"
            raise NotReady(
                f"the images-mock at {address} was started "
                f"{named if found else f'without --start-id, not with {wanted}'}"
            )
        file = self.config.ready_file
        if file and not self.url and status["since"] > file.stat().st_mtime + _CLOCKS:
            raise NotReady(f"the images-mock at {address} was started after {file} was written")


def _read(ready_file: Path) -> str:
    try:
        if written := ready_file.read_text("utf-8").strip():
            return written
    except (OSError, ValueError):  # not there yet, or no longer
        pass
    raise NotReady(f"ready-file ({ready_file}) is not there, or says nothing")


def _status(address: str, within: float) -> dict[str, Any]:
    """What the server at an address says of itself."""
    try:
        answer = fetch(f"{address}/_mock/ready", patience=min(within, _LOOK), most=_READ)
    except NO_ANSWER as error:
        raise NotReady(f"nobody answers at {address}: {_reason(error)}") from None
    with suppress(ValueError, LookupError, TypeError):  # it is somebody else's
        status = json.loads(answer.content)
        if status["server"] == "images-mock" and status["status"] == "ready":
            return dict(status)
        if status["server"] == "images-mock" and status.get("state") == "away":
            raise NotReady(f"the images-mock at {address} is not ready: its state is away")
    server = (answer.headers.get("server") or "").strip()
    named = f" ({server})" if server else ""
    raise NotReady(f"{address} answers {answer.status}, but is no images-mock{named}")


def _reason(error: Exception) -> str:
    why = getattr(error, "reason", error)
    return getattr(why, "strerror", None) or str(why) or type(why).__name__


def wait_for(awaited: Awaited, seconds: float) -> None:
    """Return once the server is ready, now or before `seconds` are over. 0 looks once.

    Raises:
        NotReady: it was not.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return awaited.check(within=max(PAUSE, deadline - time.monotonic()))
        except NotReady:
            if time.monotonic() + PAUSE > deadline:
                raise
        time.sleep(PAUSE)
