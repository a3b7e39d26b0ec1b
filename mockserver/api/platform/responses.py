"""/v1/responses: images by way of the Responses API: its tool image_generation."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.api.platform.call import Handler

HANDLERS: Mapping[str, Handler] = {}
