"""The configuration: one frozen value, put together from flags, environment and file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mockserver.settings import BY_NAME, MIB, SETTINGS, Keys, Latency, Limits, Setting

if TYPE_CHECKING:
    from datetime import date

PREFIX = "IMAGES_MOCK_"
FILE_NAME = "images-mock.toml"
# Variables that Kubernetes and Docker links make of a service called images-mock: nobody set them.
_SERVICE_LINK = re.compile(r".*_SERVICE_HOST|.*_SERVICE_PORT(_.*)?|.*_PORT_\d+_.*")
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


class ConfigError(Exception):
    """A setting that can't be used. The message names it, where it came from, and the fix."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set. `Config()` is what a bare `images-mock` runs with."""

    host: str = "127.0.0.1"
    port: int = 6780
    public_url: str | None = None
    as_of: date | Literal["today"] | None = None  # None: the default day of the facts
    tier: str = "1"
    limits: Limits = Limits()
    sizes: str = "page"
    prices: str = "model-page"
    keys: Keys = Keys()
    latency: Latency = Latency()
    seed: str = "0"
    allowed_host: tuple[str, ...] = ()
    cors_origin: tuple[str, ...] = ()
    max_body: int = 64 * MIB
    upload_cache: int = 256 * MIB
    ready_file: Path | None = None
    control_token: str | None = None
    log_format: str = "text"

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        from ipaddress import ip_address

        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Value:
    """What was written for one setting, and where."""

    setting: Setting
    texts: tuple[str, ...]
    origin: str  # "default", "flag --port", "environment IMAGES_MOCK_PORT", "file images-mock.toml"

    def parsed(self) -> Any:
        """What it means.

        Raises:
            ConfigError: it means nothing.
        """
        try:
            values = tuple(self.setting.parse(text) for text in self.texts)
        except ValueError as error:
            shown = "" if self.setting.secret else f" ({', '.join(self.texts)!r})"
            raise ConfigError(
                f"{self.setting.name}{shown} {error}. It was set by {self.origin}."
            ) from None
        if self.setting.many:
            return values
        if len(values) > 1:
            raise ConfigError(f"{self.setting.name} takes one value. It was set by {self.origin}.")
        return values[-1] if values else None


def configured(**settings: Any) -> Config:
    """A configuration from Python: each setting as it would be written, in Python's spelling."""
    named = {name.replace("_", "-"): _texts(value) for name, value in settings.items()}
    for name in named:
        _refuse_unknown(name, "call of configured()", BY_NAME)
    values = {s.name: Value(s, _default(s), "default") for s in SETTINGS}
    given = {n: Value(BY_NAME[n], t, "call") for n, t in named.items() if t}
    return config_of(_with_consequences(values | given))


def config_of(values: Mapping[str, Value]) -> Config:
    """The configuration that these values mean."""
    return Config(**{v.setting.field: v.parsed() for v in values.values()})


def resolve(
    *,
    flags: Mapping[str, tuple[str, ...]],
    environment: Mapping[str, str],
    directory: Path | None,
    file: Path | None = None,
) -> dict[str, Value]:
    """What is set, by name: a flag wins over the environment, that over file and defaults.

    Args:
        flags: texts given on the command line, by setting.
        environment: all variables; only those with our prefix are looked at.
        directory: where `images-mock.toml` or `pyproject.toml` may lie; None reads no file.
        file: a file named outright.
    """
    values = {s.name: Value(s, _default(s), "default") for s in SETTINGS}
    values |= _from_file(_file(directory, file))
    values |= _from_environment(environment)
    for name, texts in flags.items():
        if texts:
            values[name] = Value(BY_NAME[name], texts, f"flag --{name}")
    return _with_consequences(values)


def _with_consequences(values: dict[str, Value]) -> dict[str, Value]:
    """Who asks for the API of a day gets its sizes too, unless he asks for others."""
    if values["as-of"].texts and values["sizes"].origin == "default":
        values["sizes"] = Value(BY_NAME["sizes"], ("api",), "default with as-of")
    return values


def _default(setting: Setting) -> tuple[str, ...]:
    return () if setting.default is None else (setting.default,)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Value]:
    found = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or not text or _is_service_link(variable, text):
            continue
        name = variable.removeprefix(PREFIX).lower().replace("_", "-")
        if name == "config":
            continue
        _refuse_unknown(name, f"environment variable {variable}", BY_NAME, variable=True)
        setting = BY_NAME[name]
        texts = tuple(t.strip() for t in text.split(",") if t.strip()) if setting.many else (text,)
        found[name] = Value(setting, texts, f"environment {variable}")
    return found


def _is_service_link(variable: str, text: str) -> bool:
    if variable.endswith("_PORT") and _SERVICE_ADDRESS.match(text):
        return True
    return _SERVICE_LINK.fullmatch(variable) is not None


def _file(directory: Path | None, file: Path | None) -> Path | None:
    if file or directory is None:
        return file
    for path in (directory / FILE_NAME, directory / "pyproject.toml"):
        if path.is_file():
            return path
    return None


def _from_file(path: Path | None) -> dict[str, Value]:
    if path is None:
        return {}
    found = {}
    for key, value in _table(path).items():
        name = key.replace("_", "-")
        _refuse_unknown(name, f"key {key} in {path.name}", BY_NAME)
        if not all(isinstance(v, str | int | float | date) for v in _listed(value)):
            raise ConfigError(f"{name} must be a text, a number or a list, in file {path.name}.")
        found[name] = Value(BY_NAME[name], _texts(value), f"file {path.name}")
    return found


def _table(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        file = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    if path.name == "pyproject.toml":
        tool = file.get("tool")
        file = tool.get("images-mock", {}) if isinstance(tool, dict) else {}
    if not isinstance(file, dict):
        raise ConfigError(f"{path}: [tool.images-mock] must be a table.")
    return file


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [*value]
    return [] if value is None else [value]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(v) for v in _listed(value))


def _refuse_unknown(
    name: str, origin: str, known: Iterable[str], *, variable: bool = False
) -> None:
    if name in known:
        return
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    guess = close[0] if close else None
    if guess and variable:
        guess = PREFIX + guess.replace("-", "_").upper()
    hint = f" Did you mean {guess}?" if guess else " `images-mock config show` lists all settings."
    raise ConfigError(f"There is no such setting: {origin}.{hint}")
