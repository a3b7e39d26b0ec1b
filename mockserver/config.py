"""The configuration: one frozen value, put together from flags, environment and file."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mockserver.core.entrances import Entrance
from mockserver.core.places import MEMORY, Place
from mockserver.core.sandbox import MIB, Latency
from mockserver.core.texts import likely_name, shortened
from mockserver.settings import BY_NAME, OFF, SCHEMA, SETTINGS, Keys, Limits, Setting, Tokens

if TYPE_CHECKING:
    from mockserver.core.rules.rule import Rule

PREFIX = "IMAGES_MOCK_"
FILE_NAME = "images-mock.toml"
# Variables that Kubernetes and Docker links make of a service called images-mock: nobody set them.
_SERVICE_LINK = r".*_SERVICE_HOST|.*_SERVICE_PORT(_.*)?|.*_PORT_\d+_.*"
_SERVICE_ADDRESS = r"(tcp|udp|sctp)://"


class ConfigError(Exception):
    """A setting that can't be used. The message names it, where it came from, and the fix."""


class Config(NamedTuple):
    """Everything that can be set. `Config()` is what a bare `images-mock` runs with."""

    host: str = "127.0.0.1"
    port: int = 6780
    tls: Entrance = None
    proxy: Entrance = None
    lead: tuple[str, ...] = ()
    authority: Path | None = None
    public_url: str | None = None
    as_of: date | Literal["today"] | None = None  # None: the default day of the facts
    validation: str = "real"
    facts: Path | None = None
    lint_against: str | None = None  # a model
    tier: str = "1"
    limits: Limits = Limits()
    sizes: str = "page"
    prices: str = "model-page"
    keys: Keys = Keys()
    magic: str = "on"
    latency: Latency = Latency()
    capacity: int | None = None  # None: no bound
    batch_time: float = 0.0
    seed: str = "0"
    repeats: str = "same"
    abandoned: str = "paid"
    allowed_host: tuple[str, ...] = ()
    cors_origin: tuple[str, ...] = ()
    deployment: tuple[str, ...] = ()  # of Azure; none: each model's own id is one
    max_body: int = 64 * MIB
    head_timeout: float = 10.0
    body_timeout: float = 30.0
    send_timeout: float = 30.0
    max_connections: int = 2000
    workers: int = 1
    state: Place = Place()
    on_state_outage: Literal["local", "allow", "refuse"] = "local"
    upload_cache: int = 256 * MIB
    file_room: int = 1024 * MIB
    ready_file: Path | None = None
    start_id: str | None = None
    control_token: str | None = None
    control_token_file: Tokens | None = None
    team_sandboxes: int = 1000
    team_journal: int = 64 * MIB
    keep: float = inf  # seconds
    rules: tuple["Rule", ...] = ()  # `[[rules]]` of the configuration file
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


class Value(NamedTuple):
    """What was written for one setting, and where."""

    setting: Setting
    texts: tuple[str, ...]
    origin: str  # "default", "flag --port", "environment IMAGES_MOCK_PORT", "file images-mock.toml"
    read: Callable[[], Any] | None = None  # what it means, where that is no matter of its texts

    def parsed(self) -> Any:
        """What it means.

        Raises:
            ConfigError: it means nothing.
        """
        if self.read:
            return self.read()
        try:
            values = self.setting.meant(self.texts)
        except ValueError as error:
            told = shortened(", ".join(map(self.setting.shown, self.texts)), 100)
            shown = "" if self.setting.secret else f" ({told!r})"
            raise ConfigError(
                f"{self.setting.name}{shown} {error}. It was set by {self.origin}."
            ) from None
        if self.setting.many:
            return values
        if len(values) > 1:
            raise ConfigError(f"{self.setting.name} takes one value. It was set by {self.origin}.")
        return values[-1] if values else None


#: No flag and no variable of the environment: rules are tables.
_RULES = Setting("rules", None, str, "scripted behaviour, as tables", "TABLES", many=True)


def configured(**settings: Any) -> Config:
    """A configuration from Python: each setting as it would be written, in Python's spelling.

    `rules` is a list of tables, as the control API takes them.
    """
    return overlaid({}, settings, "call of configured()")


def overlaid(values: Mapping[str, Value], settings: Mapping[str, Any], origin: str) -> Config:
    """A configuration from values that are resolved already, and settings from Python over them."""
    defaults = {s.name: Value(s, _default(s), "default") for s in SETTINGS}
    return config_of(
        _checked(_with_consequences({**defaults, **values, **_called(settings, origin)}))
    )


