"""Everything one server works with, put together from its configuration. Serves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from hashlib import sha256
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from mockserver.clock import SECOND, Clock, SystemClock
from mockserver.config import Config, ConfigError
from mockserver.core.charges import Costs
from mockserver.core.days import Day, day_for
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import LOOKS_REAL, Caller, Keyring, hinted
from mockserver.core.links import Links
from mockserver.core.rules.magic_words import Words
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.eviction import Quota
from mockserver.facts import Facts, Model, default_days, ever_there, load, period_of, read_from
from mockserver.facts.clients import clients
from mockserver.pictures.files import PictureFiles
from mockserver.request import seldom
from mockserver.request.access import Access
from mockserver.request.bodies import Body
from mockserver.request.counts import Counts
from mockserver.request.deprecations import Deprecations
from mockserver.request.era import Era
from mockserver.request.exchange import Exchange
from mockserver.request.feed import Feed
from mockserver.request.heavy import Heavy
from mockserver.request.log import notice_of
from mockserver.request.waiting import Bell, Holds
from mockserver.request.worker import ALONE, Worker
from mockserver.settings import SCHEMA
from mockserver.store import Sandbox, Store
from mockserver.store.opening import Frame, StateError, open_store
from mockserver.store.steps import Away

if TYPE_CHECKING:
    from mockserver.core.teams import Teams

ORGANIZATION = "/v1/organization/"  # what keys of organizations are for
PAGE = "page"  # what is told once somebody looks at it
_FOLLOW = 0.1  # seconds: what others do is told as often (see `control.events`)
_SERVERS_OWN = Options()
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400 * 1_000_000_000  # nanoseconds
_ID = 32  # hexadecimal digits of a request id
_REAL_KEY = (
    "WARNING: a key arrived that looks like a real OpenAI key. It went no further than this mock, "
    "which neither stores nor logs it; but check what your program has in OPENAI_API_KEY, and send "
    "sk-mock-anything here."
)
_KEY_IN_TEXT = (
    "WARNING: an API key arrived in a path, a field or a header that is for something else. It was "
    "masked before anything was made of it; but the real API would have it now: look where your "
    "program puts its key. The request whose path or fields have asterisks in the journal is it."
)


def frame_of(config: Config) -> Frame:
    """What the store of a configuration is made with."""
    frame = Frame(config.upload_cache, config.file_room, config.rules, config.seed)
    if config.keep != inf:
        frame = frame._replace(keep=round(config.keep * SECOND))
    if teams := teams_of(config):
        quota = Quota(config.team_sandboxes, config.team_journal)
        frame = frame._replace(teams=teams, of_team=quota)
    return frame


def teams_of(config: Config) -> Teams | None:
    """The teams that share a server, if there are any.

    Raises:
        ConfigError: nobody could tell one of them from whoever may see all.
    """
    if config.control_token_file is None:
        return None
    from mockserver.core.teams import Teams  # most servers have none

    tokens = config.control_token_file.teams
    if same := [name for name, token in tokens.items() if token == config.control_token]:
        raise ConfigError(
            f"control-token-file has the server's own control token as that of {same[0]}: give the "
            "team another one, for that one opens all."
        )
    return Teams([*tokens], _secret(config.seed, "teams"), load().magic_prefix)


def _secret(seed: str, purpose: str) -> bytes:
    return sha256(f"{purpose}\0{seed}".encode("utf-8", "surrogatepass")).digest()


def store_of(config: Config, clock: Clock) -> Store:
    """The store of a configuration.

    Raises:
        ConfigError: it can't be opened.
    """
    try:
        return open_store(config.state, frame_of(config), clock.now, config.on_state_outage)
    except StateError as error:
        raise ConfigError(f"state ({config.state}) {error}") from None


class Work(Protocol):
    """What goes on behind requests."""

    def end(self) -> None:
        """End whatever it waits for."""


class World:
    """One server's configuration, clock, state and facts. Two worlds share nothing but facts.

    A process has one set of those: a world with another directory of facts than the last one had
    changes what days that were not asked for yet are like in all worlds.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock | None = None,
        store: Store | None = None,
        origins: Mapping[str, str] | None = None,
        worker: Worker = ALONE,
    ) -> None:
        read_from(config.facts)
        self.config = config
        self.worker = worker
        self.origins = origins or {}  # of the settings, by name, what each was set by
        self.clock = clock or SystemClock()
        self.store = store or store_of(config, self.clock)
        self.facts = load()  # of the default day; keys, tiers, prices of any
        self.clients = clients()
        self.files = PictureFiles(self.store)
        self.teams = teams_of(config)
        self.keyring = Keyring(
            self.facts,
            self._secret("keys"),
            mock_only=config.keys.mock_only,
            listed=config.keys.listed,
            named=self.teams.named if self.teams else None,
        )
        self.costs = Costs(
            self.facts.limits[config.limits.table],
            self.facts.prices,
            tier=config.tier,
            price_list=config.prices,
            per_minute=config.limits.per_minute,
            families={name: life.family for name, life in ever_there().items()},
        )
        self.links = Links(self._secret("links"), self.facts.link)  # reads those of every era
        self.heavy = Heavy()
        self.holds = Holds(self.clock)
        self.capacity = seldom.capacity(config.capacity)
        self.news = Bell()  # rings when a request was written down
        self.feed = Feed(self.clock)  # tells those who listen what happens
        self.counts = Counts()  # for /_mock/metrics
        self.began = self.clock.now()
        words = {w.name: w.then for w in self.facts.magic_words.values()}
        self.magic = Words(words) if config.magic == "on" else None  # of prompts
        self._eras: dict[tuple[date, str], Era] = {}  # by period, sizes
        self._usual = self.era_of(self.facts.day)
        self.lint = seldom.lint(self) if config.lint_against else None
        self._today = (-1, self._usual)  # days since the epoch, that day's era
        self.deprecations = Deprecations(self.today, config.log_format)
        self.access = Access()  # by other ports than its own
        self.work: dict[str, Work] = {}  # what goes on behind requests, by its name
        self.is_looked_at = False  # the page was opened: it shows what edits are made from
        self._numbers = count()
        shared = self.store.process  # beyond one start, and one host
        self._prefix = f"{shared}\0" if shared else worker.prefix
        self.store.heard = self._heard
        self.store.notice = notice_of(config.log_format)
        self._warned = set[str]()  # of what

    def era(self, sandbox: Sandbox | None = None, default: Day | None = None) -> Era:
        """The era that rules; `default` is the day of a model, where nobody says one."""
        options = sandbox.options if sandbox else _SERVERS_OWN
        said = options.as_of or self.config.as_of
        if said is None and default is None:
            return self.era_of(self.facts.day, options.sizes) if options.sizes else self._usual
        return self.era_of(self.day(sandbox, default), options.sizes)

    def day(self, sandbox: Sandbox | None = None, default: Day | None = None) -> date:
        """The day whose rules count, as `era` has it."""
        said = (sandbox.options if sandbox else _SERVERS_OWN).day or self.config.as_of
        now, moved = self.clock.now(), 0
        if sandbox:
            now, moved = sandbox.now(now), sandbox.offset // _DAY
        today = date.fromordinal(_EPOCH + now // _DAY)
        return day_for(said, default or self.facts.day, today=today, moved=moved)

    def today(self) -> Era:
        """The era of the day that the machine's clock shows."""
        number = self.clock.now() // _DAY
        if number != self._today[0]:
            self._today = (number, self.era_of(date.fromordinal(_EPOCH + number)))
        return self._today[1]

    def era_of(self, day: date, sizes: str | None = None) -> Era:
        """The era of a day; made once for all days of a period."""
        sizes = sizes or self.config.sizes
        has_days = self.config.validation != SCHEMA
        first = period_of(day if has_days else self.facts.day)
        found = self._eras.get((first, sizes))
        if found is None:
            found = self._eras[first, sizes] = Era(
                load(first) if has_days else seldom.schema_facts(),
                page_sizes=sizes == "page",
                link_secret=self._secret("links"),
            )
        return found

    def era_of_model(self, exchange: Exchange, body: Body) -> Era:
        """The era whose rules a body is read by: of its model's day, where nobody says one."""
        days = default_days()
        model = body.model if days else None
        day = days.get(model) if isinstance(model, str) else None
        return self.era(exchange.sandbox, day) if day else exchange.era

    def models(self, exchange: Exchange) -> dict[str, tuple[Model, Facts]]:
        """The models that a caller finds: each as on its own day, where nobody says one."""
        facts = exchange.era.facts
        found = {m.id: (m, facts) for m in facts.models.values()}
        for name, day in default_days().items():
            of_day = self.era(exchange.sandbox, day).facts
            found |= {name: (of_day.models[name], of_day)} if name in of_day.models else {}
        return found

    def _secret(self, purpose: str) -> bytes:
        return _secret(self.config.seed, purpose)

    def next_request_id(self, prefix: str) -> str:
        """The next request id: the same row of ids for the same seed, of each worker its own."""
        text = f"{self.config.seed}\0{self._prefix}{next(self._numbers)}"
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{prefix}{digest[:_ID]}"

    async def enter(self, exchange: Exchange) -> tuple[Caller, Sandbox]:
        """Who asks; remembered in the exchange, with the sandbox and the era that rules there.

        Raises:
            ApiError: nobody that is let in.
        """
        caller = exchange.line.caller if exchange.line else self._caller(exchange)
        self._note_key(exchange, caller.hint)
        exchange.caller = caller
        if caller.reports_on is not None and not exchange.record.path.startswith(ORGANIZATION):
            raise ApiError(Reason.ADMIN_KEY)
        sandbox = await self.store.sandbox(caller.sandbox)
        exchange.enter(sandbox)
        if sandbox.options.as_of or sandbox.options.sizes or sandbox.offset:
            exchange.era = self.era(sandbox)
            if exchange.surface:  # its ids are the same on all days
                return caller, sandbox
            prefix = exchange.era.facts.headers.request_id_prefix
            exchange.record.id = f"{prefix}{exchange.record.id[-_ID:]}"
        return caller, sandbox

    def _caller(self, exchange: Exchange) -> Caller:
        authorization = exchange.header(b"authorization")
        try:
            return self.keyring.caller(authorization, exchange.header(b"openai-organization"))
        except ApiError:
            self._note_key(exchange, hinted(authorization, self.facts.magic_prefix))
            raise

    async def sandboxes_of(self, team: str) -> list[Sandbox]:
        """The sandboxes of a team, or of none, the longest idle first."""
        found = await self.store.sandboxes()
        return [s for s in found if self.teams.of(s.name) == team] if self.teams else found

    async def renew(self, name: str, options: Options) -> Sandbox:
        """Begin a sandbox anew: who is kept waiting there is let go."""
        self.holds.release(name)
        return await self.store.renew(name, options)

    async def write_down(self, exchange: Exchange) -> None:
        """Put a request into the journal."""
        self.warn_of_outage(exchange)
        if self.lint:
            self.lint.judge(exchange)
        record = exchange.close()
        self.counts.answered(record, exchange.request, self.clock.now() - record.at)
        if exchange.has_key:
            self._warn_of_key(_KEY_IN_TEXT)
        try:
            if exchange.sandbox is None:  # refused before it was entered: a wrong path or key
                exchange.sandbox = await self._sandbox_of_key(exchange)
            record.sandbox = exchange.sandbox_name
            if exchange.line and not await self.lives(exchange.sandbox):
                return  # a batch ends with its sandbox
            await self.store.write_down(record, life=exchange.life)
        except ApiError:  # there is no room for a sandbox: then it is written nowhere
            pass
        else:
            self.feed.wrote(record)
        self.news.ring()

    @property
    def is_told(self) -> bool:
        """Whether anybody may listen to what changes."""
        return self.feed.is_heard or bool(self.store.process)

    async def changed(self, what: str, sandbox: str) -> None:
        """Tell those who listen that somebody changed a part of a sandbox, or of all."""
        self.feed.changed(what, sandbox)
        await self.store.tell(what, sandbox)

    async def look(self) -> None:
        """Keep what edits are made from, for the page that shows it."""
        if not self.is_looked_at:
            self.is_looked_at = True
            await self.store.tell(PAGE, "")

    def _heard(self, method: str, given: Mapping[str, Any]) -> None:
        """Another process did something to the store."""
        match method:
            case "write_down":
                self.feed.wrote(given["record"])
                self.news.ring()
            case "renew":
                self.holds.release(given["name"])
            case "tell" if given["what"] == PAGE:
                self.is_looked_at = True
            case "tell":
                self.feed.changed(given["what"], given["sandbox"])

    async def follow(self) -> None:
        """Learn what other processes do while nobody asks, until the server ends."""
        while self.store.process and not self.clock.ended:
            await self.learn()
            await self.clock.sleep(_FOLLOW)

    async def learn(self) -> None:
        """Learn what other processes have done, unless that can't be reached."""
        if self.store.process:
            with suppress(Away, ApiError):
                await self.store.sync()

    async def close(self) -> None:
        """Let go of what is outside of this process."""
        await self.store.close()

    async def lives(self, sandbox: Sandbox | None) -> bool:
        """Whether a sandbox is still there, and has not begun anew."""
        current = await self.store.find(sandbox.name) if sandbox else None
        return bool(sandbox and current and current.number == sandbox.number)

    async def _sandbox_of_key(self, exchange: Exchange) -> Sandbox | None:
        """The sandbox of the key that a request has; a new one if the key is let in."""
        if exchange.line:
            return await self.store.find(exchange.line.caller.sandbox)
        authorization = exchange.header(b"authorization")
        if authorization is None and (of_azure := exchange.header(b"api-key")):
            authorization = f"Bearer {of_azure}"
        try:
            caller = self.keyring.caller(authorization, None)
        except ApiError:
            return await self.store.find(self.keyring.sandbox_of(authorization))
        return await self.store.sandbox(caller.sandbox)

    def warn(self, exchange: Exchange, text: str) -> None:
        """Tell the client, the journal and the log what is odd about a request."""
        exchange.warnings.append(text)
        if self.config.log_format != "none":
            notice_of(self.config.log_format)(f"WARNING {exchange.record.id} {text}")

    def warn_of_outage(self, exchange: Exchange) -> None:
        """Tell the client that others don't know of this; the log is told once for all."""
        health = self.store.health
        if health.degraded and health.warning not in exchange.warnings:
            exchange.warnings.append(health.warning)

    def _note_key(self, exchange: Exchange, hint: str) -> None:
        exchange.record.key = hint
        if hint == LOOKS_REAL:
            self._warn_of_key(_REAL_KEY)

    def _warn_of_key(self, text: str) -> None:
        """Say it once: what a program does it does again."""
        if text not in self._warned:
            self._warned.add(text)
            notice_of(self.config.log_format)(text)
