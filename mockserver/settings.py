"""What can be set, and what a written value means. Reads no environment and no configuration file.

Each parser takes the text a user wrote and returns the value, or raises ValueError with a sentence
that says what would be right. What only a parser needs is imported there: `--help` parses nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mockserver.core.durations import FORM, seconds_in
from mockserver.core.entrances import entrance, host_name, port
from mockserver.core.places import place, shown
from mockserver.core.sandbox import FARTHEST, MIB, Latency

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from mockserver.core.keys import BoundKey
    from mockserver.facts import Facts

OFF = "off"
LONGEST = 1_000  # characters of a text
_SHORTEST = 60  # seconds that a sandbox is kept: a program may be slow
VARY = "vary"
SCHEMA = "schema"
ABANDONED = PAID, UNPAID = "paid", "unpaid"


class Keys(NamedTuple):
    """Which keys are let in. `listed` is None unless a file lists them; it is never shown."""

    mock_only: bool = False
    listed: Mapping[str, "BoundKey"] | None = None

    def __repr__(self) -> str:
        return f"Keys(mock_only={self.mock_only})"


class Tokens(NamedTuple):
    """The control token of each team, which is never shown."""

    teams: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Tokens({len(self.teams)})"


class Limits(NamedTuple):
    """Images a minute: a table of the facts, or one number for every model and tier."""

    table: str = "model-page"
    per_minute: int | None = None


def _facts() -> "Facts":
    from mockserver.facts import load

    return load()


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser that takes one of `choices`."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


def text(value: str) -> str:
    """Anything but nothing, and not a whole file."""
    if not value.strip():
        raise ValueError("must not be blank")
    if len(value) > LONGEST:
        raise ValueError(f"must have at most {LONGEST} characters")
    return value


def as_of(value: str) -> date | Literal["today"]:
    """A day whose rules count, as 2023-12-01, or `today`."""
    from mockserver.facts import first_day

    if value == "today":
        return "today"
    try:
        day = (
            date.fromisoformat(value) if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else None
        )
    except ValueError:
        day = None
    if day is None or day < first_day():
        raise ValueError(
            f"must be today or a day such as 2023-12-01, from {first_day()} on, when the API began"
        )
    return day


def repeats(value: str) -> str:
    """Whether an equal request of a sandbox gets the same picture again, or another one."""
    return one_of("same", VARY)(value)


def public_url(value: str) -> str:
    """The address under which clients reach the server, without a slash at the end."""
    from urllib.parse import urlsplit

    parts = urlsplit(value)
    wrong = parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc
    if wrong or parts.query or parts.fragment or not _has_port(parts):
        raise ValueError("must look like http://images.test:6780")
    return value.rstrip("/")


def _has_port(parts: "SplitResult") -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def address(value: str) -> str:
    """A host name or an IP address; brackets around one of IPv6 are not part of it."""
    return text(text(value).strip().removeprefix("[").removesuffix("]"))


def model(value: str) -> str:
    """The name of a model that there is, or was."""
    from mockserver.core.judging.model_days import known

    return known(value)


def tier(value: str) -> str:
    """A usage tier of the facts, or `off`."""
    return one_of(*_facts().tiers, OFF)(value)


def limits(value: str) -> Limits:
    """The name of a table of the facts, or `N/min`."""
    tables = _facts().limits
    if value in tables:
        return Limits(value)
    if found := re.fullmatch(r"([0-9]{1,9})/min", value):
        return Limits(per_minute=int(found[1]))
    raise ValueError(f"must be one of {', '.join(tables)}, or a number as 50/min")


def sizes(value: str) -> str:
    """Whose sizes are taken: those of the model page too, or those of the API reference."""
    return one_of("page", "api")(value)


def prices(value: str) -> str:
    """The name of a price list of the facts."""
    return one_of(*_facts().prices)(value)


def keys(value: str) -> Keys:
    """`any`, `mock`, or the path of a TOML file that lists keys."""
    if value == "any":
        return Keys()
    if value == "mock":
        return Keys(mock_only=True)
    from mockserver.core.key_file import keys_in

    return Keys(listed=keys_in(_content(value, "any, mock or "), tier))


def control_tokens(value: str) -> Tokens:
    """The path of a file with a line TEAM = TOKEN for each team."""
    from mockserver.core.teams import tokens_in

    return Tokens(tokens_in(_content(value), [*_facts().magic_keys]))


def _content(path: str, other: str = "") -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise ValueError(f"must be {other}a readable file: {error.strerror}") from None
    except ValueError:
        raise ValueError("names a file that is not UTF-8, or is the name of none") from None


def facts(value: str) -> Path:
    """A directory of TOML files whose facts lie over those of this package, for this process."""
    from mockserver.facts import read_from

    try:
        is_there = Path(value).is_dir()
    except OSError:  # no file can have such a name
        is_there = False
    if not is_there:
        raise ValueError("must be a directory of TOML files, as models.toml")
    read_from(Path(value))
    return Path(value)


def seconds(value: str) -> float:
    """A length of time, as 250ms, 1.5s, 2m, 1h or 1d, in seconds."""
    found = seconds_in(value)
    if found is None or found > FARTHEST:
        raise ValueError(f"must be {FORM}, and at most {FARTHEST // 86_400}d")
    return found


def deadline(value: str) -> float:
    """A length of time that something may take, in seconds; `off` and 0 are no bound."""
    found = 0.0 if value in (OFF, "0") else seconds_in(value)
    if found is None:
        raise ValueError(f"must be off, or {FORM}")
    return found or float("inf")


def keep(value: str) -> float:
    """A length of time, in seconds; `off` is for ever."""
    found = float("inf") if value == OFF else seconds(value)
    if found < _SHORTEST:
        raise ValueError(f"must be off, or {FORM}, and at least {_SHORTEST // 60}m")
    return found


def connections(value: str) -> int:
    """A number of connections, or of sandboxes."""
    if not re.fullmatch("[1-9][0-9]{0,6}", value):
        raise ValueError("must be a number from 1 on, such as 2000")
    return int(value)


def workers(value: str) -> int:
    """A number of processes."""
    if not re.fullmatch("[1-9][0-9]?", value):
        raise ValueError("must be a number from 1 to 99, such as 4")
    return int(value)


def capacity(value: str) -> int | None:
    """A number of requests; `off` is no bound."""
    if value != OFF and not re.fullmatch("[1-9][0-9]{0,6}", value):
        raise ValueError("must be off, or a number from 1 on, such as 4")
    return None if value == OFF else int(value)


def latency(value: str) -> Latency:
    """`none`, a fixed time, or `measured` with an optional factor."""
    if value == "none":
        return Latency()
    if found := re.fullmatch(r"measured(?:\*([0-9]{1,6}(?:\.[0-9]{1,6})?))?", value):
        return Latency(measured=float(found[1] or 1))
    try:
        return Latency(seconds=seconds(value))
    except ValueError:
        raise ValueError("must be none, a time such as 250ms, measured, or measured*0.1") from None


def origin(value: str) -> str:
    """A web origin: scheme, host and port; or `*`."""
    if value != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", value):
        raise ValueError("must be an origin such as http://app.test:3000 (no path), or *")
    return value


def size(value: str) -> int:
    """A number of bytes, as 1048576, 25MB or 64MiB."""
    found = re.fullmatch(r"([0-9]{1,12})(B|kB|KB|KiB|MB|MiB|GB|GiB)?", value)
    if not found:
        raise ValueError("must be a number of bytes such as 1048576, 25MB or 64MiB")
    units = {"B": 1, "kB": 1000, "KB": 1000, "KiB": 1024}
    units |= {"MB": 1000**2, "MiB": MIB, "GB": 1000**3, "GiB": 1024**3}
    return int(found[1]) * units[found[2] or "B"]


def deployment(value: str) -> str:
    """The name of an Azure deployment, and the model that it has: `NAME=MODEL`."""
    from mockserver.facts import ever_there

    name, _, model = value.rpartition("=")
    models = list(ever_there())
    if not re.fullmatch(r"(?!\.+\Z)[A-Za-z0-9._-]{1,64}", name):
        raise ValueError(f"must look like my-pictures={models[-1]}, with a name for a path")
    if model not in models:
        raise ValueError(f"names a model that is none of {', '.join(models)}")
    return value


def each_once(deployments: Sequence[str]) -> None:
    """Refuse two deployments of one name: which of their models is meant nobody knows."""
    names = [deployment.rpartition("=")[0] for deployment in deployments]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"names {twice!r} twice; give each deployment a name of its own")


def _anything(values: Sequence[Any]) -> None:
    """Refuse nothing."""


class Setting(NamedTuple):
    """One thing that can be set: its name as a flag, its default as text, and its parser."""

    name: str
    default: str | None
    parse: Callable[[str], Any]
    help: str
    metavar: str
    many: bool = False  # may be given more than once; in the environment, parted by commas
    secret: bool = False  # never shown
    check: Callable[[Sequence[Any]], None] = _anything  # of all values together; may refuse them
    shown: Callable[[str], str] = str  # a text, without what is secret in it

    def meant(self, texts: Sequence[str]) -> tuple[Any, ...]:
        """What these texts mean; ValueError if they mean nothing, or don't go together."""
        values = tuple(self.parse(text) for text in texts)
        self.check(values)
        return values

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return self.metavar.startswith("ON|OFF")

    @property
    def may_stand_alone(self) -> bool:
        """Whether its flag without a value means `on`."""
        return self.is_switch and self.metavar != "ON|OFF"

    @property
    def field(self) -> str:
        """As Python spells it."""
        return self.name.replace("-", "_")


