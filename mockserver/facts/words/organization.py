"""What the API says when it refuses at /v1/organization. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.wording import Reason, Wording

ORGANIZATION: Mapping[Reason, Wording] = {}
