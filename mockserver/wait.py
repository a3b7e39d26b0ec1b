"""Wait for a server to be ready. A client, and no part of the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from mockserver.config import Config

PAUSE = 0.05  # seconds between two looks
_LOOK = 2.0  # seconds that one look may take
_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def expected_address(config: Config, url: str | None) -> Callable[[], str]:
    """Where to look: at `url`, else where the ready file says, else at the configured port."""

    def address() -> str:
        if url:
            return (url if "://" in url else f"http://{url}").rstrip("/").removesuffix("/v1")
        if config.ready_file and (written := _read(config.ready_file)):
            return written
        host = _REACHABLE.get(config.host, config.host)
        host = f"[{host}]" if ":" in host and "[" not in host else host
        return f"http://{host}:{config.port}"

    return address


def _read(ready_file: Path) -> str:
    try:
        return ready_file.read_text("utf-8").strip()
    except (OSError, ValueError):  # not there yet, or no longer
        return ""


def is_ready_within(address: Callable[[], str], seconds: float) -> bool:
    """Whether the server is ready, now or before `seconds` are over. 0 looks once."""
    deadline = time.monotonic() + seconds
    while not is_ready(address(), within=max(PAUSE, deadline - time.monotonic())):
        if time.monotonic() + PAUSE > deadline:
            return False
        time.sleep(PAUSE)
    return True


def is_ready(address: str, *, within: float) -> bool:
    """Whether an images-mock answers at `address` within so many seconds, by no proxy."""
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(
            f"{address.rstrip('/')}/_mock/ready", timeout=min(within, _LOOK)
        ) as response:
            return bool(response.status == 200)
    except (URLError, HTTPException, OSError, ValueError):
        return False
