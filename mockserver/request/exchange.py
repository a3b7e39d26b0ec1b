"""One request and its answer, as all layers of the server see it. Writes nothing down or out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.core.errors import ApiError
from mockserver.core.journal import HINT, Record
from mockserver.core.keys import LOOKS_REAL, Caller
from mockserver.core.masking import without_keys
from mockserver.core.request import ImageRequest
from mockserver.core.rules.effects import PLAIN, Effect, told_names
from mockserver.core.rules.precedence import Fired, whole
from mockserver.core.rules.rule import Rule
from mockserver.facts.words import Words
from mockserver.request.era import Era
from mockserver.store import Sandbox

if TYPE_CHECKING:
    from starlette.types import Scope

    from mockserver.request.capacity import Turn
    from mockserver.request.surface import Surface

KEY_HEADERS = (b"authorization", b"api-key")  # the API's, and Azure's
LINE = "images_mock.line"  # in a scope: the `Line` that a request is; nobody outside can set it
KEYS = "images_mock.keys"  # in a scope: those that were shown to have it asked
_AGENT = 200  # characters of a User-Agent that the journal keeps
_KEY = b"sk-"  # in whatever looks like a key
_OWN_KEY = "sk-mock-"  # begins this mock's own keys, which need not be hidden
_DIGITS = 19  # of a length; what has more is too long, however long


class Line(NamedTuple):
    """A line of a batch: its request takes nothing from the minute's limits, and costs a share."""

    caller: Caller
    batch: str  # id
    custom_id: str
    share: float  # of the price


@dataclass(slots=True)
class Exchange:
    """What the layers have to tell each other of a request; lives in `scope["exchange"]`.

    What the journal shall tell of it each layer writes into the record itself.
    """

    record: Record
    headers: dict[bytes, bytes]  # lower-case names; the last of a name wins
    era: Era  # whose rules and words count
    line: Line | None = None  # as which it came, if it is one
    keys: tuple[bytes, ...] = ()  # that it shows, see `keys_shown`
    has_key: bool = False  # whether it has one where none belongs
    length: int | None = field(init=False)  # bytes of the body, as the client told them
    held: int = 0  # bytes of the room for large bodies that it has
    turn: Turn | None = None  # its place among those that are worked on, or in line for one

    # who asks, see `enter`
    caller: Caller | None = None
    sandbox: Sandbox | None = None
    life: int = 0  # of that sandbox, when the request came

    surface: Surface | None = None  # None: the API itself
    team: str = ""  # whose control token was sent; "" may see all

    # what is asked for, and what rules do to the answer
    request: ImageRequest | None = None
    fired: Sequence[Fired] = ()  # rules and magic words that had a part, the first in order first
    effect: Effect = PLAIN  # of all of them
    missed: Sequence[Rule] = ()  # a sandbox's own rules, where none of them matched

    # what client and log are told beside the answer
    warnings: list[str] = field(default_factory=list)  # what the client should know of an answer
    hints: list[str] = field(default_factory=list)  # what it may have meant instead
    refused: str = ""  # why, in the name of the reason and the parameter
    quiet: bool = False  # not worth a log line
    astray: bool = False  # it came for another host, as a rebound name of a web site would

    def __post_init__(self) -> None:
        told = self.headers.get(b"content-length", b"")
        self.length = int(told.lstrip(b"0")[:_DIGITS] or b"0") if told.isdigit() else None

    def header(self, name: bytes) -> str | None:
        """A request header's value, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def hide(self, text: bytes) -> bytes:
        """A text that came with it, without keys; that there were some is noted."""
        found = without_keys(text, self.keys)
        self.has_key = self.has_key or found != text
        return found

    def hide_text(self, text: str) -> str:
        """The same for what is decoded."""
        return self.hide(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def enter(self, sandbox: Sandbox | None) -> None:
        """Note in which sandbox this request is served, and in which of its lives."""
        self.sandbox = sandbox
        self.life = sandbox.number if sandbox else 0

    def words(self, error: ApiError) -> Words:
        """The words for an error; it has what they mention, whoever speaks them."""
        model = self.record.fields.get("model")
        if self.surface is None:
            return self.era.words(self.record.path, model)
        error.values = {**self.surface.told(error.values), **error.values}
        return self.surface.words(self.era, model)

    def hide_line(self, scope: Scope) -> None:
        """Take keys out of path and query; that there were some, this mock's own too, is noted."""
        record, path, query = self.record, self.record.path, scope["query_string"]
        record.path = scope["path"] = self.hide_text(path)
        scope["query_string"] = self.hide(query)
        if self.has_key or _OWN_KEY in path or _OWN_KEY.encode() in query:
            record.noticed += ("key_in_url",)

    @property
    def sandbox_name(self) -> str:
        """The caller's sandbox; "" is none."""
        return self.sandbox.name if self.sandbox else ""

    def now(self, real: int) -> int:
        """The time as the caller's sandbox has it, in nanoseconds since the epoch."""
        return self.sandbox.now(real) if self.sandbox else real

    def ask(self, request: ImageRequest, fields: dict[str, Any], weight: int | None = None) -> None:
        """Note what is asked for, and as which fields, of which weight, the journal tells it."""
        self.request = request
        self.record.fields, self.record.filled, self.record.weight = fields, request.filled, weight

    def note_rules(self, fired: Sequence[Fired]) -> None:
        """Write down the rules that had a part in the answer, and what each did."""
        self.fired, self.effect = fired, whole(fired)
        self.record.scripted = True
        self.record.rules = tuple(one.called for one in fired)
        self.record.trace += map(str, fired)

    def known(self) -> Record:
        """The record with what is known of it before it is closed."""
        record = self.record
        if self.effect is not PLAIN:
            record.effects = told_names(self.effect)
        if agent := self.headers.get(b"user-agent"):
            may_have_key = self.keys or _KEY in agent
            record.client = _beginning(self.hide(agent) if may_have_key else agent)
        if sandbox := self.sandbox:
            record.moved, record.standing = sandbox.offset, sandbox.options.standing
            record.sandbox = sandbox.name
        return record

    def close(self) -> Record:
        """Write the last of it down; the record is what the journal keeps."""
        record = self.known()
        if self.has_key:
            record.noticed += ("key_in_text",)
        if record.key == LOOKS_REAL:
            record.noticed += ("key_looks_real",)
        if self.warnings:
            record.trace += [f"warning: {text}" for text in self.warnings]
        if self.hints:
            record.trace += [f"{HINT}{text}" for text in self.hints]
        record.close()
        return record


@lru_cache(maxsize=64)  # a program says the same each time; records share it
def _beginning(agent: bytes) -> str:
    return agent[:_AGENT].decode("latin-1")
