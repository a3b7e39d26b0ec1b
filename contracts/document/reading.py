"""Reads YAML with libyaml, where there is one: in a tenth of the time. Knows no document."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str | bytes) -> Any:
    """The value that a text holds.

    Raises:
        yaml.YAMLError, ValueError: it can't be read.
    """
    return yaml.load(text, _LOADER)  # noqa: S506 - both of them are safe