def _called(settings: Mapping[str, Any], origin: str) -> dict[str, Value]:
    """What a call from Python says."""
    given = dict(settings)
    rules = _rules(given.pop("rules", None), origin, None)
    named = {name.replace("_", "-"): value for name, value in given.items()}
    for name in named:
        _refuse_unknown(name, f"{name} in the {origin}", BY_NAME)
    values = {n: _written(BY_NAME[n], v, "call") for n, v in named.items()}
    return {n: v for n, v in values.items() if v.texts} | rules


def config_of(values: Mapping[str, Value]) -> Config:
    """The configuration that these values mean."""
    return Config(**{v.setting.field: v.parsed() for v in values.values()})


def resolve(
    *,
    flags: Mapping[str, str | tuple[str, ...] | None],
    environment: Mapping[str, str],
    directory: Path | None,
    file: Path | None = None,
) -> dict[str, Value]:
    """What is set, by name: a flag wins over the environment, that over file and defaults.

    Args:
        flags: what the command line gives, by setting; None or nothing where it does not.
        environment: all variables; only those with our prefix are looked at.
        directory: where `images-mock.toml` or `pyproject.toml` may lie; None reads no file.
        file: a file named outright.
    """
    values = {s.name: Value(s, _default(s), "default") for s in SETTINGS}
    values |= _from_file(_file(directory, file))
    values |= _from_environment(environment)
    for name, given in flags.items():
        if texts := _texts(given):
            values[name] = Value(BY_NAME[name], texts, f"flag --{name}")
    return _checked(_with_consequences(values))


def _checked(values: dict[str, Value]) -> dict[str, Value]:
    """The same, once it is seen that the rules can be read, with the facts that they may name."""
    for name in ("facts", "rules"):
        if name in values:
            values[name].parsed()
    return values


def _with_consequences(values: dict[str, Value]) -> dict[str, Value]:
    """The API of a day has its sizes, and an SDK's suite meets no limits, unless others are set."""
    if values["as-of"].texts and values["sizes"].origin == "default":
        values["sizes"] = Value(BY_NAME["sizes"], ("api",), "default with as-of")
    if values["validation"].texts == (SCHEMA,):
        _refuse_day(values["as-of"])
        if values["tier"].origin == "default":
            values["tier"] = Value(BY_NAME["tier"], (OFF,), "default with validation schema")
    _refuse_strangers(values["workers"], values["state"])
    return values


def _refuse_strangers(workers: Value, state: Value) -> None:
    """Refuse processes that would serve one address and know nothing of each other."""
    if workers.texts != ("1",) and state.texts == (MEMORY,):
        raise ConfigError(
            f"workers ({workers.parsed()}) must be 1 where state is memory, which is that of one "
            "process: for more of them set --state sqlite:PATH, or --state redis://HOST:PORT/0 for "
            f"many machines (or IMAGES_MOCK_STATE). It was set by {workers.origin}."
        )


def _refuse_day(as_of: Value) -> None:
    if as_of.texts:
        raise ConfigError(
            f"as-of ({as_of.texts[0]!r}) goes with validation real alone: a schema has no day. "
            f"It was set by {as_of.origin}."
        )


def _default(setting: Setting) -> tuple[str, ...]:
    return () if setting.default is None else (setting.default,)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Value]:
    found = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or not text or _is_service_link(variable, text):
            continue
        name = variable.removeprefix(PREFIX).lower().replace("_", "-")
        if name in ("config", "url", "command"):  # the file to read; the others are for clients
            continue
        _refuse_unknown(name, f"environment variable {variable}", BY_NAME, variable=True)
        setting = BY_NAME[name]
        texts = tuple(t.strip() for t in text.split(",") if t.strip()) if setting.many else (text,)
        found[name] = Value(setting, texts, f"environment {variable}")
    return found


def _is_service_link(variable: str, text: str) -> bool:
    is_address = variable.endswith("_PORT") and re.match(_SERVICE_ADDRESS, text)
    return bool(is_address or re.fullmatch(_SERVICE_LINK, variable))


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
    table = _table(path)
    if isinstance(table.get("rule"), list | dict):
        raise ConfigError(
            f"Rules must be tables under [[rules]], not [[rule]], in file {path.name}."
        )
    found: dict[str, Value] = {**_rules(table.pop("rules", None), f"file {path.name}", path)}
    for key, value in table.items():
        name = key.replace("_", "-")
        _refuse_unknown(name, f"key {key} in {path.name}", [*BY_NAME, "rules"])
        if not all(isinstance(v, str | int | float | date) for v in _listed(value)):
            raise ConfigError(f"{name} must be a text, a number or a list, in file {path.name}.")
        found[name] = _written(BY_NAME[name], value, f"file {path.name}")
    return found


