"""What another model would make of requests, under a server's settings. Changes no answer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from mockserver.clock import SECOND
from mockserver.config import ConfigError
from mockserver.core.judging.migration import IMAGES_PATH, Mover, Terms, can_be_judged
from mockserver.core.judging.migration_text import of_one
from mockserver.core.judging.model_days import NoSuchModel, judged_day
from mockserver.core.judging.seen import Seen
from mockserver.core.judging.target import Target
from mockserver.core.keys import Caller
from mockserver.facts import default_days, load, period_of

if TYPE_CHECKING:
    from mockserver.request.exchange import Exchange
    from mockserver.request.world import World
    from mockserver.store import Sandbox

_KEPT = 64  # of what is compiled for a day and for terms


def day_of(world: World, model: str, sandbox: Sandbox | None, said: date | None = None) -> date:
    """The day by whose rules a sandbox's requests are judged that shall go to a model.

    Raises:
        NoSuchModel: it is not there then.
    """
    now = world.clock.now()
    today = datetime.fromtimestamp((sandbox.now(now) if sandbox else now) // SECOND, UTC).date()
    servers = world.day(sandbox, default_days().get(model))
    return judged_day(model, today=today, said=said, servers=servers)


def terms_of(world: World, model: str, sandbox: Sandbox, caller: Caller | None = None) -> Terms:
    """What a sandbox is set to, or the server; `caller` is whose key has a tier of its own."""
    caller, options, config = caller or Caller(sandbox.name), sandbox.options, world.config
    return Terms(
        page_sizes=(options.sizes or config.sizes) == "page",
        prices=options.prices or config.prices,
        limits=world.costs.limits_of(caller, options, model),
        tier=caller.tier or options.tier or config.tier,
    )


class Lint:
    """Judges each request as it is answered: hint and trace say what comes of it.

    Raises:
        ConfigError: the model is not there.
    """

    def __init__(self, world: World) -> None:
        self._world, self._to = world, world.config.lint_against or ""
        self._movers: dict[tuple[date, Terms], Mover] = {}
        try:
            day_of(world, self._to, None)
        except NoSuchModel as error:
            raise ConfigError(f"lint-against ({self._to}) can't be used. {error}") from None

    def judge(self, exchange: Exchange) -> None:
        """Say of a request that was answered what the other model would make of it."""
        if exchange.surface or not exchange.record.path.startswith(IMAGES_PATH):
            return
        seen = Seen.of(exchange.record.as_json())
        if exchange.sandbox is None or not can_be_judged(seen) or seen.model == self._to:
            return
        try:
            mover = self._mover(exchange, exchange.sandbox)
        except NoSuchModel:  # its last day passed while the server ran
            return
        exchange.hints.append(of_one(mover.move(seen), self._to))

    def _mover(self, exchange: Exchange, sandbox: Sandbox) -> Mover:
        day = period_of(day_of(self._world, self._to, sandbox))
        terms = terms_of(self._world, self._to, sandbox, exchange.caller)
        terms = terms._replace(limits=()) if exchange.line else terms
        found = self._movers.get((day, terms))
        if found is None:
            if len(self._movers) >= _KEPT:
                self._movers.clear()
            target = Target(load(day), self._to, page_sizes=terms.page_sizes)
            found = self._movers[day, terms] = Mover(target, terms)
        return found
