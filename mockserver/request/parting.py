"""What a client has of what was paid for, and how a request ended that has no whole answer."""

from __future__ import annotations

from contextlib import suppress

from mockserver.core.errors import ApiError
from mockserver.core.journal import GONE, LOST
from mockserver.core.rules.effects import PLAIN
from mockserver.core.sandbox import MICRO
from mockserver.request.bodies import ClientGone, Released
from mockserver.request.exchange import Exchange
from mockserver.request.world import World
from mockserver.settings import UNPAID

_LEFT = ClientGone.how


def is_lost(exchange: Exchange) -> bool:
    """Whether the answer that begins now, or never comes, is nothing to the client who pays it."""
    is_success = 200 <= exchange.record.status < 300
    return not is_success or (exchange.effect is not PLAIN and exchange.effect.loses)


async def lose(exchange: Exchange) -> None:
    """Note, in the ledger too, that nothing of what was paid for has come."""
    record = exchange.record
    if record.usd and record.paid != LOST:
        record.paid = LOST
        if exchange.sandbox:
            await exchange.sandbox.lose(record.id, round(record.usd * MICRO))


async def part(world: World, exchange: Exchange, gone: ClientGone) -> None:
    """Note how a request ended that gets no answer, or no more of it."""
    record, how = exchange.record, gone.how
    if exchange.line and how == _LEFT:  # its batch has ended
        how = Released.how
    record.ended = how
    with suppress(ApiError):  # the state is away
        if not record.status:
            record.status = GONE
            record.milliseconds = max(1, (world.clock.now() - record.at) // 1_000_000)
            if record.usd and how == _LEFT and not exchange.effect.lose:
                await _charge(world, exchange)
            return
        if not gone.received:
            await lose(exchange)
        if record.number:  # else it is in no journal, as what a page of another site asked for
            await world.store.corrected(record)


def is_unpaid(world: World, exchange: Exchange) -> bool:
    """Whether nobody pays for what a client has left before its answer began.

    What a rule loses is paid for, whatever is set: that is what it is for.
    """
    own = exchange.sandbox.options.abandoned if exchange.sandbox else None
    return (own or world.config.abandoned) == UNPAID and not exchange.effect.lose


async def _charge(world: World, exchange: Exchange) -> None:
    """Have a client that left before its answer pay for it, or not."""
    record, sandbox = exchange.record, exchange.sandbox
    if sandbox and is_unpaid(world, exchange) and await sandbox.refund(record.id):
        record.trace.append(f"${record.usd:g} is not charged, for the client left (--abandoned)")
        record.usd = 0.0
    else:
        record.trace.append(f"${record.usd:g} is charged, though the client left (--abandoned)")
