"""/v1/batches: many requests in one file, for half the price."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.api.platform.call import Handler

HANDLERS: Mapping[str, Handler] = {}
