"""A configuration as the control API and the page tell it: as it would be written. Parses none."""

from typing import Any

from mockserver.config import Config
from mockserver.core.sandbox import Latency
from mockserver.settings import OFF, SETTINGS, Keys, Limits


def shown(config: Config) -> dict[str, str | None]:
    """Each setting's value as it would be written; what is secret is hidden."""
    values = {name: getattr(config, name) for name in Config._fields}
    values["state"] = str(config.state)
    secret = {s.field for s in SETTINGS if s.secret}
    return {
        name.replace("_", "-"): "(hidden)" if value and name in secret else _as_written(value)
        for name, value in values.items()
    }


def _as_written(value: Any) -> str | None:
    match value:
        case None | ():
            return None
        case Limits():
            return value.table if value.per_minute is None else f"{value.per_minute}/min"
        case Latency(seconds=0.0, measured=0.0):
            return "none"
        case Latency():
            return f"measured*{value.measured:g}" if value.measured else f"{value.seconds:g}s"
        case float():
            return OFF if value == float("inf") else f"{value:.15g}s"
        case Keys():
            listed = value.listed
            name = "mock" if value.mock_only else "any"
            return name if listed is None else f"(a file that lists {len(listed)})"
        case tuple():
            texts = [str(v) for v in value if isinstance(v, str)]
            return ", ".join(texts) if texts else f"{len(value)} rule{'s' * (len(value) != 1)}"
        case _:
            return str(value)
