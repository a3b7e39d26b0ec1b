"""Everything one server works with, put together from its configuration. Serves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from hashlib import sha256
from itertools import count

from mockserver.clock import Clock, SystemClock
from mockserver.config import Config
from mockserver.core.keys import Caller, Keyring, key_in, looks_real
from mockserver.core.links import Links
from mockserver.core.validation import Validator
from mockserver.darkroom import Darkroom
from mockserver.exchange import Exchange, notice_of
from mockserver.facts import Facts, Model, load
from mockserver.settings import OFF
from mockserver.store import Store
from mockserver.store.memory import MemoryStore
from mockserver.wire import Headers

_REAL_KEY = (
    "WARNING: a key arrived that looks like a real OpenAI key. It went no further than this mock, "
    "which neither stores nor logs it; but check what your program has in OPENAI_API_KEY, and send "
    "sk-mock-anything here."
)


@dataclass(slots=True)
class World:
    """One server's configuration, clock, state and facts. Two worlds share nothing."""

    config: Config
    clock: Clock = field(default_factory=SystemClock)
    store: Store = field(default_factory=MemoryStore)
    facts: Facts = field(default_factory=load)
    darkroom: Darkroom = field(init=False, default_factory=Darkroom)
    links: Links = field(init=False)
    keyring: Keyring = field(init=False)
    validators: dict[str, Validator] = field(init=False)
    _numbers: Iterator[int] = field(init=False, default_factory=count)
    _retired: dict[str, tuple[Headers, int]] = field(init=False)
    _warned: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        keys = self.config.keys
        self.links = Links(self._secret("links"), self.facts.link)
        self.keyring = Keyring(
            self.facts, self._secret("keys"), mock_only=keys.mock_only, listed=keys.listed
        )
        self.validators = {
            o.id: Validator(self.facts, o, page_sizes=self.config.sizes == "page")
            for o in self.facts.operations.values()
        }
        models = self.facts.models.values()
        self._retired = {m.id: _retirement(m.id, m.shutdown) for m in models if m.shutdown}

    def _secret(self, purpose: str) -> bytes:
        return sha256(f"{purpose}\0{self.config.seed}".encode("utf-8", "surrogatepass")).digest()

    def next_request_id(self) -> str:
        """The next request id: the same row of ids for the same seed."""
        text = f"{self.config.seed}\0{next(self._numbers)}"
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.facts.request_id_prefix}{digest[:32]}"

    def caller(self, exchange: Exchange) -> Caller:
        """Who asks; remembered in the exchange.

        Raises:
            ApiError: nobody that is let in.
        """
        authorization = exchange.header(b"authorization")
        self._look_at(authorization)
        caller = self.keyring.caller(authorization, exchange.header(b"openai-organization"))
        exchange.caller = caller
        return caller

    def _look_at(self, authorization: str | None) -> None:
        if self._warned:
            return
        key = key_in(authorization)
        if key and looks_real(key, self.facts.magic_prefix):
            self._warned = True
            notice_of(self.config.log_format)(_REAL_KEY)

    def limit(self, caller: Caller, model: str) -> int | None:
        """Images a minute for this caller and model; None is no limit."""
        tier = caller.tier or self.config.tier
        if tier == OFF:
            return None
        limits = self.config.limits
        of_table = self.facts.limits[limits.table][model][tier]
        # A tier that does not have the model does not get it by another number.
        return of_table if limits.per_minute is None or not of_table else limits.per_minute

    def warnings(self, model: Model) -> Headers:
        """A header for a model that the real API no longer has, by this world's clock."""
        headers, since = self._retired.get(model.id, ([], 0))
        return headers if self.clock.now() >= since else []

    def price(self, model: str, size: str, quality: str | None) -> float:
        """USD for one picture by the chosen list."""
        prices = self.facts.prices[self.config.prices][model]
        return prices.get((quality or "", size), prices.get(("", size), 0.0))


def _retirement(model: str, day: date) -> tuple[Headers, int]:
    """The warning, and the nanosecond since which it is due."""
    since = datetime.combine(day, time(), UTC).timestamp()
    text = f"{model} was shut down on {day}; the real API no longer has it"
    return [(b"mock-warning", text.encode("ascii"))], int(since) * 1_000_000_000