def _table(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        file = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    except ValueError:  # Python reads no number of more than 4300 digits
        raise ConfigError(
            f"{path} has a number of thousands of digits: none has as many."
        ) from None
    if path.name == "pyproject.toml":
        tool = file.get("tool")
        file = tool.get("images-mock", {}) if isinstance(tool, dict) else {}
    if not isinstance(file, dict):
        raise ConfigError(f"{path}: [tool.images-mock] must be a table.")
    return file


def _rules(tables: Any, origin: str, path: Path | None) -> dict[str, Value]:
    """The rules of a file, whose pictures are files beside it; or of a call.

    They are shown by their number, and read after the facts that they name.
    """
    if tables is None:
        return {}
    if not isinstance(tables, list | tuple):
        raise ConfigError(f"rules must be tables, each under [[rules]], in {origin}.")
    told = (f"{len(tables)} rule{'s' if len(tables) != 1 else ''}",) if tables else ()
    return {"rules": Value(_RULES, told, origin, lambda: _read_rules(tables, origin, path))}


def _read_rules(tables: Iterable[Any], origin: str, path: Path | None) -> tuple["Rule", ...]:
    from mockserver.core.rules.parser import RuleError, rule_of

    rules = []
    for number, table in enumerate(tables, 1):
        if path:
            _refuse_setting(number, table, origin)
        try:
            rules.append(rule_of(_with_files(table, path) if path else table, "file"))
        except RuleError as error:
            raise ConfigError(f"Rule {number} in {origin}: {error.sentence}") from None
    return tuple(rules)


def _refuse_setting(number: int, rule: Any, origin: str) -> None:
    """Say where settings stand: what comes after a [[rules]] is the rule's, as TOML has it."""
    for table in (rule, rule.get("when"), rule.get("then")) if isinstance(rule, dict) else ():
        for key in table if isinstance(table, dict) else ():
            if key.replace("_", "-") in BY_NAME:
                raise ConfigError(
                    f"Rule {number} in {origin} has {key!r}, which is a setting: settings stand "
                    "above the first [[rules]], for what comes after it is the rule's."
                )


def _with_files(table: Any, path: Path) -> Any:
    """A rule with its files in place of their paths: `image`, and those of `addresses`."""
    if not isinstance(table, dict) or not isinstance(then := table.get("then"), dict):
        return table
    then = dict(then)
    if isinstance(then.get("image"), str):
        then["image"] = _content("then.image", then["image"], path)
    if isinstance(then.get("addresses"), dict):
        then["addresses"] = {
            address: _content("then.addresses", file, path) if isinstance(file, str) else file
            for address, file in then["addresses"].items()
        }
    return {**table, "then": then}


def _content(place: str, name: str, path: Path) -> str:
    from base64 import b64encode

    from mockserver.core.rules.parser import RuleError

    try:
        return b64encode((path.parent / name).read_bytes()).decode()
    except OSError as error:
        raise RuleError(
            f"{place} {name!r} can't be read: {error.strerror}; "
            f"it must be the path of a file, seen from where {path.name} is"
        ) from None


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [*value]
    return [] if value is None else [value]


def _written(setting: Setting, value: Any, origin: str) -> Value:
    """A setting from TOML or Python, where a switch may be true or false too."""
    if isinstance(value, bool):
        value = ("off", "on")[value] if setting.is_switch else str(value).lower()
    try:
        texts = _texts(value)
    except ValueError:  # Python writes no more than 4300 digits
        wrong = "can't have thousands of digits"
    else:
        if texts or value is None or setting.many:
            return Value(setting, texts, origin)
        wrong = "takes one value, not none"
    raise ConfigError(f"{setting.name} {wrong}. It was set by {origin}.")


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(v) for v in _listed(value))


def _refuse_unknown(
    name: str, origin: str, known: Iterable[str], *, variable: bool = False
) -> None:
    if name in known:
        return
    guess = likely_name(name, known)
    if guess and variable:
        guess = PREFIX + guess.replace("-", "_").upper()
    hint = f" Did you mean {guess}?" if guess else " `images-mock config show` lists all settings."
    raise ConfigError(f"There is no such setting: {origin}.{hint}")