_OUTAGE = one_of("local", "allow", "refuse")  # what requests meet while the shared state is away
_VALIDATION = one_of("real", SCHEMA)  # the API's rules, or no more than the shape of its schema
SETTINGS: tuple[Setting, ...] = (
    Setting("host", "127.0.0.1", address, "address to listen on", "ADDRESS"),
    Setting("port", "6780", port, "port to listen on; 0 takes any free one", "PORT"),
    Setting("tls", "off", entrance, "HTTPS beside HTTP: on, off, or its port", "ON|OFF|PORT"),
    Setting("proxy", "off", entrance, "proxy for led hosts: on, off, or its port", "ON|OFF|PORT"),
    Setting("lead", None, host_name, "host that the proxy leads here, too", "HOST", many=True),
    Setting("authority", None, Path, "directory of what signs certificates", "DIR"),
    Setting("public-url", None, public_url, "address that picture URLs start with", "URL"),
    Setting("as-of", None, as_of, "a day whose rules and words count, or today", "DATE"),
    Setting("validation", "real", _VALIDATION, "real, or schema for an SDK's own suite", "RULES"),
    Setting("facts", None, facts, "directory of further models, limits, prices", "DIR"),
    Setting("lint-against", None, model, "judge each request by another model, too", "MODEL"),
    Setting("tier", "1", tier, "usage tier: free, 1 to 5, or off for no limits", "TIER"),
    Setting("limits", "model-page", limits, "model-page, measured-2024, or N/min", "LIMITS"),
    Setting("sizes", "page", sizes, "sizes of the model page too, or not", "SIZES"),
    Setting("prices", "model-page", prices, "price list: model-page or billing", "LIST"),
    Setting("keys", "any", keys, "API keys let in: any, mock, or a file of keys", "KEYS"),
    Setting("magic", "on", one_of("on", "off"), "magic words in prompts: on or off", "ON|OFF"),
    Setting("latency", "none", latency, "none, a time, measured, or measured*FACTOR", "TIME"),
    Setting("capacity", None, capacity, "requests worked on at once, or off", "NUMBER"),
    Setting("abandoned", "paid", one_of(*ABANDONED), "what clients left: paid or unpaid", "SWITCH"),
    Setting("batch-time", "0s", seconds, "time that a batch takes by its clock", "TIME"),
    Setting("seed", "0", text, "another seed, other pictures", "SEED"),
    Setting("repeats", "same", repeats, "pictures of equal requests: same or vary", "SWITCH"),
    Setting("allowed-host", None, host_name, "host name to answer for", "HOST", many=True),
    Setting("cors-origin", None, origin, "web origin to let in", "ORIGIN", many=True),
    Setting(
        *("deployment", None, deployment, "an Azure deployment and its model", "NAME=MODEL"),
        many=True,
        check=each_once,
    ),
    Setting("max-body", "64MiB", size, "largest request body", "BYTES"),
    Setting("head-timeout", "10s", deadline, "time for a request's head, or off", "TIME"),
    Setting("body-timeout", "30s", deadline, "time for a body without progress, or off", "TIME"),
    Setting("send-timeout", "30s", deadline, "time for an answer nobody takes, or off", "TIME"),
    Setting("max-connections", "2000", connections, "most connections at once", "NUMBER"),
    Setting("workers", "1", workers, "processes that serve the one address", "NUMBER"),
    Setting(
        *("state", "memory", place, "memory, sqlite:PATH, or redis://HOST:PORT/N", "STATE"),
        shown=shown,
    ),
    Setting("on-state-outage", "local", _OUTAGE, "local, allow or refuse", "POLICY"),
    Setting("upload-cache", "256MiB", size, "room for uploads that URLs need", "BYTES"),
    Setting("file-room", "1GiB", size, "room for the files of one key", "BYTES"),
    Setting("ready-file", None, Path, "file to write the address to, once ready", "FILE"),
    Setting("start-id", None, text, "a name of this start, for `wait` to look for", "ID"),
    Setting("control-token", None, text, "token for /_mock off loopback", "TOKEN", secret=True),
    Setting(
        *("control-token-file", None, control_tokens, "file of a token for each team", "FILE"),
        secret=True,
    ),
    Setting("team-sandboxes", "1000", connections, "most sandboxes of each team", "NUMBER"),
    Setting("team-journal", "64MiB", size, "room for the journals of each team", "BYTES"),
    Setting("keep", OFF, keep, "time that a sandbox is kept without use, or off", "TIME"),
    Setting("log-format", "text", one_of("text", "json", "none"), "text, json or none", "FORMAT"),
)
BY_NAME: Mapping[str, Setting] = {s.name: s for s in SETTINGS}
