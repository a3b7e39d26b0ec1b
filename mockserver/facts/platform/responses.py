"""What is known of /v1/responses, as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.facts import Facts


def models_of(tool: Any, facts: Facts) -> Sequence[str]:
    """The models that the tool can draw with on a day."""
    return [m.id for m in facts.models.values() if m.family in tool["families"]]


def default_model(tool: Any, facts: Facts) -> str:
    """The model that the tool draws with where none is named; "" on a day that has none."""
    return next((name for name in tool["models"] if name in facts.models), "")
