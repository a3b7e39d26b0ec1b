"""What the plugin's own server is set to: by the environment, a file and `images_mock_options`.

Loads nothing heavy where nobody has set anything. Starts no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.config import Config, Value

_PREFIX = "IMAGES_MOCK_"
_NAMED = "IMAGES_MOCK_CONFIG"
_OWN, _SHARED = "images-mock.toml", "pyproject.toml"
_FOR_CLIENTS = frozenset(
    (_NAMED, "IMAGES_MOCK_URL", "IMAGES_MOCK_COMMAND", "IMAGES_MOCK_CONTROL_TOKEN")
)
#: What the command is told of its own process, and no test wants.
_OF_COMMAND = frozenset(
    (
        *("host", "port", "public-url", "ready-file", "workers", "state", "on-state-outage"),
        *("control-token", "control-token-file", "tls", "proxy", "lead", "authority"),
    )
)


class WrongOptions(Exception):
    """Settings that the server can't take: wrong ones, or too late, or not its own."""


def found(environment: Mapping[str, str], directory: Path) -> dict[str, Value]:
    """What the environment and the file in a directory set, as the command obeys them too.

    Raises:
        WrongOptions: there is no such setting, or it has no such value.
    """
    named = environment.get(_NAMED)
    files = [Path(named)] if named else [directory / _OWN, directory / _SHARED]
    is_told = any(n.startswith(_PREFIX) and n not in _FOR_CLIENTS for n in environment)
    if not is_told and not any(map(_tells, files)):
        return {}
    from mockserver.config import ConfigError, resolve

    file = files[0] if named else None
    try:
        values = resolve(flags={}, environment=environment, directory=directory, file=file)
    except ConfigError as error:
        raise WrongOptions(str(error)) from None
    written = {n: v for n, v in values.items() if not v.origin.startswith("default")}
    own = {n: v for n, v in written.items() if n not in _OF_COMMAND}
    config_with({}, own)  # what is wrong with a value is told at once
    return own


def _tells(file: Path) -> bool:
    """Whether there may be settings in a file."""
    if not file.is_file():
        return file.name not in (_OWN, _SHARED)  # one that is named must be there
    return file.name != _SHARED or b"images-mock" in file.read_bytes()


def config_with(settings: Mapping[str, Any], values: Mapping[str, Value]) -> Config:
    """The configuration that `images_mock_options` makes of what was found.

    Raises:
        WrongOptions: they can't be used.
    """
    from mockserver.config import ConfigError, overlaid

    quiet = {} if "log-format" in values else {"log_format": "none"}
    try:
        config = overlaid(values, {"port": 0, **quiet, **settings}, "images_mock_options")
    except ConfigError as error:
        raise WrongOptions(str(error)) from None
    if config.keys.listed is not None:
        raise WrongOptions(
            "keys names a file of keys, and each test has a key of its own, which is not in it. "
            'Let images_mock_options return {"keys": "any"}.'
        )
    return config
