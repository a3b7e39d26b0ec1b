"""/v1/organization: what an organization used, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.api.platform.call import Handler

HANDLERS: Mapping[str, Handler] = {}
