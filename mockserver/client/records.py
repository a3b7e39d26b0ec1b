"""A sandbox's journal as it is told: records for whoever judges them. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.client.sandbox import Sandbox


Records = Mapping[str, list[dict[str, Any]]]


def records_of(sandbox: Sandbox) -> Records:
    """The records of its `requests` and `downloads`, as the control API tells them.

    Raises:
        RuntimeError: nobody answers, or not so.
    """
    ask = sandbox._remote.ask
    return {name: [*ask("GET", name)[name]] for name in ("requests", "downloads")}
